//! OpenShift's Route.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePortOrName, nullable},
};
use crate::model::{
    EdgeResource, EdgeSpec, FieldPath, Kind, Name,
    openshift::{Insecure, OpenShiftRoute, RouteTarget, RouteTls, Termination},
};

#[derive(Deserialize)]
pub(super) struct WireRoute {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: WireStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    host: Option<Name>,
    subdomain: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    path: Name,
    #[serde(deserialize_with = "nullable")]
    to: WireTarget,
    alternate_backends: List<WireTarget>,
    #[serde(deserialize_with = "nullable")]
    port: WirePort,
    tls: Option<WireTls>,
    #[serde(deserialize_with = "nullable")]
    wildcard_policy: Name,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireTarget {
    #[serde(deserialize_with = "nullable")]
    kind: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    weight: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePort {
    target_port: Option<WirePortOrName>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTls {
    #[serde(deserialize_with = "nullable")]
    termination: Name,
    #[serde(deserialize_with = "nullable")]
    insecure_edge_termination_policy: Name,
    certificate: IsThere,
    key: IsThere,
    #[serde(deserialize_with = "nullable")]
    external_certificate: WireReference,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    #[serde(deserialize_with = "nullable")]
    name: Name,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireStatus {
    ingress: List<WireRouter>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRouter {
    #[serde(deserialize_with = "nullable")]
    router_canonical_hostname: Name,
}

/// Whether a text is there and not empty. The text itself is not taken over: it may be a private key.
#[derive(Clone, Copy, Default)]
struct IsThere(bool);

impl<'de> Deserialize<'de> for IsThere {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = IsThere;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_unit<E: de::Error>(self) -> Result<IsThere, E> {
                Ok(IsThere(false))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<IsThere, E> {
                Ok(IsThere(!text.is_empty()))
            }
        }
        from.deserialize_any(Text)
    }
}

impl WireRoute {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        let set = |name: Option<Name>| name.filter(|name| !name.is_empty());
        let spec = self.spec;
        let primary = std::iter::once((spec.to, "spec.to", None));
        let alternates = spec.alternate_backends.0.into_iter().enumerate();
        let alternates = alternates.map(|(index, target)| (target, "spec.alternateBackends", Some(index)));
        let targets = primary.chain(alternates).filter_map(|(target, at, index)| target.into_target(at, index));
        let port = spec.port.target_port.and_then(|port| match port {
            WirePortOrName::Number(number) => number.map(|number| Name::from(number.to_string())),
            WirePortOrName::Name(name) => Some(name).filter(|name| !name.is_empty()),
        });
        let routers = self.status.ingress.0.into_iter().map(|router| router.router_canonical_hostname);
        let route = OpenShiftRoute {
            host: set(spec.host),
            subdomain: set(spec.subdomain),
            path: spec.path,
            backends: targets.collect(),
            port,
            tls: spec.tls.map(WireTls::into_tls).transpose()?,
            is_wildcard: spec.wildcard_policy == "Subdomain",
            routers: routers.filter(|name| !name.is_empty()).collect(),
        };
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::OpenShift(route) })
    }
}

impl WireTarget {
    /// The Service, where it gets any requests: one of weight 0 gets none.
    fn into_target(self, at: &'static str, index: Option<usize>) -> Option<RouteTarget> {
        let is_service = self.kind.is_empty() || self.kind == "Service";
        let counts = is_service && !self.name.is_empty() && self.weight != Some(0);
        counts.then_some(RouteTarget { service: self.name, at, index })
    }
}

impl WireTls {
    fn into_tls(self) -> Result<RouteTls, DecodeError> {
        let wrong = |field: &str, message: &str| DecodeError {
            path: FieldPath::new("spec.tls").field(field),
            message: message.to_owned(),
        };
        let termination = match self.termination.as_str() {
            "edge" => Termination::Edge,
            "reencrypt" => Termination::Reencrypt,
            "passthrough" => Termination::Passthrough,
            _ => return Err(wrong("termination", "expected edge, reencrypt or passthrough")),
        };
        let insecure = match self.insecure_edge_termination_policy.as_str() {
            "" | "None" => Insecure::None,
            "Redirect" => Insecure::Redirect,
            "Allow" => Insecure::Allow,
            _ => return Err(wrong("insecureEdgeTerminationPolicy", "expected None, Redirect or Allow")),
        };
        Ok(RouteTls {
            termination,
            insecure,
            has_certificate: self.certificate.0,
            has_inline_key: self.key.0,
            external_certificate: Some(self.external_certificate.name).filter(|name| !name.is_empty()),
        })
    }
}
