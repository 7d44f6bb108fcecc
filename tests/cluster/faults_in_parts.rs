//! Faults of a part: storage that stands still, connections that break, a kind that comes and goes. Each is seen in `/readyz` and the
//! metrics while it lasts, and forgotten after.

use std::time::{Duration, Instant};

use crate::faults::Link;
use crate::harness::{ControlPlane, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::{BASELINE, policy};
use crate::policy_kinds::define;

/// Waits until a series has a value.
#[track_caller]
pub(crate) fn wait_for(ringwall: &Ringwall, series: &str, fits: impl Fn(f64) -> bool) {
    eventually(PATIENCE, series, || match ringwall.metric(series) {
        Some(value) if fits(value) => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// Waits until the watch of a kind is in a state.
#[track_caller]
pub(crate) fn wait_for_watch(ringwall: &Ringwall, kind: &str, state: &str) {
    wait_for(ringwall, &format!("ringwall_watch_state{{kind=\"{kind}\",state=\"{state}\"}}"), |value| value > 0.0);
}

#[test]
fn storage_that_stands_still_for_ten_seconds_makes_unready_and_old_and_is_forgotten_after() {
    let Some(cluster) = ControlPlane::private() else { return };
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let namespace = ringwall.namespace("still", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("web")).ok();
    wait_for(&ringwall, "ringwall_snapshot_age_seconds", |age| (0.0..8.0).contains(&age));

    let paused = Instant::now();
    cluster.pause("etcd");
    let reasons = eventually(PATIENCE, "unready", || ringwall.readyz().map_or_else(Ok, Err));
    assert!(reasons.contains("the API server cannot be read since"), "{reasons}");
    wait_for(&ringwall, "ringwall_snapshot_age_seconds", |age| age > 8.0);
    eventually(PATIENCE, "ten seconds are over", || {
        let still = paused.elapsed();
        if still >= Duration::from_secs(10) { Ok(()) } else { Err(format!("{still:?}")) }
    });
    cluster.resume("etcd");
    ringwall.wait_until_ready();
    wait_for(&ringwall, "ringwall_snapshot_age_seconds", |age| (0.0..8.0).contains(&age));
    wait_for_watch(&ringwall, "NetworkPolicy", "synced");
    let refusal = eventually(PATIENCE, "a verdict", || {
        let outcome = kubectl.run(&["run", "bare", "--image=web", "--labels=app=bare"]);
        if outcome.stderr.contains("unisolated-ingress") { Ok(outcome) } else { Err(outcome.to_string()) }
    });
    assert!(!refusal.success);
    kubectl.ok(&["run", "web", "--image=web", "--labels=app=web"]);
}

#[test]
fn watches_whose_connections_break_go_on_where_they_were() {
    let Some(cluster) = ControlPlane::private() else { return };
    let link = Link::to(&cluster.server);
    let kubeconfig = link.kubeconfig(&cluster);
    let ringwall = Ringwall::start(&cluster, Setup { kubeconfig: Some(kubeconfig), ..Setup::default() });
    let namespace = ringwall.namespace("broken", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("web")).ok();
    let policies = "ringwall_snapshot_objects{kind=\"NetworkPolicy\"}";
    wait_for(&ringwall, policies, |count| count > 0.0);
    let lists = "ringwall_relists_total{kind=\"NetworkPolicy\"}";
    let before = ringwall.metric(lists);
    assert!(before.is_some_and(|count| count > 0.0), "the first list is counted: {before:?}");

    link.cut();
    link.mend();
    kubectl.apply(&policy("other")).ok();
    wait_for(&ringwall, policies, |count| count > 1.0);
    wait_for_watch(&ringwall, "NetworkPolicy", "synced");
    ringwall.wait_until_ready();
    assert_eq!(ringwall.metric(lists), before, "nothing was read anew");
    kubectl.ok(&["run", "other", "--image=web", "--labels=app=other"]);
    let refusal = kubectl.fails(&["run", "bare", "--image=web", "--labels=app=bare"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
}

#[test]
fn a_kind_whose_definition_comes_and_goes_counts_while_it_is_there_and_keeps_nobody_unready() {
    let Some(cluster) = ControlPlane::private() else { return };
    let ruleset = "apiVersion: ringwall.dev/v1alpha1
kind: Ruleset
metadata: {name: default}
spec:
  environment: {networkPlugin: cilium}
";
    let ringwall = Ringwall::start(&cluster, Setup { ruleset: Some(ruleset.to_owned()), ..Setup::default() });
    let kubectl = ringwall.namespace("comes", &[BASELINE]).kubectl();
    let run = |name: &str| kubectl.run(&["run", name, "--image=web", "--labels=app=web"]);
    wait_for_watch(&ringwall, "CiliumNetworkPolicy", "not-served");
    let refusal = run("early").fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");

    define(&cluster, "cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", true);
    wait_for_watch(&ringwall, "CiliumNetworkPolicy", "synced");
    let policy = "apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress: [{fromEndpoints: [{matchLabels: {app: front}}]}]
";
    kubectl.apply(policy).ok();
    run("in-time").ok();

    cluster.kubectl().ok(&["delete", "customresourcedefinition", "ciliumnetworkpolicies.cilium.io"]);
    wait_for_watch(&ringwall, "CiliumNetworkPolicy", "not-served");
    wait_for(&ringwall, "ringwall_snapshot_objects{kind=\"CiliumNetworkPolicy\"}", |count| count == 0.0);
    assert!(ringwall.readyz().is_ok(), "kinds that only some rules need never make a replica unready");
    let refusal = run("late").fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");

    define(&cluster, "cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", true);
    wait_for_watch(&ringwall, "CiliumNetworkPolicy", "synced");
    kubectl.apply(policy).ok();
    run("again").ok();
}
