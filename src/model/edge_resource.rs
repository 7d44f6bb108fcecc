//! What controllers read beside Ingress and Gateway API: their own kinds.

use super::{
    Kind, Meta, ObjectKey, contour::HttpProxy, gke::FrontendConfig, istio_gateway::IstioGateway, nginx::NginxSpec,
    openshift::OpenShiftRoute, traefik::TraefikSpec,
};

/// An object of a controller's own kind.
#[derive(Clone, PartialEq, Debug)]
pub struct EdgeResource {
    /// Which kind.
    pub kind: Kind,
    /// Name, annotations.
    pub meta: Meta,
    /// What it says.
    pub spec: EdgeSpec,
}

/// What an object of a controller's own kind says.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants are the controllers.
pub enum EdgeSpec {
    Traefik(TraefikSpec),
    Contour(HttpProxy),
    Nginx(NginxSpec),
    OpenShift(OpenShiftRoute),
    Gke(FrontendConfig),
    Aws(super::aws::IngressClassParams),
    Istio(IstioGateway),
}

impl EdgeResource {
    /// The objects that it names: Services, Secrets, options.
    pub fn refers(&self, out: &mut Vec<ObjectKey>) {
        match &self.spec {
            EdgeSpec::Traefik(spec) => spec.refers(self, out),
            EdgeSpec::Contour(spec) => spec.refers(self, out),
            EdgeSpec::Nginx(spec) => spec.refers(self, out),
            EdgeSpec::OpenShift(spec) => spec.refers(self, out),
            EdgeSpec::Gke(_) | EdgeSpec::Aws(_) => {}
            EdgeSpec::Istio(spec) => spec.refers(self, out),
        }
    }
}
