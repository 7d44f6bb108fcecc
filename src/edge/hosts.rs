//! Hosts of rules against hosts of `spec.tls`.
//!
//! The API server compares nothing: whether an entry of `spec.tls` covers a rule's host is for the controller to say, and
//! they differ in whether a wildcard of `spec.tls` counts.

use crate::model::{FieldPath, Ingress, IngressTls, Name};

use super::{HostMatch, Point};

/// The hosts that an Ingress asks for: those of its rules, each once, and any host where it has a default backend.
pub fn points(ingress: &Ingress) -> Vec<Point> {
    let mut points = rule_points(ingress);
    if ingress.default_backend.is_some() && points.iter().all(|point| point.host.is_some()) {
        points.push(default_backend());
    }
    points
}

/// The hosts of the rules, each once.
pub fn rule_points(ingress: &Ingress) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for (index, rule) in ingress.rules.iter().enumerate() {
        if points.iter().any(|point| point.host == rule.host) {
            continue;
        }
        let rule_path = FieldPath::new("spec.rules").index(index);
        let at = if rule.host.is_some() { rule_path.field("host") } else { rule_path };
        points.push(Point { host: rule.host.clone(), at, is_default_backend: false });
    }
    points
}

/// Any host, for `spec.defaultBackend`.
pub fn default_backend() -> Point {
    Point { host: None, at: FieldPath::new("spec.defaultBackend"), is_default_backend: true }
}

/// The wildcard one level above a host: `*.example.com` for `shop.example.com`, none for `localhost`.
///
/// A wildcard stands for exactly one label, and its own parent wildcard does not cover it.
pub fn wildcard_above(host: &str) -> Option<String> {
    let (first, rest) = host.split_once('.')?;
    (first != "*" && !rest.is_empty()).then(|| format!("*.{rest}"))
}

/// Whether a host of `spec.tls` covers a rule's host.
pub fn covers(listed: &str, host: &str, matching: HostMatch) -> bool {
    listed.eq_ignore_ascii_case(host)
        || (matching == HostMatch::Wildcard
            && wildcard_above(host).is_some_and(|wildcard| wildcard.eq_ignore_ascii_case(listed)))
}

/// The entry of `spec.tls` that covers the host.
pub fn covering<'a>(tls: &'a [IngressTls], host: &Name, matching: HostMatch) -> Option<&'a IngressTls> {
    tls.iter().find(|entry| entry.hosts.iter().any(|listed| covers(listed, host, matching)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        for (listed, host, covered) in [
            ("shop.example.com", "shop.example.com", true),
            ("Shop.Example.com", "shop.example.com", true),
            ("*.example.com", "shop.example.com", true),
            ("*.example.com", "a.shop.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.example.com", true),
            ("*.com", "*.example.com", false),
            ("shop.example.com", "*.example.com", false),
            ("*.", "localhost", false),
        ] {
            assert_eq!(covers(listed, host, HostMatch::Wildcard), covered, "{listed} for {host}");
        }
    }

    #[test]
    fn some_controllers_compare_literally() {
        assert!(!covers("*.example.com", "shop.example.com", HostMatch::Exact));
        assert!(covers("*.example.com", "*.example.com", HostMatch::Exact));
    }
}
