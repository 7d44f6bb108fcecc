//! The kinds of F5's NGINX Ingress Controller.

use super::{EdgeResource, Kind, Name, ObjectKey};

/// `k8s.nginx.org/v1` `VirtualServer` and Policy.
#[derive(Clone, PartialEq, Debug)]
pub enum NginxSpec {
    /// What is served for a host.
    VirtualServer(Box<VirtualServer>),
    /// What `VirtualServers` refer to.
    Policy(NginxPolicy),
}

/// `spec` of a `VirtualServer`.
#[derive(Clone, PartialEq, Debug)]
pub struct VirtualServer {
    /// `host`.
    pub host: Name,
    /// `listener`: the listeners that it is attached to, in place of the usual two.
    pub listener: Option<CustomListener>,
    /// `tls`.
    pub tls: Option<VirtualServerTls>,
    /// `policies[]`.
    pub policies: Vec<ObjectKey>,
    /// `upstreams[]`.
    pub upstreams: Vec<Upstream>,
    /// `routes[]`.
    pub routes: Vec<VirtualServerRoute>,
    /// `http-snippets` and `server-snippets`.
    pub snippets: Vec<Name>,
}

/// `spec.listener` of a `VirtualServer`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CustomListener {
    /// Whether it names one for plaintext.
    pub has_http: bool,
    /// Whether it names one for TLS.
    pub has_https: bool,
}

/// `spec.tls` of a `VirtualServer`.
#[derive(Clone, PartialEq, Debug)]
pub struct VirtualServerTls {
    /// `secret`.
    pub secret: Option<Name>,
    /// `redirect.enable`, where it is written.
    pub redirects: Option<bool>,
    /// Whether `redirect.basedOn` is `x-forwarded-proto`: whoever connects says whether it was by TLS.
    pub trusts_header: bool,
    /// Whether `cert-manager` is to make the Secret.
    pub is_issued: bool,
}

/// An entry of `spec.upstreams` of a `VirtualServer`.
#[derive(Clone, PartialEq, Debug)]
pub struct Upstream {
    /// `name`.
    pub name: Name,
    /// `service`.
    pub service: ObjectKey,
    /// `port`.
    pub port: Option<u16>,
    /// `tls.enable`, where it is written.
    pub tls: Option<bool>,
}

/// An entry of `spec.routes` of a `VirtualServer`.
#[derive(Clone, PartialEq, Debug)]
pub struct VirtualServerRoute {
    /// `policies[]`.
    pub policies: Vec<ObjectKey>,
    /// The upstreams that its actions name, be it in `splits` or `matches`.
    pub upstreams: Vec<Name>,
    /// `action.redirect.url` where it does nothing else.
    pub redirects_to: Option<Name>,
    /// `route` or `routeSelector`: whether `VirtualServerRoutes` say what it does.
    pub is_delegated: bool,
}

/// `spec` of a Policy, as far as it is about TLS.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NginxPolicy {
    /// `ingressMTLS`: whether clients show certificates, by `verifyClient`, empty where it is left out.
    pub verify_client: Option<Name>,
    /// `egressMTLS`: whether backends are checked, by `verifyServer`.
    pub verify_server: Option<bool>,
    /// The Secrets that it names.
    pub secrets: Vec<Name>,
}

impl NginxSpec {
    /// The objects that it names.
    pub(super) fn refers(&self, resource: &EdgeResource, out: &mut Vec<ObjectKey>) {
        let namespace = &resource.meta.namespace;
        let secret = |name: &Name| ObjectKey { kind: Kind::Secret, namespace: namespace.clone(), name: name.clone() };
        match self {
            Self::VirtualServer(server) => {
                out.extend(server.upstreams.iter().map(|upstream| upstream.service.clone()));
                out.extend(server.tls.iter().filter_map(|tls| tls.secret.as_ref()).map(secret));
                out.extend(server.policies.iter().cloned());
                out.extend(server.routes.iter().flat_map(|route| &route.policies).cloned());
            }
            Self::Policy(policy) => out.extend(policy.secrets.iter().map(secret)),
        }
    }
}
