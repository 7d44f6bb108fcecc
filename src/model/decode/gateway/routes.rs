//! `HTTPRoute`, `GRPCRoute`, `TLSRoute`, `TCPRoute` and `UDPRoute`.

use serde::Deserialize;

use super::{WireReference, text};
use crate::model::{
    FieldPath, Kind, Name, Route, RouteBackend, RouteParent, RouteRule,
    decode::{
        DecodeError,
        meta::WireMeta,
        wire::{List, WirePort, nullable},
    },
};

#[derive(Deserialize)]
pub(in crate::model::decode) struct WireRoute {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireRouteSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRouteSpec {
    parent_refs: List<WireParent>,
    hostnames: List<Name>,
    rules: List<WireRule>,
    use_default_gateways: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireParent {
    group: Option<Name>,
    kind: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    section_name: Option<Name>,
    port: WirePort,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRule {
    matches: List<WireMatch>,
    backend_refs: List<WireBackend>,
    filters: List<WireFilter>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireMatch {
    /// Of `HTTPRoutes`. Other routes have none.
    path: Option<WirePath>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WirePath {
    #[serde(rename = "type")]
    kind: Option<Name>,
    value: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireFilter {
    request_mirror: Option<WireMirror>,
    request_redirect: Option<WireRedirect>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireMirror {
    #[serde(deserialize_with = "nullable")]
    backend_ref: WireBackend,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRedirect {
    scheme: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireBackend {
    group: Option<Name>,
    kind: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    port: WirePort,
    filters: List<WireFilter>,
}

impl WireRoute {
    pub(in crate::model::decode) fn into_route(self, kind: Kind) -> Result<Route, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let own = meta.namespace.clone().unwrap_or_default();
        let spec = self.spec;
        let mut backends = Vec::new();
        for (index, rule) in spec.rules.0.iter().enumerate() {
            let at = FieldPath::new(format!("spec.rules[{index}]"));
            mirrors(&rule.filters, &own, &at, &mut backends);
            for (index, backend) in rule.backend_refs.0.iter().enumerate() {
                let at = at.field("backendRefs").index(index);
                backends.extend(backend.backend(&own, at.clone()));
                mirrors(&backend.filters, &own, &at, &mut backends);
            }
        }
        let mut rules: Vec<RouteRule> = spec.rules.0.into_iter().map(WireRule::into_rule).collect();
        if rules.is_empty() {
            // What the definition of HTTPRoute fills in: a rule for every path, without a backend.
            rules.push(WireRule::default().into_rule());
        }
        let parents = spec.parent_refs.0.into_iter().enumerate();
        Ok(Route {
            kind,
            parents: parents.filter_map(|(index, parent)| parent.into_parent(index, &own)).collect(),
            hostnames: spec.hostnames.0,
            rules,
            backends,
            takes_default_gateways: text(spec.use_default_gateways).is_some_and(|scope| scope != "None"),
            meta,
        })
    }
}

impl WireParent {
    fn into_parent(self, index: usize, own: &Name) -> Option<RouteParent> {
        let Self { group, kind, namespace, name, section_name, port } = self;
        let reference = WireReference { group, kind, namespace, name };
        Some(RouteParent {
            object: reference.key(reference.parent()?, own),
            section: text(section_name),
            port: port.0,
            at: FieldPath::new("spec.parentRefs").index(index),
        })
    }
}

impl WireRule {
    fn into_rule(self) -> RouteRule {
        let redirects = self.filters.0.iter().filter_map(|filter| filter.request_redirect.as_ref());
        let mut paths: Vec<Option<Name>> = self.matches.0.into_iter().map(WireMatch::into_path).collect();
        if paths.is_empty() {
            paths.push(Some("/".into()));
        }
        RouteRule {
            redirects: redirects.into_iter().any(WireRedirect::is_https),
            has_filters: !self.filters.0.is_empty() || self.backend_refs.0.iter().any(|it| !it.filters.0.is_empty()),
            paths,
        }
    }
}

impl WireMatch {
    fn into_path(self) -> Option<Name> {
        let Some(path) = self.path else { return Some("/".into()) };
        let is_plain = path.kind.as_deref().is_none_or(|kind| kind == "Exact" || kind == "PathPrefix");
        is_plain.then(|| text(path.value).unwrap_or_else(|| "/".into()))
    }
}

impl WireRedirect {
    /// Without a scheme the request's own is kept.
    fn is_https(&self) -> bool {
        self.scheme.as_deref() == Some("https")
    }
}

impl WireBackend {
    /// The Service that a backend reference names; a backend is one unless it says otherwise.
    fn backend(&self, own: &Name, at: FieldPath) -> Option<RouteBackend> {
        let Self { group, kind, namespace, name, port, .. } = self;
        let (group, kind, namespace, name) = (group.clone(), kind.clone(), namespace.clone(), name.clone());
        let reference = WireReference { group, kind, namespace, name };
        let is_service = reference.is_core(Kind::Service, Kind::Service);
        is_service.then(|| RouteBackend { service: reference.key(Kind::Service, own), port: port.0, at })
    }
}

fn mirrors(filters: &List<WireFilter>, own: &Name, at: &FieldPath, backends: &mut Vec<RouteBackend>) {
    for (index, filter) in filters.0.iter().enumerate() {
        if let Some(mirror) = &filter.request_mirror {
            let at = at.field("filters").index(index).field("requestMirror").field("backendRef");
            backends.extend(mirror.backend_ref.backend(own, at));
        }
    }
}
