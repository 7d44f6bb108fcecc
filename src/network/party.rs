//! Who is at one end of a flow, and whether a rule's peers mean him.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::model::{AddressSet, Family};

use super::{Fit, Peer, Plugin, PodView, Rule};

/// Who is at one end of a flow.
#[derive(Clone, Copy, Debug)]
pub enum Party<'a> {
    /// A Pod, with its addresses; none where they are not known.
    Pod(PodView<'a>, &'a [IpAddr]),
    /// An address outside of the cluster.
    Address(IpAddr),
    /// The ingress controller, where nobody knows which Pods it is: some Pod of some namespace, or on some node's network.
    IngressController,
}

impl Party<'_> {
    /// Whether the rule means the party: as the best fit of its peers, apart from what the rule says of a part.
    pub fn fits(&self, plugin: &Plugin, rule: &Rule) -> Fit {
        let mut best = Fit::No;
        for (peer, _) in &rule.peers {
            best = best.max(self.is(plugin, peer));
            if best == Fit::Yes {
                break;
            }
        }
        best
    }

    /// Whether the peer means the party.
    pub fn is(&self, plugin: &Plugin, peer: &Peer) -> Fit {
        match (self, peer) {
            (_, Peer::Everyone) => Fit::Yes,
            (Self::Pod(pod, addresses), _) => pod_is(plugin, *pod, addresses, peer),
            (Self::Address(address), Peer::Addresses(set) | Peer::World(set)) => whether(set.contains(*address)),
            (Self::IngressController, Peer::Pods { .. }) if peer.is_unnamed_pod() => Fit::Yes,
            (Self::IngressController, Peer::Pods { .. } | Peer::Nodes) => Fit::Partly,
            (Self::IngressController, Peer::Addresses(set)) if plugin.blocks_match_pods => some_pod_in(plugin, set),
            (Self::IngressController, Peer::Addresses(_) | Peer::World(_))
            | (Self::Address(_), Peer::Pods { .. } | Peer::Nodes) => Fit::No,
        }
    }
}

fn pod_is(plugin: &Plugin, pod: PodView<'_>, addresses: &[IpAddr], peer: &Peer) -> Fit {
    let on_node = pod.facts.host_network && !plugin.host_network_pods;
    match peer {
        Peer::Everyone => Fit::Yes,
        Peer::Nodes => whether(pod.facts.host_network),
        Peer::World(_) => Fit::No,
        Peer::Pods { .. } if on_node => Fit::No,
        Peer::Pods { namespace, namespaces, pods } => whether(
            namespace.as_ref().is_none_or(|own| own == pod.namespace)
                && (pods.is_everything() || pod.satisfies(pods))
                && (namespaces.is_everything() || namespaces.matches(pod.namespace_labels)),
        ),
        Peer::Addresses(_) if on_node && !plugin.blocks_match_nodes => Fit::No,
        Peer::Addresses(_) if !on_node && !plugin.blocks_match_pods => Fit::No,
        Peer::Addresses(set) if addresses.is_empty() && on_node => some_node_in(set),
        Peer::Addresses(set) if addresses.is_empty() => some_pod_in(plugin, set),
        Peer::Addresses(set) => whether(addresses.iter().any(|address| set.contains(*address))),
    }
}

fn whether(fits: bool) -> Fit {
    if fits { Fit::Yes } else { Fit::No }
}

/// Where Pods and nodes have their addresses where nobody says: the private networks (RFC 1918, RFC 6598, RFC 4193).
pub(super) static PRIVATE: LazyLock<AddressSet> = LazyLock::new(|| {
    let v4 = |a, b, length| Ipv4Net::new(Ipv4Addr::new(a, b, 0, 0), length).map(IpNet::V4);
    let v6 = Ipv6Net::new(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7).map(IpNet::V6);
    let networks = [v4(10, 0, 8), v4(172, 16, 12), v4(192, 168, 16), v4(100, 64, 10), v6];
    let sets: Vec<AddressSet> = networks.into_iter().flatten().map(AddressSet::of_network).collect();
    AddressSet::union_of(&sets)
});

/// Whether a Pod of unknown address is in the set: certainly where the set holds all that a family's Pods can have, perhaps
/// where it holds some of it. Where nothing says otherwise, Pods have IPv4 addresses.
fn some_pod_in(plugin: &Plugin, set: &AddressSet) -> Fit {
    if plugin.pod_networks.is_empty() {
        return some_in(&PRIVATE, &[Family::Ipv4], set);
    }
    let networks: Vec<AddressSet> = plugin.pod_networks.iter().copied().map(AddressSet::of_network).collect();
    some_in(&AddressSet::union_of(&networks), &[Family::Ipv4, Family::Ipv6], set)
}

/// The same for a node.
fn some_node_in(set: &AddressSet) -> Fit {
    some_in(&PRIVATE, &[Family::Ipv4], set)
}

fn some_in(space: &AddressSet, certain: &[Family], set: &AddressSet) -> Fit {
    let missing = space.difference(set);
    let holds_family = |family: &Family| space.width(*family).is_some() && missing.width(*family).is_none();
    if certain.iter().any(holds_family) {
        Fit::Yes
    } else if space.intersection(set).is_empty() {
        Fit::No
    } else {
        Fit::Partly
    }
}
