//! One direction of one packet: what each policy says of it, in the order in which they are asked.
//!
//! The verdict is the engine's. What stands beside it is worked out by asking every rule by itself, and comes to the same.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::{
    model::{
        AddressSet, FieldPath, Kind, Name, NetworkPolicy, Object, ObjectKey, PodFacts, PolicyPeer, Protocol, Step,
    },
    network::{
        self, Action, Bounds, Direction, Enforcement, Failure, Mismatch, Party, Plugin, Policy, RuleFit, Uncertain,
        reach::WorkloadName,
    },
    snapshot::{Blind, Snapshot},
};

use super::{Actor, Place, Verdict};

/// What one end's policies say of the packet.
#[derive(Clone, PartialEq, Debug)]
pub struct Side {
    /// The direction, seen from the end.
    pub direction: Direction,
    /// The workload; `None` for an end that no policy governs.
    pub workload: Option<WorkloadName>,
    /// What the engine says.
    pub verdict: Verdict,
    /// What decides.
    pub ground: Ground,
    /// What was asked, in order.
    pub tiers: Vec<TierTold>,
    /// Policies that select it and that this network plugin does not enforce.
    pub unenforced: Vec<ObjectKey>,
}

/// What decides a direction.
#[derive(Clone, PartialEq, Debug)]
pub enum Ground {
    /// The end is no Pod whose policies could be asked.
    Ungoverned,
    /// The Pod is on its node's network, which policies do not govern.
    OnNode,
    /// The network plugin enforces no policies.
    NotEnforced,
    /// No policy selects it: it is not isolated, and everything is allowed by default.
    Unselected,
    /// No policy selects it, and the network plugin isolates everybody.
    IsolatedByPlugin,
    /// A rule lets it pass.
    Accepted(Place),
    /// A rule denies it.
    Denied(Place),
    /// These policies isolate it, and no rule of their tier matches.
    Isolated(Vec<ObjectKey>),
    /// Policies select it, none of them decides, and what is undecided is allowed.
    Undecided,
    /// It is denied, but the source is on its node's network: should that be the Pod's own node, its traffic always passes.
    NodeTraffic,
    /// It depends on what cannot be known.
    Uncertain(Vec<(Place, Uncertain)>),
    /// Not all policies have been seen.
    Unseen(Blind),
}

impl Ground {
    /// The verdict that this comes to.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Ungoverned
            | Self::OnNode
            | Self::NotEnforced
            | Self::Unselected
            | Self::Accepted(_)
            | Self::Undecided => Verdict::Allowed,
            Self::IsolatedByPlugin | Self::Denied(_) | Self::Isolated(_) => Verdict::Denied,
            Self::NodeTraffic | Self::Uncertain(_) => Verdict::MayBeAllowed,
            Self::Unseen(_) => Verdict::Unknown,
        }
    }

    /// Where what decides is written.
    pub fn places(&self) -> Vec<Place> {
        match self {
            Self::Accepted(place) | Self::Denied(place) => vec![place.clone()],
            Self::Isolated(policies) => policies.iter().map(Place::of).collect(),
            Self::Uncertain(reasons) => reasons.iter().map(|(place, _)| place.clone()).collect(),
            _ => Vec::new(),
        }
    }
}

/// The policies of one tier.
#[derive(Clone, PartialEq, Debug)]
pub struct TierTold {
    /// Its name.
    pub name: Name,
    /// What comes of it.
    pub outcome: TierOutcome,
    /// Each policy that selects the workload and speaks of the direction.
    pub policies: Vec<PolicyTold>,
}

/// What comes of a tier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TierOutcome {
    /// A rule lets the packet pass.
    Accepts,
    /// A rule denies it.
    Denies,
    /// No rule matches, and the policies isolate.
    Isolates,
    /// A rule leaves it to the next tier.
    Passes,
    /// No rule matches, and the next tier is asked.
    Silent,
    /// An earlier tier has decided.
    NotAsked,
    /// It depends on what cannot be known.
    Uncertain,
}

/// One policy.
#[derive(Clone, PartialEq, Debug)]
pub struct PolicyTold {
    /// The object.
    pub source: ObjectKey,
    /// Why it may not select the workload after all.
    pub partial: Option<Name>,
    /// Its rules of the direction.
    pub rules: Vec<RuleTold>,
}

/// One rule.
#[derive(Clone, PartialEq, Debug)]
pub struct RuleTold {
    /// Where it is written.
    pub at: FieldPath,
    /// What it does.
    pub action: Action,
    /// Whether it matches, or the one condition that failed.
    pub fit: RuleFit,
}

/// What is asked of one end.
pub(super) struct Asked<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) plugin: &'a Plugin,
    pub(super) source: &'a Actor,
    pub(super) destination: &'a Actor,
    pub(super) direction: Direction,
    pub(super) at: (Protocol, u16),
}

impl Asked<'_> {
    fn subject(&self) -> &Actor {
        match self.direction {
            Direction::Ingress => self.destination,
            Direction::Egress => self.source,
        }
    }

    /// The policies that are asked; `None` where none has a hold on the end.
    pub(super) fn policies(&self) -> Option<Vec<Arc<Policy>>> {
        let group = self.subject().group()?;
        network::policies_on(self.snapshot, self.plugin, group.view(), self.direction)
    }

    pub(super) fn side(&self) -> Side {
        let subject = self.subject().group();
        let policies = self.policies();
        let (ground, tiers) = match (&policies, subject) {
            (_, None) => (Ground::Ungoverned, Vec::new()),
            (None, Some(_)) => (Ground::OnNode, Vec::new()),
            (Some(policies), Some(group)) => match network::coverage(self.snapshot, self.plugin, &group.namespace) {
                Err(blind) => (Ground::Unseen(blind), Vec::new()),
                Ok(()) => self.walk(policies),
            },
        };
        let verdict = match &ground {
            Ground::Unseen(_) => Verdict::Unknown,
            _ => self.engine(policies.as_deref()),
        };
        let workload = match self.subject() {
            Actor::Pod(group, _) => Some(group.workload.clone()),
            Actor::Controller(_) | Actor::Address(_) | Actor::IngressController => None,
        };
        Side { direction: self.direction, workload, verdict, ground, tiers, unenforced: self.unenforced() }
    }

    /// The verdict, as `reach` has it.
    fn engine(&self, policies: Option<&[Arc<Policy>]>) -> Verdict {
        if self.subject().group().is_none() {
            return Verdict::Allowed;
        }
        let (source, destination) = (self.source.party(), self.destination.party());
        let Bounds { least, most } = network::of_policies(self.plugin, policies, source, destination, self.direction);
        let (protocol, port) = self.at;
        Verdict::of(least.contains(protocol, port), most.contains(protocol, port))
    }

    fn walk(&self, policies: &[Arc<Policy>]) -> (Ground, Vec<TierTold>) {
        let exempt = self.direction == Direction::Ingress
            && self.plugin.node_traffic_exempt
            && self.source.group().is_some_and(|group| group.facts.host_network);
        if policies.is_empty() {
            let ground = match self.plugin.enforcement {
                Enforcement::Always if exempt => Ground::NodeTraffic,
                Enforcement::Always => Ground::IsolatedByPlugin,
                Enforcement::Never => Ground::NotEnforced,
                Enforcement::Default => Ground::Unselected,
            };
            return (ground, Vec::new());
        }
        let peer = match self.direction {
            Direction::Ingress => self.source.party(),
            Direction::Egress => self.destination.party(),
        };
        let declares = self.destination.group().map(|group| &*group.facts);
        let (mut least, mut most) = (Walk::new(false), Walk::new(true));
        let mut doubts = Vec::new();
        let mut tiers = Vec::new();
        for tier in policies.chunk_by(|a, b| a.order.tier == b.order.tier) {
            let asked = least.undecided || most.undecided;
            let told = tier.iter().map(|policy| self.policy(policy, peer, declares)).collect::<Vec<_>>();
            if asked {
                for (policy, told) in tier.iter().zip(&told) {
                    note_doubts(policy, told, &mut doubts);
                }
            }
            let ends = [least.tier(tier, &told, self.direction), most.tier(tier, &told, self.direction)];
            let outcome = match ends {
                _ if !asked => TierOutcome::NotAsked,
                [one, other] if one == other => one,
                _ => TierOutcome::Uncertain,
            };
            let name = tier.first().map(|policy| policy.order.tier.name.clone()).unwrap_or_default();
            tiers.push(TierTold { name, outcome, policies: told });
        }
        let ground = match (least.is_allowed(), most.is_allowed()) {
            (true, _) => least.ground,
            (false, _) if exempt => Ground::NodeTraffic,
            (false, false) => most.ground,
            (false, true) => Ground::Uncertain(doubts),
        };
        (ground, tiers)
    }

    fn policy(&self, policy: &Policy, peer: Party<'_>, declares: Option<&PodFacts>) -> PolicyTold {
        let rules = policy.rules(self.direction).unwrap_or_default();
        let written = self.snapshot.object(&policy.source).found();
        let rules = rules.iter().map(|rule| {
            let mut fit = network::rule_fit(self.plugin, rule, peer, declares, self.at);
            if let (RuleFit::Fails(failure), Some(Object::NetworkPolicy(written))) = (&mut fit, &written) {
                excepted(written, failure);
            }
            RuleTold { at: rule.at.clone(), action: rule.action, fit }
        });
        PolicyTold { source: policy.source.clone(), partial: policy.subject.partial.clone(), rules: rules.collect() }
    }

    /// Policies that would speak if the plugin enforced their kind.
    fn unenforced(&self) -> Vec<ObjectKey> {
        let Some(group) = self.subject().group() else { return Vec::new() };
        let is_ignored = |kind: Kind| !self.plugin.enforces(kind);
        let found = network::selecting(self.snapshot, self.plugin, group.view(), self.direction, is_ignored);
        let mut found: Vec<ObjectKey> = found.iter().map(|policy| policy.source.clone()).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// Tells an address that is excepted from one that no network holds, which the lowered form does not.
fn excepted(policy: &NetworkPolicy, failure: &mut Failure) {
    let Mismatch::Address { found, .. } = &failure.why else { return };
    let Some(PolicyPeer::IpBlock { cidr, except }) = peer_at(policy, &failure.at) else { return };
    let holds = |network: IpNet, address: &IpAddr| AddressSet::of_network(network).contains(*address);
    let Some(address) = found.iter().find(|address| holds(*cidr, address)) else { return };
    if let Some(part) = except.iter().find(|part| holds(**part, address)) {
        failure.why = Mismatch::Excepted { found: *address, network: *cidr, except: *part };
    }
}

/// The peer at `spec.ingress[0].from[1]`.
fn peer_at<'a>(policy: &'a NetworkPolicy, path: &FieldPath) -> Option<&'a PolicyPeer> {
    let steps = path.steps();
    let [_, Step::Field(section), Step::Index(rule), _, Step::Index(peer)] = steps.as_slice() else { return None };
    let rules = if section == Direction::Ingress.name() { &policy.ingress } else { &policy.egress };
    rules.get(*rule)?.peers.as_ref()?.get(*peer)
}

fn note_doubts(policy: &Policy, told: &PolicyTold, doubts: &mut Vec<(Place, Uncertain)>) {
    if let Some(reason) = &policy.subject.partial {
        doubts.push((Place::of(&policy.source), Uncertain::Subject(reason.clone())));
    }
    for rule in &told.rules {
        if let RuleFit::MayMatch(at, why) = &rule.fit {
            doubts.push((Place { object: policy.source.clone(), path: at.clone() }, why.clone()));
        }
    }
}

/// The way of the packet through the tiers, where what is not known is taken one way.
struct Walk {
    /// Whether what may let it pass does.
    kind: bool,
    undecided: bool,
    accepted: bool,
    ground: Ground,
}

impl Walk {
    fn new(kind: bool) -> Self {
        Self { kind, undecided: true, accepted: false, ground: Ground::Undecided }
    }

    fn is_allowed(&self) -> bool {
        self.accepted || self.undecided
    }

    fn tier(&mut self, tier: &[Arc<Policy>], told: &[PolicyTold], direction: Direction) -> TierOutcome {
        if !self.undecided {
            return TierOutcome::NotAsked;
        }
        let mut outcome = TierOutcome::Silent;
        let (mut passed, mut isolated) = (false, false);
        for (policy, told) in tier.iter().zip(told) {
            let whole = told.partial.is_none();
            isolated |= policy.isolates(direction) && (whole || !self.kind);
            for rule in &told.rules {
                let (at, full) = match &rule.fit {
                    RuleFit::Matches(at) => (at, whole),
                    RuleFit::MayMatch(at, _) => (at, false),
                    RuleFit::Fails(_) => continue,
                };
                if !self.undecided {
                    continue;
                }
                let place = || Place { object: told.source.clone(), path: at.clone() };
                match rule.action {
                    Action::Accept if full || self.kind => {
                        (self.undecided, self.accepted) = (false, true);
                        (self.ground, outcome) = (Ground::Accepted(place()), TierOutcome::Accepts);
                    }
                    Action::Deny if full || !self.kind => {
                        self.undecided = false;
                        (self.ground, outcome) = (Ground::Denied(place()), TierOutcome::Denies);
                    }
                    Action::Pass if full => {
                        (self.undecided, passed) = (false, true);
                        outcome = TierOutcome::Passes;
                    }
                    Action::Pass if self.kind => passed = true,
                    // It may go on to the next tier, and nothing more can be counted on.
                    Action::Pass => {
                        self.undecided = false;
                        (self.ground, outcome) = (Ground::Denied(place()), TierOutcome::Uncertain);
                    }
                    Action::Accept | Action::Deny => {}
                }
            }
        }
        if self.undecided && isolated && !passed {
            let isolating = tier.iter().filter(|policy| policy.isolates(direction));
            self.ground = Ground::Isolated(isolating.map(|policy| policy.source.clone()).collect());
            outcome = TierOutcome::Isolates;
        }
        self.undecided = if isolated { passed } else { self.undecided || passed };
        outcome
    }
}
