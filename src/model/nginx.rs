//! The kinds of F5's NGINX Ingress Controller.

/// `k8s.nginx.org/v1` `VirtualServer` and Policy.
#[derive(Clone, PartialEq, Debug)]
pub struct NginxSpec {}

impl NginxSpec {
    /// The objects that it names.
    pub(super) fn refers(&self, _: &super::EdgeResource, _: &mut Vec<super::ObjectKey>) {}
}
