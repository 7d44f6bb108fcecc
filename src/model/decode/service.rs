//! Services.

use std::net::IpAddr;

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, WirePortOrName, WireProtocol, maybe_labels, nullable},
};
use crate::model::{Labels, Name, Service, ServicePort, ServiceType, TargetPort};

#[derive(Deserialize)]
pub(super) struct WireService {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: WireStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireStatus {
    #[serde(deserialize_with = "nullable")]
    load_balancer: WireLoadBalancer,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireLoadBalancer {
    ingress: List<WireLoadBalancerIngress>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireLoadBalancerIngress {
    #[serde(deserialize_with = "nullable")]
    ip: Name,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    #[serde(deserialize_with = "maybe_labels")]
    selector: Option<Labels>,
    #[serde(rename = "type", deserialize_with = "nullable")]
    exposure: Name,
    ports: List<WireServicePort>,
    #[serde(rename = "clusterIP", deserialize_with = "nullable")]
    cluster_ip: Name,
    #[serde(rename = "clusterIPs")]
    cluster_ips: List<Name>,
    #[serde(deserialize_with = "nullable")]
    external_traffic_policy: Name,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireServicePort {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    port: WirePort,
    protocol: WireProtocol,
    target_port: Option<WirePortOrName>,
    app_protocol: Option<Name>,
    node_port: WirePort,
}

impl WireService {
    pub(super) fn into_service(self) -> Result<Service, DecodeError> {
        let exposure = match self.spec.exposure.as_str() {
            "NodePort" => ServiceType::NodePort,
            "LoadBalancer" => ServiceType::LoadBalancer,
            "ExternalName" => ServiceType::ExternalName,
            _ => ServiceType::ClusterIp,
        };
        let spec = &self.spec;
        let headless = [&spec.cluster_ip].into_iter().chain(&spec.cluster_ips.0).any(|ip| *ip == "None");
        let external_traffic_local = spec.external_traffic_policy == "Local";
        let load_balancer_ips = addresses(self.status.load_balancer.ingress.0.iter().map(|entry| &entry.ip));
        let cluster_ips = addresses([&spec.cluster_ip].into_iter().chain(&spec.cluster_ips.0));
        Ok(Service {
            meta: self.metadata.into_meta(true)?,
            selector: self.spec.selector,
            exposure,
            ports: self.spec.ports.0.into_iter().filter_map(WireServicePort::into_port).collect(),
            cluster_ips: cluster_ips.into(),
            headless,
            external_traffic_local,
            load_balancer_ips: load_balancer_ips.into(),
        })
    }
}

/// What of the texts is an address, each once, in their order.
fn addresses<'a>(texts: impl Iterator<Item = &'a Name>) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in texts.filter_map(|text| text.parse().ok()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

impl WireServicePort {
    fn into_port(self) -> Option<ServicePort> {
        let port = self.port.0?;
        let target = match self.target_port {
            Some(WirePortOrName::Number(Some(number))) => TargetPort::Number(number),
            Some(WirePortOrName::Name(name)) if !name.is_empty() => TargetPort::Named(name),
            _ => TargetPort::Number(port),
        };
        Some(ServicePort {
            name: self.name,
            port,
            protocol: self.protocol.0,
            target,
            app_protocol: self.app_protocol,
            node_port: self.node_port.0,
        })
    }
}
