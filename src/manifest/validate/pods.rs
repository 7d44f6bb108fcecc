//! Pods, Pod templates and the workloads that hold them (kubernetes/pkg/apis/core, apps and batch).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{At, Faults, label_map, labels_of, names, protocol, selector};
use crate::model::{Kind, decode};

pub(super) fn pod(object: &At<'_>, faults: &mut Faults) {
    match object.field("spec") {
        Some(spec) => pod_spec(&spec, true, faults),
        None => faults.add_field(object, "spec", "missing: a Pod needs containers"),
    }
}

pub(super) fn workload(kind: Kind, object: &At<'_>, faults: &mut Faults) {
    let Some(spec) = object.field("spec") else {
        return faults.add_field(object, "spec", "missing");
    };
    if kind == Kind::CronJob {
        if spec.text_of("schedule").is_empty() {
            faults.add_field(&spec, "schedule", "missing");
        }
        match spec.field("jobTemplate").as_ref().and_then(|job| job.field("spec")) {
            Some(job) => templated(kind, &job, faults),
            None => faults.add_field(&spec, "jobTemplate", "missing: it holds the Job's spec"),
        }
    } else {
        if spec.number_of("replicas") < 0 {
            faults.add_field(&spec, "replicas", "must not be negative");
        }
        templated(kind, &spec, faults);
    }
}

/// The spec that holds the template.
fn templated(kind: Kind, spec: &At<'_>, faults: &mut Faults) {
    let Some(template) = spec.field("template") else {
        return faults.add_field(spec, "template", "missing: it holds the Pods' labels and spec");
    };
    if let Some(meta) = template.field("metadata") {
        labels_of(&meta, faults);
    }
    match kind {
        Kind::Job | Kind::CronJob => {
            if let Some(labels) = spec.field("selector") {
                selector(&labels, faults);
                if spec.value.get("manualSelector") != Some(&Value::Bool(true)) {
                    faults.add(&labels, "is made by the API server unless manualSelector is true");
                    faults.suggest("leave it out");
                }
            }
        }
        Kind::ReplicationController => {
            if let Some(labels) = spec.field("selector") {
                label_map(&labels, faults);
            }
        }
        _ => match spec.field("selector") {
            None => faults.add_field(spec, "selector", "missing: it must match the labels of the template"),
            Some(labels) => {
                selector(&labels, faults);
                if labels.len_of("matchLabels") + labels.len_of("matchExpressions") == 0 {
                    faults.add(&labels, "must not be empty");
                }
            }
        },
    }
    if faults.0.is_empty() && !matches!(kind, Kind::Job | Kind::CronJob) {
        selector_matches(kind, spec, &template, faults);
    }
    restart_policy(kind, &template, faults);
    match template.field("spec") {
        Some(pod) => pod_spec(&pod, false, faults),
        None => faults.add_field(&template, "spec", "missing: a Pod needs containers"),
    }
}

fn selector_matches(kind: Kind, spec: &At<'_>, template: &At<'_>, faults: &mut Faults) {
    let Some(written) = spec.field("selector") else { return };
    let read = match kind {
        Kind::ReplicationController => {
            decode::labels(written.value).map(|labels| crate::model::Selector::of_labels(&labels))
        }
        _ => decode::selector(written.value),
    };
    let labels = template
        .field("metadata")
        .as_ref()
        .and_then(|meta| meta.field("labels"))
        .map(|labels| decode::labels(labels.value));
    if let (Ok(read), Ok(labels)) = (read, labels.unwrap_or_else(|| Ok(crate::model::Labels::default())))
        && !read.matches(&labels)
    {
        faults.add(&written, "does not match the labels of the template");
        faults.suggest("make the labels in template.metadata.labels those of the selector");
    }
}

fn restart_policy(kind: Kind, template: &At<'_>, faults: &mut Faults) {
    let spec = template.field("spec");
    let Some(spec) = spec else { return };
    let policy = spec.text_of("restartPolicy");
    match kind {
        Kind::Job | Kind::CronJob if !matches!(policy, "OnFailure" | "Never") => {
            faults.add_field(&spec, "restartPolicy", "must be OnFailure or Never for a Job");
        }
        Kind::Job | Kind::CronJob => {}
        _ if !matches!(policy, "" | "Always") => {
            faults.add_field(&spec, "restartPolicy", format!("must be Always for a {kind}"));
        }
        _ => {}
    }
}

fn pod_spec(spec: &At<'_>, is_pod: bool, faults: &mut Faults) {
    if spec.len_of("containers") == 0 {
        faults.add_field(spec, "containers", "missing: a Pod needs at least one container");
    }
    if is_pod && !matches!(spec.text_of("restartPolicy"), "" | "Always" | "OnFailure" | "Never") {
        faults.add_field(spec, "restartPolicy", "must be Always, OnFailure or Never");
    }
    if let Some(account) = spec.field("serviceAccountName")
        && !account.text().is_empty()
    {
        faults.check(&account, names::dns_subdomain(account.text()));
    }
    let host_network = spec.value.get("hostNetwork") == Some(&Value::Bool(true));
    let mut names_taken = BTreeSet::new();
    for field in ["initContainers", "containers"] {
        let mut host_ports = BTreeSet::new();
        for container in spec.field(field).iter().flat_map(At::entries) {
            match container.text_of("name") {
                "" => faults.add_field(&container, "name", "missing"),
                name => {
                    if let Some(reason) = names::dns_label(name) {
                        faults.add_field(&container, "name", reason);
                    } else if !names_taken.insert(name.to_owned()) {
                        faults.add_field(&container, "name", "is there twice");
                    }
                }
            }
            if container.text_of("image").is_empty() {
                faults.add_field(&container, "image", "missing");
            }
            if let Some(policy) = container.field("restartPolicy")
                && !matches!(policy.text(), "Always" | "OnFailure" | "Never")
            {
                faults.add(&policy, "must be Always, OnFailure or Never");
            }
            ports(&container, host_network && field == "containers", &mut host_ports, faults);
        }
    }
}

fn ports(
    container: &At<'_>,
    host_network: bool,
    host_ports: &mut BTreeSet<(String, String, i64)>,
    faults: &mut Faults,
) {
    let mut named = BTreeSet::new();
    for port in container.field("ports").iter().flat_map(At::entries) {
        protocol(&port, faults);
        match port.text_of("name") {
            "" => {}
            name => {
                if let Some(reason) = names::port_name(name) {
                    faults.add_field(&port, "name", reason);
                } else if !named.insert(name.to_owned()) {
                    faults.add_field(&port, "name", "is there twice");
                }
            }
        }
        let number = port.number_of("containerPort");
        if let Some(reason) = names::port_number(number) {
            faults.add_field(&port, "containerPort", if number == 0 { "missing" } else { reason });
        }
        let host_port = port.number_of("hostPort");
        if host_port == 0 {
            continue;
        }
        if let Some(reason) = names::port_number(host_port) {
            faults.add_field(&port, "hostPort", reason);
        } else if host_network && host_port != number {
            faults.add_field(&port, "hostPort", "must be the containerPort when hostNetwork is true");
        }
        let protocol = Some(port.text_of("protocol")).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
        if !host_ports.insert((protocol.to_owned(), port.text_of("hostIP").to_owned(), host_port)) {
            faults.add_field(&port, "hostPort", "is there twice");
        }
    }
}
