//! From the name of a port to the port of a Pod, through a Service where one is named.

use std::sync::Arc;

use crate::model::{
    FieldPath, Labels, Name, ObjectKey, PodFacts, Protocol, Service, ServicePort, ServiceType, TargetPort,
};

use super::{Place, PortName, Verdict};

/// One step from what was written to the port of a Pod.
#[derive(Clone, PartialEq, Debug)]
pub struct NameStep {
    /// What it is.
    pub what: Naming,
    /// Where that is written.
    pub at: Option<Place>,
}

/// What a step says.
#[derive(Clone, PartialEq, Debug)]
pub enum Naming {
    /// The address is that of a Pod or of a Service.
    AddressOf(std::net::IpAddr, ObjectKey),
    /// The ingress controller runs in that namespace.
    ControllerIn(Name),
    /// The source is the destination.
    Itself(ObjectKey),
    /// The Service has that port, which is that port of its Pods.
    ServicePort {
        /// The Service.
        service: ObjectKey,
        /// Its port.
        port: u16,
        /// The port's name; empty where it has none.
        name: Name,
        /// The protocol.
        protocol: Protocol,
        /// The Pod's.
        target: TargetPort,
    },
    /// The Service is headless: its name stands for the addresses of its Pods, and no port is translated.
    Headless(ObjectKey),
    /// The Service has no such port.
    NoSuchPort {
        /// The Service.
        service: ObjectKey,
        /// What was asked for.
        wanted: (PortName, Option<Protocol>),
        /// What it has: protocol, number, name.
        has: Vec<(Protocol, u16, Name)>,
    },
    /// The Service selects no Pod.
    SelectsNobody(ObjectKey, Labels),
    /// The Service has no selector: its endpoints are made by hand.
    ByHand(ObjectKey),
    /// The Service is another name for something outside.
    External(ObjectKey),
    /// The name of a port is that number on the Pod.
    PodPort {
        /// The name.
        name: Name,
        /// The number.
        port: u16,
        /// The protocol.
        protocol: Protocol,
    },
    /// The Pod has no port of that name.
    Undeclared {
        /// The name.
        name: Name,
        /// The protocol, where one is given.
        protocol: Option<Protocol>,
        /// The names that it has.
        has: Vec<Name>,
    },
}

impl NameStep {
    /// What the step comes to.
    pub fn verdict(&self) -> Verdict {
        match self.what {
            Naming::AddressOf(..)
            | Naming::ControllerIn(_)
            | Naming::Itself(_)
            | Naming::Headless(_)
            | Naming::ServicePort { .. }
            | Naming::PodPort { .. } => Verdict::Allowed,
            Naming::NoSuchPort { .. } | Naming::SelectsNobody(..) | Naming::Undeclared { .. } => Verdict::Denied,
            Naming::ByHand(_) | Naming::External(_) => Verdict::Unknown,
        }
    }
}

/// The port of the Pods behind a port of a Service that was asked for, or the step that says why there is none.
#[allow(clippy::result_large_err, reason = "once per trace")]
pub(super) fn service_port(
    service: &Service,
    key: &ObjectKey,
    wanted: &PortName,
    protocol: Option<Protocol>,
) -> Result<(Protocol, TargetPort, NameStep), NameStep> {
    let spec = FieldPath::new("spec");
    let place = |path: FieldPath| Some(Place { object: key.clone(), path });
    if service.exposure == ServiceType::ExternalName {
        return Err(NameStep { what: Naming::External(key.clone()), at: place(spec.field("type")) });
    }
    let is_meant = |port: &&ServicePort| match wanted {
        PortName::Number(number) => port.port == *number && port.protocol == protocol.unwrap_or(Protocol::Tcp),
        PortName::Named(name) => port.name == *name && protocol.is_none_or(|protocol| port.protocol == protocol),
    };
    let headless = NameStep { what: Naming::Headless(key.clone()), at: place(spec.field("clusterIP")) };
    if let (true, PortName::Number(number)) = (service.headless && service.has_selector(), wanted) {
        return Ok((protocol.unwrap_or(Protocol::Tcp), TargetPort::Number(*number), headless));
    }
    let Some((index, port)) = service.ports.iter().enumerate().find(|(_, port)| is_meant(port)) else {
        let has = service.ports.iter().map(|port| (port.protocol, port.port, port.name.clone())).collect();
        let what = Naming::NoSuchPort { service: key.clone(), wanted: (wanted.clone(), protocol), has };
        return Err(NameStep { what, at: place(spec.field("ports")) });
    };
    if !service.has_selector() {
        return Err(NameStep { what: Naming::ByHand(key.clone()), at: place(FieldPath::root()) });
    }
    if service.headless {
        return Ok((port.protocol, TargetPort::Number(port.port), headless));
    }
    let what = Naming::ServicePort {
        service: key.clone(),
        port: port.port,
        name: port.name.clone(),
        protocol: port.protocol,
        target: port.target.clone(),
    };
    let path = spec.field("ports").index(index);
    let path = if matches!(port.target, TargetPort::Named(_)) { path.field("targetPort") } else { path };
    Ok((port.protocol, port.target.clone(), NameStep { what, at: place(path) }))
}

/// The number of a named port of a Pod, with the step that says so.
#[allow(clippy::result_large_err, reason = "once per trace and group of Pods")]
pub(super) fn pod_port(
    object: &ObjectKey,
    facts: &Arc<PodFacts>,
    name: &Name,
    protocol: Option<Protocol>,
) -> Result<(Protocol, u16, NameStep), NameStep> {
    let protocols = protocol.map_or_else(|| Protocol::ALL.to_vec(), |protocol| vec![protocol]);
    let found = protocols.iter().find_map(|protocol| {
        facts.ports.iter().find(|port| port.protocol == *protocol && port.name.as_ref() == Some(name))
    });
    let Some(port) = found else {
        let has = facts.ports.iter().filter_map(|port| port.name.clone()).collect();
        let what = Naming::Undeclared { name: name.clone(), protocol, has };
        return Err(NameStep { what, at: Some(below(object, "spec.containers")) });
    };
    let what = Naming::PodPort { name: name.clone(), port: port.number, protocol: port.protocol };
    Ok((port.protocol, port.number, NameStep { what, at: Some(below(object, &port.at)) }))
}

/// A field of the Pod, or of the template of what makes Pods.
fn below(object: &ObjectKey, path: &str) -> Place {
    let path = match object.kind.info().template {
        Some(template) => FieldPath::new(format!("{template}.{path}")),
        None => FieldPath::new(path),
    };
    Place { object: object.clone(), path }
}
