//! Backends that are no Services: `actions.NAME`, by which plaintext was redirected before there was `ssl-redirect`.

use serde::Deserialize;

use crate::model::{Ingress, IngressBackend};

use super::{Doubt, Plaintext, Point};

const ACTIONS: &str = "alb.ingress.kubernetes.io/actions.";
const CONDITIONS: &str = "alb.ingress.kubernetes.io/conditions.";
/// The port by which a backend asks for an action instead of a Service.
const USE_ANNOTATION: &str = "use-annotation";

/// What an action does.
pub(super) enum Action {
    /// It redirects.
    Redirect {
        /// Whether to HTTPS.
        to_https: bool,
    },
    /// It answers by itself.
    Response,
    /// It forwards, or cannot be read.
    Other,
}

/// An action as it is written: both spellings of its keys are read (`pkg/ingress/config_types.go`).
#[derive(Deserialize)]
struct Written {
    #[serde(alias = "Type", rename = "type")]
    kind: String,
    #[serde(alias = "RedirectConfig", rename = "redirectConfig")]
    redirect: Option<WrittenRedirect>,
}

#[derive(Deserialize)]
struct WrittenRedirect {
    #[serde(alias = "Protocol", rename = "protocol")]
    protocol: Option<String>,
}

impl Action {
    /// The action that a backend asks for; `None` for a Service.
    pub(super) fn of(ingress: &Ingress, backend: &IngressBackend) -> Option<Self> {
        let IngressBackend::Service { name, port: Some(port) } = backend else { return None };
        if *port != USE_ANNOTATION {
            return None;
        }
        let text = ingress.meta.annotations.value(&format!("{ACTIONS}{name}"));
        let written: Option<Written> = text.and_then(|text| serde_json::from_str(text).ok());
        Some(match written {
            Some(Written { kind, redirect }) if kind == "redirect" => {
                Self::Redirect { to_https: redirect.is_some_and(|to| to.protocol.as_deref() == Some("HTTPS")) }
            }
            Some(Written { kind, .. }) if kind == "fixed-response" => Self::Response,
            _ => Self::Other,
        })
    }
}

/// What becomes of plaintext for a host some of whose paths are redirected to HTTPS; `None` where none is. Only `/*` is every path,
/// and only where no path without wildcards goes before it (`pathType` decides, and is not kept).
pub(super) fn redirects(ingress: &Ingress, point: &Point) -> Option<Plaintext> {
    let redirects = |backend: &IngressBackend| match Action::of(ingress, backend) {
        Some(Action::Redirect { to_https: true }) => {
            let IngressBackend::Service { name, .. } = backend else { return false };
            !ingress.meta.annotations.has(&format!("{CONDITIONS}{name}"))
        }
        _ => false,
    };
    if point.is_default_backend {
        let is_redirected = ingress.default_backend.as_ref().is_some_and(redirects);
        return is_redirected.then_some(Plaintext::Redirected);
    }
    let rules = ingress.rules.iter().filter(|rule| rule.host == point.host);
    let paths: Vec<_> = rules.flat_map(|rule| &rule.paths).collect();
    if !paths.iter().any(|path| redirects(&path.backend)) {
        return None;
    }
    let is_wild = |path: &str| path.contains(['*', '?']);
    let is_first = paths.first().is_some_and(|path| path.path == "/*" && redirects(&path.backend));
    if is_first && paths.iter().all(|path| is_wild(&path.path)) {
        return Some(Plaintext::Redirected);
    }
    Some(Plaintext::Unknown(Doubt::new(
        "whether a redirect by an action goes before all other paths is not known here",
        "set the annotation alb.ingress.kubernetes.io/ssl-redirect: \"443\"",
    )))
}
