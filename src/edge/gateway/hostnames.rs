//! Hostnames of listeners against hostnames of routes.
//!
//! Unlike in a certificate, `*.example.com` stands for any number of labels here (apis/v1, `HTTPRouteSpec.hostnames`: "a suffix
//! match").

use crate::model::{GatewayListener, Kind, Name, Route};

/// Whether a listener and a route have a host in common. Routes of bytes (TCP, UDP) have no hosts.
pub(super) fn intersect(listener: &GatewayListener, route: &Route) -> bool {
    let Some(own) = &listener.hostname else { return true };
    let has_hosts = matches!(route.kind, Kind::HTTPRoute | Kind::GRPCRoute | Kind::TLSRoute);
    !has_hosts || route.hostnames.is_empty() || route.hostnames.iter().any(|host| meet(own, host))
}

/// The one host that a route has at a listener, where it is one.
pub(super) fn only_host(listener: &GatewayListener, route: &Route) -> Option<Name> {
    match route.hostnames.as_slice() {
        [host] => Some(host.clone()),
        [] => listener.hostname.clone(),
        _ => None,
    }
}

/// Whether some host is meant by both.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        (None, None) => one == other,
        (Some(suffix), None) => is_below(&other, suffix),
        (None, Some(suffix)) => is_below(&one, suffix),
        (Some(one), Some(other)) => one.ends_with(other) || other.ends_with(one),
    }
}

/// Whether a host has something before the suffix, which begins with a dot.
fn is_below(host: &str, suffix: &str) -> bool {
    host.len() > suffix.len() && host.ends_with(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_any_number_of_labels() {
        for (one, other, expected) in [
            ("shop.example.com", "shop.example.com", true),
            ("Shop.Example.com", "shop.example.com", true),
            ("*.example.com", "shop.example.com", true),
            ("*.example.com", "a.shop.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "shopexample.com", false),
            ("*.example.com", "*.shop.example.com", true),
            ("*.example.com", "*.example.net", false),
            ("shop.example.com", "pay.example.com", false),
        ] {
            assert_eq!(meet(one, other), expected, "{one} {other}");
            assert_eq!(meet(other, one), expected, "{other} {one}");
        }
    }
}
