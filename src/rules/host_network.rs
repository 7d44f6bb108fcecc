//! `host-network`: Pods on their node's network, which no policy governs.

use crate::snapshot::Need;

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject, isolation::place,
};

/// The rule.
pub(super) struct HostNetwork;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("host-network"),
    family: Family("host-network"),
    level: Level::Baseline,
    what: "`hostNetwork: true`: the Pod uses its node's network.",
    why: "No NetworkPolicy governs such a Pod: every port that it opens is open on the node, and it reaches whatever the node reaches, \
          the kubelet and the cloud's metadata included.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    ],
    parameters: &[],
    aspect: "none",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec:
  hostNetwork: true
  containers: [{name: agent, image: example.com/agent:1}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec:
  containers: [{name: agent, image: example.com/agent:1}]
",
    mend: "Remove hostNetwork, or exempt the workload in the ruleset where it has to be on its node's network.",
};

impl Rule for HostNetwork {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(workload) = context.workload(subject) else { return };
        if workload.facts.host_network {
            out.push(Breach {
                rule: INFO.id,
                family: INFO.family,
                subject: subject.clone(),
                aspect: Aspect::Whole,
                extent: Extent::Count(1),
                certain: Ok(()),
            });
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let workload = breach.subject.workload(context.snapshot);
        Finding {
            rule: INFO.id,
            aspect: String::new(),
            message: format!("{reference} uses its node's network (hostNetwork), which no NetworkPolicy governs"),
            why: INFO.why.to_owned(),
            fix: Fix::Words("remove hostNetwork, or exempt it in the ruleset".to_owned()),
            places: workload.iter().map(|workload| place(workload, "spec.hostNetwork")).collect(),
            subject: reference,
        }
    }
}
