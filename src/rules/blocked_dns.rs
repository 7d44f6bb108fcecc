//! `blocked-dns`: a workload that may connect out and cannot resolve a name.

use crate::{
    model::{PortSet, Protocol},
    network::{Direction, Party, Peer, PodView, Ports, Rule as PolicyRule, half, namespace_labels},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    isolation::place,
    mismatch::{NODE_LOCAL, Side, breach, dns_servers},
};

/// The rule.
pub(super) struct BlockedDns;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("blocked-dns"),
    family: Family("blocked-dns"),
    level: Level::Hint,
    what: "A workload that is isolated for egress, may connect to somebody, and may not ask DNS: not the cluster's DNS Pods on their port, \
           nor NodeLocal DNSCache; where they are not known, nobody on UDP 53. Who may connect to nobody, to single addresses only, \
           or to everybody on the API server's ports only, needs none.",
    why: "Isolation cuts DNS as it cuts everything, and the workload cannot find those whom its policies admit. A port without protocol \
          is TCP; OpenShift's DNS Pods listen on 5353.",
    sources: &[
        "https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/",
        "https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/",
    ],
    parameters: &[],
    aspect: "none",
    extent: "1",
    breaks: "\
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
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: database}}}]
      ports: [{port: 5432}]
",
    keeps: "\
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
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: database}}}]
      ports: [{port: 5432}]
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
",
    mend: "Admit UDP and TCP 53 to the cluster's DNS Pods.",
};

impl Rule for BlockedDns {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(side) = Side::of(context, subject, Direction::Egress) else { return };
        if !side.accepting().any(|(_, rule)| needs_names(rule)) || asks(context, &side) {
            return;
        }
        out.push(breach(&INFO, subject, Aspect::Whole, side.certain(context)));
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let side = Side::of(context, &breach.subject, Direction::Egress);
        let servers = dns_servers(context.snapshot);
        let by_tcp = side.as_ref().is_some_and(|side| side.admits(context, Protocol::Tcp, 53));
        let (whom, fix) = match servers.first() {
            Some(server) => {
                let (key, value) = server.label;
                let port = server.port;
                (
                    format!("the DNS Pods of {} on UDP {port}", server.namespace),
                    format!(
                        "admit UDP and TCP {port} to Pods with {key}: {value} in the namespace {}",
                        server.namespace
                    ),
                )
            }
            None => (
                "anybody on UDP 53".to_owned(),
                "admit UDP and TCP 53 to Pods with k8s-app: kube-dns in the namespace kube-system".to_owned(),
            ),
        };
        let tcp = if by_tcp { "; TCP 53 alone is not enough, and a port without protocol is TCP" } else { "" };
        let in_policy = side.as_ref().and_then(Side::policy_name).map(|name| format!(" in {name}")).unwrap_or_default();
        let mut places = side.as_ref().map(Side::places).unwrap_or_default();
        places.extend(side.iter().map(|side| place(&side.workload, "metadata.labels")));
        Finding {
            rule: INFO.id,
            aspect: String::new(),
            message: format!("{reference} may connect out and cannot resolve a name: it may not reach {whom}{tcp}"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(format!("{fix}{in_policy}")),
            places,
            subject: reference,
        }
    }
}

/// Whether the workload may ask somebody who answers.
fn asks(context: &Context<'_>, side: &Side) -> bool {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    let servers = dns_servers(snapshot);
    if servers.is_empty() {
        return side.admits_by(context, Protocol::Udp, 53, may_mean_dns);
    }
    let somebody = side.admits(context, Protocol::Udp, 53);
    let workload = &side.workload;
    let labels = namespace_labels(snapshot, &workload.namespace);
    let pod = PodView { namespace: &workload.namespace, namespace_labels: &labels, facts: &workload.facts };
    let lets = |destination: Party<'_>, port: u16| {
        let ports = half(snapshot, plugin, Party::Pod(pod, &[]), destination, Direction::Egress);
        ports.most.contains(Protocol::Udp, port)
    };
    let server = servers.iter().any(|server| {
        let labels = namespace_labels(snapshot, &server.namespace);
        let view = PodView { namespace: &server.namespace, namespace_labels: &labels, facts: &server.facts };
        lets(Party::Pod(view, &server.addresses), server.port)
    });
    server || (somebody && lets(Party::Address(NODE_LOCAL), 53))
}

/// Whether those whom a rule admits are found by name. The API server, which no selector names, is found by its address.
fn needs_names(rule: &PolicyRule) -> bool {
    let is_everyone = rule.peers.iter().all(|(peer, _)| *peer == Peer::Everyone);
    let api_server: PortSet = [443, 6443].map(|port| (Protocol::Tcp, port..=port)).into_iter().collect();
    !(is_everyone && rule.ports.names.is_empty() && rule.ports.numbers.is_within(&api_server))
}

/// Whether a rule that admits UDP 53 may be there for DNS: it speaks of ports, or of others than Pods of its own namespace.
fn may_mean_dns(rule: &PolicyRule) -> bool {
    let is_own = |peer: &Peer| matches!(peer, Peer::Pods { namespace: Some(_), pods, .. } if !pods.is_everything());
    rule.ports != Ports::every() || rule.peers.iter().any(|(peer, _)| !is_own(peer))
}
