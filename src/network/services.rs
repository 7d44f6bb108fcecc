//! Services as names: which Pods a Service stands for, and to which of their ports a port of it leads.
//!
//! Policies never see a Service: they see the Pod and its port, after the Service's address was translated.

use crate::{
    model::{Name, Object, PodFacts, PortSet, Service, ServicePort, TargetPort},
    snapshot::{Class, ClassKey, Snapshot},
};

/// The ports of a Pod that a port of a Service leads to: one, or none where the Pod declares no port of the name. A name means the
/// first container port of that name and protocol (kubernetes/pkg/api/v1/pod/util.go, `FindPort`).
pub fn target_ports(port: &ServicePort, pod: &PodFacts) -> PortSet {
    let number = match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Named(name) => {
            let declared = pod.ports.iter();
            let mut named = declared.filter(|it| it.protocol == port.protocol && it.name.as_ref() == Some(name));
            named.next().map(|port| port.number)
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

/// The classes of Pods that a Service stands for.
pub fn selected_classes<'a>(
    snapshot: &'a Snapshot,
    service: &'a Service,
) -> impl Iterator<Item = (&'a ClassKey, &'a Class)> {
    let namespace = service.meta.namespace.as_ref().filter(|_| service.has_selector());
    let classes = namespace.map(|namespace| snapshot.classes(Some(namespace))).into_iter().flatten();
    classes.filter(|(key, _)| service.selects(&key.facts.labels))
}

/// The templates, of workloads that no other workload of the snapshot controls, whose Pods a Service stands for.
pub fn selected_templates<'a>(snapshot: &'a Snapshot, service: &'a Service) -> impl Iterator<Item = &'a Object> {
    let namespace: Option<&Name> = service.meta.namespace.as_ref().filter(|_| service.has_selector());
    let templates = namespace.map(|namespace| snapshot.templates(Some(namespace))).into_iter().flatten();
    templates.filter(|object| object.pod_facts().is_some_and(|facts| service.selects(&facts.labels)))
}
