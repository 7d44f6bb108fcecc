//! Istio's own Gateway.

use super::{EdgeResource, Labels, Name, ObjectKey, TlsVersion};

/// `networking.istio.io/v1` Gateway.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IstioGateway {
    /// `spec.selector`: the labels of the Pods that serve it, of all namespaces. Empty for all Pods.
    pub selector: Labels,
    /// `spec.servers`.
    pub servers: Vec<IstioServer>,
}

/// One entry of `spec.servers`.
#[derive(Clone, PartialEq, Debug)]
pub struct IstioServer {
    /// `port.name`, unique in the Gateway.
    pub name: Name,
    /// `port.number`.
    pub port: Option<u16>,
    /// `port.protocol`.
    pub protocol: IstioProtocol,
    /// `hosts`, without the namespaces before them; `*` is any.
    pub hosts: Vec<Name>,
    /// `tls`.
    pub tls: Option<IstioServerTls>,
}

/// What a server speaks, as far as it matters to TLS (pkg/config/protocol/instance.go).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IstioProtocol {
    /// `HTTP`, `HTTP2`, `GRPC`, `GRPC-WEB`: in plaintext.
    Http,
    /// `HTTPS`.
    Https,
    /// `TLS`.
    Tls,
    /// `TCP`, `MONGO` and others.
    Other,
}

/// `tls` of a server.
#[derive(Clone, PartialEq, Debug)]
pub struct IstioServerTls {
    /// `mode`; missing is `PASSTHROUGH`.
    pub mode: IstioTlsMode,
    /// `httpsRedirect`.
    pub redirects: bool,
    /// `minProtocolVersion`; `None` for Istio's default.
    pub oldest: Option<TlsVersion>,
    /// `cipherSuites`.
    pub ciphers: Vec<Name>,
    /// `credentialName` or `credentialNames`.
    pub credentials: Vec<Name>,
    /// Whether they are in the list `credentialNames`.
    pub is_list: bool,
}

/// `tls.mode` of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // The variants are Istio's own names.
pub enum IstioTlsMode {
    Passthrough,
    Simple,
    Mutual,
    AutoPassthrough,
    IstioMutual,
    OptionalMutual,
}

impl IstioTlsMode {
    /// Whether TLS ends at the gateway.
    pub fn terminates(self) -> bool {
        !matches!(self, Self::Passthrough | Self::AutoPassthrough)
    }
}

impl IstioGateway {
    /// The objects that it names: none by their full name, for its Secrets are in the namespace of the gateway's Pods.
    #[allow(clippy::unused_self, reason = "as of every kind")]
    pub(super) fn refers(&self, _: &EdgeResource, _: &mut Vec<ObjectKey>) {}
}
