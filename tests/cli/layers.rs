//! Which layers stand around each workload, and how each stretch of a packet's way is protected.

use insta::assert_snapshot;
use serde_json::Value;

use crate::{ringwall, schema::complaints};

#[test]
fn the_layers_of_each_workload_are_told_with_what_is_missing() {
    let told = ringwall("check --layers ../../../examples/layers.yaml");
    let table = told.stdout.find("workload  ").expect("there is a table");
    assert_snapshot!(&told.stdout[table..]);
}

#[test]
fn layers_in_json_follow_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/findings.schema.json")).unwrap();
    let report = ringwall("check --layers --format json ../../../examples/layers.yaml").json();
    assert_eq!(complaints(&schema, &report), [""; 0]);
    let layers = report["layers"].as_array().unwrap();
    let of = |name: &str, layer: &str| {
        let workload = layers.iter().find(|it| it["name"] == name).unwrap();
        workload[layer]["layer"].as_str().unwrap().to_owned()
    };
    for (name, expected) in [
        ("web", ["no", "no", "yes", "no"]),
        ("admin", ["yes", "yes", "no", "no"]),
        ("keys", ["yes", "yes", "not-exposed", "yes"]),
    ] {
        let found = ["isolatedIn", "isolatedOut", "atTheEdge", "inside"].map(|layer| of(name, layer));
        assert_eq!(found, expected, "{name}");
    }
    assert!(ringwall("check --format json ../../../examples/layers.yaml").json().get("layers").is_none());
}

#[test]
fn a_trace_tells_how_each_stretch_is_protected() {
    let stretches = |arguments: &str| {
        let trace = ringwall(&format!("trace {arguments} ../../../examples/layers.yaml --format json")).json();
        let hops = trace["hops"].as_array().unwrap().clone();
        let told = hops.iter().filter(|hop| hop["hop"] == "protection");
        told.map(|hop| format!("{}: {}", hop["protection"].as_str().unwrap(), hop["message"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        stretches("ingress-controller svc/shop/web:80"),
        [
            "tls: from outside to Ingress shop/web, shop.example.com: TLS 1.2 or later (the default of ingress-nginx), \
             certificate of Secret shop/shop-tls, which is not seen",
            "plaintext: from Ingress shop/web to the Pod: plaintext: the default of ingress-nginx",
        ]
    );
    assert_eq!(
        stretches("shop/web vault/keys:9000"),
        [
            "mutual-tls: to the Pod: mutual TLS: the Pod accepts nothing else, and the source is in no mesh: it is turned away"
        ]
    );
    let schema: Value = serde_json::from_str(include_str!("../../docs/trace.schema.json")).unwrap();
    let trace = ringwall("trace shop/web vault/keys:9000 ../../../examples/layers.yaml --format json").json();
    assert_eq!(complaints(&schema, &trace), [""; 0]);
}
