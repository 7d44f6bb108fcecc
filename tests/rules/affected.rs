//! Which subjects a change affects: none that the change makes worse is left out.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ringwall::{
    model::{Kind, ObjectKey},
    rules::{Breach, Environment, Subject, affected, everything},
    snapshot::{ClassKey, Edit, Lookup, Snapshot, Touched},
};

use crate::world::{Court, WEB, policy, snapshot};

const SERVICE_RULES: [&str; 7] = [
    "blocked-service",
    "split-service",
    "blocked-ingress-controller",
    "blocked-webhook",
    "plaintext-service",
    "plaintext-backend",
    "unverified-backend",
];

fn key(kind: Kind, name: &str) -> ObjectKey {
    ObjectKey::namespaced(kind, "shop", name)
}

fn after(before: &Snapshot, edits: impl IntoIterator<Item = Edit>) -> (Snapshot, Touched) {
    before.with(edits)
}

/// What names a breach beside its extent.
fn name(breach: &Breach) -> (&'static str, Subject, String) {
    (breach.rule.0, breach.subject.clone(), breach.aspect.to_string())
}

/// The breaches that appear by a change and whose subject it is not said to affect.
fn forgotten(before: &Snapshot, after: &Snapshot, touched: &Touched) -> Vec<Breach> {
    let subjects = affected(before, after, touched, &Environment::default());
    let was: BTreeSet<_> = Court::of(before.clone()).all().iter().map(name).collect();
    let new = Court::of(after.clone()).all().into_iter().filter(|breach| !was.contains(&name(breach)));
    let of_pods_alone = touched.iter().all(|key| key.kind == Kind::Pod || key.kind.is_workload());
    new.filter(|breach| !subjects.contains(&breach.subject) && !is_of_touched_pod(after, touched, &breach.subject))
        // What rules say of Services is not judged with every Pod.
        .filter(|breach| !(of_pods_alone && SERVICE_RULES.contains(&breach.rule.0)))
        .collect()
}

/// A Pod that was touched is judged as itself and not as its class.
fn is_of_touched_pod(after: &Snapshot, touched: &Touched, subject: &Subject) -> bool {
    let Subject::Class(class) = subject else { return false };
    touched.iter().any(|key| match after.object(key) {
        Lookup::Found(ringwall::model::Object::Pod(pod)) => ClassKey::of(&pod).as_ref() == Some(class),
        _ => false,
    })
}

#[test]
fn a_policy_affects_whom_it_selects_or_selected_its_namespace_and_itself() {
    let other = WEB.replace("app: web", "app: api").replace("name: web", "name: api");
    let before = snapshot(&format!("{WEB}---\n{other}{}", policy("p", "policyTypes: [Ingress]")));
    let (after, touched) = after(&before, [Edit::Remove(key(Kind::NetworkPolicy, "p"))]);
    let subjects = affected(&before, &after, &touched, &Environment::default());
    let classes: Vec<_> = subjects.iter().filter(|subject| matches!(subject, Subject::Class(_))).collect();
    assert_eq!(classes.len(), 1, "{subjects:?}");
    assert!(subjects.contains(&Subject::Object(key(Kind::NetworkPolicy, "p"))));
    assert!(subjects.contains(&Subject::Object(ObjectKey::cluster(Kind::Namespace, "shop"))));
    assert_eq!(subjects.len(), 3);
}

#[test]
fn a_pod_affects_itself_its_namespace_and_the_policies_that_select_it() {
    let before = snapshot(&format!("{WEB}{}", policy("p", "policyTypes: [Ingress]")));
    let (after, touched) = after(&before, [Edit::Remove(key(Kind::Pod, "web"))]);
    let expected: BTreeSet<Subject> = [
        Subject::Object(ObjectKey::cluster(Kind::Namespace, "shop")),
        Subject::Object(key(Kind::Pod, "web")),
        Subject::Object(key(Kind::NetworkPolicy, "p")),
    ]
    .into();
    assert_eq!(affected(&before, &after, &touched, &Environment::default()), expected);
    assert!(forgotten(&before, &after, &touched).is_empty(), "the policy selects nothing now");
}

#[test]
fn a_controller_that_goes_leaves_its_dependents_to_be_judged() {
    let world = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: w, image: 'example.com/w:1'}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, uid: r, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: w, image: 'example.com/w:1'}]}}}
";
    let before = snapshot(world);
    let set = Subject::Object(key(Kind::ReplicaSet, "web-1"));
    assert!(!everything(&before).contains(&set), "it is the Deployment's");
    let (after, touched) = after(&before, [Edit::Remove(key(Kind::Deployment, "web"))]);
    assert!(
        everything(&after).contains(&set)
            && affected(&before, &after, &touched, &Environment::default()).contains(&set)
    );
}

/// An object that a random world may hold, in one of few versions.
fn object() -> impl Strategy<Value = (Kind, &'static str, String)> {
    let label = || prop_oneof![Just("web"), Just("api")];
    let names = || prop_oneof![Just("one"), Just("two")];
    let meta = |kind: &str, version: &str, name: &str, more: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop{more}}}\n")
    };
    prop_oneof![
        (names(), label()).prop_map(move |(name, app)| {
            let head = meta("Pod", "v1", name, &format!(", uid: {name}, labels: {{app: {app}}}"));
            (Kind::Pod, name, format!("{head}spec: {{containers: [{{name: w, image: 'example.com/w:1'}}]}}\n"))
        }),
        (names(), label()).prop_map(move |(name, app)| {
            let template = format!("{{metadata: {{labels: {{app: {app}}}}}, spec: {{containers: [{{name: w, image: 'example.com/w:1'}}]}}}}");
            let spec = format!("spec: {{selector: {{matchLabels: {{app: {app}}}}}, template: {template}}}\n");
            (Kind::Deployment, name, format!("{}{spec}", meta("Deployment", "apps/v1", name, "")))
        }),
        (names(), prop_oneof![Just("{}"), Just("{matchLabels: {app: web}}"), Just("{matchLabels: {app: api}}")], prop_oneof![
            Just("policyTypes: [Ingress]"),
            Just("policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 80}]}]"),
            Just("policyTypes: [Egress], egress: [{}], ingress: [{}]"),
        ])
            .prop_map(move |(name, selector, rest)| {
                let spec = format!("spec: {{podSelector: {selector}, {rest}}}\n");
                (Kind::NetworkPolicy, name, format!("{}{spec}", meta("NetworkPolicy", "networking.k8s.io/v1", name, "")))
            }),
        (names(), label(), prop_oneof![Just("ClusterIP"), Just("NodePort")], prop_oneof![Just(80), Just(8080)])
            .prop_map(move |(name, app, exposure, target)| {
            let ports = format!("[{{port: 80, targetPort: {target}}}]");
            let spec = format!("spec: {{type: {exposure}, selector: {{app: {app}}}, ports: {ports}}}\n");
            (Kind::Service, name, format!("{}{spec}", meta("Service", "v1", name, "")))
        }),
        (names(), names()).prop_map(move |(name, service)| {
            let spec = format!("spec: {{defaultBackend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}\n");
            (Kind::Ingress, name, format!("{}{spec}", meta("Ingress", "networking.k8s.io/v1", name, "")))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_subject_that_a_change_makes_worse_is_forgotten(
        objects in prop::collection::vec(object(), 0..9),
        change in object(),
        removes in any::<bool>(),
    ) {
        let mut world = std::collections::BTreeMap::new();
        for (kind, name, yaml) in objects {
            world.insert((kind, name), yaml);
        }
        let (kind, name, yaml) = change;
        let text: Vec<String> = world.into_values().collect();
        let before = snapshot(&text.join("---\n"));
        let changed = snapshot(&yaml).object(&key(kind, name)).found().unwrap();
        let namespace = snapshot(WEB).object(&ObjectKey::cluster(Kind::Namespace, "shop")).found().unwrap();
        let (before, _) = before.with([Edit::Put(namespace)]);
        let edit = if removes { Edit::Remove(key(kind, name)) } else { Edit::Put(changed) };
        let (after, touched) = after(&before, [edit]);
        let forgotten = forgotten(&before, &after, &touched);
        prop_assert!(forgotten.is_empty(), "{forgotten:#?}");
    }
}

#[test]
fn a_policy_affects_the_services_of_its_pods_and_what_leads_to_them() {
    let service = |name: &str, app: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n\
             spec: {{selector: {{app: {app}}}, ports: [{{port: 80, targetPort: 8080}}]}}\n"
        )
    };
    let head = "metadata: {name: lead, namespace: shop}\nspec:";
    let leading = format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n{head} {{defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}}}\n\
         ---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n{head} {{rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}\n\
         ---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {{name: lead}}\n\
         webhooks: [{{name: a.example.com, clientConfig: {{service: {{namespace: shop, name: web}}}}}}]\n"
    );
    let before = snapshot(&format!("{WEB}{}{}{leading}", service("web", "web"), service("api", "api")));
    let changed =
        snapshot(&policy("p", "policyTypes: [Ingress]")).object(&key(Kind::NetworkPolicy, "p")).found().unwrap();
    let (after, touched) = after(&before, [Edit::Put(changed)]);
    let subjects = affected(&before, &after, &touched, &Environment::default());
    for (kind, name) in [(Kind::Service, "web"), (Kind::Ingress, "lead"), (Kind::HTTPRoute, "lead")] {
        assert!(subjects.contains(&Subject::Object(key(kind, name))), "{kind} {name}: {subjects:?}");
        assert!(everything(&after).contains(&Subject::Object(key(kind, name))));
    }
    let webhooks = Subject::Object(ObjectKey::cluster(Kind::MutatingWebhookConfiguration, "lead"));
    assert!(subjects.contains(&webhooks) && everything(&after).contains(&webhooks));
    assert!(!subjects.contains(&Subject::Object(key(Kind::Service, "api"))), "the policy selects none of its Pods");
}
