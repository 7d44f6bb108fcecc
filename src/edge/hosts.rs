//! Hosts of rules against hosts of `spec.tls`.
//!
//! The API server compares nothing: whether an entry of `spec.tls` covers a rule's host is for the controller to say, and
//! they differ in whether a wildcard of `spec.tls` counts.

use std::{
    cell::{Cell, OnceCell},
    collections::HashSet,
};

pub use crate::model::wildcard_above;
use crate::model::{FieldPath, Ingress, IngressTls, Name};

use super::{HostMatch, Point};

/// Which of the hosts that an Ingress asks for are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// All of them.
    All,
    /// One; `None` for requests of any host.
    One(Option<&'a Name>),
}

impl Wanted<'_> {
    /// Whether a host is wanted.
    pub fn includes(self, host: Option<&Name>) -> bool {
        match self {
            Self::All => true,
            Self::One(wanted) => wanted == host,
        }
    }
}

/// The hosts that an Ingress asks for: those of its rules, each once, and any host where it has a default backend.
pub fn points(ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
    let mut points = rule_points(ingress, wanted);
    let has_any = || ingress.rules.iter().any(|rule| rule.host.is_none());
    if ingress.default_backend.is_some() && wanted.includes(None) && !has_any() {
        points.push(default_backend());
    }
    points
}

/// The hosts of the rules, each once.
pub fn rule_points(ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
    let mut seen = HashSet::new();
    let rules = ingress.rules.iter().enumerate().filter(|(_, rule)| wanted.includes(rule.host.as_ref()));
    let first = rules.filter(|(_, rule)| seen.insert(rule.host.as_ref()));
    let point = |(index, rule): (usize, &crate::model::IngressRule)| {
        let rule_path = FieldPath::new("spec.rules").index(index);
        let at = if rule.host.is_some() { rule_path.field("host") } else { rule_path };
        Point { host: rule.host.clone(), at, is_default_backend: false, is_alias: false }
    };
    first.map(point).collect()
}

/// The default backend where there are no rules, for controllers that serve it only then.
pub fn lone_default_backend(ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
    ingress.default_backend.iter().filter(|_| wanted.includes(None)).map(|_| default_backend()).collect()
}

/// Any host, for `spec.defaultBackend`.
fn default_backend() -> Point {
    Point { host: None, at: FieldPath::new("spec.defaultBackend"), is_default_backend: true, is_alias: false }
}

/// The hosts that `spec.tls` lists, to be asked for one host or for thousands.
#[derive(Debug)]
pub struct Listed<'a> {
    tls: &'a [IngressTls],
    asked: Cell<bool>,
    index: OnceCell<HashSet<String>>,
}

impl<'a> Listed<'a> {
    /// The hosts of these entries.
    pub fn new(tls: &'a [IngressTls]) -> Self {
        Self { tls, asked: Cell::new(false), index: OnceCell::new() }
    }

    /// Whether some entry covers a rule's host. The first question reads the list, further ones an index of it.
    pub fn covers(&self, host: &str, matching: HostMatch) -> bool {
        if self.asked.replace(true) {
            return covers(self.index.get_or_init(|| index(self.tls)), host, matching);
        }
        let wildcard = wildcard_above(host).filter(|_| matching == HostMatch::Wildcard);
        let covers = |listed: &Name| {
            listed.eq_ignore_ascii_case(host)
                || wildcard.as_ref().is_some_and(|wildcard| wildcard.eq_ignore_ascii_case(listed))
        };
        self.tls.iter().flat_map(|entry| &entry.hosts).any(covers)
    }
}

/// The hosts of entries of `spec.tls`, for [`covers`].
pub fn index(tls: &[IngressTls]) -> HashSet<String> {
    tls.iter().flat_map(|entry| &entry.hosts).map(|host| host.to_ascii_lowercase()).collect()
}

/// Whether some host of an [`index`] covers a rule's host.
pub fn covers(index: &HashSet<String>, host: &str, matching: HostMatch) -> bool {
    let host = host.to_ascii_lowercase();
    index.contains(&host)
        || (matching == HostMatch::Wildcard && wildcard_above(&host).is_some_and(|wildcard| index.contains(&wildcard)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways of asking.
    fn covered(listed: &str, host: &str, matching: HostMatch) -> bool {
        let tls = [IngressTls { hosts: vec![listed.into()], secret_name: None }];
        let listed = Listed::new(&tls);
        let first = listed.covers(host, matching);
        assert_eq!(listed.covers(host, matching), first, "{host}");
        first
    }

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        for (listed, host, expected) in [
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
            assert_eq!(covered(listed, host, HostMatch::Wildcard), expected, "{listed} for {host}");
        }
    }

    #[test]
    fn some_controllers_compare_literally() {
        assert!(!covered("*.example.com", "shop.example.com", HostMatch::Exact));
        assert!(covered("*.example.com", "*.example.com", HostMatch::Exact));
    }
}
