//! Calico's policies, tiers and sets of networks (libcalico-go/lib/validator/v3, and the rules of the v3 CRDs). The stored form is
//! held to the same, though the API server lets it pass: Calico would not understand it.

use serde_json::Value;

use super::{At, Faults};
use crate::{
    model::{
        CalicoPort, Kind,
        decode::{calico_port, calico_protocol, network_or_address, parse_calico_selector},
    },
    source::nearest::nearest,
};

/// Whether objects of the kind are judged here.
pub(super) fn judges(kind: Kind) -> bool {
    is_policy(kind) || is_tier(kind) || is_set(kind)
}

fn is_policy(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CalicoNetworkPolicy
            | Kind::CalicoGlobalNetworkPolicy
            | Kind::CalicoStoredNetworkPolicy
            | Kind::CalicoStoredGlobalNetworkPolicy
    )
}

fn is_tier(kind: Kind) -> bool {
    matches!(kind, Kind::CalicoTier | Kind::CalicoStoredTier)
}

fn is_set(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CalicoNetworkSet
            | Kind::CalicoGlobalNetworkSet
            | Kind::CalicoStoredNetworkSet
            | Kind::CalicoStoredGlobalNetworkSet
    )
}

pub(super) fn object(kind: Kind, object: &At<'_>, faults: &mut Faults) {
    let Some(spec) = object.field("spec") else { return };
    if is_policy(kind) {
        policy(&spec, faults);
    } else if is_tier(kind) {
        tier(object, &spec, faults);
    } else {
        networks(&spec, "nets", faults);
    }
}

fn policy(spec: &At<'_>, faults: &mut Faults) {
    order(spec, faults);
    for field in ["selector", "namespaceSelector", "serviceAccountSelector"] {
        selector(spec, field, faults);
    }
    if let Some(types) = spec.field("types") {
        for entry in types.entries() {
            one_of(&entry, &["Ingress", "Egress"], faults);
        }
        if types.entries().count() > 2 {
            faults.add(&types, "must be no more than two");
        }
    }
    for_host_endpoints(spec, faults);
    for direction in ["ingress", "egress"] {
        for entry in spec.field(direction).iter().flat_map(At::entries) {
            rule(&entry, faults);
        }
    }
}

fn for_host_endpoints(spec: &At<'_>, faults: &mut Faults) {
    let is_set = |field: &str| spec.value.get(field).and_then(Value::as_bool).unwrap_or_default();
    let (untracked, pre_dnat) = (is_set("doNotTrack"), is_set("preDNAT"));
    if untracked && pre_dnat {
        faults.add_field(spec, "preDNAT", "cannot stand beside doNotTrack");
    } else if (untracked || pre_dnat) && !is_set("applyOnForward") {
        faults.add_field(spec, "applyOnForward", "must be true where doNotTrack or preDNAT is");
    }
    let egress = spec.field("types").is_some_and(|types| types.entries().any(|entry| entry.text() == "Egress"));
    if pre_dnat && (egress || spec.len_of("egress") > 0) {
        faults.add_field(spec, "preDNAT", "cannot be true of a policy for egress");
    }
}

fn tier(object: &At<'_>, spec: &At<'_>, faults: &mut Faults) {
    order(spec, faults);
    let action = spec.field("defaultAction");
    if let Some(action) = &action {
        one_of(action, &["Deny", "Pass"], faults);
    }
    let meta = object.field("metadata");
    let pinned = match meta.as_ref().map_or("", |meta| meta.text_of("name")) {
        "default" => (1_000_000.0, "Deny"),
        "kube-admin" => (1_000.0, "Pass"),
        "kube-baseline" => (10_000_000.0, "Pass"),
        _ => return,
    };
    if let Some(order) = spec.field("order")
        && order.value.as_f64().is_some_and(|order| (order - pinned.0).abs() > 0.0)
    {
        faults.add(&order, format!("must be {} of this tier, which Calico makes itself", pinned.0));
    }
    if let Some(action) = action
        && matches!(action.text(), "Deny" | "Pass")
        && action.text() != pinned.1
    {
        faults.add(&action, format!("must be {} of this tier, which Calico makes itself", pinned.1));
    }
}

fn rule(rule: &At<'_>, faults: &mut Faults) {
    match rule.field("action") {
        None => faults.add_field(rule, "action", "missing: Allow, Deny, Log or Pass"),
        Some(action) => one_of(&action, &["Allow", "Deny", "Log", "Pass"], faults),
    }
    if let Some(version) = rule.field("ipVersion")
        && !matches!(version.value.as_i64(), Some(4 | 6))
    {
        faults.add(&version, "must be 4 or 6");
    }
    let number = |field: &str| rule.field(field).and_then(|field| calico_protocol(&written(&field)));
    for field in ["protocol", "notProtocol"] {
        if let Some(protocol) = rule.field(field)
            && number(field).is_none_or(|number| number == 0)
        {
            faults.add(&protocol, "must be TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number from 1 to 255");
            suggest_nearest(protocol.text(), &["TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "UDPLite"], faults);
        }
    }
    let protocol = number("protocol");
    if rule.has("icmp") && !matches!(protocol, Some(1 | 58)) {
        faults.add_field(rule, "icmp", "needs the protocol ICMP or ICMPv6 beside it");
    }
    if rule.has("http") {
        if protocol.is_some_and(|number| number != 6) {
            faults.add_field(rule, "http", "needs the protocol TCP, or none");
        } else if rule.text_of("action") != "Allow" {
            faults.add_field(rule, "http", "can only be allowed");
        }
    }
    let protocol_is_at_fault = rule.has("protocol") && protocol.is_none();
    for side in ["source", "destination"] {
        if let Some(side) = rule.field(side) {
            entity(&side, faults);
            if !protocol_is_at_fault {
                ports_need_a_protocol(&side, protocol, faults);
            }
        }
    }
}

fn entity(entity: &At<'_>, faults: &mut Faults) {
    networks(entity, "nets", faults);
    networks(entity, "notNets", faults);
    for field in ["selector", "notSelector"] {
        selector(entity, field, faults);
    }
    namespace_selector(entity, faults);
    if let Some(accounts) = entity.field("serviceAccounts") {
        selector(&accounts, "selector", faults);
    }
    for field in ["ports", "notPorts"] {
        for port in entity.field(field).iter().flat_map(At::entries) {
            if calico_port(&written(&port)).is_none() {
                faults.add(&port, "must be a port from 0 to 65535, a range such as 8000:8999, or the name of a port");
                suggest_range(port.text(), faults);
            }
        }
    }
    let Some(services) = entity.field("services") else { return };
    if services.text_of("name").is_empty() {
        faults.add_field(&services, "name", "missing: a Service is meant by its name");
    }
    for field in ["selector", "notSelector", "namespaceSelector", "nets", "notNets", "serviceAccounts"] {
        if entity.len_of(field) > 0 || !entity.text_of(field).is_empty() {
            faults.add_field(entity, field, "cannot stand beside services");
        }
    }
}

fn ports_need_a_protocol(entity: &At<'_>, protocol: Option<u8>, faults: &mut Faults) {
    for field in ["ports", "notPorts"] {
        let Some(ports) = entity.field(field) else { continue };
        let is_number = |port: At<'_>| matches!(calico_port(&written(&port)), Some(CalicoPort::Range(..)));
        match protocol {
            Some(6 | 17 | 132) => {}
            Some(_) if ports.entries().next().is_some() => {
                faults.add(&ports, "the rule's protocol has no ports: only TCP, UDP and SCTP have");
            }
            None if ports.entries().any(is_number) => {
                faults.add(&ports, "a rule with ports must name the protocol TCP, UDP or SCTP");
                faults.suggest("add protocol: TCP to the rule");
            }
            Some(_) | None => {}
        }
    }
}

fn networks(at: &At<'_>, field: &str, faults: &mut Faults) {
    for net in at.field(field).iter().flat_map(At::entries) {
        if network_or_address(net.text()).is_none() {
            faults.add(&net, "must be a network, such as 10.0.0.0/8 or fd00::/8, or an address");
        }
    }
}

fn order(spec: &At<'_>, faults: &mut Faults) {
    if let Some(order) = spec.field("order")
        && !order.value.is_number()
    {
        faults.add(&order, "must be a number");
    }
}

/// A selector, in which `global()` has no meaning.
fn selector(at: &At<'_>, field: &str, faults: &mut Faults) {
    let Some(text) = at.field(field) else { return };
    if text.text().contains("global(") {
        faults.add(&text, "global() can only stand in the namespaceSelector of a source or destination");
    } else {
        readable(&text, faults);
    }
}

fn namespace_selector(entity: &At<'_>, faults: &mut Faults) {
    let Some(text) = entity.field("namespaceSelector") else { return };
    readable(&text, faults);
    if text.text().contains("global(") && text.text().trim() != "global()" {
        faults.add(&text, "global() cannot be combined with other conditions");
    }
}

fn readable(text: &At<'_>, faults: &mut Faults) {
    let Err(error) = parse_calico_selector(text.text()) else { return };
    faults.add(text, error.to_string());
    if text.text().contains('\n') {
        faults.suggest("write the selector in one line: `>-` instead of `|` joins lines");
    } else if text.text().get(error.at.saturating_sub(1)..).is_some_and(|rest| rest.starts_with("= ")) {
        faults.suggest("write == for equal");
    } else if error.wanted.contains("quotes") {
        faults.suggest("put the value into quotes, as in app == 'web'");
    }
}

fn one_of(at: &At<'_>, texts: &[&str], faults: &mut Faults) {
    if texts.contains(&at.text()) {
        return;
    }
    if let Some((last, others)) = texts.split_last() {
        faults.add(at, format!("must be {} or {last}", others.join(", ")));
    }
    suggest_nearest(at.text(), texts, faults);
}

fn suggest_nearest(text: &str, texts: &[&str], faults: &mut Faults) {
    let same = texts.iter().copied().find(|candidate| candidate.eq_ignore_ascii_case(text));
    if let Some(meant) = same.or_else(|| nearest(text, texts.iter().copied())) {
        faults.suggest(format!("write {meant}"));
    }
}

/// `8000-8999` as other systems write it.
fn suggest_range(text: &str, faults: &mut Faults) {
    if let Some((first, last)) = text.split_once('-')
        && let (Ok(first), Ok(last)) = (first.trim().parse::<u16>(), last.trim().parse::<u16>())
    {
        faults.suggest(format!("write \"{first}:{last}\""));
    }
}

/// A number or a text, as text.
fn written(at: &At<'_>) -> String {
    at.value.as_u64().map_or_else(|| at.text().to_owned(), |number| number.to_string())
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]
mod tests {
    use serde_json::json;

    use super::super::validate;
    use super::*;

    /// `path: reason` of each fault of a policy with that spec, and the suggestion behind it.
    fn faults(kind: Kind, spec: Value) -> Vec<String> {
        let found = validate(kind, &json!({"metadata": {"name": "x"}, "spec": spec}));
        let shown = |fault: super::super::Fault| {
            format!("{}: {} ({})", fault.path, fault.reason, fault.suggestion.unwrap_or_default())
        };
        found.into_iter().map(shown).collect()
    }

    #[track_caller]
    fn wrong(spec: Value, path: &str, text: &str) {
        for kind in [Kind::CalicoGlobalNetworkPolicy, Kind::CalicoStoredGlobalNetworkPolicy] {
            let found = faults(kind, spec.clone());
            let expected = |fault: &String| fault.starts_with(&format!("{path}: ")) && fault.contains(text);
            assert!(found.len() == 1 && found.iter().all(expected), "{path}, {text} in {found:?}");
        }
    }

    fn rule(rule: Value) -> Value {
        json!({"ingress": [rule]})
    }

    #[test]
    fn what_calico_takes_is_fine() {
        let spec = json!({
            "tier": "default", "order": 10.5, "selector": "app == 'web' && !has(old)", "namespaceSelector": "all()",
            "serviceAccountSelector": "", "types": ["Ingress", "Egress"],
            "ingress": [
                {"action": "Allow", "protocol": "TCP", "source": {"nets": ["10.0.0.0/8", "fd00::1"], "selector": "all()",
                    "namespaceSelector": "global()"}, "destination": {"ports": [80, "8000:8999", "web", "443"]}},
                {"action": "Deny", "protocol": 17, "destination": {"notPorts": [53]}},
                {"action": "Pass", "protocol": "ICMP", "icmp": {"type": 8}, "ipVersion": 4},
                {"action": "Log", "notProtocol": "udp", "source": {"notNets": ["1.2.3.4"], "notSelector": "x in {'a'}"}},
                {"action": "Allow", "http": {"methods": ["GET"]}, "source": {"serviceAccounts": {"names": ["a"]}}},
                {"action": "Allow", "destination": {"ports": ["web"]}},
            ],
            "egress": [{"action": "Allow", "destination": {"services": {"name": "db", "namespace": "shop"}}}],
        });
        assert_eq!(faults(Kind::CalicoGlobalNetworkPolicy, spec), Vec::<String>::new());
        assert!(faults(Kind::CalicoTier, json!({"order": 1, "defaultAction": "Pass"})).is_empty());
        assert!(faults(Kind::CalicoGlobalNetworkSet, json!({"nets": ["10.0.0.0/8", "::1"]})).is_empty());
    }

    #[test]
    fn a_slip_in_a_rule_is_named_with_what_was_meant() {
        wrong(rule(json!({})), "spec.ingress[0].action", "missing");
        wrong(rule(json!({"action": "allow"})), "spec.ingress[0].action", "write Allow");
        wrong(rule(json!({"action": "Accept"})), "spec.ingress[0].action", "must be Allow, Deny, Log or Pass");
        wrong(rule(json!({"action": "Deny", "protocol": "TPC"})), "spec.ingress[0].protocol", "write TCP");
        wrong(rule(json!({"action": "Deny", "notProtocol": 300})), "spec.ingress[0].notProtocol", "1 to 255");
        wrong(rule(json!({"action": "Deny", "ipVersion": 5})), "spec.ingress[0].ipVersion", "4 or 6");
        wrong(rule(json!({"action": "Deny", "icmp": {"type": 8}})), "spec.ingress[0].icmp", "ICMP");
        wrong(rule(json!({"action": "Deny", "http": {}})), "spec.ingress[0].http", "only be allowed");
        wrong(rule(json!({"action": "Allow", "http": {}, "protocol": "UDP"})), "spec.ingress[0].http", "TCP");
    }

    #[test]
    fn ports_need_a_protocol_that_has_them() {
        let ports = |protocol: Value, ports: Value| {
            rule(json!({"action": "Allow", "protocol": protocol, "destination": {"ports": ports}}))
        };
        let at = "spec.ingress[0].destination.ports";
        wrong(ports(Value::Null, json!([80])), at, "add protocol: TCP");
        wrong(ports(json!("ICMP"), json!([80])), at, "has no ports");
        wrong(ports(json!("TCP"), json!([70_000])), &format!("{at}[0]"), "0 to 65535");
        wrong(ports(json!("TCP"), json!(["90:80"])), &format!("{at}[0]"), "a range");
        wrong(ports(json!("TCP"), json!(["80 - 90"])), &format!("{at}[0]"), "write \"80:90\"");
    }

    #[test]
    fn selectors_that_calico_cannot_read_are_named_with_the_place() {
        wrong(json!({"selector": "app = 'web'"}), "spec.selector", "at character 5");
        wrong(json!({"selector": "app == web"}), "spec.selector", "put the value into quotes");
        wrong(json!({"selector": "has(app)\n"}), "spec.selector", "in one line");
        wrong(json!({"namespaceSelector": "global()"}), "spec.namespaceSelector", "global()");
        let source = |source: Value| rule(json!({"action": "Allow", "source": source}));
        wrong(source(json!({"selector": "global()"})), "spec.ingress[0].source.selector", "global()");
        let combined = json!({"namespaceSelector": "global() || has(a)"});
        wrong(source(combined), "spec.ingress[0].source.namespaceSelector", "combined");
        let accounts = json!({"serviceAccounts": {"selector": "x"}});
        wrong(source(accounts), "spec.ingress[0].source.serviceAccounts.selector", "at character 2");
        wrong(source(json!({"nets": ["10.0.0.0/33"]})), "spec.ingress[0].source.nets[0]", "a network");
        wrong(source(json!({"notNets": ["host"]})), "spec.ingress[0].source.notNets[0]", "a network");
        wrong(source(json!({"selecter": "x"})), "spec.ingress[0].source.selecter", "did you mean selector?");
        let services = json!({"services": {"name": "db"}, "selector": "has(a)"});
        wrong(source(services), "spec.ingress[0].source.selector", "beside services");
        wrong(source(json!({"services": {}})), "spec.ingress[0].source.services.name", "missing");
    }

    #[test]
    fn what_is_about_the_whole_policy_is_checked() {
        wrong(json!({"types": ["ingress"]}), "spec.types[0]", "write Ingress");
        wrong(json!({"order": "first"}), "spec.order", "a number");
        wrong(json!({"doNotTrack": true}), "spec.applyOnForward", "must be true");
        wrong(json!({"doNotTrack": true, "preDNAT": true}), "spec.preDNAT", "doNotTrack");
        let egress = json!({"preDNAT": true, "applyOnForward": true, "types": ["Egress"]});
        wrong(egress, "spec.preDNAT", "egress");
    }

    #[test]
    fn tiers_that_calico_makes_are_as_it_makes_them() {
        let of = |name: &str, spec: Value| {
            validate(Kind::CalicoTier, &json!({"metadata": {"name": name}, "spec": spec})).len()
        };
        assert_eq!(of("default", json!({"order": 1_000_000, "defaultAction": "Deny"})), 0);
        assert_eq!(of("default", json!({"order": 5})), 1);
        assert_eq!(of("default", json!({"defaultAction": "Pass"})), 1);
        assert_eq!(of("kube-admin", json!({"order": 1000, "defaultAction": "Pass"})), 0);
        assert_eq!(of("mine", json!({"defaultAction": "Allow"})), 1);
    }
}
