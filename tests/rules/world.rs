//! Worlds written as people write them, and what the rules find in them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ringwall::{
    manifest::{self, Options},
    rules::{self, Breach, Context, Environment, Finding, Parameters, Subject},
    snapshot::Snapshot,
    source::Source,
};

/// The time at which everything is judged.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// The Pod that most worlds are about.
pub(crate) const WEB: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{name: http, containerPort: 8080}]}]
";

/// A policy for the Pod, of that specification below `podSelector`.
pub(crate) fn policy(name: &str, rest: &str) -> String {
    selecting(name, "{matchLabels: {app: web}}", rest)
}

/// A policy with that selector.
pub(crate) fn selecting(name: &str, selector: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\n\
         spec: {{podSelector: {selector}, {rest}}}\n"
    )
}

/// The snapshot of manifests; all of them have to be valid.
pub(crate) fn snapshot(manifests: &str) -> Snapshot {
    let loaded = manifest::load([Source::new("world.yaml", manifests)], &Options::default());
    let errors: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:?}\n{manifests}");
    loaded.snapshot
}

/// What is judged with, and in what.
pub(crate) struct Court {
    pub(crate) snapshot: Snapshot,
    pub(crate) environment: Environment,
    pub(crate) parameters: Parameters,
}

impl Court {
    pub(crate) fn of(snapshot: Snapshot) -> Self {
        Self { snapshot, environment: Environment::default(), parameters: Parameters::default() }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            snapshot: &self.snapshot,
            environment: &self.environment,
            parameters: &self.parameters,
            now: now(),
            shared: None,
        }
    }

    /// The breaches of all rules by these subjects.
    pub(crate) fn breaches(&self, subjects: impl IntoIterator<Item = Subject>) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for subject in subjects {
            for rule in rules::all() {
                let mut found = Vec::new();
                rule.judge(&self.context(), &subject, &mut found);
                // What counts in no profile is kept to compare with only.
                breaches.extend(found.into_iter().filter(|breach| rule.level(&self.context(), breach).is_some()));
            }
        }
        breaches
    }

    /// The breaches of every subject.
    pub(crate) fn all(&self) -> Vec<Breach> {
        self.breaches(rules::everything(&self.snapshot))
    }

    pub(crate) fn of_rule(&self, rule: &str) -> Vec<Breach> {
        self.all().into_iter().filter(|breach| breach.rule.0 == rule).collect()
    }

    /// The findings of a rule, explained.
    pub(crate) fn explained(&self, rule: &str) -> Vec<Finding> {
        let explain = |breach: &Breach| rules::rule(rule).unwrap().explain(&self.context(), breach);
        self.of_rule(rule).iter().map(explain).collect()
    }
}

/// The rules that a world breaks, those that its subject's neighbours break for lack of anything included.
pub(crate) fn broken(manifests: &str) -> BTreeSet<&'static str> {
    Court::of(snapshot(manifests)).all().iter().map(|breach| breach.rule.0).collect()
}

/// Whether a world breaks a rule.
pub(crate) fn breaks(rule: &str, manifests: &str) -> bool {
    broken(manifests).contains(rule)
}

/// The one finding of a rule in a world.
pub(crate) fn finding(rule: &str, manifests: &str) -> Finding {
    let mut found = Court::of(snapshot(manifests)).explained(rule);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}
