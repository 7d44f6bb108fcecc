//! Whole texts, taken apart.

use serde_json::{Value, json};

use super::{Document, Source, SourceError, documents};
use crate::model::FieldPath;

fn read(text: &str) -> Vec<Result<Document, SourceError>> {
    documents(&Source::new("file.yaml", text)).collect()
}

fn values(text: &str) -> Vec<Value> {
    read(text).into_iter().map(|document| document.unwrap().value).collect()
}

fn only_error(text: &str) -> SourceError {
    let errors: Vec<_> = read(text).into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.into_iter().next().unwrap()
}

/// `line:column: the text` of a field of a document.
fn at(text: &str, document: usize, path: &str) -> String {
    let documents: Vec<_> = read(text).into_iter().filter_map(Result::ok).collect();
    let location = documents[document].locate(&FieldPath::new(path));
    format!("{}:{}: {}", location.line, location.column, &text[location.span])
}

#[test]
fn documents_end_where_kubectl_ends_them() {
    assert_eq!(values("a: 1\n---\nb: 2\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(values("---\n---\n# c\n---\na: 1\n---\n"), [json!({"a": 1})]);
    assert_eq!(values("a: 1\n--- # Source: x\nb: 2\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(values("a: 1\r\n---\r\nb: 2\r\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(values("\u{feff}a: 1\n---\nb: 1\n"), [json!({"a": 1}), json!({"b": 1})]);
    assert_eq!(values("\u{feff}{\"a\": 1}"), [json!({"a": 1})]);
    assert_eq!(values("a: |\n  x\n  ---\n---\nb: 1\n"), [json!({"a": "x\n---\n"}), json!({"b": 1})]);
    assert_eq!(values("a: 1\n ---\nb: 2\n"), [json!({"a": "1 ---", "b": 2})]);
    assert_eq!(values("%YAML 1.1\n---\na: 1\n"), [json!({"a": 1})]);
    assert_eq!(values("a: 1\n...\n---\nb: 2\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert!(values("").is_empty() && values("\n\n# nothing\n---\n").is_empty() && values("null\n").is_empty());
}

#[test]
fn json_comes_alone_in_streams_and_between_separators() {
    assert_eq!(values("{\"a\":1}\n{\"b\":2}\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(values("{\"a\":1}\n---\n{\"b\":2}\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(values("{\n\t\"a\": \"x\\ty\"\n}"), [json!({"a": "x\ty"})]);
    assert_eq!(values("{a: 1}\n"), [json!({"a": 1})], "braces may be YAML's");
}

#[test]
fn items_of_lists_are_documents() {
    let yaml = "apiVersion: v1\nkind: List\nitems:\n- kind: A\n  x: 1\n- kind: B\n";
    assert_eq!(values(yaml), [json!({"kind": "A", "x": 1}), json!({"kind": "B"})]);
    assert_eq!(at(yaml, 0, "x"), "5:3: x: 1");
    assert_eq!(at(yaml, 1, "spec.x"), "6:3: kind: B");
    let json = r#"{"kind": "List", "apiVersion": "v1", "items": [{"kind": "A"}, {"kind": "B", "x": [1, 2]}]}"#;
    assert_eq!(values(json), [json!({"kind": "A"}), json!({"kind": "B", "x": [1, 2]})]);
    assert_eq!(at(json, 1, "x[1]"), "1:86: 2");
}

#[test]
fn items_of_a_typed_list_are_told_what_they_are() {
    let expected = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
    assert_eq!(
        values(r#"{"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]}"#),
        std::slice::from_ref(&expected)
    );
    assert_eq!(values("kind: PodList\napiVersion: v1\nitems:\n- metadata: {name: a}\n"), [expected]);
}

#[test]
fn a_broken_document_leaves_the_others_whole() {
    let text = "a: 1\n---\nb: [1\nc: }\n---\nd: 4\n";
    let documents: Vec<_> = read(text).into_iter().filter_map(Result::ok).map(|document| document.value).collect();
    assert_eq!(documents, [json!({"a": 1}), json!({"d": 4})]);
    assert_eq!(only_error(text).line, 4);
}

#[test]
fn keys_that_are_there_twice_are_refused() {
    let error = only_error("x: 1\n---\na: 1\nb: 2\na: 3\n");
    assert_eq!((error.line, error.column), (5, 1));
    assert!(error.reason.contains("twice"), "{error}");
    assert!(only_error(r#"{"a": 1, "a": 2}"#).reason.contains("twice"));
}

#[test]
fn anchors_and_merge_keys_mean_what_they_mean_to_kubectl() {
    assert_eq!(values("x: &x {a: 1}\nz: *x\n"), [json!({"x": {"a": 1}, "z": {"a": 1}})]);
    let merged = |text: &str| values(text)[0]["z"].clone();
    assert_eq!(merged("x: &x {a: 1, b: 2}\nz: {<<: *x, b: 3}\n"), json!({"a": 1, "b": 3}));
    assert_eq!(merged("x: &x {a: 1, b: 2}\nz:\n  b: 3\n  <<: *x\n"), json!({"a": 1, "b": 2}));
    assert_eq!(merged("x: &x {a: 1}\nw: &w {a: 2, c: 4}\nz: {<<: [*x, *w]}\n"), json!({"a": 1, "c": 4}));
    assert!(only_error("z: {<<: 3}\n").reason.contains("merge key"));
    only_error("a: *nope\n");
    only_error("a: &a [*a]\n");
}

#[test]
fn keys_are_texts() {
    assert_eq!(values("yes: 1\n2: a\n1.5: b\n012: c\n"), [json!({"true": 1, "2": "a", "1.5": "b", "10": "c"})]);
    only_error("null: a\n");
    only_error("? [1]\n: 2\n");
}

#[test]
fn a_tab_a_template_and_a_colon_are_explained() {
    let suggestion = |text: &str| only_error(text).suggestion.unwrap_or_default();
    assert!(suggestion("a:\n\tb: 1\n").contains("spaces"));
    assert!(suggestion("a:\n  b: {{ .Values.x }}\n").contains("helm template"));
    assert!(suggestion("a: b: c\n").contains("quotes"));
    assert_eq!(values("a:\t1\nb: {\t}\n"), [json!({"a": 1, "b": {}})]);
}

#[test]
fn small_texts_cannot_become_large_trees() {
    let level = |level: usize| {
        let aliases = if level == 0 { "x, x".to_owned() } else { vec![format!("*a{}", level - 1); 10].join(", ") };
        format!("a{level}: &a{level} [{aliases}]\n")
    };
    let text: String = (0..12).map(level).collect();
    assert!(only_error(&text).reason.contains("too large"));
    only_error(&("[".repeat(5000) + &"]".repeat(5000)));
    only_error(&(0..200).map(|depth| " ".repeat(depth) + "a:\n").collect::<String>());
    assert_eq!(read(&("{\"a\":".repeat(5000) + "1" + &"}".repeat(5000))).len(), 1);
}

#[test]
fn only_objects_are_documents() {
    for text in ["- 1\n", "foo\n", "[{\"a\": 1}]", "kind: List\nitems: [1]\n"] {
        assert!(only_error(text).reason.contains("object"), "{text}");
    }
}

const POLICY: &str = r#"# Source: chart/templates/policy.yaml
kind: First
---
kind: NetworkPolicy
metadata:
  name: web
  annotations:
    example.com/a.b: "x"
spec:
  podSelector: {}
  ingress:
  - from:
    - ipBlock:
        cidr: 10.0.0.0/8
    ports:
    - port: 80
      protocol: TCP
  - {}
  text: |
    one
    two
"#;

#[test]
fn a_field_is_found_in_the_text() {
    assert_eq!(at(POLICY, 1, "spec.ingress[0].from[0].ipBlock.cidr"), "14:9: cidr: 10.0.0.0/8");
    assert_eq!(at(POLICY, 1, "spec.ingress"), "11:3: ingress");
    assert_eq!(at(POLICY, 1, "spec.podSelector"), "10:3: podSelector");
    assert_eq!(at(POLICY, 1, "spec.ingress[0].ports[0]"), "16:7: port: 80");
    assert_eq!(at(POLICY, 1, "spec.ingress[1]"), "18:5: {}");
    assert_eq!(at(POLICY, 1, "spec.text"), "19:3: text: |");
    assert_eq!(at(POLICY, 1, r#"metadata.annotations["example.com/a.b"]"#), "8:5: example.com/a.b: \"x\"");
}

#[test]
fn a_missing_field_is_found_where_it_is_missing() {
    assert_eq!(at(POLICY, 1, "spec.egress"), "9:1: spec");
    assert_eq!(at(POLICY, 1, "spec.ingress[0].from[7].podSelector"), "12:5: from");
    assert_eq!(at(POLICY, 1, "status"), "4:1: kind: NetworkPolicy");
    assert_eq!(at(POLICY, 0, ""), "2:1: kind: First");
}

#[test]
fn without_the_text_the_start_of_the_document_is_known() {
    let document = read(POLICY).remove(1).unwrap();
    let location = document.place.without_text().locate(&FieldPath::new("spec.ingress"));
    assert_eq!((location.line, location.column), (4, 1));
}
