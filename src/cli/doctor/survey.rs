//! Who would be refused today: the cluster judged under the ruleset in force, and under stricter floors.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    decision::{self, Outcome, Templates},
    model::{Kind, Name, kinds::Watch},
    rules::SubjectReference,
    ruleset::{Profile, Ruleset, RulesetError},
    snapshot::Snapshot,
};

use super::facts::{Count, Names, Refusals, Survey, Wrong};

/// Judges a snapshot. A ruleset that is given wins over the cluster's.
pub(super) fn survey(snapshot: &Snapshot, given: Option<Ruleset>, names: &Names, now: Timestamp) -> Survey {
    let (mut ruleset, wrong) = Ruleset::of_snapshot(snapshot, given);
    ruleset.environment.own_namespace = Some(names.namespace.clone());
    let judgements = decision::survey(snapshot, &ruleset, Templates::AsTemplates, now);
    let own = |judgement: &&decision::Judgement| {
        judgement.breach.rule.0 == "blocked-webhook" && judgement.subject.name == names.configuration
    };
    let context = crate::rules::Context {
        snapshot,
        environment: &ruleset.environment,
        parameters: &ruleset.parameters,
        now,
        shared: None,
    };
    let blocked =
        judgements.iter().filter(own).map(|judgement| decision::explain(&context, judgement).message).collect();
    let today = now.to_zoned(TimeZone::UTC).date();
    let ended = ruleset.exemptions.iter().filter(|exemption| exemption.expires.is_some_and(|last| last < today));
    let told = |exemption: &crate::ruleset::Exemption| format!("{} (owner: {})", exemption.name, exemption.owner);
    Survey {
        blind: blind(snapshot),
        namespaces: namespaces(snapshot, &ruleset, &judgements, now),
        blocked,
        unused: decision::unused_exemptions(&judgements, &ruleset, now).into_iter().map(told).collect(),
        ended: ended.map(told).collect(),
        wrong: wrong
            .iter()
            .flat_map(|wrong| {
                let text = |error: &RulesetError| format!("{}: {}", error.path, error.reason);
                wrong.errors.iter().map(move |error| Wrong { key: wrong.key.clone(), text: text(error) })
            })
            .collect(),
    }
}

fn blind(snapshot: &Snapshot) -> Vec<String> {
    let seen = |kind: Kind| match snapshot.coverage(kind, None) {
        Err(blind) if kind.info().required && kind.info().watch != Watch::Never => Some(blind.to_string()),
        _ => None,
    };
    Kind::all().filter_map(seen).collect()
}

fn namespaces(
    snapshot: &Snapshot,
    ruleset: &Ruleset,
    judgements: &[decision::Judgement],
    now: Timestamp,
) -> BTreeMap<Name, Refusals> {
    let under = |floor: Profile| {
        let stricter = Ruleset { floor: floor.max(ruleset.floor), ..ruleset.clone() };
        counts(&decision::survey(snapshot, &stricter, Templates::AsTemplates, now))
    };
    let [now_refused, baseline, restricted] =
        [counts(judgements), under(Profile::Baseline), under(Profile::Restricted)];
    let names = snapshot.list(Kind::Namespace, None).map(|object| object.key().name);
    let mut namespaces = BTreeMap::new();
    for name in names {
        let Some(enforced) = decision::enforced_in(snapshot, ruleset, &name, now) else { continue };
        let of = |counts: &BTreeMap<Name, Count>| counts.get(&name).copied().unwrap_or_default();
        let refusals = Refusals {
            enforced: enforced.name().to_owned(),
            now: of(&now_refused),
            baseline: of(&baseline),
            restricted: of(&restricted),
        };
        namespaces.insert(name, refusals);
    }
    namespaces
}

/// Who is refused, each once however many rules it breaks.
fn counts(judgements: &[decision::Judgement]) -> BTreeMap<Name, Count> {
    let refused = judgements.iter().filter(|judgement| judgement.outcome == Outcome::Refuse);
    let subjects: BTreeSet<&SubjectReference> = refused.map(|judgement| &judgement.subject).collect();
    let mut counts: BTreeMap<Name, Count> = BTreeMap::new();
    for subject in subjects {
        let Some(namespace) = &subject.namespace else { continue };
        let count = counts.entry(namespace.clone()).or_default();
        let is_workload = subject.pods.is_some()
            || Kind::all().any(|kind| subject.is(kind) && (kind.is_workload() || kind == Kind::Pod));
        if is_workload { count.workloads += 1 } else { count.others += 1 }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest::{self, Options},
        source::Source,
    };

    #[test]
    fn a_workload_counts_under_the_profile_from_which_on_it_is_refused() {
        let text = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {ringwall.dev/enforce: privileged}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: a, image: a}]}
---
apiVersion: v1
kind: Pod
metadata: {name: open, namespace: shop, labels: {app: open}}
spec: {containers: [{name: a, image: a}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
";
        let snapshot = manifest::load([Source::new("world", text.to_owned())], &Options::default()).snapshot;
        let names = Names {
            namespace: "ringwall".into(),
            configuration: "ringwall".into(),
            account: None,
            secret: "ringwall-certificate".into(),
            lease: None,
        };
        let found = survey(&snapshot, None, &names, Timestamp::UNIX_EPOCH);
        let shop = &found.namespaces["shop"];
        assert_eq!(shop.enforced, "privileged");
        assert_eq!(shop.now, Count::default());
        assert_eq!(shop.baseline, Count { workloads: 1, others: 0 }, "the one that no policy selects");
        assert_eq!(shop.restricted, Count { workloads: 2, others: 0 }, "the other one has no policy for egress");
    }
}
