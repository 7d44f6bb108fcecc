//! What objects refer to.

use crate::model::{
    BackendTrust, GatewayListener, Ingress, IngressBackend, Kind, Meta, Name, Object, ObjectKey,
    annotations::{ALB_GROUP, CONTOUR_CERTIFICATE_NAMESPACE, GKE_FRONTEND_CONFIG},
    gateway::grants_of_namespace,
    wildcard_above,
};

/// What an object refers to by name, hosts included.
pub(super) fn refers_to(object: &Object) -> Vec<ObjectKey> {
    match object {
        Object::Ingress(ingress) => ingress_refers_to(ingress),
        Object::IngressClass(class) => class.parameters.iter().cloned().collect(),
        Object::Gateway(gateway) => {
            let class = ObjectKey::cluster(Kind::GatewayClass, gateway.class_name.clone());
            let secrets = certificates(&gateway.listeners, &gateway.meta).into_iter();
            [class].into_iter().chain(gateway.backend_certificate.clone()).chain(secrets).collect()
        }
        Object::Route(route) => {
            let parents = route.parents.iter().map(|parent| parent.object.clone());
            parents.chain(route.backends.iter().map(|backend| backend.service.clone())).collect()
        }
        Object::ListenerSet(set) => {
            [set.gateway.clone()].into_iter().chain(certificates(&set.listeners, &set.meta)).collect()
        }
        Object::BackendTlsPolicy(policy) => {
            let trusted: &[ObjectKey] = match &policy.trust {
                BackendTrust::References(references) => references,
                BackendTrust::System => &[],
            };
            policy.targets.iter().map(|target| target.service.clone()).chain(trusted.iter().cloned()).collect()
        }
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

/// The Secrets of listeners, and what permits the references into other namespaces.
fn certificates(listeners: &[GatewayListener], meta: &Meta) -> Vec<ObjectKey> {
    let secrets = listeners.iter().flat_map(|listener| &listener.tls).flat_map(|tls| tls.certificates.iter().flatten());
    let mut keys: Vec<ObjectKey> = secrets.cloned().collect();
    let others =
        keys.iter().filter_map(|secret| secret.namespace.clone().filter(|_| secret.namespace != meta.namespace));
    let grants: Vec<ObjectKey> = others.map(|namespace| grants_of_namespace(&namespace)).collect();
    keys.extend(grants);
    keys
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
    let annotated = |key: &str| ingress.meta.annotations.value(key).filter(|value| !value.is_empty());
    let elsewhere = annotated(CONTOUR_CERTIFICATE_NAMESPACE).cloned().map(Some);
    let holding: Vec<Option<Name>> = [namespace.clone()].into_iter().chain(elsewhere).collect();
    let names = ingress.tls.iter().filter_map(|entry| entry.secret_name.as_ref());
    let secret =
        |(name, of): (&Name, Option<Name>)| ObjectKey { kind: Kind::Secret, namespace: of, name: name.clone() };
    let secrets = names.flat_map(|name| holding.iter().map(move |of| (name, of.clone()))).map(secret);
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
