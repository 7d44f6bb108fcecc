//! `BackendTLSPolicy` and `ReferenceGrant`.

use serde::Deserialize;

use super::{WireReference, text};
use crate::model::{
    BackendTlsPolicy, BackendTrust, GrantFrom, GrantTo, Kind, Name, PolicyTarget, ReferenceGrant,
    decode::{
        DecodeError,
        meta::WireMeta,
        wire::{List, nullable},
    },
};

#[derive(Deserialize)]
pub(in crate::model::decode) struct WireBackendPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WirePolicySpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePolicySpec {
    target_refs: List<WireTarget>,
    #[serde(deserialize_with = "nullable")]
    validation: WireValidation,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTarget {
    #[serde(flatten)]
    reference: WireReference,
    section_name: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireValidation {
    #[serde(deserialize_with = "nullable")]
    hostname: Name,
    ca_certificate_refs: List<WireReference>,
    #[serde(rename = "wellKnownCACertificates")]
    well_known: Option<Name>,
}

#[derive(Deserialize)]
pub(in crate::model::decode) struct WireGrant {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireGrantSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireGrantSpec {
    from: List<WireReference>,
    to: List<WireReference>,
}

impl WireBackendPolicy {
    pub(in crate::model::decode) fn into_policy(self) -> Result<BackendTlsPolicy, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let own = meta.namespace.clone().unwrap_or_default();
        let WirePolicySpec { target_refs, validation } = self.spec;
        // Targets are in the policy's own namespace.
        let services =
            target_refs.0.into_iter().filter(|target| target.reference.is_core(Kind::Service, Kind::Service));
        let target = |target: WireTarget| PolicyTarget {
            service: WireReference { namespace: Name::default(), ..target.reference }.key(Kind::Service, &own),
            port: text(target.section_name),
        };
        let kind = |reference: &WireReference| {
            [Kind::ConfigMap, Kind::Secret].into_iter().find(|kind| reference.is_core(*kind, Kind::ConfigMap))
        };
        let references = validation.ca_certificate_refs.0.iter();
        let references = references.filter_map(|reference| Some(reference.key(kind(reference)?, &own)));
        Ok(BackendTlsPolicy {
            targets: services.map(target).collect(),
            hostname: validation.hostname,
            trust: match text(validation.well_known) {
                Some(_) => BackendTrust::System,
                None => BackendTrust::References(references.collect()),
            },
            meta,
        })
    }
}

impl WireGrant {
    pub(in crate::model::decode) fn into_grant(self) -> Result<ReferenceGrant, DecodeError> {
        let from = |entry: WireReference| GrantFrom {
            group: entry.group.unwrap_or_default(),
            kind: entry.kind.unwrap_or_default(),
            namespace: entry.namespace,
        };
        let to = |entry: WireReference| GrantTo {
            group: entry.group.unwrap_or_default(),
            kind: entry.kind.unwrap_or_default(),
            name: text(Some(entry.name)),
        };
        Ok(ReferenceGrant {
            meta: self.metadata.into_meta(true)?,
            from: self.spec.from.0.into_iter().map(from).collect(),
            to: self.spec.to.0.into_iter().map(to).collect(),
        })
    }
}
