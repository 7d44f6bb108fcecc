//! Reading `spec.environment`: what cannot be read from objects.

use crate::{
    edge::ControllerSettings,
    encryption::mesh::MeshSettings,
    model::{Kind, Name, ObjectKey, TlsVersion, mesh::InboundPolicy},
    network::{OptionError, Plugin, PluginName},
    rules,
};

use super::{
    keys,
    node::{Errors, Node},
};

/// Versions of TLS as rulesets write them.
pub const TLS_VERSIONS: [(&str, TlsVersion); 4] =
    [("1.0", TlsVersion::Tls10), ("1.1", TlsVersion::Tls11), ("1.2", TlsVersion::Tls12), ("1.3", TlsVersion::Tls13)];

/// The words of `plaintext` of an ingress controller, and whether it refuses plaintext then.
pub const PLAINTEXT: [(&str, bool); 2] = [("served", false), ("refused", true)];

/// The words of `unknownController`, and whether what it serves is refused then.
pub const UNKNOWN_CONTROLLER: [(&str, bool); 2] = [("refuse", true), ("warn", false)];

pub(super) fn environment(node: &Node<'_>, environment: &mut rules::Environment, errors: &mut Errors) {
    node.only(errors, keys::ENVIRONMENT);
    if let Some(plugin) = node.get("networkPlugin") {
        let names = PluginName::ALL.map(|plugin| (plugin.name(), plugin));
        environment.plugin = plugin.one_of(errors, &names).map(Plugin::of).unwrap_or_default();
    }
    if let Some(options) = node.get("networkOptions") {
        for (name, value) in options.entries(errors) {
            let Some(text) = value.word(errors) else { continue };
            if let Err(OptionError { reason, word, known }) = environment.plugin.set(name, text) {
                value.unknown(errors, &reason, &word, known.iter().map(String::as_str));
            }
        }
    }
    if let Some(labels) = node.get("sensitive") {
        environment.sensitive = texts(&labels, errors).collect();
    }
    if let Some(controllers) = node.get("ingressControllers") {
        for (name, node) in controllers.entries(errors) {
            node.only(errors, keys::CONTROLLER);
            let plaintext = node.get("plaintext");
            if plaintext.and_then(|node| node.one_of(errors, &PLAINTEXT)) == Some(true) {
                environment.refuses_plaintext.insert(name.into());
            }
            if let Some(namespace) = node.get("namespace").and_then(|node| node.text(errors)) {
                environment.controller_namespaces.insert(name.into(), namespace.into());
            }
            let settings = controller(&node, errors);
            if settings != ControllerSettings::default() {
                environment.edge.controllers.insert(name.into(), settings);
            }
        }
    }
    if let Some(classes) = node.get("ingressClasses") {
        environment.controllers_of_classes = texts(&classes, errors).collect();
    }
    if let Some(policies) = node.get("tlsPolicies") {
        for (name, node) in policies.entries(errors) {
            if let Some(version) = node.one_of(errors, &TLS_VERSIONS) {
                environment.edge.tls_policies.insert(name.into(), version);
            }
        }
    }
    if let Some(mesh) = node.get("mesh") {
        meshes(&mesh, &mut environment.mesh, errors);
    }
    if let Some(manager) = node.get("certManager") {
        manager.only(errors, keys::CERT_MANAGER);
        environment.cert_manager = manager.get("serviceAccount").and_then(|node| service_account(&node, errors));
    }
    if let Some(unknown) = node.get("unknownController") {
        let refuses = unknown.one_of(errors, &UNKNOWN_CONTROLLER);
        environment.refuses_unknown_controllers = refuses.unwrap_or_default();
    }
}

/// The user of a service account.
fn service_account(node: &Node<'_>, errors: &mut Errors) -> Option<Name> {
    let text = node.text(errors)?;
    let named = text.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    if named.is_none() {
        node.fail(errors, format!("{text} names no service account: write NAMESPACE/NAME"));
    }
    named.map(|(namespace, name)| format!("system:serviceaccount:{namespace}:{name}").into())
}

/// What is said of one controller's TLS.
fn controller(node: &Node<'_>, errors: &mut Errors) -> ControllerSettings {
    let config_map = node.get("configMap").and_then(|node| {
        let text = node.text(errors)?;
        let named = text.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
        if named.is_none() {
            node.fail(errors, format!("{text} names no ConfigMap: write NAMESPACE/NAME"));
        }
        named.map(|(namespace, name)| ObjectKey::namespaced(Kind::ConfigMap, namespace, name))
    });
    let oldest_tls = node.get("oldestTls").and_then(|node| node.one_of(errors, &TLS_VERSIONS));
    let tls_policy = node.get("tlsPolicy").and_then(|node| node.text(errors)).map(Name::from);
    ControllerSettings { config_map, oldest_tls, tls_policy }
}

fn meshes(node: &Node<'_>, mesh: &mut MeshSettings, errors: &mut Errors) {
    node.only(errors, keys::MESH);
    if let Some(istio) = node.get("istio") {
        istio.only(errors, keys::ISTIO);
        if let Some(root) = istio.get("rootNamespace").and_then(|node| node.text(errors)) {
            mesh.istio_root = root.into();
        }
    }
    if let Some(linkerd) = node.get("linkerd") {
        linkerd.only(errors, keys::LINKERD);
        let policies = InboundPolicy::ALL.map(|policy| (policy.name(), policy));
        if let Some(policy) = linkerd.get("defaultInboundPolicy").and_then(|node| node.one_of(errors, &policies)) {
            mesh.linkerd_default = policy;
        }
    }
}

/// A map of texts.
pub(super) fn texts<'a>(node: &Node<'a>, errors: &mut Errors) -> impl Iterator<Item = (Name, Name)> + use<'a> {
    let entries = node.entries(errors);
    let texts: Vec<_> =
        entries.iter().filter_map(|(key, node)| Some((Name::from(*key), Name::from(node.text(errors)?)))).collect();
    texts.into_iter()
}
