//! Who serves Ingresses and routes, and where that runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    edge::{self, EdgeSettings, Serving, Vouched, gateway::gateways_of},
    model::{Gateway, Ingress, IngressBackend, Kind, Name, Object, ObjectKey, Route, Service, ServicePort},
    snapshot::{Lookup, Snapshot},
};

use super::service_port;

/// What no object says of controllers, as the ruleset tells it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Controllers {
    /// By the controller's name (`IngressClass.spec.controller`, `GatewayClass.spec.controllerName`), the namespace that it runs in.
    pub namespaces: BTreeMap<Name, Name>,
    /// By class, the controller that serves Ingresses whose class cannot be resolved from `IngressClasses`.
    pub of_classes: BTreeMap<Name, Name>,
}

/// Who serves an Ingress or a route.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Server {
    /// The controller of that name, as classes have it.
    Controller(Name),
    /// Somebody whose name cannot be seen.
    Unseen,
    /// Nobody is known to.
    Nobody,
}

/// A port of a Service that an Ingress or a route leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Backend {
    /// The Service.
    pub service: ObjectKey,
    /// Its port, by name or number.
    pub port: Name,
}

impl Controllers {
    /// The namespace that the controller runs in, where it is said.
    pub fn namespace(&self, controller: &Name) -> Option<&Name> {
        self.namespaces.get(controller)
    }

    /// Who serves an Ingress.
    pub fn of_ingress(&self, snapshot: &Snapshot, ingress: &Ingress) -> Server {
        let none = BTreeSet::new();
        let settings = EdgeSettings::default();
        let vouched =
            Vouched { controllers_of_classes: &self.of_classes, refuses_plaintext: &none, settings: &settings };
        match edge::resolve(snapshot, vouched, ingress).serving {
            Serving::Known { name, .. } | Serving::Unknown { name } => Server::Controller(name),
            Serving::Unseen(_) => Server::Unseen,
            Serving::Nobody(_) => Server::Nobody,
        }
    }

    /// Who serves a route, each once: the controllers of its Gateways, those that take in its `ListenerSets` among them. A route without a Gateway is served by nobody.
    pub fn of_route(snapshot: &Snapshot, route: &Route) -> BTreeSet<Server> {
        let server = |gateway: Lookup<Arc<Gateway>>| match gateway {
            Lookup::Found(gateway) => {
                match snapshot.object(&ObjectKey::cluster(Kind::GatewayClass, gateway.class_name.clone())) {
                    Lookup::Found(Object::GatewayClass(class)) => Server::Controller(class.controller.clone()),
                    Lookup::Found(_) | Lookup::Absent => Server::Nobody,
                    Lookup::Unseen(_) => Server::Unseen,
                }
            }
            Lookup::Absent => Server::Nobody,
            Lookup::Unseen(_) => Server::Unseen,
        };
        let mut servers: BTreeSet<Server> = gateways_of(snapshot, route).into_iter().map(server).collect();
        if servers.iter().any(|server| *server != Server::Nobody) {
            servers.remove(&Server::Nobody);
        }
        servers
    }
}

impl Backend {
    /// The Services that an Ingress leads to, each port once.
    pub fn of_ingress(ingress: &Ingress) -> BTreeSet<Self> {
        let paths = ingress.rules.iter().flat_map(|rule| &rule.paths).map(|path| &path.backend);
        let backends = ingress.default_backend.iter().chain(paths);
        let backend = |backend: &IngressBackend| match backend {
            IngressBackend::Service { name, port } => {
                let namespace = ingress.meta.namespace.clone()?;
                let service = ObjectKey::namespaced(Kind::Service, namespace, name.clone());
                Some(Self { service, port: port.clone()? })
            }
            IngressBackend::Resource { .. } => None,
        };
        backends.filter_map(backend).collect()
    }

    /// The Services that a route leads to, each port once.
    pub fn of_route(route: &Route) -> BTreeSet<Self> {
        let backends = route.backends.iter();
        let backends = backends.filter_map(|it| Some((it.service.clone(), Name::from(it.port?.to_string()))));
        backends.map(|(service, port)| Self { service, port }).collect()
    }

    /// The Service, and its port.
    pub fn resolve(&self, snapshot: &Snapshot) -> Option<(Arc<Service>, ServicePort)> {
        let Object::Service(service) = snapshot.object(&self.service).found()? else { return None };
        let port = service_port(&service, &self.port)?.clone();
        Some((service, port))
    }
}
