//! The subjects that a change of certificates or of mesh policies can affect.

use std::collections::BTreeSet;

use crate::{
    encryption::mesh::{self, Covers, Mesh, MeshSettings},
    model::{Kind, MeshPolicy, Name, Object, ObjectKey, PodFacts},
    snapshot::Snapshot,
};

use super::Subject;

/// Adds the workloads and objects that a mesh policy, a Namespace or a Secret covers in a state, beside the objects at the edge that refer
/// to it.
pub(super) fn covered(state: &Snapshot, key: &ObjectKey, settings: &MeshSettings, subjects: &mut BTreeSet<Subject>) {
    inside(state, key, settings, subjects);
    secret_in_the_making(state, key, subjects);
}

/// What meshes make of it: the workloads that a policy covers, and the policies that turn mutual TLS off for workloads or not, by whether
/// those are there and in a mesh.
fn inside(state: &Snapshot, key: &ObjectKey, settings: &MeshSettings, subjects: &mut BTreeSet<Subject>) {
    if let Some(Object::MeshPolicy(policy)) = key.kind.is_mesh_policy().then(|| state.object(key).found()).flatten() {
        protected(state, settings, &policy, subjects);
        return;
    }
    let namespace = key.governing_namespace();
    if let Some(namespace) = namespace.filter(|_| key.kind == Kind::Namespace) {
        subjects.extend(mesh::servers(state, namespace).map(|server| Subject::Object(server.key())));
    }
    let counts = key.kind.is_workload() || matches!(key.kind, Kind::Pod | Kind::Service | Kind::Namespace);
    if let Some(namespace) = namespace.filter(|_| counts) {
        subjects.extend(mesh::reaching(state, namespace).map(Subject::Object));
    }
}

/// The workloads that a policy of a mesh covers, of that mesh.
fn protected(state: &Snapshot, settings: &MeshSettings, policy: &MeshPolicy, subjects: &mut BTreeSet<Subject>) {
    let is_istio = policy.kind == Kind::PeerAuthentication;
    let of_mesh = |namespace: &Name, facts: &PodFacts| match mesh::mesh_of(state, namespace, facts) {
        Ok(Some(Mesh::IstioSidecar | Mesh::IstioAmbient)) => is_istio,
        Ok(Some(Mesh::Linkerd)) => !is_istio,
        Ok(_) => false,
        Err(_) => true,
    };
    let (namespace, selector) = match mesh::covers(settings, policy) {
        Covers::Nobody => return,
        Covers::Namespace(namespace, selector) => (Some(namespace), selector),
        Covers::Mesh => (None, None),
    };
    let referring = (policy.kind == Kind::NetworkAuthentication).then(|| mesh::referring(state, &policy.key()));
    let fits = |namespace: &Name, facts: &PodFacts| {
        referring.as_ref().is_none_or(|namespaces| namespaces.contains(namespace))
            && selector.as_ref().is_none_or(|selector| selector.matches(&facts.labels))
            && of_mesh(namespace, facts)
    };
    let classes = state.classes(namespace.as_ref()).filter(|(key, class)| fits(&key.namespace, &class.facts));
    subjects.extend(classes.map(|(key, _)| Subject::Class(key.clone())));
    let templates = state.templates(namespace.as_ref()).filter(|object| {
        let of = object.meta().namespace.as_ref().zip(object.pod_facts());
        of.is_some_and(|(namespace, facts)| fits(namespace, facts))
    });
    subjects.extend(templates.map(|object| Subject::Object(object.key())));
}

/// What makes a Secret decides whether those who use it lack it, and which names it will have.
fn secret_in_the_making(state: &Snapshot, key: &ObjectKey, subjects: &mut BTreeSet<Subject>) {
    if !key.kind.makes_secrets() {
        return;
    }
    if let Some(Object::Issuance(issuance)) = state.object(key).found() {
        let secret = issuance.secret();
        let users = state.referrers(&secret).filter(|user| user.kind.opens_edge());
        subjects.extend(users.cloned().map(Subject::Object));
    }
}
