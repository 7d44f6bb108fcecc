//! `AuthorizationPolicies` that let in whoever has no identity.

use crate::model::{
    FieldPath, MeshPolicy, Selector,
    mesh::{IstioAuthorization, IstioSpec, MeshSpec},
};

/// The rules of an `ALLOW` policy that demand no identity of a peer. What is attached to a gateway or a waypoint, or selects a gateway,
/// speaks to clients from outside, who have none.
pub fn admits_anyone(policy: &MeshPolicy) -> Vec<FieldPath> {
    let MeshSpec::Istio(IstioSpec::Authorization(authorization)) = &policy.spec else { return Vec::new() };
    if !authorization.allows || is_of_gateway(authorization) {
        return Vec::new();
    }
    let rules = authorization.rules.iter().enumerate().filter(|(_, identifies)| !**identifies);
    rules.map(|(index, _)| FieldPath::new("spec.rules").index(index)).collect()
}

/// Gateways bear `istio: ingressgateway` by convention, and those that Gateway API makes are named after it.
fn is_of_gateway(authorization: &IstioAuthorization) -> bool {
    let Some(Selector::All(conditions)) = &authorization.selector else { return authorization.targets };
    let is_gateway = |condition: &Selector| match condition {
        Selector::In(key, values) => {
            *key == "gateway.networking.k8s.io/gateway-name"
                || (*key == "istio" && values.iter().any(|value| value.ends_with("gateway")))
        }
        _ => false,
    };
    authorization.targets || conditions.iter().any(is_gateway)
}
