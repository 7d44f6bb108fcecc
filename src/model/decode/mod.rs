//! JSON to objects: one decoder per kind, which serves files, watches and reviews.
//!
//! The wire structures name only what decisions read, so that a field that nobody reads can hold anything. What is read is
//! taken as the API server takes it: unknown fields are ignored, null is absent, and what the API server defaults is
//! defaulted. A value that the API server would never have stored is an error, not a guess: an object that cannot be decoded
//! is known to be unknown. Errors name the field and never its content.

mod aws;
mod calico;
mod calico_selector;
mod certificate;
mod cilium;
mod cilium_selector;
mod cluster_policy;
mod config_map;
mod contour;
mod gateway;
mod gke;
mod ingress;
mod issuance;
mod istio;
mod istio_gateway;
mod linkerd;
mod meta;
mod network;
mod nginx;
mod openshift;
mod pem;
mod pod;
mod policy;
mod private_key;
mod secret;
#[cfg(test)]
mod secret_tests;
mod selector;
mod service;
mod settings;
#[cfg(test)]
pub(crate) mod test_certificates;
#[cfg(test)]
mod tests;
mod traefik;
mod traefik_rule;
mod webhook_configuration;
mod wire;

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_path_to_error::Segment;

use super::{EdgeResource, FieldPath, Kind, Object, ObjectKey};

pub use calico::{calico_port, calico_protocol, network_or_address};
pub use calico_selector::{SelectorError, parse_calico_selector};
pub use certificate::{AlternativeName, alternative_names, fingerprint, validity};
pub use network::parse_network;

/// Why an object could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct DecodeError {
    /// The field at fault.
    pub path: FieldPath,
    /// What is wrong with it; never the content of the object.
    pub message: String,
}

/// Decodes an object of that kind from JSON. Lenient where the API server is: unknown fields are ignored, and what the API
/// server defaults is defaulted.
pub fn object(kind: Kind, json: &[u8]) -> Result<Object, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let object = of(kind, &mut deserializer)?;
    match deserializer.end() {
        Ok(()) => Ok(object),
        Err(error) => Err(error_at(FieldPath::root(), &error)),
    }
}

/// Decodes an object of that kind from JSON that has been read already.
pub fn value(kind: Kind, value: &serde_json::Value) -> Result<Object, DecodeError> {
    of(kind, value)
}

/// Whose object this is, as far as that can be told, when [`object`] cannot decode it.
pub fn key(kind: Kind, json: &[u8]) -> Option<ObjectKey> {
    identity(kind, serde_json::from_slice(json).ok()?)
}

/// As [`key`], of JSON that has been read already.
pub fn key_of_value(kind: Kind, value: &serde_json::Value) -> Option<ObjectKey> {
    identity(kind, Deserialize::deserialize(value).ok()?)
}

fn identity(kind: Kind, wire::Identity { metadata }: wire::Identity) -> Option<ObjectKey> {
    let text = |field: serde_json::Value| field.as_str().filter(|text| !text.is_empty()).map(super::Name::from);
    let name = text(metadata.name).or_else(|| text(metadata.generate_name))?;
    if kind.info().namespaced {
        Some(ObjectKey { kind, namespace: Some(text(metadata.namespace)?), name })
    } else {
        Some(ObjectKey::cluster(kind, name))
    }
}

/// Whether a text is base64 as the API server reads it.
pub fn is_base64(text: &str) -> bool {
    pem::base64(text.as_bytes()).is_some()
}

/// The labels in a mapping.
pub fn labels(value: &serde_json::Value) -> Result<super::Labels, DecodeError> {
    wire::labels(value).map_err(|error| error_at(FieldPath::root(), &error))
}

/// A `LabelSelector`.
pub fn selector(value: &serde_json::Value) -> Result<super::Selector, DecodeError> {
    wire::<_, selector::LabelSelector>(value).map(|selector| selector.0)
}

fn of<'de, D: Deserializer<'de, Error = serde_json::Error>>(kind: Kind, from: D) -> Result<Object, DecodeError> {
    Ok(match kind {
        Kind::Namespace => Object::Namespace(Arc::new(wire::<_, meta::WireNamespace>(from)?.into_namespace()?)),
        Kind::Pod => Object::Pod(Arc::new(wire::<_, pod::WirePod>(from)?.into_pod()?)),
        Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::ReplicationController
        | Kind::Job => Object::Workload(Arc::new(wire::<_, pod::WireWorkload>(from)?.into_workload(kind)?)),
        Kind::CronJob => Object::Workload(Arc::new(wire::<_, pod::WireCronJob>(from)?.into_workload(kind)?)),
        Kind::NetworkPolicy => Object::NetworkPolicy(Arc::new(wire::<_, policy::WirePolicy>(from)?.into_policy()?)),
        Kind::Service => Object::Service(Arc::new(wire::<_, service::WireService>(from)?.into_service()?)),
        Kind::Ingress => Object::Ingress(Arc::new(wire::<_, ingress::WireIngress>(from)?.into_ingress()?)),
        Kind::IngressClass => {
            Object::IngressClass(Arc::new(wire::<_, ingress::WireIngressClass>(from)?.into_ingress_class()?))
        }
        Kind::ClusterNetworkPolicy | Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy => {
            Object::ClusterPolicy(Arc::new(wire::<_, cluster_policy::WireClusterPolicy>(from)?.into_policy(kind)?))
        }
        Kind::CiliumNetworkPolicy | Kind::CiliumClusterwideNetworkPolicy => {
            Object::CiliumPolicy(Arc::new(wire::<_, cilium::WireCiliumPolicy>(from)?.into_policy(kind)?))
        }
        Kind::CalicoNetworkPolicy
        | Kind::CalicoGlobalNetworkPolicy
        | Kind::CalicoStoredNetworkPolicy
        | Kind::CalicoStoredGlobalNetworkPolicy => {
            Object::CalicoPolicy(Arc::new(wire::<_, calico::WireCalicoPolicy>(from)?.into_policy(kind)?))
        }
        Kind::CalicoTier | Kind::CalicoStoredTier => {
            Object::CalicoTier(Arc::new(wire::<_, calico::WireTier>(from)?.into_tier(kind)?))
        }
        Kind::CalicoNetworkSet
        | Kind::CalicoGlobalNetworkSet
        | Kind::CalicoStoredNetworkSet
        | Kind::CalicoStoredGlobalNetworkSet => {
            Object::CalicoNetworkSet(Arc::new(wire::<_, calico::WireNetworkSet>(from)?.into_set(kind)?))
        }
        Kind::CalicoStagedNetworkPolicy
        | Kind::CalicoStagedGlobalNetworkPolicy
        | Kind::CalicoStagedKubernetesNetworkPolicy => {
            Object::StagedPolicy(Arc::new(wire::<_, calico::WireStagedPolicy>(from)?.into_policy(kind)?))
        }
        Kind::GatewayClass => Object::GatewayClass(Arc::new(wire::<_, gateway::WireGatewayClass>(from)?.into_class()?)),
        Kind::Gateway => Object::Gateway(Arc::new(wire::<_, gateway::WireGateway>(from)?.into_gateway()?)),
        Kind::HTTPRoute | Kind::GRPCRoute | Kind::TLSRoute | Kind::TCPRoute | Kind::UDPRoute => {
            Object::Route(Arc::new(wire::<_, gateway::WireRoute>(from)?.into_route(kind)?))
        }
        Kind::ValidatingWebhookConfiguration | Kind::MutatingWebhookConfiguration => {
            let wire = wire::<_, webhook_configuration::WireWebhookConfiguration>(from)?;
            Object::WebhookConfiguration(Arc::new(wire.into_configuration(kind)?))
        }
        Kind::Secret => Object::Secret(Arc::new(wire::<_, secret::WireSecret>(from)?.into_secret()?)),
        Kind::ConfigMap => Object::ConfigMap(Arc::new(wire::<_, config_map::WireConfigMap>(from)?.into_config_map()?)),
        Kind::ListenerSet => {
            Object::ListenerSet(Arc::new(wire::<_, gateway::WireListenerSet>(from)?.into_listener_set()?))
        }
        Kind::BackendTLSPolicy => {
            Object::BackendTlsPolicy(Arc::new(wire::<_, gateway::WireBackendPolicy>(from)?.into_policy()?))
        }
        Kind::ReferenceGrant => Object::ReferenceGrant(Arc::new(wire::<_, gateway::WireGrant>(from)?.into_grant()?)),
        Kind::Certificate | Kind::ExternalSecret | Kind::SealedSecret => {
            Object::Issuance(Arc::new(wire::<_, issuance::WireIssuance>(from)?.into_issuance(kind)?))
        }
        Kind::IngressRoute
        | Kind::IngressRouteTCP
        | Kind::TLSOption
        | Kind::ServersTransport
        | Kind::Middleware
        | Kind::HTTPProxy
        | Kind::VirtualServer
        | Kind::NginxPolicy
        | Kind::OpenShiftRoute
        | Kind::FrontendConfig
        | Kind::IngressClassParams
        | Kind::IstioGateway => Object::EdgeResource(Arc::new(edge_resource(kind, from)?)),
        Kind::PeerAuthentication | Kind::IstioAuthorizationPolicy | Kind::DestinationRule => {
            Object::MeshPolicy(Arc::new(wire::<_, istio::WireIstio>(from)?.into_policy(kind)?))
        }
        Kind::LinkerdServer
        | Kind::ServerAuthorization
        | Kind::LinkerdAuthorizationPolicy
        | Kind::MeshTLSAuthentication
        | Kind::NetworkAuthentication => {
            Object::MeshPolicy(Arc::new(wire::<_, linkerd::WireLinkerd>(from)?.into_policy(kind)?))
        }
        Kind::Ruleset | Kind::Exemption => {
            Object::Settings(Arc::new(wire::<_, settings::WireSettings>(from)?.into_settings(kind)?))
        }
    })
}

/// An object of a controller's own kind.
fn edge_resource<'de, D>(kind: Kind, from: D) -> Result<EdgeResource, DecodeError>
where
    D: Deserializer<'de, Error = serde_json::Error>,
{
    match kind {
        Kind::HTTPProxy => wire::<_, contour::WireHttpProxy>(from)?.into_resource(kind),
        Kind::VirtualServer | Kind::NginxPolicy => wire::<_, nginx::WireNginx>(from)?.into_resource(kind),
        Kind::OpenShiftRoute => wire::<_, openshift::WireRoute>(from)?.into_resource(kind),
        Kind::FrontendConfig => wire::<_, gke::WireFrontendConfig>(from)?.into_resource(kind),
        Kind::IngressClassParams => wire::<_, aws::WireIngressClassParams>(from)?.into_resource(kind),
        Kind::IstioGateway => wire::<_, istio_gateway::WireIstioGateway>(from)?.into_resource(kind),
        Kind::TLSOption => wire::<_, traefik::WireTraefik<traefik::WireTlsOption>>(from)?.into_resource(kind),
        Kind::ServersTransport => {
            wire::<_, traefik::WireTraefik<traefik::WireServersTransport>>(from)?.into_resource(kind)
        }
        Kind::Middleware => wire::<_, traefik::WireTraefik<traefik::WireMiddleware>>(from)?.into_resource(kind),
        _ => wire::<_, traefik::WireTraefik<traefik::WireRoutes>>(from)?.into_resource(kind),
    }
}

fn wire<'de, D, T>(from: D) -> Result<T, DecodeError>
where
    D: Deserializer<'de, Error = serde_json::Error>,
    T: Deserialize<'de>,
{
    serde_path_to_error::deserialize(from).map_err(|error| {
        let path = error.path().iter().fold(FieldPath::root(), |path, segment| match segment {
            Segment::Seq { index } => path.index(*index),
            Segment::Map { key } | Segment::Enum { variant: key } => path.field(key),
            Segment::Unknown => path,
        });
        error_at(path, error.inner())
    })
}

/// The error without the value that serde quotes: `invalid type: string "hunter2", expected u16` becomes `expected u16`.
fn error_at(path: FieldPath, error: &serde_json::Error) -> DecodeError {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let message = match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if error.is_data() => text.to_owned(),
        None => format!("not JSON: {text}"),
    };
    DecodeError { path, message }
}
