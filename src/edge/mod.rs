//! The edge: what an object makes its controller do, host by host.
//!
//! `spec.tls` does not mean "encrypted": with the same manifest one controller redirects, another serves plaintext beside TLS,
//! a third ignores `spec.tls` altogether. So the controller is resolved first ([`resolve`]), and its own file in
//! [`controllers`] answers the same few questions, for an Ingress as for the controller's own kinds: [`Surface`].
//!
//! **Invariants.** Reads objects only; what no object says (a controller's own options) comes from the operator
//! ([`Vouched`]) or is answered "unknown", with what would settle it. What a controller does is written in its own file and
//! nowhere else.

pub mod acme;
pub mod controllers;
pub mod gateway;
pub mod hosts;
mod ingress;
mod listener;
pub mod load_balancer;
#[cfg(test)]
mod property_tests;
mod protection;
mod resolve;
mod settings;
mod surface;
#[cfg(test)]
pub(crate) mod test_world;
#[cfg(test)]
mod tests;

pub use controllers::{Controller, HostMatch, Identity, Knowledge, MissingSecret, Opening, Reading, Topic};
pub use hosts::Wanted;
pub use listener::{Cause, CausePlace, Doubt, Listener, Mend, Plaintext, Point, Tls};
pub use protection::{
    By, CertificateUse, Ciphers, ClientCertificates, Hop, HopProtection, Notation, Oldest, Setting, TlsSettings,
    Verified,
};
pub use resolve::{Serving, Vouched, resolve};
pub use settings::{ControllerSettings, EdgeSettings};
pub use surface::{Surface, Told, alters, surface};
