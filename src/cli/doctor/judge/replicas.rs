//! What every replica says of itself: whether it is ready, what its watches see, what is in force in it, which version it is; and who
//! leads.

use std::collections::{BTreeMap, BTreeSet};

use crate::{cluster::Reply, report::Check};

use super::{
    super::{
        facts::{Facts, Lease, Read, Replica},
        metrics::{label, samples},
    },
    some, unread,
};

const READY: &str = "replicas";
const WATCHES: &str = "watches";
const RULESET: &str = "ruleset-in-force";
const VERSION: &str = "versions";
const LEADER: &str = "leader";

/// As the alert has it (docs/alerts.md).
const OLDEST: f64 = 120.0;
/// A Lease that nobody renewed for so many of its own lengths is nobody's.
const TERMS: i64 = 2;

const ASK: &str = "grant get of pods/proxy in Ringwall's namespace to who asks (docs/threat-model.md says what else that allows), or forward \
                   the port: kubectl port-forward POD 8080, and --probes http://127.0.0.1:8080";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = match &facts.replicas {
        Err(fault) => {
            vec![unread(READY, "the replicas", fault, "grant list of pods in Ringwall's namespace to who asks")]
        }
        Ok(replicas) if replicas.is_empty() => vec![none(facts)],
        Ok(replicas) => {
            let read = Metrics::of(replicas);
            let mut checks = vec![ready(replicas)];
            if read.is_empty() {
                checks.push(Check::cannot_say(WATCHES, "no replica let us read its metrics").fix(ASK));
            } else {
                checks.extend([watches(&read), versions(facts, &read)]);
                checks.extend(ruleset(&read));
            }
            checks
        }
    };
    checks.extend(leader(facts));
    checks
}

fn none(facts: &Facts) -> Check {
    match &facts.deployment {
        Ok(Some(deployment)) => Check::problem(READY, format!("the Deployment {} has no Pods", deployment.name))
            .why("Nobody answers the API server.")
            .fix(format!(
                "kubectl describe deployment {0} -n {1}; kubectl get events -n {1}",
                deployment.name, facts.names.namespace
            )),
        _ => Check::cannot_say(READY, format!("there is no Deployment of Ringwall in {}", facts.names.namespace))
            .fix("where replicas run outside of the cluster: --probes http://HOST:8080 for each of them"),
    }
}

fn ready(replicas: &[Replica]) -> Check {
    let (mut unready, mut unsaid) = (Vec::new(), Vec::new());
    for Replica { name, readyz, metrics: _ } in replicas {
        match readyz {
            Ok(reply) if reply.is_success() => {}
            // The answer of the replica, and not of a proxy before it.
            Ok(reply) if reply.status == 503 && !is_status(reply) => {
                unready.push(format!("{name}: {}", reply.body.lines().collect::<Vec<_>>().join("; ")));
            }
            Ok(reply) => unsaid.push(format!("{name}: {}", reply.message())),
            Err(fault) => unsaid.push(format!("{name}: {fault}")),
        }
    }
    let total = replicas.len();
    if !unready.is_empty() {
        return Check::problem(READY, format!("{} of {total} replicas are not ready", unready.len()))
            .details(unready)
            .details(unsaid)
            .why("A replica that is not ready is not called.")
            .fix("its reasons say what to do: what RBAC forbids stands under rights");
    }
    if !unsaid.is_empty() {
        return Check::cannot_say(READY, format!("{} of {total} replicas cannot be asked", unsaid.len()))
            .details(unsaid)
            .fix(ASK);
    }
    let who = if total == 1 { "the replica is".to_owned() } else { format!("all {total} replicas are") };
    Check::ok(READY, format!("{who} ready"))
}

/// Whether the API server itself answers, in place of the replica.
fn is_status(reply: &Reply) -> bool {
    reply.body.trim_start().starts_with('{')
}

/// The metrics of the replicas that told them, by their name.
struct Metrics<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Metrics<'a> {
    fn of(replicas: &'a [Replica]) -> Self {
        let text = |replica: &'a Replica| match &replica.metrics {
            Ok(reply) if reply.is_success() => Some((replica.name.as_str(), reply.body.as_str())),
            _ => None,
        };
        Self(replicas.iter().filter_map(text).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels that stand for something in force, by replica: of series that are 1.
    fn named(&self, series: &str, name: &str) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let values = |text: &'a str| {
            text.lines().filter(|line| line.starts_with(series)).filter_map(|line| label(line, name)).collect()
        };
        self.0.iter().map(|(replica, text)| (*replica, values(text))).collect()
    }
}

/// Whether everything is followed that is there.
fn watches(read: &Metrics<'_>) -> Check {
    let mut faults = Vec::new();
    for (replica, text) in &read.0 {
        for (labels, value) in samples(text, "ringwall_watch_state") {
            let (Some(kind), Some(state)) = (label(labels, "kind"), label(labels, "state")) else { continue };
            if value > 0.0 && matches!(state, "syncing" | "broken" | "forbidden") {
                faults.push(format!("{replica}: the watch of {kind} is {state}"));
            }
        }
        for (_, age) in samples(text, "ringwall_snapshot_age_seconds") {
            if age < 0.0 {
                faults.push(format!("{replica}: no snapshot has been published yet"));
            } else if age > OLDEST {
                faults.push(format!("{replica}: its snapshot is {age:.0} s old"));
            }
        }
    }
    let count = read.0.len();
    if faults.is_empty() {
        let plural = if count == 1 { "replica" } else { "replicas" };
        return Check::ok(
            WATCHES,
            format!("{count} {plural} follow every kind that the cluster serves, and are current"),
        );
    }
    Check::problem(WATCHES, "not everything is followed")
        .details(faults)
        .why("What is not seen is \"cannot prove\"; what is old is confirmed by live reads, which are slower.")
        .fix("forbidden: see rights; broken or syncing: the replica's log says what the API server answers (docs/alerts.md)")
}

fn versions(facts: &Facts, read: &Metrics<'_>) -> Check {
    let by_replica = read.named("ringwall_build_info{", "version");
    let versions: BTreeSet<&str> = by_replica.values().flatten().copied().collect();
    if versions.is_empty() {
        return Check::cannot_say(VERSION, "no replica says which version it is")
            .fix("compare the image with ringwall --version");
    }
    if versions.len() == 1 && versions.contains(facts.version) {
        return Check::ok(VERSION, format!("replicas and this program are version {}", facts.version));
    }
    let lines = by_replica.iter().map(|(replica, versions)| format!("{replica}: {}", some(versions.iter().copied())));
    Check::problem(VERSION, format!("this program is version {}, and not every replica is", facts.version))
        .details(lines.collect::<Vec<_>>())
        .why("Replicas of two versions judge differently, and this program looks for what its own version needs.")
        .fix("let the rollout end, and use the ringwall of the version that is installed")
}

/// Whether all have the same ruleset: the series of what is in force is one, and its labels say which.
fn ruleset(read: &Metrics<'_>) -> Option<Check> {
    let in_force = |text: &'_ str| {
        samples(text, "ringwall_ruleset_info").find(|(_, value)| *value > 0.0).map(|(labels, _)| labels.to_owned())
    };
    let by_replica: Vec<(&str, String)> =
        read.0.iter().filter_map(|(replica, text)| Some((*replica, in_force(text)?))).collect();
    let different: BTreeSet<&str> = by_replica.iter().map(|(_, labels)| labels.as_str()).collect();
    let first = different.first()?;
    if different.len() == 1 {
        let who = if by_replica.len() == 1 { "the replica has a" } else { "every replica has the same" };
        return Some(Check::ok(RULESET, format!("{who} ruleset in force: {}", first.replace('"', ""))));
    }
    Some(
        Check::problem(RULESET, "replicas have different rulesets in force")
            .details(by_replica.iter().map(|(replica, labels)| format!("{replica}: {}", labels.replace('"', ""))))
            .why("The same request gets different answers.")
            .fix("within seconds of a change that is so; later: look at the watches of Ruleset and Exemption, and at the replicas' logs"),
    )
}

fn leader(facts: &Facts) -> Option<Check> {
    let name = facts.names.lease.as_deref()?;
    let fix = format!("kubectl get lease {name} -n {} -o yaml, and the replicas' logs", facts.names.namespace);
    let why = "Nobody writes status or renews the certificate; requests are answered all the same.";
    let lease: &Read<Option<Lease>> = &facts.lease;
    Some(match lease {
        Err(fault) => unread(LEADER, "the Lease", fault, "grant get of leases in Ringwall's namespace to who asks"),
        Ok(None) => Check::problem(LEADER, format!("there is no Lease {name}")).why(why).fix(fix),
        Ok(Some(Lease { holder: None, .. })) => Check::problem(LEADER, "no replica leads").why(why).fix(fix),
        Ok(Some(Lease { holder: Some(holder), renewed, seconds })) => {
            let silent = renewed.map(|renewed| facts.now.duration_since(renewed).as_secs());
            match silent {
                Some(silent) if silent <= TERMS * (*seconds).max(1) => Check::ok(LEADER, format!("{holder} leads")),
                Some(silent) => {
                    Check::problem(LEADER, format!("{holder} led, and has not renewed its Lease for {silent} s"))
                        .why(why)
                        .fix(fix)
                }
                None => Check::problem(LEADER, format!("{holder} holds the Lease, which was never renewed"))
                    .why(why)
                    .fix(fix),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::world::{self, refusal, reply};
    use super::*;
    use crate::{cluster::Fault, report::Answer};

    fn told(check: &str, change: impl FnOnce(&mut Facts)) -> Check {
        let mut facts = world::healthy();
        change(&mut facts);
        checks(&facts).into_iter().find(|it| it.check == check).unwrap()
    }

    fn replica(facts: &mut Facts) -> &mut Replica {
        &mut facts.replicas.as_mut().unwrap()[0]
    }

    #[test]
    fn replicas_that_are_ready_see_everything_and_agree_are_well() {
        let found = checks(&world::healthy());
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found.iter().all(|check| check.answer == Answer::Ok), "{found:?}");
    }

    #[test]
    fn a_replica_that_is_not_ready_gives_its_reasons() {
        let check = told(READY, |facts| {
            replica(facts).readyz = Ok(reply(503, "pods have not been read yet\nthe API server cannot be read\n"));
        });
        assert_eq!(check.answer, Answer::Problem);
        assert!(check.details[0].ends_with("pods have not been read yet; the API server cannot be read"), "{check:?}");
    }

    #[test]
    fn a_proxy_that_does_not_reach_a_replica_is_no_verdict_of_its() {
        for answer in [Ok(refusal(503, "error trying to reach service")), Err(Fault::Forbidden("no".to_owned()))] {
            let check = told(READY, |facts| replica(facts).readyz = answer);
            assert_eq!(check.answer, Answer::CannotSay, "{check:?}");
        }
    }

    #[test]
    fn a_watch_that_is_not_whole_is_named_by_kind_and_replica() {
        let check = told(WATCHES, |facts| {
            let metrics =
                "ringwall_watch_state{kind=\"Pod\",state=\"broken\"} 1\nringwall_snapshot_age_seconds 300.5\n";
            replica(facts).metrics = Ok(reply(200, metrics));
        });
        assert_eq!(check.answer, Answer::Problem);
        let text = check.details.join("; ");
        assert!(text.contains("the watch of Pod is broken") && text.contains("300 s old"), "{check:?}");
    }

    #[test]
    fn different_rulesets_and_versions_are_told_replica_by_replica() {
        let metrics = "ringwall_build_info{version=\"9.9.9\"} 1\nringwall_ruleset_info{revision=\"other\"} 1\n";
        for check in [VERSION, RULESET] {
            let check = told(check, |facts| replica(facts).metrics = Ok(reply(200, metrics)));
            assert_eq!((check.answer, check.details.len()), (Answer::Problem, 2), "{check:?}");
        }
    }

    #[test]
    fn a_lease_that_nobody_renews_is_a_problem() {
        let check = told(LEADER, |facts| {
            let lease = facts.lease.as_mut().unwrap().as_mut().unwrap();
            lease.renewed = Some("2026-05-31T23:00:00Z".parse().unwrap());
        });
        assert_eq!(check.answer, Answer::Problem);
        assert!(check.message.contains("3600 s"), "{check:?}");
    }
}
