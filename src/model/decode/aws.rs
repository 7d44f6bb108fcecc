//! `IngressClassParams` of the AWS Load Balancer Controller.

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, nullable},
};
use crate::model::{EdgeResource, EdgeSpec, Kind, Name, aws::IngressClassParams};

#[derive(Deserialize)]
pub(super) struct WireIngressClassParams {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    group: Option<WireGroup>,
    certificate_arn: List<Name>,
    ssl_policy: Option<Name>,
    ssl_redirect_port: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireGroup {
    #[serde(deserialize_with = "nullable")]
    name: Name,
}

impl WireIngressClassParams {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        let set = |name: Option<Name>| name.filter(|name| !name.is_empty());
        let params = IngressClassParams {
            group: set(self.spec.group.map(|group| group.name)),
            has_certificates: !self.spec.certificate_arn.0.is_empty(),
            ssl_policy: set(self.spec.ssl_policy),
            ssl_redirect_port: set(self.spec.ssl_redirect_port),
        };
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(false)?, spec: EdgeSpec::Aws(params) })
    }
}
