//! What a change alters, in a line each.

use std::collections::BTreeMap;

use crate::{
    model::{AddressSet, PortSet},
    network::{AlteredPeers, Direction, Effect, Effects, reach::WorkloadName},
};

/// How many workloads a line names.
const NAMED: usize = 3;

/// The alterations that let more through, a line each: `opens payments/api TCP 8443 to 12 workloads (shop/web, ...)`.
pub fn widening(effects: &Effects) -> Vec<String> {
    lines(effects, false)
}

/// All alterations, a line each, what opens first.
pub fn all(effects: &Effects) -> Vec<String> {
    let mut all = lines(effects, false);
    all.extend(lines(effects, true));
    if effects.more {
        all.push("and more than was looked at".to_owned());
    }
    all
}

/// Workloads for which the same is altered share a line.
fn lines(effects: &Effects, closes: bool) -> Vec<String> {
    let mut together: BTreeMap<(Direction, &AlteredPeers, &PortSet), Vec<&Effect>> = BTreeMap::new();
    for effect in effects.list.iter().filter(|effect| effect.closes == closes) {
        together.entry((effect.direction, &effect.peers, &effect.ports)).or_default().push(effect);
    }
    let line = |((direction, peers, ports), effects): ((Direction, &AlteredPeers, &PortSet), Vec<&Effect>)| {
        let whom = few(effects.iter().map(|effect| &effect.workload));
        let ports = few_ports(ports);
        match (direction, closes) {
            (Direction::Ingress, false) => format!("opens {whom} on {ports} to {}", shown(peers)),
            (Direction::Ingress, true) => format!("closes {whom} on {ports} to {}", shown(peers)),
            (Direction::Egress, false) => format!("lets {whom} connect to {} on {ports}", shown(peers)),
            (Direction::Egress, true) => format!("keeps {whom} from {} on {ports}", shown(peers)),
        }
    };
    together.into_iter().map(line).collect()
}

fn shown(peers: &AlteredPeers) -> String {
    match peers {
        AlteredPeers::Everyone => "every Pod and address".to_owned(),
        AlteredPeers::EveryPod => "every Pod of every namespace".to_owned(),
        AlteredPeers::Addresses(addresses) => networks(addresses),
        AlteredPeers::Workloads(workloads) if workloads.len() <= NAMED => few(workloads.iter()),
        AlteredPeers::Workloads(workloads) => {
            format!("{} workloads ({})", workloads.len(), few(workloads.iter()))
        }
    }
}

/// `shop/web, shop/api and 4 more`.
fn few<'a>(workloads: impl ExactSizeIterator<Item = &'a WorkloadName>) -> String {
    let more = workloads.len().saturating_sub(NAMED);
    let named: Vec<String> =
        workloads.take(NAMED).map(|workload| format!("{}/{}", workload.namespace, workload.name)).collect();
    let named = named.join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

fn few_ports(ports: &PortSet) -> String {
    match ports.ranges().count() {
        0..=3 => ports.to_string(),
        _ => format!("{} ports", ports.len()),
    }
}

fn networks(addresses: &AddressSet) -> String {
    if *addresses == AddressSet::every() {
        return "every address".to_owned();
    }
    let mut ranges = addresses.ranges();
    let range = |(first, last): (std::net::IpAddr, std::net::IpAddr)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let named: Vec<String> = ranges.by_ref().take(NAMED).map(range).collect();
    let more = ranges.count();
    let named = named.join(", ");
    if more > 0 { format!("{named} and {more} more ranges") } else { named }
}
