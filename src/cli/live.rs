//! The running cluster, as far as commands look at it once.

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;

use crate::{
    cluster,
    decision::{self, Judgement, Templates},
    model::{Kind, Name, Object, ObjectKey},
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

/// The state that objects make on top of what runs, and what comes of it for the subjects that they affect.
pub(super) fn judge(
    kubeconfig: Option<&Path>,
    objects: impl Iterator<Item = Object>,
    rules: &Ruleset,
    now: Timestamp,
) -> anyhow::Result<(Snapshot, Vec<Judgement>)> {
    let before = load(kubeconfig)?;
    Ok(lay_on(&before, objects, rules, now))
}

fn lay_on(
    before: &Snapshot,
    objects: impl Iterator<Item = Object>,
    rules: &Ruleset,
    now: Timestamp,
) -> (Snapshot, Vec<Judgement>) {
    let (after, touched) = before.with(objects.map(Edit::Put));
    let affected = rules::affected(before, &after, &touched);
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
