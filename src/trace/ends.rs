//! Who is meant by a name: the Pods and templates behind it.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use jiff::Timestamp;

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey, Phase, Pod, PodFacts},
    network::{self, Party, PodView, reach::WorkloadName},
    snapshot::Snapshot,
};

use super::{KindName, Named, TraceError};

/// Equal Pods of one workload, or what its template makes.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) workload: WorkloadName,
    pub(super) namespace: Name,
    pub(super) namespace_labels: Labels,
    pub(super) facts: Arc<PodFacts>,
    /// The Pod, or the object with the template.
    pub(super) object: ObjectKey,
    /// Each Pod with its addresses; empty for a template.
    pub(super) pods: Vec<(Name, Arc<[IpAddr]>)>,
}

/// One end of a path.
#[derive(Clone, Debug)]
pub(super) enum Actor {
    IngressController,
    Address(IpAddr),
    Pod(Group, Arc<[IpAddr]>),
    /// Some Pod in the namespace of the ingress controller.
    Controller(Group),
}

impl Actor {
    pub(super) fn party(&self) -> Party<'_> {
        match self {
            Self::IngressController => Party::IngressController,
            Self::Address(address) => Party::Address(*address),
            Self::Pod(group, addresses) => Party::Pod(group.view(), addresses),
            Self::Controller(group) => network::unplaced(group.view()),
        }
    }

    pub(super) fn group(&self) -> Option<&Group> {
        match self {
            Self::Pod(group, _) | Self::Controller(group) => Some(group),
            Self::IngressController | Self::Address(_) => None,
        }
    }
}

impl Group {
    pub(super) fn view(&self) -> PodView<'_> {
        PodView { namespace: &self.namespace, namespace_labels: &self.namespace_labels, facts: &self.facts }
    }
}

/// Whether a Pod is on the network: neither ended, nor over the time that it was given to go.
fn is_there(pod: &Pod, now: Timestamp) -> bool {
    pod.phase == Phase::Active && pod.meta.deletion.is_none_or(|deletion| deletion > now)
}

/// The groups of a namespace. A template counts as long as its workload has no running Pods.
pub(super) fn groups(snapshot: &Snapshot, namespace: &Name, now: Timestamp) -> Vec<Group> {
    let labels = network::namespace_labels(snapshot, namespace);
    let mut found: BTreeMap<(WorkloadName, Arc<PodFacts>), Group> = BTreeMap::new();
    for object in snapshot.list(Kind::Pod, Some(namespace)) {
        let Object::Pod(pod) = object else { continue };
        if !is_there(pod, now) {
            continue;
        }
        let workload = WorkloadName::of_object(snapshot, object);
        let group = found.entry((workload.clone(), Arc::clone(&pod.facts))).or_insert_with(|| Group {
            workload,
            namespace: namespace.clone(),
            namespace_labels: labels.clone(),
            facts: Arc::clone(&pod.facts),
            object: object.key(),
            pods: Vec::new(),
        });
        group.pods.push((pod.meta.name.clone(), Arc::clone(&pod.addresses)));
    }
    let mut found: Vec<Group> = found.into_values().collect();
    let templates: Vec<Group> = snapshot
        .templates(Some(namespace))
        .filter_map(|object| {
            let workload = WorkloadName::of_object(snapshot, object);
            let runs = found.iter().any(|group| group.workload == workload);
            (!runs).then(|| of_template(snapshot, &labels, object, workload)).flatten()
        })
        .collect();
    found.extend(templates);
    found.sort_by(|a, b| (&a.workload, &a.facts).cmp(&(&b.workload, &b.facts)));
    found
}

fn of_template(snapshot: &Snapshot, labels: &Labels, object: &Object, workload: WorkloadName) -> Option<Group> {
    let key = object.key();
    let namespace = key.namespace.clone()?;
    if snapshot.is_going(object.meta()) {
        return None;
    }
    let facts = Arc::clone(object.pod_facts()?);
    Some(Group { workload, namespace, namespace_labels: labels.clone(), facts, object: key, pods: Vec::new() })
}

/// The groups of the workload that is named.
pub(super) fn workload(
    snapshot: &Snapshot,
    named: &Named,
    namespace: &Name,
    now: Timestamp,
) -> Result<Vec<Group>, TraceError> {
    let all = groups(snapshot, namespace, now);
    let is_meant = |group: &&Group| {
        group.workload.name == named.name
            && match &named.kind {
                None => true,
                Some(KindName::Known(kind)) => group.workload.kind == kind.name(),
                Some(KindName::Other(kind)) => group.workload.kind.eq_ignore_ascii_case(kind),
            }
    };
    let meant: Vec<Group> = all.iter().filter(is_meant).cloned().collect();
    let mut kinds: Vec<&Name> = meant.iter().map(|group| &group.workload.kind).collect();
    kinds.dedup();
    match kinds.as_slice() {
        [] => below(snapshot, named, namespace, &all).ok_or_else(|| not_found(snapshot, named, namespace, &all)),
        [_] => Ok(meant),
        several => {
            let name = |kind: &&Name| format!("{}/{namespace}/{}", kind.to_ascii_lowercase(), named.name);
            Err(TraceError::Ambiguous {
                name: format!("{namespace}/{}", named.name),
                choices: several.iter().map(name).collect(),
            })
        }
    }
}

/// What is no workload by itself: a Pod, or a controller below another one.
fn below(snapshot: &Snapshot, named: &Named, namespace: &Name, all: &[Group]) -> Option<Vec<Group>> {
    let kind = match &named.kind {
        None => Kind::Pod,
        Some(KindName::Known(kind)) => *kind,
        Some(KindName::Other(_)) => return None,
    };
    let key = ObjectKey::namespaced(kind, namespace.clone(), named.name.clone());
    let object = snapshot.object(&key).found()?;
    let labels = network::namespace_labels(snapshot, namespace);
    if let Object::Pod(pod) = &object {
        return Some(vec![Group {
            workload: WorkloadName::of_key(&key),
            namespace: namespace.clone(),
            namespace_labels: labels,
            facts: Arc::clone(&pod.facts),
            object: key,
            pods: vec![(pod.meta.name.clone(), Arc::clone(&pod.addresses))],
        }]);
    }
    let is_of = |pod: &Name| {
        let pod = snapshot.object(&ObjectKey::namespaced(Kind::Pod, namespace.clone(), pod.clone())).found();
        pod.is_some_and(|pod| {
            pod.meta().controller().is_some_and(|owner| owner.kind == kind.info().name && owner.name == named.name)
        })
    };
    let own = all.iter().filter_map(|group| {
        let pods: Vec<_> = group.pods.iter().filter(|(pod, _)| is_of(pod)).cloned().collect();
        let (first, _) = pods.first()?;
        let object = ObjectKey::namespaced(Kind::Pod, namespace.clone(), first.clone());
        Some(Group { workload: WorkloadName::of_key(&key), object, pods, ..group.clone() })
    });
    let own: Vec<Group> = own.collect();
    if own.is_empty() {
        of_template(snapshot, &labels, &object, WorkloadName::of_key(&key)).map(|group| vec![group])
    } else {
        Some(own)
    }
}

fn not_found(snapshot: &Snapshot, named: &Named, namespace: &Name, all: &[Group]) -> TraceError {
    let mut candidates: Vec<String> = all
        .iter()
        .map(|group| match &named.kind {
            None => format!("{namespace}/{}", group.workload.name),
            Some(_) => format!("{}/{namespace}/{}", group.workload.kind.to_ascii_lowercase(), group.workload.name),
        })
        .collect();
    candidates.dedup();
    let name = match &named.kind {
        None => format!("{namespace}/{}", named.name),
        Some(KindName::Known(kind)) => format!("{}/{namespace}/{}", kind.name().to_ascii_lowercase(), named.name),
        Some(KindName::Other(kind)) => format!("{kind}/{namespace}/{}", named.name),
    };
    let has_service =
        snapshot.object(&ObjectKey::namespaced(Kind::Service, namespace.clone(), named.name.clone())).found().is_some();
    let service = has_service.then(|| format!("svc/{namespace}/{}", named.name));
    if candidates.is_empty() && service.is_none() {
        return no_namespace(snapshot, name, namespace);
    }
    TraceError::NoWorkload { name, candidates, service }
}

/// Nothing is in that namespace: perhaps another one was meant.
fn no_namespace(snapshot: &Snapshot, name: String, namespace: &Name) -> TraceError {
    let known = snapshot.list(Kind::Namespace, None).map(|object| object.meta().name.clone());
    let pods = Kind::all().filter(|kind| *kind == Kind::Pod || kind.is_workload());
    let named = pods.flat_map(|kind| snapshot.list(kind, None)).filter_map(|object| object.meta().namespace.clone());
    let mut namespaces: Vec<Name> = known.chain(named).collect();
    namespaces.sort();
    namespaces.dedup();
    let candidates = namespaces.iter().map(ToString::to_string).collect();
    TraceError::EmptyNamespace { name, namespace: namespace.clone(), candidates }
}

/// The Pod that has an address; one on its node's network shares it with its node.
pub(super) fn of_address(snapshot: &Snapshot, address: IpAddr, now: Timestamp) -> Option<Group> {
    snapshot.list(Kind::Pod, None).find_map(|object| {
        let Object::Pod(pod) = object else { return None };
        let has_it = pod.addresses.iter().any(|own| own.to_canonical() == address);
        if !has_it || pod.facts.host_network || !is_there(pod, now) {
            return None;
        }
        let namespace = pod.meta.namespace.clone()?;
        Some(Group {
            workload: WorkloadName::of_object(snapshot, object),
            namespace_labels: network::namespace_labels(snapshot, &namespace),
            namespace,
            facts: Arc::clone(&pod.facts),
            object: object.key(),
            pods: vec![(pod.meta.name.clone(), Arc::clone(&pod.addresses))],
        })
    })
}

/// The Service that has an address, its own or its load balancer's.
pub(super) fn service_of_address(snapshot: &Snapshot, address: IpAddr) -> Option<ObjectKey> {
    snapshot.list(Kind::Service, None).find_map(|object| {
        let Object::Service(service) = object else { return None };
        let mut own = service.cluster_ips.iter().chain(service.load_balancer_ips.iter());
        own.any(|own| own.to_canonical() == address).then(|| object.key())
    })
}
