//! What the chart grants is what the code says that it needs, and nothing beyond.

use std::collections::BTreeSet;

use ringwall::model::kinds::rights::{Features, rights};
use serde_json::Value;

use super::{chart, parse, roles};

/// Verb, API group, resource with its subresource, namespace and name: the last two are empty for all.
type Granted = (String, String, String, String, String);

#[test]
fn the_chart_grants_what_the_features_need_and_no_more() {
    let features = Features {
        namespace: "ringwall".into(),
        watches_certificates: true,
        reads_secrets: true,
        lease: Some("ringwall".into()),
        certificate: Some(("ringwall-certificate".into(), "ringwall".into())),
    };
    let needed: BTreeSet<Granted> = rights(&features)
        .into_iter()
        .map(|right| {
            let subresource = right.subresource.map(|name| format!("/{name}")).unwrap_or_default();
            let text = |name: Option<ringwall::model::Name>| name.map(|name| name.to_string()).unwrap_or_default();
            let resource = format!("{}{subresource}", right.resource);
            (right.verb.to_owned(), right.group.to_owned(), resource, text(right.namespace), text(right.name))
        })
        .collect();
    let granted = granted();
    let lacking: Vec<_> = needed.difference(&granted).collect();
    let idle: Vec<_> = granted.difference(&needed).collect();
    assert!(lacking.is_empty() && idle.is_empty(), "not granted: {lacking:#?}\nnot needed: {idle:#?}");
}

/// What the roles grant with every feature turned on: what stands in the template, and what it takes from `files/roles.yaml`.
fn granted() -> BTreeSet<Granted> {
    let mut granted = BTreeSet::new();
    let roles = parse(&roles::render());
    for section in roles.as_object().unwrap().values() {
        grant(&mut granted, section, "");
    }
    let mut found = Vec::new();
    for document in plain(&std::fs::read_to_string(chart("templates/rbac.yaml")).unwrap()).split("\n---\n") {
        let document = parse(document);
        let kind = document["kind"].as_str().unwrap();
        found.push(kind.to_owned());
        match kind {
            "ClusterRole" => grant(&mut granted, &document["rules"], ""),
            "Role" => grant(&mut granted, &document["rules"], document["metadata"]["namespace"].as_str().unwrap()),
            _ => assert!(document["rules"].is_null(), "{document}"),
        }
    }
    assert_eq!(found, ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);
    granted
}

fn grant(granted: &mut BTreeSet<Granted>, rules: &Value, namespace: &str) {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    for rule in rules.as_array().unwrap_or_else(|| panic!("no rules: {rules}")) {
        let mut names = texts(&rule["resourceNames"]);
        if names.is_empty() {
            names.push(String::new());
        }
        for (verb, group) in product(&texts(&rule["verbs"]), &texts(&rule["apiGroups"])) {
            for (resource, name) in product(&texts(&rule["resources"]), &names) {
                granted.insert((verb.clone(), group.clone(), resource, namespace.to_owned(), name));
            }
        }
    }
}

fn product(one: &[String], other: &[String]) -> Vec<(String, String)> {
    one.iter().flat_map(|one| other.iter().map(|other| (one.clone(), other.clone()))).collect()
}

/// The template as YAML, for a release `ringwall` in namespace `ringwall`: helm's own lines are left out, so that every condition holds.
fn plain(template: &str) -> String {
    let lines: Vec<&str> = template.lines().filter(|line| !line.contains("{{-")).collect();
    let text = lines
        .join("\n")
        .replace("{{ $fullname }}", "ringwall")
        .replace("{{ .Release.Namespace }}", "ringwall")
        .replace("{{ include \"ringwall.certificateSecret\" . }}", "ringwall-certificate");
    assert!(!text.contains("{{"), "helm puts something in that is not known here: {text}");
    text
}
