//! What objects refer to.

use crate::model::{
    Ingress, IngressBackend, Kind, Name, Object, ObjectKey,
    annotations::{ALB_GROUP, GKE_FRONTEND_CONFIG},
    wildcard_above,
};

/// What an object refers to by name, hosts included.
pub(super) fn refers_to(object: &Object) -> Vec<ObjectKey> {
    match object {
        Object::Ingress(ingress) => ingress_refers_to(ingress),
        Object::IngressClass(class) => class.parameters.iter().cloned().collect(),
        Object::Gateway(gateway) => vec![ObjectKey::cluster(Kind::GatewayClass, gateway.class_name.clone())],
        Object::Route(route) => {
            let services = route.backends.iter().map(|backend| backend.service.clone());
            route.gateways.iter().cloned().chain(services).collect()
        }
        Object::ListenerSet(set) => vec![set.gateway.clone()],
        Object::Issuance(issuance) => vec![issuance.secret()],
        Object::EdgeResource(resource) => {
            let mut keys = Vec::new();
            resource.refers(&mut keys);
            keys
        }
        Object::WebhookConfiguration(configuration) => {
            configuration.webhooks.iter().map(|webhook| webhook.service.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn ingress_refers_to(ingress: &Ingress) -> Vec<ObjectKey> {
    let namespace = ingress.meta.namespace.clone();
    let paths = ingress.rules.iter().flat_map(|rule| &rule.paths).map(|path| &path.backend);
    let services = ingress.default_backend.iter().chain(paths).filter_map(|backend| match backend {
        IngressBackend::Service { name, .. } => {
            Some(ObjectKey { kind: Kind::Service, namespace: namespace.clone(), name: name.clone() })
        }
        IngressBackend::Resource { .. } => None,
    });
    let class = ingress.class_name.iter().map(|name| ObjectKey::cluster(Kind::IngressClass, name.clone()));
    let hosts = ingress.rules.iter().filter_map(|rule| rule.host.as_ref()).map(host_key);
    let wildcards = ingress.rules.iter().filter_map(|rule| wildcard_above(rule.host.as_ref()?));
    let secrets = ingress.tls.iter().filter_map(|entry| entry.secret_name.clone());
    let secrets = secrets.map(|name| ObjectKey { kind: Kind::Secret, namespace: namespace.clone(), name });
    let annotated = |key: &str| ingress.meta.annotations.value(key).filter(|value| !value.is_empty());
    let frontend = annotated(GKE_FRONTEND_CONFIG).cloned();
    let frontend = frontend.map(|name| ObjectKey { kind: Kind::FrontendConfig, namespace: namespace.clone(), name });
    let group = annotated(ALB_GROUP).map(group_key);
    let options = frontend.into_iter().chain(group);
    services
        .chain(class)
        .chain(secrets)
        .chain(options)
        .chain(hosts)
        .chain(wildcards.map(|wildcard| wildcard_key(&wildcard)))
        .collect()
}

/// A host in the table of referrers. No object has this key: Ingresses have a namespace.
pub(super) fn host_key(host: &Name) -> ObjectKey {
    ObjectKey::cluster(Kind::Ingress, host.clone())
}

/// The hosts that a wildcard stands for, in the table of referrers. No host has a space.
pub(super) fn wildcard_key(wildcard: &str) -> ObjectKey {
    ObjectKey::cluster(Kind::Ingress, format!("below {wildcard}"))
}

/// A group of Ingresses that share a load balancer, in the table of referrers. No host has a space.
pub(super) fn group_key(group: &Name) -> ObjectKey {
    ObjectKey::cluster(Kind::Ingress, format!("in group {group}"))
}
