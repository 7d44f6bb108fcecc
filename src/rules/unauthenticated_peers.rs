//! `unauthenticated-peers`: authorization that lets in peers without an identity.

use crate::{
    encryption::mesh::{istio_admits_anyone, linkerd_admits_anyone},
    model::{FieldPath, Kind, MeshPolicy, Place},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    disabled_mtls::policy_of,
};

/// The rule.
pub(super) struct UnauthenticatedPeers;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unauthenticated-peers"),
    family: Family("unauthenticated-peers"),
    level: Level::Restricted,
    what: "Authorization inside the mesh that admits peers without an identity: an Istio AuthorizationPolicy with an ALLOW rule that names no \
           principals, namespaces or service accounts, a Linkerd AuthorizationPolicy that requires a network or nothing, a ServerAuthorization \
           for unauthenticated clients.",
    why: "Such a rule lets in plaintext: the peer has shown no certificate, and what is left to tell friend from foe is its address. Linkerd \
          reads an empty list of required authentications as no requirement at all.",
    sources: &[
        "https://istio.io/latest/docs/reference/config/security/authorization-policy/",
        "https://linkerd.io/2/reference/authorization-policy/",
        "linkerd2/policy-controller/k8s/index/src/inbound/index.rs, policy_client_authz",
    ],
    parameters: &[],
    aspect: "the field",
    extent: "1",
    breaks: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
    - to: [{operation: {methods: [GET]}}]
",
    keeps: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
    - from: [{source: {namespaces: [front]}}]
      to: [{operation: {methods: [GET]}}]
",
    mend: "Istio: name principals, namespaces or serviceAccounts in each from.source. Linkerd: refer to a MeshTLSAuthentication (identities: \
           [\"*\"] is every client of the mesh) or a ServiceAccount.",
};

fn places(policy: &MeshPolicy) -> Vec<FieldPath> {
    let mut places = istio_admits_anyone(policy);
    places.extend(linkerd_admits_anyone(policy));
    places
}

impl Rule for UnauthenticatedPeers {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(policy) = policy_of(context.snapshot, subject) else { return };
        out.extend(places(&policy).into_iter().map(|path| Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: Aspect::Place(path),
            extent: Extent::Count(1),
            certain: Ok(()),
        }));
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let path = match &breach.aspect {
            Aspect::Place(path) => path.clone(),
            _ => FieldPath::root(),
        };
        let fix = match breach.subject.kind() {
            Kind::IstioAuthorizationPolicy => {
                format!("name principals, namespaces or serviceAccounts in each from.source of {path}")
            }
            Kind::ServerAuthorization => format!("remove {path}, and name identities in spec.client.meshTLS"),
            _ => format!(
                "add a MeshTLSAuthentication or a ServiceAccount to {path}; identities: [\"*\"] is every client of the mesh"
            ),
        };
        let object = match &breach.subject {
            Subject::Object(key) => Some(key.clone()),
            Subject::Class(_) => None,
        };
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} lets in peers without an identity, by {path}"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(fix),
            places: object.into_iter().map(|object| Place { object, path: path.clone() }).collect(),
            subject: reference,
        }
    }
}
