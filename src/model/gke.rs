//! GKE's own kinds.

use super::Name;

/// `networking.gke.io/v1beta1` `FrontendConfig`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FrontendConfig {
    /// `spec.redirectToHttps.enabled`.
    pub redirects: bool,
    /// `spec.sslPolicy`: the name of a policy that only the cloud knows; an empty one is none.
    pub ssl_policy: Option<Name>,
}
