//! Pods and the workloads that make them.

use std::{net::IpAddr, sync::Arc};

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, WireProtocol, nullable},
};
use crate::model::{
    ContainerPort, Kind, Labels, Meta, Name, Phase, Pod, PodFacts, Workload,
    annotations::{ARGO_HOOK, HELM_HOOK, LINKERD_INJECT, MIRROR_POD, SCRAPE, SCRAPE_PORT},
};

#[derive(Deserialize)]
pub(super) struct WirePod {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WirePodSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: WirePodStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePodStatus {
    #[serde(deserialize_with = "nullable")]
    phase: Name,
    #[serde(deserialize_with = "nullable")]
    pod_ip: Name,
    #[serde(rename = "podIPs")]
    pod_ips: List<WirePodIp>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WirePodIp {
    #[serde(deserialize_with = "nullable")]
    ip: Name,
}

#[derive(Deserialize)]
pub(super) struct WireWorkload {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireWorkloadSpec,
}

#[derive(Deserialize)]
pub(super) struct WireCronJob {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireCronJobSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireCronJobSpec {
    #[serde(deserialize_with = "nullable")]
    job_template: WireJobTemplate,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireJobTemplate {
    #[serde(deserialize_with = "nullable")]
    spec: WireWorkloadSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireWorkloadSpec {
    #[serde(deserialize_with = "nullable")]
    template: WireTemplate,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireTemplate {
    #[serde(deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(deserialize_with = "nullable")]
    spec: WirePodSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePodSpec {
    #[serde(deserialize_with = "nullable")]
    host_network: bool,
    #[serde(deserialize_with = "nullable")]
    service_account_name: Name,
    /// The old name of `serviceAccountName`.
    #[serde(deserialize_with = "nullable")]
    service_account: Name,
    containers: List<WireContainer>,
    init_containers: List<WireContainer>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireContainer {
    #[serde(deserialize_with = "nullable")]
    restart_policy: Name,
    ports: List<WireContainerPort>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireContainerPort {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    container_port: WirePort,
    protocol: WireProtocol,
    host_port: WirePort,
}

impl WirePod {
    pub(super) fn into_pod(self) -> Result<Pod, DecodeError> {
        let facts = Arc::new(self.spec.into_facts(self.metadata.labels.clone(), &self.metadata.annotations));
        let meta = self.metadata.into_meta(true)?;
        let phase = match self.status.phase.as_str() {
            "Succeeded" | "Failed" => Phase::Ended,
            _ => Phase::Active,
        };
        let hook = hook_of(&meta);
        let written = self.status.pod_ips.0.iter().map(|entry| &entry.ip).chain([&self.status.pod_ip]);
        let mut addresses: Vec<IpAddr> = written.filter_map(|text| text.parse().ok()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let mirror = meta.annotations.has(MIRROR_POD);
        Ok(Pod { mirror, meta, facts, phase, hook, addresses: addresses.into() })
    }
}

impl WireWorkload {
    pub(super) fn into_workload(self, kind: Kind) -> Result<Workload, DecodeError> {
        workload(kind, self.metadata, self.spec)
    }
}

impl WireCronJob {
    pub(super) fn into_workload(self, kind: Kind) -> Result<Workload, DecodeError> {
        workload(kind, self.metadata, self.spec.job_template.spec)
    }
}

fn workload(kind: Kind, metadata: WireMeta, spec: WireWorkloadSpec) -> Result<Workload, DecodeError> {
    let meta = metadata.into_meta(true)?;
    let WireTemplate { metadata, spec } = spec.template;
    let template = Arc::new(spec.into_facts(metadata.labels, &metadata.annotations));
    let hook = hook_of(&meta);
    Ok(Workload { kind, meta, template, hook })
}

fn scrape_port(annotations: &Labels) -> Option<u16> {
    let port = annotations.value(SCRAPE).filter(|value| *value == "true").and(annotations.value(SCRAPE_PORT))?;
    port.parse().ok().filter(|port| *port > 0)
}

fn hook_of(meta: &Meta) -> Option<Name> {
    meta.annotations.value(HELM_HOOK).or_else(|| meta.annotations.value(ARGO_HOOK)).cloned()
}

impl WirePodSpec {
    fn into_facts(self, labels: Labels, annotations: &Labels) -> PodFacts {
        let service_account =
            [self.service_account_name, self.service_account].into_iter().find(|name| !name.is_empty());
        let mut ports = Vec::new();
        for (index, container) in self.containers.0.into_iter().enumerate() {
            container.declare(&format!("spec.containers[{index}]"), self.host_network, &mut ports);
        }
        for (index, container) in self.init_containers.0.into_iter().enumerate() {
            // A native sidecar runs as long as the Pod does; other init containers are gone before it serves.
            if container.restart_policy == "Always" {
                container.declare(&format!("spec.initContainers[{index}]"), self.host_network, &mut ports);
            }
        }
        PodFacts {
            labels,
            host_network: self.host_network,
            ports,
            service_account: service_account.unwrap_or_else(|| Name::from("default")),
            scrape_port: scrape_port(annotations),
            linkerd: annotations.value(LINKERD_INJECT).map(|value| value != "disabled"),
            mesh: crate::model::mesh::MeshFacts::default(),
        }
    }
}

impl WireContainer {
    fn declare(self, at: &str, host_network: bool, ports: &mut Vec<ContainerPort>) {
        for (index, port) in self.ports.0.into_iter().enumerate() {
            let Some(number) = port.container_port.0 else { continue };
            // On the node's network Kubernetes fills in hostPort with the container's own port: nothing is forwarded.
            let host_port = port.host_port.0.filter(|host_port| !host_network || *host_port != number);
            ports.push(ContainerPort {
                name: Some(port.name).filter(|name| !name.is_empty()),
                number,
                protocol: port.protocol.0,
                host_port,
                at: Arc::from(format!("{at}.ports[{index}]")),
            });
        }
    }
}
