//! `permissive-mtls`: a workload in a mesh that accepts plaintext all the same.

use crate::{
    encryption::mesh::{Because, Mesh},
    snapshot::Need,
};

use super::{
    Breach, Context, Extent, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject, inside,
    isolation::{shell, stable},
    sensitive,
};

/// The rule.
pub(super) struct PermissiveMtls;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("permissive-mtls"),
    family: inside::FAMILY,
    level: Level::Baseline,
    what: "A workload in a mesh that accepts plaintext on some port. In `baseline` for workloads that are marked sensitive, in `restricted` \
           for all.",
    why: "A mesh encrypts only what comes from the mesh: as long as plaintext is accepted beside it, whoever is in the cluster connects \
          without an identity, and nothing shows it. Istio without a policy is PERMISSIVE, Linkerd by default all-unauthenticated; a policy \
          without a proxy proves nothing.",
    sources: &[
        "istio/pilot/pkg/security/authn/policy_applier.go, ComposePeerAuthentication",
        "https://istio.io/latest/docs/reference/config/security/peer_authentication/",
        "linkerd2/policy-controller/k8s/index/src/inbound/index.rs",
        "https://linkerd.io/2/reference/authorization-policy/",
    ],
    parameters: &[],
    aspect: "none",
    extent: "the TCP ports on which plaintext is accepted",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  mtls: {mode: STRICT}
  portLevelMtls: {9090: {mode: PERMISSIVE}}
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  mtls: {mode: STRICT}
",
    mend: "Istio: a PeerAuthentication whose mode is STRICT for the workload and all of its ports. Linkerd: \
           config.linkerd.io/default-inbound-policy: all-authenticated, and Servers whose authorizations all demand an identity.",
};

impl Rule for PermissiveMtls {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(workload) = context.workload(subject) else { return };
        let inbound = context.inbound(subject, &workload);
        if inbound.mesh.is_none() {
            return;
        }
        if let Some((ports, certain, _)) = inside::plaintext(&inbound) {
            out.push(inside::breach(&INFO, subject, ports, certain));
        }
    }

    fn level(&self, context: &Context<'_>, breach: &Breach) -> Option<Level> {
        let workload = context.workload(&breach.subject)?;
        Some(if sensitive::is_sensitive(context, &workload) { Level::Baseline } else { Level::Restricted })
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        inside::needs(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let mut finding = Finding {
            rule: INFO.id,
            aspect: String::new(),
            message: format!("{reference} accepts plaintext"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject: reference,
        };
        let Some(workload) = context.workload(&breach.subject) else { return finding };
        let inbound = context.inbound(&breach.subject, &workload);
        let because = inside::plaintext(&inbound).and_then(|(_, _, because)| because.cloned());
        let marked = sensitive::shown(context, &workload);
        let ports = match &breach.extent {
            Extent::Admission(admission) => inside::spoken(&admission.pods),
            Extent::Count(_) | Extent::Names(_) => String::new(),
        };
        let reference = &finding.subject;
        finding.message = match &because {
            Some(because) => format!("{reference}{marked} accepts plaintext on {ports}: {}", because.fact),
            None => format!("{reference}{marked} may accept plaintext on {ports}"),
        };
        finding.places = because.iter().filter_map(|because| inside::place_of(because, &workload)).collect();
        let labels = stable(&workload.facts.labels);
        let nobody = matches!(&because, Some(Because { place: None, annotation: None, .. }));
        let is_istio = matches!(inbound.mesh, Some(Mesh::IstioSidecar | Mesh::IstioAmbient));
        finding.fix = if nobody && is_istio && !labels.is_empty() {
            let (namespace, labels) = (shell(&workload.namespace), shell(&labels.to_string()));
            Fix::Command(format!("ringwall fix permissive-mtls -n {namespace} -l {labels} | kubectl apply -f -"))
        } else if because.is_none() && (workload.facts.mesh.net_admin || workload.facts.mesh.runs_as_proxy) {
            Fix::Words(
                "take NET_ADMIN, privileged and the user 1337 from its containers: with them it can go round its proxy"
                    .into(),
            )
        } else {
            Fix::Words(inside::mend(inbound.mesh, because.as_ref(), &workload.namespace))
        };
        finding
    }
}
