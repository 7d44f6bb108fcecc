//! Peers of Cilium's policies.

use std::sync::Arc;

use crate::{
    model::{AddressSet, CiliumEntity, CiliumPeer, METADATA_NAME, Name, Selector, reserved},
    network::Peer,
};

/// Before the keys of labels that say what an endpoint is instead of a Pod.
const RESERVED: &str = "@reserved/";

/// A peer, and why it may match more than the policy means.
pub(super) struct Lowered {
    pub(super) peer: Peer,
    pub(super) why: Option<Name>,
}

impl From<Peer> for Lowered {
    fn from(peer: Peer) -> Self {
        Self { peer, why: None }
    }
}

fn in_part(peer: Peer, why: &str) -> Lowered {
    Lowered { peer, why: Some(why.into()) }
}

/// The forms of a peer, in a policy of that namespace and beside the others of its list.
pub(super) fn lower(own: Option<&Name>, peer: &CiliumPeer, beside: &[CiliumPeer]) -> Vec<Lowered> {
    let without = |set: AddressSet, except: &[ipnet::IpNet]| {
        let except: Vec<_> = except.iter().map(|network| AddressSet::of_network(*network)).collect();
        Peer::Addresses(Arc::new(set.difference(&AddressSet::union_of(&except))))
    };
    match peer {
        CiliumPeer::Endpoints(selector) => endpoints(own, selector),
        CiliumPeer::Network { network, except } => vec![without(AddressSet::of_network(*network), except).into()],
        CiliumPeer::NetworkGroup { except } => vec![in_part(without(AddressSet::every(), except), "a CiliumCIDRGroup")],
        CiliumPeer::Entity(entity) => entities(*entity, beside),
        CiliumPeer::Service => vec![in_part(Peer::Everyone, "toServices")],
        CiliumPeer::DnsName => vec![in_part(world(AddressSet::every()), "toFQDNs")],
        CiliumPeer::Nodes(_) => vec![in_part(Peer::Nodes, "nodes by their labels")],
        CiliumPeer::Group => vec![in_part(world(AddressSet::every()), "groups of a cloud provider")],
    }
}

fn world(addresses: AddressSet) -> Peer {
    Peer::World(Arc::new(addresses))
}

fn every_pod() -> Peer {
    Peer::Pods { namespace: None, namespaces: Selector::everything(), pods: Selector::everything() }
}

fn network(text: &str) -> AddressSet {
    text.parse().map_or_else(|_| AddressSet::every(), AddressSet::of_network)
}

/// cilium/pkg/policy/api/entity.go, and the entities of docs: security/policy/language.rst. To `cluster` Cilium also counts an API server
/// that is outside of it, an address or two which no object tells; it is left out here.
fn entities(entity: CiliumEntity, beside: &[CiliumPeer]) -> Vec<Lowered> {
    let has = |other| beside.contains(&CiliumPeer::Entity(other));
    match entity {
        CiliumEntity::All => vec![Peer::Everyone.into()],
        CiliumEntity::World => vec![world(AddressSet::every()).into()],
        CiliumEntity::WorldIpv4 => vec![world(network("0.0.0.0/0")).into()],
        CiliumEntity::WorldIpv6 => vec![world(network("::/0")).into()],
        CiliumEntity::Cluster => vec![every_pod().into(), Peer::Nodes.into()],
        // Together they are all nodes. Which one is the Pod's own no object of a file tells.
        CiliumEntity::Host | CiliumEntity::RemoteNode if has(CiliumEntity::Host) && has(CiliumEntity::RemoteNode) => {
            vec![Peer::Nodes.into()]
        }
        CiliumEntity::Host => vec![in_part(Peer::Nodes, "the Pod's own node alone")],
        CiliumEntity::RemoteNode => vec![in_part(Peer::Nodes, "other nodes than the Pod's own")],
        CiliumEntity::KubeApiserver => {
            let why = "where the API server is";
            vec![in_part(Peer::Nodes, why), in_part(world(AddressSet::every()), why)]
        }
        CiliumEntity::Ingress => vec![in_part(Peer::Nodes, "Cilium's own ingress proxy")],
        CiliumEntity::Unmanaged => vec![in_part(every_pod(), "Pods that Cilium does not manage")],
        // Neither Pods nor nodes nor addresses.
        CiliumEntity::Init | CiliumEntity::Health | CiliumEntity::None => Vec::new(),
    }
}

/// `fromEndpoints` and `toEndpoints` (`getEndpointSelector` in cilium/pkg/k8s/apis/cilium.io/utils).
fn endpoints(own: Option<&Name>, selector: &Selector) -> Vec<Lowered> {
    let mut found = Vec::new();
    if speaks_of(selector, &|key| key.starts_with(RESERVED)) {
        // Such selectors mean what they select, in whatever namespace, and others than Pods.
        if named(selector, &["all"])
            && conditions(selector).iter().any(|it| matches!(it, Selector::In(key, _) if key == "@reserved/all"))
        {
            return vec![Peer::Everyone.into()];
        }
        // Where there are both families the world is called by them, and by its plain name where there is one.
        for (family, label) in [("0.0.0.0/0", "world-ipv4"), ("::/0", "world-ipv6")] {
            match (named(selector, &["world"]), named(selector, &[label])) {
                (true, true) => found.push(world(network(family)).into()),
                (false, false) => {}
                _ => found.push(in_part(world(network(family)), "what the world is called, by one family or two")),
            }
        }
        let (host, remote) = (named(selector, &["host"]), named(selector, &["remote-node"]));
        match (host, remote) {
            (true, true) => found.push(Peer::Nodes.into()),
            (true, false) => found.push(in_part(Peer::Nodes, "the Pod's own node alone")),
            (false, true) => found.push(in_part(Peer::Nodes, "other nodes than the Pod's own")),
            (false, false) if named(selector, &["kube-apiserver", "remote-node"]) => {
                found.extend(entities(CiliumEntity::KubeApiserver, &[]));
            }
            (false, false) => {}
        }
        found.extend(pods(None, selector));
    } else {
        found.extend(pods(own, selector));
    }
    found
}

/// Whether an endpoint with these reserved labels satisfies the selector.
fn named(selector: &Selector, labels: &[&str]) -> bool {
    let empty = Name::default();
    selector.holds(&|key| key.strip_prefix(RESERVED).filter(|label| labels.contains(label)).map(|_| &empty))
}

/// The Pods that a selector means; none where it needs what no Pod has.
fn pods(own: Option<&Name>, selector: &Selector) -> Option<Lowered> {
    let parts = apart(selector);
    let namespace = own.filter(|_| !speaks_of_namespaces(selector)).cloned();
    let peer = Peer::Pods { namespace, namespaces: parts.namespaces, pods: parts.pods };
    let why = parts.cluster.then(|| Name::from("which cluster the policy means is not known here"));
    (!parts.impossible).then_some(Lowered { peer, why })
}

/// A selector with the namespace that it means where it names none, as one condition.
pub(super) fn within(own: Option<&Name>, selector: &Selector) -> Selector {
    match own.filter(|_| !speaks_of_namespaces(selector)) {
        None => selector.clone(),
        Some(own) => {
            let key = format!("{}{METADATA_NAME}", reserved::NAMESPACE_LABEL);
            Selector::All(vec![Selector::In(key.into(), vec![own.clone()]), selector.clone()])
        }
    }
}

/// The parts of a selector.
pub(super) struct Parts {
    /// What it says of the namespace, with the keys of the namespace's own labels.
    pub(super) namespaces: Selector,
    /// What it says of the Pod.
    pub(super) pods: Selector,
    /// Whether it speaks of clusters.
    pub(super) cluster: bool,
    /// Whether it needs a reserved label, which no Pod has.
    impossible: bool,
}

/// A selector taken apart. It is a conjunction, as label selectors are.
pub(super) fn apart(selector: &Selector) -> Parts {
    let (mut namespaces, mut pods) = (Vec::new(), Vec::new());
    let (mut cluster, mut impossible) = (false, false);
    for condition in conditions(selector) {
        let (key, negated) = match condition {
            Selector::In(key, _) | Selector::Has(key) => (key, false),
            Selector::Not(inner) => match &**inner {
                Selector::In(key, _) | Selector::Has(key) => (key, true),
                _ => {
                    pods.push(condition.clone());
                    continue;
                }
            },
            _ => {
                pods.push(condition.clone());
                continue;
            }
        };
        if let Some(label) = key.strip_prefix(reserved::NAMESPACE_LABEL) {
            namespaces.push(with_key(condition, label));
        } else if *key == reserved::CLUSTER {
            cluster = true;
        } else if key.starts_with('@') && *key != reserved::SERVICE_ACCOUNT {
            impossible |= !negated;
            // A condition that no Pod breaks needs no mention.
            if !negated {
                pods.push(condition.clone());
            }
        } else {
            pods.push(condition.clone());
        }
    }
    Parts { namespaces: Selector::All(namespaces), pods: Selector::All(pods), cluster, impossible }
}

fn conditions(selector: &Selector) -> &[Selector] {
    match selector {
        Selector::All(conditions) => conditions,
        other => std::slice::from_ref(other),
    }
}

fn with_key(condition: &Selector, key: &str) -> Selector {
    match condition {
        Selector::In(_, values) => Selector::In(key.into(), values.clone()),
        Selector::Has(_) => Selector::Has(key.into()),
        Selector::Not(inner) => Selector::Not(Box::new(with_key(inner, key))),
        other => other.clone(),
    }
}

fn speaks_of_namespaces(selector: &Selector) -> bool {
    speaks_of(selector, &|key| key.starts_with(reserved::NAMESPACE_LABEL))
}

fn speaks_of(selector: &Selector, key: &impl Fn(&str) -> bool) -> bool {
    match selector {
        Selector::All(conditions) | Selector::Any(conditions) => conditions.iter().any(|it| speaks_of(it, key)),
        Selector::Not(condition) => speaks_of(condition, key),
        Selector::In(found, _) | Selector::Has(found) | Selector::Like(found, ..) => key(found),
    }
}
