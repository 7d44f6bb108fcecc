//! Services (kubernetes/pkg/apis/core/validation).

use std::collections::BTreeSet;

use super::{At, Faults, label_map, names, port_or_name, protocol};

pub(super) fn service(object: &At<'_>, faults: &mut Faults) {
    let Some(spec) = object.field("spec") else {
        return faults.add_field(object, "spec", "missing: a Service needs ports");
    };
    let exposure = match spec.text_of("type") {
        "" => "ClusterIP",
        exposure => exposure,
    };
    if !matches!(exposure, "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName") {
        faults.add_field(&spec, "type", "must be ClusterIP, NodePort, LoadBalancer or ExternalName");
    }
    let headless = spec.text_of("clusterIP") == "None";
    if headless && matches!(exposure, "NodePort" | "LoadBalancer") {
        faults.add_field(&spec, "clusterIP", format!("must not be None for type {exposure}"));
    }
    if exposure == "ExternalName" {
        let name = spec.text_of("externalName");
        let reason = if name.is_empty() {
            Some("missing for type ExternalName")
        } else {
            names::dns_subdomain(name.strip_suffix('.').unwrap_or(name))
        };
        if let Some(reason) = reason {
            faults.add_field(&spec, "externalName", reason);
        }
    } else if spec.len_of("ports") == 0 && !headless {
        faults.add_field(&spec, "ports", "missing: a Service needs ports unless it is headless or an ExternalName");
    }
    if let Some(selector) = spec.field("selector") {
        label_map(&selector, faults);
    }
    if let Some(ports) = spec.field("ports") {
        service_ports(&ports, exposure, faults);
    }
}

fn service_ports(ports: &At<'_>, exposure: &str, faults: &mut Faults) {
    let several = ports.entries().count() > 1;
    let mut taken = BTreeSet::new();
    let mut named = BTreeSet::new();
    for port in ports.entries() {
        protocol(&port, faults);
        if let Some(reason) = names::port_number(port.number_of("port")) {
            faults.add_field(&port, "port", if port.has("port") { reason } else { "missing" });
        }
        match port.text_of("name") {
            "" if several => faults.add_field(&port, "name", "missing: with several ports each needs a name"),
            "" => {}
            name => {
                if let Some(reason) = names::dns_label(name) {
                    faults.add_field(&port, "name", reason);
                } else if !named.insert(name) {
                    faults.add_field(&port, "name", "is there twice");
                }
            }
        }
        let protocol = Some(port.text_of("protocol")).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
        if !taken.insert((protocol, port.number_of("port"))) {
            faults.add_field(&port, "port", "is there twice with the same protocol");
        }
        // 0 and the empty text stand for the default.
        if let Some(target) = port.field("targetPort")
            && target.value.as_i64() != Some(0)
            && target.value.as_str() != Some("")
        {
            port_or_name(&target, faults);
        }
        if let Some(name) = port.field("appProtocol") {
            faults.check(&name, names::qualified_name(name.text()));
        }
        if port.number_of("nodePort") != 0 && exposure == "ClusterIP" {
            faults.add_field(&port, "nodePort", "is for the types NodePort and LoadBalancer only");
        }
    }
}
