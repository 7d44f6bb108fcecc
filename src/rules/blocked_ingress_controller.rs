//! `blocked-ingress-controller`: an Ingress or a route to Pods that do not let the controller in.
//!
//! **How sure.** Where the ruleset names the controller's namespace, rules either mean somebody there or they do not. Where nobody
//! names it, a rule for Pods of other namespaces, for nodes or for addresses may mean the controller and is taken to. What admits
//! nobody at all blocks it for certain; what admits only its own namespace blocks it unless it runs there, which cannot be proved.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    model::{FieldPath, IngressBackend, Kind, Labels, Name, Object, ObjectKey, PodFacts, Route},
    network::{Backend, Controllers, Fit, Peer, PodView, Rule as PolicyRule, Server, namespace_labels},
    snapshot::{Blind, Lookup, Need},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    answers::Answers,
    behind_services::{Endpoint, certainty, controllers, endpoints_of, needs, object_of},
};

/// The rule.
pub(super) struct BlockedIngressController;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("blocked-ingress-controller"),
    family: Family("blocked-ingress-controller"),
    level: Level::Hint,
    what: "An Ingress, or a route of Gateway API, to Pods whose ingress policies do not let the controller in.",
    why: "The controller connects to the Pods itself, as any other Pod does, and from another namespace as a rule: without a rule \
          that admits it every request ends in a timeout (502, 503, 504). Name the controller's namespace in the ruleset \
          (environment.ingressControllers: {NAME: {namespace: NAMESPACE}}) to have this judged exactly.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        "https://gateway-api.sigs.k8s.io/reference/spec/",
    ],
    parameters: &[],
    aspect: "the port of the Service",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]
      ports: [{port: 8080}]
",
    mend: "Admit the controller's namespace on the Pods' port.",
};

impl Rule for BlockedIngressController {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(served) = Served::of(context, subject) else { return };
        if served.servers.is_empty() {
            return;
        }
        for backend in &served.backends {
            let Some(blocked) = served.blocked(context, backend) else { continue };
            let namespace = backend.service.namespace.clone().unwrap_or_default();
            let certain = blocked.certain.clone().and_then(|()| certainty(context, &namespace));
            out.push(Breach {
                rule: INFO.id,
                family: INFO.family,
                subject: subject.clone(),
                aspect: Aspect::Service(backend.service.clone(), backend.port.clone()),
                extent: Extent::Count(1),
                certain,
            });
        }
    }

    fn rests_on(&self, _: &Context<'_>, breach: &Breach) -> Vec<Need> {
        match &breach.aspect {
            Aspect::Service(service, _) => needs(&service.namespace),
            _ => Vec::new(),
        }
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let mut finding = Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} leads to Pods that do not let the ingress controller in"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject: reference,
        };
        let Aspect::Service(service, port) = &breach.aspect else { return finding };
        let backend = Backend { service: service.clone(), port: port.clone() };
        let Some(served) = Served::of(context, &breach.subject) else { return finding };
        let Some(blocked) = served.blocked(context, &backend) else { return finding };
        let controller = match (&blocked.controller, &blocked.namespace) {
            (Some(name), Some(namespace)) => format!("the controller {name} of namespace {namespace}"),
            (Some(name), None) => format!("the controller {name}"),
            (None, _) => "the ingress controller".to_owned(),
        };
        let subject = &finding.subject;
        let Blocked { workload, target, isolated_by, .. } = &*blocked;
        finding.message = format!(
            "{subject} leads to {service} port {port}, and {workload} does not let {controller} in on {target}: isolated by {isolated_by}"
        );
        let namespace = blocked.namespace.as_deref().unwrap_or("NAMESPACE");
        finding.fix = Fix::Words(format!(
            "admit it on {target}: from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}]"
        ));
        finding.places.extend(served.at(&backend).map(|path| Place { object: served.key.clone(), path }));
        finding.places.push(Place { object: service.clone(), path: FieldPath::new("spec.ports") });
        finding
    }
}

/// An Ingress or a route: who serves it, and where it leads.
struct Served {
    key: ObjectKey,
    object: Object,
    servers: BTreeSet<Server>,
    backends: BTreeSet<Backend>,
    controllers: Controllers,
}

/// Pods that do not let a controller in.
struct Blocked {
    controller: Option<Name>,
    /// Where it runs, if that is said.
    namespace: Option<Name>,
    workload: String,
    target: String,
    isolated_by: String,
    certain: Result<(), Blind>,
}

impl Served {
    fn of(context: &Context<'_>, subject: &Subject) -> Option<Self> {
        let (key, object) = object_of(context.snapshot, subject, |kind| kind == Kind::Ingress || kind.is_route())?;
        let controllers = controllers(context);
        let (servers, backends) = match &object {
            Object::Ingress(ingress) => {
                ([controllers.of_ingress(context.snapshot, ingress)].into(), Backend::of_ingress(ingress))
            }
            Object::Route(route) => (Controllers::of_route(context.snapshot, route), Backend::of_route(route)),
            _ => return None,
        };
        // Where nobody is known to serve it, nobody is blocked.
        let servers = servers.into_iter().filter(|server| *server != Server::Nobody).collect();
        Some(Self { key, object, servers, backends, controllers })
    }

    /// The Pods of a backend that let some controller in on none of its ports: all that it has, or else it is a split Service. It is the
    /// same for all that lead there through the same controllers.
    fn blocked(&self, context: &Context<'_>, backend: &Backend) -> Option<Arc<Blocked>> {
        let known = context.snapshot.memo().table::<Answers<(Backend, BTreeSet<Server>), Option<Arc<Blocked>>>>();
        let asked = (backend.clone(), self.servers.clone());
        known.give(context, asked, || self.find_blocked(context, backend).map(Arc::new))
    }

    fn find_blocked(&self, context: &Context<'_>, backend: &Backend) -> Option<Blocked> {
        let (service, port) = backend.resolve(context.snapshot)?;
        let endpoints = endpoints_of(context, &service);
        let reached: Vec<_> = endpoints
            .iter()
            .map(|endpoint| (endpoint, endpoint.target(&service, &port)))
            .filter(|(_, target)| !target.is_empty())
            .collect();
        let (first, target) = reached.first()?;
        self.servers.iter().find_map(|server| {
            let name = match server {
                Server::Controller(name) => Some(name),
                Server::Unseen | Server::Nobody => None,
            };
            let namespace = name.and_then(|name| self.controllers.namespace(name));
            let place = Whereabouts::of(context, namespace, backend.service.namespace.as_ref());
            let blocks = |place: &Whereabouts, own: Fit| {
                let lets_in = |endpoint: &Endpoint| endpoint.lets_in(context, |rule| place.fit(rule, own));
                reached.iter().all(|(endpoint, target)| lets_in(endpoint).is_disjoint(target))
            };
            if !blocks(&place, Fit::No) {
                return None;
            }
            let certain = match namespace {
                Some(_) => place.certain.clone(),
                None if blocks(&place, Fit::Partly) => Ok(()),
                None => Err(Blind::Unknowable(
                    format!(
                        "which namespace the ingress controller runs in: name it in the ruleset's \
                         environment.ingressControllers: {{{}: {{namespace: NAMESPACE}}}}",
                        name.map_or("NAME", |name| name.as_str())
                    )
                    .into(),
                )),
            };
            Some(Blocked {
                controller: name.cloned(),
                namespace: namespace.cloned(),
                workload: first.pods.workload.to_string(),
                target: target.to_string(),
                isolated_by: first.isolating(),
                certain,
            })
        })
    }

    /// Where a backend was written first.
    fn at(&self, backend: &Backend) -> Option<FieldPath> {
        match &self.object {
            Object::Ingress(ingress) => {
                let names = |it: &IngressBackend| {
                    matches!(it, IngressBackend::Service { name, port }
                        if *name == backend.service.name && port.as_ref() == Some(&backend.port))
                };
                if ingress.default_backend.as_ref().is_some_and(names) {
                    return Some(FieldPath::new("spec.defaultBackend.service"));
                }
                let rules = ingress.rules.iter().enumerate();
                let mut paths =
                    rules.flat_map(|(rule, it)| it.paths.iter().enumerate().map(move |(at, it)| (rule, at, it)));
                let (rule, path, _) = paths.find(|(.., path)| names(&path.backend))?;
                Some(FieldPath::new(format!("spec.rules[{rule}].http.paths[{path}].backend.service")))
            }
            Object::Route(route) => in_route(route, backend),
            _ => None,
        }
    }
}

fn in_route(route: &Route, backend: &Backend) -> Option<FieldPath> {
    let is_meant = |port: Option<u16>| port.is_some_and(|port| port.to_string() == backend.port.as_str());
    let mut backends = route.backends.iter();
    backends.find(|it| it.service == backend.service && is_meant(it.port)).map(|it| it.at.clone())
}

/// What is known of where a controller runs, and as what.
struct Whereabouts {
    /// Its namespace with its labels.
    namespace: Option<(Name, Labels)>,
    /// The Pods of that namespace; none where they are not known.
    pods: Vec<Arc<PodFacts>>,
    /// The namespace of the backends.
    own: Option<Name>,
    certain: Result<(), Blind>,
}

impl Whereabouts {
    fn of(context: &Context<'_>, namespace: Option<&Name>, own: Option<&Name>) -> Self {
        let snapshot = context.snapshot;
        let Some(name) = namespace else {
            return Self { namespace: None, pods: Vec::new(), own: own.cloned(), certain: Ok(()) };
        };
        let classes = snapshot.classes(Some(name)).map(|(_, class)| class.facts.clone());
        let templates = snapshot.templates(Some(name)).filter_map(|object| object.pod_facts().cloned());
        let certain = match snapshot.namespace(name) {
            Lookup::Found(_) => Ok(()),
            Lookup::Absent => Err(Blind::Unknowable(format!("the labels of the namespace {name}").into())),
            Lookup::Unseen(blind) => Err(blind),
        };
        Self {
            namespace: Some((name.clone(), namespace_labels(snapshot, name))),
            pods: classes.chain(templates).collect(),
            own: own.cloned(),
            certain,
        }
    }

    /// Whether a rule may mean the controller. `own` is how Pods of the backends' namespace fit, where nobody says where it runs.
    fn fit(&self, rule: &PolicyRule, own: Fit) -> Fit {
        rule.peers.iter().map(|(peer, _)| self.is(peer, own)).max().unwrap_or(Fit::No)
    }

    fn is(&self, peer: &Peer, own: Fit) -> Fit {
        match (peer, &self.namespace) {
            (Peer::Everyone, _) => Fit::Yes,
            (Peer::World(_), Some(_)) => Fit::No,
            // It may be on its node's network, or outside of the cluster.
            (Peer::Nodes | Peer::Addresses(_) | Peer::World(_), _) => Fit::Partly,
            (Peer::Pods { namespace: Some(its), .. }, None) if Some(its) == self.own.as_ref() => own,
            (Peer::Pods { .. }, None) => {
                if peer.is_unnamed_pod() {
                    Fit::Yes
                } else {
                    Fit::Partly
                }
            }
            (Peer::Pods { namespace, namespaces, pods }, Some((name, labels))) => {
                let is_there = namespace.as_ref().is_none_or(|it| it == name)
                    && (namespaces.is_everything() || namespaces.matches(labels));
                let view = |facts| PodView { namespace: name, namespace_labels: labels, facts };
                if !is_there {
                    Fit::No
                } else if pods.is_everything() {
                    Fit::Yes
                } else if self.pods.is_empty() || self.pods.iter().any(|facts| view(facts).satisfies(pods)) {
                    Fit::Partly
                } else {
                    Fit::No
                }
            }
        }
    }
}
