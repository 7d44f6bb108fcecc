//! GKE's `FrontendConfig`.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, Name, gke::FrontendConfig};

#[derive(Deserialize)]
pub(super) struct WireFrontendConfig {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    ssl_policy: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    redirect_to_https: WireRedirect,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRedirect {
    #[serde(deserialize_with = "nullable")]
    enabled: bool,
}

impl WireFrontendConfig {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        let config = FrontendConfig {
            redirects: self.spec.redirect_to_https.enabled,
            ssl_policy: self.spec.ssl_policy.filter(|name| !name.is_empty()),
        };
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::Gke(config) })
    }
}
