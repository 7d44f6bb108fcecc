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
    mesh::{MeshFacts, Proxy, pod_annotations},
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
    #[serde(deserialize_with = "nullable")]
    security_context: WireSecurityContext,
    containers: List<WireContainer>,
    init_containers: List<WireContainer>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSecurityContext {
    run_as_user: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    privileged: bool,
    #[serde(deserialize_with = "nullable")]
    capabilities: WireCapabilities,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireCapabilities {
    add: List<Name>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireContainer {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    #[serde(deserialize_with = "nullable")]
    restart_policy: Name,
    #[serde(deserialize_with = "nullable")]
    security_context: WireSecurityContext,
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
        let mut facts = self.spec.into_facts(self.metadata.labels.clone(), &self.metadata.annotations);
        // Validating webhooks see Pods after all mutation, and with the UID that the API server has given them by then.
        facts.mesh.is_final = !self.metadata.uid.is_empty();
        let facts = Arc::new(facts);
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
        let mesh = self.mesh_facts(annotations);
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
            mesh,
        }
    }

    /// What meshes read of it; whether it is final, only its maker knows.
    fn mesh_facts(&self, annotations: &Labels) -> MeshFacts {
        /// The user that Istio's proxy runs as; what comes from that user is not redirected (istio/pkg/ports, `DefaultProxyUID`).
        const ISTIO_USER: i64 = 1337;
        let running = |container: &&WireContainer| container.restart_policy == "Always";
        let lasting = self.containers.0.iter().chain(self.init_containers.0.iter().filter(running));
        let mut proxies: Vec<Proxy> =
            lasting.clone().filter_map(|container| Proxy::of_container(&container.name)).collect();
        proxies.sort_unstable();
        proxies.dedup();
        let own = |container: &&WireContainer| !Proxy::owns(&container.name);
        let all = self.containers.0.iter().chain(&self.init_containers.0).filter(own);
        let is_admin = |container: &WireContainer| {
            let context = &container.security_context;
            let names = |name: &Name| matches!(name.as_str(), "NET_ADMIN" | "CAP_NET_ADMIN" | "ALL");
            context.privileged || context.capabilities.add.0.iter().any(names)
        };
        let user =
            |container: &WireContainer| container.security_context.run_as_user.or(self.security_context.run_as_user);
        let valued = pod_annotations::VALUED.iter().filter_map(|key| Some((*key, annotations.value(key)?)));
        let valued = valued.map(|(key, value)| (Name::from(key), Name::from(value.trim())));
        let status = annotations.has(pod_annotations::ISTIO_STATUS);
        let status = status.then(|| (pod_annotations::ISTIO_STATUS.into(), Name::default()));
        MeshFacts {
            is_final: false,
            proxies,
            annotations: valued.chain(status).collect(),
            net_admin: all.clone().any(is_admin),
            runs_as_proxy: lasting.filter(own).any(|container| user(container) == Some(ISTIO_USER)),
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
