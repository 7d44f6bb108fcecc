//! The edge: what an Ingress makes its controller do, host by host.
//!
//! `spec.tls` does not mean "encrypted": with the same manifest one controller redirects, another serves plaintext beside TLS,
//! a third ignores `spec.tls` altogether. So the controller is resolved first ([`resolve`]), and its own file in
//! [`controllers`] answers the same few questions for each host that it opens.
//!
//! **Invariants.** Reads objects only; what no object says (a controller's own options) comes from the operator
//! ([`Vouched`]) or is answered "unknown", with what would settle it. What a controller does is written in its own file and
//! nowhere else.

pub mod acme;
pub mod controllers;
pub mod hosts;
mod listener;
mod resolve;
#[cfg(test)]
mod tests;

pub use controllers::{Controller, HostMatch, Identity, MissingSecret, Opening, Reading};
pub use listener::{Cause, CausePlace, Doubt, Listener, Mend, Plaintext, Point, Tls};
pub use resolve::{Serving, Vouched, resolve};

use crate::{
    model::{Ingress, Name},
    snapshot::{Need, Snapshot},
};

use hosts::Wanted;

/// Who serves an Ingress, and what that opens.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Who serves it.
    pub serving: Serving,
    /// One for each host, in the order of the Ingress.
    pub listeners: Vec<Listener>,
}

/// What an Ingress opens at the edge.
pub fn edge(snapshot: &Snapshot, vouched: Vouched<'_>, ingress: &Ingress) -> Edge {
    opened(snapshot, vouched, ingress, Wanted::All)
}

/// What an Ingress opens at the edge for one host (`None` for requests of any host): one listener at most. An Ingress may have
/// thousands, and whoever explains a few of them does not need the others.
pub fn edge_of_host(snapshot: &Snapshot, vouched: Vouched<'_>, ingress: &Ingress, host: Option<&Name>) -> Edge {
    opened(snapshot, vouched, ingress, Wanted::One(host))
}

/// The reads that [`edge`] rests on, the Ingress itself aside.
pub fn rests_on(snapshot: &Snapshot, vouched: Vouched<'_>, ingress: &Ingress) -> Vec<Need> {
    let resolved = resolve(snapshot, vouched, ingress);
    let mut needs = resolved.serving.controller().rests_on(ingress);
    needs.extend(resolved.rests_on);
    needs
}

fn opened(snapshot: &Snapshot, vouched: Vouched<'_>, ingress: &Ingress, wanted: Wanted<'_>) -> Edge {
    let serving = resolve(snapshot, vouched, ingress).serving;
    let reading = Reading { ingress, snapshot, vouched, controller: serving.name() };
    let controller = serving.controller();
    let redirects = serving.name().is_some_and(|name| vouched.refuses_plaintext.contains(name));
    let opening = controller.open(reading);
    let listener = |point: Point| {
        let plaintext = match (&serving, redirects) {
            (_, true) => Plaintext::Redirected,
            (Serving::Known { .. }, false) => opening.plaintext(&point),
            (unknown, false) => Plaintext::Unknown(unknown.doubt()),
        };
        let tls = opening.tls(&point, &plaintext);
        Listener { host: point.host, at: point.at, plaintext, tls }
    };
    let listeners = controller.points(ingress, wanted).into_iter().map(listener).collect();
    drop(opening);
    Edge { serving, listeners }
}
