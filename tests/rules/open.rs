//! `open-ingress` and `open-egress`: the ways round isolation are closed.

use ringwall::rules::{self, Aspect, Extent};

use crate::world::{Court, WEB, breaks, broken, policy, snapshot};

fn ingress(rules: &str) -> String {
    format!("{WEB}{}", policy("web", &format!("policyTypes: [Ingress], ingress: {rules}")))
}

fn egress(rules: &str) -> String {
    format!("{WEB}{}", policy("web", &format!("policyTypes: [Egress], egress: {rules}")))
}

/// Peers that everybody is, as `from` or `to`.
const EVERYBODY: [&str; 8] = [
    "[{namespaceSelector: {}}]",
    "[{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [none]}]}}]",
    "[{namespaceSelector: {}, podSelector: {matchExpressions: [{key: evil, operator: DoesNotExist}]}}]",
    "[{ipBlock: {cidr: 0.0.0.0/0}}]",
    "[{ipBlock: {cidr: 0.0.0.0/1}}]",
    "[{ipBlock: {cidr: 0.0.0.0/2}}, {ipBlock: {cidr: 64.0.0.0/2}}]",
    "[{ipBlock: {cidr: '::/0'}}]",
    "[{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 169.254.169.254/32]}}]",
];

#[test]
fn a_rule_that_admits_everybody_is_open() {
    assert!(breaks("open-ingress", &ingress("[{}]")) && breaks("open-egress", &egress("[{}]")));
    for peers in EVERYBODY {
        assert!(breaks("open-ingress", &ingress(&format!("[{{from: {peers}}}]"))), "{peers}");
        assert!(breaks("open-egress", &egress(&format!("[{{to: {peers}}}]"))), "{peers}");
    }
}

#[test]
fn all_ports_but_one_are_open() {
    for ports in ["[{port: 1, endPort: 65534}]", "[{protocol: UDP}]", "[{port: 1, endPort: 1024}, {port: 2000}]"] {
        assert!(breaks("open-ingress", &ingress(&format!("[{{ports: {ports}}}]"))), "{ports}");
    }
}

#[test]
fn what_several_policies_admit_is_put_together() {
    let half = |name: &str, cidr: &str| {
        policy(name, &format!("policyTypes: [Ingress], ingress: [{{from: [{{ipBlock: {{cidr: {cidr}}}}}]}}]"))
    };
    assert!(!breaks("open-ingress", &format!("{WEB}{}", half("a", "0.0.0.0/2"))));
    let both = format!("{WEB}{}{}", half("a", "0.0.0.0/2"), half("b", "128.0.0.0/2"));
    assert!(breaks("open-ingress", &both));
    let ports = |name: &str, first: u16, last: u16| {
        policy(name, &format!("policyTypes: [Ingress], ingress: [{{ports: [{{port: {first}, endPort: {last}}}]}}]"))
    };
    assert!(breaks("open-ingress", &format!("{WEB}{}{}", ports("a", 1, 800), ports("b", 801, 1600))));
}

#[test]
fn what_names_its_peers_or_few_ports_is_not_open() {
    for rules in [
        "[]",
        "[{from: [{podSelector: {}}]}]",
        "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}]",
        "[{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: front}}}]}]",
        "[{ports: [{port: 8080}]}]",
        "[{ports: [{port: http}]}]",
        "[{ports: [{port: 1, endPort: 1024}]}]",
        "[{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]",
    ] {
        assert!(!breaks("open-ingress", &ingress(rules)), "{rules}");
    }
}

#[test]
fn the_number_of_ports_is_a_parameter() {
    let mut court = Court::of(snapshot(&ingress("[{ports: [{port: 8080}, {port: 8081}]}]")));
    let info = rules::rule("open-ingress").unwrap().info();
    court.parameters.set(info, "ports", &rules::Given::Number(2)).unwrap();
    assert!(court.of_rule("open-ingress").is_empty());
    court.parameters.set(info, "ports", &rules::Given::Number(1)).unwrap();
    assert_eq!(court.of_rule("open-ingress").len(), 1);
}

#[test]
fn one_direction_has_one_of_unisolated_open_and_wide() {
    let scale = |world: &str| {
        let mut rules = broken(world);
        rules.retain(|rule| ["unisolated-ingress", "open-ingress", "wide-peer"].contains(rule));
        rules.into_iter().collect::<Vec<_>>()
    };
    // Egress closed, so that wide-peer speaks of ingress.
    let closed = policy("egress", "policyTypes: [Egress]");
    assert_eq!(scale(&format!("{WEB}{closed}")), ["unisolated-ingress"]);
    assert_eq!(scale(&format!("{}{closed}", ingress("[{}]"))), ["open-ingress"]);
    assert_eq!(scale(&format!("{}{closed}", ingress("[{ports: [{port: 80}]}]"))), ["wide-peer"]);
}

#[test]
fn the_extent_grows_with_what_is_admitted_and_only_with_that() {
    let extent = |world: &str| {
        let court = Court::of(snapshot(world));
        let direction = Aspect::Direction(ringwall::network::Direction::Ingress);
        let breaches = court.all().into_iter().filter(|breach| breach.aspect.scale() == direction);
        let family: Vec<Extent> =
            breaches.filter(|breach| breach.family.0 == "isolation").map(|breach| breach.extent).collect();
        assert_eq!(family.len(), 1, "{world}");
        family.into_iter().next().unwrap()
    };
    let unisolated = extent(WEB);
    let open = extent(&ingress("[{}]"));
    let wide = extent(&ingress("[{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"));
    let every_address = extent(&ingress("[{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"));
    let labelled = |label: &str| {
        let pods = format!("{{matchLabels: {{app: {label}}}}}");
        extent(&ingress(&format!("[{{from: [{{namespaceSelector: {{}}, podSelector: {pods}}}]}}]")))
    };
    let every_pod = extent(&ingress("[{from: [{namespaceSelector: {}}]}]"));
    assert!(!open.exceeds([&unisolated]) && !wide.exceeds([&unisolated]) && !wide.exceeds([&every_address]));
    assert!(every_address.exceeds([&wide]) && open.exceeds([&every_address]) && open.exceeds([&every_pod]));
    // Labels that anybody may take are less than no labels, and one label is not another.
    assert!(every_pod.exceeds([&labelled("front")]) && !labelled("front").exceeds([&every_pod]));
    assert!(labelled("other").exceeds([&labelled("front")]) && !labelled("front").exceeds([&labelled("front")]));
}
