//! Random worlds with Calico's policies, from alphabets so small that everything collides.

use std::net::IpAddr;

use proptest::{collection::vec, option, prelude::*, sample::select};
use ringwall::{model::Protocol, network::Direction};

use super::world::{Action, Comparison, Entity, Expr, Kubernetes, Map, Pod, Policy, Port, Rule, Set, Tier, World};

const NAMESPACES: [&str; 2] = ["red", "green"];
const PORTS: [u16; 7] = [1, 53, 80, 81, 443, 8080, 65535];
const NETS: [&str; 8] =
    ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.3", "10.1.2.4/31", "192.168.1.5/24", "::/0", "2001:db8::/64", "fd00::1"];
const ADDRESSES: [&str; 4] = ["10.1.2.3", "10.1.2.5", "192.168.1.9", "172.16.0.1"];
const PROTOCOLS: [&str; 5] = ["TCP", "UDP", "132", "ICMP", "136"];

fn one_of(texts: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    select(texts.to_vec()).prop_map(str::to_owned)
}

fn labels() -> impl Strategy<Value = Map> {
    vec((one_of(&["app", "team"]), one_of(&["a", "ab"])), 0..3).prop_map(|labels| labels.into_iter().collect())
}

fn leaf(keys: &'static [&'static str], values: &'static [&'static str]) -> BoxedStrategy<Expr> {
    use Comparison::{Contains, EndsWith, Equal, StartsWith, Unequal};
    let comparison = select(vec![Equal, Equal, Unequal, Contains, StartsWith, EndsWith]);
    prop_oneof![
        1 => Just(Expr::All),
        2 => one_of(keys).prop_map(Expr::Has),
        4 => (one_of(keys), comparison, one_of(values)).prop_map(|(key, comparison, value)| Expr::Is(key, comparison, value)),
        1 => (one_of(keys), vec(one_of(values), 0..3)).prop_map(|(key, values)| Expr::In(key, values)),
        1 => (one_of(keys), vec(one_of(values), 0..3)).prop_map(|(key, values)| Expr::NotIn(key, values)),
    ]
    .boxed()
}

fn expr(leaf: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Expr::Not(Box::new(part))),
            vec(inner.clone(), 1..3).prop_map(Expr::And),
            vec(inner, 1..3).prop_map(Expr::Or),
        ]
    })
}

fn selector() -> impl Strategy<Value = Expr> {
    let own = leaf(&["app", "team"], &["a", "b", "ab"]);
    let namespace =
        leaf(&["projectcalico.org/namespace", "pcns.team", "pcns.projectcalico.org/name"], &["red", "a", "r"]);
    let account = leaf(
        &["projectcalico.org/serviceaccount", "projectcalico.org/orchestrator", "pcsa.projectcalico.org/name"],
        &["k8s", "robot", "bot"],
    );
    expr(prop_oneof![6 => own, 2 => namespace, 1 => account].boxed())
}

fn namespace_selector() -> impl Strategy<Value = Expr> {
    let leaf = leaf(&["team", "projectcalico.org/name", "kubernetes.io/metadata.name"], &["a", "red", "green"]);
    expr(prop_oneof![6 => leaf, 1 => Just(Expr::Global)].boxed())
}

fn subject_namespace_selector() -> impl Strategy<Value = Expr> {
    expr(leaf(&["team", "projectcalico.org/name", "kubernetes.io/metadata.name"], &["a", "red", "green"]))
}

fn ports(size: std::ops::Range<usize>, weight: u32) -> impl Strategy<Value = Vec<Port>> {
    let range = (select(PORTS.to_vec()), select(PORTS.to_vec())).prop_map(|(a, b)| Port::Range(a.min(b), a.max(b)));
    let single = select(PORTS.to_vec()).prop_map(|port| Port::Range(port, port));
    let named = one_of(&["web", "dns"]).prop_map(Port::Named);
    vec(prop_oneof![3 => single, 1 => range, weight => named], size)
}

fn nets(size: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    vec(one_of(&NETS), size)
}

/// An entity with selectors or with networks, which the engine knows exactly.
fn exact_entity() -> impl Strategy<Value = Entity> {
    prop_oneof![
        2 => Just(Entity::default()),
        2 => (nets(0..3), nets(0..3)).prop_map(|(nets, not_nets)| Entity { nets, not_nets, ..Entity::default() }),
        4 => (option::of(selector()), option::of(namespace_selector()), prop_oneof![4 => Just(vec![]), 1 => Just(vec!["robot".to_owned()])])
            .prop_map(|(selector, namespace_selector, accounts)| Entity { selector, namespace_selector, accounts, ..Entity::default() }),
    ]
}

fn any_entity() -> impl Strategy<Value = Entity> {
    let mixed = (exact_entity(), exact_entity(), option::weighted(0.5, selector()), ports(0..2, 1)).prop_map(
        |(selected, networked, not_selector, ports)| Entity {
            nets: networked.nets,
            not_nets: networked.not_nets,
            not_selector,
            ports,
            ..selected
        },
    );
    prop_oneof![1 => exact_entity(), 1 => mixed]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![4 => Just(Action::Allow), 3 => Just(Action::Deny), 1 => Just(Action::Log), 2 => Just(Action::Pass)]
}

/// A rule of a direction. The other side is the Pod itself.
fn exact_rule(direction: Direction) -> impl Strategy<Value = Rule> {
    let own = prop_oneof![5 => Just(None), 1 => selector().prop_map(Some)];
    let with_ports = (select(vec!["TCP", "UDP", "132"]), ports(1..3, 2), Just(vec![])).boxed();
    let without = (select(vec!["TCP", "UDP", "132"]), Just(vec![]), ports(1..3, 0)).boxed();
    let ports = prop_oneof![
        3 => Just((None, vec![], vec![])),
        1 => select(PROTOCOLS.to_vec()).prop_map(|protocol| (Some(protocol), vec![], vec![])),
        3 => prop_oneof![2 => with_ports, 1 => without].prop_map(|(protocol, ports, not)| (Some(protocol), ports, not)),
    ];
    let not_protocol = option::weighted(0.1, select(PROTOCOLS.to_vec()));
    (action(), ports, not_protocol, exact_entity(), own).prop_map(
        move |(action, (protocol, ports, not_ports), not_protocol, peer, own)| {
            let own = Entity { selector: own, ..Entity::default() };
            let (source, destination) = if direction == Direction::Ingress { (peer, own) } else { (own, peer) };
            let destination = Entity { ports, not_ports, ..destination };
            Rule { action, ip_version: None, protocol, not_protocol, source, destination }
        },
    )
}

fn any_rule(direction: Direction) -> impl Strategy<Value = Rule> {
    let mixed = (exact_rule(direction), any_entity(), any_entity(), option::of(select(vec![4, 6]))).prop_map(
        |(rule, source, destination, ip_version)| {
            let ports = rule.destination.ports;
            let protocol = rule.protocol.or(Some("TCP"));
            let not_ports = destination.ports.clone();
            Rule { source, destination: Entity { ports, not_ports, ..destination }, ip_version, protocol, ..rule }
        },
    );
    prop_oneof![1 => exact_rule(direction), 1 => mixed]
}

fn policy(exact: bool) -> impl Strategy<Value = Policy> {
    let rules = move |direction| {
        let rule = if exact { exact_rule(direction).boxed() } else { any_rule(direction).boxed() };
        vec(rule, 0..4)
    };
    let place = (
        prop_oneof![1 => Just(None), 1 => one_of(&NAMESPACES).prop_map(Some)],
        any::<bool>(),
        option::of(one_of(&["default", "first", "last", "kube-admin", "kube-baseline"])),
        option::of(select(vec![-1.0, 100.0, 1000.0, 1000.5])),
    );
    let account = expr(leaf(&["projectcalico.org/name"], &["robot", "bot"]));
    let whom = (
        option::of(selector()),
        option::weighted(0.3, subject_namespace_selector()),
        option::weighted(0.1, account),
        option::weighted(0.6, vec(select(Direction::BOTH.to_vec()), 0..3)),
    );
    (place, whom, rules(Direction::Ingress), rules(Direction::Egress), one_of(&["a", "k", "z"])).prop_map(
        |((namespace, stored, tier, order), (selector, namespaces, account_selector, types), ingress, egress, name)| {
            Policy {
                name,
                namespace_selector: namespaces.filter(|_| namespace.is_none()),
                namespace,
                stored,
                tier,
                order,
                selector,
                account_selector,
                types,
                ingress,
                egress,
            }
        },
    )
}

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    let tier = |name: &'static str, orders: Vec<Option<f64>>| {
        (select(orders), select(vec![None, Some("Deny"), Some("Pass")]), any::<bool>()).prop_map(
            move |(order, default_action, stored)| Tier { name: name.to_owned(), order, default_action, stored },
        )
    };
    (tier("first", vec![Some(-5.0), Some(10.0), Some(1_000.0)]), tier("last", vec![Some(1_000_000.0), Some(2e6), None]))
        .prop_map(|(first, last)| vec![first, last])
}

fn set() -> impl Strategy<Value = Set> {
    let namespace = option::of(one_of(&NAMESPACES));
    (namespace, labels(), nets(0..3), any::<bool>()).prop_map(|(namespace, labels, nets, stored)| Set {
        name: String::new(),
        namespace,
        labels,
        nets,
        stored,
    })
}

fn kubernetes() -> impl Strategy<Value = Kubernetes> {
    let admits = option::of((one_of(&["0.0.0.0/0", "10.0.0.0/8", "::/0"]), select(PORTS.to_vec())));
    (one_of(&NAMESPACES), option::of(one_of(&["a", "ab"])), select(Direction::BOTH.to_vec()), admits).prop_map(
        |(namespace, app, direction, admits)| Kubernetes { name: String::new(), namespace, app, direction, admits },
    )
}

fn pod(index: usize) -> impl Strategy<Value = Pod> {
    let port = (one_of(&["web", "dns"]), select(Protocol::ALL.to_vec()), select(PORTS.to_vec()));
    let account = one_of(&["robot", "default"]);
    (one_of(&NAMESPACES), labels(), account, vec(port, 0..3), prop::bool::weighted(0.1)).prop_map(
        move |(namespace, labels, account, ports, host_network)| Pod {
            namespace,
            labels,
            account,
            ports: if host_network { vec![] } else { ports },
            host_network,
            address: [ADDRESSES[index].parse::<IpAddr>().unwrap()],
        },
    )
}

/// A world that the engine knows exactly.
pub(crate) fn exact_world() -> impl Strategy<Value = World> {
    world_of(true)
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    world_of(false)
}

fn world_of(exact: bool) -> impl Strategy<Value = World> {
    let namespaces = NAMESPACES.map(|name| labels().prop_map(move |labels| (name.to_owned(), labels)));
    let policies = (vec(policy(exact), 0..5), vec(kubernetes(), 0..2));
    (namespaces, tiers(), vec(set(), 0..3), policies, (pod(0), pod(1), pod(2))).prop_map(
        move |(namespaces, tiers, mut sets, (mut policies, mut kubernetes), (first, second, third))| {
            for (index, set) in sets.iter_mut().enumerate() {
                set.name = format!("set-{index}");
            }
            for (index, policy) in policies.iter_mut().enumerate() {
                policy.name = format!("{}{index}", policy.name);
                // What the Pod itself must be is not known by sets of networks.
                let own = policy.ingress.iter_mut().map(|rule| &mut rule.destination);
                let own = own.chain(policy.egress.iter_mut().map(|rule| &mut rule.source));
                if exact && !sets.is_empty() {
                    own.for_each(|entity| entity.selector = None);
                }
            }
            for (index, policy) in kubernetes.iter_mut().enumerate() {
                policy.name = format!("policy-{index}");
            }
            let pods = vec![first, second, third];
            World { namespaces: namespaces.into_iter().collect(), tiers, sets, policies, kubernetes, pods }
        },
    )
}
