//! The Ingresses and `HTTPRoutes` by which cert-manager answers HTTP-01 challenges: they must be served in plaintext, or no certificate is ever
//! issued.
//!
//! One mark alone would be a free way round, so all of them are asked for. The one that cannot be forged, the requester being
//! cert-manager's service account, is not visible in an object.

use crate::model::{Ingress, Kind, Meta, Name, Route};

const PREFIX: &str = "cm-acme-http-solver-";
const CHALLENGES: &str = "/.well-known/acme-challenge/";
const LABELS: [&str; 2] = ["acme.cert-manager.io/http-domain", "acme.cert-manager.io/http-token"];
const SOLVER_LABEL: &str = "acme.cert-manager.io/http01-solver";
const OWNER: (&str, &str) = ("acme.cert-manager.io/v1", "Challenge");

/// Whether the Ingress bears every mark of a solver: its name or `generateName`, the labels, a Challenge as its controller,
/// and nothing but challenges below its hosts.
pub fn is_solver(ingress: &Ingress) -> bool {
    bears_marks(&ingress.meta) && challenges_only(ingress) && !ingress.rules.is_empty()
}

/// Whether the route bears every mark of a solver. `HTTPRoutes` have hosts of their own only where somebody names them: without, it
/// would answer for those of its Gateway.
pub fn is_solver_route(route: &Route) -> bool {
    let is_challenge = |path: &Option<Name>| path.as_ref().is_some_and(|path| is_challenge(path));
    route.kind == Kind::HTTPRoute
        && bears_marks(&route.meta)
        && !route.hostnames.is_empty()
        && !route.rules.is_empty()
        && route.rules.iter().all(|rule| !rule.paths.is_empty() && rule.paths.iter().all(is_challenge))
}

/// The marks that an Ingress and a route have in common.
fn bears_marks(meta: &Meta) -> bool {
    let labelled = meta.labels.value(SOLVER_LABEL).is_some_and(|value| *value == "true")
        && LABELS.iter().all(|label| meta.labels.has(label));
    let owned = meta.controller().is_some_and(|owner| (owner.api_version.as_str(), owner.kind.as_str()) == OWNER);
    meta.name.starts_with(PREFIX) && labelled && owned
}

fn challenges_only(ingress: &Ingress) -> bool {
    ingress.default_backend.is_none()
        && ingress.rules.iter().all(|rule| !rule.paths.is_empty())
        && ingress.rules.iter().flat_map(|rule| &rule.paths).all(|path| is_challenge(&path.path))
}

/// A path to one challenge: a token below the well-known prefix, without a way out of it.
fn is_challenge(path: &str) -> bool {
    path.strip_prefix(CHALLENGES).is_some_and(|token| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IngressBackend, IngressPath, IngressRule, OwnerReference, RouteRule};

    /// A mark, and what takes it away.
    type Spoil = (&'static str, fn(&mut Ingress));

    fn solver() -> Ingress {
        let backend = IngressBackend::Service { name: "cm-acme-http-solver-x".into(), port: Some("8089".into()) };
        let path = IngressPath { path: "/.well-known/acme-challenge/aB3-_x".into(), backend };
        let owner = OwnerReference {
            api_version: "acme.cert-manager.io/v1".into(),
            kind: "Challenge".into(),
            name: "shop-1".into(),
            uid: "u".into(),
            controller: true,
        };
        Ingress {
            meta: Meta {
                name: "cm-acme-http-solver-7xk2p".into(),
                namespace: Some("shop".into()),
                labels: [
                    ("acme.cert-manager.io/http01-solver", "true"),
                    ("acme.cert-manager.io/http-domain", "1"),
                    ("acme.cert-manager.io/http-token", "2"),
                ]
                .into_iter()
                .collect(),
                owners: vec![owner],
                ..Meta::default()
            },
            class_name: Some("nginx".into()),
            default_backend: None,
            tls: Vec::new(),
            rules: vec![IngressRule { host: Some("shop.example.com".into()), paths: vec![path] }],
        }
    }

    #[test]
    fn a_solver_needs_every_mark() {
        assert!(is_solver(&solver()));
        let spoil: [Spoil; 9] = [
            ("name", |ingress| ingress.meta.name = "web".into()),
            ("solver label", |ingress| {
                ingress.meta.labels = ingress.meta.labels.with("acme.cert-manager.io/http01-solver", "yes");
            }),
            ("labels", |ingress| ingress.meta.labels = crate::model::Labels::default()),
            ("no owner", |ingress| ingress.meta.owners.clear()),
            ("another owner", |ingress| ingress.meta.owners[0].kind = "Certificate".into()),
            ("another group", |ingress| ingress.meta.owners[0].api_version = "example.com/v1".into()),
            ("a path beside", |ingress| ingress.rules[0].paths[0].path = "/".into()),
            ("a way out", |ingress| {
                ingress.rules[0].paths[0].path = "/.well-known/acme-challenge/../../admin".into();
            }),
            ("a default backend", |ingress| {
                ingress.default_backend = Some(ingress.rules[0].paths[0].backend.clone());
            }),
        ];
        for (mark, change) in spoil {
            let mut ingress = solver();
            change(&mut ingress);
            assert!(!is_solver(&ingress), "{mark}");
        }
    }

    fn solver_route() -> Route {
        let rule = RouteRule { redirects: false, paths: vec![Some("/.well-known/acme-challenge/aB3-_x".into())] };
        Route {
            kind: Kind::HTTPRoute,
            meta: solver().meta,
            parents: Vec::new(),
            hostnames: vec!["shop.example.com".into()],
            rules: vec![rule],
            backends: Vec::new(),
            takes_default_gateways: false,
        }
    }

    #[test]
    fn a_solver_route_needs_every_mark() {
        type Change = (&'static str, fn(&mut Route));
        assert!(is_solver_route(&solver_route()));
        let spoil: [Change; 9] = [
            ("name", |route| route.meta.name = "web".into()),
            ("labels", |route| route.meta.labels = crate::model::Labels::default()),
            ("no owner", |route| route.meta.owners.clear()),
            ("another kind", |route| route.kind = Kind::GRPCRoute),
            ("a path beside", |route| route.rules[0].paths.push(Some("/".into()))),
            ("a pattern", |route| route.rules[0].paths = vec![None]),
            ("a rule beside", |route| {
                route.rules.push(RouteRule { redirects: false, paths: vec![Some("/".into())] });
            }),
            ("a way out", |route| {
                route.rules[0].paths = vec![Some("/.well-known/acme-challenge/../../admin".into())];
            }),
            ("no host", |route| route.hostnames.clear()),
        ];
        for (mark, change) in spoil {
            let mut route = solver_route();
            change(&mut route);
            assert!(!is_solver_route(&route), "{mark}");
        }
    }
}
