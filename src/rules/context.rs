//! What a rule may look at.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    edge::{EdgeSettings, Vouched},
    encryption::mesh::{Inbound, MeshSettings},
    model::Name,
    network::{
        Controllers, Direction, Exposure, Plugin, PodView, Policy, exposure_under, namespace_labels, policies_on,
    },
    snapshot::Snapshot,
};

use super::{
    Parameters, Subject, Workload,
    certificates::{Held, Uses},
    sensitive::SensitiveLabels,
};

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
    /// What the rules that judge one subject have in common, where somebody lets them all judge it.
    pub shared: Option<&'a Shared<'a>>,
}

/// What the rules that judge one subject in one snapshot have in common, computed by the first that asks.
pub struct Shared<'a> {
    subject: &'a Subject,
    workload: OnceCell<Option<Workload>>,
    policies: [OnceCell<Option<Selecting>>; 2],
    exposures: [OnceCell<Arc<Exposure>>; 2],
    inbound: OnceCell<Arc<Inbound>>,
    uses: OnceCell<Arc<Uses>>,
    held: OnceCell<Arc<[Held]>>,
}

/// The policies that speak of a direction of a workload, in order.
type Selecting = Arc<[Arc<Policy>]>;

impl<'a> Shared<'a> {
    /// For a subject.
    pub fn new(subject: &'a Subject) -> Self {
        Self {
            subject,
            workload: OnceCell::new(),
            policies: Default::default(),
            exposures: Default::default(),
            inbound: OnceCell::new(),
            uses: OnceCell::new(),
            held: OnceCell::new(),
        }
    }
}

impl Context<'_> {
    /// The subject as a workload, if it is one and is there.
    pub fn workload(&self, subject: &Subject) -> Option<Workload> {
        let find = || subject.workload(self.snapshot);
        match self.shared_of(subject) {
            Some(shared) => shared.workload.get_or_init(find).clone(),
            None => find(),
        }
    }

    /// The policies that speak of a direction of a subject that is this workload, in order; `None` where policies have no hold on it.
    pub fn policies(&self, subject: &Subject, workload: &Workload, direction: Direction) -> Option<Selecting> {
        let find = || {
            let labels = namespace_labels(self.snapshot, &workload.namespace);
            let pod = PodView { namespace: &workload.namespace, namespace_labels: &labels, facts: &workload.facts };
            policies_on(self.snapshot, &self.environment.plugin, pod, direction).map(Selecting::from)
        };
        match self.shared_of(subject) {
            Some(shared) => of_direction(&shared.policies, direction).get_or_init(find).clone(),
            None => find(),
        }
    }

    /// The exposure of a subject that is this workload.
    pub fn exposure(&self, subject: &Subject, workload: &Workload, direction: Direction) -> Arc<Exposure> {
        let find = || {
            let policies = self.policies(subject, workload, direction);
            let plugin = &self.environment.plugin;
            let Workload { namespace, facts, .. } = workload;
            Arc::new(exposure_under(self.snapshot, plugin, namespace, facts, direction, policies.as_deref()))
        };
        match self.shared_of(subject) {
            Some(shared) => Arc::clone(of_direction(&shared.exposures, direction).get_or_init(find)),
            None => find(),
        }
    }

    /// What a subject that is this workload accepts from inside the cluster.
    pub fn inbound(&self, subject: &Subject, workload: &Workload) -> Arc<Inbound> {
        let find = || Arc::new(super::inside::inbound(self, workload));
        match self.shared_of(subject) {
            Some(shared) => Arc::clone(shared.inbound.get_or_init(find)),
            None => find(),
        }
    }

    /// The certificates that a subject at the edge uses.
    pub(super) fn uses(&self, subject: &Subject) -> Arc<Uses> {
        let find = || Arc::new(super::certificates::uses(self, subject));
        match self.shared_of(subject) {
            Some(shared) => Arc::clone(shared.uses.get_or_init(find)),
            None => find(),
        }
    }

    /// The certificates that a subject holds, uses or asks for.
    pub(super) fn held(&self, subject: &Subject) -> Arc<[Held]> {
        let find = || super::certificates::held(self, subject).into();
        match self.shared_of(subject) {
            Some(shared) => Arc::clone(shared.held.get_or_init(find)),
            None => find(),
        }
    }

    /// What is shared, if it is this very subject's.
    fn shared_of(&self, subject: &Subject) -> Option<&Shared<'_>> {
        self.shared.filter(|shared| std::ptr::eq(shared.subject, subject))
    }
}

/// That of one direction.
fn of_direction<T>([ingress, egress]: &[T; 2], direction: Direction) -> &T {
    match direction {
        Direction::Ingress => ingress,
        Direction::Egress => egress,
    }
}

/// What cannot be read from objects, as the ruleset tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// Ringwall's own namespace, in which nothing is judged.
    pub own_namespace: Option<Name>,
    /// `networkPlugin` and `networkOptions`: who enforces policies, and what they mean there.
    pub plugin: Plugin,
    /// `sensitive`: the labels that mark sensitive workloads and namespaces.
    pub sensitive: SensitiveLabels,
    /// `ingressControllers`: by the controller's name (`traefik.io/ingress-controller`), whether it redirects or refuses
    /// plaintext everywhere, whatever an Ingress says.
    pub refuses_plaintext: BTreeSet<Name>,
    /// `ingressControllers`: by the controller's name (of an `IngressClass` or a `GatewayClass`), the namespace that it runs in.
    pub controller_namespaces: BTreeMap<Name, Name>,
    /// `ingressClasses`: by class, the controller that serves Ingresses whose class cannot be resolved from `IngressClasses`.
    pub controllers_of_classes: BTreeMap<Name, Name>,
    /// What else it says of the edge: where controllers are configured, and what only a cloud knows.
    pub edge: EdgeSettings,
    /// `mesh`: what no object says of meshes.
    pub mesh: MeshSettings,
    /// `certManager: {serviceAccount: NAMESPACE/NAME}`: the user as which cert-manager asks for its solvers; `None` for the
    /// name that its manifests and its chart give it.
    pub cert_manager: Option<Name>,
    /// `unknownController: refuse`: whether what cannot be proved because of the controller (one that Ringwall does not know) or of
    /// what the Ingress asks of it (a Traefik middleware or entry point of unknown effect, a host that only a certificate by
    /// chance may name) is a breach instead of "cannot prove". What Ringwall cannot see (a broken watch, a forbidden read,
    /// something that is not among the files) stays "cannot prove".
    pub refuses_unknown_controllers: bool,
}

/// The user as which cert-manager asks where nothing else is said.
const CERT_MANAGER: &str = "system:serviceaccount:cert-manager:cert-manager";

impl Environment {
    /// What it vouches for at the edge.
    pub fn vouched(&self) -> Vouched<'_> {
        Vouched {
            controllers_of_classes: &self.controllers_of_classes,
            refuses_plaintext: &self.refuses_plaintext,
            settings: &self.edge,
        }
    }

    /// The user as which cert-manager asks for its solvers.
    pub fn cert_manager(&self) -> &str {
        self.cert_manager.as_deref().unwrap_or(CERT_MANAGER)
    }

    /// What it says of ingress controllers.
    pub fn controllers(&self) -> Controllers {
        Controllers { namespaces: self.controller_namespaces.clone(), of_classes: self.controllers_of_classes.clone() }
    }
}
