//! Services as names: which Pods a Service stands for, and to which of their ports a port of it leads.
//!
//! Policies never see a Service: they see the Pod and its port, after the Service's address was translated.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey, PodFacts, PortSet, Service, ServicePort, TargetPort},
    snapshot::{ClassKey, Running, Snapshot},
};

use super::reach::WorkloadName;

/// The ports of a Pod that a port of a Service leads to: one, or none where the Pod declares no port of the name. A name means the
/// first container port of that name and protocol (kubernetes/pkg/api/v1/pod/util.go, `FindPort`).
pub fn target_ports(port: &ServicePort, pod: &PodFacts) -> PortSet {
    let number = match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Named(name) => {
            let mut declared = pod.ports.iter();
            let named = declared.find(|it| it.protocol == port.protocol && it.name.as_ref() == Some(name));
            named.map(|port| port.number)
        }
    };
    number.map(|number| (port.protocol, number..=number)).into_iter().collect()
}

/// The ports of a Pod that clients reach who connect to a port of a Service by its name. That of a headless Service stands for the
/// Pod's own address, where nothing is translated.
pub fn reached_ports(service: &Service, port: &ServicePort, pod: &PodFacts) -> PortSet {
    if service.headless {
        return [(port.protocol, port.port..=port.port)].into_iter().collect();
    }
    target_ports(port, pod)
}

/// The port of a Service by its name or its number. A Service may have one number for several protocols; the first is meant.
pub fn service_port<'a>(service: &'a Service, number_or_name: &str) -> Option<&'a ServicePort> {
    let number = number_or_name.parse::<u16>().ok();
    service.ports.iter().find(|port| number.map_or(*port.name == *number_or_name, |number| port.port == number))
}

/// Pods behind a Service: a class of them, or what a template will make.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The workload that they belong to.
    pub workload: WorkloadName,
    /// Their namespace, which is the Service's.
    pub namespace: Name,
    /// What they have in common.
    pub facts: Arc<PodFacts>,
    /// The class; `None` for what a template will make.
    pub class: Option<ClassKey>,
}

/// The Pods that a Service stands for: classes with a Pod that runs, and templates that have no such Pods yet.
pub fn endpoints(snapshot: &Snapshot, service: &Service, now: Timestamp) -> Vec<Endpoints> {
    let Some(namespace) = service.meta.namespace.as_ref().filter(|_| service.has_selector()) else { return Vec::new() };
    let mut found = Vec::new();
    let mut workloads = BTreeSet::new();
    for class in selected_classes(snapshot, namespace, service) {
        if !runs(snapshot, &class, now) {
            continue;
        }
        for workload in WorkloadName::of_class(snapshot, &class) {
            workloads.insert(workload.clone());
            let (facts, class) = (Arc::clone(&class.facts), Some(class.clone()));
            found.push(Endpoints { workload, namespace: namespace.clone(), facts, class });
        }
    }
    for template in snapshot.templates_where(Some(namespace), |facts| service.selects(&facts.labels)) {
        let Some(facts) = template.pod_facts() else { continue };
        let workload = WorkloadName::of_object(snapshot, template);
        if !workloads.contains(&workload) && !snapshot.is_going(template.meta()) {
            found.push(Endpoints { workload, namespace: namespace.clone(), facts: Arc::clone(facts), class: None });
        }
    }
    found
}

/// Whether a class has a Pod that counts as running.
pub(super) fn runs(snapshot: &Snapshot, class: &ClassKey, now: Timestamp) -> bool {
    let Some(members) = snapshot.class(class) else { return false };
    members.pods.iter().any(|name| {
        let key = ObjectKey::namespaced(Kind::Pod, class.namespace.clone(), name.clone());
        matches!(snapshot.object(&key).found(), Some(Object::Pod(pod)) if snapshot.running(&pod, now) == Running::Yes)
    })
}

/// How many Services of a namespace are looked up class by class, before a table of its labels is worth its making.
const LOOKED_THROUGH: usize = 8;

/// The classes of namespaces by their labels, for whoever asks for many Services of one state.
#[derive(Default)]
struct ByLabel(Mutex<BTreeMap<Name, Asked>>);

/// By key and value of a label.
type Table = BTreeMap<(Name, Name), Vec<ClassKey>>;

#[derive(Default)]
struct Asked {
    times: usize,
    table: Option<Arc<Table>>,
}

/// The classes that a Service selects. Whoever judges all Services of a namespace does not go through all its classes for each.
fn selected_classes(snapshot: &Snapshot, namespace: &Name, service: &Service) -> Vec<ClassKey> {
    let selects = |class: &&ClassKey| service.selects(&class.facts.labels);
    let Some(table) = table(snapshot, namespace) else {
        return snapshot.classes(Some(namespace)).map(|(key, _)| key).filter(selects).cloned().collect();
    };
    let labels = service.selector.iter().flat_map(Labels::iter);
    // The label that the fewest have.
    let candidates = labels.map(|(key, value)| table.get(&(key.clone(), value.clone())).map_or(&[][..], Vec::as_slice));
    candidates.min_by_key(|classes| classes.len()).unwrap_or_default().iter().filter(selects).cloned().collect()
}

fn table(snapshot: &Snapshot, namespace: &Name) -> Option<Arc<Table>> {
    let memo = snapshot.memo().table::<ByLabel>();
    let mut known = memo.0.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = known.entry(namespace.clone()).or_default();
    asked.times += 1;
    if asked.times <= LOOKED_THROUGH {
        return None;
    }
    let table = asked.table.get_or_insert_with(|| {
        let mut table = Table::new();
        for (class, _) in snapshot.classes(Some(namespace)) {
            for (key, value) in class.facts.labels.iter() {
                table.entry((key.clone(), value.clone())).or_default().push(class.clone());
            }
        }
        Arc::new(table)
    });
    Some(Arc::clone(table))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{model::decode, snapshot::Edit};

    fn service(spec: &Value) -> Arc<Service> {
        let value = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec});
        match decode::value(Kind::Service, &value).unwrap() {
            Object::Service(service) => service,
            other => panic!("{other:?}"),
        }
    }

    fn pod(name: &str, labels: &Value, ports: &Value) -> Object {
        let value = json!({
            "metadata": {"name": name, "namespace": "shop", "labels": labels},
            "spec": {"containers": [{"name": "main", "ports": ports}]},
        });
        decode::value(Kind::Pod, &value).unwrap()
    }

    fn led_to(port: &Value, ports: &Value) -> String {
        let service = service(&json!({"selector": {"app": "web"}, "ports": [port]}));
        target_ports(&service.ports[0], pod("x", &json!({}), ports).pod_facts().unwrap()).to_string()
    }

    #[test]
    fn a_service_port_leads_to_its_number_its_target_or_the_first_port_of_the_name_and_protocol() {
        let ports = json!([
            {"name": "http", "containerPort": 53, "protocol": "UDP"},
            {"name": "http", "containerPort": 8080},
            {"name": "http", "containerPort": 9090},
        ]);
        assert_eq!(led_to(&json!({"port": 80}), &ports), "TCP 80");
        assert_eq!(led_to(&json!({"port": 80, "targetPort": 8081}), &ports), "TCP 8081");
        assert_eq!(led_to(&json!({"port": 80, "targetPort": "http"}), &ports), "TCP 8080");
        assert_eq!(led_to(&json!({"port": 80, "protocol": "UDP", "targetPort": "http"}), &ports), "UDP 53");
        assert_eq!(led_to(&json!({"port": 80, "targetPort": "web"}), &ports), "");
    }

    #[test]
    fn the_name_of_a_headless_service_is_the_pod_itself() {
        let service = service(&json!({"clusterIP": "None", "ports": [{"port": 80, "targetPort": 8080}]}));
        assert_eq!(reached_ports(&service, &service.ports[0], &PodFacts::default()).to_string(), "TCP 80");
        assert_eq!(target_ports(&service.ports[0], &PodFacts::default()).to_string(), "TCP 8080");
    }

    #[test]
    fn a_port_is_found_by_its_number_and_by_its_name() {
        let service = service(&json!({"ports": [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}]}));
        assert_eq!(service_port(&service, "9090").map(|port| port.name.as_str()), Some("metrics"));
        assert_eq!(service_port(&service, "http").map(|port| port.port), Some(80));
        assert_eq!(service_port(&service, "https"), None);
    }

    #[test]
    fn the_endpoints_are_the_same_however_often_a_namespace_is_asked_for() {
        let labels = [json!({"app": "web", "tier": "a"}), json!({"app": "web"}), json!({"app": "api", "tier": "a"})];
        let pods =
            labels.iter().enumerate().map(|(index, labels)| Edit::Put(pod(&format!("p{index}"), labels, &json!([]))));
        let (snapshot, _) = Snapshot::new().with(pods);
        let names = |selector: &Value| {
            let service = service(&json!({"selector": selector, "ports": [{"port": 80}]}));
            let found = endpoints(&snapshot, &service, Timestamp::UNIX_EPOCH);
            found.into_iter().map(|it| it.workload.name.to_string()).collect::<BTreeSet<_>>()
        };
        for _ in 0..=LOOKED_THROUGH {
            assert_eq!(names(&json!({"app": "web"})), ["p0", "p1"].map(str::to_owned).into());
            assert_eq!(names(&json!({"app": "web", "tier": "a"})), ["p0".to_owned()].into());
            assert!(names(&json!({"app": "none"})).is_empty() && names(&json!({})).is_empty());
        }
    }

    #[test]
    fn a_template_counts_until_its_pods_are_there() {
        let deployment = json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "d"},
            "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}},
        });
        let deployment = Edit::Put(decode::value(Kind::Deployment, &deployment).unwrap());
        let mut owned =
            json!({"metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}}, "spec": {}});
        owned["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": true}]);
        let service = service(&json!({"selector": {"app": "web"}, "ports": [{"port": 80}]}));
        let (planned, _) = Snapshot::new().with([deployment]);
        let (running, _) = planned.with([Edit::Put(decode::value(Kind::Pod, &owned).unwrap())]);
        for (snapshot, has_class) in [(planned, false), (running, true)] {
            let found = endpoints(&snapshot, &service, Timestamp::UNIX_EPOCH);
            let shown: Vec<_> = found.iter().map(|it| (it.workload.to_string(), it.class.is_some())).collect();
            assert_eq!(shown, [("Deployment shop/web".to_owned(), has_class)]);
        }
    }
}
