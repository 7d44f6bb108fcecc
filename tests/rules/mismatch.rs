//! Policies that do not match what is there: where the hints speak, and above all where they stay silent.

use ringwall::{
    model::Kind,
    network::{Plugin, PluginName},
    rules::Finding,
    snapshot::{Blind, Edit, Scope},
};

use crate::world::{Court, WEB, breaks, finding, policy, selecting, snapshot};

/// A Pod of the namespace with that label and these ports.
fn pod(namespace: &str, app: &str, ports: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {app}, namespace: {namespace}, labels: {{app: {app}}}}}\n\
         spec: {{containers: [{{name: c, image: 'example.com/c:1', ports: {ports}}}]}}\n"
    )
}

fn namespace(name: &str, labels: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, uid: {name}, labels: {labels}}}\n")
}

/// What every cluster has, so that what is not there is known not to be.
fn cluster() -> String {
    namespace("kube-system", "{}")
}

fn ingress(rules: &str) -> String {
    policy("p", &format!("policyTypes: [Ingress], ingress: {rules}"))
}

fn egress(rules: &str) -> String {
    policy("p", &format!("policyTypes: [Egress], egress: {rules}"))
}

fn from(peers: &str) -> String {
    ingress(&format!("[{{from: {peers}, ports: [{{port: 8080}}]}}]"))
}

fn at(finding: &Finding) -> Vec<&str> {
    finding.places.iter().map(|place| place.path.as_str()).collect()
}

#[test]
fn a_peer_in_another_namespace_is_named_with_the_selector_that_means_it() {
    let world = format!("{WEB}{}{}", pod("front", "front", "[]"), from("[{podSelector: {matchLabels: {app: front}}}]"));
    let found = finding("peer-selects-nothing", &world);
    assert!(found.message.ends_with("which no workload of the namespace shop has; workloads of front have it"));
    assert!(found.fix.text().contains("kubernetes.io/metadata.name: front"), "{}", found.fix.text());
    assert_eq!(at(&found), ["spec.ingress[0].from[0].podSelector"]);
}

#[test]
fn a_slip_in_a_label_is_named_with_what_was_meant() {
    let slip = |peers: &str| format!("{WEB}{}{}", pod("shop", "payments", "[]"), from(peers));
    let found = finding("peer-selects-nothing", &slip("[{podSelector: {matchLabels: {app: paymets}}}]"));
    assert!(found.message.contains("nearest is app=payments"), "{}", found.message);
    let key = finding("peer-selects-nothing", &slip("[{podSelector: {matchLabels: {name: payments}}}]"));
    assert!(key.message.contains("nearest is app=payments"), "{}", key.message);
}

#[test]
fn nobody_sets_the_label_name_on_namespaces() {
    let by_name = "[{namespaceSelector: {matchLabels: {name: kube-system}}}]";
    let found = finding("peer-selects-nothing", &format!("{WEB}{}", from(by_name)));
    assert!(found.fix.text().starts_with("write kubernetes.io/metadata.name: kube-system"), "{}", found.fix.text());
    assert_eq!(at(&found), ["spec.ingress[0].from[0].namespaceSelector"]);
    let somebody_did = namespace("kube-system", "{name: kube-system}");
    assert!(!breaks("peer-selects-nothing", &format!("{WEB}{somebody_did}{}", from(by_name))));
}

#[test]
fn files_say_nothing_of_what_other_files_may_hold() {
    for peers in [
        "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]",
        "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shap}}}]",
        "[{namespaceSelector: {matchLabels: {team: platform}}}]",
        "[{podSelector: {matchLabels: {app: front}}}]",
        "[{podSelector: {matchLabels: {app: db-1}}}]",
        "[{podSelector: {}}]",
        "[{namespaceSelector: {}}]",
        "[{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]",
        "[{ipBlock: {cidr: 10.0.0.0/24}}]",
    ] {
        assert!(
            !breaks("peer-selects-nothing", &format!("{WEB}{}{}", pod("shop", "db-2", "[]"), from(peers))),
            "{peers}"
        );
    }
}

#[test]
fn in_a_whole_cluster_what_is_not_seen_is_not_there() {
    for (peers, breaks_it) in [
        ("[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]", true),
        ("[{podSelector: {matchLabels: {app: front}}}]", true),
        ("[{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]", true),
        ("[{podSelector: {matchLabels: {app: web}}}]", false),
        // A namespace without Pods may get some.
        ("[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]", false),
    ] {
        let world = format!("{WEB}{}{}", cluster(), from(peers));
        assert_eq!(breaks("peer-selects-nothing", &world), breaks_it, "{peers}");
    }
}

#[test]
fn what_cannot_be_seen_whole_proves_nothing() {
    let world = format!("{WEB}{}{}", cluster(), from("[{podSelector: {matchLabels: {app: front}}}]"));
    let blind = Edit::Cover(Scope { kind: Kind::Pod, namespace: None }, Err(Blind::Forbidden(Kind::Pod)));
    let found = Court::of(snapshot(&world).with([blind]).0).of_rule("peer-selects-nothing");
    assert_eq!(
        found.iter().map(|breach| breach.certain.clone()).collect::<Vec<_>>(),
        [Err(Blind::Forbidden(Kind::Pod))]
    );
}

#[test]
fn pods_on_their_nodes_network_are_no_peers() {
    let on_node = pod("ingress", "nginx", "[]").replace("spec: {", "spec: {hostNetwork: true, ");
    let peers = "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}]";
    let found = finding("peer-selects-nothing", &format!("{WEB}{on_node}{}", from(peers)));
    assert!(found.message.contains("on their node's network"), "{}", found.message);
}

#[test]
fn entries_that_are_meant_apart_are_left_alone() {
    let both = "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}, {podSelector: {matchLabels: {app: front}}}]";
    let swapped = "[{podSelector: {matchLabels: {app: front}}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}]";
    let elsewhere = pod("front", "front", "[]");
    for peers in [both, swapped] {
        assert!(breaks("separate-peers", &format!("{WEB}{elsewhere}{}", from(peers))), "{peers}");
        assert!(!breaks("separate-peers", &format!("{WEB}{}{}", pod("shop", "front", "[]"), from(peers))), "{peers}");
    }
    for peers in [
        "[{namespaceSelector: {matchLabels: {team: a}}}, {podSelector: {}}]",
        "[{namespaceSelector: {}}, {podSelector: {matchLabels: {app: front}}}]",
        "[{namespaceSelector: {matchLabels: {team: a}}}, {ipBlock: {cidr: 10.0.0.0/24}}, {podSelector: {matchLabels: {app: front}}}]",
        "[{namespaceSelector: {matchLabels: {team: a}}, podSelector: {matchLabels: {app: front}}}]",
    ] {
        assert!(!breaks("separate-peers", &format!("{WEB}{elsewhere}{}", from(peers))), "{peers}");
    }
}

#[test]
fn a_port_that_nobody_declares_is_told_where_all_declare_ports() {
    let on = |port: &str| ingress(&format!("[{{from: [{{podSelector: {{}}}}], ports: [{port}]}}]"));
    let found = finding("unexposed-port", &format!("{WEB}{}", on("{port: 80}")));
    assert!(found.message.ends_with("admits TCP 80, which no Pod that it selects declares: they declare TCP 8080"));
    assert_eq!(at(&found), ["spec.ingress[0].ports[0].port"]);
    for port in ["{port: 8080}", "{port: 8000, endPort: 9000}", "{protocol: TCP}", "{port: http}", "{port: 15008}"] {
        assert!(!breaks("unexposed-port", &format!("{WEB}{}", on(port))), "{port}");
    }
    let silent = pod("shop", "web", "[]");
    assert!(!breaks("unexposed-port", &format!("{silent}{}", on("{port: 80}"))), "it may listen on any port");
    let sent = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n\
                spec: {selector: {app: web}, ports: [{port: 9000, targetPort: 9090}]}\n";
    assert!(!breaks("unexposed-port", &format!("{WEB}{sent}{}", on("{port: 9090}"))), "a Service sends to it");
    assert!(
        finding("unexposed-port", &format!("{WEB}{sent}{}", on("{port: 9000}")))
            .message
            .contains("port of Service web, and 9090")
    );
}

#[test]
fn ports_of_peers_are_found_where_the_peers_are_known() {
    let to = |peer: &str| egress(&format!("[{{to: [{peer}], ports: [{{port: 80}}]}}]"));
    let db = pod("shop", "db", "[{containerPort: 5432}]");
    let own = "{podSelector: {matchLabels: {app: db}}}";
    assert!(breaks("unexposed-port", &format!("{WEB}{db}{}", to(own))));
    for peer in [
        "{podSelector: {}}",
        "{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}",
        "{podSelector: {matchLabels: {app: other}}}",
        "{ipBlock: {cidr: 10.0.0.0/24}}",
    ] {
        assert!(!breaks("unexposed-port", &format!("{WEB}{db}{}", to(peer))), "{peer}");
    }
}

#[test]
fn a_port_name_is_resolved_on_who_receives_with_its_protocol() {
    let on = |port: &str| ingress(&format!("[{{ports: [{port}]}}]"));
    assert!(
        finding("unresolved-port-name", &format!("{WEB}{}", on("{port: htpp}"))).message.contains("nearest is http")
    );
    let udp = finding("unresolved-port-name", &format!("{WEB}{}", on("{port: http, protocol: UDP}")));
    assert!(udp.fix.text().starts_with("write protocol: TCP"), "{}", udp.fix.text());
    assert!(!breaks("unresolved-port-name", &format!("{WEB}{}", on("{port: http}"))));
    assert!(!breaks("unresolved-port-name", &on("{port: http}")), "nobody is there yet");
    let db = pod("shop", "db", "[{name: pg, containerPort: 5432}]");
    let to = egress("[{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: http}]}]");
    assert!(breaks("unresolved-port-name", &format!("{WEB}{db}{to}")), "egress names the peer's port, not one's own");
}

#[test]
fn a_port_name_with_two_numbers_is_told_unless_every_pod_is_meant() {
    let other = WEB.replace("8080", "9090").replace("{name: web, namespace", "{name: web2, namespace");
    let rest = "policyTypes: [Ingress], ingress: [{ports: [{port: http}]}]";
    let found = finding("unresolved-port-name", &format!("{WEB}---{other}{}", policy("p", rest)));
    assert!(found.message.contains("8080 on Pod shop/web and 9090 on Pod shop/web2"), "{}", found.message);
    assert!(!breaks("unresolved-port-name", &format!("{WEB}---{other}{}", selecting("p", "{}", rest))));
}

const DNS: &str = "---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: c, image: 'example.com/c:1', ports: [{name: dns, containerPort: 5353, protocol: UDP}]}]}
status: {podIP: 10.0.0.53}
";

#[test]
fn dns_is_asked_on_the_port_on_which_it_answers() {
    let db = "{to: [{podSelector: {matchLabels: {app: db}}}]}";
    let with = |dns: &str| egress(&format!("[{db}, {dns}]"));
    let to = |port: u16| {
        let peer = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}";
        with(&format!("{{to: [{peer}], ports: [{{protocol: UDP, port: {port}}}]}}"))
    };
    for (rules, servers, cut) in [
        (to(53), "", false),
        (to(5353), "", true),
        (to(5353), DNS, false),
        (to(53), DNS, true),
        (with("{to: [{ipBlock: {cidr: 10.0.0.53/32}}], ports: [{protocol: UDP, port: 5353}]}"), DNS, false),
        (with("{to: [{ipBlock: {cidr: 169.254.20.10/32}}], ports: [{protocol: UDP, port: 53}]}"), DNS, false),
        (with("{to: [{ipBlock: {cidr: 192.0.2.1/32}}], ports: [{protocol: UDP, port: 53}]}"), DNS, true),
        (with("{ports: [{port: 53}]}"), "", true),
    ] {
        assert_eq!(breaks("blocked-dns", &format!("{WEB}{servers}{rules}")), cut, "{rules}{servers}");
    }
    assert!(
        finding("blocked-dns", &format!("{WEB}{}", with("{ports: [{port: 53}]}"))).message.contains("TCP 53 alone")
    );
}

#[test]
fn who_connects_to_nobody_or_by_address_needs_no_dns() {
    for rules in
        ["[]", "[{to: [{ipBlock: {cidr: 192.0.2.7/32}}], ports: [{port: 443}]}]", "[{}]", "[{ports: [{port: 443}]}]"]
    {
        assert!(!breaks("blocked-dns", &format!("{WEB}{}", egress(rules))), "{rules}");
    }
    assert!(!breaks("blocked-dns", &format!("{WEB}{}", ingress("[]"))), "egress is not isolated");
}

#[test]
fn a_scrape_is_blocked_only_where_it_is_asked_for() {
    let scraped = |annotations: &str| {
        WEB.replace("labels: {app: web}", &format!("labels: {{app: web}}, annotations: {annotations}"))
    };
    let closed = ingress("[{from: [{podSelector: {matchLabels: {app: front}}}], ports: [{port: 8080}]}]");
    let asked = scraped("{prometheus.io/scrape: 'true', prometheus.io/port: '9090'}");
    assert!(breaks("blocked-scrape", &format!("{asked}{closed}")));
    for annotations in [
        "{prometheus.io/scrape: 'false', prometheus.io/port: '9090'}",
        "{prometheus.io/port: '9090'}",
        "{prometheus.io/scrape: 'true'}",
        "{prometheus.io/scrape: 'true', prometheus.io/port: 'metrics'}",
        "{prometheus.io/scrape: 'true', prometheus.io/port: '8080'}",
    ] {
        assert!(!breaks("blocked-scrape", &format!("{}{closed}", scraped(annotations))), "{annotations}");
    }
    assert!(!breaks("blocked-scrape", &asked), "nothing isolates it");
    assert!(!breaks("blocked-scrape", &format!("{asked}{}", ingress("[{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]"))));
}

#[test]
fn the_port_of_a_mesh_is_asked_for_where_a_mesh_is() {
    let closed = ingress("[{from: [{podSelector: {matchLabels: {app: front}}}], ports: [{port: 8080}]}]");
    let linkerd = |value: &str| {
        WEB.replace("labels: {app: web}", &format!("labels: {{app: web}}, annotations: {{linkerd.io/inject: {value}}}"))
    };
    let injected = namespace("shop", "{}").replace("labels: {}", "annotations: {linkerd.io/inject: enabled}");
    assert!(breaks("blocked-mesh-port", &format!("{}{closed}", linkerd("enabled"))));
    assert!(breaks("blocked-mesh-port", &format!("{WEB}{injected}{closed}")));
    assert!(
        !breaks("blocked-mesh-port", &format!("{}{injected}{closed}", linkerd("disabled"))),
        "the Pod's word goes first"
    );
    let ambient = namespace("shop", "{istio.io/dataplane-mode: ambient}");
    assert!(finding("blocked-mesh-port", &format!("{WEB}{ambient}{closed}")).message.contains("TCP 15008"));
    assert!(!breaks("blocked-mesh-port", &format!("{WEB}{ambient}{}", ingress("[]"))), "nobody is let in");
    assert!(!breaks("blocked-mesh-port", &format!("{WEB}{ambient}{}", ingress("[{from: [{podSelector: {}}]}]"))));
    assert!(!breaks("blocked-mesh-port", &format!("{WEB}{closed}")));
}

#[test]
fn an_allow_needs_both_sides_on_a_port_that_they_have_in_common() {
    let front = pod("shop", "front", "[{containerPort: 9090}]");
    let fronts = |rest: &str| selecting("front", "{matchLabels: {app: front}}", rest);
    let allow = from("[{podSelector: {matchLabels: {app: front}}}]");
    let to_web = |port: u16| {
        fronts(&format!(
            "policyTypes: [Egress], egress: [{{to: [{{podSelector: {{matchLabels: {{app: web}}}}}}], ports: [{{port: {port}}}]}}]"
        ))
    };
    for (other, one_sided) in [
        (fronts("policyTypes: [Egress]"), true),
        (fronts("policyTypes: [Ingress]"), false),
        (fronts("policyTypes: [Egress], egress: [{}]"), false),
        (to_web(8080), false),
        (String::new(), false),
    ] {
        assert_eq!(breaks("one-sided-allow", &format!("{WEB}{front}{allow}{other}")), one_sided, "{other}");
    }
    // Both rules name what the other side does not.
    let found = Court::of(snapshot(&format!("{WEB}{front}{allow}{}", to_web(80)))).explained("one-sided-allow");
    assert_eq!(found.len(), 2, "{found:#?}");
    // Every Pod of the namespace, or of all: that is not said of anybody's own policies.
    let everybody = from("[{podSelector: {}}, {namespaceSelector: {}}]");
    assert!(!breaks("one-sided-allow", &format!("{WEB}{front}{everybody}{}", fronts("policyTypes: [Egress]"))));
    // One of two is enough: labels may mean more than those who connect.
    let second = pod("shop", "front", "[]")
        .replace("{name: front,", "{name: front2,")
        .replace("labels: {app: front}", "labels: {app: front, tier: a}");
    let only_one = selecting("front", "{matchLabels: {tier: a}}", "policyTypes: [Egress]");
    assert!(!breaks("one-sided-allow", &format!("{WEB}{front}{second}{allow}{only_one}")));
}

#[test]
fn what_nobody_enforces_is_told_by_what_is_known_of_the_plugin() {
    let found = |plugin: Option<PluginName>, world: &str| {
        let mut court = Court::of(snapshot(world));
        court.environment.plugin = plugin.map_or_else(Plugin::default, Plugin::of);
        let breaches = court.of_rule("unenforced-policy");
        breaches.iter().map(|breach| breach.certain.is_ok()).collect::<Vec<_>>()
    };
    let ordinary = ingress("[]");
    assert!(found(None, &ordinary).is_empty() && found(Some(PluginName::Calico), &ordinary).is_empty());
    assert_eq!(found(Some(PluginName::None), &ordinary), [true]);
    let staged = "apiVersion: projectcalico.org/v3\nkind: StagedNetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec: {}\n";
    assert_eq!(found(Some(PluginName::Calico), staged), [true]);
    let cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: web, namespace: shop}\n\
                  spec: {endpointSelector: {}, ingress: [{}]}\n";
    assert_eq!(found(None, cilium), [false]);
    assert_eq!(found(Some(PluginName::Calico), cilium), [true]);
    assert!(found(Some(PluginName::Cilium), cilium).is_empty());
}
