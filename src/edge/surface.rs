//! What one object opens at the edge, whatever its kind.
//!
//! Every kind that opens something answers the same questions, each only when it is asked: an Ingress may have thousands of
//! hosts, and most who ask want to know one thing.

use crate::{
    model::{Name, Object, ObjectKey, Place},
    snapshot::{Need, Snapshot},
};

use super::{
    CertificateUse, Hop, Listener, Serving, TlsSettings, Vouched, controllers, gateway, hosts::Wanted, load_balancer,
};

/// What one object opens at the edge.
pub trait Surface {
    /// Who serves it.
    fn serving(&self) -> &Serving;

    /// The wanted ones of its hosts, each with what becomes of plaintext and TLS. Empty for what opens nothing by itself.
    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener>;

    /// How TLS is done, part by part. Empty where it serves no TLS.
    fn settings(&self) -> Vec<TlsSettings>;

    /// The certificates that it uses.
    fn certificates(&self) -> Vec<CertificateUse>;

    /// Where the traffic goes.
    fn hops(&self) -> Vec<Hop>;

    /// The reads that the answers rest on, the object itself aside.
    fn rests_on(&self) -> Vec<Need>;

    /// What is told of plaintext at a listener in place of its [`Cause`](super::Cause), where names and other objects tell more.
    fn told(&self, _: &Listener) -> Option<Told> {
        None
    }
}

/// What is told of plaintext, with the names of what is concerned.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// The fact, to follow the host in a sentence.
    pub fact: Name,
    /// What mends it, as an instruction; `None` where the cause says it.
    pub fix: Option<Name>,
    /// Fields of other objects that show it.
    pub places: Vec<Place>,
}

/// What an object opens at the edge; `None` for kinds that open nothing.
pub fn surface<'a>(snapshot: &'a Snapshot, vouched: Vouched<'a>, object: &'a Object) -> Option<Box<dyn Surface + 'a>> {
    match object {
        Object::Ingress(ingress) => Some(Box::new(super::ingress::IngressSurface::new(snapshot, vouched, ingress))),
        Object::Gateway(_) | Object::ListenerSet(_) | Object::Route(_) => gateway::surface(snapshot, vouched, object),
        Object::EdgeResource(resource) => controllers::own_surface(snapshot, vouched, resource),
        Object::Service(service) => load_balancer::surface(service),
        _ => None,
    }
}

/// The objects whose surface a change of this one can alter, the object itself aside: those that refer to it, and for a kind that
/// says more than its references do, those that it says. `snapshot` is the state before or after.
pub fn alters(snapshot: &Snapshot, key: &ObjectKey) -> Vec<ObjectKey> {
    let is_edge = |key: &&ObjectKey| key.kind.opens_edge();
    let mut altered: Vec<ObjectKey> = snapshot.referrers(key).filter(is_edge).cloned().collect();
    gateway::alters(snapshot, key, &mut altered);
    controllers::alters(snapshot, key, &mut altered);
    altered
}
