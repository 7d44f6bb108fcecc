//! The Ingresses by which cert-manager answers HTTP-01 challenges: they must be served in plaintext, or no certificate is ever
//! issued.
//!
//! One mark alone would be a free way round, so all of them are asked for. The one that cannot be forged, the requester being
//! cert-manager's service account, is not visible in an object: whoever judges a request asks for it as well.

use crate::model::{Ingress, Meta, Object};

const PREFIX: &str = "cm-acme-http-solver-";
const CHALLENGES: &str = "/.well-known/acme-challenge/";
const LABELS: [&str; 2] = ["acme.cert-manager.io/http-domain", "acme.cert-manager.io/http-token"];
const SOLVER_LABEL: &str = "acme.cert-manager.io/http01-solver";
const OWNER: (&str, &str) = ("acme.cert-manager.io/v1", "Challenge");

/// Whether an object is of a kind that solves challenges, and bears every mark of it.
pub fn bears_marks(object: &Object) -> bool {
    match object {
        Object::Ingress(ingress) => is_solver(ingress),
        _ => false,
    }
}

/// Whether the Ingress bears every mark of a solver: its name or `generateName`, the labels, a Challenge as its controller,
/// and nothing but challenges below its hosts.
pub fn is_solver(ingress: &Ingress) -> bool {
    let rules = ingress.rules.iter().map(|rule| rule.paths.iter().map(|path| path.path.as_str()));
    ingress.default_backend.is_none() && is_solver_with(&ingress.meta, rules)
}

/// Whether an object of this metadata, whose rules have these paths, bears every mark of a solver (cert-manager,
/// pkg/issuer/acme/http: ingress.go and httproute.go). There has to be a rule, and a path in each.
pub fn is_solver_with<'a>(meta: &Meta, rules: impl IntoIterator<Item = impl IntoIterator<Item = &'a str>>) -> bool {
    let labelled = meta.labels.value(SOLVER_LABEL).is_some_and(|value| *value == "true")
        && LABELS.iter().all(|label| meta.labels.has(label));
    let owned = meta.controller().is_some_and(|owner| (owner.api_version.as_str(), owner.kind.as_str()) == OWNER);
    if !(meta.name.starts_with(PREFIX) && labelled && owned) {
        return false;
    }
    let mut rules = rules.into_iter().peekable();
    rules.peek().is_some()
        && rules.all(|paths| {
            let mut paths = paths.into_iter().peekable();
            paths.peek().is_some() && paths.all(is_challenge)
        })
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
    use crate::model::{IngressBackend, IngressPath, IngressRule, Meta, OwnerReference};

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
}
