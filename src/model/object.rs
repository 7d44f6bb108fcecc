//! An object of any kind.

use std::sync::Arc;

use super::{
    BackendTlsPolicy, CalicoNetworkSet, CalicoPolicy, CalicoTier, CiliumPolicy, ClusterPolicy, ConfigMap, EdgeResource,
    Gateway, GatewayClass, Ingress, IngressClass, Issuance, Kind, ListenerSet, MeshPolicy, Meta, Namespace,
    NetworkPolicy, ObjectKey, Pod, PodFacts, ReferenceGrant, Route, Secret, Service, Settings, StagedPolicy,
    WebhookConfiguration, Workload,
};

/// A decoded object. Cloning is a reference count.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants are the kinds.
pub enum Object {
    Namespace(Arc<Namespace>),
    Pod(Arc<Pod>),
    Workload(Arc<Workload>),
    NetworkPolicy(Arc<NetworkPolicy>),
    Service(Arc<Service>),
    Ingress(Arc<Ingress>),
    IngressClass(Arc<IngressClass>),
    ClusterPolicy(Arc<ClusterPolicy>),
    CiliumPolicy(Arc<CiliumPolicy>),
    CalicoPolicy(Arc<CalicoPolicy>),
    CalicoTier(Arc<CalicoTier>),
    CalicoNetworkSet(Arc<CalicoNetworkSet>),
    StagedPolicy(Arc<StagedPolicy>),
    GatewayClass(Arc<GatewayClass>),
    Gateway(Arc<Gateway>),
    Route(Arc<Route>),
    WebhookConfiguration(Arc<WebhookConfiguration>),
    Secret(Arc<Secret>),
    ConfigMap(Arc<ConfigMap>),
    ListenerSet(Arc<ListenerSet>),
    BackendTlsPolicy(Arc<BackendTlsPolicy>),
    ReferenceGrant(Arc<ReferenceGrant>),
    Issuance(Arc<Issuance>),
    EdgeResource(Arc<EdgeResource>),
    MeshPolicy(Arc<MeshPolicy>),
    Settings(Arc<Settings>),
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Namespace(_) => Kind::Namespace,
            Self::Pod(_) => Kind::Pod,
            Self::Workload(workload) => workload.kind,
            Self::NetworkPolicy(_) => Kind::NetworkPolicy,
            Self::Service(_) => Kind::Service,
            Self::Ingress(_) => Kind::Ingress,
            Self::IngressClass(_) => Kind::IngressClass,
            Self::ClusterPolicy(policy) => policy.kind,
            Self::CiliumPolicy(policy) => policy.kind,
            Self::CalicoPolicy(policy) => policy.kind,
            Self::CalicoTier(tier) => tier.kind,
            Self::CalicoNetworkSet(set) => set.kind,
            Self::StagedPolicy(policy) => policy.kind,
            Self::GatewayClass(_) => Kind::GatewayClass,
            Self::Gateway(_) => Kind::Gateway,
            Self::Route(route) => route.kind,
            Self::WebhookConfiguration(configuration) => configuration.kind,
            Self::Secret(_) => Kind::Secret,
            Self::ConfigMap(_) => Kind::ConfigMap,
            Self::ListenerSet(_) => Kind::ListenerSet,
            Self::BackendTlsPolicy(_) => Kind::BackendTLSPolicy,
            Self::ReferenceGrant(_) => Kind::ReferenceGrant,
            Self::Issuance(issuance) => issuance.kind,
            Self::EdgeResource(resource) => resource.kind,
            Self::MeshPolicy(policy) => policy.kind,
            Self::Settings(settings) => settings.kind,
        }
    }

    /// Its metadata.
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Namespace(object) => &object.meta,
            Self::Pod(object) => &object.meta,
            Self::Workload(object) => &object.meta,
            Self::NetworkPolicy(object) => &object.meta,
            Self::Service(object) => &object.meta,
            Self::Ingress(object) => &object.meta,
            Self::IngressClass(object) => &object.meta,
            Self::ClusterPolicy(object) => &object.meta,
            Self::CiliumPolicy(object) => &object.meta,
            Self::CalicoPolicy(object) => &object.meta,
            Self::CalicoTier(object) => &object.meta,
            Self::CalicoNetworkSet(object) => &object.meta,
            Self::StagedPolicy(object) => &object.meta,
            Self::GatewayClass(object) => &object.meta,
            Self::Gateway(object) => &object.meta,
            Self::Route(object) => &object.meta,
            Self::WebhookConfiguration(object) => &object.meta,
            Self::Secret(object) => &object.meta,
            Self::ConfigMap(object) => &object.meta,
            Self::ListenerSet(object) => &object.meta,
            Self::BackendTlsPolicy(object) => &object.meta,
            Self::ReferenceGrant(object) => &object.meta,
            Self::Issuance(object) => &object.meta,
            Self::EdgeResource(object) => &object.meta,
            Self::MeshPolicy(object) => &object.meta,
            Self::Settings(object) => &object.meta,
        }
    }

    /// Its metadata, to be altered. What is shared is copied.
    pub fn meta_mut(&mut self) -> &mut Meta {
        match self {
            Self::Namespace(object) => &mut Arc::make_mut(object).meta,
            Self::Pod(object) => &mut Arc::make_mut(object).meta,
            Self::Workload(object) => &mut Arc::make_mut(object).meta,
            Self::NetworkPolicy(object) => &mut Arc::make_mut(object).meta,
            Self::Service(object) => &mut Arc::make_mut(object).meta,
            Self::Ingress(object) => &mut Arc::make_mut(object).meta,
            Self::IngressClass(object) => &mut Arc::make_mut(object).meta,
            Self::ClusterPolicy(object) => &mut Arc::make_mut(object).meta,
            Self::CiliumPolicy(object) => &mut Arc::make_mut(object).meta,
            Self::CalicoPolicy(object) => &mut Arc::make_mut(object).meta,
            Self::CalicoTier(object) => &mut Arc::make_mut(object).meta,
            Self::CalicoNetworkSet(object) => &mut Arc::make_mut(object).meta,
            Self::StagedPolicy(object) => &mut Arc::make_mut(object).meta,
            Self::GatewayClass(object) => &mut Arc::make_mut(object).meta,
            Self::Gateway(object) => &mut Arc::make_mut(object).meta,
            Self::Route(object) => &mut Arc::make_mut(object).meta,
            Self::WebhookConfiguration(object) => &mut Arc::make_mut(object).meta,
            Self::Secret(object) => &mut Arc::make_mut(object).meta,
            Self::ConfigMap(object) => &mut Arc::make_mut(object).meta,
            Self::ListenerSet(object) => &mut Arc::make_mut(object).meta,
            Self::BackendTlsPolicy(object) => &mut Arc::make_mut(object).meta,
            Self::ReferenceGrant(object) => &mut Arc::make_mut(object).meta,
            Self::Issuance(object) => &mut Arc::make_mut(object).meta,
            Self::EdgeResource(object) => &mut Arc::make_mut(object).meta,
            Self::MeshPolicy(object) => &mut Arc::make_mut(object).meta,
            Self::Settings(object) => &mut Arc::make_mut(object).meta,
        }
    }

    /// Its identity.
    pub fn key(&self) -> ObjectKey {
        let meta = self.meta();
        ObjectKey { kind: self.kind(), namespace: meta.namespace.clone(), name: meta.name.clone() }
    }

    /// The Pod, or what the template makes.
    pub fn pod_facts(&self) -> Option<&Arc<PodFacts>> {
        match self {
            Self::Pod(pod) => Some(&pod.facts),
            Self::Workload(workload) => Some(&workload.template),
            _ => None,
        }
    }
}
