//! Istio's own Gateway.

/// `networking.istio.io/v1` Gateway.
#[derive(Clone, PartialEq, Debug)]
pub struct IstioGateway {}

impl IstioGateway {
    /// The objects that it names.
    pub(super) fn refers(&self, _: &super::EdgeResource, _: &mut Vec<super::ObjectKey>) {}
}
