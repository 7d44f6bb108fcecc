//! The law: what `survey` finds after a change and not before is what `decide` finds worse.

use std::{collections::BTreeSet, sync::LazyLock};

use proptest::prelude::*;
use ringwall::{
    decision::{Judgement, Outcome, Templates, survey},
    model::{Object, Operation},
    rules::{Extent, SubjectReference},
    ruleset::{Profile, Ruleset},
    snapshot::{Edit, Snapshot},
};
use serde_json::{Value, json};

use crate::{test_certificates::good, world::*};

fn label() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("c")]
}

fn selector() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        label().prop_map(|app| json!({"matchLabels": {"app": app}})),
        label().prop_map(|app| json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [app]}]})),
    ]
}

fn rules() -> impl Strategy<Value = Value> {
    let peer = prop_oneof![
        Just(json!({"podSelector": {}})),
        Just(json!({"namespaceSelector": {}})),
        prop_oneof![Just("10.0.0.0/8"), Just("0.0.0.0/0"), Just("0.0.0.0/1"), Just("192.0.2.0/24")]
            .prop_map(|cidr| json!({"ipBlock": {"cidr": cidr}})),
    ];
    let ports = prop_oneof![
        Just(json!([])),
        Just(json!([{"port": 443}])),
        Just(json!([{"port": 1, "endPort": 2000}])),
        Just(json!([{"port": 1500, "endPort": 60000}])),
    ];
    let rule = prop_oneof![
        1 => Just(json!({})),
        6 => (prop::collection::vec(peer, 1..3), ports).prop_map(|(peers, ports)| json!({"from": peers, "ports": ports})),
    ];
    prop::collection::vec(rule, 0..3).prop_map(Value::from)
}

fn policy_of(name: &'static str) -> impl Strategy<Value = Value> {
    (selector(), rules(), 0..3usize).prop_map(move |(selector, rules, types)| {
        let types = [json!(["Ingress"]), json!(["Ingress", "Egress"]), json!(["Egress"])][types].clone();
        policy(name, &json!({"podSelector": selector, "policyTypes": types, "ingress": rules}))
    })
}

fn pod_of(name: &'static str) -> impl Strategy<Value = Value> {
    // A controller of a kind that Ringwall does not read names each Pod's class apart from the others'.
    label().prop_map(move |app| {
        let mut pod = pod(name, app);
        pod["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "example.com/v1", "kind": "Robot", "name": name, "uid": name, "controller": true}]);
        pod
    })
}

/// A Pod that may be sensitive and may have a proxy.
fn meshed_pod_of(name: &'static str) -> BoxedStrategy<Value> {
    (pod_of(name), any::<bool>(), prop_oneof![Just("istio-proxy"), Just("linkerd-proxy"), Just("other")])
        .prop_map(|(mut pod, sensitive, proxy)| {
            if sensitive {
                pod["metadata"]["labels"]["ringwall.dev/data"] = json!("sensitive");
            }
            pod["spec"]["containers"] = json!([{"name": "main", "ports": [{"containerPort": 8080}]}, {"name": proxy}]);
            pod
        })
        .boxed()
}

/// A policy of a mesh: of a namespace, of the whole mesh, of some workloads.
fn mesh_policy_of(name: &'static str) -> BoxedStrategy<Value> {
    let mode = prop_oneof![Just("UNSET"), Just("DISABLE"), Just("PERMISSIVE"), Just("STRICT")];
    let home = prop_oneof![3 => Just("shop"), 1 => Just("istio-system")];
    let selector = prop::option::of(label().prop_map(|app| json!({"matchLabels": {"app": app}})));
    let peers = (home, selector, mode.clone(), prop::option::of(mode), 1..4u8).prop_map(
        move |(home, selector, mode, port, day)| {
            json!({
                "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
                "metadata": {"name": name, "namespace": home, "creationTimestamp": format!("2026-01-0{day}T00:00:00Z")},
                "spec": {"selector": selector, "mtls": {"mode": mode}, "portLevelMtls": port.map(|mode| json!({"9090": {"mode": mode}}))},
            })
        },
    );
    let access = prop_oneof![Just("deny"), Just("all-authenticated"), Just("all-unauthenticated")];
    let server = (label(), access).prop_map(move |(app, access)| {
        json!({
            "apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": app}}, "port": 8080, "accessPolicy": access},
        })
    });
    let rule = prop_oneof![Just("s"), Just("*.shop.svc.cluster.local")].prop_map(move |host| {
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"host": host, "trafficPolicy": {"tls": {}}},
        })
    });
    prop_oneof![4 => peers.boxed(), 1 => server.boxed(), 1 => rule.boxed()].boxed()
}

/// What is said of Services is judged when they or policies change, and not with every Pod.
const SERVICE_RULES: [&str; 7] = [
    "blocked-service",
    "split-service",
    "blocked-ingress-controller",
    "blocked-webhook",
    "plaintext-service",
    "plaintext-backend",
    "unverified-backend",
];

fn service_of(name: &'static str) -> impl Strategy<Value = Value> {
    let target = prop_oneof![Just(443), Just(1600), Just(8080)];
    (label(), target).prop_map(move |(app, target)| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": target}]},
        })
    })
}

fn ingress_to(service: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "shop"},
        "spec": {"ingressClassName": "edge", "defaultBackend": {"service": {"name": service, "port": {"number": 80}}}},
    })
}

/// Certificates for one host, for the other, and for both. What is wrong in a Secret itself is left aside: surveys tell it once, of
/// the Secret, and whoever comes to use it hears of it as well.
static CERTIFICATES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let names: [&[&str]; 3] = [&["a.example.com"], &["b.example.com"], &["*.example.com"]];
    names.into_iter().map(good).map(|made| made.secret("")).collect()
});

fn secret_of(name: &'static str) -> impl Strategy<Value = Value> {
    (0..3usize).prop_map(move |which| {
        let mut secret = CERTIFICATES[which].clone();
        secret["metadata"]["name"] = json!(name);
        secret
    })
}

/// An Ingress with TLS, of one host or of both, which uses a Secret of the world or the one that changes.
fn encrypted(name: &'static str) -> impl Strategy<Value = Value> {
    let hosts = prop_oneof![
        Just(vec!["a.example.com"]),
        Just(vec!["b.example.com"]),
        Just(vec!["a.example.com", "b.example.com"]),
    ];
    (hosts, prop_oneof![Just("tls"), Just("changed-tls")], any::<bool>()).prop_map(move |(hosts, secret, issued)| {
        let mut value = ingress("shop", name, &hosts, &hosts);
        value["spec"]["tls"][0]["secretName"] = json!(secret);
        if issued {
            value["metadata"]["annotations"] = json!({"cert-manager.io/issuer": "example"});
        }
        value
    })
}

/// A world, and one change in it: the object before and after.
fn case() -> BoxedStrategy<(Vec<Value>, Option<Value>, Option<Value>)> {
    let policies = (prop::option::of(policy_of("p")), prop::option::of(policy_of("q")));
    let pods =
        (prop::option::of(meshed_pod_of("x")), prop::option::of(meshed_pod_of("y")), prop::option::of(pod_of("z")));
    let meshes = (prop::option::of(mesh_policy_of("m")), prop::option::of(mesh_policy_of("n")));
    let templates = prop::option::of(label().prop_map(|app| deployment("d", app)));
    let services = (prop::option::weighted(0.9, service_of("s")), prop::option::of(service_of("t")));
    let ingresses = prop::option::of(prop_oneof![Just("s"), Just("changed-service")].prop_map(ingress_to));
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "edge"},
        "spec": {"controller": "example.com/edge"},
    });
    let secrets =
        (prop::option::of(secret_of("tls")), prop::option::of(encrypted("e")), prop::option::of(encrypted("f")));
    let changed = prop_oneof![
        (prop::option::of(secret_of("changed-tls")), prop::option::of(secret_of("changed-tls"))),
        (prop::option::of(encrypted("changed")), prop::option::of(encrypted("changed"))),
        (
            prop::option::of(service_of("changed-service")),
            prop::option::of(service_of("changed-service"))
                .prop_filter("Services are not judged on DELETE", Option::is_some)
        ),
        (prop::option::of(policy_of("changed")), prop::option::of(policy_of("changed"))),
        (
            prop::option::of(meshed_pod_of("changed")),
            prop::option::of(meshed_pod_of("changed")).prop_filter("Pods are not judged on DELETE", Option::is_some)
        )
            .prop_map(|(before, mut after)| {
                // The containers of a Pod that is there stay what they are.
                if let (Some(before), Some(after)) = (&before, &mut after) {
                    after["spec"] = before["spec"].clone();
                }
                (before, after)
            }),
    ];
    let changed = prop_oneof![
        3 => changed.boxed(),
        // One kind in one namespace is one object: what it was and what it becomes are of the same.
        1 => (mesh_policy_of("changed"), mesh_policy_of("changed"), 0..3u8).prop_map(|(before, after, which)| {
            let same = |field: &str| before[field] == after[field];
            let is_one = same("kind") && before["metadata"]["namespace"] == after["metadata"]["namespace"];
            match which {
                0 => (None, Some(after)),
                1 if is_one => (Some(before), Some(after)),
                _ => (Some(before), None),
            }
        }).boxed(),
    ];
    let world = (
        policies.boxed(),
        pods.boxed(),
        templates.boxed(),
        (services, ingresses, secrets, meshes).boxed(),
        changed.boxed(),
    );
    world
        .prop_filter("there is a change", |(.., (before, after))| before.is_some() || after.is_some())
        .prop_map(move |((p, q), (x, y, z), d, ((s, t), i, (tls, e, f), (m, n)), (before, after))| {
            let others = [p, q, x, y, z, d, s, t, i, tls, e, f, m, n].into_iter().flatten();
            ([namespace("shop", &[]), class.clone(), nginx()].into_iter().chain(others).collect(), before, after)
        })
        .boxed()
}

/// What identifies a breach on its scale, for the subject as shown.
fn scale(judgement: &Judgement) -> (String, &'static str, String) {
    let subject = SubjectReference { pods: None, ..judgement.subject.clone() };
    let direction = judgement.breach.aspect.direction();
    let aspect = direction.map_or_else(|| judgement.breach.aspect.to_string(), |direction| direction.to_string());
    (subject.to_string(), judgement.breach.family.0, aspect)
}

fn surveyed(snapshot: &Snapshot, ruleset: &Ruleset) -> Vec<Judgement> {
    survey(snapshot, ruleset, Templates::AsPods, now())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_survey_finds_after_and_not_before_is_what_the_decision_finds_worse((world, before, after) in case()) {
        holds(&world, before.as_ref(), after.as_ref())?;
    }
}

/// Whether the law holds of one change in a world.
pub(crate) fn holds(world: &[Value], before: Option<&Value>, after: Option<&Value>) -> Result<(), TestCaseError> {
    let ruleset = enforcing(Profile::Restricted);
    let stored: Vec<Value> = world.iter().chain(before).cloned().collect();
    let old = snapshot(&stored);
    let request = change(before, after);
    let edit = match &request.after {
        Some(object) => Edit::Put(Object::clone(object)),
        None => Edit::Remove(request.key.clone()),
    };
    let (new, _) = old.with([edit]);
    let of_a_pod = request.key.kind == ringwall::model::Kind::Pod;
    let was = surveyed(&old, &ruleset);
    // A new workload is not told what it means for policies.
    let is_new_workload = request.operation == Operation::Create && !request.key.kind.decides_isolation();
    let worse: BTreeSet<_> = surveyed(&new, &ruleset)
        .iter()
        .filter(|judgement| !is_new_workload || !judgement.breach.subject.kind().is_policy())
        .filter(|judgement| {
            // What could not be proved before licenses nothing that is certain now.
            let counts = |prior: &&Judgement| prior.breach.certain.is_ok() || judgement.breach.certain.is_err();
            let prior = was.iter().filter(|prior| scale(prior) == scale(judgement)).filter(counts);
            judgement.breach.extent.exceeds(prior.map(|prior| &prior.breach.extent as &Extent))
        })
        .filter(|judgement| !(of_a_pod && SERVICE_RULES.contains(&judgement.breach.rule.0)))
        .map(|judgement| (scale(judgement), judgement.breach.rule.0))
        .collect();
    let decision = ringwall::decision::decide(&old, &request, &ruleset, now());
    let told: BTreeSet<_> =
        decision.findings.iter().map(|(finding, _)| (finding.subject.name.to_string(), finding.rule.0)).collect();
    for ((subject, _, aspect), rule) in &worse {
        prop_assert!(
            told.iter().any(|(name, it)| it == rule && subject.contains(name.as_str())),
            "the survey finds {rule} of {subject} ({aspect}) worse, the decision told {told:?}\n{}",
            lines(&decision)
        );
    }
    // And the other way round: what is refused is worse by the survey.
    for (finding, outcome) in &decision.findings {
        if *outcome == Outcome::Refuse {
            let found = worse.iter().any(|((subject, ..), rule)| {
                *rule == finding.rule.0 && subject.contains(finding.subject.name.as_str())
            });
            prop_assert!(found, "refused, and no survey finds it worse: {}\n{worse:?}", finding.line());
        }
    }
    Ok(())
}
