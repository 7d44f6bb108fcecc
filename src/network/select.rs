//! Which policies select a Pod.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey, Selector},
    snapshot::{Blind, Coverage, Snapshot},
};

use super::{
    Direction, Enforcement, Family, Order, Plugin, PodView, Policy, PolicySubject, Rank, Tier, lower::each_policy,
};

/// The kinds of policies, NetworkPolicies first.
fn kinds() -> impl Iterator<Item = Kind> {
    Kind::all().filter(|kind| kind.is_policy())
}

/// Every policy that can select Pods of a namespace and is of a kind that `counts`, in no order.
pub fn policies_of(
    snapshot: &Snapshot,
    namespace: &Name,
    counts: impl Fn(Kind) -> bool,
    mut visit: impl FnMut(&Arc<Policy>),
) {
    for kind in kinds().filter(|kind| snapshot.count(*kind) > 0 && counts(*kind)) {
        let scope = kind.info().namespaced.then_some(namespace);
        for object in snapshot.list(kind, scope) {
            each_policy(snapshot, object, &mut visit);
        }
    }
}

/// The policies of the kinds that `counts` which select a Pod and speak of a direction, in the order in which they are asked.
pub fn selecting(
    snapshot: &Snapshot,
    plugin: &Plugin,
    pod: PodView<'_>,
    direction: Direction,
    counts: impl Fn(Kind) -> bool,
) -> Vec<Arc<Policy>> {
    let mut found = Vec::new();
    for kind in kinds().filter(|kind| snapshot.count(*kind) > 0 && counts(*kind)) {
        let scope = kind.info().namespaced.then_some(pod.namespace);
        for object in snapshot.list(kind, scope) {
            // The selector first: a policy that does not select costs no more than this.
            if matches!(object, Object::NetworkPolicy(policy) if !policy.pod_selector.matches(&pod.facts.labels)) {
                continue;
            }
            each_policy(snapshot, object, |policy| {
                if policy.rules(direction).is_some() && policy.subject.selects(plugin, pod) {
                    found.push(Arc::clone(policy));
                }
            });
        }
    }
    sort(&mut found);
    found
}

/// The policies that select a Pod, in order, with what the plugin adds where it isolates everybody: whom only policies select that
/// do not isolate is isolated as those are whom none selects.
pub(super) fn in_force<'a>(
    plugin: &Plugin,
    policies: &'a [Arc<Policy>],
    direction: Direction,
) -> Cow<'a, [Arc<Policy>]> {
    let adds = plugin.enforcement == Enforcement::Always
        && !policies.is_empty()
        && !policies.iter().any(|policy| policy.isolates(direction));
    if !adds {
        return Cow::Borrowed(policies);
    }
    let mut all = policies.to_vec();
    all.push(Arc::clone(&ALWAYS));
    sort(&mut all);
    Cow::Owned(all)
}

/// What Cilium's `policyEnforcementMode: always` comes to: everybody is isolated by policies that let nothing through.
static ALWAYS: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    Arc::new(Policy {
        source: ObjectKey::cluster(Kind::CiliumClusterwideNetworkPolicy, "(policyEnforcementMode: always)"),
        order: Order { tier: Tier::network_policy(), priority: Rank::of(Order::NETWORK_POLICY), name: Name::default() },
        subject: PolicySubject {
            namespace: None,
            namespaces: Selector::everything(),
            pods: Selector::everything(),
            partial: None,
        },
        ingress: Some(Arc::from([])),
        egress: Some(Arc::from([])),
        isolates_ingress: true,
        isolates_egress: true,
    })
});

/// Puts policies into the order in which they are asked.
pub(super) fn sort(policies: &mut [Arc<Policy>]) {
    policies.sort_by(|a, b| (&a.order, &a.source).cmp(&(&b.order, &b.source)));
}

/// The labels of a namespace. One that is not known has its name, as every one has.
pub fn namespace_labels(snapshot: &Snapshot, namespace: &Name) -> Labels {
    match snapshot.namespace(namespace).found() {
        Some(namespace) => namespace.meta.labels.clone(),
        None => [(crate::model::METADATA_NAME, namespace.clone())].into_iter().collect(),
    }
}

/// Whether all policies that count for a namespace have been seen. A kind that the cluster does not serve has no objects.
pub fn coverage(snapshot: &Snapshot, plugin: &Plugin, namespace: &Name) -> Coverage {
    for kind in kinds().filter(|kind| plugin.enforces(*kind)) {
        let scope = kind.info().namespaced.then_some(namespace);
        match snapshot.coverage(kind, scope) {
            Ok(()) | Err(Blind::NotServed(_)) => {}
            Err(blind) if kind == Kind::NetworkPolicy => return Err(blind),
            // One that was never looked for: files, and tests that know of no other kind.
            Err(Blind::NotWatched(_)) => {}
            Err(blind) => return Err(blind),
        }
    }
    context_coverage(snapshot, plugin, namespace)
}

/// The same for what policies depend on, where there are such policies. One object of those kinds that cannot be decoded leaves doubt
/// where policies name it, and nowhere else.
fn context_coverage(snapshot: &Snapshot, plugin: &Plugin, namespace: &Name) -> Coverage {
    let is_calico = |kind: &Kind| Family::of(*kind) == Some(Family::Calico) && snapshot.count(*kind) > 0;
    if !plugin.enforces(Kind::CalicoNetworkPolicy) || !kinds().any(|kind| is_calico(&kind)) {
        return Ok(());
    }
    for kind in Kind::all().filter(|kind| kind.is_policy_context()) {
        let scope = kind.info().namespaced.then_some(namespace);
        if let Err(blind @ (Blind::Stale(_) | Blind::Forbidden(_))) = snapshot.coverage(kind, scope) {
            return Err(blind);
        }
    }
    Ok(())
}
