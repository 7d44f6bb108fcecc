//! Services.

use super::{Labels, Meta, Name, Protocol};

/// A Service.
#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    /// Name and annotations.
    pub meta: Meta,
    /// `spec.selector`; `None` or empty selects no Pods (endpoints are made by hand).
    pub selector: Option<Labels>,
    /// `spec.type`.
    pub exposure: ServiceType,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
}

/// `spec.type` of a Service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs)]
pub enum ServiceType {
    #[default]
    ClusterIp,
    NodePort,
    LoadBalancer,
    ExternalName,
}

/// One entry of `spec.ports`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServicePort {
    /// `name`, empty when there is only one port.
    pub name: Name,
    /// `port`: the Service's own.
    pub port: u16,
    /// `protocol`, TCP by default.
    pub protocol: Protocol,
    /// `targetPort`: the Pod's; the same number as `port` by default.
    pub target: TargetPort,
    /// `appProtocol`.
    pub app_protocol: Option<Name>,
}

/// `targetPort` of a Service port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TargetPort {
    /// A number.
    Number(u16),
    /// The name of a container port.
    Named(Name),
}

impl Service {
    /// Whether the Service is reachable from outside of the cluster by its type.
    pub fn is_exposed(&self) -> bool {
        matches!(self.exposure, ServiceType::NodePort | ServiceType::LoadBalancer)
    }

    /// Whether it selects Pods with these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.selector.as_ref().is_some_and(|selector| {
            !selector.is_empty() && selector.iter().all(|(key, value)| labels.value(key) == Some(value))
        })
    }
}
