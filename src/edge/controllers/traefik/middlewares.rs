//! Middlewares, as far as they redirect to HTTPS.

use crate::{
    edge::Doubt,
    model::{
        Kind, Name,
        traefik::{Middleware, TraefikReference, TraefikSpec},
    },
    snapshot::{Lookup, Snapshot},
};

use super::lookup;

/// How many chains may be in each other.
const DEPTH: usize = 8;

/// Whether plaintext is redirected.
pub(super) enum Redirects {
    Yes,
    No,
    Unknown(Doubt),
}

/// Whether some of these middlewares redirects plaintext to HTTPS. `settle` is what would do so whatever they are.
pub(super) fn any<'a>(
    snapshot: &Snapshot,
    named: impl IntoIterator<Item = &'a TraefikReference>,
    own: Option<&Name>,
    settle: &str,
) -> Redirects {
    all(snapshot, named, own, settle, DEPTH)
}

fn all<'a>(
    snapshot: &Snapshot,
    named: impl IntoIterator<Item = &'a TraefikReference>,
    own: Option<&Name>,
    settle: &str,
    depth: usize,
) -> Redirects {
    let mut result = Redirects::No;
    for reference in named {
        match (one(snapshot, reference, own, settle, depth), &result) {
            (Redirects::Yes, _) => return Redirects::Yes,
            (Redirects::Unknown(doubt), Redirects::No) => result = Redirects::Unknown(doubt),
            _ => {}
        }
    }
    result
}

fn one(snapshot: &Snapshot, reference: &TraefikReference, own: Option<&Name>, settle: &str, depth: usize) -> Redirects {
    let name = &reference.name;
    let candidates = lookup::candidates(reference, Kind::Middleware, own);
    let Some(depth) = depth.checked_sub(1).filter(|_| !candidates.is_empty()) else {
        return Redirects::Unknown(Doubt::new(
            format!("Ringwall does not read Traefik's middleware {name}, which may redirect to HTTPS"),
            format!("{settle}, or vouch for the redirect in the ruleset's environment.ingressControllers"),
        ));
    };
    let found = match lookup::first(snapshot, &candidates) {
        Lookup::Found(found) => found,
        Lookup::Absent => {
            return Redirects::Unknown(Doubt::new(
                format!("there is no Middleware {name}, which may redirect to HTTPS"),
                format!("create the Middleware {name}, or {settle}"),
            ));
        }
        Lookup::Unseen(blind) => return Redirects::Unknown(blind.into()),
    };
    let Some(TraefikSpec::Middleware(middleware)) = found.spec() else { return Redirects::No };
    if middleware.is_plugin {
        let what = format!("Traefik's middleware {name} is a plugin, which may redirect to HTTPS");
        return Redirects::Unknown(Doubt::new(what, settle));
    }
    match redirects(middleware) {
        Some(true) => Redirects::Yes,
        Some(false) => all(snapshot, &middleware.chain, found.key.namespace.as_ref(), settle, depth),
        None => Redirects::Unknown(Doubt::new(
            format!("the redirectRegex of the Middleware {name} may leave some requests in plaintext"),
            format!("redirect with redirectScheme: {{scheme: https}}, or {settle}"),
        )),
    }
}

/// Whether a middleware itself redirects all plaintext to HTTPS; `None` where it does so for some of it perhaps.
fn redirects(middleware: &Middleware) -> Option<bool> {
    if middleware.redirect_scheme.as_ref().is_some_and(|scheme| *scheme == "https") {
        return Some(true);
    }
    let Some((regex, replacement)) = &middleware.redirect_regex else { return Some(false) };
    if !replacement.starts_with("https://") {
        return Some(false);
    }
    // The expression is matched against the URL, scheme included.
    let regex = regex.trim_start_matches('^').trim_end_matches('$').replace("\\/", "/");
    let rest = ["http://", "https?://"].into_iter().find_map(|scheme| regex.strip_prefix(scheme));
    rest.is_some_and(|rest| matches!(rest, "" | "(.*)" | "(.+)" | ".*" | ".+")).then_some(true)
}
