//! OpenShift's own kinds.

use super::{EdgeResource, Kind, Name, ObjectKey};

/// `route.openshift.io/v1` Route.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OpenShiftRoute {
    /// `spec.host`; the router makes one up where it is missing.
    pub host: Option<Name>,
    /// `spec.subdomain`: the part of the host below the router's own domain, where `spec.host` is missing.
    pub subdomain: Option<Name>,
    /// `spec.path`, empty when missing.
    pub path: Name,
    /// `spec.to`, then `spec.alternateBackends`: Services of the same namespace that get any requests.
    pub backends: Vec<RouteTarget>,
    /// `spec.port.targetPort`.
    pub port: Option<Name>,
    /// `spec.tls`.
    pub tls: Option<RouteTls>,
    /// `spec.wildcardPolicy: Subdomain`: all hosts one label below the host's own parent.
    pub is_wildcard: bool,
    /// The routers that took it, each by its own name: `status.ingress[].routerCanonicalHostname`.
    pub routers: Vec<Name>,
}

/// A Service that a Route leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteTarget {
    /// Its name.
    pub service: Name,
    /// The field that names it.
    pub at: &'static str,
    /// Its place in the list, for the alternates.
    pub index: Option<usize>,
}

/// `spec.tls` of a Route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteTls {
    /// `termination`.
    pub termination: Termination,
    /// `insecureEdgeTerminationPolicy`.
    pub insecure: Insecure,
    /// Whether `certificate` holds one.
    pub has_certificate: bool,
    /// Whether `key` holds a private key, for every reader of the Route to see. The key itself dies in the decoder.
    pub has_inline_key: bool,
    /// `externalCertificate.name`: a Secret of the same namespace.
    pub external_certificate: Option<Name>,
}

/// Where TLS ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Termination {
    /// At the router; plaintext goes on.
    Edge,
    /// At the router, which makes TLS of its own to the backend.
    Reencrypt,
    /// At the backend.
    Passthrough,
}

/// What becomes of plaintext requests for a Route with TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insecure {
    /// They find nothing: the default.
    None,
    /// They are redirected to HTTPS.
    Redirect,
    /// They are served.
    Allow,
}

impl OpenShiftRoute {
    /// The objects that it names.
    pub(super) fn refers(&self, resource: &EdgeResource, out: &mut Vec<ObjectKey>) {
        let key =
            |kind, name: &Name| ObjectKey { kind, namespace: resource.meta.namespace.clone(), name: name.clone() };
        out.extend(self.backends.iter().map(|target| key(Kind::Service, &target.service)));
        let secret = self.tls.as_ref().and_then(|tls| tls.external_certificate.as_ref());
        out.extend(secret.map(|name| key(Kind::Secret, name)));
    }
}
