//! What a change can alter beyond the objects that refer to what has changed.

use crate::{
    model::{AllowedNamespaces, GatewayListener, Kind, Name, Object, ObjectKey, Route, gateway::grants_of_namespace},
    snapshot::Snapshot,
};

use super::attachments::Holder;

/// The objects of Gateway API whose surface a change can alter beyond those that refer to it.
pub(in crate::edge) fn alters(snapshot: &Snapshot, key: &ObjectKey, altered: &mut Vec<ObjectKey>) {
    match key.kind {
        Kind::GatewayClass => {
            for gateway in snapshot.referrers(key).filter(|referrer| referrer.kind == Kind::Gateway) {
                altered.extend(at_the_edge(snapshot, gateway));
                through_sets(snapshot, gateway, altered);
            }
        }
        Kind::Gateway => through_sets(snapshot, key, altered),
        Kind::Namespace => of_namespace(snapshot, &key.name, altered),
        Kind::ReferenceGrant => {
            let namespace = key.namespace.clone().unwrap_or_default();
            altered.extend(at_the_edge(snapshot, &grants_of_namespace(&namespace)));
        }
        Kind::BackendTLSPolicy => {
            if let Some(Object::BackendTlsPolicy(policy)) = snapshot.object(key).found() {
                for target in &policy.targets {
                    altered.extend(at_the_edge(snapshot, &target.service));
                }
            }
        }
        kind if kind.is_route() => {
            if let Some(Object::Route(route)) = snapshot.object(key).found() {
                altered.extend(lending_hosts(snapshot, &route));
            }
        }
        _ => {}
    }
}

/// Who refers to something, as far as it opens the edge.
fn at_the_edge(snapshot: &Snapshot, key: &ObjectKey) -> Vec<ObjectKey> {
    snapshot.referrers(key).filter(|referrer| referrer.kind.opens_edge()).cloned().collect()
}

/// The routes that reach a Gateway through its `ListenerSets`.
fn through_sets(snapshot: &Snapshot, gateway: &ObjectKey, altered: &mut Vec<ObjectKey>) {
    for set in snapshot.referrers(gateway).filter(|referrer| referrer.kind == Kind::ListenerSet) {
        altered.extend(at_the_edge(snapshot, set));
    }
}

/// What the labels of a Namespace let in: its routes at listeners, and its `ListenerSets` at Gateways, that go by labels.
fn of_namespace(snapshot: &Snapshot, namespace: &Name, altered: &mut Vec<ObjectKey>) {
    for object in Kind::all().filter(|kind| kind.is_route()).flat_map(|kind| snapshot.list(kind, Some(namespace))) {
        let Object::Route(route) = object else { continue };
        let by_labels = |listener: &GatewayListener| matches!(listener.namespaces, AllowedNamespaces::Selector(_));
        if holders(snapshot, route).any(|holder| holder.listeners().iter().any(by_labels)) {
            altered.push(object.key());
        }
    }
    for object in snapshot.list(Kind::ListenerSet, Some(namespace)) {
        let Object::ListenerSet(set) = object else { continue };
        let gateway = Holder::Set(std::sync::Arc::clone(set)).gateway(snapshot).found();
        if gateway.is_some_and(|gateway| matches!(gateway.allowed_listeners, AllowedNamespaces::Selector(_))) {
            altered.extend(at_the_edge(snapshot, &object.key()));
        }
    }
}

/// The parents of a route with listeners that have no hostname of their own: what they must have certificates for, its routes say.
fn lending_hosts(snapshot: &Snapshot, route: &Route) -> Vec<ObjectKey> {
    let borrows = |listener: &GatewayListener| listener.hostname.is_none() && listener.tls.is_some();
    let lending = holders(snapshot, route).filter(|holder| holder.listeners().iter().any(borrows));
    lending.map(|holder| holder.key()).collect()
}

fn holders(snapshot: &Snapshot, route: &Route) -> impl Iterator<Item = Holder> {
    route.parents.iter().filter_map(|parent| Holder::of(&snapshot.object(&parent.object).found()?))
}
