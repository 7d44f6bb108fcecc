//! Gateway API: who serves, and where routes lead.

use super::{Kind, Meta};

/// A `GatewayClass`.
#[derive(Clone, PartialEq, Debug)]
pub struct GatewayClass {
    /// Name.
    pub meta: Meta,
}

/// A `Gateway`.
#[derive(Clone, PartialEq, Debug)]
pub struct Gateway {
    /// Name, deletion.
    pub meta: Meta,
}

/// An `HTTPRoute`, `GRPCRoute`, `TLSRoute`, `TCPRoute` or `UDPRoute`.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    /// Which of them.
    pub kind: Kind,
    /// Name, deletion.
    pub meta: Meta,
}
