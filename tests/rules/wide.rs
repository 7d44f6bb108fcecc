//! `wide-peer` and `metadata-endpoint`.

use ringwall::{
    model::Kind,
    network::Direction,
    rules::{self, Aspect},
    snapshot::{Blind, Edit, Scope},
};

use crate::world::{Court, WEB, breaks, policy, snapshot};

/// A world in which egress is closed and ingress has these rules.
fn ingress(rules: &str) -> String {
    let spec = format!("policyTypes: [Ingress, Egress], ingress: {rules}");
    format!("{WEB}{}", policy("web", &spec))
}

/// A world in which ingress is closed and egress has these rules.
fn egress(rules: &str) -> String {
    let spec = format!("policyTypes: [Ingress, Egress], egress: {rules}");
    format!("{WEB}{}", policy("web", &spec))
}

const FROM_EVERYBODY: &str = "[{ports: [{port: 8080}]}]";

fn service(spec: &str) -> String {
    format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n")
}

fn routed_by(spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n"
    )
}

#[test]
fn entries_that_name_nobody_are_wide() {
    for rules in [
        FROM_EVERYBODY,
        "[{from: [{namespaceSelector: {}}], ports: [{port: 8080}]}]",
        "[{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: front}}}]}]",
        "[{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [b]}]}}], ports: [{port: 80}]}]",
        "[{from: [{ipBlock: {cidr: 10.0.0.0/15}}]}]",
        "[{from: [{ipBlock: {cidr: '2001:db8::/47'}}]}]",
    ] {
        assert!(breaks("wide-peer", &ingress(rules)), "{rules}");
    }
}

#[test]
fn entries_that_name_somebody_are_not() {
    for rules in [
        "[]",
        "[{from: [{podSelector: {}}]}]",
        "[{from: [{namespaceSelector: {matchLabels: {team: a}}}]}]",
        "[{from: [{ipBlock: {cidr: 10.0.0.0/16}}]}]",
        "[{from: [{ipBlock: {cidr: 10.0.0.0/15, except: [10.0.0.0/16]}}]}]",
        "[{from: [{ipBlock: {cidr: '2001:db8::/48'}}]}]",
    ] {
        assert!(!breaks("wide-peer", &ingress(rules)), "{rules}");
    }
}

#[test]
fn a_wide_network_in_pieces_is_wide() {
    let peers = |count: u8| {
        let blocks: Vec<String> = (0..count).map(|n| format!("{{ipBlock: {{cidr: 10.{n}.0.0/16}}}}")).collect();
        ingress(&format!("[{{from: [{}]}}]", blocks.join(", ")))
    };
    assert!(!breaks("wide-peer", &peers(1)));
    let found = Court::of(snapshot(&peers(2))).of_rule("wide-peer");
    assert_eq!(found.iter().map(|breach| &breach.aspect).collect::<Vec<_>>(), [&Aspect::Direction(Direction::Ingress)]);
}

#[test]
fn prefixes_are_parameters() {
    let mut court = Court::of(snapshot(&ingress("[{from: [{ipBlock: {cidr: 10.0.0.0/15}}]}]")));
    court.parameters.set(rules::rule("wide-peer").unwrap().info(), "ipv4Prefix", &rules::Given::Number(8)).unwrap();
    assert!(court.of_rule("wide-peer").is_empty());
}

#[test]
fn what_is_exposed_on_purpose_may_admit_everybody() {
    let world = |more: &str| format!("{}{more}", ingress(FROM_EVERYBODY));
    let plain = "{selector: {app: web}, ports: [{port: 80}]}";
    for exposure in ["LoadBalancer", "NodePort"] {
        let spec = format!("{{type: {exposure}, selector: {{app: web}}, ports: [{{port: 80}}]}}");
        assert!(!breaks("wide-peer", &world(&service(&spec))), "{exposure}");
    }
    let backend = "{service: {name: web, port: {number: 80}}}";
    let by_rule = format!("{{rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {backend}}}]}}}}]}}");
    let by_default = format!("{{defaultBackend: {backend}}}");
    for spec in [by_rule, by_default] {
        assert!(!breaks("wide-peer", &world(&format!("{}{}", service(plain), routed_by(&spec)))), "{spec}");
        assert!(breaks("wide-peer", &world(&routed_by(&spec))), "an Ingress without its Service exposes nobody");
    }
    assert!(breaks("wide-peer", &world(&service(plain))), "a Service inside of the cluster exposes nobody");
    let another = "{type: LoadBalancer, selector: {app: api}, ports: [{port: 80}]}";
    assert!(breaks("wide-peer", &world(&service(another))), "a Service of another workload");
}

#[test]
fn exposure_excuses_ingress_only() {
    let exposed = service("{type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}");
    let world = format!("{}{exposed}", egress("[{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 443}]}]"));
    assert!(breaks("wide-peer", &world));
}

#[test]
fn whether_something_exposes_it_is_unknown_where_services_are_out_of_sight() {
    for kind in [Kind::Service, Kind::Ingress] {
        let blind = Edit::Cover(Scope { kind, namespace: None }, Err(Blind::Forbidden(kind)));
        let court = Court::of(snapshot(&ingress(FROM_EVERYBODY)).with([blind]).0);
        let found = court.of_rule("wide-peer");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].certain, Err(Blind::Forbidden(kind)));
    }
}

#[test]
fn dns_of_the_cluster_is_a_narrow_peer_and_dns_of_everybody_is_wide() {
    let dns = "{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}";
    let rules = |peer: &str| egress(&format!("[{{to: {peer}, ports: [{{protocol: UDP, port: 53}}]}}]"));
    assert!(!breaks("wide-peer", &rules(&format!("[{dns}]"))));
    assert!(breaks("wide-peer", &rules("[]")) && breaks("wide-peer", &rules("[{namespaceSelector: {}}]")));
    assert!(breaks("wide-peer", &egress("[{ports: [{port: dns}]}]")), "any Pod may declare a port of that name");
}

#[test]
fn the_metadata_addresses_are_reached_by_http_from_a_network_that_holds_them() {
    for rules in [
        "[{}]",
        "[{ports: [{port: 80}]}]",
        "[{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 80}]}]",
        "[{to: [{ipBlock: {cidr: 169.254.0.0/16}}]}]",
        "[{to: [{ipBlock: {cidr: '::/0', except: ['2001:db8::/32']}}]}]",
        // What one entry excepts, another admits.
        "[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}, {ipBlock: {cidr: 169.254.169.0/24}}]}]",
    ] {
        assert!(breaks("metadata-endpoint", &egress(rules)), "{rules}");
    }
    for rules in [
        "[]",
        "[{ports: [{port: 443}]}]",
        "[{to: [{namespaceSelector: {}}]}]",
        "[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]}]",
        "[{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]",
    ] {
        assert!(!breaks("metadata-endpoint", &egress(rules)), "{rules}");
    }
    assert!(!breaks("metadata-endpoint", WEB), "unisolated-egress has said it");
}
