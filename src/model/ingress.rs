//! `networking.k8s.io/v1` Ingress and IngressClass.

use super::{Meta, Name, ObjectKey};

/// An Ingress. The class annotation and the controllers' annotations are in [`Meta::annotations`].
#[derive(Clone, PartialEq, Debug)]
pub struct Ingress {
    /// Name and annotations.
    pub meta: Meta,
    /// `spec.ingressClassName`.
    pub class_name: Option<Name>,
    /// `spec.defaultBackend`.
    pub default_backend: Option<IngressBackend>,
    /// `spec.tls`.
    pub tls: Vec<IngressTls>,
    /// `spec.rules`.
    pub rules: Vec<IngressRule>,
}

/// One entry of `spec.tls`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IngressTls {
    /// `hosts`; empty means whatever the controller decides.
    pub hosts: Vec<Name>,
    /// `secretName`.
    pub secret_name: Option<Name>,
}

/// One entry of `spec.rules`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IngressRule {
    /// `host`; `None` when missing or empty, which means every host.
    pub host: Option<Name>,
    /// `http.paths`.
    pub paths: Vec<IngressPath>,
}

/// One entry of `http.paths`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IngressPath {
    /// `path`, empty when missing.
    pub path: Name,
    /// `backend`.
    pub backend: IngressBackend,
}

/// Where requests go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IngressBackend {
    /// A Service of the same namespace.
    Service {
        /// Its name.
        name: Name,
        /// Its port, by name or number.
        port: Option<Name>,
    },
    /// Any other object of the same namespace.
    Resource {
        /// Its kind.
        kind: Name,
        /// Its name.
        name: Name,
    },
}

/// The wildcard one level above a host: `*.example.com` for `shop.example.com`, none for `localhost`.
///
/// A wildcard stands for exactly one label, and its own parent wildcard does not cover it.
pub fn wildcard_above(host: &str) -> Option<String> {
    let (first, rest) = host.split_once('.')?;
    (first != "*" && !rest.is_empty()).then(|| format!("*.{rest}"))
}

/// An IngressClass.
#[derive(Clone, PartialEq, Debug)]
pub struct IngressClass {
    /// Name and annotations.
    pub meta: Meta,
    /// `spec.controller`: who serves Ingresses of this class.
    pub controller: Name,
    /// `spec.parameters`, where they are an object of a kind that Ringwall reads.
    pub parameters: Option<ObjectKey>,
    /// `ingressclass.kubernetes.io/is-default-class: "true"`.
    pub is_default: bool,
}
