//! Who the ingress controller is, as far as somebody says where it runs.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    model::{Kind, Name, Object, ObjectKey, Protocol},
    network::{self, Backend, Controllers, Server, reach::WorkloadName, target_ports},
    snapshot::Snapshot,
};

use super::{
    Question,
    ends::{self, Group},
};

/// What may connect as the ingress controller.
pub(super) enum Candidate {
    /// Nobody knows which Pods it is.
    Unknown,
    /// A workload in the controller's namespace.
    Workload(Name, Group),
    /// Somebody in the controller's namespace, of which the objects hold no workload.
    Somebody(Name, Group),
}

/// Who may connect as the ingress controller to those Pods and ports: whoever serves an Ingress or a route that leads there, as
/// `reach` has it. Where nothing leads to the port, it is who serves what leads to the Pods, and where nothing does, any controller
/// whose namespace is said.
pub(super) fn candidates(
    snapshot: &Snapshot,
    question: Question<'_>,
    to: &[(&Group, (Protocol, u16))],
) -> Vec<Candidate> {
    let controllers = question.controllers;
    let named = || controllers.namespaces.values().map(Some).collect::<BTreeSet<_>>();
    let of = |servers: BTreeSet<Server>| -> BTreeSet<Option<Name>> {
        let namespace = |server: &Server| match server {
            Server::Controller(name) => controllers.namespace(name).cloned(),
            Server::Unseen | Server::Nobody => None,
        };
        servers.iter().map(namespace).collect()
    };
    let mut namespaces = of(serving(snapshot, controllers, to, true));
    if namespaces.is_empty() {
        namespaces = of(serving(snapshot, controllers, to, false));
    }
    if namespaces.is_empty() {
        namespaces = named().into_iter().map(Option::<&Name>::cloned).collect();
    }
    if namespaces.is_empty() {
        namespaces.insert(None);
    }
    let mut found = Vec::new();
    for namespace in namespaces {
        let Some(namespace) = namespace else {
            found.push(Candidate::Unknown);
            continue;
        };
        let groups = ends::groups(snapshot, &namespace, question.now);
        if groups.is_empty() {
            found.push(Candidate::Somebody(namespace.clone(), somebody(snapshot, namespace)));
        } else {
            found.extend(groups.into_iter().map(|group| Candidate::Workload(namespace.clone(), group)));
        }
    }
    found
}

/// Who serves what leads to one of those Pods, on the port or on any.
fn serving(
    snapshot: &Snapshot,
    controllers: &Controllers,
    to: &[(&Group, (Protocol, u16))],
    by_port: bool,
) -> BTreeSet<Server> {
    let leads = |backends: BTreeSet<Backend>| {
        backends.iter().filter_map(|backend| backend.resolve(snapshot)).any(|(service, port)| {
            to.iter().any(|(group, (protocol, number))| {
                service.meta.namespace.as_ref() == Some(&group.namespace)
                    && service.selects(&group.facts.labels)
                    && (!by_port || target_ports(&port, &group.facts).contains(*protocol, *number))
            })
        })
    };
    let mut servers = BTreeSet::new();
    for object in snapshot.list(Kind::Ingress, None) {
        if let Object::Ingress(ingress) = object
            && !ingress.meta.is_terminating()
            && leads(Backend::of_ingress(ingress))
        {
            servers.insert(controllers.of_ingress(snapshot, ingress));
        }
    }
    for object in Kind::all().filter(|kind| kind.is_route()).flat_map(|kind| snapshot.list(kind, None)) {
        if let Object::Route(route) = object
            && !route.meta.is_terminating()
            && leads(Backend::of_route(route))
        {
            servers.extend(Controllers::of_route(snapshot, route));
        }
    }
    servers
}

/// A Pod of whom nothing is known but its namespace.
fn somebody(snapshot: &Snapshot, namespace: Name) -> Group {
    let object = ObjectKey::cluster(Kind::Namespace, namespace.clone());
    Group {
        workload: WorkloadName::of_key(&object),
        namespace_labels: network::namespace_labels(snapshot, &namespace),
        namespace,
        facts: Arc::default(),
        object,
        pods: Vec::new(),
    }
}
