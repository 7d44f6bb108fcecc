//! The running cluster, as far as commands look at it once.

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;

use crate::{
    cluster,
    decision::{self, Judgement, Templates},
    model::{Kind, Name, Object, ObjectKey, kinds::Watch},
    network::reach::WorkloadName,
    report::ReportError,
    rules::{self, Subject},
    ruleset::Ruleset,
    snapshot::{ClassKey, Edit, Snapshot},
};

/// Everything that Ringwall reads of the cluster.
pub(super) fn load(kubeconfig: Option<&Path>) -> anyhow::Result<Snapshot> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime cannot be started")?;
    runtime.block_on(cluster::load_once(kubeconfig)).context("the cluster cannot be read")
}

/// What cannot be seen of a cluster: as errors where nothing can be judged rightly without it, else as hints.
pub(super) fn unseen(snapshot: &Snapshot) -> (Vec<ReportError>, Vec<String>) {
    let (mut errors, mut hints) = (Vec::new(), Vec::new());
    for kind in Kind::all() {
        let Err(blind) = snapshot.coverage(kind, None) else { continue };
        // What is never read whole is told of where something rests on it.
        if kind.info().watch == Watch::Never {
            continue;
        }
        if kind.info().required {
            let reason = format!("{blind}; what rests on {} could not be judged", kind.info().plural);
            errors.push(ReportError { file: "the cluster".into(), position: None, reason, suggestion: None });
        } else {
            hints.push(format!("{blind}; what rests on {} was not judged", kind.info().plural));
        }
    }
    (errors, hints)
}

/// The state that objects make on top of what runs, once it has settled: a workload whose template is another replaces its Pods,
/// which then are as the template says.
pub(super) fn laid_on(below: &Snapshot, objects: impl Iterator<Item = Object>) -> Snapshot {
    let objects: Vec<Object> = objects.collect();
    let mut edits = Vec::new();
    for object in &objects {
        let key = object.key();
        let (Some(facts), Some(before)) = (object.pod_facts(), below.object(&key).found()) else { continue };
        if key.kind == Kind::Pod || before.pod_facts() == Some(facts) {
            continue;
        }
        let workload = WorkloadName::of_object(below, &before);
        let pods = below.list(Kind::Pod, key.namespace.as_ref());
        let replaced = pods.filter(|pod| WorkloadName::of_object(below, pod) == workload);
        edits.extend(replaced.map(|pod| Edit::Remove(pod.key())));
    }
    edits.extend(objects.into_iter().map(Edit::Put));
    below.with(edits).0
}

/// The state that objects make on top of what runs, and what comes of it for the subjects that they affect.
pub(super) fn judge(
    kubeconfig: Option<&Path>,
    objects: impl Iterator<Item = Object>,
    rules: impl FnOnce(&Snapshot) -> anyhow::Result<Ruleset>,
    now: Timestamp,
) -> anyhow::Result<(Snapshot, Ruleset, Vec<Judgement>)> {
    let before = load(kubeconfig)?;
    let objects: Vec<Object> = objects.collect();
    // Settings among the objects are in force in the state that they make.
    let settings = objects.iter().filter(|object| object.kind().is_settings()).cloned();
    let rules = rules(&before.with(settings.map(Edit::Put)).0)?;
    let (after, judgements) = lay_on(&before, objects.into_iter(), &rules, now);
    Ok((after, rules, judgements))
}

fn lay_on(
    before: &Snapshot,
    objects: impl Iterator<Item = Object>,
    rules: &Ruleset,
    now: Timestamp,
) -> (Snapshot, Vec<Judgement>) {
    let (after, touched) = before.with(objects.map(Edit::Put));
    let affected = rules::affected(before, &after, &touched, &rules.environment);
    // A touched Pod is affected as itself; a survey judges it in its class.
    let is_touched = |namespace: &Name, name: &Name| {
        touched.contains(&ObjectKey::namespaced(Kind::Pod, namespace.clone(), name.clone()))
    };
    let holds_touched = |key: &ClassKey| {
        after.class(key).is_some_and(|class| class.pods.iter().any(|name| is_touched(&key.namespace, name)))
    };
    let mut judgements = decision::survey(&after, rules, Templates::AsPods, now);
    judgements.retain(|judgement| match &judgement.breach.subject {
        Subject::Class(key) if holds_touched(key) => true,
        subject => affected.contains(subject),
    });
    (after, judgements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest::{self, Options},
        source::Source,
    };

    const POD: &str = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: a}]}\nmetadata: {name: web, ";
    const POLICY: &str =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\n";

    fn snapshot(documents: &[String]) -> Snapshot {
        manifest::load([Source::new("world", documents.join("\n---\n"))], &Options::default()).snapshot
    }

    #[test]
    fn only_what_the_manifests_affect_is_told() {
        let pod = |namespace: &str| format!("{POD} namespace: {namespace}, labels: {{app: web}}}}");
        let policy = |label: &str| format!("{POLICY}spec: {{podSelector: {{matchLabels: {{app: {label}}}}}}}");
        let before = snapshot(&[pod("shop"), pod("elsewhere"), policy("web")]);
        let moved = snapshot(&[policy("wbe")]);
        let objects = moved.list(Kind::NetworkPolicy, None).cloned();
        let now = Timestamp::UNIX_EPOCH;
        let (after, judgements) = lay_on(&before, objects, &Ruleset::default(), now);
        let told: Vec<_> = judgements.iter().map(|judgement| judgement.subject.namespace.as_deref()).collect();
        assert!(told.contains(&Some("shop")) && !told.contains(&Some("elsewhere")), "{told:?}");
        let everything = decision::survey(&after, &Ruleset::default(), Templates::AsPods, now);
        assert!(everything.iter().any(|judgement| judgement.subject.namespace.as_deref() == Some("elsewhere")));
    }

    #[test]
    fn a_pod_that_joins_a_class_brings_it_up() {
        let pod =
            |name: &str| POD.replace("name: web", &format!("name: {name}")) + " namespace: shop, labels: {app: web}}";
        let before = snapshot(&[pod("one")]);
        let more = snapshot(&[pod("two")]);
        let objects = more.list(Kind::Pod, None).cloned();
        let (_, judgements) = lay_on(&before, objects, &Ruleset::default(), Timestamp::UNIX_EPOCH);
        assert!(judgements.iter().any(|judgement| judgement.subject.pods == Some(2)), "{judgements:?}");
    }
}
