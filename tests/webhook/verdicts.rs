//! Verdicts on the wire: what clients see.

use serde_json::{Value, json};

use crate::{
    reviews::{self, create, of, pod, with},
    server::Server,
};

/// A folder with a namespace that enforces, and so many bare Pods that one policy isolates.
fn crowd(pods: usize) -> (tempfile::TempDir, Server, Value) {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "all", "namespace": "crowd", "uid": "1"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}
    });
    let mut items = vec![
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "crowd", "labels": {"ringwall.dev/enforce": "baseline"}}
        }),
        policy.clone(),
    ];
    items.extend(
        (0..pods).map(|number| pod("crowd", &format!("pod-{number:02}"), &[("app", &format!("app-{number:02}"))])),
    );
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(folder.path().join("all.json"), list.to_string()).unwrap();
    let server = Server::start_on(folder.path(), &[]);
    (folder, server, policy)
}

#[test]
fn the_last_policy_is_not_deleted_and_the_message_keeps_to_its_limits() {
    let (_folder, server, policy) = crowd(30);
    let response = server.review(&reviews::delete(policy));
    assert_eq!((&response["allowed"], &response["status"]["code"]), (&json!(false), &json!(403)));
    assert_eq!(response["status"]["reason"], "Forbidden");
    let message = response["status"]["message"].as_str().unwrap();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 11, "{message}");
    for (number, line) in lines[..10].iter().enumerate() {
        assert!(line.contains(&format!("pod-{number:02}")) && line.contains("fix: "), "{message}");
    }
    assert_eq!(lines[10], "and 20 more");
}

#[test]
fn thirty_warnings_keep_to_the_limits_and_the_first_ten_arrive() {
    let (_folder, server, policy) = crowd(30);
    // From unisolated to open is not worse, and is told of every workload.
    let (mut opened, mut aside) = (policy.clone(), policy);
    opened["spec"]["ingress"] = json!([{}]);
    aside["spec"]["podSelector"] = json!({"matchLabels": {"app": "nobody"}});
    let opened = server.review(&of("UPDATE", opened, aside));
    let namespace = |profile: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "crowd", "labels": {"ringwall.dev/enforce": profile}}});
    let raised = server.review(&of("UPDATE", namespace("restricted"), namespace("baseline")));
    for response in [opened, raised] {
        assert_eq!(response["allowed"], true, "{response}");
        let warnings: Vec<&str> =
            response["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect();
        assert!(warnings.len() > 10, "{warnings:#?}");
        assert!(warnings.iter().all(|warning| warning.chars().count() <= 256 && !warning.contains('\n')));
        assert!(warnings.iter().map(|warning| warning.chars().count()).sum::<usize>() <= 4_000);
        assert!(warnings.last().unwrap().contains("more finding"), "{warnings:#?}");
    }
}

#[test]
fn a_template_warns_where_its_pods_are_refused() {
    let server = Server::start(&[]);
    let template = pod("shop", "", &[("app", "new")]);
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "new", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "new"}},
            "template": {"metadata": {"labels": {"app": "new"}}, "spec": template["spec"]}
        }
    });
    let response = server.review(&create(deployment));
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"][0].as_str().unwrap().starts_with("unisolated-ingress: "), "{response}");
}

#[test]
fn an_object_without_a_namespace_of_its_own_is_judged_in_the_requests() {
    let server = Server::start(&[]);
    let mut object = pod("shop", "web", &[("app", "nobody-selects-this")]);
    object["metadata"].as_object_mut().unwrap().remove("namespace");
    let review = with(create(object), "namespace", "shop".into());
    assert_eq!(server.review(&review)["allowed"], false);
}
