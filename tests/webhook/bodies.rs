//! Bodies that no API server sends: each gets a clear answer.

use serde_json::{Value, json};

use crate::{
    client::Response,
    reviews::{self, UID, create, of, pod, with, without},
    server::Server,
};

fn post(server: &Server, body: impl AsRef<[u8]>) -> Response {
    server.connect().post(body.as_ref()).unwrap()
}

fn web() -> Value {
    pod("shop", "web", &[("app", "nobody-selects-this")])
}

#[test]
fn what_is_no_review_gets_a_400_that_says_what_is_wrong() {
    let server = Server::start(&[]);
    let mut beta = create(web());
    beta["apiVersion"] = "admission.k8s.io/v1beta1".into();
    let mut nothing_asked = create(web());
    nothing_asked["request"] = Value::Null;
    let mut list_asked = create(web());
    list_asked["request"] = json!([UID]);
    let mut invalid_utf8 = create(web()).to_string().into_bytes();
    let at = invalid_utf8.windows(3).position(|window| window == b"web").unwrap();
    invalid_utf8[at] = 0xff;
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "the body is empty"),
        (b" \n".to_vec(), "the body is empty"),
        (b"kind: AdmissionReview".to_vec(), "not JSON"),
        (b"[]".to_vec(), "it does not begin with {"),
        (b"{\"apiVersion\":\"admission.k8s.io/v1\",".to_vec(), "not JSON"),
        (web().to_string().into_bytes(), "its kind is \"Pod\""),
        (beta.to_string().into_bytes(), "admissionReviewVersions"),
        (nothing_asked.to_string().into_bytes(), "has no request"),
        (list_asked.to_string().into_bytes(), "has no request"),
        (without(create(web()), "uid").to_string().into_bytes(), "has no uid"),
        (with(create(web()), "uid", 7.into()).to_string().into_bytes(), "has no uid"),
        (invalid_utf8, "not JSON"),
        ("[".repeat(200_000).into_bytes(), "not JSON"),
    ];
    for (body, expected) in cases {
        let response = post(&server, &body);
        assert_eq!(response.status, 400, "{expected}: {response:?}");
        assert!(response.text().contains(expected), "{expected}: {}", response.text());
    }
    assert_eq!(server.metric("ringwall_bad_requests_total{reason=\"empty\"}"), 2);
    server.judges_rightly();
}

#[test]
fn a_request_that_is_broken_elsewhere_is_answered_with_its_uid() {
    let server = Server::start(&[]);
    let cases = [
        (without(create(web()), "object"), "request.object is missing"),
        (with(create(web()), "object", Value::Null), "request.object is missing"),
        (with(reviews::delete(web_policy()), "oldObject", Value::Null), "request.oldObject is missing"),
        (with(create(web()), "operation", 7.into()), "the request cannot be read"),
        (with(create(web()), "operation", "PATCH".into()), "\"PATCH\", which Ringwall does not know"),
        (with(create(web()), "kind", "Pod".into()), "the request cannot be read"),
        (with(create(web()), "userInfo", json!({"groups": "many"})), "the request cannot be read"),
    ];
    for (review, expected) in cases {
        let response = server.review(&review);
        assert_eq!((&response["uid"], &response["allowed"]), (&json!(UID), &json!(false)), "{response}");
        assert_eq!(response["status"]["code"], 400, "{response}");
        assert!(response["status"]["message"].as_str().unwrap().contains(expected), "{expected}: {response}");
    }
    server.judges_rightly();
}

#[test]
fn an_object_that_cannot_be_decoded_is_admitted_with_a_warning_and_counted() {
    let server = Server::start(&[]);
    let mut labels = web();
    labels["metadata"]["labels"] = 5.into();
    let mut containers = web();
    containers["spec"]["containers"] = "none".into();
    let mut deep = web();
    deep["metadata"]["labels"] = json!({"a": "DEEP"});
    let deep = create(deep).to_string().replace("\"DEEP\"", &("[".repeat(50_000) + &"]".repeat(50_000)));
    let mut cases: Vec<Vec<u8>> =
        [labels, containers].into_iter().map(|object| create(object).to_string().into_bytes()).collect();
    cases.push(with(create(web()), "object", "a Pod".into()).to_string().into_bytes());
    cases.push(deep.into_bytes());
    let count = cases.len();
    for body in cases {
        let response = post(&server, body).json()["response"].clone();
        assert_eq!((&response["uid"], &response["allowed"]), (&json!(UID), &json!(true)), "{response}");
        let warning = response["warnings"][0].as_str().unwrap();
        assert!(warning.starts_with("ringwall cannot judge this ") && warning.len() <= 256, "{warning}");
    }
    let counted = server.metric("ringwall_undecodable_objects_total{kind=\"Pod\"}");
    assert_eq!(counted, u64::try_from(count).unwrap());
    server.judges_rightly();
}

#[test]
fn a_policy_that_cannot_be_decoded_is_refused_where_something_is_enforced() {
    let server = Server::start(&[]);
    let mut unknown_enum = web_policy();
    unknown_enum["spec"]["policyTypes"] = json!(["Sideways"]);
    let response = server.review(&create(unknown_enum));
    assert_eq!(response["allowed"], false, "{response}");
    assert!(response["status"]["message"].as_str().unwrap().contains("spec.policyTypes"), "{response}");
    assert_eq!(server.metric("ringwall_undecodable_objects_total{kind=\"NetworkPolicy\"}"), 1);
    server.judges_rightly();
}

#[test]
fn deep_nesting_where_nobody_reads_changes_no_verdict() {
    let server = Server::start(&[]);
    let mut deep = web();
    deep["spec"]["newField"] = "DEEP".into();
    let body = create(deep).to_string().replace("\"DEEP\"", &("[".repeat(50_000) + &"]".repeat(50_000)));
    let response = post(&server, body).json();
    assert_eq!(response["response"]["allowed"], false, "{response}");
    server.judges_rightly();
}

#[test]
fn what_ringwall_does_not_judge_is_admitted_without_a_word() {
    let server = Server::start(&[]);
    let widget =
        json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "shop"}});
    let cases = [
        create(widget),
        with(create(web()), "subResource", "eviction".into()),
        with(create(web()), "operation", "CONNECT".into()),
        reviews::delete(web()),
        of("DELETE", Value::Null, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})),
    ];
    for review in cases {
        assert_eq!(server.review(&review), json!({"uid": UID, "allowed": true}));
    }
    server.judges_rightly();
}

#[test]
fn a_body_of_nine_mebibytes_gets_a_413() {
    let server = Server::start(&[]);
    let mut large = web();
    large["metadata"]["annotations"] = json!({"large": "x".repeat(9 << 20)});
    for _ in 0..3 {
        let response = post(&server, create(large.clone()).to_string());
        assert_eq!(response.status, 413, "{}", response.headers);
        assert!(response.text().contains("larger than 8388608 bytes") && response.closes());
    }
    large["metadata"]["annotations"] = json!({"large": "x".repeat(7 << 20)});
    assert_eq!(server.review(&create(large))["allowed"], false, "seven mebibytes are judged");
    assert!(server.peak_memory() < 200, "{} MiB", server.peak_memory());
    server.judges_rightly();
}

#[test]
fn other_paths_and_methods_are_told_where_to_go() {
    let server = Server::start(&[]);
    let mut get = server.connect();
    assert_eq!(get.get("/validate").unwrap().status, 405);
    let elsewhere = server.connect().send("POST", "/mutate", b"{}").unwrap();
    assert_eq!((elsewhere.status, elsewhere.text().as_str()), (404, "send reviews to /validate\n"));
    let undecided = server.connect().send("POST", "/undecided", b"{}").unwrap();
    assert_eq!(undecided.status, 404, "only where it was asked for");
    server.judges_rightly();
}

fn web_policy() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}
    })
}
