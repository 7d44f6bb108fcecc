//! The AWS Load Balancer Controller's own kinds.

use super::Name;

/// `elbv2.k8s.aws/v1beta1` `IngressClassParams`, as far as it decides on TLS. What it sets goes before the annotation of an Ingress
/// (pkg/ingress/model_build_listener.go, model_builder.go, group_loader.go).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IngressClassParams {
    /// `spec.group.name`: the group of all Ingresses of the class.
    pub group: Option<Name>,
    /// Whether `spec.certificateArn` names certificates.
    pub has_certificates: bool,
    /// `spec.sslPolicy`.
    pub ssl_policy: Option<Name>,
    /// `spec.sslRedirectPort`, a number in a text.
    pub ssl_redirect_port: Option<Name>,
}
