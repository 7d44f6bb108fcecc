//! What the API server would refuse, found before it is asked (kubernetes/pkg/apis, 1.36).
//!
//! Not all of it: what decisions rest on, and the slips that are made most. An object that passes here may still be refused
//! by a cluster; one that is refused here is refused by every cluster.

mod calico_policies;
mod cilium_policies;
mod cluster_policies;
mod ingresses;
mod names;
mod pods;
mod policies;
mod secrets;
mod services;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{
    cursor::{At, Fault, Faults},
    schema,
};
use crate::model::Kind;

/// What is wrong with an object of that kind, in the order of its fields as far as that goes.
pub(super) fn validate(kind: Kind, object: &Value) -> Vec<Fault> {
    let mut faults = Faults::default();
    let object = At::root(object);
    schema::check(kind, &object, &mut faults);
    // Of an object whose fields are not what they should be, little else can be said.
    if faults.0.is_empty() {
        metadata(kind, &object, &mut faults);
        match kind {
            Kind::Namespace => {}
            Kind::Pod => pods::pod(&object, &mut faults),
            Kind::NetworkPolicy => policies::policy(&object, &mut faults),
            Kind::Service => services::service(&object, &mut faults),
            Kind::Secret => secrets::secret(&object, &mut faults),
            Kind::Ingress => ingresses::ingress(&object, &mut faults),
            Kind::IngressClass => ingresses::ingress_class(&object, &mut faults),
            Kind::ClusterNetworkPolicy | Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy => {
                cluster_policies::policy(kind, &object, &mut faults);
            }
            Kind::CiliumNetworkPolicy | Kind::CiliumClusterwideNetworkPolicy => {
                cilium_policies::policy(kind, &object, &mut faults);
            }
            _ if calico_policies::judges(kind) => calico_policies::object(kind, &object, &mut faults),
            _ if kind.is_workload() => pods::workload(kind, &object, &mut faults),
            _ => {}
        }
    }
    faults.0
}

fn metadata(kind: Kind, object: &At<'_>, faults: &mut Faults) {
    let Some(meta) = object.field("metadata") else {
        return faults.add_field(object, "metadata", "missing: every object has a name");
    };
    let check_name = match kind {
        Kind::Namespace | Kind::Service => names::dns_label,
        _ => names::dns_subdomain,
    };
    match (meta.field("name"), meta.text_of("generateName")) {
        (Some(name), _) if !name.text().is_empty() => {
            faults.check(&name, check_name(name.text()));
            if kind == Kind::CronJob && name.text().len() > 52 {
                faults.add(&name, "must be no more than 52 characters long, for its Jobs are named after it");
            }
        }
        (_, "") => faults.add_field(&meta, "name", "missing: every object has a name"),
        // A suffix comes, so the prefix may end in what a name may not.
        (_, prefix) => {
            if let Some(reason) = check_name(&format!("{prefix}x")) {
                faults.add_field(&meta, "generateName", reason);
            }
        }
    }
    if let Some(namespace) = meta.field("namespace") {
        if kind.info().namespaced {
            faults.check(&namespace, names::dns_label(namespace.text()));
        } else if !namespace.text().is_empty() {
            faults.add(&namespace, format!("{kind} is not in a namespace"));
        }
    }
    labels_of(&meta, faults);
    if let Some(owners) = meta.field("ownerReferences") {
        for owner in owners.entries() {
            for field in ["apiVersion", "kind", "name", "uid"] {
                if owner.text_of(field).is_empty() {
                    faults.add_field(&owner, field, "missing");
                }
            }
        }
        if owners.entries().filter(|owner| owner.value.get("controller") == Some(&Value::Bool(true))).count() > 1 {
            faults.add(&owners, "only one owner can be the controller");
        }
    }
    for finalizer in meta.field("finalizers").iter().flat_map(At::entries) {
        faults.check(&finalizer, names::qualified_name(finalizer.text()));
    }
}

/// `labels` and `annotations`.
fn labels_of(meta: &At<'_>, faults: &mut Faults) {
    if let Some(labels) = meta.field("labels") {
        label_map(&labels, faults);
    }
    if let Some(annotations) = meta.field("annotations") {
        for (key, annotation) in annotations.fields() {
            faults.check(&annotation, names::qualified_name(&key.to_lowercase()));
        }
        if annotations.fields().map(|(key, value)| key.len() + value.text().len()).sum::<usize>() > 256 * 1024 {
            faults.add(&annotations, "must be no more than 256 KiB together");
        }
    }
}

fn label_map(labels: &At<'_>, faults: &mut Faults) {
    for (key, value) in labels.fields() {
        faults.check(&value, names::qualified_name(key).map(|reason| format!("the key {reason}")));
        faults.check(&value, names::label_value(value.text()));
    }
}

/// A `LabelSelector`.
fn selector(selector: &At<'_>, faults: &mut Faults) {
    if let Some(labels) = selector.field("matchLabels") {
        label_map(&labels, faults);
    }
    expressions(selector, names::qualified_name, faults);
    for expression in selector.field("matchExpressions").iter().flat_map(At::entries) {
        for value in expression.field("values").iter().flat_map(At::entries) {
            faults.check(&value, names::label_value(value.text()));
        }
    }
}

/// The expressions of a selector, but for the values in them.
fn expressions(selector: &At<'_>, key_fault: impl Fn(&str) -> Option<&'static str>, faults: &mut Faults) {
    for expression in selector.field("matchExpressions").iter().flat_map(At::entries) {
        let values = expression.len_of("values");
        match expression.text_of("operator") {
            "In" | "NotIn" if values == 0 => faults.add_field(&expression, "values", "In and NotIn need values"),
            "Exists" | "DoesNotExist" if values > 0 => {
                faults.add_field(&expression, "values", "Exists and DoesNotExist have no values");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => faults.add_field(&expression, "operator", "must be In, NotIn, Exists or DoesNotExist"),
        }
        if let Some(reason) = key_fault(expression.text_of("key")) {
            faults.add_field(&expression, "key", reason);
        }
    }
}

/// `protocol`, which may be missing.
fn protocol(entry: &At<'_>, faults: &mut Faults) {
    if let Some(protocol) = entry.field("protocol")
        && !matches!(protocol.text(), "TCP" | "UDP" | "SCTP")
    {
        faults.add(&protocol, "must be TCP, UDP or SCTP");
        let upper = protocol.text().to_uppercase();
        if matches!(&*upper, "TCP" | "UDP" | "SCTP") {
            faults.suggest(format!("write {upper}"));
        }
    }
}

/// A port by number or name, which may be missing.
fn port_or_name(port: &At<'_>, faults: &mut Faults) {
    let is_number_in_quotes = !port.text().is_empty() && port.text().bytes().all(|byte| byte.is_ascii_digit());
    match port.value {
        Value::Number(number) => faults.check(port, names::port_number(number.as_i64().unwrap_or_default())),
        _ => faults.check(port, names::port_name(port.text())),
    }
    if is_number_in_quotes {
        faults.suggest("write the number without quotes");
    }
}
