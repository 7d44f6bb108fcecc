//! GKE's own kinds.

/// `networking.gke.io/v1beta1` `FrontendConfig`.
#[derive(Clone, PartialEq, Debug)]
pub struct FrontendConfig {}
