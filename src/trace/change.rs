//! The smallest change that would allow a packet: a NetworkPolicy that adds exactly this peer and port, tried on the snapshot
//! before it is proposed; or the rule that stands in the way, where no NetworkPolicy helps.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::{
    model::{
        Derived, Kind, Labels, METADATA_NAME, Meta, Name, NetworkPolicy, Object, ObjectKey, PolicyPeer, PolicyPort,
        PolicyRule, PortMatch, Protocol, Selector,
    },
    network::{Direction, Enforcement, Tier},
    snapshot::{Edit, Snapshot},
};

use super::{Actor, Ground, Path, Place, Side, Verdict, ends::Group, side::Asked};

/// Something to change.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// Add this NetworkPolicy.
    Add(Added),
    /// Change this rule, which denies: no NetworkPolicy can allow what it denies.
    Rule(Place),
    /// Let one of these policies allow it: no NetworkPolicy can.
    Policies(Vec<ObjectKey>),
    /// Nothing that is written in an object: the network plugin isolates everybody, and enforces no NetworkPolicies.
    Plugin,
    /// Name the Pods of the source in a rule of this direction: nobody knows which they are, or no selector means them.
    ByHand(Direction),
}

/// A NetworkPolicy that allows one peer one port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Added {
    /// Its name.
    pub name: Name,
    /// Its namespace.
    pub namespace: Name,
    /// The labels that it selects by.
    pub pods: Labels,
    /// The direction.
    pub direction: Direction,
    /// Whom it allows.
    pub peer: PeerAdded,
    /// By which protocol.
    pub protocol: Protocol,
    /// On which port.
    pub port: u16,
}

/// Whom a policy that is added allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PeerAdded {
    /// Pods.
    Pods {
        /// Their namespace, where it is another one.
        namespace: Option<Name>,
        /// Their labels.
        labels: Labels,
    },
    /// One address.
    Address(IpAddr),
}

/// What would let a denied packet through: for each side that does not let it pass for certain.
pub(super) fn changes<'a>(sides: &[Side], asked: &impl Fn(Direction) -> Asked<'a>) -> Vec<Change> {
    let stops = sides.iter().filter(|side| side.verdict != Verdict::Allowed);
    stops.map(|side| change(side, &asked(side.direction))).collect()
}

/// Gives policies that differ different names: Pods of one workload may differ in their labels.
pub(super) fn tell_apart(snapshot: &Snapshot, paths: &mut [Path]) {
    let mut known: Vec<Added> = Vec::new();
    for change in paths.iter_mut().flat_map(|path| &mut path.changes) {
        let Change::Add(added) = change else { continue };
        let base = added.name.clone();
        let clashes = |added: &Added, known: &[Added]| {
            known
                .iter()
                .any(|other| (&other.namespace, &other.name) == (&added.namespace, &added.name) && other != added)
        };
        let mut number = 2;
        while clashes(added, &known) {
            added.name = free(&format!("{base}-{number}"), snapshot, &added.namespace);
            number += 1;
        }
        known.push(added.clone());
    }
}

fn change(side: &Side, asked: &Asked<'_>) -> Change {
    if let Some(added) = added(asked)
        && helps(&added, asked)
    {
        return Change::Add(added);
    }
    match &side.ground {
        Ground::Denied(place) => Change::Rule(place.clone()),
        Ground::Isolated(_) if is_nameless(asked) => Change::ByHand(side.direction),
        Ground::Isolated(policies) => Change::Policies(policies.clone()),
        Ground::IsolatedByPlugin => Change::Plugin,
        _ => Change::ByHand(side.direction),
    }
}

/// Whether no selector can mean the peer.
fn is_nameless(asked: &Asked<'_>) -> bool {
    match peer(asked) {
        Actor::IngressController => true,
        Actor::Pod(group, _) => group.facts.host_network && !asked.plugin.host_network_pods,
        Actor::Address(_) | Actor::Controller(_) => false,
    }
}

fn peer<'a>(asked: &Asked<'a>) -> &'a Actor {
    match asked.direction {
        Direction::Ingress => asked.source,
        Direction::Egress => asked.destination,
    }
}

fn subject<'a>(asked: &Asked<'a>) -> Option<&'a Group> {
    match asked.direction {
        Direction::Ingress => asked.destination.group(),
        Direction::Egress => asked.source.group(),
    }
}

fn added(asked: &Asked<'_>) -> Option<Added> {
    let subject = subject(asked).filter(|group| group.object.kind != Kind::Namespace)?;
    if !asked.plugin.enforces(Kind::NetworkPolicy) || !is_isolated_already(asked) {
        return None;
    }
    let (allowed, called) = match peer(asked) {
        Actor::IngressController => return None,
        Actor::Address(address) => (PeerAdded::Address(*address), address.to_string()),
        Actor::Pod(group, addresses) if group.facts.host_network && !asked.plugin.host_network_pods => {
            let address = addresses.first()?;
            (PeerAdded::Address(*address), address.to_string())
        }
        Actor::Pod(group, _) => {
            let namespace = (group.namespace != subject.namespace).then(|| group.namespace.clone());
            (PeerAdded::Pods { namespace, labels: lasting(&group.facts.labels) }, group.workload.name.to_string())
        }
        Actor::Controller(group) => {
            let namespace = Some(group.namespace.clone());
            (PeerAdded::Pods { namespace, labels: Labels::default() }, group.namespace.to_string())
        }
    };
    let (protocol, port) = asked.at;
    let (from, to) = match asked.direction {
        Direction::Ingress => ("from", "to"),
        Direction::Egress => ("to", "from"),
    };
    let name = format!("allow-{to}-{}-{from}-{called}-{}-{port}", subject.workload.name, protocol.name());
    Some(Added {
        name: free(&name, asked.snapshot, &subject.namespace),
        namespace: subject.namespace.clone(),
        pods: lasting(&subject.facts.labels),
        direction: asked.direction,
        peer: allowed,
        protocol,
        port,
    })
}

/// A first policy would isolate the workload from everybody else, which is no small change.
fn is_isolated_already(asked: &Asked<'_>) -> bool {
    let policies = asked.policies().unwrap_or_default();
    let in_tier = policies.iter().any(|policy| {
        policy.order.tier == Tier::network_policy()
            && policy.isolates(asked.direction)
            && policy.subject.partial.is_none()
    });
    in_tier || (asked.plugin.enforcement == Enforcement::Always && policies.is_empty())
}

/// Whether the side lets the packet pass with the policy.
fn helps(added: &Added, asked: &Asked<'_>) -> bool {
    let (snapshot, _) = asked.snapshot.with([Edit::Put(Object::NetworkPolicy(Arc::new(added.policy())))]);
    let again = Asked { snapshot: &snapshot, ..*asked };
    again.side().verdict == Verdict::Allowed
}

/// The labels that replacements of a Pod have as well.
fn lasting(labels: &Labels) -> Labels {
    const OF_ONE: [&str; 10] = [
        "pod-template-hash",
        "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "controller-uid",
        "job-name",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
    ];
    labels
        .iter()
        .filter(|(key, _)| !OF_ONE.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The name as a policy can have it, with a number behind it where it is taken.
fn free(name: &str, snapshot: &Snapshot, namespace: &Name) -> Name {
    let clean: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(240).collect();
    let clean = clean.trim_end_matches('-');
    let is_free = |name: &Name| {
        let key = ObjectKey::namespaced(Kind::NetworkPolicy, namespace.clone(), name.clone());
        snapshot.object(&key).found().is_none()
    };
    let numbered = (2..).map(|number| Name::from(format!("{clean}-{number}")));
    std::iter::once(Name::from(clean)).chain(numbered).find(is_free).unwrap_or_default()
}

impl Added {
    /// The policy itself.
    pub fn policy(&self) -> NetworkPolicy {
        let peer = match &self.peer {
            PeerAdded::Pods { namespace, labels } => PolicyPeer::Pods {
                namespaces: namespace
                    .as_ref()
                    .map(|name| Selector::of_labels(&[(METADATA_NAME, name.clone())].into_iter().collect())),
                pods: Selector::of_labels(labels),
            },
            PeerAdded::Address(address) => PolicyPeer::IpBlock { cidr: IpNet::from(*address), except: Vec::new() },
        };
        let port = PolicyPort { protocol: self.protocol, port: PortMatch::Range(self.port, self.port) };
        let rules = vec![PolicyRule { peers: Some(vec![peer]), ports: Some(vec![port]) }];
        let (ingress, egress) = match self.direction {
            Direction::Ingress => (rules, Vec::new()),
            Direction::Egress => (Vec::new(), rules),
        };
        NetworkPolicy {
            meta: Meta { name: self.name.clone(), namespace: Some(self.namespace.clone()), ..Meta::default() },
            pod_selector: Selector::of_labels(&self.pods),
            isolates_ingress: self.direction == Direction::Ingress,
            isolates_egress: self.direction == Direction::Egress,
            ingress,
            egress,
            empty_egress_ignored: false,
            lowered: Derived::default(),
        }
    }
}
