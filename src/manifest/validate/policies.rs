//! `NetworkPolicy` (kubernetes/pkg/apis/networking/validation).

use super::{At, Faults, names, port_or_name, protocol, selector};
use crate::model::decode::parse_network;

pub(super) fn policy(object: &At<'_>, faults: &mut Faults) {
    let Some(spec) = object.field("spec") else { return };
    if let Some(pods) = spec.field("podSelector") {
        selector(&pods, faults);
    }
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.field(direction).iter().flat_map(At::entries) {
            for entry in rule.field(peers).iter().flat_map(At::entries) {
                peer(&entry, faults);
            }
            for entry in rule.field("ports").iter().flat_map(At::entries) {
                port(&entry, faults);
            }
        }
    }
    if let Some(types) = spec.field("policyTypes") {
        if types.entries().count() > 2 {
            faults.add(&types, "must be no more than two");
        }
        for entry in types.entries() {
            if !matches!(entry.text(), "Ingress" | "Egress") {
                faults.add(&entry, "must be Ingress or Egress");
            }
        }
    }
}

fn peer(peer: &At<'_>, faults: &mut Faults) {
    let selectors = ["podSelector", "namespaceSelector"];
    let selecting = selectors.into_iter().filter(|field| peer.has(field)).count();
    match (selecting, peer.field("ipBlock")) {
        (0, None) => {
            faults.add(peer, "a peer needs podSelector, namespaceSelector or ipBlock");
            faults.suggest("to admit every peer, leave out the whole list");
        }
        (1.., Some(_)) => {
            faults.add(peer, "ipBlock cannot stand beside a selector");
            faults.suggest("make it an entry of its own");
        }
        (_, block) => {
            for field in selectors {
                if let Some(labels) = peer.field(field) {
                    selector(&labels, faults);
                }
            }
            if let Some(block) = block {
                ip_block(&block, faults);
            }
        }
    }
}

fn ip_block(block: &At<'_>, faults: &mut Faults) {
    let expected = "must be a network, such as 10.0.0.0/8 or fd00::/8";
    let text = block.text_of("cidr");
    let Some(network) = parse_network(text) else {
        faults.add_field(block, "cidr", if text.is_empty() { "missing" } else { expected });
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            faults.suggest(format!("for one address write {address}/{}", if address.is_ipv4() { 32 } else { 128 }));
        }
        return;
    };
    for entry in block.field("except").iter().flat_map(At::entries) {
        match parse_network(entry.text()) {
            None => faults.add(&entry, expected),
            Some(except) => {
                if !network.contains(&except.network()) || except.prefix_len() <= network.prefix_len() {
                    faults.add(&entry, format!("must be a strict part of {text}"));
                }
            }
        }
    }
}

fn port(entry: &At<'_>, faults: &mut Faults) {
    protocol(entry, faults);
    let port = entry.field("port");
    if let Some(port) = &port {
        port_or_name(port, faults);
    }
    let Some(end) = entry.field("endPort") else { return };
    let last = end.value.as_i64().unwrap_or_default();
    match port.map(|port| port.value.as_i64()) {
        None => faults.add(&end, "needs a port to begin with"),
        Some(None) => faults.add(&end, "cannot stand beside a port name"),
        Some(Some(first)) if last < first => faults.add(&end, "must not be below port"),
        Some(Some(_)) => faults.check(&end, names::port_number(last)),
    }
}
