//! The nouns: Kubernetes objects decoded once to what decisions read.
//!
//! **Invariants.** Pure data, no I/O, no clock. [`kinds`] is the one table of kinds. One decoder per kind ([`decode`]) serves
//! files, watches and reviews. No type here can hold a private key or the content of a Secret.

mod address;
pub mod annotations;
pub mod aws;
mod calico;
pub mod certificate;
mod cilium;
mod cluster_policy;
mod config_map;
pub mod contour;
pub mod decode;
mod derived;
mod edge_resource;
mod field_path;
pub mod gateway;
pub mod gke;
mod ingress;
mod issuance;
pub mod istio_gateway;
mod key;
pub mod kinds;
mod labels;
pub mod mesh;
mod meta;
mod name;
mod namespace;
mod network_policy;
pub mod nginx;
mod object;
pub mod openshift;
mod place;
mod pod;
mod ports;
pub mod secret;
mod selector;
mod service;
mod settings;
mod tls;
pub mod traefik;
mod webhook_configuration;
mod workload;

pub use address::{AddressSet, Family};
pub use calico::{
    CalicoAction, CalicoEntity, CalicoNetworkSet, CalicoPolicy, CalicoPort, CalicoRule, CalicoServiceAccounts,
    CalicoTier, StagedPolicy, calico_keys,
};
pub use certificate::{
    Bundle, CertificateFacts, ChainCertificate, Curve, IssuedBy, PublicKey, ServerUse, SignatureHash,
};
pub use cilium::{
    CiliumDirection, CiliumEntity, CiliumEntry, CiliumPeer, CiliumPeers, CiliumPolicy, CiliumPort, CiliumPorts,
    CiliumRule,
};
pub use cluster_policy::{ClusterAction, ClusterPeer, ClusterPolicy, ClusterPort, ClusterRule, ClusterTier};
pub use config_map::ConfigMap;
pub use derived::Derived;
pub use edge_resource::{EdgeResource, EdgeSpec};
pub use field_path::{FieldPath, Step};
pub use gateway::{
    AllowedNamespaces, BackendTlsPolicy, BackendTrust, ClientValidation, Gateway, GatewayClass, GatewayListener,
    GrantFrom, GrantTo, ListenerSet, ListenerTls, PolicyTarget, ReferenceGrant, Route, RouteBackend, RouteParent,
    RouteRule,
};
pub use ingress::{Ingress, IngressBackend, IngressClass, IngressPath, IngressRule, IngressTls, wildcard_above};
pub use issuance::{AskedCertificate, Issuance};
pub use key::ObjectKey;
pub use kinds::{Kind, Operation};
pub use labels::Labels;
pub use mesh::MeshPolicy;
pub use meta::{Finalizers, Meta, OwnerReference};
pub use name::Name;
pub use namespace::{METADATA_NAME, Namespace};
pub use network_policy::{NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule, PortMatch};
pub use object::Object;
pub use place::Place;
pub use pod::{ContainerPort, Phase, Pod, PodFacts};
pub use ports::{PortSet, Protocol};
pub use secret::{Block, Instead, KeyMatch, Secret, TlsFacts, Unreadable};
pub use selector::{Likeness, Selector, reserved};
pub use service::{Service, ServicePort, ServiceType, TargetPort};
pub use settings::Settings;
pub use tls::TlsVersion;
pub use webhook_configuration::{Webhook, WebhookConfiguration};
pub use workload::Workload;
