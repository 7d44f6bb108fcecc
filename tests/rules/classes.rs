//! The classes in which policies and what is there do not match: of each class that a rule judges, a small world in which the rule
//! speaks, and its neighbour in which the rule is silent.
//!
//! Classes that no rule judges, and why:
//!
//! - 10, `endPort` that the plugin does not honour: an option of the plugin says so, and the engine then counts the first port only; the
//!   tests of options hold that.
//! - 13, a Service of type `LoadBalancer` or `NodePort` whose Pods let no addresses in: whose address the traffic bears depends on
//!   `externalTrafficPolicy` and on the load balancer, which no object tells. `reach` lists such Services as flows from outside.
//! - 14, a network that holds the nodes' addresses: no object tells which network that is (Ringwall does not read Nodes). Where it is
//!   wide, `wide-peer` speaks; where a port of the node leads into the Pod, `host-port`.
//! - 27, labels that controllers change: which labels a controller takes for its own is a matter of that controller. That a new label
//!   moves a Pod out of its policies is told at admission as what the change alters.
//! - 29, Services that lead out of the cluster: `EndpointSlice`s are not read.
//! - 30, ICMP and other protocols: `NetworkPolicy` says nothing of them, and so every policy would be told of.
//! - 31, a policy carried over to a kind of other defaults: it is valid and may be meant so. What it means there is exact in the
//!   engine, so the rules of isolation and the `open-*` rules speak of what comes out.

use ringwall::network::{Plugin, PluginName};

use crate::world::{Court, WEB, policy, selecting, snapshot};

/// One class.
struct Class {
    number: u8,
    rule: &'static str,
    plugin: Option<PluginName>,
    speaks: String,
    silent: String,
}

fn class(number: u8, rule: &'static str, speaks: impl Into<String>, silent: impl Into<String>) -> Class {
    Class { number, rule, plugin: None, speaks: speaks.into(), silent: silent.into() }
}

impl Class {
    fn with(self, plugin: PluginName) -> Self {
        Self { plugin: Some(plugin), ..self }
    }

    fn is_told_in(&self, manifests: &str) -> bool {
        let mut court = Court::of(snapshot(manifests));
        court.environment.plugin = self.plugin.map_or_else(Plugin::default, Plugin::of);
        !court.of_rule(self.rule).is_empty()
    }
}

/// A Pod with that label and port.
fn pod(namespace: &str, app: &str, port: u16) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {app}, namespace: {namespace}, labels: {{app: {app}}}}}\n\
         spec: {{containers: [{{name: c, image: 'example.com/c:1', ports: [{{containerPort: {port}}}]}}]}}\n"
    )
}

fn namespace(name: &str, labels: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, uid: {name}, labels: {labels}}}\n")
}

const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
";

const INGRESS: &str = "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: edge
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
";

const WEBHOOK: &str = "---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: checks}
webhooks: [{name: check.example.com, clientConfig: {service: {namespace: shop, name: web, port: 80}}}]
";

const CILIUM: &str = "---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{}]}]}
";

/// WEB with what lets these in.
fn ingress(rules: &str) -> String {
    format!("{WEB}{}", policy("web", &format!("policyTypes: [Ingress], ingress: {rules}")))
}

/// WEB with what lets it out to these.
fn egress(rules: &str) -> String {
    format!("{WEB}{}", policy("web", &format!("policyTypes: [Egress], egress: {rules}")))
}

fn from(peer: &str) -> String {
    ingress(&format!("[{{from: [{peer}], ports: [{{port: 8080}}]}}]"))
}

/// Policies whose selectors, types and peers do not mean what is there.
fn of_selectors() -> Vec<Class> {
    let deny = |selector: &str| format!("{WEB}{}", selecting("deny", selector, "policyTypes: [Ingress]"));
    let front = pod("web", "front", 80);
    let elsewhere =
        deny("{matchLabels: {app: web}}").replace("{name: deny, namespace: shop}", "{name: deny, namespace: default}");
    let on_node = pod("edge", "nginx", 80).replace("spec: {", "spec: {hostNetwork: true, ");
    let by_name = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}";
    vec![
        class(1, "policy-selects-nothing", deny("{matchLabels: {app: wep}}"), deny("{matchLabels: {app: web}}")),
        class(
            2,
            "peer-selects-nothing",
            from("{podSelector: {matchLabels: {app: front}}}") + &front,
            from("{podSelector: {matchLabels: {app: front}}}") + &pod("shop", "front", 80),
        ),
        class(
            3,
            "peer-selects-nothing",
            from("{namespaceSelector: {matchLabels: {name: edge}}}") + &namespace("edge", "{}"),
            from("{namespaceSelector: {matchLabels: {name: edge}}}") + &namespace("edge", "{name: edge}"),
        ),
        class(
            4,
            "separate-peers",
            from(
                "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}}, {podSelector: {matchLabels: {app: front}}}",
            ) + &front,
            from(
                "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}, podSelector: {matchLabels: {app: front}}}",
            ) + &front,
        ),
        class(
            5,
            "ignored-rules",
            format!("{WEB}{}", policy("web", "policyTypes: [Ingress], egress: [{ports: [{port: 443}]}]")),
            format!("{WEB}{}", policy("web", "policyTypes: [Egress], egress: [{ports: [{port: 443}]}]")),
        ),
        class(
            5,
            "ignored-rules",
            format!("{WEB}{}", policy("web", "egress: []")),
            format!("{WEB}{}", policy("web", "policyTypes: [Ingress, Egress], egress: []")),
        ),
        class(6, "policy-selects-nothing", elsewhere, deny("{matchLabels: {app: web}}")),
        class(18, "peer-selects-nothing", from(by_name) + &on_node, from(by_name) + &pod("edge", "nginx", 80)),
    ]
}

/// Ports that are others than what is there.
fn of_ports() -> Vec<Class> {
    let on = |port: &str| ingress(&format!("[{{from: [{{podSelector: {{}}}}], ports: [{port}]}}]"));
    vec![
        class(7, "unexposed-port", on("{port: 80}"), on("{port: 8080}")),
        class(8, "blocked-service", on("{port: 80}") + SERVICE, on("{port: 8080}") + SERVICE),
        class(9, "unresolved-port-name", on("{port: web}"), on("{port: http}")),
        class(9, "unresolved-port-name", on("{port: http, protocol: UDP}"), on("{port: http, protocol: TCP}")),
    ]
}

/// Those who have to get through and do not.
fn of_what_is_cut() -> Vec<Class> {
    let to_db = "{to: [{podSelector: {matchLabels: {app: db}}}]}";
    let dns = "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}]}";
    let own = "[{from: [{podSelector: {matchLabels: {app: front}}}], ports: [{port: 8080}]}]";
    let all = "[{from: [{namespaceSelector: {}}], ports: [{port: 8080}]}]";
    let scraped = |rules: &str| {
        let annotated = "labels: {app: web}, annotations: {prometheus.io/scrape: 'true', prometheus.io/port: '9090'}";
        ingress(rules).replacen("labels: {app: web}", annotated, 1)
    };
    let one_sided = |sends: &str| {
        let closed = selecting("front", "{matchLabels: {app: front}}", sends);
        format!("{}{}{closed}", ingress(own), pod("shop", "front", 80))
    };
    let other =
        format!("---\n{}", WEB.replace("name: web,", "name: old,").replace("app: web", "app: web, version: v1"));
    let narrow =
        selecting("web", "{matchExpressions: [{key: version, operator: DoesNotExist}]}", "policyTypes: [Ingress]");
    let mesh = namespace("shop", "{istio.io/dataplane-mode: ambient}");
    vec![
        class(11, "blocked-dns", egress(&format!("[{to_db}]")), egress(&format!("[{to_db}, {dns}]"))),
        class(12, "blocked-ingress-controller", ingress("[]") + SERVICE + INGRESS, ingress(all) + SERVICE + INGRESS),
        class(
            19,
            "blocked-webhook",
            ingress("[]") + SERVICE + WEBHOOK,
            ingress("[{from: [{ipBlock: {cidr: 192.0.2.0/28}}], ports: [{port: 8080}]}]") + SERVICE + WEBHOOK,
        ),
        class(20, "blocked-scrape", scraped(own), scraped(&own.replace("8080", "9090"))),
        class(
            23,
            "one-sided-allow",
            one_sided("policyTypes: [Egress]"),
            one_sided("policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]"),
        ),
        class(
            28,
            "split-service",
            format!("{WEB}{other}{SERVICE}{narrow}"),
            format!("{WEB}{other}{SERVICE}{}", policy("web", "policyTypes: [Ingress]")),
        ),
        class(
            32,
            "blocked-mesh-port",
            ingress(own) + &mesh,
            ingress(&own.replace("{port: 8080}", "{port: 8080}, {port: 15008}")) + &mesh,
        ),
    ]
}

/// What is open although there are policies.
fn of_what_stays_open() -> Vec<Class> {
    let closed = ingress("[]");
    let cluster = |name: &str, priority: u8, action: &str| {
        format!(
            "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: {name}}}\n\
             spec: {{tier: Admin, priority: {priority}, subject: {{namespaces: {{}}}}, \
             ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]}}\n"
        )
    };
    let tied = |priority| format!("{WEB}{}{}", cluster("one", 5, "Accept"), cluster("other", priority, "Deny"));
    let both = "policyTypes: [Ingress, Egress]";
    vec![
        class(
            15,
            "wide-peer",
            ingress("[{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 8080}]}]"),
            ingress("[{from: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 8080}]}]"),
        ),
        class(
            16,
            "metadata-endpoint",
            egress("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"),
            egress("[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]}]"),
        ),
        class(17, "host-network", closed.replacen("spec:\n", "spec:\n  hostNetwork: true\n", 1), closed.clone()),
        class(
            17,
            "host-port",
            closed.replace("containerPort: 8080", "containerPort: 8080, hostPort: 8080"),
            closed.clone(),
        ),
        class(21, "unenforced-policy", closed.clone(), WEB).with(PluginName::None),
        class(22, "unenforced-policy", format!("{WEB}{CILIUM}"), closed.clone()).with(PluginName::Calico),
        class(22, "unenforced-policy", format!("{WEB}{}", cluster("one", 5, "Deny")), closed.clone())
            .with(PluginName::Cilium),
        class(24, "open-ingress", closed.clone() + &policy("open", "ingress: [{}]"), closed.clone()),
        class(25, "ambiguous-priority", tied(5), tied(6)),
        class(26, "unisolated-egress", closed, format!("{WEB}{}", policy("web", both))),
        class(
            26,
            "unisolated-ingress",
            format!("{WEB}{}{}", pod("shop", "new", 80), policy("web", both)),
            format!("{WEB}{}{}", pod("shop", "new", 80), selecting("all", "{}", both)),
        ),
        class(
            26,
            "no-default-deny",
            format!("{WEB}{}{}", namespace("shop", "{}"), policy("web", both)),
            format!("{WEB}{}{}", namespace("shop", "{}"), selecting("all", "{}", both)),
        ),
    ]
}

fn classes() -> impl Iterator<Item = Class> {
    [of_selectors(), of_ports(), of_what_is_cut(), of_what_stays_open()].into_iter().flatten()
}

#[test]
fn each_class_of_mismatch_is_told_and_its_neighbour_is_not() {
    for class in classes() {
        assert!(
            class.is_told_in(&class.speaks),
            "class {}: {} says nothing of\n{}",
            class.number,
            class.rule,
            class.speaks
        );
        assert!(!class.is_told_in(&class.silent), "class {}: {} speaks of\n{}", class.number, class.rule, class.silent);
    }
}

/// Every class is either in the table or in the head of this file.
#[test]
fn no_class_is_forgotten() {
    const LEFT_OUT: [u8; 7] = [10, 13, 14, 27, 29, 30, 31];
    let mut numbers: Vec<u8> = classes().map(|class| class.number).chain(LEFT_OUT).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (1..=32).collect::<Vec<u8>>());
}
