//! Traefik's entry points, which are the operator's configuration and not written in the cluster.
//!
//! One convention is taken: `websecure` is the name that Traefik's own chart and k3s give to the entry point with TLS.

use crate::{edge::Doubt, model::Name};

/// The entry point with TLS.
pub(super) const SECURE: &str = "websecure";
/// The plain entry points: of the chart (`web`, `traefik` with the dashboard, `metrics`), and of Traefik itself where it is
/// configured with none (`http`).
const PLAIN: [&str; 4] = ["web", "http", "traefik", "metrics"];

/// Where a router is attached.
pub(super) enum Attached {
    /// To all entry points, for it names none.
    Everywhere,
    /// To a plain one, perhaps among others.
    Plain,
    /// To those with TLS only.
    Secure,
    /// To one of which nothing is known.
    Unknown(Name),
}

impl Attached {
    /// Where a router is attached that names these entry points.
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        if names.is_empty() {
            return Self::Everywhere;
        }
        if names.iter().any(|name| PLAIN.contains(name)) {
            return Self::Plain;
        }
        names.iter().find(|name| **name != SECURE).map_or(Self::Secure, |name| Self::Unknown((*name).into()))
    }

    /// Whether TLS may be served there by the entry point itself.
    pub(super) fn may_have_tls(&self) -> bool {
        !matches!(self, Self::Plain)
    }
}

/// That nothing is known of an entry point.
pub(super) fn unknown(name: &str, settle: &str) -> Doubt {
    Doubt::new(format!("whether Traefik's entry point {name} has TLS is not written in the cluster"), settle)
}
