//! What the policies of a workload let through in one direction, as the rules about blocked traffic ask for it.

use std::sync::Arc;

use crate::{
    model::{Family, FieldPath, Name, PortSet, Protocol},
    network::{Action, Direction, Exposure, Peer, Policy, Rule},
    rules::{
        Context, Place, Subject, Workload,
        isolation::{governed, known, settled},
    },
    snapshot::Coverage,
};

/// A workload that is isolated in a direction, and lets something through there nevertheless.
pub(in crate::rules) struct Side {
    /// The workload.
    pub(in crate::rules) workload: Workload,
    direction: Direction,
    exposure: Arc<Exposure>,
    policies: Arc<[Arc<Policy>]>,
}

impl Side {
    /// The side of a subject; `None` where it is no workload that policies isolate in that direction.
    pub(in crate::rules) fn of(context: &Context<'_>, subject: &Subject, direction: Direction) -> Option<Self> {
        let workload = governed(context, subject)?;
        let exposure = context.exposure(subject, &workload, direction);
        if !exposure.readings().all(Exposure::is_isolated) {
            return None;
        }
        let policies = context.policies(subject, &workload, direction)?;
        Some(Self { workload, direction, exposure, policies })
    }

    /// Whether somebody may be let through on the port, whoever he is.
    pub(in crate::rules) fn admits(&self, context: &Context<'_>, protocol: Protocol, port: u16) -> bool {
        self.admits_by(context, protocol, port, |_| true)
    }

    /// Whether somebody may be let through on the port by such a rule, or as one whom nothing names.
    pub(in crate::rules) fn admits_by(
        &self,
        context: &Context<'_>,
        protocol: Protocol,
        port: u16,
        counts: impl Fn(&Rule) -> bool,
    ) -> bool {
        let plugin = &context.environment.plugin;
        let holds = |ports: &PortSet| ports.contains(protocol, port);
        let unnamed = self.exposure.readings().any(|reading| {
            holds(&reading.admission.pods) || reading.admission.addresses().any(|(ports, _)| holds(ports))
        });
        unnamed
            || self.rules().filter(|(_, rule)| counts(rule)).any(|(_, rule)| match self.direction {
                Direction::Ingress => holds(&rule.ports.on(plugin, &self.workload.facts)),
                // A name may be any number on a peer.
                Direction::Egress => {
                    holds(rule.ports.numbers(plugin)) || rule.ports.names.iter().any(|(theirs, _)| *theirs == protocol)
                }
            })
    }

    /// The rules that let something through, with their policies. One for single addresses only is nobody who is found by name.
    pub(in crate::rules) fn accepting(&self) -> impl Iterator<Item = (&Policy, &Rule)> {
        let means_some = |peer: &Peer| match peer {
            Peer::Addresses(set) | Peer::World(set) => {
                set.width(Family::Ipv4).is_some_and(|width| width < 32)
                    || set.width(Family::Ipv6).is_some_and(|width| width < 128)
            }
            Peer::Everyone | Peer::Pods { .. } | Peer::Nodes => true,
        };
        self.rules().filter(move |(_, rule)| rule.peers.iter().any(|(peer, _)| means_some(peer)))
    }

    fn rules(&self) -> impl Iterator<Item = (&Policy, &Rule)> {
        let rules = self.policies.iter().flat_map(|policy| {
            let rules = policy.rules(self.direction).unwrap_or_default();
            rules.iter().map(move |rule| (&**policy, rule))
        });
        rules.filter(|(_, rule)| rule.action == Action::Accept)
    }

    /// Whether all that decides has been seen.
    pub(in crate::rules) fn certain(&self, context: &Context<'_>) -> Coverage {
        settled(&self.exposure).and_then(|()| known(context, &self.workload.namespace))
    }

    /// The first rule that lets something through, or else the policies that isolate.
    pub(in crate::rules) fn places(&self) -> Vec<Place> {
        let first = self.accepting().next();
        let first = first.map(|(policy, rule)| Place { object: policy.source.clone(), path: rule.at.clone() });
        let isolating = self.exposure.isolated_by.first();
        let isolating = isolating.map(|policy| Place { object: policy.source.clone(), path: FieldPath::new("spec") });
        first.or(isolating).into_iter().collect()
    }

    /// The name of the policy to add a rule to.
    pub(in crate::rules) fn policy_name(&self) -> Option<Name> {
        let first = self.accepting().next().map(|(policy, _)| policy);
        first.or(self.policies.first().map(|policy| &**policy)).map(|policy| policy.source.to_string().into())
    }
}
