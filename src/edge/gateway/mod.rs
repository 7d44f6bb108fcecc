//! Gateway API: what Gateways, `ListenerSets` and routes open together.
//!
//! Plaintext is judged at the **route**: a listener of protocol HTTP with nothing attached opens nothing, and a route says only
//! which listeners it attaches to ([`attachments`]). So whatever changes a Gateway is judged by the routes behind it
//! ([`alters`]), whichever of the two comes last. Certificates, versions and client certificates belong to the Gateway or the
//! `ListenerSet` that has the listener ([`listeners`]), and what becomes of traffic behind it to the route again ([`backends`]).
//!
//! **Invariants.** The order in which objects arrive decides nothing: a parent that is not there is a doubt, never an answer.

mod attachments;
mod backends;
mod changes;
mod grants;
mod hostnames;
mod implementations;
mod listeners;
mod routes;
#[cfg(test)]
mod tests;

use crate::{model::Object, snapshot::Snapshot};

use super::{Surface, Vouched};

pub use attachments::gateways_of;
pub(super) use changes::alters;

/// What a Gateway, a `ListenerSet` or a route opens.
pub(super) fn surface<'a>(
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    object: &'a Object,
) -> Option<Box<dyn Surface + 'a>> {
    if let Object::Route(route) = object {
        return Some(Box::new(routes::RouteSurface::new(snapshot, vouched, route)));
    }
    let holder = attachments::Holder::of(object)?;
    Some(Box::new(listeners::HolderSurface::new(snapshot, vouched, holder)))
}
