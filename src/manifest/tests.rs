//! Files, and what becomes of them.

use super::{Loaded, Options, load};
use crate::{
    model::{FieldPath, Kind, Name, ObjectKey},
    snapshot::{Blind, Lookup},
    source::{Locate, Source},
};

fn loaded(texts: &[&str]) -> Loaded {
    let sources = texts.iter().enumerate().map(|(index, text)| Source::new(format!("{index}.yaml"), *text));
    load(sources, &Options::default())
}

fn errors(loaded: &Loaded) -> Vec<String> {
    loaded.errors.iter().map(ToString::to_string).collect()
}

fn policy(name: &str) -> ObjectKey {
    ObjectKey::namespaced(Kind::NetworkPolicy, "shop", name)
}

const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
";

#[test]
fn what_the_files_hold_is_in_the_snapshot() {
    let loaded = loaded(&[SHOP]);
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let Lookup::Found(namespace) = loaded.snapshot.namespace(&Name::from("shop")) else { panic!() };
    assert!(namespace.meta.labels.has("team") && namespace.meta.labels.has("kubernetes.io/metadata.name"));
    assert_eq!(loaded.snapshot.policies(&Name::from("shop")).count(), 1);
    let order: Vec<String> = loaded.origins.objects().map(ToString::to_string).collect();
    assert_eq!(order, ["Namespace shop", "NetworkPolicy shop/web"]);
}

#[test]
fn fields_are_found_in_the_files_as_long_as_the_texts_are_kept() {
    let kept = loaded(&[SHOP]);
    let selector = FieldPath::new("spec.podSelector");
    let at = kept.origins.locate(&policy("web"), &selector).unwrap();
    assert_eq!((&*at.file, at.line, at.column), ("0.yaml", 10, 3));
    assert_eq!(kept.origins.text_of("0.yaml"), Some(SHOP));
    let options = Options { keep_text: false, ..Options::default() };
    let dropped = load([Source::new("0.yaml", SHOP)], &options);
    assert_eq!(dropped.origins.locate(&policy("web"), &selector).unwrap().line, 6);
    assert_eq!(dropped.origins.text_of("0.yaml"), None);
}

#[test]
fn an_object_without_a_namespace_is_in_the_default_one() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";
    let in_namespace = |namespace: &str| {
        let options = Options { default_namespace: namespace.into(), ..Options::default() };
        let loaded = load([Source::new("a", text)], &options);
        assert_eq!(errors(&loaded), Vec::<String>::new());
        matches!(loaded.snapshot.object(&ObjectKey::namespaced(Kind::Service, namespace, "web")), Lookup::Found(_))
    };
    assert!(in_namespace("default") && in_namespace("shop"));
}

#[test]
fn a_namespace_that_is_only_named_exists_without_labels_and_is_not_the_files_own() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n";
    let loaded = loaded(&[text]);
    let Lookup::Found(namespace) = loaded.snapshot.namespace(&Name::from("shop")) else { panic!() };
    assert_eq!(namespace.meta.labels.iter().count(), 1);
    assert!(!loaded.origins.holds(&ObjectKey::cluster(Kind::Namespace, "shop")));
    assert_eq!(loaded.origins.objects().count(), 1);
}

#[test]
fn classes_are_unseen_until_the_files_hold_one_and_policies_are_whole() {
    let class = ObjectKey::cluster(Kind::IngressClass, "nginx");
    let without = loaded(&[SHOP]);
    assert_eq!(without.snapshot.object(&class), Lookup::Unseen(Blind::NotInFiles(Kind::IngressClass)));
    for kind in Kind::all().filter(|kind| kind.is_policy() || kind.is_workload() || *kind == Kind::Service) {
        assert_eq!(without.snapshot.coverage(kind, None), Ok(()), "{kind}");
    }
    let text =
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: other}\nspec: {controller: a.b/c}\n";
    assert_eq!(loaded(&[text]).snapshot.object(&class), Lookup::Absent);
}

#[test]
fn secrets_are_never_all_among_the_files() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: one, namespace: shop}\n";
    let other = ObjectKey::namespaced(Kind::Secret, "shop", "other");
    assert_eq!(loaded(&[text]).snapshot.object(&other), Lookup::Unseen(Blind::NotInFiles(Kind::Secret)));
}

#[test]
fn an_object_that_is_there_twice_is_an_error_with_both_places() {
    let loaded = loaded(&[SHOP, "\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"]);
    assert_eq!(
        errors(&loaded),
        ["1.yaml:6:3: Namespace shop: metadata.name: Namespace shop is there twice; the first is at 0.yaml:2"]
    );
}

#[test]
fn objects_of_one_generated_name_are_different_objects() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: web-}\nspec: {containers: [{name: a, image: b}]}\n";
    let loaded = loaded(&[text, text, text]);
    assert_eq!(errors(&loaded), Vec::<String>::new());
    let names: Vec<&str> = loaded.origins.objects().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["web-", "web-2", "web-3"]);
}

#[test]
fn an_old_version_of_a_known_kind_is_an_error_that_names_the_right_one() {
    let suggestion = |api_version: &str, kind: &str| {
        let loaded = loaded(&[&format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n")]);
        loaded.errors.first().and_then(|error| error.suggestion.clone()).unwrap_or_default()
    };
    assert_eq!(suggestion("extensions/v1beta1", "Ingress"), "use apiVersion: networking.k8s.io/v1");
    assert_eq!(suggestion("networking.k8s.io/v1beta1", "Ingress"), "use apiVersion: networking.k8s.io/v1");
    assert_eq!(suggestion("apps/v1beta2", "Deployment"), "use apiVersion: apps/v1");
    assert_eq!(suggestion("extensions/v1beta1", "NetworkPolicy"), "use apiVersion: networking.k8s.io/v1");
    assert_eq!(suggestion("networking.k8s.io/v1", "NetworkPolcy"), "did you mean NetworkPolicy?");
    assert_eq!(suggestion("v1", "Endpoints"), "");
}

#[test]
fn kinds_that_nobody_reads_are_counted() {
    let loaded = loaded(&[
        "apiVersion: v1\nkind: Endpoints\n---\napiVersion: v1\nkind: Endpoints\n---\napiVersion: a.b/v1\nkind: Job\n",
    ]);
    assert_eq!(errors(&loaded), Vec::<String>::new());
    assert_eq!(
        loaded.skipped.into_iter().collect::<Vec<_>>(),
        [("a.b/v1/Job".to_owned(), 1), ("v1/Endpoints".to_owned(), 2)]
    );
}

#[test]
fn what_is_refused_does_not_enter_the_snapshot_and_leaves_the_rest() {
    let broken = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: broken, namespace: shop}\nspec:\n  podSelecter: {}\n";
    let loaded = loaded(&[broken, SHOP, "a: [\n", "kind: Pod\n"]);
    assert_eq!(loaded.snapshot.policies(&Name::from("shop")).count(), 1);
    let first = &loaded.errors[0];
    assert_eq!((&*first.file, first.line, first.column), ("0.yaml", 5, 3));
    assert_eq!(first.object, Some(policy("broken")));
    assert_eq!(first.suggestion.as_deref(), Some("did you mean podSelector?"));
    assert_eq!(loaded.errors.len(), 3);
    assert!(errors(&loaded)[2].contains("apiVersion"), "{:?}", errors(&loaded));
}

#[test]
fn a_list_from_kubectl_is_its_items() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "B"}}
    ]}"#;
    let loaded = loaded(&[text]);
    assert_eq!(loaded.origins.objects().count(), 1);
    assert_eq!((loaded.errors[0].line, loaded.errors[0].path.as_str()), (3, "metadata.name"));
}
