//! Tests of the way through with live reads: what is read, what it changes, and what happens when it fails.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Admission;
use crate::{
    cluster::{self, Live, ReadError, State},
    model::{Kind, Object, ObjectKey, decode},
    ruleset::Ruleset,
    snapshot::{Edit, Need, Scope, Snapshot},
    telemetry::Metrics,
};

/// An API server of which only the answers are known; what was asked is remembered.
#[derive(Default)]
struct Script {
    answers: BTreeMap<Need, Vec<Object>>,
    /// Whether it answers at all.
    silent: bool,
    asked: Mutex<Vec<Need>>,
}

impl Live for Script {
    fn read(&self, need: Need) -> Pin<Box<dyn Future<Output = cluster::Answer> + Send + '_>> {
        self.asked.lock().unwrap().push(need.clone());
        Box::pin(async move {
            if self.silent {
                std::future::pending::<()>().await;
            }
            self.answers.get(&need).cloned().ok_or(ReadError::Forbidden)
        })
    }
}

fn object(kind: Kind, value: &Value) -> Object {
    decode::object(kind, value.to_string().as_bytes()).unwrap()
}

fn namespace(profile: &str) -> Object {
    let labels = json!({"ringwall.dev/enforce": profile});
    object(Kind::Namespace, &json!({"metadata": {"name": "shop", "uid": "n", "labels": labels}}))
}

fn policy() -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "p"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}
    })
}

fn policies(namespace: &str) -> Need {
    Need::List(Kind::NetworkPolicy, Some(namespace.into()))
}

/// The answers of a cluster with that policy, or none.
fn answers(policy: Option<Object>) -> BTreeMap<Need, Vec<Object>> {
    let shop = ObjectKey::cluster(Kind::Namespace, "shop");
    BTreeMap::from([(Need::Get(shop), vec![namespace("baseline")]), (policies("shop"), policy.into_iter().collect())])
}

/// A state in which all kinds have been seen whole.
fn snapshot(objects: impl IntoIterator<Item = Object>) -> Snapshot {
    let whole = Kind::all().map(|kind| Edit::Cover(Scope { kind, namespace: None }, Ok(())));
    Snapshot::new().with(whole.chain(objects.into_iter().map(Edit::Put))).0
}

fn review(kind: (&str, &str), operation: &str, object: &Value, before: &Value) -> String {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u", "kind": {"group": kind.0, "version": "v1", "kind": kind.1}, "operation": operation,
            "namespace": "shop", "userInfo": {"username": "jane"}, "object": object, "oldObject": before
        }
    })
    .to_string()
}

fn web() -> String {
    let pod =
        json!({"metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}}, "spec": {"containers": []}});
    review(("", "Pod"), "CREATE", &pod, &Value::Null)
}

struct Trial {
    admission: Admission,
    script: Arc<Script>,
    metrics: Arc<Metrics>,
    state: Arc<State>,
    ruleset: Arc<ArcSwap<Ruleset>>,
}

impl Trial {
    fn new(snapshot: Snapshot, script: Script) -> Self {
        let state = Arc::new(State::unsynced(Timestamp::UNIX_EPOCH));
        state.publish(snapshot, Timestamp::UNIX_EPOCH);
        let (script, metrics) = (Arc::new(script), Arc::new(Metrics::new()));
        let ruleset = Arc::new(ArcSwap::from_pointee(Ruleset::default()));
        let live: Arc<dyn Live> = Arc::<Script>::clone(&script);
        let admission = Admission::new(Arc::clone(&state), Some(live), Arc::clone(&ruleset), Arc::clone(&metrics));
        Self { admission, script, metrics, state, ruleset }
    }

    async fn ask(&self, review: &str) -> Value {
        let answer = self.admission.answer(review.as_bytes()).await.unwrap();
        serde_json::from_slice::<Value>(&answer).unwrap()["response"].clone()
    }

    /// What was asked since the last time, but for the Namespace, which confirms the mode.
    fn asked(&self) -> Vec<Need> {
        let mut asked = std::mem::take(&mut *self.script.asked.lock().unwrap());
        asked.retain(|need| need.kind() != Kind::Namespace);
        asked
    }
}

#[tokio::test]
async fn a_refusal_that_a_live_read_disproves_is_none() {
    let found = object(Kind::NetworkPolicy, &policy());
    let answers = answers(Some(found));
    let trial = Trial::new(snapshot([namespace("baseline")]), Script { answers, ..Script::default() });
    assert_eq!(trial.ask(&web()).await["allowed"], true);
    assert_eq!(trial.asked(), [policies("shop")]);
    assert!(trial.metrics.encode().contains("ringwall_live_changes_total{to=\"admitted\"} 1"));
    assert!(!trial.metrics.encode().contains("ringwall_live_reads_total{"), "the reader counts what it reads");
    assert!(trial.state.current().snapshot.policies(&"shop".into()).next().is_none(), "the published state stays");
}

#[tokio::test]
async fn a_refusal_that_a_live_read_confirms_stands() {
    let answers = answers(None);
    let trial = Trial::new(snapshot([namespace("baseline")]), Script { answers, ..Script::default() });
    let answer = trial.ask(&web()).await;
    assert_eq!(answer["allowed"], false);
    assert!(!answer["status"]["message"].as_str().unwrap().contains("decided on"), "{answer}");
    assert_eq!(trial.asked(), [policies("shop")]);
}

#[tokio::test]
async fn a_namespace_that_is_not_known_yet_is_read_before_anything_is_admitted() {
    let known = ObjectKey::cluster(Kind::Namespace, "shop");
    let answers = BTreeMap::from([(Need::Get(known.clone()), vec![namespace("baseline")]), (policies("shop"), vec![])]);
    let trial = Trial::new(snapshot([]), Script { answers, ..Script::default() });
    assert_eq!(trial.ask(&web()).await["allowed"], false);
    assert_eq!(trial.asked(), [policies("shop")]);
    assert!(trial.metrics.encode().contains("ringwall_live_changes_total{to=\"refused\"} 1"));
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_the_decision_stands_after_a_second_and_says_on_what() {
    let trial = Trial::new(snapshot([namespace("baseline")]), Script { silent: true, ..Script::default() });
    let began = tokio::time::Instant::now();
    let answer = trial.ask(&web()).await;
    assert_eq!(began.elapsed().as_secs(), 1);
    assert_eq!(answer["allowed"], false);
    let message = answer["status"]["message"].as_str().unwrap();
    assert!(message.contains("for a live read failed") && message.contains("did not answer in time"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_admission_that_no_live_read_could_confirm_says_so() {
    let trial = Trial::new(snapshot([]), Script { silent: true, ..Script::default() });
    let answer = trial.ask(&web()).await;
    assert_eq!(answer["allowed"], true);
    let warnings = answer["warnings"].as_array().unwrap();
    let is_doubt = |line: &&Value| line.as_str().unwrap().contains("for a live read failed");
    assert_eq!(warnings.iter().filter(is_doubt).count(), 1, "{answer}");
}

#[tokio::test]
async fn a_pod_that_rests_on_a_policy_whose_deletion_was_admitted_is_confirmed() {
    let held = object(Kind::NetworkPolicy, &policy());
    let answers = answers(None);
    let trial = Trial::new(snapshot([namespace("baseline"), held]), Script { answers, ..Script::default() });
    assert_eq!(trial.ask(&web()).await["allowed"], true);
    assert_eq!(trial.asked(), [], "nothing is in doubt yet");
    let deletion = review(("networking.k8s.io", "NetworkPolicy"), "DELETE", &Value::Null, &policy());
    assert_eq!(trial.ask(&deletion).await["allowed"], true);
    trial.asked();
    assert_eq!(trial.ask(&web()).await["allowed"], false, "the watch has not seen it, the live read has");
    assert_eq!(trial.asked(), [policies("shop")]);
}

#[tokio::test]
async fn a_dry_run_of_a_deletion_puts_nothing_in_doubt() {
    let held = object(Kind::NetworkPolicy, &policy());
    let trial = Trial::new(snapshot([namespace("baseline"), held]), Script::default());
    let deletion = review(("networking.k8s.io", "NetworkPolicy"), "DELETE", &Value::Null, &policy());
    let dry = deletion.replace("\"uid\":\"u\"", "\"uid\":\"u\",\"dryRun\":true");
    assert_ne!(dry, deletion);
    assert_eq!(trial.ask(&dry).await["allowed"], true);
    trial.asked();
    assert_eq!(trial.ask(&web()).await["allowed"], true);
    assert_eq!(trial.asked(), []);
}

fn obscure_policy(operation: &str, before: &Value) -> String {
    let mut obscure = policy();
    obscure["spec"]["policyTypes"] = json!(["Sideways"]);
    review(("networking.k8s.io", "NetworkPolicy"), operation, &obscure, before)
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_refused_where_something_is_enforced() {
    let trial = Trial::new(snapshot([namespace("baseline")]), Script::default());
    for (operation, before) in [("CREATE", Value::Null), ("UPDATE", policy())] {
        let answer = trial.ask(&obscure_policy(operation, &before)).await;
        assert_eq!(answer["allowed"], false, "{answer}");
        let message = answer["status"]["message"].as_str().unwrap();
        assert!(message.contains("spec.policyTypes") && message.contains("shop enforces baseline"), "{message}");
        assert!(message.contains("networking.k8s.io/v1"), "{message}");
    }
    let unknown = Trial::new(snapshot([]), Script { answers: answers(None), ..Script::default() });
    assert_eq!(unknown.ask(&obscure_policy("CREATE", &Value::Null)).await["allowed"], false, "the Namespace is read");
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_admitted_with_a_warning_where_it_makes_nothing_worse() {
    let mut obscure = policy();
    obscure["spec"]["policyTypes"] = json!(["Sideways"]);
    let mut ending = json!({"metadata": {"name": "shop", "uid": "n", "labels": {"ringwall.dev/enforce": "baseline"}}});
    ending["status"] = json!({"phase": "Terminating"});
    let cases = [
        (namespace("privileged"), obscure_policy("CREATE", &Value::Null)),
        (namespace("baseline"), obscure_policy("UPDATE", &obscure)),
        (namespace("baseline"), review(("networking.k8s.io", "NetworkPolicy"), "DELETE", &Value::Null, &obscure)),
        (object(Kind::Namespace, &ending), obscure_policy("CREATE", &Value::Null)),
    ];
    for (namespace, review) in cases {
        let answer = Trial::new(snapshot([namespace]), Script::default()).ask(&review).await;
        assert_eq!(answer["allowed"], true, "{answer}");
        assert!(answer["warnings"][0].as_str().unwrap().starts_with("ringwall cannot judge this NetworkPolicy"));
    }
}

#[tokio::test]
async fn what_policies_of_the_cluster_depend_on_is_refused_where_any_namespace_enforces() {
    let mut calico = Ruleset::default();
    calico.environment.plugin.set("enforces", "NetworkPolicy,Calico").unwrap();
    let set = json!({"metadata": {"name": "partners"}, "spec": {"nets": ["nowhere"]}});
    let tier = json!({"metadata": {"name": "security"}, "spec": {"order": "first"}});
    let policy = json!({"metadata": {"name": "all"}, "spec": {"selector": "app = 'web'"}});
    let asked = async |profile: &str, ruleset: &Ruleset| {
        let trial = Trial::new(snapshot([namespace(profile)]), Script::default());
        trial.ruleset.store(Arc::new(ruleset.clone()));
        let mut allowed = Vec::new();
        for (kind, object) in [("GlobalNetworkSet", &set), ("Tier", &tier), ("GlobalNetworkPolicy", &policy)] {
            let review = review(("crd.projectcalico.org", kind), "CREATE", object, &Value::Null);
            let answer = trial.ask(&review.replace("\"namespace\":\"shop\",\"op", "\"op")).await;
            allowed.push(answer["allowed"].as_bool().unwrap());
        }
        allowed
    };
    assert_eq!(asked("baseline", &calico).await, [false; 3]);
    assert_eq!(asked("privileged", &calico).await, [true; 3], "nothing is enforced");
    assert_eq!(asked("baseline", &Ruleset::default()).await, [true; 3], "nobody has said that Calico enforces them");
}

fn web_pod(labels: &Value) -> Value {
    json!({"metadata": {"name": "web", "namespace": "shop", "labels": labels}, "spec": {"containers": []}})
}

#[tokio::test]
async fn what_cannot_be_read_of_the_object_before_excuses_nothing() {
    let answers = answers(None);
    let trial = Trial::new(snapshot([namespace("baseline")]), Script { answers, ..Script::default() });
    let moved = review(("", "Pod"), "UPDATE", &web_pod(&json!({"app": "free"})), &web_pod(&json!(5)));
    assert_eq!(trial.ask(&moved).await["allowed"], false);
}

#[tokio::test]
async fn labels_that_move_by_a_status_update_are_judged_and_other_subresources_are_not() {
    let held = object(Kind::NetworkPolicy, &policy());
    let answers = answers(Some(held.clone()));
    let trial = Trial::new(snapshot([namespace("baseline"), held]), Script { answers, ..Script::default() });
    let [before, after] = [json!({"app": "web"}), json!({"app": "free"})].map(|labels| web_pod(&labels));
    let by = |name: &str| {
        let update = review(("", "Pod"), "UPDATE", &after, &before);
        update.replace("\"uid\":\"u\"", &format!("\"uid\":\"u\",\"subResource\":\"{name}\""))
    };
    assert_eq!(trial.ask(&by("status")).await["allowed"], false);
    assert_eq!(trial.ask(&by("resize")).await["allowed"], true);
    let stays = review(("", "Pod"), "UPDATE", &before, &before);
    let stays = stays.replace("\"uid\":\"u\"", "\"uid\":\"u\",\"subResource\":\"status\"");
    assert_eq!(trial.ask(&stays).await["allowed"], true);
}

#[tokio::test]
async fn a_pod_does_not_wait_for_the_decisions_on_policies() {
    let held = object(Kind::NetworkPolicy, &policy());
    let trial = Trial::new(snapshot([namespace("baseline"), held]), Script::default());
    let threads = Arc::clone(&trial.admission.threads);
    let all = threads.acquire_many(u32::try_from(threads.available_permits()).unwrap()).await.unwrap();
    let change = review(("networking.k8s.io", "NetworkPolicy"), "UPDATE", &policy(), &policy());
    let large = web().replace("\"uid\":\"u\"", &format!("\"uid\":\"u\",\"more\":\"{}\"", "x".repeat(70_000)));
    let mut waiting = [Box::pin(trial.ask(&change)), Box::pin(trial.ask(&large))];
    for ask in &mut waiting {
        assert!(futures::poll!(ask).is_pending(), "every thread is taken");
    }
    assert_eq!(trial.ask(&web()).await["allowed"], true);
    drop(all);
    for ask in waiting {
        assert_eq!(ask.await["allowed"], true);
    }
}

#[tokio::test]
async fn a_dry_run_of_an_object_that_cannot_be_decoded_is_not_counted_as_one() {
    let trial = Trial::new(snapshot([]), Script::default());
    let obscure = web().replace("\"containers\":[]", "\"containers\":5");
    let dry = obscure.replace("\"uid\":\"u\"", "\"uid\":\"u\",\"dryRun\":true");
    let counted = "ringwall_undecodable_objects_total{kind=\"Pod\"}";
    assert!(trial.ask(&dry).await["warnings"][0].as_str().unwrap().contains("cannot judge"));
    assert!(!trial.metrics.encode().contains(counted));
    trial.ask(&obscure).await;
    assert!(trial.metrics.encode().contains(&format!("{counted} 1")));
}

#[tokio::test]
async fn a_dry_run_that_asks_which_certificate_is_served_is_told_its_fingerprint() {
    let trial = Trial::new(Snapshot::default(), Script::default());
    let (made, _) = crate::webhook::self_made().unwrap();
    let tls =
        crate::webhook::Tls::load(made, crate::webhook::TlsPolicy::default(), Arc::clone(&trial.metrics)).unwrap();
    let tls = Arc::new(tls);
    let admission = trial.admission.serving(Arc::clone(&tls));
    let ask = async |name: &str, dry_run: bool| {
        let spec =
            json!({"rules": ["unisolated-ingress"], "match": {"namespaces": ["x"]}, "reason": "r", "owner": "o"});
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u", "kind": {"group": "ringwall.dev", "version": "v1alpha1", "kind": "Exemption"},
                "operation": "CREATE", "name": name, "dryRun": dry_run, "userInfo": {"username": "jane"},
                "object": {"metadata": {"name": name}, "spec": spec},
            }
        });
        let answer = admission.answer(review.to_string().as_bytes()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let warnings = answer["response"]["warnings"].as_array().cloned().unwrap_or_default();
        warnings.iter().find_map(|it| crate::webhook::served(it.as_str().unwrap()).map(str::to_owned))
    };
    assert_eq!(ask("ringwall-probe-1", true).await, tls.fingerprint());
    assert_eq!((ask("ringwall-probe-1", false).await, ask("other", true).await), (None, None));
}
