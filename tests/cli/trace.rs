//! Packets followed through files: what is allowed, and what stops a packet at each hop.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{Run, ringwall, schema::complaints, with_input};

fn trace(arguments: &str) -> Run {
    ringwall(&format!("trace {arguments} trace"))
}

fn shop(arguments: &str) -> Run {
    ringwall(&format!("trace {arguments} ../../../examples/shop"))
}

#[test]
fn what_is_allowed_is_told_hop_by_hop_with_the_lines_that_allow_it() {
    assert_snapshot!(shop("shop/frontend svc/db:postgres"));
}

#[test]
fn what_is_denied_on_both_sides_is_told_with_the_policies_that_would_allow_it() {
    assert_snapshot!(shop("shop/db deployment/shop/frontend:http"));
}

#[test]
fn the_one_condition_that_failed_is_told_of_each_rule() {
    assert_snapshot!(trace("web/front shop/db:5432"));
}

#[test]
fn an_address_in_an_excepted_part_is_told_apart_from_one_that_no_network_holds() {
    assert_snapshot!(trace("198.51.100.200 shop/db:5432"));
    let run = trace("10.0.0.5 shop/db:5432");
    assert!(run.stdout.contains("10.0.0.5 is not in 198.51.100.0/25"), "{run}");
}

#[test]
fn egress_without_a_rule_stops_everything() {
    assert_snapshot!(trace("sts/shop/cache 1.1.1.1:53/UDP"));
}

#[test]
fn names_that_come_to_no_port_are_told() {
    for (target, code, told) in [
        ("svc/shop/db:5432", 1, "Service shop/db has no TCP 5432; it has TCP 3306 (sql)"),
        ("svc/shop/db:3306/UDP", 1, "Service shop/db has no UDP 3306; it has TCP 3306 (sql)"),
        ("svc/shop/wrong:80", 1, "no container declares a TCP port named http; there is sql"),
        ("shop/db:http", 1, "no container declares a port named http; there is sql"),
        ("svc/shop/nobody:80", 1, "Service shop/nobody selects app=dbb, and no Pod has that"),
        ("svc/shop/elsewhere:80", 2, "Service shop/elsewhere is of type ExternalName"),
        ("svc/shop/by-hand:80", 2, "Service shop/by-hand has no selector"),
    ] {
        let run = trace(&format!("web/front {target}"));
        assert_eq!(run.code, code, "{run}");
        assert!(run.stdout.contains(told), "{told}\n{run}");
    }
}

#[test]
fn who_is_not_isolated_and_who_is_on_his_nodes_network_is_told() {
    let run = trace("web/front shop/agent:9100");
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("no policy isolates it for egress: everything is allowed by default"), "{run}");
    assert!(run.stdout.contains("the Pod is on its node's network, which policies do not govern"), "{run}");
    let run = trace("shop/agent shop/db:1");
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("traffic from a Pod's own node always passes"), "{run}");
}

#[test]
fn what_is_not_there_is_told_with_what_was_meant() {
    for (arguments, told) in [
        ("web/frnt shop/db:1", "error: there is no workload web/frnt; did you mean web/front?"),
        ("wbe/front shop/db:1", "nothing runs in the namespace wbe; did you mean web?"),
        ("web/front svc/shop/bd:1", "there is no Service svc/shop/bd; did you mean svc/shop/db?"),
        ("web/front shop/nobody:1", "there is a Service of that name: svc/shop/nobody"),
        ("shop/cache shop/db:1", "say which of deployment/shop/cache and statefulset/shop/cache"),
        ("svc/shop/db shop/db:1", "Services do not connect to anybody"),
        ("web/front shop/db", "has no port"),
    ] {
        let run = trace(arguments);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(told), "{told}\n{run}");
    }
}

#[test]
fn what_is_proposed_makes_the_packet_pass() {
    let world = std::fs::read_to_string(crate::cases().join("trace/world.yaml")).unwrap();
    for (source, target) in [
        ("web/front", "shop/db:5432"),
        ("10.0.0.5", "shop/db:5432"),
        ("sts/shop/cache", "1.1.1.1:53/udp"),
        ("sts/shop/cache", "svc/db:sql"),
        ("sts/shop/cache", "web/front:8080"),
    ] {
        let run = with_input(&["trace", source, target, "-", "--format", "json"], &world);
        assert_eq!((run.code, &run.json()["verdict"]), (1, &json!("denied")), "{run}");
        let mut applied = world.clone();
        for change in run.json()["paths"][0]["changes"].as_array().unwrap() {
            applied.push_str("---\n");
            applied.push_str(change["manifest"].as_str().unwrap());
        }
        let run = with_input(&["trace", source, target, "-"], &applied);
        assert_eq!(run.code, 0, "{run}");
    }
}

#[test]
fn replicas_that_differ_are_told_apart_and_equal_ones_are_one() {
    let pod = |name: &str, labels: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: db, {labels}}}, \
             ownerReferences: [{{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}}]}}\n\
             spec: {{containers: [{{name: a, image: a}}]}}\n---\n"
        )
    };
    let mut world = String::from(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: front, namespace: shop}\nspec: {containers: [{name: a, image: a}]}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {selector: {app: db}, ports: [{port: 80}]}\n---\n\
         apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop, uid: u}\n\
         spec: {selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: a, image: a}]}}}\n---\n",
    );
    for index in 0..3 {
        world.push_str(&pod(&format!("db-{index}"), &format!("statefulset.kubernetes.io/pod-name: db-{index}")));
    }
    let run = with_input(&["trace", "shop/front", "svc/db:80", "-", "--format", "json"], &world);
    let paths = run.json()["paths"].clone();
    assert_eq!(paths.as_array().unwrap().len(), 1, "{run}");
    assert_eq!(paths[0]["destination"]["workload"]["pods"], 3, "{run}");
    world.push_str(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: one, namespace: shop}\n\
         spec: {podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-1}}}\n",
    );
    let run = with_input(&["trace", "shop/front", "svc/db:80", "-", "--format", "json"], &world);
    assert_eq!(run.code, 1, "{run}");
    let json = run.json();
    assert_eq!(json["verdict"], "may-be-allowed");
    let verdicts: Vec<&Value> = json["paths"].as_array().unwrap().iter().map(|path| &path["verdict"]).collect();
    assert_eq!(verdicts, ["allowed", "denied"]);
}

#[test]
fn json_is_what_the_schema_says() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/trace.schema.json")).unwrap();
    for arguments in [
        "web/front shop/db:5432",
        "web/front svc/shop/db:3306",
        "web/front svc/shop/wrong:80",
        "web/front svc/shop/by-hand:80",
        "198.51.100.200 shop/db:5432",
        "sts/shop/cache [2001:db8::1]:53/UDP",
        "ingress-controller shop/db:5432",
        "shop/agent shop/db:1",
    ] {
        let run = trace(&format!("{arguments} --format json"));
        assert_eq!(complaints(&schema, &run.json()), [""; 0], "{arguments}");
    }
    let mut wrong = trace("web/front shop/db:5432 --format json").json();
    wrong["verdict"] = "maybe".into();
    wrong["hops"][0]["extra"] = 1.into();
    wrong["hops"][1]["tiers"][0]["policies"][0]["rules"][0]["rule"] = 0.into();
    assert_eq!(complaints(&schema, &wrong).len(), 3);
}

#[test]
fn json_looks_so() {
    assert_snapshot!(trace("web/front shop/db:5432 --format json"));
}

#[test]
fn the_ingress_controller_is_whoever_runs_where_the_ruleset_says() {
    let controller = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: nginx, namespace: ingress}\n\
                      spec: {containers: [{name: nginx, image: nginx}]}\n";
    let served = std::fs::read_to_string(crate::cases().join("reach/served.yaml")).unwrap();
    let world = format!("{served}{controller}");
    let question = ["trace", "ingress-controller", "svc/shop/web:80", "-", "--ruleset", "reach/controllers.yaml"];
    let reach = ["reach", "-", "--ruleset", "reach/controllers.yaml", "--format", "json", "--to", "shop/web"];
    for (world, source) in [(&world, "Pod ingress/nginx"), (&served, "the ingress controller")] {
        let run = with_input(&question, world);
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stdout.starts_with(&format!("TCP 8080 from {source} to Pod shop/web\n")), "{run}");
        assert!(run.stdout.contains("the ingress controller runs in namespace ingress, as the ruleset says"), "{run}");
        let flows = with_input(&reach, world).json()["flows"].clone();
        assert_eq!((flows.as_array().unwrap().len(), &flows[0]["precision"]), (1, &json!("exact")), "{flows}");
    }
    let deny = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: ingress}\n\
                spec: {podSelector: {}, policyTypes: [Egress]}\n";
    for world in [world, served.clone()] {
        let run = with_input(&question, &format!("{world}{deny}"));
        assert_eq!(run.code, 1, "{run}");
        assert!(run.stdout.contains("verdict: denied by the egress"), "{run}");
    }
    let unsaid = with_input(&["trace", "ingress-controller", "svc/shop/web:80", "-"], &served);
    assert!(unsaid.stdout.contains("verdict: may be allowed"), "{unsaid}");
}

#[test]
fn the_assumed_plugin_is_always_told() {
    let run = trace("web/front shop/db:5432");
    assert!(run.stderr.contains("note: network plugin reference (assumed, for no object tells of another"), "{run}");
    assert_eq!(trace("web/front shop/db:5432 --network-plugin calico").stderr, "");
    let none = trace("web/front shop/db:5432 --network-plugin none");
    assert!(none.stderr.contains("it enforces no policy"), "{none}");
}
