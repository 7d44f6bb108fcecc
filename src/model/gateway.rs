//! Gateway API: who serves, and where routes lead (`gateway.networking.k8s.io`, apis/v1).

use super::{FieldPath, Kind, Meta, Name, ObjectKey};

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
    /// Name, deletion.
    pub meta: Meta,
    /// `spec.gatewayClassName`.
    pub class_name: Name,
}

/// An `HTTPRoute`, `GRPCRoute`, `TLSRoute`, `TCPRoute` or `UDPRoute`.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    /// Which of them.
    pub kind: Kind,
    /// Name, deletion.
    pub meta: Meta,
    /// The Gateways among `spec.parentRefs`; other parents (a Service, in a mesh) are no entrances.
    pub gateways: Vec<ObjectKey>,
    /// The Services among the backends of `spec.rules`, those that requests are mirrored to included.
    pub backends: Vec<RouteBackend>,
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

/// A `ListenerSet`: listeners that a Gateway takes in.
#[derive(Clone, PartialEq, Debug)]
pub struct ListenerSet {
    /// Name.
    pub meta: Meta,
    /// `spec.parentRef`.
    pub gateway: ObjectKey,
}

/// A `BackendTLSPolicy`.
#[derive(Clone, PartialEq, Debug)]
pub struct BackendTlsPolicy {
    /// Name, creation.
    pub meta: Meta,
}

/// A `ReferenceGrant`.
#[derive(Clone, PartialEq, Debug)]
pub struct ReferenceGrant {
    /// Name.
    pub meta: Meta,
}
