//! Policies of other kinds than NetworkPolicy: they count for isolation where the network plugin enforces them. The definitions
//! of the kinds are minimal ones of our own: the API server keeps what it is given.

use serde_json::json;

use crate::harness::{self, Client, ControlPlane, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::{BASELINE, policy_with};

/// A definition of a kind, which takes any object.
pub(crate) fn define(cluster: &ControlPlane, group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) {
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            // The API server wants to hear that somebody has approved the names of groups below k8s.io.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": group,
            "scope": if namespaced { "Namespaced" } else { "Cluster" },
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": any}}],
        },
    });
    let kubectl = cluster.kubectl();
    kubectl.apply(&definition.to_string()).ok();
    let name = format!("customresourcedefinition/{plural}.{group}");
    kubectl.ok(&["wait", "--for=condition=Established", "--timeout=60s", &name]);
}

/// A Ringwall that knows which plugin enforces policies, and has read the kind.
fn ringwall_with<'a>(cluster: &'a ControlPlane, plugin: &str, kind: &str) -> Ringwall<'a> {
    let ruleset = format!(
        "apiVersion: ringwall.dev/v1alpha1\nkind: Ruleset\nmetadata: {{name: default}}\nspec:\n  environment: {{networkPlugin: {plugin}}}\n"
    );
    let ringwall = Ringwall::start(cluster, Setup { ruleset: Some(ruleset), ..Setup::default() });
    let series = format!("ringwall_watch_state{{kind=\"{kind}\",state=\"synced\"}}");
    eventually(PATIENCE, "the watch of the kind", || match ringwall.metric(&series) {
        Some(1.0) => Ok(()),
        _ => Err(ringwall.metrics()),
    });
    ringwall
}

fn run(kubectl: &Client, name: &str) -> harness::Outcome {
    kubectl.run(&["run", name, "--image=web", &format!("--labels=app={name}")])
}

/// Without the policy a Pod is refused; with it the Pod comes, and the policy cannot go before it.
fn counts_for_isolation(kubectl: &Client, resource: &str, name: &str, policy: &str) {
    let refusal = run(kubectl, "web").fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    kubectl.apply(policy).ok();
    run(kubectl, "web").ok();
    let refusal = kubectl.fails(&["delete", resource, name]);
    assert!(refusal.contains("unisolated-ingress") && refusal.contains("delete its workload first"), "{refusal}");
    kubectl.ok(&["delete", "pod", "web", "--force", "--grace-period=0"]);
    kubectl.ok(&["delete", resource, name]);
}

#[test]
fn a_cluster_network_policy_counts_for_isolation() {
    let Some(cluster) = harness::cluster() else { return };
    define(cluster, "policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy", "clusternetworkpolicies", false);
    let ringwall = ringwall_with(cluster, "reference", "ClusterNetworkPolicy");
    let namespace = ringwall.namespace("cluster-policy", &[BASELINE]);
    let name = format!("baseline-{}", namespace.name);
    let policy = format!(
        "apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {{name: {name}}}
spec:
  tier: Baseline
  priority: 10
  subject: {{namespaces: {{matchLabels: {{kubernetes.io/metadata.name: {}}}}}}}
  ingress:
    - {{name: default-deny, action: Deny, from: [{{namespaces: {{}}}}]}}
",
        namespace.name
    );
    // It denies Pods only: addresses outside of the cluster are not among the peers that it can name.
    let kubectl = namespace.kubectl();
    let refusal = run(&kubectl, "web").fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    kubectl.apply(&policy).ok();
    let refusal = run(&kubectl, "web").fails().stderr;
    assert!(refusal.contains("open-ingress"), "{refusal}");
    kubectl.ok(&["delete", "clusternetworkpolicy", &name]);

    // What an Admin tier accepts for everybody, no NetworkPolicy takes back.
    let open = policy
        .replace("tier: Baseline", "tier: Admin")
        .replace("action: Deny", "action: Accept")
        .replace("name: default-deny", "name: accept-all");
    kubectl.apply(&policy_with("web", "[{from: [{podSelector: {matchLabels: {app: front}}}]}]")).ok();
    run(&kubectl, "web").ok();
    let refusal = kubectl.apply(&open).fails().stderr;
    assert!(refusal.contains("open-ingress"), "{refusal}");
}

#[test]
fn a_cilium_policy_counts_for_isolation() {
    let Some(cluster) = harness::cluster() else { return };
    define(cluster, "cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", true);
    let ringwall = ringwall_with(cluster, "cilium", "CiliumNetworkPolicy");
    let policy = "apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress: [{fromEndpoints: [{matchLabels: {app: front}}]}]
";
    let kubectl = ringwall.namespace("cilium", &[BASELINE]).kubectl();
    counts_for_isolation(&kubectl, "ciliumnetworkpolicy", "web", policy);

    // The built-in ruleset names no plugin: nobody is known to enforce it, and nothing is refused for certain.
    let shared = harness::ringwall().expect("the cluster is there");
    let kubectl = shared.namespace("undeclared", &[BASELINE]).kubectl();
    kubectl.apply(policy).ok();
    eventually(PATIENCE, "the shared one has seen the policy", || {
        let outcome = run(&kubectl, "web");
        if !outcome.success {
            return Err(outcome.stderr);
        }
        assert!(outcome.stderr.contains("environment.networkPlugin"), "{outcome}");
        Ok(())
    });
}

#[test]
fn a_calico_policy_counts_for_isolation() {
    let Some(cluster) = harness::cluster() else { return };
    define(cluster, "crd.projectcalico.org", "v1", "NetworkPolicy", "networkpolicies", true);
    let ringwall = ringwall_with(cluster, "calico", "NetworkPolicy.crd.projectcalico.org");
    let policy = "apiVersion: crd.projectcalico.org/v1
kind: NetworkPolicy
metadata: {name: default.web}
spec:
  tier: default
  order: 100
  selector: app == 'web'
  types: [Ingress]
  ingress: [{action: Allow, source: {selector: app == 'front'}}]
";
    let kubectl = ringwall.namespace("calico", &[BASELINE]).kubectl();
    counts_for_isolation(&kubectl, "networkpolicies.crd.projectcalico.org", "default.web", policy);
}

#[test]
fn either_form_of_a_calico_policy_is_held_back() {
    let Some(cluster) = harness::cluster() else { return };
    define(cluster, "crd.projectcalico.org", "v1", "NetworkPolicy", "networkpolicies", true);
    define(cluster, "projectcalico.org", "v3", "NetworkPolicy", "networkpolicies", true);
    let ringwall = ringwall_with(cluster, "calico", "NetworkPolicy.projectcalico.org");
    let kubectl = ringwall.namespace("forms", &[BASELINE]).kubectl();
    let forms = [("projectcalico.org/v3", "web"), ("crd.projectcalico.org/v1", "default.web")];
    for (version, name) in forms {
        let policy = format!(
            "apiVersion: {version}
kind: NetworkPolicy
metadata: {{name: {name}}}
spec: {{selector: app == 'web', types: [Ingress], ingress: [{{action: Allow, source: {{selector: app == 'front'}}}}]}}
"
        );
        kubectl.apply(&policy).ok();
    }
    run(&kubectl, "web").ok();
    eventually(PATIENCE, "the Pod is known", || {
        let attempt = ["delete", "networkpolicies.projectcalico.org", "web", "--dry-run=server"];
        let outcome = kubectl.run(&attempt);
        if outcome.success { Err(outcome.to_string()) } else { Ok(()) }
    });
    for (resource, name) in
        [("networkpolicies.projectcalico.org", "web"), ("networkpolicies.crd.projectcalico.org", "default.web")]
    {
        let refusal = kubectl.fails(&["delete", resource, name]);
        assert!(refusal.contains("unisolated-ingress"), "{resource}: {refusal}");
    }
}

#[test]
fn a_namespace_does_not_leave_the_policy_that_isolates_its_pods_by_whatever_subresource() {
    let Some(cluster) = harness::cluster() else { return };
    define(cluster, "cilium.io", "v2", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", false);
    let ringwall = ringwall_with(cluster, "cilium", "CiliumClusterwideNetworkPolicy");
    let namespace = ringwall.namespace("leaving", &[BASELINE]);
    let guard = format!("guard-{}", namespace.name);
    let policy = format!(
        "apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {{name: {guard}}}
spec:
  endpointSelector: {{matchLabels: {{io.cilium.k8s.namespace.labels.guard: {guard}}}}}
  ingress: [{{fromEndpoints: [{{matchLabels: {{app: front}}}}]}}]
"
    );
    let kubectl = namespace.kubectl();
    kubectl.ok(&["label", "namespace", &namespace.name, &format!("guard={guard}")]);
    kubectl.apply(&policy).ok();
    run(&kubectl, "web").ok();
    eventually(PATIENCE, "the Pod is known", || {
        let outcome = kubectl.run(&["label", "namespace", &namespace.name, "guard-", "--dry-run=server"]);
        if outcome.success { Err(outcome.to_string()) } else { Ok(()) }
    });
    let unlabelled = "{\"metadata\": {\"labels\": {\"guard\": null}}}";
    for subresource in ["", "--subresource=status"] {
        let patch = ["patch", "namespace", &namespace.name, "--type=merge", "-p", unlabelled, subresource];
        let patch: Vec<&str> = patch.into_iter().filter(|word| !word.is_empty()).collect();
        let refusal = kubectl.fails(&patch);
        assert!(refusal.contains("unisolated-ingress"), "{subresource}: {refusal}");
    }
    kubectl.ok(&["label", "namespace", &namespace.name, "team=a"]);
    kubectl.ok(&["delete", "pod", "web", "--force", "--grace-period=0"]);
    kubectl.ok(&["delete", "ciliumclusterwidenetworkpolicy", &guard]);
}

#[test]
fn labels_of_a_namespace_are_answered_with_what_they_open() {
    let Some(ringwall) = harness::ringwall() else { return };
    let (api, web) = (ringwall.namespace("api", &[]), ringwall.namespace("web", &[]));
    let team = format!("team-{}", web.name);
    let policy = policy_with(
        "api",
        &format!("[{{from: [{{namespaceSelector: {{matchLabels: {{team: {team}}}}}}}], ports: [{{port: 8443}}]}}]"),
    );
    api.kubectl().apply(&policy).ok();
    run(&api.kubectl(), "api").ok();
    run(&web.kubectl(), "front").ok();
    let label = |change: &str| ringwall.cluster().kubectl().run(&["label", "namespace", &web.name, change]);
    let expected = format!("ringwall: opens {}/api on TCP 8443 to {}/front", api.name, web.name);
    eventually(PATIENCE, "the Pods are known", || {
        let outcome = label(&format!("team={team}")).ok();
        let told = outcome.warnings().iter().any(|line| line.contains(&expected));
        label("team-").ok();
        if told { Ok(()) } else { Err(outcome.to_string()) }
    });
    let requests = ringwall.cluster().audit_log();
    let annotated = requests.iter().filter(|line| line["objectRef"]["name"] == *web.name).any(|line| {
        let annotation = &line["annotations"]["namespaces.ringwall.dev/effects"];
        annotation.as_str().is_some_and(|text| text.contains("closes") && text.contains("TCP 8443"))
    });
    assert!(annotated, "taking the label away is in the record");
}
