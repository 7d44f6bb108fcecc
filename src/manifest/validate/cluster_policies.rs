//! `ClusterNetworkPolicy`, `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`: what their CRDs refuse
//! (network-policy-api v0.2.0, apis/v1alpha2; v0.1.7, apis/v1alpha1).

use serde_json::Value;

use super::{At, Faults, names, protocol, selector};
use crate::model::{Kind, decode::parse_network};

/// What one kind's schema has that the others have not.
struct Schema {
    /// The values of `action`.
    actions: &'static [&'static str],
    /// How many rules a direction may have.
    rules: usize,
    /// How many entries a list of peers or ports may have.
    entries: usize,
    /// The field of a rule that lists ports.
    ports: &'static str,
    /// What judges an entry of it.
    port: fn(&At<'_>, &mut Faults),
    /// The field of an entry that holds a port name.
    name: &'static str,
}

const CLUSTER: Schema = Schema {
    actions: &["Accept", "Deny", "Pass"],
    rules: 25,
    entries: 25,
    ports: "protocols",
    port: protocol_entry,
    name: "destinationNamedPort",
};

const ADMIN: Schema = Schema {
    actions: &["Allow", "Deny", "Pass"],
    rules: 100,
    entries: 100,
    ports: "ports",
    port: port_entry,
    name: "namedPort",
};

const BASELINE: Schema = Schema { actions: &["Allow", "Deny"], ..ADMIN };

pub(super) fn policy(kind: Kind, object: &At<'_>, faults: &mut Faults) {
    let schema = match kind {
        Kind::ClusterNetworkPolicy => CLUSTER,
        Kind::BaselineAdminNetworkPolicy => BASELINE,
        _ => ADMIN,
    };
    if kind == Kind::BaselineAdminNetworkPolicy
        && let Some(meta) = object.field("metadata")
        && meta.text_of("name") != "default"
    {
        faults.add_field(&meta, "name", "must be default: a cluster has one BaselineAdminNetworkPolicy");
        faults.suggest("name it default");
    }
    let Some(spec) = object.field("spec") else { return faults.add_field(object, "spec", "missing") };
    if kind == Kind::ClusterNetworkPolicy {
        one_of_texts(&spec, "tier", &["Admin", "Baseline"], faults);
    }
    if kind != Kind::BaselineAdminNetworkPolicy {
        match spec.field("priority") {
            None => faults.add_field(&spec, "priority", "missing: a number from 0 to 1000, lower first"),
            Some(priority) if !(0..=1000).contains(&priority.value.as_i64().unwrap_or(-1)) => {
                faults.add(&priority, "must be between 0 and 1000");
            }
            Some(_) => {}
        }
    }
    match spec.field("subject") {
        None => {
            faults.add_field(&spec, "subject", "missing: the Pods that the policy applies to");
            faults.suggest("for the Pods of every namespace write {namespaces: {}}");
        }
        Some(subject) => {
            exactly_one(&subject, "a subject", &["namespaces", "pods"], faults);
            selectors(kind, &subject, faults);
        }
    }
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        let Some(rules) = spec.field(direction) else { continue };
        if rules.entries().count() > schema.rules {
            faults.add(&rules, format!("must be no more than {} rules", schema.rules));
            faults.suggest("put the others into a policy of the next priority");
        }
        for entry in rules.entries() {
            rule(kind, &schema, &entry, peers, faults);
        }
    }
}

fn rule(kind: Kind, schema: &Schema, rule: &At<'_>, peers: &str, faults: &mut Faults) {
    if let Some(name) = rule.field("name")
        && name.text().chars().count() > 100
    {
        faults.add(&name, "must be no more than 100 characters long");
    }
    one_of_texts(rule, "action", schema.actions, faults);
    match rule.field(peers) {
        None => {
            faults.add_field(rule, peers, "missing: a rule names at least one peer");
            faults.suggest("for every Pod write [{namespaces: {}}]");
        }
        Some(list) => {
            length(&list, schema.entries, faults);
            for entry in list.entries() {
                peer(kind, &entry, peers, faults);
            }
        }
    }
    let Some(ports) = rule.field(schema.ports) else { return };
    length(&ports, schema.entries, faults);
    for entry in ports.entries() {
        (schema.port)(&entry, faults);
    }
    let without_names = |peer: At<'_>| ["networks", "nodes", "domainNames"].into_iter().any(|field| peer.has(field));
    if rule.field(peers).is_some_and(|list| list.entries().any(without_names))
        && let Some(named) = ports.entries().find(|entry| entry.has(schema.name))
    {
        faults.add(&named, "a port name cannot stand beside networks, nodes or domainNames, which have none");
        faults.suggest("write the number, or a rule of its own for the Pods");
    }
}

fn peer(kind: Kind, peer: &At<'_>, list: &str, faults: &mut Faults) {
    let fields: &[&str] = match (list, kind) {
        ("from", _) => &["namespaces", "pods"],
        (_, Kind::BaselineAdminNetworkPolicy) => &["namespaces", "pods", "nodes", "networks"],
        _ => &["namespaces", "pods", "nodes", "networks", "domainNames"],
    };
    exactly_one(peer, "a peer", fields, faults);
    selectors(kind, peer, faults);
    if let Some(networks) = peer.field("networks") {
        length(&networks, 25, faults);
        networks.entries().for_each(|entry| network(&entry, faults));
        unique(&networks, faults);
    }
    if let Some(domains) = peer.field("domainNames") {
        length(&domains, 25, faults);
        for entry in domains.entries() {
            if !is_domain_name(entry.text()) {
                faults.add(&entry, "must be a domain name of two labels or more, such as example.com or *.example.com");
            }
        }
        unique(&domains, faults);
    }
}

/// `namespaces`, `pods` and `nodes` of a subject or a peer.
fn selectors(kind: Kind, at: &At<'_>, faults: &mut Faults) {
    for field in ["namespaces", "nodes"] {
        if let Some(labels) = at.field(field) {
            selector(&labels, faults);
        }
    }
    let Some(pods) = at.field("pods") else { return };
    for (field, needed) in [("namespaceSelector", kind != Kind::ClusterNetworkPolicy), ("podSelector", true)] {
        match pods.field(field) {
            Some(labels) => selector(&labels, faults),
            None if needed => {
                faults.add_field(&pods, field, "missing");
                faults.suggest("write {} where all are meant");
            }
            None => {}
        }
    }
}

fn network(entry: &At<'_>, faults: &mut Faults) {
    let text = entry.text();
    let is_mapped = text.contains(':') && text.contains('.');
    if text.len() > 43 || is_mapped || parse_network(text).is_none() {
        faults.add(entry, "must be a network, such as 10.0.0.0/8 or fd00::/8");
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            faults.suggest(format!("for one address write {address}/{}", if address.is_ipv4() { 32 } else { 128 }));
        }
    }
}

/// `^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$`
fn is_domain_name(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let ends = [label.chars().next(), label.chars().next_back()];
        ends.into_iter().all(|end| end.is_some_and(|end| end.is_ascii_alphanumeric()))
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    text.contains('.') && text.split('.').all(is_label)
}

/// An entry of `protocols`.
fn protocol_entry(entry: &At<'_>, faults: &mut Faults) {
    exactly_one(entry, "an entry", &["tcp", "udp", "sctp", "destinationNamedPort"], faults);
    for name in ["tcp", "udp", "sctp"] {
        let Some(protocol) = entry.field(name) else { continue };
        let Some(port) = protocol.field("destinationPort") else {
            faults.add(&protocol, "must not be empty");
            faults.suggest("for every port write {destinationPort: {range: {start: 1, end: 65535}}}");
            continue;
        };
        exactly_one(&port, "a port", &["number", "range"], faults);
        if let Some(number) = port.field("number") {
            faults.check(&number, names::port_number(number.value.as_i64().unwrap_or_default()));
        }
        if let Some(range) = port.field("range") {
            let before = faults.0.len();
            port_range(&range, faults);
            if faults.0.len() == before && range.number_of("start") >= range.number_of("end") {
                faults.add(&range, "start must be below end");
                if range.number_of("start") == range.number_of("end") {
                    faults.suggest("name one port by its number");
                }
            }
        }
    }
}

/// An entry of `ports`. Which end of a range is the higher one is not looked at: the schema of v1alpha1 does not say.
fn port_entry(entry: &At<'_>, faults: &mut Faults) {
    exactly_one(entry, "an entry", &["portNumber", "portRange", "namedPort"], faults);
    if let Some(number) = entry.field("portNumber") {
        protocol(&number, faults);
        match number.field("port") {
            Some(port) => faults.check(&port, names::port_number(port.value.as_i64().unwrap_or_default())),
            None => faults.add_field(&number, "port", "missing"),
        }
    }
    if let Some(range) = entry.field("portRange") {
        protocol(&range, faults);
        port_range(&range, faults);
    }
}

fn port_range(range: &At<'_>, faults: &mut Faults) {
    for field in ["start", "end"] {
        match range.field(field) {
            Some(port) => faults.check(&port, names::port_number(port.value.as_i64().unwrap_or_default())),
            None => faults.add_field(range, field, "missing"),
        }
    }
}

/// A field that must be there and have one of these values.
fn one_of_texts(at: &At<'_>, field: &str, values: &[&str], faults: &mut Faults) {
    let (last, others) = values.split_last().unwrap_or((&"", &[]));
    let expected = format!("must be {} or {last}", others.join(", "));
    match at.field(field) {
        None => faults.add_field(at, field, format!("missing: {expected}")),
        Some(value) if !values.contains(&value.text()) => {
            faults.add(&value, expected);
            // The two versions of the API have different words for it.
            let synonym = match value.text() {
                "Allow" => "Accept",
                "Accept" => "Allow",
                other => other,
            };
            let meant = values.iter().find(|known| known.eq_ignore_ascii_case(synonym));
            if let Some(meant) = meant {
                faults.suggest(format!("write {meant}"));
            }
        }
        Some(_) => {}
    }
}

/// Of these fields exactly one is there.
fn exactly_one(at: &At<'_>, what: &str, fields: &[&str], faults: &mut Faults) {
    match fields.iter().filter(|field| at.has(field)).count() {
        0 => faults.add(at, format!("{what} needs one of {}", fields.join(", "))),
        1 => {}
        _ => {
            faults.add(at, format!("{what} has exactly one of {}", fields.join(", ")));
            faults.suggest("make each an entry of its own");
        }
    }
}

/// A list that is there has one entry at least.
fn length(list: &At<'_>, most: usize, faults: &mut Faults) {
    let count = list.entries().count();
    if count == 0 {
        faults.add(list, "must have at least one entry");
    } else if count > most {
        faults.add(list, format!("must have no more than {most} entries"));
    }
}

/// A list in which nothing may stand twice.
fn unique(list: &At<'_>, faults: &mut Faults) {
    let mut seen: Vec<&Value> = Vec::new();
    for entry in list.entries() {
        if seen.contains(&entry.value) {
            faults.add(&entry, "stands here twice");
        }
        seen.push(entry.value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_pass_by_value, reason = "`json!` makes values, and references would only be noise")]

    use serde_json::json;

    use super::{super::validate, *};

    /// `path: suggestion` of each fault.
    fn faults(kind: Kind, spec: Value) -> Vec<String> {
        let object = json!({"metadata": {"name": "default"}, "spec": spec});
        let shown = |suggestion: Option<String>| suggestion.map(|it| format!(": {it}")).unwrap_or_default();
        validate(kind, &object).into_iter().map(|it| format!("{}{}", it.path, shown(it.suggestion))).collect()
    }

    fn cluster(fields: Value) -> Vec<String> {
        let mut spec = json!({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}});
        spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        faults(Kind::ClusterNetworkPolicy, spec)
    }

    fn to(peer: Value) -> Vec<String> {
        cluster(json!({"egress": [{"action": "Accept", "to": [peer]}]}))
    }

    fn protocols(protocols: Value) -> Vec<String> {
        cluster(json!({"egress": [{"action": "Accept", "to": [{"namespaces": {}}], "protocols": protocols}]}))
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn tier_priority_and_subject_are_needed() {
        assert_eq!(cluster(json!({})), NONE);
        assert_eq!(cluster(json!({"tier": "admin"})), ["spec.tier: write Admin"]);
        assert_eq!(cluster(json!({"tier": null})), ["spec.tier"]);
        assert_eq!(cluster(json!({"priority": null})), ["spec.priority"]);
        assert_eq!((cluster(json!({"priority": 0})).len(), cluster(json!({"priority": 1000})).len()), (0, 0));
        assert_eq!(cluster(json!({"priority": 1001})), ["spec.priority"]);
        assert_eq!(cluster(json!({"priority": -1})), ["spec.priority"]);
        assert_eq!(cluster(json!({"subject": null})).len(), 1);
        assert_eq!(cluster(json!({"subject": {}})), ["spec.subject"]);
        assert_eq!(cluster(json!({"subject": {"namespaces": {}, "pods": {"podSelector": {}}}})).len(), 1);
        assert_eq!(
            cluster(json!({"subject": {"pods": {}}})),
            ["spec.subject.pods.podSelector: write {} where all are meant"]
        );
        assert_eq!(validate(Kind::ClusterNetworkPolicy, &json!({"metadata": {"name": "x"}})).len(), 1);
        let key = json!({"namespaces": {"matchExpressions": [{"key": "a", "operator": "Is"}]}});
        assert_eq!(cluster(json!({"subject": key})), ["spec.subject.namespaces.matchExpressions[0].operator"]);
    }

    #[test]
    fn each_kind_has_its_own_words_for_actions() {
        let action = |kind: Kind, action: &str| {
            let mut spec =
                json!({"subject": {"namespaces": {}}, "ingress": [{"action": action, "from": [{"namespaces": {}}]}]});
            if kind != Kind::BaselineAdminNetworkPolicy {
                spec["priority"] = json!(1);
            }
            if kind == Kind::ClusterNetworkPolicy {
                spec["tier"] = json!("Baseline");
            }
            faults(kind, spec)
        };
        let path = "spec.ingress[0].action";
        assert_eq!(action(Kind::ClusterNetworkPolicy, "Allow"), [format!("{path}: write Accept")]);
        assert_eq!(action(Kind::AdminNetworkPolicy, "Accept"), [format!("{path}: write Allow")]);
        assert_eq!(action(Kind::BaselineAdminNetworkPolicy, "Pass"), [path]);
        assert_eq!(action(Kind::ClusterNetworkPolicy, "deny"), [format!("{path}: write Deny")]);
        assert_eq!(action(Kind::ClusterNetworkPolicy, "Pass"), NONE);
        assert_eq!(action(Kind::AdminNetworkPolicy, "Pass"), NONE);
        assert_eq!(action(Kind::BaselineAdminNetworkPolicy, "Allow"), NONE);
    }

    #[test]
    fn lists_have_their_least_and_most() {
        let rules = |count| vec![json!({"action": "Deny", "from": [{"namespaces": {}}]}); count];
        assert_eq!(cluster(json!({"ingress": rules(25)})), NONE);
        assert_eq!(cluster(json!({"ingress": rules(26)})).len(), 1);
        let admin = |count| json!({"priority": 1, "subject": {"namespaces": {}}, "ingress": rules(count)});
        assert_eq!(faults(Kind::AdminNetworkPolicy, admin(100)), NONE);
        assert_eq!(faults(Kind::AdminNetworkPolicy, admin(101)).len(), 1);
        let from = |from: Value| cluster(json!({"ingress": [{"action": "Deny", "from": from}]}));
        assert_eq!(from(json!(vec![json!({"namespaces": {}}); 25])), NONE);
        assert_eq!(from(json!(vec![json!({"namespaces": {}}); 26])), ["spec.ingress[0].from"]);
        assert_eq!(from(json!([])), ["spec.ingress[0].from"]);
        assert_eq!(from(Value::Null), ["spec.ingress[0].from: for every Pod write [{namespaces: {}}]"]);
        assert_eq!(protocols(json!([])), ["spec.egress[0].protocols"]);
        let name =
            |length| json!({"ingress": [{"name": "x".repeat(length), "action": "Deny", "from": [{"namespaces": {}}]}]});
        assert_eq!((cluster(name(100)).len(), cluster(name(101))), (0, vec!["spec.ingress[0].name".to_owned()]));
    }

    #[test]
    fn a_peer_is_exactly_one_thing() {
        assert_eq!(to(json!({"namespaces": {}})), NONE);
        assert_eq!(to(json!({})), ["spec.egress[0].to[0]"]);
        assert_eq!(to(json!({"namespaces": {}, "nodes": {}})).len(), 1);
        assert_eq!(to(json!({"networks": ["10.0.0.0/8", "fd00::/8"]})), NONE);
        assert_eq!(to(json!({"networks": []})), ["spec.egress[0].to[0].networks"]);
        assert_eq!(
            to(json!({"networks": ["10.0.0.1"]})),
            ["spec.egress[0].to[0].networks[0]: for one address write 10.0.0.1/32"]
        );
        assert_eq!(to(json!({"networks": ["::ffff:10.0.0.0/104"]})), ["spec.egress[0].to[0].networks[0]"]);
        assert_eq!(to(json!({"networks": ["10.0.0.0/8", "10.0.0.0/8"]})), ["spec.egress[0].to[0].networks[1]"]);
        let networks: Vec<String> = (0..26).map(|index| format!("10.{index}.0.0/16")).collect();
        assert_eq!(to(json!({"networks": networks})), ["spec.egress[0].to[0].networks"]);
        assert_eq!(to(json!({"domainNames": ["*.example.com", "example.com."]})), NONE);
        for bad in ["com", "a.*.com", "-a.com", "a..com", "*"] {
            assert_eq!(to(json!({"domainNames": [bad]})), ["spec.egress[0].to[0].domainNames[0]"], "{bad}");
        }
        let from_network = json!({"ingress": [{"action": "Deny", "from": [{"networks": ["10.0.0.0/8"]}]}]});
        assert_eq!(
            cluster(from_network),
            ["spec.ingress[0].from[0].networks"],
            "traffic into the cluster has no such peers"
        );
    }

    #[test]
    fn ports_are_numbers_ranges_or_names() {
        let number = |number: i64| json!([{"tcp": {"destinationPort": {"number": number}}}]);
        let at = "spec.egress[0].protocols[0]";
        assert_eq!((protocols(number(1)).len(), protocols(number(65535)).len()), (0, 0));
        assert_eq!(protocols(number(0)), [format!("{at}.tcp.destinationPort.number")]);
        assert_eq!(protocols(number(65536)), [format!("{at}.tcp.destinationPort.number")]);
        let range =
            |start: i64, end: i64| json!([{"udp": {"destinationPort": {"range": {"start": start, "end": end}}}}]);
        assert_eq!(protocols(range(1, 2)), NONE);
        assert_eq!(protocols(range(2, 2)), [format!("{at}.udp.destinationPort.range: name one port by its number")]);
        assert_eq!(protocols(range(3, 2)), [format!("{at}.udp.destinationPort.range")]);
        assert_eq!(
            protocols(json!([{"tcp": {}}])),
            [format!("{at}.tcp: for every port write {{destinationPort: {{range: {{start: 1, end: 65535}}}}}}")]
        );
        assert_eq!(protocols(json!([{}])), [at]);
        assert_eq!(protocols(json!([{"destinationNamedPort": "web"}])), NONE);
        assert_eq!(protocols(json!([{"port": 80}])), [format!("{at}.port")], "the word of another version");
        let named = json!([{"destinationNamedPort": "web"}]);
        let rule = json!({"action": "Accept", "to": [{"networks": ["10.0.0.0/8"]}], "protocols": named});
        assert_eq!(cluster(json!({"egress": [rule]})).len(), 1);
    }

    #[test]
    fn ports_of_the_first_version_are_entries_of_their_own() {
        let ports = |ports: Value| {
            let rule = json!({"action": "Allow", "to": [{"namespaces": {}}], "ports": ports});
            faults(Kind::AdminNetworkPolicy, json!({"priority": 1, "subject": {"namespaces": {}}, "egress": [rule]}))
        };
        assert_eq!(ports(json!([{"portNumber": {"port": 80}}, {"namedPort": "web"}])), NONE);
        assert_eq!(ports(json!([{"portNumber": {"protocol": "tcp", "port": 80}}])).len(), 1);
        assert_eq!(ports(json!([{"portNumber": {}}])), ["spec.egress[0].ports[0].portNumber.port"]);
        assert_eq!(ports(json!([{"portRange": {"start": 1}}])), ["spec.egress[0].ports[0].portRange.end"]);
        assert_eq!(ports(json!([{"portRange": {"start": 1, "end": 9}, "namedPort": "web"}])).len(), 1);
    }

    #[test]
    fn the_baseline_policy_is_called_default() {
        let object = json!({"metadata": {"name": "other"}, "spec": {"subject": {"namespaces": {}}}});
        let found = validate(Kind::BaselineAdminNetworkPolicy, &object);
        assert_eq!(found.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["metadata.name"]);
        assert_eq!(faults(Kind::BaselineAdminNetworkPolicy, json!({"subject": {"namespaces": {}}})), NONE);
        assert_eq!(
            faults(Kind::BaselineAdminNetworkPolicy, json!({"subject": {"namespaces": {}}, "priority": 1})),
            ["spec.priority"]
        );
    }
}
