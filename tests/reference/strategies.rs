//! Random worlds, from alphabets so small that everything collides.

use proptest::{collection::vec, option, prelude::*, sample::select};
use ringwall::{model::Protocol, network::Direction};

use crate::world::{Labelled, Map, Operator, Peer, Pod, Policy, Port, PortValue, Rule, World};

pub(crate) const NAMESPACES: [&str; 3] = ["red", "green", "blue"];
const METADATA_NAME: &str = "kubernetes.io/metadata.name";
pub(crate) const PORTS: [u16; 10] = [1, 2, 53, 79, 80, 81, 443, 8080, 65534, 65535];
pub(crate) const NAMES: [&str; 3] = ["web", "dns", "nowhere"];
pub(crate) const NETWORKS: [&str; 22] = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "0.0.0.0/2",
    "64.0.0.0/2",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "10.128.0.0/9",
    "10.1.2.3/32",
    "10.1.2.4/31",
    "192.168.1.5/24",
    "169.254.169.254/32",
    "255.255.255.255/32",
    "::/0",
    "::/1",
    "8000::/1",
    "2000::/3",
    "fd00::/8",
    "fd00:ec2::254/128",
    "::ffff:0:0/96",
    "::ffff:10.0.0.0/104",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
];

pub(crate) fn labels() -> impl Strategy<Value = Map> {
    let label = (select(vec!["app", "team", "tier"]), select(vec!["a", "b"]));
    vec(label, 0..3).prop_map(|labels| labels.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

fn selector(keys: Vec<(&'static str, Vec<&'static str>)>) -> impl Strategy<Value = Labelled> {
    let operator = select(vec![Operator::In, Operator::NotIn, Operator::Exists, Operator::DoesNotExist]);
    let expression = (select(keys.clone()), operator, any::<(bool, bool)>());
    let expression = expression.prop_map(|((key, values), operator, (first, second))| {
        let taken = [first || !second, second].into_iter().zip(&values);
        let values = taken.filter(|(taken, _)| *taken).map(|(_, value)| (*value).to_owned());
        (key.to_owned(), operator, values.collect())
    });
    let label = select(keys).prop_map(|(key, values)| (key.to_owned(), values[0].to_owned()));
    (
        vec(label, 0..2),
        prop_oneof![3 => Just(0..1), 2 => Just(1..2), 1 => Just(2..3)]
            .prop_flat_map(move |size| vec(expression.clone(), size)),
    )
        .prop_map(|(labels, expressions)| Labelled { labels: labels.into_iter().collect(), expressions })
}

pub(crate) fn pod_selector() -> impl Strategy<Value = Labelled> {
    selector(vec![("app", vec!["a", "b"]), ("team", vec!["a", "b"]), ("tier", vec!["b", "a"])])
}

pub(crate) fn namespace_selector() -> impl Strategy<Value = Labelled> {
    selector(vec![("team", vec!["a", "b"]), (METADATA_NAME, vec!["red", "green"])])
}

pub(crate) fn protocol() -> impl Strategy<Value = Protocol> {
    select(Protocol::ALL.to_vec())
}

fn port() -> impl Strategy<Value = Port> {
    let value = prop_oneof![
        1 => Just((None, None)),
        3 => (select(PORTS.to_vec()), option::of(select(PORTS.to_vec()))).prop_map(|(number, end)| {
            let end = end.filter(|end| *end >= number);
            (Some(PortValue::Number(number)), end)
        }),
        2 => select(NAMES.to_vec()).prop_map(|name| (Some(PortValue::Name(name.to_owned())), None)),
    ];
    (option::of(protocol()), value).prop_map(|(protocol, (value, end))| Port { protocol, value, end })
}

fn peer() -> impl Strategy<Value = Peer> {
    let network = || select(NETWORKS.to_vec()).prop_map(|text| text.parse().unwrap());
    prop_oneof![
        3 => (option::of(namespace_selector()), option::of(pod_selector())).prop_map(|(namespaces, pods)| {
            // An entry with nothing set is refused by the API server.
            let pods = pods.or_else(|| namespaces.is_none().then(Labelled::default));
            Peer::Selectors { namespaces, pods }
        }),
        2 => (network(), vec(network(), 0..3)).prop_map(|(cidr, except)| Peer::IpBlock { cidr, except }),
    ]
}

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    let peers = option::weighted(0.85, vec(peer(), 0..4));
    (peers, option::weighted(0.75, vec(port(), 0..4))).prop_map(|(peers, ports)| Rule { peers, ports })
}

fn policy() -> impl Strategy<Value = Policy> {
    let types = vec(select(Direction::BOTH.to_vec()), 0..3);
    let rules = || option::of(vec(rule(), 0..4));
    let namespace = prop_oneof![4 => Just("red"), 1 => Just("green")];
    let selector = prop_oneof![1 => Just(Labelled::default()), 2 => pod_selector()];
    (namespace, prop::bool::weighted(0.1), selector, option::of(types), rules(), rules()).prop_map(
        |(namespace, terminating, pod_selector, types, ingress, egress)| Policy {
            name: String::new(),
            namespace: namespace.to_owned(),
            terminating,
            pod_selector,
            types,
            ingress,
            egress,
        },
    )
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let namespaces = NAMESPACES.map(|name| labels().prop_map(move |labels| (name.to_owned(), labels)));
    (namespaces, vec(policy(), 0..6)).prop_map(|(namespaces, mut policies)| {
        for (index, policy) in policies.iter_mut().enumerate() {
            policy.name = format!("policy-{index}");
        }
        World { namespaces: namespaces.into_iter().collect(), policies }
    })
}

/// A Pod of the first namespace, in which most policies are.
pub(crate) fn subject() -> impl Strategy<Value = Pod> {
    pod("red", prop::bool::weighted(0.05))
}

/// A Pod of a namespace that nothing names, with whatever labels and ports.
pub(crate) fn stranger() -> impl Strategy<Value = Pod> {
    pod("a-namespace-that-nothing-names", Just(false))
}

pub(crate) fn pod(namespace: &'static str, host_network: impl Strategy<Value = bool>) -> impl Strategy<Value = Pod> {
    let name = option::of(select(vec!["web", "dns"]));
    let port = (name, protocol(), select(PORTS.to_vec()));
    (labels(), vec(port, 0..4), host_network).prop_map(move |(labels, ports, host_network)| Pod {
        namespace: namespace.to_owned(),
        labels,
        ports: ports.into_iter().map(|(name, protocol, port)| (name.map(str::to_owned), protocol, port)).collect(),
        host_network,
    })
}
