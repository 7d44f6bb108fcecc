//! What a rule may look at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{model::Name, snapshot::Snapshot};

use super::Parameters;

/// What a rule may look at: one snapshot, the environment, its parameters and the time.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The state that is judged.
    pub snapshot: &'a Snapshot,
    /// What cannot be read from objects.
    pub environment: &'a Environment,
    /// What the ruleset sets.
    pub parameters: &'a Parameters,
    /// The time.
    pub now: Timestamp,
}

/// What cannot be read from objects, as the ruleset tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// Ringwall's own namespace, in which nothing is judged.
    pub own_namespace: Option<Name>,
    /// `networkPlugin`: which plugin enforces policies; nothing is assumed where it is left out.
    pub network_plugin: Option<Name>,
    /// `sensitive`: the labels that mark sensitive workloads and namespaces.
    pub sensitive: BTreeMap<Name, Name>,
    /// `ingressControllers`: by the controller's name (`traefik.io/ingress-controller`), whether it redirects or refuses
    /// plaintext everywhere, whatever an Ingress says.
    pub refuses_plaintext: BTreeSet<Name>,
    /// `ingressClasses`: by class, the controller that serves Ingresses whose class cannot be resolved from `IngressClasses`.
    pub controllers_of_classes: BTreeMap<Name, Name>,
    /// `unknownController: refuse`: whether what cannot be proved because of the controller (one that Ringwall does not know) or of
    /// what the Ingress asks of it (a Traefik middleware or entry point of unknown effect, a host that only a certificate by
    /// chance may name) is a breach instead of "cannot prove". What Ringwall cannot see (a broken watch, a forbidden read,
    /// something that is not among the files) stays "cannot prove".
    pub refuses_unknown_controllers: bool,
}
