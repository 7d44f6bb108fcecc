//! What the rules about Services share: the Pods behind a Service, and what their ingress policies let in.

use std::{borrow::Cow, sync::Arc};

use crate::{
    model::{FieldPath, Kind, Name, Object, ObjectKey, PortSet, Service, ServicePort},
    network::{
        Action, Controllers, Direction, Endpoints, Enforcement, Fit, Peer, PodView, Policy, Rule as PolicyRule,
        WideReach, coverage, endpoints, namespace_labels, policies_on, reached_ports, side, target_ports,
    },
    snapshot::{Blind, Coverage, Need, Snapshot},
};

use super::{Breach, Context, Subject, answers::Answers, isolation::describe_reach};

/// Pods behind a Service, and the policies of their ingress.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// The Pods.
    pub(super) pods: Endpoints,
    /// The policies, in order; `None` where policies have no hold on them.
    pub(super) policies: Option<Vec<Arc<Policy>>>,
}

/// The Pods behind a Service of the snapshot. Many Ingresses lead to one Service, and more than one rule asks.
pub(super) fn endpoints_of(context: &Context<'_>, service: &Service) -> Arc<[Endpoint]> {
    let known = context.snapshot.memo().table::<Answers<ObjectKey, Arc<[Endpoint]>>>();
    let meta = &service.meta;
    let key = ObjectKey { kind: Kind::Service, namespace: meta.namespace.clone(), name: meta.name.clone() };
    known.give(context, key, || find(context, service).into())
}

fn find(context: &Context<'_>, service: &Service) -> Vec<Endpoint> {
    let found = endpoints(context.snapshot, service, context.now);
    let Some(first) = found.first() else { return Vec::new() };
    let labels = namespace_labels(context.snapshot, &first.namespace);
    let endpoint = |pods: Endpoints| {
        let view = PodView { namespace: &pods.namespace, namespace_labels: &labels, facts: &pods.facts };
        let policies = policies_on(context.snapshot, &context.environment.plugin, view, Direction::Ingress);
        Endpoint { pods, policies }
    };
    found.into_iter().map(endpoint).collect()
}

impl Endpoint {
    /// The ports of the Pods to which a port of the Service leads, by its address or, where it is headless, by its name.
    pub(super) fn target(&self, service: &Service, port: &ServicePort) -> PortSet {
        target_ports(port, &self.pods.facts).union(&reached_ports(service, port, &self.pods.facts))
    }

    /// The ports on which a peer may be let in, at most. `fit` says how rules fit him.
    pub(super) fn lets_in(&self, context: &Context<'_>, fit: impl Fn(&PolicyRule) -> Fit) -> PortSet {
        let plugin = &context.environment.plugin;
        match self.policies.as_deref() {
            Some([]) if plugin.enforcement == Enforcement::Always => PortSet::none(),
            None | Some([]) => PortSet::every(),
            Some(policies) => side(policies, Direction::Ingress, fit, |ports| ports.on(plugin, &self.pods.facts)).most,
        }
    }

    /// The ports on which somebody may be let in.
    pub(super) fn lets_anybody_in(&self, context: &Context<'_>) -> PortSet {
        self.lets_in(context, |rule| match rule.action {
            Action::Accept | Action::Pass => Fit::Yes,
            Action::Deny if rule.peers.iter().any(|(peer, _)| *peer == Peer::Everyone) => Fit::Yes,
            Action::Deny => Fit::No,
        })
    }

    /// The rules that accept somebody on some of these ports; where none does, all that accept somebody.
    pub(super) fn accepting<'a>(&'a self, context: &Context<'_>, ports: &PortSet) -> Vec<(&'a Policy, &'a PolicyRule)> {
        let rules = self.policies.iter().flatten().flat_map(|policy| {
            let rules = policy.rules(Direction::Ingress).unwrap_or_default();
            rules.iter().filter(|rule| rule.action == Action::Accept).map(move |rule| (&**policy, rule))
        });
        let rules: Vec<_> = rules.collect();
        let of = |rule: &PolicyRule| -> PortSet {
            let ports: Cow<'_, PortSet> = rule.ports.on(&context.environment.plugin, &self.pods.facts);
            ports.into_owned()
        };
        let near: Vec<_> = rules.iter().copied().filter(|(_, rule)| !of(rule).is_disjoint(ports)).collect();
        if near.is_empty() { rules } else { near }
    }

    /// The policies that isolate the Pods, as a list of names.
    pub(super) fn isolating(&self) -> String {
        let policies = self.policies.iter().flatten().filter(|policy| policy.isolates(Direction::Ingress));
        let mut names: Vec<String> = policies.map(|policy| policy.source.name.to_string()).collect();
        names.dedup();
        listed(&names)
    }
}

/// `a, b and 3 more`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, other, rest @ ..] => format!("{one}, {other} and {} more", rest.len()),
    }
}

/// A peer in words.
pub(super) fn describe(peer: &Peer) -> String {
    match peer {
        Peer::Everyone => "everyone".to_owned(),
        Peer::Nodes => "nodes".to_owned(),
        Peer::Addresses(addresses) | Peer::World(addresses) => {
            describe_reach(&WideReach::Addresses(Arc::clone(addresses)))
        }
        Peer::Pods { namespace: None, namespaces, pods } if namespaces.is_everything() => {
            describe_reach(&WideReach::Namespaces { pods: pods.clone() })
        }
        Peer::Pods { namespace, namespaces, pods } => {
            let pods = if pods.is_everything() { "every Pod".to_owned() } else { format!("Pods with {pods}") };
            match namespace {
                Some(namespace) => format!("{pods} of {namespace}"),
                None => format!("{pods} of namespaces with {namespaces}"),
            }
        }
    }
}

/// The object of a subject that is of a kind which `counts`, with its key.
pub(super) fn object_of(
    snapshot: &Snapshot,
    subject: &Subject,
    counts: impl Fn(Kind) -> bool,
) -> Option<(ObjectKey, Object)> {
    let Subject::Object(key) = subject else { return None };
    if !counts(key.kind) {
        return None;
    }
    let object = snapshot.object(key).found()?;
    (!object.meta().is_terminating()).then(|| (key.clone(), object))
}

/// The subject as a Service.
pub(super) fn service_of(snapshot: &Snapshot, subject: &Subject) -> Option<(ObjectKey, Arc<Service>)> {
    match object_of(snapshot, subject, |kind| kind == Kind::Service)? {
        (key, Object::Service(service)) => Some((key, service)),
        _ => None,
    }
}

/// The port of the Service that a breach is about, and where it stands.
pub(super) fn port_at<'a>(service: &'a Service, breach: &Breach) -> Option<(usize, &'a ServicePort)> {
    let super::Aspect::Port(protocol, number) = breach.aspect else { return None };
    service.ports.iter().enumerate().find(|(_, port)| port.protocol == protocol && port.port == number)
}

/// Where a port of a Service stands.
pub(super) fn port_path(index: usize) -> FieldPath {
    FieldPath::new("spec.ports").index(index)
}

/// Whether nothing that was not seen could let in what the known policies do not, or stand behind a Service besides.
pub(super) fn certainty(context: &Context<'_>, namespace: &Name) -> Coverage {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    coverage(snapshot, plugin, namespace)?;
    snapshot.coverage(Kind::Pod, Some(namespace))?;
    let beyond = |kind: &Kind| kind.is_policy() && *kind != Kind::NetworkPolicy && snapshot.count(*kind) > 0;
    match Kind::all().find(beyond).filter(|_| !plugin.declared) {
        Some(kind) => Err(Blind::Unknowable(
            format!("whether {kind} objects are enforced here: set environment.networkPlugin in the ruleset").into(),
        )),
        None => Ok(()),
    }
}

/// The reads that a breach about Services of these namespaces rests on.
pub(super) fn needs<'a>(namespaces: impl IntoIterator<Item = &'a Name>) -> Vec<Need> {
    let kinds = [Kind::NetworkPolicy, Kind::Service, Kind::Pod];
    namespaces.into_iter().flat_map(|namespace| kinds.map(|kind| Need::List(kind, Some(namespace.clone())))).collect()
}

/// What the ruleset says of controllers, of the environment.
pub(super) fn controllers(context: &Context<'_>) -> Controllers {
    context.environment.controllers()
}
