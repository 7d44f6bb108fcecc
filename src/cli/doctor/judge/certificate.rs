//! Whether the API server trusts the serving certificate: the bundle of every entry, the name that it calls, the dates.

use jiff::SignedDuration;

use crate::report::Check;

use super::{
    super::{
        facts::{Configuration, Facts, Hook, Served},
        trust::{self, Distrust},
    },
    logs, reachable, some, upgrade,
};

const BUNDLE: &str = "ca-bundle";
const DATES: &str = "certificate";
/// A certificate that lives long is late a week before its end (docs/alerts.md). Self-managed ones begin two years before they are made, so
/// that their life says little.
const LATE: i64 = 7 * 86_400;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let Ok(Some(configuration)) = facts.configuration() else { return Vec::new() };
    let mut checks = vec![bundle(facts, configuration)];
    checks.extend(dates(facts));
    checks
}

fn bundle(facts: &Facts, configuration: &Configuration) -> Check {
    let hooks = &configuration.webhooks;
    let without: Vec<&Hook> = hooks.iter().filter(|hook| authorities(hook).is_empty()).collect();
    if !without.is_empty() {
        let names = some(without.iter().map(|hook| hook.name.as_str()));
        return Check::problem(BUNDLE, format!("{names}: no caBundle, or none with a certificate"))
            .why("The API server trusts nobody's certificate there: every call of these entries fails.")
            .fix(fill(facts));
    }
    let (from, chain) = match &facts.served {
        Served::Chain { from, chain } => (from, chain),
        Served::Unseen(why) if reachable::is_reached(&facts.calls.refused) => {
            let mut bundles: Vec<_> = hooks.iter().map(|hook| &hook.client_config.ca_bundle).collect();
            bundles.dedup();
            let message = "the API server trusted the certificate in the dry run";
            if bundles.len() == 1 {
                return Check::ok(BUNDLE, message).details([format!("the certificate itself was not seen: {why}")]);
            }
            return Check::cannot_say(BUNDLE, format!("{message}, but the entries' bundles differ: {why}"))
                .fix("run it as somebody who may read that Secret");
        }
        Served::Unseen(why) => {
            return Check::cannot_say(BUNDLE, format!("the serving certificate was not seen: {why}"))
                .fix("run it as somebody who may read that Secret, or from where the URL can be reached");
        }
    };
    let mut faults = Vec::new();
    for hook in hooks {
        let Some(name) = hook.called() else { continue };
        let Err(distrust) = trust::verify(chain, &authorities(hook), &name, facts.now) else { continue };
        faults.push(format!("{}: {}", hook.name, words(&distrust, &name)));
    }
    if faults.is_empty() {
        return Check::ok(BUNDLE, format!("every entry's caBundle verifies the certificate {from}"));
    }
    Check::problem(
        BUNDLE,
        format!("the certificate {from} is not trusted in {} of {} entries", faults.len(), hooks.len()),
    )
    .details(faults)
    .why("Calls of these entries fail: with failurePolicy Fail requests are refused, with Ignore they pass unjudged.")
    .fix(fill(facts))
}

fn words(distrust: &Distrust, name: &str) -> String {
    match distrust {
        Distrust::Issuer => "nobody in its caBundle signed the certificate".to_owned(),
        Distrust::Name(names) if names.is_empty() => format!("the certificate names nobody, and is to name {name}"),
        Distrust::Name(names) => {
            format!("the certificate is for {}, and not for {name}", some(names.iter().map(String::as_str)))
        }
        Distrust::Time => "the certificate is not valid now".to_owned(),
        Distrust::Other(reason) => reason.clone(),
    }
}

/// The certificates of an entry's bundle.
fn authorities(hook: &Hook) -> Vec<Vec<u8>> {
    let encoded = hook.client_config.ca_bundle.as_deref().unwrap_or_default();
    trust::certificates(&data_encoding::BASE64.decode(encoded.as_bytes()).unwrap_or_default())
}

/// Who fills the bundle, by the way in which certificates are made.
fn fill(facts: &Facts) -> String {
    let manages = matches!(&facts.deployment, Ok(Some(deployment)) if deployment.has("--manage-certificate"));
    if manages {
        return format!(
            "the leader writes it by itself: {} says what keeps it from that, rights below what it may not",
            logs(facts)
        );
    }
    format!(
        "cert-manager: kubectl get certificate -n {}, and the annotation cert-manager.io/inject-ca-from of the webhook configuration; files: {}",
        facts.names.namespace,
        upgrade(facts, " --set-file certificates.files.caBundle=ca.crt")
    )
}

fn dates(facts: &Facts) -> Option<Check> {
    let Served::Chain { from, chain } = &facts.served else { return None };
    let leaf = chain.first()?;
    let (begin, end) = trust::validity(leaf)?;
    let print = trust::fingerprint(leaf);
    let left = end.duration_since(facts.now);
    let days = left.as_hours() / 24;
    // It is renewed when a third of its life is left: half of that is late.
    let late = (end.duration_since(begin).as_secs() / 6).min(LATE);
    let renew = format!(
        "self-managed: the leader renews it by itself, and {} says why not; cert-manager: kubectl describe certificate -n {}; files: replace the \
         Secret, which replicas take in soon after the kubelet",
        logs(facts),
        facts.names.namespace
    );
    let why = "From then on every call of the API server fails.";
    let check = if left.is_negative() {
        Check::problem(DATES, format!("the certificate {from} expired on {}", day(end))).why(why).fix(renew)
    } else if begin > facts.now {
        Check::problem(DATES, format!("the certificate {from} is valid from {} on", day(begin)))
            .why("Until then every call of the API server fails.")
            .fix("compare the clocks")
    } else if left < SignedDuration::from_secs(late) {
        Check::problem(
            DATES,
            format!("the certificate {from} expires in {days} days, on {}, and should have been renewed", day(end)),
        )
        .why(why)
        .fix(renew)
    } else {
        Check::ok(DATES, format!("the certificate {from} is valid until {} ({days} days)", day(end)))
    };
    let other = reachable::fingerprint(facts).filter(|served| *served != print);
    Some(check.details(other.map(|served| {
        format!(
            "the replica that answered serves another one, {served}: it has not taken in the new one yet, or cannot"
        )
    })))
}

fn day(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::super::super::{
        facts::DryRun,
        trust::tests::{at, pair},
    };
    use super::super::world::{self, bundle_of};
    use super::*;
    use crate::report::Answer;

    #[test]
    fn a_certificate_that_every_entry_verifies_is_well() {
        let found = checks(&world::healthy());
        assert!(found.iter().all(|check| check.answer == Answer::Ok), "{found:?}");
    }

    #[test]
    fn another_authority_in_the_bundle_is_named_entry_by_entry() {
        let mut facts = world::healthy();
        let (stranger, _) = pair(&["ringwall.ringwall.svc"]);
        facts.validating.as_mut().unwrap()[0].webhooks[0].client_config.ca_bundle = Some(bundle_of(&stranger));
        let found = &checks(&facts)[0];
        assert_eq!(found.answer, Answer::Problem);
        assert_eq!(found.details.len(), 1, "{found:?}");
        assert!(found.details[0].contains("nobody in its caBundle signed"), "{found:?}");
    }

    #[test]
    fn an_entry_without_a_bundle_is_named() {
        let mut facts = world::healthy();
        facts.validating.as_mut().unwrap()[0].webhooks[0].client_config.ca_bundle = None;
        let found = &checks(&facts)[0];
        assert_eq!(found.answer, Answer::Problem);
        assert!(found.message.contains("no caBundle"), "{found:?}");
    }

    #[test]
    fn a_certificate_that_should_have_been_renewed_is_a_problem_before_it_expires() {
        for (now, answer, word) in [
            ("2026-06-01T00:00:00Z", Answer::Ok, "is valid until 2026-12-31"),
            ("2026-12-23T00:00:00Z", Answer::Ok, "(8 days)"),
            ("2026-12-26T00:00:00Z", Answer::Problem, "should have been renewed"),
            ("2027-02-01T00:00:00Z", Answer::Problem, "expired on 2026-12-31"),
            ("2025-12-01T00:00:00Z", Answer::Problem, "is valid from 2026-01-01 on"),
        ] {
            let mut facts = world::healthy();
            facts.now = at(now);
            let found = dates(&facts).unwrap();
            assert_eq!(found.answer, answer, "{found:?}");
            assert!(found.message.contains(word), "{found:?}");
        }
    }

    #[test]
    fn a_self_managed_certificate_of_thirty_days_is_not_late_for_its_early_beginning() {
        let mut leaf = CertificateParams::new(vec!["ringwall.ringwall.svc".to_owned()]).unwrap();
        leaf.not_before = date_time_ymd(2024, 5, 30);
        leaf.not_after = date_time_ymd(2026, 7, 1);
        let leaf = leaf.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        let mut facts = world::healthy();
        facts.served = Served::Chain { from: "of a Secret".to_owned(), chain: vec![leaf] };
        let check = dates(&facts).unwrap();
        assert_eq!(check.answer, Answer::Ok, "{check:?}");
    }

    #[test]
    fn commands_name_the_namespace_that_is_looked_at() {
        let mut facts = world::healthy();
        facts.names.namespace = "guard".into();
        facts.now = at("2027-02-01T00:00:00Z");
        facts.validating.as_mut().unwrap()[0].webhooks[0].client_config.ca_bundle = None;
        for check in checks(&facts) {
            assert_eq!(check.answer, Answer::Problem);
            assert!(check.fix.contains("-n guard") && !check.fix.contains("-n ringwall"), "{check:?}");
        }
    }

    #[test]
    fn a_secret_that_nobody_may_read_is_no_verdict_unless_the_call_itself_succeeded() {
        let mut facts = world::healthy();
        facts.served = Served::Unseen("forbidden".to_owned());
        assert_eq!(checks(&facts)[0].answer, Answer::Ok);
        facts.calls.refused = DryRun::NoEntry;
        assert_eq!(checks(&facts)[0].answer, Answer::CannotSay);
    }
}
