//! Istio's policies (istio.io/api, security/v1 and networking/v1).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, labels, nullable, wrong},
};
use crate::model::{
    FieldPath, Kind, Labels, Name, Selector,
    mesh::{DestinationRule, IstioAuthorization, IstioSpec, MeshPolicy, MeshSpec, MtlsMode, PeerAuthentication},
};

/// One structure for the three kinds: no field of one means something else in another.
#[derive(Deserialize)]
pub(super) struct WireIstio {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    #[serde(deserialize_with = "nullable")]
    selector: WireSelector,
    #[serde(deserialize_with = "nullable")]
    mtls: WireMtls,
    #[serde(deserialize_with = "nullable")]
    port_level_mtls: BTreeMap<Name, Option<WireMtls>>,
    #[serde(deserialize_with = "nullable")]
    action: Name,
    target_ref: Option<serde::de::IgnoredAny>,
    target_refs: List<WireTarget>,
    rules: List<WireRule>,
    #[serde(deserialize_with = "nullable")]
    host: Name,
    #[serde(deserialize_with = "nullable")]
    traffic_policy: WireTrafficPolicy,
    subsets: List<WireSubset>,
}

#[derive(Deserialize, Default)]
struct WireTarget {}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSelector {
    #[serde(deserialize_with = "labels")]
    match_labels: Labels,
}

impl WireSelector {
    /// Without labels it selects as none does (`len(spec.Selector.MatchLabels) == 0`).
    fn into_selector(self) -> Option<Selector> {
        (!self.match_labels.is_empty()).then(|| Selector::of_labels(&self.match_labels))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireMtls {
    mode: WireMode,
}

#[derive(Default)]
struct WireMode(Option<MtlsMode>);

impl<'de> Deserialize<'de> for WireMode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mode: Option<Name> = Option::deserialize(from)?;
        match mode.as_deref() {
            None | Some("" | "UNSET") => Ok(Self(None)),
            Some("DISABLE") => Ok(Self(Some(MtlsMode::Disable))),
            Some("PERMISSIVE") => Ok(Self(Some(MtlsMode::Permissive))),
            Some("STRICT") => Ok(Self(Some(MtlsMode::Strict))),
            Some(_) => Err(wrong(&"UNSET, DISABLE, PERMISSIVE or STRICT")),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRule {
    from: List<WireFrom>,
    when: List<WireCondition>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireFrom {
    #[serde(deserialize_with = "nullable")]
    source: WireSource,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSource {
    principals: List<Name>,
    namespaces: List<Name>,
    service_accounts: List<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireCondition {
    #[serde(deserialize_with = "nullable")]
    key: Name,
    values: List<Name>,
}

impl WireRule {
    /// Whether whoever it lets in has an identity: each of its sources names some, or a condition does. `notPrincipals` and its kin
    /// name nobody who must be somebody.
    fn identifies(&self) -> bool {
        let names = |source: &WireSource| {
            !(source.principals.0.is_empty() && source.namespaces.0.is_empty() && source.service_accounts.0.is_empty())
        };
        let by_source = !self.from.0.is_empty() && self.from.0.iter().all(|from| names(&from.source));
        let is_identity = |key: &str| matches!(key, "source.principal" | "source.namespace" | "source.serviceAccount");
        let by_condition = self.when.0.iter().any(|when| is_identity(&when.key) && !when.values.0.is_empty());
        by_source || by_condition
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTrafficPolicy {
    tls: Option<WireTls>,
    port_level_settings: List<WirePortSettings>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WirePortSettings {
    tls: Option<WireTls>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireTls {
    #[serde(deserialize_with = "nullable")]
    mode: Name,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSubset {
    #[serde(deserialize_with = "nullable")]
    traffic_policy: WireTrafficPolicy,
}

impl WireTls {
    /// `DISABLE` is the enum's zero, and so what a `tls` without a mode says.
    fn is_plaintext(&self) -> bool {
        matches!(self.mode.as_str(), "" | "DISABLE")
    }
}

impl WireTrafficPolicy {
    fn plaintext(&self, at: &FieldPath, out: &mut Vec<FieldPath>) {
        out.extend(self.tls.as_ref().filter(|tls| tls.is_plaintext()).map(|_| at.field("tls")));
        for (index, settings) in self.port_level_settings.0.iter().enumerate() {
            let tls = settings.tls.as_ref().filter(|tls| tls.is_plaintext());
            out.extend(tls.map(|_| at.field("portLevelSettings").index(index).field("tls")));
        }
    }
}

impl WireIstio {
    pub(super) fn into_policy(self, kind: Kind) -> Result<MeshPolicy, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let spec = match kind {
            Kind::PeerAuthentication => IstioSpec::PeerAuthentication(self.spec.into_peer_authentication()?),
            Kind::IstioAuthorizationPolicy => IstioSpec::Authorization(self.spec.into_authorization()?),
            _ => IstioSpec::DestinationRule(self.spec.into_destination_rule()),
        };
        Ok(MeshPolicy { kind, meta, spec: MeshSpec::Istio(spec) })
    }
}

impl WireSpec {
    fn into_peer_authentication(self) -> Result<PeerAuthentication, DecodeError> {
        let port = |(port, mtls): (Name, Option<WireMtls>)| match port.parse::<u16>() {
            Ok(number) if number > 0 => Ok((number, mtls.and_then(|mtls| mtls.mode.0))),
            _ => Err(DecodeError {
                path: FieldPath::new("spec.portLevelMtls"),
                message: "expected port numbers from 1 to 65535 as keys".to_owned(),
            }),
        };
        Ok(PeerAuthentication {
            selector: self.selector.into_selector(),
            mode: self.mtls.mode.0,
            ports: self.port_level_mtls.into_iter().map(port).collect::<Result<_, _>>()?,
        })
    }

    fn into_authorization(self) -> Result<IstioAuthorization, DecodeError> {
        if !["", "ALLOW", "DENY", "AUDIT", "CUSTOM"].contains(&self.action.as_str()) {
            let path = FieldPath::new("spec.action");
            return Err(DecodeError { path, message: "expected ALLOW, DENY, AUDIT or CUSTOM".to_owned() });
        }
        Ok(IstioAuthorization {
            selector: self.selector.into_selector(),
            targets: self.target_ref.is_some() || !self.target_refs.0.is_empty(),
            allows: matches!(self.action.as_str(), "" | "ALLOW"),
            rules: self.rules.0.iter().map(WireRule::identifies).collect(),
        })
    }

    fn into_destination_rule(self) -> DestinationRule {
        let mut plaintext = Vec::new();
        let spec = FieldPath::new("spec");
        self.traffic_policy.plaintext(&spec.field("trafficPolicy"), &mut plaintext);
        for (index, subset) in self.subsets.0.iter().enumerate() {
            let at = spec.field("subsets").index(index).field("trafficPolicy");
            subset.traffic_policy.plaintext(&at, &mut plaintext);
        }
        DestinationRule { host: self.host, plaintext }
    }
}
