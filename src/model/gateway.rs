//! Gateway API: who serves, what listens, and where routes lead (`gateway.networking.k8s.io`, apis/v1 of v1.6).

mod policies;

pub use policies::{
    BackendTlsPolicy, BackendTrust, GrantFrom, GrantTo, PolicyTarget, ReferenceGrant, grants_of_namespace,
};

use super::{FieldPath, Kind, Labels, Meta, Name, ObjectKey, Selector};

/// The group of all kinds of Gateway API.
pub const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";

/// A `GatewayClass`.
#[derive(Clone, PartialEq, Debug)]
pub struct GatewayClass {
    /// Name.
    pub meta: Meta,
    /// `spec.controllerName`: who serves Gateways of this class.
    pub controller: Name,
}

/// A `Gateway`.
#[derive(Clone, PartialEq, Debug)]
pub struct Gateway {
    /// Name, annotations, deletion.
    pub meta: Meta,
    /// `spec.gatewayClassName`.
    pub class_name: Name,
    /// `spec.listeners`.
    pub listeners: Vec<GatewayListener>,
    /// `spec.tls.frontend.default`: how clients of HTTPS listeners are checked; `None` where they are not asked.
    pub client: Option<ClientValidation>,
    /// `spec.tls.frontend.perPort`: the same for single ports, in place of the default.
    pub client_per_port: Vec<(u16, Option<ClientValidation>)>,
    /// `spec.tls.backend.clientCertificateRef`: what it shows to backends.
    pub backend_certificate: Option<ObjectKey>,
    /// `spec.allowedListeners.namespaces`: whose `ListenerSets` it takes in; nobody's by default.
    pub allowed_listeners: AllowedNamespaces,
}

/// A `ListenerSet`: listeners that a Gateway takes in.
#[derive(Clone, PartialEq, Debug)]
pub struct ListenerSet {
    /// Name, annotations.
    pub meta: Meta,
    /// `spec.parentRef`.
    pub gateway: ObjectKey,
    /// `spec.listeners`.
    pub listeners: Vec<GatewayListener>,
}

/// One entry of `spec.listeners`.
#[derive(Clone, PartialEq, Debug)]
pub struct GatewayListener {
    /// `name`, unique within its list.
    pub name: Name,
    /// `hostname`; `None` for every host.
    pub hostname: Option<Name>,
    /// `port`.
    pub port: Option<u16>,
    /// `protocol`: HTTP, HTTPS, TLS, TCP, UDP, or one of an implementation's own.
    pub protocol: Name,
    /// `tls`. The API server takes an HTTPS listener without it (it asks for it on TLS listeners only).
    pub tls: Option<ListenerTls>,
    /// `allowedRoutes.namespaces`: whose routes it takes; those of its own namespace by default.
    pub namespaces: AllowedNamespaces,
    /// `allowedRoutes.kinds`, each with its group: which kinds of routes; those of its protocol where it is empty.
    pub kinds: Vec<(Name, Name)>,
}

/// `tls` of a listener.
#[derive(Clone, PartialEq, Debug)]
pub struct ListenerTls {
    /// Whether `mode` is `Passthrough`; `Terminate` is the default.
    pub is_passthrough: bool,
    /// `certificateRefs`; `None` for what is no Secret.
    pub certificates: Vec<Option<ObjectKey>>,
    /// `options`, whose keys are the implementations' own.
    pub options: Labels,
    /// `frontendValidation`, where clients were checked before v1.5 (experimental channel).
    pub client: Option<ClientValidation>,
}

/// How certificates of clients are checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientValidation {
    /// `AllowValidOnly`, the default.
    ValidOnly,
    /// `AllowInsecureFallback`: whoever has none that is valid is let in all the same.
    InsecureFallback,
}

/// `from` of `allowedRoutes.namespaces` and `allowedListeners.namespaces`.
#[derive(Clone, PartialEq, Debug)]
pub enum AllowedNamespaces {
    /// None.
    Nobody,
    /// That of the Gateway itself.
    Same,
    /// Every namespace.
    All,
    /// Those with fitting labels.
    Selector(Selector),
}

/// An `HTTPRoute`, `GRPCRoute`, `TLSRoute`, `TCPRoute` or `UDPRoute`.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    /// Which of them.
    pub kind: Kind,
    /// Name, labels, owners, deletion.
    pub meta: Meta,
    /// The Gateways and `ListenerSets` among `spec.parentRefs`; other parents (a Service, in a mesh) are no entrances.
    pub parents: Vec<RouteParent>,
    /// `spec.hostnames`; empty for all that a listener has.
    pub hostnames: Vec<Name>,
    /// `spec.rules`. One that the API server fills in counts as written.
    pub rules: Vec<RouteRule>,
    /// The Services among the backends of `spec.rules`, those that requests are mirrored to included.
    pub backends: Vec<RouteBackend>,
    /// Whether `spec.useDefaultGateways` attaches it to Gateways that it does not name (experimental channel).
    pub takes_default_gateways: bool,
}

/// One entry of `spec.parentRefs`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteParent {
    /// The Gateway or `ListenerSet`.
    pub object: ObjectKey,
    /// `sectionName`: the one listener that is meant.
    pub section: Option<Name>,
    /// `port`: the listeners of that port are meant.
    pub port: Option<u16>,
    /// Where it was written.
    pub at: FieldPath,
}

/// One entry of a route's `spec.rules`, as far as decisions read it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RouteRule {
    /// Whether it does nothing but redirect to `https` (`RequestRedirect` with that scheme).
    pub redirects: bool,
    /// Whether it has filters, which may alter or redirect requests.
    pub has_filters: bool,
    /// The paths of its matches that are `Exact` or a `PathPrefix`; `/` where none is given. `None` for any other type.
    pub paths: Vec<Option<Name>>,
}

/// Where a route leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteBackend {
    /// The Service. One of another namespace also needs a `ReferenceGrant` there.
    pub service: ObjectKey,
    /// `port`: the Service's.
    pub port: Option<u16>,
    /// Where it was written.
    pub at: FieldPath,
}

impl Gateway {
    /// How clients of an HTTPS listener on a port are checked.
    pub fn client_on(&self, port: Option<u16>) -> Option<ClientValidation> {
        let own = self.client_per_port.iter().find(|(number, _)| Some(*number) == port);
        own.map_or(self.client, |(_, validation)| *validation)
    }
}

impl Route {
    /// Whether it does nothing but redirect to `https`.
    pub fn only_redirects(&self) -> bool {
        !self.rules.is_empty() && self.rules.iter().all(|rule| rule.redirects)
    }
}
