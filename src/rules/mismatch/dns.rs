//! Who answers DNS in a cluster.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, OnceLock},
};

use crate::{
    model::{Kind, Name, Object, ObjectKey, PodFacts, Protocol},
    snapshot::Snapshot,
};

/// Where `NodeLocal DNSCache` listens on every node (kubernetes/cluster/addons/dns/nodelocaldns).
pub(in crate::rules) const NODE_LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 20, 10));

/// The namespaces and labels of the Pods that answer: `CoreDNS` and kube-dns, and OpenShift's.
const SERVERS: [(&str, &str, &str); 2] =
    [("kube-system", "k8s-app", "kube-dns"), ("openshift-dns", "dns.operator.openshift.io/daemonset-dns", "default")];

/// Pods that answer DNS.
#[derive(Clone, Debug)]
pub(in crate::rules) struct DnsServer {
    /// Their namespace.
    pub(in crate::rules) namespace: Name,
    /// What policies read of them.
    pub(in crate::rules) facts: Arc<PodFacts>,
    /// Their addresses.
    pub(in crate::rules) addresses: Vec<IpAddr>,
    /// The port on which they answer UDP.
    pub(in crate::rules) port: u16,
    /// The label by which they are known.
    pub(in crate::rules) label: (&'static str, &'static str),
}

#[derive(Default)]
struct Servers(OnceLock<Arc<[DnsServer]>>);

/// The DNS servers of a snapshot; none where they are not in it.
pub(in crate::rules) fn dns_servers(snapshot: &Snapshot) -> Arc<[DnsServer]> {
    let table = snapshot.memo().table::<Servers>();
    Arc::clone(table.0.get_or_init(|| {
        let found = SERVERS.iter().flat_map(|(namespace, key, value)| servers(snapshot, namespace, (key, value)));
        found.collect()
    }))
}

fn servers(snapshot: &Snapshot, namespace: &str, label: (&'static str, &'static str)) -> Vec<DnsServer> {
    let namespace = Name::from(namespace);
    let is_one = |facts: &PodFacts| facts.labels.value(label.0).is_some_and(|value| value == label.1);
    let server = |facts: &Arc<PodFacts>, addresses| DnsServer {
        namespace: namespace.clone(),
        port: port_of(facts),
        facts: Arc::clone(facts),
        addresses,
        label,
    };
    let classes = snapshot.classes(Some(&namespace)).filter(|(_, class)| is_one(&class.facts));
    let mut found: Vec<DnsServer> = classes
        .map(|(_, class)| {
            let pods = class.pods.iter().map(|name| ObjectKey::namespaced(Kind::Pod, namespace.clone(), name.clone()));
            let addresses = pods.filter_map(|key| match snapshot.object(&key).found() {
                Some(Object::Pod(pod)) => Some(pod.addresses.to_vec()),
                _ => None,
            });
            server(&class.facts, addresses.flatten().collect())
        })
        .collect();
    if found.is_empty() {
        let templates = snapshot.templates_where(Some(&namespace), |facts| is_one(facts));
        found.extend(templates.filter_map(Object::pod_facts).map(|facts| server(facts, Vec::new())));
    }
    found
}

/// The port named so, or the one that DNS has, or the first of UDP.
fn port_of(facts: &PodFacts) -> u16 {
    let udp = || facts.ports.iter().filter(|port| port.protocol == Protocol::Udp);
    let named = udp().find(|port| port.name.as_deref().is_some_and(|name| name.starts_with("dns")));
    named.or_else(|| udp().find(|port| port.number == 53)).or_else(|| udp().next()).map_or(53, |port| port.number)
}
