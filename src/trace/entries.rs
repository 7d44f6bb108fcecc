//! What leads to a Service from outside, and how it is protected there.

use crate::{
    edge::{self, Hop, Listener, Plaintext, Surface, Tls, Vouched, Wanted},
    model::{Name, Object, ObjectKey},
    snapshot::Snapshot,
};

/// An object at the edge that leads to a Service.
pub(super) struct Entry {
    /// The object.
    pub(super) object: Object,
    /// The ways by which it leads there; none where nobody knows which, for its controller is unknown.
    pub(super) hops: Vec<Hop>,
    /// The listeners of those ways.
    pub(super) listeners: Vec<Listener>,
}

/// The objects at the edge that lead to a Service. `port` is one of its ports by name and number, where only that is asked for.
pub(super) fn entries(
    snapshot: &Snapshot,
    vouched: Vouched<'_>,
    service: &ObjectKey,
    port: Option<(&str, u16)>,
) -> Vec<Entry> {
    let direct: Vec<&ObjectKey> = snapshot.referrers(service).filter(|key| key.kind.opens_edge()).collect();
    // Those that lead there by way of others.
    let mut beyond = edge::alters(snapshot, service);
    beyond.sort();
    beyond.dedup();
    beyond.retain(|key| !direct.contains(&key));
    let entry = |key: &ObjectKey, is_direct: bool| {
        let object = snapshot.object(key).found().filter(|object| !object.meta().is_terminating())?;
        let surface = edge::surface(snapshot, vouched, &object)?;
        let hops: Vec<Hop> = surface.hops().into_iter().filter(|hop| leads(hop, service, port)).collect();
        if hops.is_empty() && !is_direct {
            return None;
        }
        let listeners = listeners(surface.as_ref(), &hops);
        drop(surface);
        Some(Entry { object, hops, listeners })
    };
    let direct = direct.iter().filter_map(|key| entry(key, true));
    direct.chain(beyond.iter().filter_map(|key| entry(key, false))).collect()
}

fn leads(hop: &Hop, service: &ObjectKey, port: Option<(&str, u16)>) -> bool {
    let fits = |(name, number): (&str, u16)| {
        hop.port.as_ref().is_none_or(|asked| **asked == *name || asked.parse() == Ok(number))
    };
    hop.service.as_ref() == Some(service) && port.is_none_or(fits)
}

/// The listeners whose requests go those ways; all of them where the ways are not known.
fn listeners(surface: &dyn Surface, hops: &[Hop]) -> Vec<Listener> {
    let any = hops.is_empty() || hops.iter().any(|hop| hop.hosts.is_empty());
    let serves = |listener: &Listener| {
        any || listener.host.as_ref().is_none_or(|host| hops.iter().any(|hop| hop.hosts.contains(host)))
    };
    surface.listeners(Wanted::All).into_iter().filter(serves).collect()
}

/// How clients come to a listener.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Outside {
    /// By TLS alone.
    Tls,
    /// It cannot be said.
    Unknown(Name),
    /// In plaintext, or in plaintext as well.
    Plaintext(Name),
}

/// How clients come to a listener.
pub(super) fn outside(listener: &Listener) -> Outside {
    match (&listener.plaintext, &listener.tls) {
        (Plaintext::Served(cause), _) => Outside::Plaintext(cause.fact.into()),
        (Plaintext::Unknown(doubt), _) => Outside::Unknown(doubt.blind.to_string().into()),
        (Plaintext::Redirected | Plaintext::Closed, Tls::None) => Outside::Plaintext("it serves no TLS".into()),
        (Plaintext::Redirected | Plaintext::Closed, _) => Outside::Tls,
    }
}
