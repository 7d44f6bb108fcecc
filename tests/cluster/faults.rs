//! The cluster fails in parts.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::faults_in_parts::wait_for_watch;
use crate::harness::{ControlPlane, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::{BASELINE, deployment, job, policy, wait_for_event, wait_for_pods};

/// Within which a replica is unready that can neither follow nor read: a promise, unlike all other times here.
const UNREADY_WITHIN: Duration = Duration::from_secs(15);

#[test]
fn with_one_user_for_all_controllers_namespaces_are_deleted_and_its_pods_are_judged() {
    let Some(cluster) = ControlPlane::private() else { return };
    cluster.stop("kube-controller-manager");
    // Who runs controllers so has to grant their rights to the one user.
    let user = "--user=system:kube-controller-manager";
    cluster.kubectl().ok(&["create", "clusterrolebinding", "one-user", "--clusterrole=cluster-admin", user]);
    cluster.start_again("kube-controller-manager", &["--use-service-account-credentials=false"]);
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let namespace = ringwall.namespace("oneuser", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&deployment("bare", 1)).ok();
    wait_for_event(&kubectl, "FailedCreate", "unisolated-ingress");

    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&policy("once")).ok();
    kubectl.apply(&deployment("web", 1)).ok();
    kubectl.apply(&job("once")).ok();
    wait_for_pods(&kubectl, "web", 1);
    wait_for_pods(&kubectl, "once", 1);
    cluster.kubectl().ok(&["delete", "namespace", &namespace.name, "--timeout=60s"]);
}

#[test]
fn an_api_server_that_is_gone_for_half_a_minute_makes_unready_within_15_seconds_and_ready_again() {
    let Some(cluster) = ControlPlane::private() else { return };
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let namespace = ringwall.namespace("gone", &[BASELINE]);
    namespace.kubectl().apply(&policy("web")).ok();

    let stopped = Instant::now();
    cluster.stop("kube-apiserver");
    let reasons = eventually(UNREADY_WITHIN, "unready", || match ringwall.readyz() {
        Ok(answer) => Err(answer),
        Err(reasons) => Ok(reasons),
    });
    assert!(reasons.contains("is broken since") && reasons.contains("reads fail"), "{reasons}");
    eventually(PATIENCE, "half a minute is over", || {
        let gone = stopped.elapsed();
        if gone >= Duration::from_secs(30) { Ok(()) } else { Err(format!("{gone:?}")) }
    });
    cluster.start_again("kube-apiserver", &[]);
    ringwall.wait_until_ready();
    let kubectl = namespace.kubectl();
    let bare = eventually(PATIENCE, "a verdict", || {
        let outcome = kubectl.run(&["run", "bare", "--image=web", "--labels=app=bare"]);
        if outcome.success { Err("admitted".to_owned()) } else { Ok(outcome.stderr) }
    });
    assert!(bare.contains("unisolated-ingress"), "{bare}");
    kubectl.ok(&["run", "web", "--image=web", "--labels=app=web"]);
}

#[test]
fn what_was_deleted_while_the_connection_was_cut_is_gone_from_the_snapshot() {
    let Some(cluster) = ControlPlane::private() else { return };
    let link = Link::to(&cluster.server);
    let kubeconfig = link.kubeconfig(&cluster);
    let ringwall = Ringwall::start(&cluster, Setup { kubeconfig: Some(kubeconfig), ..Setup::default() });
    let namespace = ringwall.namespace("cut", &[BASELINE]);
    let kubectl = namespace.kubectl();
    for name in ["web", "other"] {
        kubectl.apply(&policy(name)).ok();
    }
    let policies = r#"ringwall_snapshot_objects{kind="NetworkPolicy"}"#;
    eventually(PATIENCE, "two policies", || match ringwall.metric(policies) {
        Some(2.0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    link.cut();
    eventually(PATIENCE, "unready", || ringwall.readyz().map_or_else(|_| Ok(()), Err));
    kubectl.ok(&["delete", "networkpolicy", "web"]);
    link.mend();
    ringwall.wait_until_ready();
    eventually(PATIENCE, "one policy", || match ringwall.metric(policies) {
        Some(1.0) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let refusal = kubectl.fails(&["run", "web", "--image=web", "--labels=app=web"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
}

#[test]
fn rights_withdrawn_from_policies_make_unready_and_from_ingresses_only_blind() {
    let Some(cluster) = ControlPlane::private() else { return };
    let admin = cluster.kubectl();
    crate::install::grant(&cluster, &admin);
    let kubeconfig = crate::install::kubeconfig_of_the_account(&cluster);
    let ringwall = Ringwall::start(&cluster, Setup { kubeconfig: Some(kubeconfig), ..Setup::default() });
    let namespace = ringwall.namespace("rights", &[BASELINE]);
    let kubectl = namespace.kubectl();
    let role = admin.json(&["get", "clusterrole", "ringwall"]);
    let without = |resource: &str| {
        let mut role = role.clone();
        role["metadata"].as_object_mut().unwrap().remove("resourceVersion");
        for rule in role["rules"].as_array_mut().unwrap() {
            if let Some(resources) = rule["resources"].as_array_mut() {
                resources.retain(|it| it != resource);
            }
        }
        role["rules"].as_array_mut().unwrap().retain(|rule| rule["resources"] != json!([]));
        admin.run_with_input(&["replace", "--filename=-"], &role.to_string()).ok();
    };

    without("ingressclasses");
    let warning = eventually(PATIENCE, "cannot prove", || {
        let ingress = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
";
        let outcome = kubectl.run_with_input(&["create", "--dry-run=server", "--filename=-"], ingress).ok();
        let told = outcome.stderr.contains("cannot prove") && outcome.stderr.contains("RBAC");
        if told { Ok(outcome.stderr) } else { Err(outcome.stderr) }
    });
    assert!(warning.contains("plaintext-ingress"), "{warning}");
    wait_for_watch(&ringwall, "IngressClass", "forbidden");
    assert!(ringwall.readyz().is_ok(), "kinds that only some rules need never make a replica unready");

    without("networkpolicies");
    let reasons = eventually(PATIENCE, "unready", || ringwall.readyz().map_or_else(Ok, Err));
    assert!(reasons.contains("networkpolicies") && reasons.contains("RBAC"), "{reasons}");
    wait_for_watch(&ringwall, "NetworkPolicy", "forbidden");

    crate::install::grant(&cluster, &admin);
    ringwall.wait_until_ready();
    wait_for_watch(&ringwall, "NetworkPolicy", "synced");
    wait_for_watch(&ringwall, "IngressClass", "synced");
    let refusal = kubectl.fails(&["run", "bare", "--image=web"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
}

/// A connection to the API server that a test can cut.
pub(crate) struct Link {
    address: SocketAddr,
    open: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Link {
    pub(crate) fn to(server: &str) -> Self {
        let target: SocketAddr = server.trim_start_matches("https://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(AtomicBool::new(true));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let (is_open, all) = (Arc::clone(&open), Arc::clone(&streams));
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if !is_open.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(target) else { continue };
                let mut kept = all.lock().unwrap();
                kept.extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                drop(kept);
                carry(near.try_clone().unwrap(), far.try_clone().unwrap());
                carry(far, near);
            }
        });
        Self { address, open, streams }
    }

    /// A kubeconfig of the administrator that leads through it.
    pub(crate) fn kubeconfig(&self, cluster: &ControlPlane) -> PathBuf {
        let kubeconfig = cluster.folder.join("through-the-link.kubeconfig");
        std::fs::copy(&cluster.kubeconfig, &kubeconfig).unwrap();
        let view = cluster.kubectl().json(&["config", "view", "--raw"]);
        let name = view["clusters"][0]["name"].as_str().unwrap().to_owned();
        let server = format!("--server=https://{}", self.address);
        cluster.kubectl_with(&kubeconfig).ok(&["config", "set-cluster", &name, &server]);
        kubeconfig
    }

    pub(crate) fn cut(&self) {
        self.open.store(false, Ordering::SeqCst);
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
