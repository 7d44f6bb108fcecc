//! `ringwall reach` and `ringwall reach diff`.

use std::fmt::Write;

use insta::assert_snapshot;
use serde_json::Value;

use crate::{ringwall, schema::complaints, with_input};

const SHOP: &str = "reach ../../../examples/shop";
const WORLD: &str = "reach reach/world.yaml --network-plugin reference";
const DIFF: &str = "reach diff reach/old reach/new --network-plugin reference";

fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/reach.schema.json")).unwrap()
}

#[test]
fn the_example_shop_looks_so_in_every_format() {
    for format in ["text", "json", "dot", "markdown"] {
        assert_snapshot!(format!("shop_{format}"), ringwall(&format!("{SHOP} --format {format}")));
    }
}

#[test]
fn a_world_of_nodes_addresses_and_unequal_replicas_looks_so_in_every_format() {
    for format in ["text", "json", "dot", "markdown"] {
        assert_snapshot!(format!("world_{format}"), ringwall(&format!("{WORLD} --format {format}")));
    }
}

#[test]
fn a_difference_looks_so_in_every_format() {
    for format in ["text", "json", "dot", "markdown"] {
        assert_snapshot!(format!("diff_{format}"), ringwall(&format!("{DIFF} --format {format}")));
    }
}

#[test]
fn json_is_what_the_schema_says() {
    for arguments in [SHOP, WORLD, DIFF, "reach diff reach/new reach/old", "reach reach/cilium.yaml"] {
        let told = ringwall(&format!("{arguments} --format json")).json();
        assert_eq!(complaints(&schema(), &told), [""; 0], "{arguments}");
    }
    let mut told = ringwall(&format!("{WORLD} --format json")).json();
    told["flows"][0]["source"]["entity"] = "ingress-controller".into();
    assert_ne!(complaints(&schema(), &told), [""; 0]);
}

#[test]
fn nothing_differs_between_a_state_and_itself() {
    let told = ringwall("reach diff reach/old reach/old --format json --network-plugin reference").json();
    for part in ["added", "removed", "changed", "isolation"] {
        assert_eq!(told[part], Value::Array(Vec::new()), "{part}");
    }
    let text = ringwall("reach diff reach/old reach/old --network-plugin reference").stdout;
    assert!(text.contains("no flow and no isolation changed"), "{text}");
}

#[test]
fn a_difference_there_and_back_swaps_what_is_added_and_removed() {
    let there = ringwall("reach diff reach/old reach/new --format json").json();
    let back = ringwall("reach diff reach/new reach/old --format json").json();
    assert_eq!((&there["added"], &there["removed"]), (&back["removed"], &back["added"]));
    assert_ne!(there["added"], Value::Array(Vec::new()));
}

#[test]
fn filters_narrow_what_is_told() {
    let flows = |arguments: &str| {
        let run = ringwall(&format!("{WORLD} --format json {arguments}"));
        assert_eq!(run.code, 0, "{arguments}: {run}");
        run.json()["flows"].as_array().unwrap().clone()
    };
    let all = flows("").len();
    let named = flows("--from tools/probe --to deployment/shop/frontend");
    assert_eq!(named.len(), 1, "{named:?}");
    assert_eq!(named[0]["ports"][0]["first"], 8080);
    for arguments in ["--from shop", "--to 203.0.113.5", "--namespace tools", "--from 2001:db8::1 --to shop/frontend"] {
        let some = flows(arguments).len();
        assert!(some > 0 && some < all, "{arguments}: {some} of {all}");
    }
    let addresses = flows("--from 203.0.113.200 --to shop/frontend");
    assert!(addresses.is_empty(), "the address is excepted: {addresses:?}");
}

#[test]
fn what_is_not_there_is_answered_with_the_nearest() {
    let told = |arguments: &str| {
        let run = ringwall(&format!("{WORLD} {arguments}"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments}");
        run.stderr
    };
    assert!(told("--from shp").contains("did you mean shop?"));
    assert!(told("--to shop/frontent").contains("did you mean frontend?"));
    assert!(told("--namespace tolls").contains("did you mean tools?"));
    assert!(told("--network-option end-prot=no").contains("did you mean end-port?"));
    assert!(told("--network-option enforcement=alwys").contains("did you mean always?"));
    assert!(ringwall("reach reach/world.yaml --network-plugin calcio").stderr.contains("'calico'"));
}

#[test]
fn what_is_no_end_of_a_flow_is_told_with_what_is() {
    let told = |arguments: &str| ringwall(&format!("{WORLD} {arguments}")).stderr;
    assert!(told("--from deploy/shop/frontent").contains("did you mean frontend?"));
    assert!(told("--from 10.0.0.0/8").contains("is a network: name one address of it"));
    assert!(told("--to svc/shop/frontend").contains("flows have Pods at their ends, not Services"));
    assert!(told("--namespace elsewhere").contains("; there is "));
    assert!(told("--network-option foo=bar").contains("there is no network option foo; there is "));
}

#[test]
fn a_difference_with_what_cannot_be_read_is_none() {
    for pair in ["reach/old inputs/broken.yaml", "reach/missing reach/new", "reach/old empty"] {
        let run = ringwall(&format!("reach diff {pair} --format markdown"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
        assert!(run.stderr.starts_with("error: "), "{run}");
    }
}

#[test]
fn a_workload_that_is_new_in_both_directions_is_one_line() {
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: a}}\nspec: {{containers: [{{name: c, image: c}}]}}\n---\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (file("old.yaml", pod("a")), file("new.yaml", pod("a") + &pod("b")));
    let told = with_input(&["reach", "diff", &old, &new], "").stdout;
    assert!(told.contains("\n  new: Pod a/b, ingress and egress: not there -> unisolated\n\n"), "{told}");
}

#[test]
fn what_a_reader_must_know_is_hinted_at() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: a}\nspec: {podSelector: {}}\n";
    let run = with_input(&["reach", "-"], policy);
    assert!(run.code == 0 && run.stdout.contains("hint: there are policies and no workload"), "{run}");
    let unsaid = ringwall("reach reach/served.yaml");
    assert!(unsaid.stdout.contains("hint: nobody knows which Pods the ingress controller is"), "{unsaid}");
    assert!(unsaid.stdout.contains("TCP 8080 at most  from the ingress controller"), "{unsaid}");
    let said = ringwall("reach reach/served.yaml --ruleset reach/controllers.yaml");
    assert!(!said.stdout.contains("hint:"), "{said}");
    assert!(said.stdout.contains("TCP 8080   from the ingress controller"), "{said}");
}

#[test]
fn the_assumed_plugin_is_always_told() {
    let cilium = ringwall("reach reach/cilium.yaml");
    assert!(cilium.stdout.starts_with("network plugin cilium (assumed, for there are Cilium policies"), "{cilium}");
    for format in ["json", "dot", "markdown"] {
        let run = ringwall(&format!("reach reach/cilium.yaml --format {format}"));
        assert!(run.stderr.contains("network plugin cilium (assumed, for there are Cilium policies"), "{run}");
    }
    assert_eq!(ringwall("reach reach/cilium.yaml --format json --network-plugin cilium").stderr, "");
}

#[test]
fn policies_that_do_not_count_are_told() {
    let run = ringwall("reach reach/cilium.yaml --network-plugin kindnet");
    assert!(run.stdout.contains("hint: 1 Cilium object does not count, for kindnet does not enforce them"), "{run}");
    assert!(run.stdout.contains("ingress unisolated"), "{run}");
}

#[test]
fn a_plugin_that_enforces_nothing_isolates_nobody_and_says_so() {
    for arguments in ["--network-plugin none", "--network-option enforcement=never", "--ruleset reach/ruleset.yaml"] {
        let run = ringwall(&format!("{SHOP} {arguments}"));
        assert!(run.stdout.contains("it enforces no policy, so nothing is isolated"), "{arguments}: {run}");
        assert!(run.stdout.contains("2 workloads; ingress: 2 unisolated; egress: 2 unisolated"), "{arguments}: {run}");
    }
    let given = ringwall(&format!("{SHOP} --ruleset reach/ruleset.yaml --network-plugin calico"));
    assert!(given.stdout.starts_with("network plugin calico\n"), "the command line holds: {given}");
}

#[test]
fn options_of_the_plugin_reach_check() {
    let rules = |arguments: &str| {
        let run = ringwall(&format!("check ../../../examples/shop --format json {arguments}"));
        let findings = run.json()["findings"].as_array().unwrap().clone();
        findings.iter().filter(|finding| finding["rule"] == "unisolated-ingress").count()
    };
    assert_eq!(rules(""), 0);
    assert_eq!(rules("--network-plugin none"), 2);
}

#[test]
fn what_cannot_be_read_is_told_beside_what_can() {
    let run = ringwall("reach reach/cilium.yaml inputs/broken.yaml --network-plugin cilium");
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("error: inputs/broken.yaml:") && run.stdout.contains("2 workloads;"), "{run}");
    assert_eq!(ringwall("reach missing.yaml").code, 2);
}

/// Fifty namespaces with ten workloads each: half of them isolated but for their namespace and one other, half wide open.
fn five_hundred() -> String {
    let mut world = String::new();
    for space in 0..50 {
        let _ = writeln!(
            world,
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: n{space}, labels: {{n: n{space}}}}}"
        );
        for name in 0..10 {
            let _ = writeln!(
                world,
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: w{name}, namespace: n{space}, labels: {{app: w{name}}}}}\n\
                 spec: {{containers: [{{name: c, image: c}}]}}"
            );
        }
        if space % 2 == 0 {
            let other = (space + 2) % 50;
            let _ = writeln!(
                world,
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: n{space}}}\n\
                 spec: {{podSelector: {{}}, ingress: [{{from: [{{podSelector: {{}}}}]}}, {{from: [{{namespaceSelector: \
                 {{matchLabels: {{n: n{other}}}}}, podSelector: {{matchLabels: {{app: w1}}}}}}], ports: [{{port: 80}}]}}]}}"
            );
        }
    }
    world
}

#[test]
fn five_hundred_workloads_are_readable() {
    let world = five_hundred();
    let told =
        |format: &str| with_input(&["reach", "-", "--network-plugin", "reference", "--format", format], &world).stdout;
    let text = told("text");
    assert!(text.lines().count() < 250, "{} lines", text.lines().count());
    assert!(text.contains("every Pod (10 workloads)\n    all ports  from everywhere"), "{text}");
    assert!(text.contains("from every other Pod of namespace n0 (9 workloads)"), "{text}");
    let dot = told("dot");
    let edges = dot.lines().filter(|line| line.contains(" -> ")).count();
    assert!(edges < 200, "{edges} edges");
}
