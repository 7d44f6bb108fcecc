//! `DestinationRules` by which clients leave mutual TLS out.
//!
//! Without a `tls` clients speak mutual TLS to whoever can (auto mTLS); a `tls` without a mode is its opposite.

use crate::{
    encryption::mesh::{Mesh, mesh_of, policies},
    model::{
        Kind, MeshPolicy, Name, Object, ObjectKey, PodFacts,
        mesh::{DestinationRule, IstioSpec, MeshSpec},
    },
    snapshot::{Blind, Lookup, Snapshot},
};

/// Whether a host that clients are told to reach in plaintext has workloads in the mesh; `None` where the policy says nothing of the
/// kind. Hosts outside the cluster, and Services whose Pods are in no mesh, have no mutual TLS to lose.
pub fn reaches_meshed(snapshot: &Snapshot, policy: &MeshPolicy) -> Option<Result<bool, Blind>> {
    let MeshSpec::Istio(IstioSpec::DestinationRule(rule)) = &policy.spec else { return None };
    if rule.plaintext.is_empty() {
        return None;
    }
    let namespace = policy.meta.namespace.clone().unwrap_or_default();
    Some(match Host::of(rule, &namespace) {
        Host::Outside => Ok(false),
        Host::Service(namespace, name) => service(snapshot, &namespace, &name),
        Host::Namespace(namespace) => Ok(any_meshed(snapshot, Some(&namespace), |_| true)),
        Host::Everywhere => Ok(any_meshed(snapshot, None, |_| true)),
    })
}

/// The `DestinationRules` that leave mutual TLS out for workloads of a namespace, as far as their hosts say.
pub fn reaching<'a>(snapshot: &'a Snapshot, namespace: &'a Name) -> impl Iterator<Item = ObjectKey> + 'a {
    policies(snapshot, Kind::DestinationRule, None).filter_map(move |policy| {
        let MeshSpec::Istio(IstioSpec::DestinationRule(rule)) = &policy.spec else { return None };
        if rule.plaintext.is_empty() {
            return None;
        }
        let reaches = match Host::of(rule, &policy.meta.namespace.clone().unwrap_or_default()) {
            Host::Outside => false,
            Host::Service(of, _) | Host::Namespace(of) => of == *namespace,
            Host::Everywhere => true,
        };
        reaches.then(|| policy.key())
    })
}

/// What a host of a `DestinationRule` means (istio/pkg/config/model, `ResolveShortnameToFQDN`): a name without a dot is a Service of
/// the policy's namespace, and any other is meant as it is written.
enum Host {
    Outside,
    Service(Name, Name),
    Namespace(Name),
    Everywhere,
}

impl Host {
    fn of(rule: &DestinationRule, namespace: &Name) -> Self {
        let host = rule.host.as_str();
        if matches!(host, "*" | "*.local" | "*.cluster.local" | "*.svc.cluster.local") {
            return Self::Everywhere;
        }
        if !host.contains('.') {
            return Self::Service(namespace.clone(), rule.host.clone());
        }
        match host.strip_suffix(".svc.cluster.local").and_then(|name| name.rsplit_once('.')) {
            Some(("*", namespace)) => Self::Namespace(namespace.into()),
            Some((service, namespace)) => Self::Service(namespace.into(), service.into()),
            None => Self::Outside,
        }
    }
}

fn service(snapshot: &Snapshot, namespace: &Name, name: &Name) -> Result<bool, Blind> {
    match snapshot.object(&ObjectKey::namespaced(Kind::Service, namespace.clone(), name.clone())) {
        Lookup::Found(Object::Service(service)) => {
            Ok(any_meshed(snapshot, Some(namespace), |facts| service.selects(&facts.labels)))
        }
        Lookup::Found(_) | Lookup::Absent => Ok(false),
        Lookup::Unseen(blind) => Err(blind),
    }
}

/// Whether a workload that fits is in Istio's mesh.
fn any_meshed(snapshot: &Snapshot, namespace: Option<&Name>, fits: impl Fn(&PodFacts) -> bool) -> bool {
    let meshed = |namespace: &Name, facts: &PodFacts| {
        fits(facts) && matches!(mesh_of(snapshot, namespace, facts), Ok(Some(Mesh::IstioSidecar | Mesh::IstioAmbient)))
    };
    snapshot.classes(namespace).any(|(key, class)| meshed(&key.namespace, &class.facts))
        || snapshot.templates(namespace).any(|object| {
            let of = object.meta().namespace.as_ref().zip(object.pod_facts());
            of.is_some_and(|(namespace, facts)| meshed(namespace, facts))
        })
}
