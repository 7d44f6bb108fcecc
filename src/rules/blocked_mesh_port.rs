//! `blocked-mesh-port`: a workload in a mesh that is let in on its own ports, and not on the mesh's.

use crate::{
    model::{Protocol, annotations},
    network::Direction,
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject, Workload,
    isolation::place,
    mismatch::{Side, breach},
};

/// The rule.
pub(super) struct BlockedMeshPort;

/// Istio's label for a Namespace or a Pod.
const DATAPLANE_MODE: &str = "istio.io/dataplane-mode";
/// Where tunnels of Istio's ambient mode arrive (HBONE).
const AMBIENT: u16 = 15008;
/// Where Linkerd's proxies receive what they carry opaquely.
const LINKERD: u16 = 4143;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("blocked-mesh-port"),
    family: Family("blocked-mesh-port"),
    level: Level::Hint,
    what: "A workload of Istio's ambient mesh or of Linkerd whose policies admit peers on other ports and nobody on the mesh's: TCP 15008 \
           (ambient), TCP 4143 (Linkerd).",
    why: "Policies see the mesh's packets: in ambient mode all traffic of the mesh arrives on 15008, and Linkerd's proxies send what they \
          carry opaquely to 4143. The application's own port is not enough.",
    sources: &[
        "https://istio.io/latest/docs/ambient/usage/networkpolicy/",
        "https://linkerd.io/2/reference/proxy-configuration/",
    ],
    parameters: &[],
    aspect: "the port",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}, {port: 15008}]
",
    mend: "Admit the same peers on the mesh's port as well.",
};

impl Rule for BlockedMeshPort {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(workload) = context.workload(subject) else { return };
        let Some((port, _)) = mesh_of(context, &workload) else { return };
        let Some(side) = Side::of(context, subject, Direction::Ingress) else { return };
        // Who lets nobody in is not in the mesh's way.
        if side.accepting().next().is_some() && !side.admits(context, Protocol::Tcp, port) {
            out.push(breach(&INFO, subject, Aspect::Port(Protocol::Tcp, port), side.certain(context)));
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let side = Side::of(context, &breach.subject, Direction::Ingress);
        let mesh = side.as_ref().and_then(|side| mesh_of(context, &side.workload)).map_or("a mesh", |(_, mesh)| mesh);
        let mut places = side.as_ref().map(Side::places).unwrap_or_default();
        places.extend(side.iter().map(|side| place(&side.workload, "metadata.labels")));
        let in_policy = side.as_ref().and_then(Side::policy_name).map(|name| format!(" in {name}")).unwrap_or_default();
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!(
                "{reference} is in {mesh} and admits nobody on {}, where the mesh's traffic arrives",
                breach.aspect
            ),
            why: INFO.why.to_owned(),
            fix: Fix::Words(format!("admit the same peers on {} as well{in_policy}", breach.aspect)),
            places,
            subject: reference,
        }
    }
}

/// The port of the mesh that a workload is in, and how the mesh is called. The Pod's own word goes before its Namespace's.
fn mesh_of(context: &Context<'_>, workload: &Workload) -> Option<(u16, &'static str)> {
    let namespace = context.snapshot.namespace(&workload.namespace).found();
    let meta = namespace.as_ref().map(|namespace| &namespace.meta);
    let mode = workload.facts.labels.value(DATAPLANE_MODE);
    let mode = mode.or_else(|| meta.and_then(|meta| meta.labels.value(DATAPLANE_MODE)));
    if mode.is_some_and(|mode| *mode == "ambient") {
        return Some((AMBIENT, "Istio's ambient mesh"));
    }
    let by_namespace = || {
        let inject = meta.and_then(|meta| meta.annotations.value(annotations::LINKERD_INJECT));
        inject.is_some_and(|value| *value == "enabled" || *value == "ingress")
    };
    workload.facts.linkerd.unwrap_or_else(by_namespace).then_some((LINKERD, "Linkerd"))
}
