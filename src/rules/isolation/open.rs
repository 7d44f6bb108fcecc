//! `open-ingress` and `open-egress`: isolated in name only.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    model::{AddressSet, Family, Labels, PortSet},
    network::{Admission, Direction, Exposure, WidePeer, WideReach, exposure},
    rules::{Aspect, Breach, Context, Extent, Finding, Fix, Place, Rule, RuleInfo, Subject},
    snapshot::Need,
};

use super::{FAMILY, broken, describe_reach, governed, known, needs, place, replace_policy, retry};

/// The rule for a direction.
pub(in crate::rules) struct Open {
    pub(in crate::rules) info: &'static RuleInfo,
    pub(in crate::rules) direction: Direction,
}

/// The parameter: so many ports may be open to everybody.
pub(in crate::rules) const PORTS: &str = "ports";

/// Whether the admission is open by the rule's parameter.
pub(in crate::rules) fn is_open(context: &Context<'_>, info: &RuleInfo, admission: &Admission) -> bool {
    admission.open_ports().len() > context.parameters.integer(info, PORTS)
}

impl Rule for Open {
    fn info(&self) -> &'static RuleInfo {
        self.info
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(workload) = governed(context, subject) else { return };
        let exposure = context.exposure(subject, &workload, self.direction);
        let breaks = |reading: &Exposure| reading.is_isolated() && is_open(context, self.info, &reading.admission);
        let Some((admission, certain)) = broken(&exposure, breaks) else { return };
        out.push(Breach {
            rule: self.info.id,
            family: FAMILY,
            subject: subject.clone(),
            aspect: Aspect::Direction(self.direction),
            extent: Extent::Admission(admission),
            certain: certain.and_then(|()| known(context, &workload.namespace)),
        });
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        needs(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let snapshot = context.snapshot;
        let reference = breach.subject.reference(snapshot);
        let workload = breach.subject.workload(snapshot);
        let exposure = workload.as_ref().map(|workload| {
            exposure(snapshot, &context.environment.plugin, &workload.namespace, &workload.facts, self.direction)
        });
        let wide = exposure.as_ref().map(contributors).unwrap_or_default();
        let ports = match &breach.extent {
            Extent::Admission(admission) => admission.open_ports(),
            Extent::Count(_) | Extent::Names(_) => PortSet::none(),
        };
        let direction = self.direction;
        let message = format!("{reference} is isolated for {direction} in name only: {}", who(&wide, &ports));
        let fix = match wide.first() {
            Some(first) => replace_policy(self.info.id, snapshot, &first.policy, &first.at, direction),
            None => Fix::Words(self.info.mend.to_owned()),
        };
        let mut places: Vec<Place> =
            wide.iter().map(|peer| Place { object: peer.policy.clone(), path: peer.at.clone() }).collect();
        places.extend(workload.iter().map(|workload| place(workload, "metadata.labels")));
        Finding {
            rule: self.info.id,
            aspect: breach.aspect.to_string(),
            message,
            why: format!("{}{}", self.info.why, retry(&reference)),
            fix,
            places,
            subject: reference,
        }
    }
}

/// The entries that make it open: those that admit everybody or every Pod, or else the addresses, widest first.
fn contributors(exposure: &Exposure) -> Vec<&WidePeer> {
    let admits_pods = |peer: &&WidePeer| match &peer.reach {
        WideReach::Everyone => true,
        WideReach::Namespaces { pods } => pods.matches(&Labels::default()),
        WideReach::Addresses(_) => false,
    };
    let pods: Vec<_> = exposure.wide.iter().filter(admits_pods).collect();
    if !pods.is_empty() {
        return pods;
    }
    let width = |peer: &&WidePeer| match &peer.reach {
        WideReach::Addresses(addresses) => {
            let width = |family| addresses.width(family).unwrap_or(u32::MAX);
            width(Family::Ipv4).min(width(Family::Ipv6))
        }
        _ => u32::MAX,
    };
    let mut addresses: Vec<_> = exposure.wide.iter().filter(|peer| width(peer) < u32::MAX).collect();
    addresses.sort_by_key(width);
    addresses
}

/// `policy allow-all admits everyone on all ports`.
fn who(wide: &[&WidePeer], ports: &PortSet) -> String {
    let policies: BTreeSet<&str> = wide.iter().map(|peer| peer.policy.name.as_str()).collect();
    let ports = match ports.ranges().count() {
        0..=3 => ports.to_string(),
        _ => format!("{} ports", ports.len()),
    };
    let Some(first) = wide.first() else { return format!("its policies admit everyone on {ports}") };
    let reach = match &first.reach {
        WideReach::Addresses(_) => {
            let sum = wide.iter().fold(AddressSet::none(), |sum, peer| match &peer.reach {
                WideReach::Addresses(addresses) => sum.union(addresses),
                _ => sum,
            });
            describe_reach(&WideReach::Addresses(Arc::new(sum)))
        }
        reach => describe_reach(reach),
    };
    let name = &first.policy.name;
    match policies.len() {
        1 => format!("policy {name} admits {reach} on {ports}"),
        2 => format!("policy {name} and another admit {reach} on {ports}"),
        count => format!("policy {name} and {} others admit {reach} on {ports}", count - 1),
    }
}
