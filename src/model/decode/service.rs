//! Services.

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
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireSpec {
    #[serde(deserialize_with = "maybe_labels")]
    selector: Option<Labels>,
    #[serde(rename = "type", deserialize_with = "nullable")]
    exposure: Name,
    ports: List<WireServicePort>,
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
}

impl WireService {
    pub(super) fn into_service(self) -> Result<Service, DecodeError> {
        let exposure = match self.spec.exposure.as_str() {
            "NodePort" => ServiceType::NodePort,
            "LoadBalancer" => ServiceType::LoadBalancer,
            "ExternalName" => ServiceType::ExternalName,
            _ => ServiceType::ClusterIp,
        };
        Ok(Service {
            meta: self.metadata.into_meta(true)?,
            selector: self.spec.selector,
            exposure,
            ports: self.spec.ports.0.into_iter().filter_map(WireServicePort::into_port).collect(),
        })
    }
}

impl WireServicePort {
    fn into_port(self) -> Option<ServicePort> {
        let port = self.port.0?;
        let target = match self.target_port {
            Some(WirePortOrName::Number(Some(number))) => TargetPort::Number(number),
            Some(WirePortOrName::Name(name)) if !name.is_empty() => TargetPort::Named(name),
            _ => TargetPort::Number(port),
        };
        Some(ServicePort { name: self.name, port, protocol: self.protocol.0, target, app_protocol: self.app_protocol })
    }
}
