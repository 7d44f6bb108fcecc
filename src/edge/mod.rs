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

pub use controllers::{Controller, HostMatch, Identity, MissingSecret, Reading};
pub use listener::{Cause, CausePlace, Doubt, Listener, Mend, Plaintext, Point, Tls};
pub use resolve::{Serving, Vouched, resolve};

use crate::{
    model::Ingress,
    snapshot::{Need, Snapshot},
};

/// Who serves an Ingress, and what that opens.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Who serves it.
    pub serving: Serving,
    /// One for each host, in the order of the Ingress.
    pub listeners: Vec<Listener>,
    /// The reads that this rests on, the Ingress itself aside.
    pub rests_on: Vec<Need>,
}

/// What an Ingress opens at the edge.
pub fn edge(snapshot: &Snapshot, vouched: Vouched<'_>, ingress: &Ingress) -> Edge {
    let resolved = resolve(snapshot, vouched, ingress);
    let reading = Reading { ingress, snapshot, vouched, controller: resolved.serving.name() };
    let controller = resolved.serving.controller();
    let redirects = resolved.serving.name().is_some_and(|name| vouched.refuses_plaintext.contains(name));
    let mut rests_on = resolved.rests_on;
    rests_on.extend(controller.rests_on(&reading));
    let listener = |point: Point| {
        let plaintext = match (&resolved.serving, redirects) {
            (_, true) => Plaintext::Redirected,
            (Serving::Known { .. }, false) => controller.plaintext(&reading, &point),
            (unknown, false) => Plaintext::Unknown(unknown.doubt()),
        };
        let tls = controller.tls(&reading, &point, &plaintext);
        Listener { host: point.host, at: point.at, plaintext, tls }
    };
    let listeners = controller.points(ingress).into_iter().map(listener).collect();
    Edge { serving: resolved.serving, listeners, rests_on }
}
