//! `Ingress` and `IngressClass` (kubernetes/pkg/apis/networking/validation).

use std::net::IpAddr;

use super::{At, Faults, names};
use crate::model::annotations::INGRESS_CLASS;

pub(super) fn ingress(object: &At<'_>, faults: &mut Faults) {
    let Some(spec) = object.field("spec") else {
        return faults.add_field(object, "spec", "missing: an Ingress needs rules or a defaultBackend");
    };
    if spec.len_of("rules") == 0 && !spec.has("defaultBackend") {
        faults.add(&spec, "an Ingress needs rules or a defaultBackend");
    }
    if let Some(default) = spec.field("defaultBackend") {
        backend(&default, faults);
    }
    for rule in spec.field("rules").iter().flat_map(At::entries) {
        if let Some(name) = rule.field("host") {
            host(&name, faults);
        }
        let Some(http) = rule.field("http") else { continue };
        if http.len_of("paths") == 0 {
            faults.add_field(&http, "paths", "missing");
        }
        for entry in http.field("paths").iter().flat_map(At::entries) {
            path(&entry, faults);
        }
    }
    for tls in spec.field("tls").iter().flat_map(At::entries) {
        for name in tls.field("hosts").iter().flat_map(At::entries) {
            if name.text().contains('*') {
                faults.check(&name, names::wildcard_host(name.text()));
            } else {
                faults.check(&name, names::dns_subdomain(name.text()));
            }
        }
        if let Some(secret) = tls.field("secretName")
            && !secret.text().is_empty()
        {
            faults.check(&secret, names::dns_subdomain(secret.text()));
        }
    }
    if let Some(class) = spec.field("ingressClassName") {
        faults.check(&class, names::dns_subdomain(class.text()));
        if let Some(annotation) = object.field("metadata").as_ref().and_then(|meta| meta.field("annotations")).as_ref()
            && let Some(annotation) = annotation.field(INGRESS_CLASS)
            && annotation.text() != class.text()
        {
            faults.add(&annotation, "must be the same as spec.ingressClassName when both are there");
            faults.suggest("remove the annotation");
        }
    }
}

fn host(host: &At<'_>, faults: &mut Faults) {
    let text = host.text();
    if text.is_empty() {
    } else if text.parse::<IpAddr>().is_ok() {
        faults.add(host, "must be a host name, not an IP address");
    } else if text.contains('*') {
        faults.check(host, names::wildcard_host(text));
        if text == "*" {
            faults.suggest("for every host, leave host out");
        }
    } else if let Some(reason) = names::dns_subdomain(text) {
        faults.add(host, reason);
        if text.contains("://") || text.contains(':') || text.contains('/') {
            faults.suggest("write the host name alone, without scheme, port or path");
        } else if text.to_lowercase() != text {
            faults.suggest(format!("write {}", text.to_lowercase()));
        }
    }
}

fn path(entry: &At<'_>, faults: &mut Faults) {
    let text = entry.text_of("path");
    match entry.text_of("pathType") {
        "" => {
            faults.add_field(entry, "pathType", "missing: it must be Exact, Prefix or ImplementationSpecific");
        }
        "Exact" | "Prefix" => {
            let parts = ["//", "/./", "/../", "%2f", "%2F"];
            if !text.starts_with('/') {
                faults.add_field(entry, "path", "must begin with `/`");
            } else if let Some(part) = parts.into_iter().find(|part| text.contains(part)) {
                faults.add_field(entry, "path", format!("must not contain `{part}`"));
            } else if let Some(end) = ["/..", "/."].into_iter().find(|end| text.ends_with(end)) {
                faults.add_field(entry, "path", format!("must not end with `{end}`"));
            }
        }
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                faults.add_field(entry, "path", "must begin with `/`");
            }
        }
        _ => faults.add_field(entry, "pathType", "must be Exact, Prefix or ImplementationSpecific"),
    }
    match entry.field("backend") {
        Some(at) => backend(&at, faults),
        None => faults.add_field(entry, "backend", "missing"),
    }
}

fn backend(at: &At<'_>, faults: &mut Faults) {
    match (at.field("service"), at.field("resource")) {
        (Some(_), Some(_)) => faults.add(at, "service and resource cannot both be there"),
        (None, None) => faults.add(at, "service or resource is missing"),
        (None, Some(resource)) => {
            for field in ["kind", "name"] {
                if resource.text_of(field).is_empty() {
                    faults.add_field(&resource, field, "missing");
                }
            }
        }
        (Some(service), None) => {
            let name = service.text_of("name");
            let reason = if name.is_empty() { Some("missing") } else { names::dns_label(name) };
            if let Some(reason) = reason {
                faults.add_field(&service, "name", reason);
            }
            let Some(port) = service.field("port") else {
                return faults.add_field(&service, "port", "missing");
            };
            match (port.text_of("name"), port.number_of("number")) {
                ("", 0) => faults.add(&port, "name or number is missing"),
                ("", number) => faults.check(&port, names::port_number(number)),
                (name, 0) => faults.check(&port, names::port_name(name)),
                _ => faults.add(&port, "name and number cannot both be there"),
            }
        }
    }
}

pub(super) fn ingress_class(object: &At<'_>, faults: &mut Faults) {
    let spec = object.field("spec");
    let controller = spec.as_ref().map(|spec| spec.text_of("controller")).unwrap_or_default();
    let reason = match controller.len() {
        0 => Some("missing"),
        251.. => Some("must be no more than 250 characters long"),
        _ => names::domain_path(controller),
    };
    if let Some(reason) = reason {
        let at = spec.as_ref().unwrap_or(object);
        faults.add_field(at, "controller", reason);
    }
}
