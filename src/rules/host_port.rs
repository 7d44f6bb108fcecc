//! `host-port`: a port of the node that leads into the Pod.

use std::collections::BTreeSet;

use crate::snapshot::Need;

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    isolation::{governed, place},
};

/// The rule.
pub(super) struct HostPort;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("host-port"),
    family: Family("host-port"),
    level: Level::Baseline,
    what: "`hostPort`: a port of the node that is forwarded into the Pod.",
    why: "The port is open on every address of the node, past Services and Ingresses, and what comes through it may carry the node's \
          address, which policies that admit the node let in.",
    sources: &[
        "https://kubernetes.io/docs/concepts/configuration/overview/",
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    ],
    parameters: &[],
    aspect: "the port",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: web
      image: example.com/web:1
      ports: [{containerPort: 8080, hostPort: 80}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
    - name: web
      image: example.com/web:1
      ports: [{containerPort: 8080}]
",
    mend: "Remove hostPort and expose the port by a Service, or exempt the workload in the ruleset.",
};

impl Rule for HostPort {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        // On the node's network every port is the node's, and `host-network` has said so.
        let Some(workload) = governed(context, subject) else { return };
        let ports: BTreeSet<_> =
            workload.facts.ports.iter().filter_map(|port| Some((port.protocol, port.host_port?))).collect();
        out.extend(ports.into_iter().map(|(protocol, number)| Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: Aspect::Port(protocol, number),
            extent: Extent::Count(1),
            certain: Ok(()),
        }));
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let workload = breach.subject.workload(context.snapshot);
        let places = workload.iter().flat_map(|workload| {
            let matching = workload.facts.ports.iter().filter(|port| {
                port.host_port.is_some_and(|number| breach.aspect == Aspect::Port(port.protocol, number))
            });
            matching.map(|port| place(workload, &format!("{}.hostPort", port.at)))
        });
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!(
                "{reference} opens {} of its node (hostPort), past every Service and Ingress",
                breach.aspect
            ),
            why: INFO.why.to_owned(),
            fix: Fix::Words("remove hostPort and expose the port by a Service, or exempt it in the ruleset".to_owned()),
            places: places.collect(),
            subject: reference,
        }
    }
}
