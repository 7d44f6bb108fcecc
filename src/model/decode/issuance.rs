//! What makes Secrets: cert-manager's Certificates, `ExternalSecrets`, `SealedSecrets`.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{Issuance, Kind, Name};

#[derive(Deserialize)]
pub(super) struct WireIssuance {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    #[serde(deserialize_with = "nullable")]
    secret_name: Name,
    #[serde(deserialize_with = "nullable")]
    target: WireTarget,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireTarget {
    #[serde(deserialize_with = "nullable")]
    name: Name,
}

impl WireIssuance {
    pub(super) fn into_issuance(self, kind: Kind) -> Result<Issuance, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let named = match kind {
            Kind::Certificate => self.spec.secret_name,
            Kind::ExternalSecret => self.spec.target.name,
            _ => Name::default(),
        };
        // What names none makes one of its own name.
        let secret = if named.is_empty() { meta.name.clone() } else { named };
        Ok(Issuance { kind, meta, secret })
    }
}
