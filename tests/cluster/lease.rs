//! Which replica leads, on the real API server.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::faults::Link;
use crate::harness::{self, ControlPlane, Namespace, PATIENCE, Ringwall, Setup, eventually};

/// What a chart makes of it.
const EMPTY: &str = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: ringwall}\n";

/// A replica that stands for election in the namespace, with these further arguments.
fn replica<'a>(cluster: &'a ControlPlane, namespace: &Namespace, more: &[&str]) -> Ringwall<'a> {
    replica_by(cluster, namespace, None, more)
}

/// The same, which speaks to the API server by this kubeconfig.
fn replica_by<'a>(
    cluster: &'a ControlPlane,
    namespace: &Namespace,
    kubeconfig: Option<PathBuf>,
    more: &[&str],
) -> Ringwall<'a> {
    let mut arguments = vec!["--own-namespace".to_owned(), namespace.name.clone()];
    arguments.extend(more.iter().map(ToString::to_string));
    let ringwall = Ringwall::start(cluster, Setup { kubeconfig, arguments, bare: true, ..Setup::default() });
    ringwall.wait_until_ready();
    ringwall
}

fn leads(ringwall: &Ringwall) -> bool {
    ringwall.metric("ringwall_leader") == Some(1.0)
}

#[track_caller]
fn wait_until_it_leads(ringwall: &Ringwall) {
    eventually(PATIENCE, "it leads", || if leads(ringwall) { Ok(()) } else { Err(ringwall.logs().join("\n")) });
}

fn lease(namespace: &Namespace) -> Value {
    namespace.kubectl().json(&["get", "lease", "ringwall"])
}

#[test]
fn when_the_leader_is_killed_or_told_to_stop_the_other_replica_leads() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("lease", &[]);
    namespace.kubectl().apply(EMPTY).ok();
    // Long enough for a busy machine: nobody loses it who goes on renewing it.
    let mut one = replica(cluster, &namespace, &["--lease-duration=10"]);
    wait_until_it_leads(&one);
    let two = replica(cluster, &namespace, &["--lease-duration=10"]);
    assert!(leads(&one) && !leads(&two));

    one.stop();
    wait_until_it_leads(&two);
    one.start_again(None);
    assert!(leads(&two) && !leads(&one), "who comes back waits");

    two.terminate();
    assert!(two.wait_for_end().success());
    wait_until_it_leads(&one);
    assert_eq!(lease(&namespace)["spec"]["leaseTransitions"], 3);

    one.terminate();
    assert!(one.wait_for_end().success());
    assert_eq!(lease(&namespace)["spec"]["holderIdentity"], "", "given back");
}

#[test]
fn a_lease_that_nobody_made_is_made_and_so_is_one_that_was_deleted() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("nolease", &[]);
    let replicas = [(); 2].map(|()| replica(cluster, &namespace, &["--lease-duration=3"]));
    let one_leads = |uid: Option<&Value>| {
        eventually(PATIENCE, "one leads", || {
            let lease = namespace.kubectl().run(&["get", "lease", "ringwall", "--output=json"]).into_result()?;
            let lease: Value = serde_json::from_str(&lease).map_err(|error| error.to_string())?;
            let leaders = replicas.iter().filter(|replica| leads(replica)).count();
            let is_held = lease["spec"]["holderIdentity"].as_str().is_some_and(|holder| !holder.is_empty());
            let is_new = uid != Some(&lease["metadata"]["uid"]);
            if leaders == 1 && is_held && is_new {
                Ok(lease["metadata"]["uid"].clone())
            } else {
                Err(lease.to_string())
            }
        })
    };
    let first = one_leads(None);
    namespace.kubectl().ok(&["delete", "lease", "ringwall"]);
    one_leads(Some(&first));
}

#[test]
fn a_leader_whose_connection_is_cut_has_stopped_when_another_begins() {
    let Some(cluster) = ControlPlane::private() else { return };
    let namespace = cluster.namespace("cut", &[]);
    namespace.kubectl().apply(EMPTY).ok();
    let link = Link::to(&cluster.server);
    let one = replica_by(&cluster, &namespace, Some(link.kubeconfig(&cluster)), &[]);
    wait_until_it_leads(&one);
    let two = replica(&cluster, &namespace, &[]);
    assert!(leads(&one) && !leads(&two));
    link.cut();
    wait_until_it_leads(&two);
    assert!(!leads(&one), "both lead");
    link.mend();
    one.wait_until_ready();
    assert!(leads(&two) && !leads(&one), "who comes back waits");
}

#[test]
fn while_the_api_server_is_gone_nobody_leads_and_then_one_leads_again() {
    let Some(cluster) = ControlPlane::private() else { return };
    let namespace = cluster.namespace("gone", &[]);
    namespace.kubectl().apply(EMPTY).ok();
    let replicas = [(); 2].map(|()| replica(&cluster, &namespace, &[]));
    let leaders = || replicas.iter().filter(|replica| leads(replica)).count();
    let one_leads = || {
        let count = leaders();
        if count == 1 { Ok(()) } else { Err(format!("{count} lead")) }
    };
    eventually(PATIENCE, "one leads", one_leads);
    assert_eq!(lease(&namespace)["spec"]["leaseDurationSeconds"], 15);
    cluster.stop("kube-apiserver");
    eventually(PATIENCE, "nobody leads", || match leaders() {
        0 => Ok(()),
        count => Err(format!("{count} lead")),
    });
    cluster.start_again("kube-apiserver", &[]);
    eventually(PATIENCE, "one leads again", one_leads);
}

#[test]
fn without_rights_to_the_lease_nobody_leads_which_is_said_once_and_harms_no_request() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("norights", &[]);
    let kubeconfig = kubeconfig_without_lease(cluster, &namespace);
    let arguments = ["--own-namespace", &namespace.name, "--lease-duration=1"].map(str::to_owned).to_vec();
    let ringwall = Ringwall::start(cluster, Setup { kubeconfig: Some(kubeconfig), arguments, ..Setup::default() });
    eventually(PATIENCE, "it has tried more than once", || {
        match ringwall.metric("ringwall_lease_failures_total{reason=\"forbidden\"}") {
            Some(count) if count > 1.0 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    let complaints: Vec<_> =
        ringwall.logs().into_iter().filter(|line| line.contains("does not let Ringwall keep the Lease")).collect();
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    assert!(!leads(&ringwall) && ringwall.readyz().is_ok());
    let judged = ringwall.namespace("judged", &[crate::manifests::BASELINE]);
    let refusal = judged.kubectl().fails(&["run", "web", "--image=web"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
}

/// Of an account `ringwall` in the namespace, which may read what people may and has no right to the Lease that is there.
#[track_caller]
pub(crate) fn kubeconfig_without_lease(cluster: &ControlPlane, namespace: &Namespace) -> PathBuf {
    let kubectl = namespace.kubectl();
    kubectl.apply(EMPTY).ok();
    kubectl.ok(&["create", "serviceaccount", "ringwall"]);
    let account = format!("--serviceaccount={}:ringwall", namespace.name);
    kubectl.ok(&["create", "clusterrolebinding", &namespace.name, "--clusterrole=view", &account]);
    let token = kubectl.ok(&["create", "token", "ringwall"]);
    let kubeconfig = cluster.folder.join(format!("{}.kubeconfig", namespace.name));
    let content = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": cluster.server, "certificate-authority": cluster.ca}}],
        "users": [{"name": "ringwall", "user": {"token": token.trim()}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "ringwall"}}],
    });
    std::fs::write(&kubeconfig, content.to_string()).unwrap();
    kubeconfig
}
