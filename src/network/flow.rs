//! One flow: on which ports one party may reach another, from the policies of both.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use crate::{model::PortSet, snapshot::Snapshot};

use super::{Bounds, Direction, Enforcement, Party, Plugin, PodView, Policy, select, side};

/// The ports on which the source may reach the destination: its egress and the destination's ingress both let them through.
/// Traffic of a workload with itself is not asked for.
pub fn flow(snapshot: &Snapshot, plugin: &Plugin, source: Party<'_>, destination: Party<'_>) -> Bounds<PortSet> {
    let leaves = half(snapshot, plugin, source, destination, Direction::Egress);
    let enters = half(snapshot, plugin, source, destination, Direction::Ingress);
    Bounds { least: leaves.least.intersection(&enters.least), most: leaves.most.intersection(&enters.most) }
}

/// What one side of a flow lets through: the source's egress, or the destination's ingress.
pub fn half(
    snapshot: &Snapshot,
    plugin: &Plugin,
    source: Party<'_>,
    destination: Party<'_>,
    direction: Direction,
) -> Bounds<PortSet> {
    let subject = match direction {
        Direction::Ingress => destination,
        Direction::Egress => source,
    };
    let Party::Pod(subject, _) = subject else { return Bounds::exactly(PortSet::every()) };
    let policies = policies_on(snapshot, plugin, subject, direction);
    of_policies(plugin, policies.as_deref(), source, destination, direction)
}

/// The policies that speak of a Pod's direction, in order; `None` where policies have no hold on it.
pub fn policies_on(
    snapshot: &Snapshot,
    plugin: &Plugin,
    pod: PodView<'_>,
    direction: Direction,
) -> Option<Vec<Arc<Policy>>> {
    let governed = !pod.facts.host_network || plugin.host_network_pods;
    governed.then(|| select::selecting(snapshot, plugin, pod, direction, |kind| plugin.enforces(kind)))
}

/// As [`half`], from the policies that [`policies_on`] found.
pub fn of_policies(
    plugin: &Plugin,
    policies: Option<&[Arc<Policy>]>,
    source: Party<'_>,
    destination: Party<'_>,
    direction: Direction,
) -> Bounds<PortSet> {
    let (peer, declares) = match (direction, destination) {
        (Direction::Ingress, Party::Pod(pod, _)) => (source, Some(pod.facts)),
        (Direction::Egress, Party::Pod(pod, _)) => (destination, Some(pod.facts)),
        (Direction::Ingress, _) => (source, None),
        (Direction::Egress, _) => (destination, None),
    };
    let policies = policies.map(|policies| select::in_force(plugin, policies, direction));
    let mut ports = match policies.as_deref() {
        Some([]) if plugin.enforcement == Enforcement::Always => Bounds::exactly(PortSet::none()),
        None | Some([]) => Bounds::exactly(PortSet::every()),
        Some(policies) => side(
            policies,
            direction,
            |rule| peer.fits(plugin, rule),
            |ports| match declares {
                Some(facts) => ports.on(plugin, facts),
                None => Cow::Borrowed(ports.numbers(plugin)),
            },
        ),
    };
    if direction == Direction::Ingress && plugin.node_traffic_exempt && is_on_node(source) {
        // It may run on the destination's own node, whose traffic always passes.
        ports.most = PortSet::every();
    }
    ports
}

fn is_on_node(party: Party<'_>) -> bool {
    match party {
        Party::Pod(pod, _) => pod.facts.host_network,
        Party::Address(_) | Party::IngressController => false,
    }
}

/// A Pod as a party, whose addresses are not known.
pub fn unplaced(pod: PodView<'_>) -> Party<'_> {
    const NONE: &[IpAddr] = &[];
    Party::Pod(pod, NONE)
}
