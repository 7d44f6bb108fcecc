//! Order does not matter: whichever of workload and policy comes first, both end up there.

use crate::harness::{self, Client, eventually, unique};
use crate::manifests::{BASELINE, deployment, folder, policy, service, text, wait_for_event, wait_for_pods};

#[test]
fn a_deployment_that_comes_before_its_policy_gets_every_pod_when_the_policy_is_there() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("order", &[BASELINE]);
    let kubectl = namespace.kubectl();

    let outcome = kubectl.apply(&deployment("web", 3)).ok();
    let warnings = outcome.warnings();
    let name = format!("Deployment {}/web", namespace.name);
    assert!(
        warnings.iter().any(|line| line.contains("unisolated-ingress") && line.contains(&name)),
        "no warning that names it: {outcome}"
    );

    wait_for_event(&kubectl, "FailedCreate", "unisolated-ingress");
    let replica_sets = kubectl.json(&["get", "replicasets"]);
    let condition = &replica_sets["items"][0]["status"]["conditions"][0];
    assert_eq!(condition["type"], "ReplicaFailure", "{replica_sets}");
    assert_eq!(condition["reason"], "FailedCreate", "{replica_sets}");
    wait_for_pods(&kubectl, "web", 0);

    kubectl.apply(&policy("web")).ok();
    eventually(harness::PATIENCE, "the ReplicaSet's own retry makes every Pod", || {
        let pods = kubectl.ok(&["get", "pods", "--output=name"]);
        if pods.lines().count() == 3 { Ok(()) } else { Err(pods) }
    });
    let again = kubectl.apply(&deployment("web", 3)).ok();
    assert_eq!(again.warnings(), Vec::<&str>::new(), "{again}");
}

#[test]
fn the_same_folder_in_any_order_ends_in_the_same_state() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.cluster().kubectl();
    let runs: Vec<(Client, String)> = permutations()
        .into_iter()
        .map(|order| {
            let name = unique("anyorder");
            let in_namespace = kubectl.with(&["--namespace", &name]);
            let contents = [
                format!(
                    "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{}: {}}}}}\n",
                    BASELINE.0, BASELINE.1
                ),
                deployment("web", 2),
                policy("web"),
                service("web"),
            ];
            let names = ["namespace", "deployment", "policy", "service"];
            let files = order
                .iter()
                .enumerate()
                .map(|(place, index)| (format!("{place}-{}.yaml", names[*index]), contents[*index].clone()));
            let files: Vec<_> = files.collect();
            let folder = folder(files.iter().map(|(name, content)| (name.as_str(), content.clone())));
            let apply = || in_namespace.run(&["apply", "--filename", text(folder.path())]);
            // What sorts before its namespace has nowhere to go: that is Kubernetes' own order, and people apply again.
            let first = apply();
            assert!(!first.stderr.contains("denied"), "an object was refused in the order {order:?}: {first}");
            if !first.success {
                apply().ok();
            }
            (in_namespace, format!("{order:?}"))
        })
        .collect();
    for (kubectl, order) in runs {
        eventually(harness::PATIENCE, &format!("the same end for the order {order}"), || {
            let found = kubectl.ok(&["get", "deployments,networkpolicies,services", "--output=name"]);
            let pods = kubectl.ok(&["get", "pods", "--selector=app=web", "--output=name"]).lines().count();
            let expected = "deployment.apps/web\nnetworkpolicy.networking.k8s.io/web\nservice/web\n";
            if found == expected && pods == 2 { Ok(()) } else { Err(format!("{found} and {pods} Pods")) }
        });
    }
}

/// Every order of four things.
fn permutations() -> Vec<[usize; 4]> {
    let mut found = Vec::new();
    for code in 0..256 {
        let order = [code >> 6 & 3, code >> 4 & 3, code >> 2 & 3, code & 3];
        if (0..4).all(|index| order.contains(&index)) {
            found.push(order);
        }
    }
    assert_eq!(found.len(), 24);
    found
}
