//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy`: what the schema refuses, and what Cilium's agent rejects although the API
//! server has stored it, so that it is not enforced (`cilium/pkg/policy/api/rule_validation.go`).

use std::net::IpAddr;

use super::{At, Faults, names};
use crate::{
    model::{CiliumEntity, Kind, decode::parse_network},
    source::nearest::nearest,
};

const SECTIONS: [&str; 4] = ["ingress", "ingressDeny", "egress", "egressDeny"];
const FROM: [&str; 6] = ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromNodes", "fromGroups"];
const TO: [&str; 8] =
    ["toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toNodes", "toServices", "toFQDNs", "toGroups"];
const PROTOCOLS: [&str; 4] = ["TCP", "UDP", "SCTP", "ANY"];
/// Protocols without ports, which some versions and settings take.
const OTHERS: [&str; 9] = ["ICMP", "ICMPV6", "VRRP", "IGMP", "GRE", "IPIP", "IPV6", "ESP", "AH"];
const MOST_PORTS: usize = 40;

pub(super) fn policy(kind: Kind, object: &At<'_>, faults: &mut Faults) {
    let (spec, specs) = (object.field("spec"), object.field("specs"));
    if spec.is_none() && specs.as_ref().is_none_or(|specs| specs.entries().next().is_none()) {
        faults.add_field(object, "spec", "missing: a policy needs spec, or specs with entries");
    }
    if let Some(rule) = &spec {
        check(kind, rule, faults);
    }
    for rule in specs.iter().flat_map(At::entries) {
        check(kind, &rule, faults);
    }
}

fn check(kind: Kind, rule: &At<'_>, faults: &mut Faults) {
    match (rule.field("endpointSelector"), rule.field("nodeSelector")) {
        (None, None) => {
            faults.add_field(rule, "endpointSelector", "missing: Cilium rejects a rule that selects nothing");
            faults.suggest("to select every Pod, write endpointSelector: {}");
        }
        (Some(_), Some(nodes)) => faults.add(&nodes, "cannot stand beside endpointSelector"),
        (None, Some(nodes)) if kind == Kind::CiliumNetworkPolicy => {
            faults.add(&nodes, "only a CiliumClusterwideNetworkPolicy can select nodes");
        }
        (endpoints, nodes) => {
            for labels in endpoints.iter().chain(&nodes) {
                selector(labels, faults);
            }
        }
    }
    if SECTIONS.iter().all(|section| rule.len_of(section) == 0) {
        faults.add(rule, "Cilium rejects a rule without entries in ingress, ingressDeny, egress or egressDeny");
        faults.suggest("to deny everything, write ingress: [{}], or egress: [{}]");
    }
    for section in SECTIONS {
        for entry in rule.field(section).iter().flat_map(At::entries) {
            self::entry(&entry, section.starts_with("ingress"), faults);
        }
    }
}

fn entry(entry: &At<'_>, ingress: bool, faults: &mut Faults) {
    let mut there = FROM.iter().chain(&TO).filter(|field| entry.len_of(field) > 0);
    if let (Some(first), Some(second)) = (there.next(), there.next())
        && let Some(second_list) = entry.field(second)
    {
        faults.add(&second_list, format!("Cilium rejects {second} beside {first}"));
        faults.suggest("make it an entry of its own");
    }
    if let Some(icmps) = entry.field("icmps").filter(|_| entry.len_of("icmps") > 0 && entry.len_of("toPorts") > 0) {
        faults.add(&icmps, "Cilium rejects icmps beside toPorts");
        faults.suggest("make it an entry of its own");
    }
    for field in ["fromRequires", "toRequires"] {
        if let Some(requires) = entry.field(field).filter(|_| entry.len_of(field) > 0) {
            faults.add(&requires, "Cilium has no such condition any more since 1.19");
            faults.suggest("put the labels into each selector, or write a denial");
        }
    }
    for field in ["fromEndpoints", "toEndpoints", "fromNodes", "toNodes"] {
        for labels in entry.field(field).iter().flat_map(At::entries) {
            selector(&labels, faults);
        }
    }
    for field in ["fromCIDR", "toCIDR"] {
        for network in entry.field(field).iter().flat_map(At::entries) {
            if parse_network(network.text()).is_none() && network.text().parse::<IpAddr>().is_err() {
                faults.add(&network, "must be a network or an address, such as 10.0.0.0/8 or fd00::1");
            }
        }
    }
    for field in ["fromCIDRSet", "toCIDRSet"] {
        for set in entry.field(field).iter().flat_map(At::entries) {
            networks(&set, faults);
        }
    }
    for field in ["fromEntities", "toEntities"] {
        for name in entry.field(field).iter().flat_map(At::entries) {
            if CiliumEntity::of(name.text()).is_none() {
                faults.add(&name, format!("Cilium has no entity {:?}", name.text()));
                if let Some(meant) = nearest(name.text(), CiliumEntity::ALL.map(CiliumEntity::name)) {
                    faults.suggest(format!("did you mean {meant}?"));
                }
            }
        }
    }
    if let Some(mode) = entry.field("authentication").as_ref().and_then(|it| it.field("mode"))
        && !matches!(mode.text(), "disabled" | "required" | "test-always-fail")
    {
        faults.add(&mode, "must be disabled or required");
    }
    for ports in entry.field("toPorts").iter().flat_map(At::entries) {
        self::ports(&ports, ingress, faults);
    }
}

fn networks(set: &At<'_>, faults: &mut Faults) {
    let ways = ["cidr", "cidrGroupRef", "cidrGroupSelector"];
    match ways.into_iter().filter(|field| set.has(field) && set.value.get(field).is_some_and(|it| it != "")).count() {
        0 => faults.add(set, "needs one of cidr, cidrGroupRef and cidrGroupSelector"),
        1 => {}
        _ => faults.add(set, "must have only one of cidr, cidrGroupRef and cidrGroupSelector"),
    }
    let expected = "must be a network, such as 10.0.0.0/8 or fd00::/8";
    let Some(written) = set.field("cidr").filter(|cidr| !cidr.text().is_empty()) else { return };
    let Some(network) = parse_network(written.text()) else { return faults.add(&written, expected) };
    for entry in set.field("except").iter().flat_map(At::entries) {
        match parse_network(entry.text()) {
            None => faults.add(&entry, expected),
            Some(except) if !network.contains(&except) => {
                faults.add(&entry, format!("must be a part of {}", written.text()));
            }
            Some(_) => {}
        }
    }
}

fn ports(rule: &At<'_>, ingress: bool, faults: &mut Faults) {
    let list = rule.field("ports");
    if let Some(list) = list.as_ref().filter(|_| rule.len_of("ports") > MOST_PORTS) {
        faults.add(list, format!("must be no more than {MOST_PORTS}"));
    }
    let rules = rule.field("rules");
    let of = |protocol: &str| rules.as_ref().is_some_and(|rules| rules.has(protocol));
    if ingress && of("dns") {
        faults.add_field(rule, "rules", "Cilium rejects DNS rules for ingress");
    }
    if rule.len_of("serverNames") > 0 && rule.len_of("rules") > 0 && !rule.has("terminatingTLS") {
        faults.add_field(rule, "serverNames", "cannot stand beside rules without terminatingTLS");
    }
    for entry in list.iter().flat_map(At::entries) {
        port(&entry, faults);
        if of("http") && !entry.text_of("protocol").eq_ignore_ascii_case("TCP") {
            faults.add_field(&entry, "protocol", "must be TCP where there are HTTP rules");
        }
    }
}

fn port(entry: &At<'_>, faults: &mut Faults) {
    let text = entry.text_of("port");
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let protocol = entry.text_of("protocol");
    if text.is_empty() {
        if !OTHERS.contains(&protocol) {
            faults.add_field(entry, "port", "missing");
            faults.suggest("for every port write \"0\"");
        }
    } else if is_number && text.parse::<u16>().is_err() {
        faults.add_field(entry, "port", "must be between 0 and 65535");
    } else if !is_number && let Some(reason) = names::port_name(&text.to_ascii_lowercase()) {
        faults.add_field(entry, "port", format!("must be a number between 0 and 65535, or a name, which {reason}"));
    }
    if let Some(end) = entry.field("endPort") {
        let last = end.value.as_i64().unwrap_or_default();
        if !(0..=65535).contains(&last) {
            faults.add(&end, "must be between 0 and 65535");
        } else if last > 0 && !is_number {
            faults.add(&end, "does nothing beside a port name");
        } else if last > 0 && text.parse().is_ok_and(|first: i64| last < first) {
            faults.add(&end, "must not be below port: Cilium takes the first port alone");
        }
    }
    if let Some(given) = entry.field("protocol").filter(|_| !protocol.is_empty())
        && !PROTOCOLS.contains(&protocol)
        && !OTHERS.contains(&protocol)
    {
        faults.add(&given, "must be TCP, UDP, SCTP or ANY");
        let upper = protocol.to_uppercase();
        if PROTOCOLS.contains(&upper.as_str()) {
            faults.suggest(format!("write {upper}"));
        }
    }
}

/// A selector whose keys may name the source of the label before a colon.
fn selector(selector: &At<'_>, faults: &mut Faults) {
    let key_fault = |key: &str| names::qualified_name(key.split_once(':').map_or(key, |(_, key)| key));
    for (key, value) in selector.field("matchLabels").iter().flat_map(At::fields) {
        faults.check(&value, key_fault(key).map(|reason| format!("the key {reason}")));
        faults.check(&value, names::label_value(value.text()));
    }
    super::expressions(selector, key_fault, faults);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_pass_by_value)] // `json!` makes values, and references would only be noise.

    use serde_json::{Value, json};

    use super::super::validate;
    use crate::model::Kind;

    fn found(kind: Kind, object: Value) -> Vec<String> {
        let mut object = object;
        object["metadata"] = json!({"name": "x"});
        validate(kind, &object)
            .into_iter()
            .map(|it| format!("{}: {} ({})", it.path, it.reason, it.suggestion.unwrap_or_default()))
            .collect()
    }

    fn of_entry(section: &str, entry: &Value) -> Vec<String> {
        let mut rule = json!({"endpointSelector": {}});
        rule[section] = json!([entry]);
        found(Kind::CiliumNetworkPolicy, json!({"spec": rule}))
    }

    #[track_caller]
    fn wrong(section: &str, entry: Value, path: &str, says: &str) {
        let found = of_entry(section, &entry);
        let whole = format!("spec.{section}[0].{path}: ");
        assert!(
            found.len() == 1 && found[0].starts_with(&whole) && found[0].contains(says),
            "{whole}{says} in {found:?}"
        );
    }

    #[test]
    fn a_rule_selects_endpoints_or_nodes_and_says_something() {
        let fine = json!({"endpointSelector": {}, "ingress": [{}]});
        let nodes = json!({"nodeSelector": {}, "ingress": [{}]});
        assert_eq!(found(Kind::CiliumNetworkPolicy, json!({"spec": fine})), Vec::<String>::new());
        assert_eq!(found(Kind::CiliumNetworkPolicy, json!({"specs": [fine, fine]})), Vec::<String>::new());
        assert_eq!(found(Kind::CiliumClusterwideNetworkPolicy, json!({"spec": nodes})), Vec::<String>::new());
        for (kind, object, says) in [
            (Kind::CiliumNetworkPolicy, json!({}), "spec: missing"),
            (Kind::CiliumNetworkPolicy, json!({"specs": []}), "spec: missing"),
            (Kind::CiliumNetworkPolicy, json!({"specs": [fine, nodes]}), "specs[1].nodeSelector: only"),
            (Kind::CiliumNetworkPolicy, json!({"spec": {"ingress": [{}]}}), "spec.endpointSelector: missing"),
            (
                Kind::CiliumClusterwideNetworkPolicy,
                json!({"spec": {"endpointSelector": {}, "nodeSelector": {}, "egress": [{}]}}),
                "spec.nodeSelector: cannot",
            ),
            (
                Kind::CiliumNetworkPolicy,
                json!({"spec": {"endpointSelector": {}, "ingress": []}}),
                "spec: Cilium rejects",
            ),
        ] {
            let found = found(kind, object);
            assert!(found.len() == 1 && found[0].starts_with(says), "{says} in {found:?}");
        }
    }

    #[test]
    fn peers_of_several_kinds_are_rejected_and_each_is_checked() {
        wrong(
            "ingress",
            json!({"fromEndpoints": [{}], "fromEntities": ["world"]}),
            "fromEntities",
            "beside fromEndpoints",
        );
        wrong(
            "egress",
            json!({"toFQDNs": [{"matchName": "a.b"}], "toCIDR": ["10.0.0.0/8"]}),
            "toFQDNs",
            "beside toCIDR",
        );
        wrong("egressDeny", json!({"toEntities": ["wrld"]}), "toEntities[0]", "did you mean world?");
        wrong("ingress", json!({"fromCIDR": ["10.0.0.0/33"]}), "fromCIDR[0]", "network or an address");
        wrong("ingress", json!({"fromCIDRSet": [{"cidr": "10.0.0.1"}]}), "fromCIDRSet[0].cidr", "network");
        wrong("ingress", json!({"fromCIDRSet": [{}]}), "fromCIDRSet[0]", "needs one of");
        let outside = json!({"fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["11.0.0.0/9"]}]});
        wrong("ingress", outside, "fromCIDRSet[0].except[0]", "part of 10.0.0.0/8");
        wrong("ingress", json!({"fromRequires": [{}]}), "fromRequires", "1.19");
        wrong("ingress", json!({"icmps": [{}], "toPorts": [{}]}), "icmps", "beside toPorts");
        let labels = json!({"fromEndpoints": [{"matchLabels": {"k8s:a b": "x"}}]});
        wrong(
            "ingress",
            labels,
            "fromEndpoints[0].matchLabels[\"k8s:a b\"]".replace("[\"k8s:a b\"]", ".k8s:a b").as_str(),
            "the key",
        );
        for fine in [
            json!({"fromCIDR": ["10.0.0.1", "fd00::/8"]}),
            json!({"fromCIDRSet": [{"cidrGroupRef": "g", "except": ["10.0.0.0/8"]}]}),
            json!({"fromEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "a", "reserved:host": ""}}]}),
            json!({"fromEndpoints": []}),
        ] {
            assert_eq!(of_entry("ingress", &fine), Vec::<String>::new());
        }
    }

    #[test]
    fn ports_are_numbers_in_quotes_or_names() {
        let port = |port: Value| json!({"toPorts": [{"ports": [port]}]});
        let at = |field: &str| format!("toPorts[0].ports[0].{field}");
        wrong("ingress", port(json!({"port": 80})), &at("port"), "put the value into quotes");
        wrong("ingress", port(json!({"port": "70000"})), &at("port"), "65535");
        wrong("ingress", port(json!({"port": "a--b"})), &at("port"), "a name");
        wrong("ingress", port(json!({"protocol": "TCP"})), &at("port"), "missing");
        wrong("ingress", port(json!({"port": "80", "protocol": "tcp"})), &at("protocol"), "write TCP");
        wrong("ingress", port(json!({"port": "http", "endPort": 90})), &at("endPort"), "port name");
        wrong("ingress", port(json!({"port": "80", "endPort": 70})), &at("endPort"), "below");
        for fine in
            [json!({"port": "0"}), json!({"port": "80", "endPort": 90, "protocol": "ANY"}), json!({"port": "HTTP"})]
        {
            assert_eq!(of_entry("egress", &port(fine)), Vec::<String>::new());
        }
        let http = json!({"toPorts": [{"ports": [{"port": "80", "protocol": "UDP"}], "rules": {"http": [{}]}}]});
        wrong("ingress", http, &at("protocol"), "HTTP");
        let dns = json!({"toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{}]}}]});
        assert_eq!(of_entry("egress", &dns), Vec::<String>::new());
        wrong("ingress", dns, "toPorts[0].rules", "DNS");
    }

    #[test]
    fn a_field_that_cilium_does_not_know_is_a_slip() {
        wrong("ingress", json!({"fromEndpoint": [{}]}), "fromEndpoint", "did you mean fromEndpoints?");
        wrong("ingress", json!({"toEndpoints": [{}]}), "toEndpoints", "no field");
    }
}
