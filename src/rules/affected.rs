//! Which subjects a change can affect.
//!
//! The law that [`affected`] keeps: whatever judging [`everything`] finds after a change and not before it is a breach of one of
//! these subjects. Three differences are deliberate: a Pod that was touched is judged as itself and not as its class, for a request
//! about one Pod does not answer for the others; what rules say of Services, and of hops to them, is not judged with every Pod
//! ([`super::affected_services`]); and policies of other namespaces are not asked whether they lose a peer
//! ([`super::affected_policies`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    edge,
    model::{IngressBackend, Kind, Labels, Name, Object, ObjectKey, PodFacts, Selector, annotations},
    network::{Family, PodView, Policy, each_policy, namespace_labels},
    snapshot::{Snapshot, Touched},
};

use super::{
    Environment, Subject, affected_encryption,
    affected_policies::{meaning, neighbours},
    affected_services::{behind_gateways, behind_policy, policies_behind},
    ambiguous_priority::tied,
};

/// The subjects whose breaches a change of these objects can alter, in the state before or after it.
pub fn affected(
    before: &Snapshot,
    after: &Snapshot,
    touched: &Touched,
    environment: &Environment,
) -> BTreeSet<Subject> {
    gathered(before, after, touched, environment, true)
}

/// Those of [`affected`] that are no policies.
pub fn affected_but_policies(
    before: &Snapshot,
    after: &Snapshot,
    touched: &Touched,
    environment: &Environment,
) -> BTreeSet<Subject> {
    let mut subjects = gathered(before, after, touched, environment, false);
    subjects.retain(|subject| !subject.kind().is_policy());
    subjects
}

fn gathered(
    before: &Snapshot,
    after: &Snapshot,
    touched: &Touched,
    environment: &Environment,
    with_policies: bool,
) -> BTreeSet<Subject> {
    // Where no Pod and no template differs, the state after has all that the state before has.
    let same_workloads = touched.iter().all(|key| key.kind != Kind::Pod && !key.kind.is_workload());
    let states = if same_workloads { vec![after] } else { vec![before, after] };
    let same_policies = touched.iter().all(|key| !key.kind.decides_isolation());
    let policies = if same_policies { vec![after] } else { vec![before, after] };
    let subjects = BTreeSet::new();
    let mut affected = Affected { before, after, states, policies, with_policies, environment, subjects };
    for key in touched {
        affected.touch(key);
    }
    affected.subjects
}

/// Every subject of a snapshot, each once: classes, templates without a controller, and objects of other kinds that rules judge.
pub fn everything(snapshot: &Snapshot) -> BTreeSet<Subject> {
    let classes = snapshot.classes(None).map(|(key, _)| Subject::Class(key.clone()));
    let templates = snapshot.templates(None).map(|object| Subject::Object(object.key()));
    let judged = |kind: &Kind| {
        let others = [Kind::Namespace, Kind::Service, Kind::Secret, Kind::ReferenceGrant, Kind::Certificate];
        let is_policy = kind.is_policy() || kind.is_staged_policy() || kind.is_mesh_policy() || kind.is_settings();
        others.contains(kind) || is_policy || kind.opens_edge() || kind.is_webhook_configuration()
    };
    let others = Kind::all()
        .filter(judged)
        .flat_map(|kind| snapshot.list(kind, None))
        .map(|object| Subject::Object(object.key()));
    classes.chain(templates).chain(others).collect()
}

/// The workloads of every kind, in one namespace or in all.
pub(super) fn workloads<'a>(
    snapshot: &'a Snapshot,
    namespace: Option<&'a Name>,
) -> impl Iterator<Item = &'a Object> + 'a {
    Kind::all().filter(|kind| kind.is_workload()).flat_map(move |kind| snapshot.list(kind, namespace))
}

/// What a policy comes to in a state.
fn lowered(state: &Snapshot, key: &ObjectKey) -> Vec<Arc<Policy>> {
    let mut policies = Vec::new();
    if let Some(object) = state.object(key).found() {
        each_policy(state, &object, |policy| policies.push(Arc::clone(policy)));
    }
    policies
}

struct Affected<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    /// The states whose classes and templates differ.
    states: Vec<&'a Snapshot>,
    /// The states whose policies differ.
    policies: Vec<&'a Snapshot>,
    /// Whether the policies that a change of something else affects are looked for.
    with_policies: bool,
    environment: &'a Environment,
    subjects: BTreeSet<Subject>,
}

impl Affected<'_> {
    fn touch(&mut self, key: &ObjectKey) {
        self.subjects.insert(Subject::Object(key.clone()));
        if self.with_policies {
            self.tied(key.kind);
        }
        match key.kind {
            Kind::Namespace => self.workloads_where(&key.name, |_| true),
            Kind::NetworkPolicy => self.policy(key),
            Kind::Service => self.service(key),
            Kind::Ingress => self.ingress(key),
            Kind::IngressClass => self.ingress_class(key),
            Kind::Gateway | Kind::GatewayClass => {
                for state in [self.before, self.after] {
                    behind_gateways(state, key, &mut self.subjects);
                }
            }
            Kind::Pod => self.workload(key),
            kind if kind.is_policy() => {
                self.beyond(std::iter::once(key.clone()));
                if let Some(namespace) = &key.namespace {
                    behind_policy(self.after, namespace, &Selector::everything(), &mut self.subjects);
                }
            }
            kind if kind.is_policy_context() => self.contextual(),
            kind if kind.is_workload() => {
                self.workload(key);
                self.dependents(key);
            }
            _ => {}
        }
        for state in [self.before, self.after] {
            let altered = edge::alters(state, key).into_iter().map(Subject::Object);
            self.subjects.extend(altered);
            affected_encryption::covered(state, key, &self.environment.mesh, &mut self.subjects);
        }
        if key.kind.is_policy() {
            neighbours(self.after, key, &mut self.subjects);
        }
    }

    /// The object before and after, as far as it is there.
    fn versions(&self, key: &ObjectKey) -> impl Iterator<Item = Object> + use<> {
        [self.before.object(key).found(), self.after.object(key).found()].into_iter().flatten()
    }

    /// The first workload of a namespace may lack a default-deny, and a policy may find or lose the last one that it means.
    fn workload(&mut self, key: &ObjectKey) {
        let Some(namespace) = &key.namespace else { return };
        self.subjects.insert(Subject::Object(ObjectKey::cluster(Kind::Namespace, namespace.clone())));
        if !self.with_policies {
            return;
        }
        for version in self.versions(key) {
            let Some(facts) = version.pod_facts() else { continue };
            for state in &self.policies {
                meaning(state, namespace, facts, &mut self.subjects);
            }
        }
    }

    /// Workloads that stand alone once their controller is gone.
    fn dependents(&mut self, key: &ObjectKey) {
        let is_owner = |object: &&Object| {
            object.meta().controller().is_some_and(|owner| *owner.kind == *key.kind.name() && owner.name == key.name)
        };
        let after = self.after;
        let dependents = workloads(after, key.namespace.as_ref()).filter(is_owner);
        self.subjects.extend(dependents.map(|object| Subject::Object(object.key())));
    }

    fn policy(&mut self, key: &ObjectKey) {
        let Some(namespace) = &key.namespace else { return };
        self.subjects.insert(Subject::Object(ObjectKey::cluster(Kind::Namespace, namespace.clone())));
        for version in self.versions(key) {
            if let Object::NetworkPolicy(policy) = version {
                self.workloads_where(namespace, |labels| policy.pod_selector.matches(labels));
                behind_policy(self.after, namespace, &policy.pod_selector, &mut self.subjects);
            }
        }
    }

    /// Tiers and sets of networks decide what policies of their family mean: those that mean something else now.
    fn contextual(&mut self) {
        let family = |kind: &Kind| Family::of(*kind) == Some(Family::Calico);
        let of = |state: &Snapshot| -> Vec<ObjectKey> {
            Kind::all().filter(family).flat_map(|kind| state.list(kind, None)).map(Object::key).collect()
        };
        let policies: BTreeSet<ObjectKey> = of(self.before).into_iter().chain(of(self.after)).collect();
        let (before, after) = (self.before, self.after);
        self.beyond(policies.into_iter().filter(|key| lowered(before, key) != lowered(after, key)));
    }

    /// The workloads that policies of other kinds than NetworkPolicy select, in any namespace, and those namespaces.
    fn beyond(&mut self, policies: impl IntoIterator<Item = ObjectKey>) {
        // By the namespace that they are limited to. One object may be thousands of policies with few subjects.
        let mut selecting: BTreeMap<Option<Name>, Vec<Arc<Policy>>> = BTreeMap::new();
        for key in policies {
            for policy in [self.before, self.after].into_iter().flat_map(|state| lowered(state, &key)) {
                let known = selecting.entry(policy.subject.namespace.clone()).or_default();
                if known.last().is_none_or(|last| last.subject != policy.subject) {
                    known.push(policy);
                }
            }
        }
        let own = selecting.keys().cloned().collect::<Option<BTreeSet<Name>>>();
        let namespaces = own.unwrap_or_else(|| {
            let named = [self.before, self.after].into_iter().flat_map(|state| state.list(Kind::Namespace, None));
            named.map(|object| object.meta().name.clone()).collect()
        });
        let everywhere = selecting.remove(&None).unwrap_or_default();
        for name in &namespaces {
            self.subjects.insert(Subject::Object(ObjectKey::cluster(Kind::Namespace, name.clone())));
            let here = selecting.get(&Some(name.clone())).map(Vec::as_slice).unwrap_or_default();
            let (states, subjects) = (&self.states, &mut self.subjects);
            for state in states {
                let labels = namespace_labels(state, name);
                let selected = |facts: &PodFacts| {
                    let view = PodView { namespace: name, namespace_labels: &labels, facts };
                    everywhere.iter().chain(here).any(|policy| policy.subject.names(view))
                };
                let classes = state.classes(Some(name)).filter(|(key, _)| selected(&key.facts));
                subjects.extend(classes.map(|(key, _)| Subject::Class(key.clone())));
                let templates = state.templates_where(Some(name), |facts| selected(facts));
                subjects.extend(templates.map(|object| Subject::Object(object.key())));
            }
        }
    }

    /// Policies of one tier and priority contradict each other on the workloads that there are.
    fn tied(&mut self, kind: Kind) {
        if kind == Kind::Namespace || kind == Kind::Pod || kind.is_workload() || kind.is_policy() {
            for state in [self.before, self.after] {
                self.subjects.extend(tied(state).into_iter().map(Subject::Object));
            }
        }
    }

    /// A Service matters to workloads only where it exposes them: by its type, or through an Ingress.
    fn service(&mut self, key: &ObjectKey) {
        let Some(namespace) = &key.namespace else { return };
        let (before, after) = (self.before, self.after);
        let leading: Vec<ObjectKey> = before.referrers(key).chain(after.referrers(key)).cloned().collect();
        let versions: Vec<Object> = self.versions(key).collect();
        let exposes =
            versions.iter().any(|version| matches!(version, Object::Service(service) if service.is_exposed()));
        if exposes || leading.iter().any(|key| key.kind == Kind::Ingress) {
            for version in versions {
                if let Object::Service(service) = version {
                    self.workloads_where(namespace, |labels| service.selects(labels));
                }
            }
        }
        self.subjects.extend(leading.into_iter().map(Subject::Object));
        if !self.with_policies {
            return;
        }
        for version in self.versions(key) {
            if let Object::Service(service) = version {
                policies_behind(self.after, namespace, &service, &mut self.subjects);
            }
        }
    }

    /// An Ingress exposes the workloads behind its Services, and the certificate that it asks for may serve other Ingresses of
    /// its hosts.
    fn ingress(&mut self, key: &ObjectKey) {
        let Some(namespace) = &key.namespace else { return };
        let mut services = BTreeSet::new();
        for version in self.versions(key) {
            let Object::Ingress(ingress) = version else { continue };
            for host in ingress.rules.iter().filter_map(|rule| rule.host.as_ref()) {
                self.sharing(host);
            }
            let paths = ingress.rules.iter().flat_map(|rule| &rule.paths).map(|path| &path.backend);
            services.extend(ingress.default_backend.iter().chain(paths).filter_map(|backend| match backend {
                IngressBackend::Service { name, .. } => Some(name.clone()),
                IngressBackend::Resource { .. } => None,
            }));
        }
        for name in services {
            for version in self.versions(&ObjectKey::namespaced(Kind::Service, namespace.clone(), name)) {
                if let Object::Service(service) = version {
                    self.workloads_where(namespace, |labels| service.selects(labels));
                }
            }
        }
    }

    /// Adds the Ingresses of a host; of a wildcard also those of the hosts that it stands for.
    fn sharing(&mut self, host: &Name) {
        for state in [self.before, self.after] {
            let same = state.ingresses_of_host(host);
            let below = host.starts_with("*.").then(|| state.ingresses_below(host)).into_iter().flatten();
            let keys = same.chain(below).map(|ingress| Object::Ingress(Arc::clone(ingress)).key());
            self.subjects.extend(keys.map(Subject::Object));
        }
    }

    /// Who serves an Ingress follows from its class: named, by the old annotation, or the default.
    fn ingress_class(&mut self, key: &ObjectKey) {
        let is_default =
            self.versions(key).any(|version| matches!(version, Object::IngressClass(class) if class.is_default));
        let by_name = |object: &&Object| {
            is_default || object.meta().annotations.value(annotations::INGRESS_CLASS) == Some(&key.name)
        };
        for state in [self.before, self.after] {
            let named = state.referrers(key).cloned().map(Subject::Object);
            let others = state.list(Kind::Ingress, None).filter(by_name).map(|object| Subject::Object(object.key()));
            self.subjects.extend(named.chain(others));
        }
    }

    /// Adds the classes and templates of a namespace whose labels fit.
    fn workloads_where(&mut self, namespace: &Name, fits: impl Fn(&Labels) -> bool) {
        for state in &self.states {
            let classes = state.classes(Some(namespace)).filter(|(key, _)| fits(&key.facts.labels));
            self.subjects.extend(classes.map(|(key, _)| Subject::Class(key.clone())));
            let templates = state.templates_where(Some(namespace), |facts| fits(&facts.labels));
            self.subjects.extend(templates.map(|object| Subject::Object(object.key())));
        }
    }
}
