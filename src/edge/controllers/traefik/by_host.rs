//! Which options the routers of a host name: where they differ, Traefik takes the default for all of them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::OnceLock,
};

use crate::{
    edge::{TlsSettings, Vouched},
    model::{
        EdgeResource, EdgeSpec, Kind, Name, Object, ObjectKey,
        traefik::{RuleHosts, TraefikReference, TraefikRoutes, TraefikSpec},
    },
    snapshot::{Lookup, Snapshot},
};

use super::{
    annotations::{self, router_has_tls},
    lookup, options,
};

/// By host, what its routers with TLS name; kept with the snapshot.
#[derive(Debug, Default)]
struct ByHost(OnceLock<HashMap<Name, BTreeSet<Option<ObjectKey>>>>);

/// How TLS is done for routers that name this option and have these hosts; `None` is any host.
pub(super) fn settings(
    snapshot: &Snapshot,
    vouched: Vouched<'_>,
    controller: Option<&Name>,
    reference: Option<&TraefikReference>,
    own: Option<&Name>,
    hosts: &[Option<Name>],
) -> Vec<TlsSettings> {
    let chosen = options::choose(snapshot, reference, own);
    let Some(reference) = options::named(reference) else { return vec![chosen.settings(None, vouched, controller)] };
    let mine = Some(identity(snapshot, reference, own));
    let table = snapshot.memo().table::<ByHost>();
    let table = table.0.get_or_init(|| build(snapshot));
    let is_shared = |host: &Name| table.get(host).is_some_and(|named| named.iter().any(|option| *option != mine));
    let (defaulted, held): (Vec<_>, Vec<_>) = hosts.iter().partition(|host| host.as_ref().is_none_or(is_shared));
    let default = options::choose(snapshot, None, own);
    if held.is_empty() && !defaulted.is_empty() {
        return vec![default.settings(None, vouched, controller)];
    }
    let part = |host: &&Option<Name>| (*host).clone().unwrap_or_else(|| "any host".into());
    let parts = defaulted.iter().map(|host| default.settings(Some(part(host)), vouched, controller));
    std::iter::once(chosen.settings(None, vouched, controller)).chain(parts).collect()
}

fn build(snapshot: &Snapshot) -> HashMap<Name, BTreeSet<Option<ObjectKey>>> {
    let mut table: HashMap<Name, BTreeSet<Option<ObjectKey>>> = HashMap::new();
    for object in snapshot.list(Kind::IngressRoute, None) {
        let Some((resource, spec)) = routes(object) else { continue };
        let Some(tls) = &spec.tls else { continue };
        let own = resource.meta.namespace.as_ref();
        let option = options::named(tls.options.as_ref()).map(|named| identity(snapshot, named, own));
        for host in concrete(spec) {
            table.entry(host.clone()).or_default().insert(option.clone());
        }
    }
    for object in snapshot.list(Kind::Ingress, None) {
        let Object::Ingress(ingress) = object else { continue };
        if !router_has_tls(&ingress.meta) {
            continue;
        }
        let named = annotations::options(&ingress.meta);
        let own = ingress.meta.namespace.as_ref();
        let option = options::named(named.as_ref()).map(|named| identity(snapshot, named, own));
        for host in ingress.rules.iter().filter_map(|rule| rule.host.as_ref()) {
            table.entry(host.clone()).or_default().insert(option.clone());
        }
    }
    table
}

/// What tells an option from others: the object that it is, or the first that it may be.
fn identity(snapshot: &Snapshot, reference: &TraefikReference, own: Option<&Name>) -> ObjectKey {
    let candidates = lookup::candidates(reference, Kind::TLSOption, own);
    match lookup::first(snapshot, &candidates) {
        Lookup::Found(found) => found.key,
        Lookup::Absent | Lookup::Unseen(_) => {
            let first = candidates.into_iter().next();
            first.unwrap_or_else(|| ObjectKey::cluster(Kind::TLSOption, reference.name.clone()))
        }
    }
}

/// An object as routes of Traefik's own kinds.
pub(super) fn routes(object: &Object) -> Option<(&EdgeResource, &TraefikRoutes)> {
    match object {
        Object::EdgeResource(resource) => match &resource.spec {
            EdgeSpec::Traefik(TraefikSpec::Routes(spec)) => Some((resource, spec)),
            _ => None,
        },
        _ => None,
    }
}

/// The hosts that routes name.
pub(super) fn concrete(spec: &TraefikRoutes) -> impl Iterator<Item = &Name> {
    spec.routes.iter().flat_map(|route| match &route.hosts {
        RuleHosts::These(hosts) => hosts.as_slice(),
        RuleHosts::Any => &[],
    })
}
