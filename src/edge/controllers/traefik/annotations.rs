//! Traefik's annotations of Ingresses and Services, whose names are compared without regard to case.

use crate::model::{Meta, Name, traefik::TraefikReference};

use super::lookup;

const PREFIX: &str = "traefik.ingress.kubernetes.io/";

/// The value of an annotation.
pub(super) fn value<'a>(meta: &'a Meta, name: &str) -> Option<&'a str> {
    entry(meta, name).map(|(_, value)| value)
}

/// An annotation as it is written, and its value. Of names that differ only in case Traefik lets the last one win, in the order
/// of their bytes.
pub(super) fn entry<'a>(meta: &'a Meta, name: &str) -> Option<(&'a Name, &'a str)> {
    let same = |key: &str| key.strip_prefix(PREFIX).is_some_and(|rest| rest.eq_ignore_ascii_case(name));
    meta.annotations.iter().filter(|(key, _)| same(key)).last().map(|(key, value)| (key, value.as_str()))
}

/// The entries of an annotation that is a list.
pub(super) fn list<'a>(meta: &'a Meta, name: &str) -> Vec<&'a str> {
    let text = value(meta, name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect()
}

/// Whether the routers of an Ingress have TLS of their own: `router.tls` is empty or `true` in any case, or missing beside one
/// of its fields (`router.tls.certresolver`). Any other value turns TLS and its fields off.
pub(super) fn router_has_tls(meta: &Meta) -> bool {
    match value(meta, "router.tls") {
        Some(text) => text.is_empty() || text.eq_ignore_ascii_case("true"),
        None => meta.annotations.iter().any(|(key, _)| {
            key.strip_prefix(PREFIX)
                .and_then(|rest| rest.get(.."router.tls.".len()))
                .is_some_and(|start| start.eq_ignore_ascii_case("router.tls."))
        }),
    }
}

/// The middlewares of an Ingress's routers.
pub(super) fn middlewares(meta: &Meta) -> Vec<TraefikReference> {
    list(meta, "router.middlewares").into_iter().map(lookup::annotated).collect()
}

/// The option that an Ingress's routers name.
pub(super) fn options(meta: &Meta) -> Option<TraefikReference> {
    let name = value(meta, "router.tls.options").filter(|name| !name.is_empty())?;
    Some(if name == "default" { TraefikReference::named(name) } else { lookup::annotated(name) })
}

/// The transport that a Service names.
pub(super) fn transport(meta: &Meta) -> Option<TraefikReference> {
    value(meta, "service.serverstransport").filter(|name| !name.is_empty()).map(lookup::annotated)
}
