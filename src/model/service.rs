//! Services.

use std::{net::IpAddr, sync::Arc};

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
    /// `spec.clusterIPs`: its own addresses; none as long as it has none, as in files as a rule.
    pub cluster_ips: Arc<[IpAddr]>,
    /// Whether it is headless (`clusterIP: None`): its name stands for the addresses of its Pods.
    pub headless: bool,
    /// Whether traffic from outside stays on the node where it arrives and keeps its source (`externalTrafficPolicy: Local`).
    pub external_traffic_local: bool,
    /// `status.loadBalancer.ingress[].ip`: where the load balancer listens.
    pub load_balancer_ips: Arc<[IpAddr]>,
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
    /// `nodePort`: the port of every node that leads here.
    pub node_port: Option<u16>,
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

    /// Whether it selects Pods at all; endpoints of one that does not are made by hand.
    pub fn has_selector(&self) -> bool {
        self.selector.as_ref().is_some_and(|selector| !selector.is_empty())
            && self.exposure != ServiceType::ExternalName
    }

    /// Whether it selects Pods with these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.selector.as_ref().is_some_and(|selector| {
            !selector.is_empty() && selector.iter().all(|(key, value)| labels.value(key) == Some(value))
        })
    }
}
