//! Which listeners a route attaches to.
//!
//! A parent reference names a Gateway or a `ListenerSet`, and means the listeners of that very object: those of `ListenerSets`
//! are reached through the `ListenerSet` alone (GEP-1713, "Gateway parents and sectionName"). Without `sectionName` and `port` it
//! means all of them, of which those take the route that admit its kind and its namespace and share a hostname with it.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    edge::{Doubt, Serving},
    model::{
        AllowedNamespaces, FieldPath, Gateway, GatewayListener, Kind, ListenerSet, Meta, Name, Object, ObjectKey,
        Route, RouteParent, gateway::GATEWAY_GROUP,
    },
    snapshot::{Lookup, Snapshot},
};

use super::hostnames;

/// A Gateway or a `ListenerSet`.
#[derive(Clone, Debug)]
pub(super) enum Holder {
    /// A Gateway.
    Gateway(Arc<Gateway>),
    /// A `ListenerSet`.
    Set(Arc<ListenerSet>),
}

/// A listener that a route attaches to, or a parent of which that cannot be said.
#[derive(Clone, Debug)]
pub(super) struct Attachment {
    /// What it is called: `infra/edge/http`.
    pub(super) name: Name,
    /// The parent reference.
    pub(super) at: FieldPath,
    /// Whether the reference means this listener alone.
    pub(super) by_section: bool,
    /// The listener.
    pub(super) target: Target,
}

/// What a route attaches to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// This listener of this object, surely or perhaps.
    Listener(Holder, usize, Result<(), Doubt>),
    /// It cannot be said.
    Unknown(Doubt),
}

impl Holder {
    /// The object, if it is one.
    pub(super) fn of(object: &Object) -> Option<Self> {
        match object {
            Object::Gateway(gateway) => Some(Self::Gateway(Arc::clone(gateway))),
            Object::ListenerSet(set) => Some(Self::Set(Arc::clone(set))),
            _ => None,
        }
    }

    /// Its identity.
    pub(super) fn key(&self) -> ObjectKey {
        let kind = match self {
            Self::Gateway(_) => Kind::Gateway,
            Self::Set(_) => Kind::ListenerSet,
        };
        ObjectKey { kind, namespace: self.meta().namespace.clone(), name: self.meta().name.clone() }
    }

    /// Its metadata.
    pub(super) fn meta(&self) -> &Meta {
        match self {
            Self::Gateway(gateway) => &gateway.meta,
            Self::Set(set) => &set.meta,
        }
    }

    /// Its own listeners.
    pub(super) fn listeners(&self) -> &[GatewayListener] {
        match self {
            Self::Gateway(gateway) => &gateway.listeners,
            Self::Set(set) => &set.listeners,
        }
    }

    /// The Gateway: itself, or the one that takes it in.
    pub(super) fn gateway(&self, snapshot: &Snapshot) -> Lookup<Arc<Gateway>> {
        match self {
            Self::Gateway(gateway) => Lookup::Found(Arc::clone(gateway)),
            Self::Set(set) => gateway_at(snapshot, &set.gateway),
        }
    }

    /// Who serves it: whoever the class of its Gateway names.
    pub(super) fn serving(&self, snapshot: &Snapshot) -> Serving {
        let gateway = match self.gateway(snapshot) {
            Lookup::Found(gateway) => gateway,
            Lookup::Absent => return Serving::Unseen(absent(&self.parent())),
            Lookup::Unseen(blind) => return Serving::Unseen(blind.into()),
        };
        let class = ObjectKey::cluster(Kind::GatewayClass, gateway.class_name.clone());
        match snapshot.object(&class) {
            Lookup::Found(Object::GatewayClass(class)) => Serving::Unknown { name: class.controller.clone() },
            Lookup::Found(_) | Lookup::Absent => Serving::Nobody(Doubt::new(
                format!("there is no {class}, and so nobody says who serves it"),
                format!("create the {class}, or set spec.gatewayClassName"),
            )),
            Lookup::Unseen(blind) => Serving::Unseen(blind.into()),
        }
    }

    fn parent(&self) -> ObjectKey {
        match self {
            Self::Gateway(_) => self.key(),
            Self::Set(set) => set.gateway.clone(),
        }
    }
}

/// The Gateways that a route attaches to, those that take in its `ListenerSets` among them, as far as they can be found.
pub fn gateways_of(snapshot: &Snapshot, route: &Route) -> Vec<Lookup<Arc<Gateway>>> {
    let gateway = |parent: &RouteParent| match snapshot.object(&parent.object) {
        Lookup::Found(object) => Holder::of(&object).map_or(Lookup::Absent, |holder| holder.gateway(snapshot)),
        Lookup::Absent => Lookup::Absent,
        Lookup::Unseen(blind) => Lookup::Unseen(blind),
    };
    route.parents.iter().map(gateway).collect()
}

/// The listeners that a route attaches to, each once, and the parents of which that cannot be said.
pub(super) fn attachments(snapshot: &Snapshot, route: &Route) -> Vec<Attachment> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for parent in &route.parents {
        match holder(snapshot, &parent.object) {
            Err(doubt) => found.push(unknown(parent, doubt)),
            Ok(None) => {}
            Ok(Some((holder, accepted))) => {
                for (index, listener) in holder.listeners().iter().enumerate() {
                    if !selects(parent, listener)
                        || !takes(listener, route.kind)
                        || !hostnames::intersect(listener, route)
                    {
                        continue;
                    }
                    let own = holder.meta().namespace.as_ref();
                    let admitted = admits(snapshot, &listener.namespaces, own, route.meta.namespace.as_ref());
                    let certain = match (accepted.clone(), admitted) {
                        (_, Ok(false)) => continue,
                        (Err(doubt), _) | (Ok(()), Err(doubt)) => Err(doubt),
                        (Ok(()), Ok(true)) => Ok(()),
                    };
                    if seen.insert((holder.key(), index)) {
                        found.push(Attachment {
                            name: named(&holder.key(), Some(&listener.name)),
                            at: parent.at.clone(),
                            by_section: parent.section.is_some(),
                            target: Target::Listener(holder.clone(), index, certain),
                        });
                    }
                }
            }
        }
    }
    if route.takes_default_gateways {
        found.push(Attachment {
            name: "of default Gateways".into(),
            at: FieldPath::new("spec.useDefaultGateways"),
            by_section: false,
            target: Target::Unknown(Doubt::new(
                "spec.useDefaultGateways attaches it to Gateways that it does not name",
                "name the Gateway in spec.parentRefs, with the sectionName of an HTTPS listener",
            )),
        });
    }
    found
}

/// A parent, and whether its listeners are surely served.
type Held = (Holder, Result<(), Doubt>);

/// What a parent reference names, and whether its listeners are surely served; `None` for a `ListenerSet` that no Gateway takes in.
fn holder(snapshot: &Snapshot, key: &ObjectKey) -> Result<Option<Held>, Doubt> {
    let found = match snapshot.object(key) {
        Lookup::Found(object) => Holder::of(&object),
        Lookup::Absent => None,
        Lookup::Unseen(blind) => return Err(blind.into()),
    };
    let Some(found) = found else { return Err(absent(key)) };
    let Holder::Set(set) = &found else { return Ok(Some((found, Ok(())))) };
    let gateway = match gateway_at(snapshot, &set.gateway) {
        Lookup::Found(gateway) => gateway,
        Lookup::Absent => return Err(absent(&set.gateway)),
        Lookup::Unseen(blind) => return Err(blind.into()),
    };
    let (own, other) = (gateway.meta.namespace.as_ref(), set.meta.namespace.as_ref());
    match admits(snapshot, &gateway.allowed_listeners, own, other) {
        Ok(true) => Ok(Some((found, Ok(())))),
        Ok(false) => Ok(None),
        Err(doubt) => Ok(Some((found, Err(doubt)))),
    }
}

fn gateway_at(snapshot: &Snapshot, key: &ObjectKey) -> Lookup<Arc<Gateway>> {
    match snapshot.object(key) {
        Lookup::Found(Object::Gateway(gateway)) => Lookup::Found(gateway),
        Lookup::Found(_) | Lookup::Absent => Lookup::Absent,
        Lookup::Unseen(blind) => Lookup::Unseen(blind),
    }
}

/// A parent that is not there: it may come after the route.
fn absent(key: &ObjectKey) -> Doubt {
    Doubt::new(format!("{key} is not there yet"), format!("apply {key} before it, or together with it"))
}

/// A parent of which nobody can say what it listens to. A route that names no listener can be made safe by itself.
fn unknown(parent: &RouteParent, doubt: Doubt) -> Attachment {
    let settle = match &parent.section {
        Some(_) => doubt.settle,
        None => format!(
            "set {}.sectionName to the name of an HTTPS listener of {}, for without it every listener takes the route",
            parent.at, parent.object
        )
        .into(),
    };
    Attachment {
        name: named(&parent.object, parent.section.as_ref()),
        at: parent.at.clone(),
        by_section: parent.section.is_some(),
        target: Target::Unknown(Doubt { blind: doubt.blind, settle }),
    }
}

/// `infra/edge/http`; a `ListenerSet` is told apart from a Gateway of its name.
fn named(holder: &ObjectKey, listener: Option<&Name>) -> Name {
    let kind = if holder.kind == Kind::Gateway { "" } else { "ListenerSet " };
    let namespace = holder.namespace.clone().unwrap_or_default();
    let listener = listener.map_or_else(String::new, |name| format!("/{name}"));
    format!("{kind}{namespace}/{}{listener}", holder.name).into()
}

/// Whether a parent reference means a listener.
fn selects(parent: &RouteParent, listener: &GatewayListener) -> bool {
    parent.section.as_ref().is_none_or(|section| *section == listener.name)
        && parent.port.is_none_or(|port| listener.port == Some(port))
}

/// Whether a listener takes routes of a kind: those of its protocol, fewer where `allowedRoutes.kinds` says so. What an
/// implementation's own protocol takes is not known.
pub(super) fn takes(listener: &GatewayListener, kind: Kind) -> bool {
    let info = kind.info();
    let is_listed = |(group, name): &(Name, Name)| *group == GATEWAY_GROUP && *name == *info.name;
    let of_protocol: &[Kind] = match listener.protocol.as_str() {
        "HTTP" | "HTTPS" => &[Kind::HTTPRoute, Kind::GRPCRoute],
        "TLS" => &[Kind::TLSRoute, Kind::TCPRoute],
        "TCP" => &[Kind::TCPRoute],
        "UDP" => &[Kind::UDPRoute],
        _ => &[Kind::HTTPRoute, Kind::GRPCRoute, Kind::TLSRoute, Kind::TCPRoute, Kind::UDPRoute],
    };
    of_protocol.contains(&kind) && (listener.kinds.is_empty() || listener.kinds.iter().any(is_listed))
}

/// Whether objects of the namespace `other` are let in by what the namespace `own` allows.
pub(super) fn admits(
    snapshot: &Snapshot,
    allowed: &AllowedNamespaces,
    own: Option<&Name>,
    other: Option<&Name>,
) -> Result<bool, Doubt> {
    match (allowed, other) {
        (AllowedNamespaces::Nobody, _) => Ok(false),
        (AllowedNamespaces::Same, _) => Ok(own == other),
        (AllowedNamespaces::All, _) | (_, None) => Ok(true),
        (AllowedNamespaces::Selector(selector), Some(other)) => match snapshot.namespace(other) {
            Lookup::Found(namespace) => Ok(selector.matches(&namespace.meta.labels)),
            Lookup::Absent => Err(Doubt::new(
                format!("there is no Namespace {other}, whose labels would say whether it is let in"),
                format!("create the Namespace {other}"),
            )),
            Lookup::Unseen(blind) => Err(blind.into()),
        },
    }
}
