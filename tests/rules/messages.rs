//! What is said of isolation: one line that names the subject, the fact and the fix.

use ringwall::{
    model::{Kind, ObjectKey},
    rules::{self, Fix, Subject},
};

use crate::world::{Court, WEB, finding, policy, selecting, snapshot};

fn message(rule: &str, world: &str) -> String {
    finding(rule, world).message
}

#[test]
fn a_deployment_is_named_with_its_pods_and_the_command_that_mends_it() {
    let deployment = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'example.com/web:1'}]}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  {name: web-5d4f, namespace: shop, uid: r, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}
spec:
  selector: {matchLabels: {app: web, pod-template-hash: 5d4f}}
  template: {metadata: {labels: {app: web, pod-template-hash: 5d4f}}, spec: {containers: [{name: web, image: 'example.com/web:1'}]}}
";
    let pod = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, uid: {name}, labels: {{app: web, pod-template-hash: 5d4f}}, \
             ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4f, uid: r, controller: true}}]}}\n\
             spec: {{containers: [{{name: web, image: 'example.com/web:1'}}]}}\n"
        )
    };
    let others = [
        selecting("a", "{matchLabels: {app: a}}", "policyTypes: [Ingress]"),
        selecting("b", "{matchLabels: {app: b}}", "policyTypes: [Ingress]"),
    ];
    let world = format!("{deployment}{}{}{}{}", pod("web-a"), pod("web-b"), pod("web-c"), others.concat());
    let court = Court::of(snapshot(&world));
    let lines: Vec<String> = court.explained("unisolated-ingress").iter().map(rules::Finding::line).collect();
    assert_eq!(
        lines[0],
        "unisolated-ingress: Deployment shop/web (3 Pods) accepts connections from every Pod: none of the 2 policies in shop selects app=web; \
         fix: ringwall fix unisolated-ingress -n shop -l app=web | kubectl apply -f -"
    );
    // The class, and the Deployment's template; the ReplicaSet is the Deployment's.
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.len() < 256));
    let why = &court.explained("unisolated-ingress")[0].why;
    assert!(why.contains("kubectl rollout restart deployment/web -n shop"), "{why}");
}

#[test]
fn the_reason_is_told() {
    assert_eq!(
        message("unisolated-ingress", WEB),
        "Pod shop/web accepts connections from every Pod: shop has no NetworkPolicy"
    );
    let one = |spec: &str| format!("{WEB}{spec}");
    let egress_only = one(&policy("out", "policyTypes: [Egress]"));
    assert!(message("unisolated-ingress", &egress_only).contains("the policy out selects it for egress only"));
    let missing = one(&selecting("in", "{matchLabels: {app: wbe}}", "policyTypes: [Ingress]"));
    assert!(message("unisolated-ingress", &missing).contains("the policy in in shop does not select app=web"));
    assert!(finding("unisolated-ingress", &missing).why.contains("Nearest is the policy in, which selects app=wbe."));
}

#[test]
fn a_pod_without_labels_is_told_to_take_one() {
    let world = WEB.replace(", labels: {app: web}", "");
    let policy = policy("p", "policyTypes: [Ingress]");
    let found = finding("unisolated-ingress", &format!("{world}{policy}"));
    assert!(found.message.contains("no label to select it by: add one"), "{}", found.message);
    let then = "then ringwall fix unisolated-ingress -n shop -l app=web | kubectl apply -f -";
    assert_eq!(found.fix, Fix::Words(format!("give the Pod a label, e.g. app: web; {then}")));
}

#[test]
fn a_job_with_passing_labels_only_is_not_mended_by_cutting_off_its_whole_namespace() {
    let job = "
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop, uid: j}
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: m, image: 'example.com/m:1'}]}}
---
apiVersion: v1
kind: Pod
metadata:
  name: migrate-x
  namespace: shop
  uid: p
  labels: {job-name: migrate, batch.kubernetes.io/job-name: migrate, controller-uid: j, batch.kubernetes.io/controller-uid: j}
  ownerReferences: [{apiVersion: batch/v1, kind: Job, name: migrate, uid: j, controller: true}]
spec: {restartPolicy: Never, containers: [{name: m, image: 'example.com/m:1'}]}
";
    let found = Court::of(snapshot(job)).explained("unisolated-ingress");
    let then = "then ringwall fix unisolated-ingress -n shop -l app=migrate | kubectl apply -f -";
    assert_eq!(found.len(), 2, "the Pod and the template: {found:#?}");
    for found in found {
        assert_eq!(found.fix, Fix::Words(format!("give the Pod template a label, e.g. app: migrate; {then}")));
    }
}

#[test]
fn a_bare_pod_that_is_refused_is_told_that_its_policy_comes_first() {
    let court = Court::of(snapshot(WEB));
    let pod = Subject::Object(ObjectKey::namespaced(Kind::Pod, "shop", "web"));
    let breach = court.breaches([pod]).into_iter().find(|breach| breach.rule.0 == "unisolated-ingress").unwrap();
    let message = rules::rule("unisolated-ingress").unwrap().explain(&court.context(), &breach).message;
    assert!(message.ends_with("shop has no NetworkPolicy; a bare Pod needs its policy before it"), "{message}");
}

#[test]
fn a_hook_is_told_that_its_policy_comes_first() {
    let job = "
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop, annotations: {helm.sh/hook: pre-install}}
spec:
  template: {metadata: {labels: {app: migrate}}, spec: {restartPolicy: Never, containers: [{name: m, image: 'example.com/m:1'}]}}
";
    let message = message("unisolated-ingress", job);
    assert!(message.contains("default-deny") && message.contains("helm.sh/hook-weight"), "{message}");
}

#[test]
fn an_open_policy_is_named_with_what_it_admits() {
    let world = format!("{WEB}{}", policy("allow-all", "policyTypes: [Ingress], ingress: [{}]"));
    let found = finding("open-ingress", &world);
    assert_eq!(
        found.message,
        "Pod shop/web is isolated for ingress in name only: policy allow-all admits everyone on all ports"
    );
    assert_eq!(found.fix.text(), "ringwall fix open-ingress -n shop --name allow-all -l app=web | kubectl apply -f -");
    assert_eq!((found.places[0].object.name.as_str(), found.places[0].path.as_str()), ("allow-all", "spec.ingress[0]"));
    let halves = policy(
        "halves",
        "policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}]}]",
    );
    assert!(
        message("open-ingress", &format!("{WEB}{halves}"))
            .contains("policy halves admits every IPv4 address on all ports")
    );
}

#[test]
fn a_policy_that_says_more_is_not_replaced_by_a_command() {
    for spec in [
        "policyTypes: [Ingress, Egress], ingress: [{}]",
        // What is printed names no ports: the others would be opened to the namespace.
        "policyTypes: [Ingress], ingress: [{ports: [{port: 1, endPort: 3000}]}]",
        "policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}, {}]",
        "policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]",
    ] {
        let found = finding("open-ingress", &format!("{WEB}{}", policy("p", spec)));
        assert!(matches!(found.fix, Fix::Words(_)), "{spec}: {:?}", found.fix);
    }
    let network = "policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 8443}]}]";
    let found = finding("wide-peer", &format!("{WEB}{}", policy("p", network)));
    assert_eq!(
        found.fix,
        Fix::Words(
            "in NetworkPolicy shop/p narrow spec.ingress[0].from[0] to the peers and ports that are meant".into()
        )
    );
    let expression = "{matchExpressions: [{key: app, operator: Exists}]}";
    let world = format!("{WEB}{}", selecting("p", expression, "policyTypes: [Ingress], ingress: [{}]"));
    assert!(matches!(finding("open-ingress", &world).fix, Fix::Words(_)));
}

#[test]
fn the_metadata_addresses_are_excepted_where_they_are_and_nothing_else_is_opened() {
    let fix = |rules: &str| {
        let found = finding(
            "metadata-endpoint",
            &format!("{WEB}{}", policy("p", &format!("policyTypes: [Egress], egress: {rules}"))),
        );
        match found.fix {
            Fix::Words(words) => words,
            Fix::Command(command) => panic!("{command} replaces the policy"),
        }
    };
    let block = |cidr: &str| fix(&format!("[{{to: [{{ipBlock: {{cidr: '{cidr}'}}}}], ports: [{{port: 80}}]}}]"));
    let at = "spec.egress[0].to[0]";
    assert_eq!(block("169.254.169.254/32"), format!("in NetworkPolicy shop/p remove {at}"));
    for cidr in ["169.254.0.0/16", "0.0.0.0/0"] {
        assert_eq!(block(cidr), format!("in NetworkPolicy shop/p add except: [169.254.169.254/32] to {at}.ipBlock"));
    }
    assert_eq!(block("::/0"), format!("in NetworkPolicy shop/p add except: [\"fd00:ec2::254/128\"] to {at}.ipBlock"));
    assert_eq!(
        fix("[{ports: [{port: 80}]}]"),
        "in NetworkPolicy shop/p narrow spec.egress[0] to the peers and ports that are meant"
    );
    let two = fix("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}], ports: [{port: 80}]}]");
    assert!(two.contains("fd00:ec2::254") && two.contains("169.254.169.254/32"), "{two}");
}
