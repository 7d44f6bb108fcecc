//! Traefik's own kinds.

/// `traefik.io/v1alpha1` `IngressRoute`, `IngressRouteTCP`, `TLSOption`, `ServersTransport`, Middleware.
#[derive(Clone, PartialEq, Debug)]
pub struct TraefikSpec {}

impl TraefikSpec {
    /// The objects that it names.
    pub(super) fn refers(&self, _: &super::EdgeResource, _: &mut Vec<super::ObjectKey>) {}
}
