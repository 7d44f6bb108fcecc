//! The AWS Load Balancer Controller's own kinds.

/// `elbv2.k8s.aws/v1beta1` `IngressClassParams`.
#[derive(Clone, PartialEq, Debug)]
pub struct IngressClassParams {}
