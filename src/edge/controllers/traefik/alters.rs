//! Whom a change of one of Traefik's objects concerns, beyond those that refer to it.
//!
//! Ingresses name Middlewares and options in annotations, Services name transports, chains name Middlewares, everybody without
//! an option has the default one, and routers share the option of a host.

use std::collections::BTreeSet;

use crate::{
    model::{Ingress, Kind, Name, Object, ObjectKey, annotations::INGRESS_CLASS, traefik::TraefikReference},
    snapshot::{Lookup, Snapshot},
};

use super::{
    IDENTITY, annotations,
    by_host::{concrete, routes},
    lookup, options,
};

/// Adds those whom a change of this object concerns.
pub(in crate::edge) fn alters(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    match key.kind {
        Kind::Middleware => middleware(snapshot, key, out),
        Kind::TLSOption if options::is_default(key) => default_option(snapshot, out),
        Kind::TLSOption => option(snapshot, key, out),
        Kind::ServersTransport => transport(snapshot, key, out),
        Kind::IngressRoute => {
            let object = snapshot.object(key).found();
            if let Some((_, spec)) = object.as_ref().and_then(routes)
                && spec.tls.is_some()
            {
                sharing(snapshot, key, &concrete(spec).cloned().collect(), out);
            }
        }
        Kind::Ingress => {
            if let Some(Object::Ingress(ingress)) = snapshot.object(key).found()
                && annotations::router_has_tls(&ingress.meta)
            {
                let hosts = ingress.rules.iter().filter_map(|rule| rule.host.clone()).collect();
                sharing(snapshot, key, &hosts, out);
            }
        }
        _ => {}
    }
}

/// A Middleware, and the chains that it is in.
fn middleware(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    let mut changed = BTreeSet::from([key.clone()]);
    let mut pending = vec![key.clone()];
    while let Some(next) = pending.pop() {
        for referrer in snapshot.referrers(&next) {
            if referrer.kind != Kind::Middleware {
                out.push(referrer.clone());
            } else if changed.insert(referrer.clone()) {
                pending.push(referrer.clone());
            }
        }
    }
    let names = |ingress: &Ingress| {
        let named = annotations::middlewares(&ingress.meta);
        named.iter().any(|named| means(named, Kind::Middleware, ingress, &changed))
    };
    out.extend(ingresses(snapshot).filter(|(_, ingress)| names(ingress)).map(|(key, _)| key));
}

fn option(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    let changed = BTreeSet::from([key.clone()]);
    let names = |ingress: &Ingress| {
        annotations::options(&ingress.meta).is_some_and(|named| means(&named, Kind::TLSOption, ingress, &changed))
    };
    out.extend(ingresses(snapshot).filter(|(_, ingress)| names(ingress)).map(|(key, _)| key));
}

/// Everybody, for even those with an option may have to share a host.
fn default_option(snapshot: &Snapshot, out: &mut Vec<ObjectKey>) {
    for kind in [Kind::IngressRoute, Kind::IngressRouteTCP] {
        out.extend(snapshot.list(kind, None).map(Object::key));
    }
    out.extend(ingresses(snapshot).filter(|(_, ingress)| may_be_ours(snapshot, ingress)).map(|(key, _)| key));
}

/// Those that lead to the Services that name a transport.
fn transport(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    for object in snapshot.list(Kind::Service, None) {
        let meta = object.meta();
        let Some(named) = annotations::transport(meta) else { continue };
        if lookup::candidates(&named, Kind::ServersTransport, meta.namespace.as_ref()).contains(key) {
            out.extend(snapshot.referrers(&object.key()).filter(|key| key.kind == Kind::Ingress).cloned());
        }
    }
}

/// The `IngressRoutes` with TLS and an option that have one of these hosts as well.
fn sharing(snapshot: &Snapshot, key: &ObjectKey, hosts: &BTreeSet<Name>, out: &mut Vec<ObjectKey>) {
    for object in snapshot.list(Kind::IngressRoute, None) {
        let Some((_, spec)) = routes(object) else { continue };
        let has_option = spec.tls.as_ref().is_some_and(|tls| options::named(tls.options.as_ref()).is_some());
        if has_option && concrete(spec).any(|host| hosts.contains(host)) {
            out.extend(Some(object.key()).filter(|other| other != key));
        }
    }
}

fn ingresses(snapshot: &Snapshot) -> impl Iterator<Item = (ObjectKey, &Ingress)> {
    snapshot.list(Kind::Ingress, None).filter_map(|object| match object {
        Object::Ingress(ingress) => Some((object.key(), ingress.as_ref())),
        _ => None,
    })
}

fn means(named: &TraefikReference, kind: Kind, ingress: &Ingress, changed: &BTreeSet<ObjectKey>) -> bool {
    let candidates = lookup::candidates(named, kind, ingress.meta.namespace.as_ref());
    candidates.iter().any(|candidate| changed.contains(candidate))
}

/// Whether an Ingress may be Traefik's: all but those of a class that is known to be another's.
fn may_be_ours(snapshot: &Snapshot, ingress: &Ingress) -> bool {
    let class = ingress.class_name.as_ref().or_else(|| ingress.meta.annotations.value(INGRESS_CLASS));
    let Some(class) = class else { return true };
    match snapshot.object(&ObjectKey::cluster(Kind::IngressClass, class.clone())) {
        Lookup::Found(Object::IngressClass(class)) => IDENTITY.controllers.contains(&class.controller.as_str()),
        _ => true,
    }
}
