//! The certificate that Ringwall makes for itself: two replicas, an API server that must get an answer, and hands.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::{Value, json};

use crate::harness::{
    Api, Balancer, Client, ControlPlane, Load, PATIENCE, Ringwall, Setup, define_settings, eventually,
};
use crate::lifecycle::enforced;

const CONFIGURATION: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/ringwall";
const SECRET: &str = "/api/v1/namespaces/ringwall/secrets/ringwall-certificate";
const YEAR: u64 = 365 * 86_400;

#[test]
fn a_new_authority_a_secret_deleted_and_a_secret_garbled_fail_no_call() {
    let Some(cluster) = ControlPlane::private() else { return };
    let stage = Stage::set(&cluster, &[]);
    let namespace = enforced(&cluster);
    let load = Load::start(&cluster, &namespace.name, 30);
    let watch = Handshakes::watch(&cluster, &stage.addresses());

    let first = stage.settled(None);
    // It can sign no more.
    stage.poke(&json!({"data": {"ca.key": ""}}));
    let second = stage.settled(Some(&first));
    stage.logged("made a new authority, which will sign next");
    stage.logged("forgot the former authorities: nothing that they signed is served any more");
    stage.is_as_labelled();

    stage.admin.ok(&["delete", "secret", "ringwall-certificate", "--namespace=ringwall"]);
    let third = stage.settled(Some(&second));
    stage.logged("the Secret ringwall/ringwall-certificate is not as it was written");
    stage.is_as_labelled();

    let garbage = BASE64.encode(b"garbage");
    let leaf = stage.leaf();
    stage.poke(&json!({"data": {"tls.key": garbage}}));
    eventually(PATIENCE, "another certificate", || {
        let now = stage.leaf();
        if now.is_empty() || now == leaf { Err(now) } else { Ok(()) }
    });
    assert_eq!(stage.settled(None), third, "the authority is whole, and stays");
    for part in ["ca.crt", "previous-ca.crt"] {
        stage.poke(&json!({"data": {part: garbage}}));
        stage.settled(None);
    }
    assert_ne!(stage.settled(None), third);

    let (checked, failures) = watch.finish();
    assert_eq!(failures, Vec::<String>::new());
    let tally = load.finish();
    println!("{} requests, the longest took {:?}; {checked} handshakes", tally.requests, tally.longest);
    tally.without_failure();
    assert!(checked > 100 && tally.refused > 0 && tally.unasked == 0, "{checked} handshakes, {tally:?}");
}

#[test]
fn authorities_that_reach_their_age_one_after_the_other_fail_no_call() {
    let Some(cluster) = ControlPlane::private() else { return };
    // An authority must outlive what it signs by thirty days: each is due 20 seconds after it was made.
    let life = (30 * 86_400 + 20).to_string();
    let stage = Stage::set(&cluster, &["--authority-life", &life]);
    let namespace = enforced(&cluster);
    let load = Load::start(&cluster, &namespace.name, 30);
    let watch = Handshakes::watch(&cluster, &stage.addresses());
    let mut authority = stage.settled(None);
    for _ in 0..3 {
        authority = stage.settled(Some(&authority));
    }
    let (checked, failures) = watch.finish();
    assert_eq!(failures, Vec::<String>::new());
    load.finish().without_failure();
    assert!(checked > 100, "{checked} handshakes");
    let served = "the API server reaches Ringwall and trusts the certificate that it serves";
    stage.logged(served);
    let rotation =
        |replica: &Ringwall<'_>| replica.metric("ringwall_certificate_rotation_timestamp_seconds{}").is_some();
    assert!(stage.replicas.iter().all(rotation));
}

#[test]
fn a_bundle_that_was_wiped_by_hand_is_put_right_and_helm_can_still_take_entries_away() {
    let Some(cluster) = ControlPlane::private() else { return };
    let stage = Stage::set(&cluster, &[]);
    stage.settled(None);
    let wipe: Vec<Value> = (0..3)
        .map(|entry| json!({"op": "remove", "path": format!("/webhooks/{entry}/clientConfig/caBundle")}))
        .collect();
    let wipe = Value::from(wipe).to_string();
    stage.admin.ok(&["patch", "validatingwebhookconfiguration", "ringwall", "--type=json", "--patch", &wipe]);
    stage.settled(None);
    // Helm 4 applies on the server: what somebody else owns a field of could not be taken away.
    let apply = |entries: usize| {
        let manifest = configuration(&stage.balancer, entries).to_string();
        let arguments = ["apply", "--server-side", "--force-conflicts", "--field-manager=helm", "--filename=-"];
        stage.admin.run_with_input(&arguments, &manifest).ok();
    };
    apply(3);
    stage.settled(None);
    apply(2);
    let left = Api::of(&cluster).get(CONFIGURATION).unwrap();
    assert_eq!(left["webhooks"].as_array().unwrap().len(), 2);
    stage.settled(None);
}

#[test]
fn a_clock_that_is_a_year_ahead_makes_no_difference_and_what_it_once_made_is_renewed() {
    let Some(cluster) = ControlPlane::private() else { return };
    let (leaf, authority) = ((YEAR + 30 * 86_400).to_string(), (2 * YEAR).to_string());
    // What replicas without the API server's word on the time would have made.
    let ahead = ["--certificate-life", &leaf, "--authority-life", &authority];
    let stage = Stage::set(&cluster, &ahead);
    let first = stage.settled(None);
    drop(stage);

    let stage = Stage::set(&cluster, &["--certificate-clock-ahead", &YEAR.to_string()]);
    let namespace = enforced(&cluster);
    stage.logged("this machine's clock is that many seconds ahead of the API server's, by which certificates go");
    let load = Load::start(&cluster, &namespace.name, 20);
    eventually(PATIENCE, "a load", || if load.tally().requests > 40 { Ok(()) } else { Err(String::new()) });
    assert_eq!(stage.settled(None), first, "a clock that disagrees renews nothing");
    load.finish().without_failure();
    drop(stage);

    let stage = Stage::set(&cluster, &[]);
    let load = Load::start(&cluster, &namespace.name, 20);
    stage.settled(Some(&first));
    load.finish().without_failure();
    let why = |replica: &Ringwall<'_>| replica.logged("made a new authority, which will sign next");
    let why: Vec<Value> = stage.replicas.iter().flat_map(why).collect();
    assert_eq!(why[0]["why"], "it was made by a clock that was ahead");
    let expires = stage.replicas[0].metric("ringwall_certificate_expiry_timestamp_seconds").unwrap();
    #[allow(clippy::cast_precision_loss, reason = "days are asked about")]
    let days = (expires - Timestamp::now().as_second() as f64) / 86_400.0;
    assert!((29.0..31.0).contains(&days), "{days}");
}

/// Two replicas behind a balancer, with a webhook configuration that fails closed.
struct Stage<'a> {
    admin: Client,
    api: Api,
    replicas: Vec<Ringwall<'a>>,
    balancer: Balancer,
}

impl<'a> Stage<'a> {
    #[track_caller]
    fn set(cluster: &'a ControlPlane, more: &[&str]) -> Self {
        let admin = cluster.kubectl();
        define_settings(&admin);
        // There already, when a stage was set before.
        admin.run(&["create", "namespace", "ringwall"]);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "ringwall-certificate", "namespace": "ringwall", "labels": {"kept": "yes"}},
        });
        admin.run_with_input(&["apply", "--server-side", "--filename=-"], &secret.to_string()).ok();
        let times = [
            "--certificate-poll=0.5",
            "--rotation-wait=3",
            "--rotation-keep=5",
            "--lease-duration=4",
            "--idle-timeout=60",
        ];
        let arguments = ["--manage-certificate", "--own-namespace=ringwall", "--certificate-name=127.0.0.1"];
        let arguments: Vec<String> = arguments.iter().chain(&times).chain(more).map(ToString::to_string).collect();
        let start = |_| {
            let setup = Setup { arguments: arguments.clone(), bare: true, managed: true, ..Setup::default() };
            Ringwall::start(cluster, setup)
        };
        let replicas: Vec<_> = (0..2).map(start).collect();
        let balancer = Balancer::start();
        for replica in &replicas {
            replica.wait_until_ready();
        }
        balancer.set(replicas.iter().map(Ringwall::address));
        admin.run(&["delete", "validatingwebhookconfiguration", "ringwall", "--ignore-not-found"]).ok();
        let arguments = ["apply", "--server-side", "--field-manager=helm", "--filename=-"];
        admin.run_with_input(&arguments, &configuration(&balancer, 3).to_string()).ok();
        let stage = Self { admin, api: Api::of(cluster), replicas, balancer };
        stage.settled(None);
        stage
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.replicas.iter().map(Ringwall::address).collect()
    }

    fn poke(&self, change: &Value) {
        let change = change.to_string();
        let arguments = ["patch", "secret", "ringwall-certificate", "--namespace=ringwall", "--type=merge", "--patch"];
        self.admin.ok(&[&arguments[..], &[&change]].concat());
    }

    fn leaf(&self) -> String {
        let secret = self.api.get(SECRET).unwrap_or_default();
        secret["data"]["tls.crt"].as_str().unwrap_or_default().to_owned()
    }

    /// Whoever made the Secret finds it as his own, though it was written or even made anew: Helm knows its objects by their labels.
    #[track_caller]
    fn is_as_labelled(&self) {
        let secret = self.api.get(SECRET).unwrap();
        assert_eq!(secret["metadata"]["labels"], json!({"kept": "yes"}));
    }

    /// Waits until nothing is under way and all is whole; returns the authority, which is not the given one.
    #[track_caller]
    fn settled(&self, former: Option<&str>) -> String {
        eventually(PATIENCE, "the certificate is in order", || {
            let secret = self.api.get(SECRET)?;
            let configuration = self.api.get(CONFIGURATION)?;
            let data = secret["data"].as_object().ok_or("no data")?;
            let parts: Vec<_> = data.keys().map(String::as_str).collect();
            if parts != ["ca.crt", "ca.key", "tls.crt", "tls.key"] {
                return Err(format!("there are {parts:?}"));
            }
            let authority = data["ca.crt"].as_str().unwrap_or_default();
            let entries = configuration["webhooks"].as_array().ok_or("no entries")?;
            if !entries.iter().all(|entry| entry["clientConfig"]["caBundle"] == authority) {
                return Err("another bundle".to_owned());
            }
            if former == Some(authority) {
                return Err("the same authority".to_owned());
            }
            if configuration["metadata"]["managedFields"].to_string().contains("\"ringwall\"") {
                return Err("Ringwall owns fields".to_owned());
            }
            for address in self.addresses() {
                handshake(address, authority).map_err(|error| format!("{address}: {error}"))?;
            }
            Ok(authority.to_owned())
        })
    }

    /// One of the replicas has said so.
    #[track_caller]
    fn logged(&self, message: &str) {
        eventually(PATIENCE, message, || {
            let said = self.replicas.iter().any(|replica| !replica.logged(message).is_empty());
            if said { Ok(()) } else { Err("nobody said it".to_owned()) }
        });
    }
}

/// A configuration with so many entries, that fails closed, without bundles.
fn configuration(balancer: &Balancer, entries: usize) -> Value {
    let kinds = [
        ("settings", "ringwall.dev", json!(["exemptions", "rulesets"])),
        ("pods", "", json!(["pods", "services"])),
        ("policies", "networking.k8s.io", json!(["networkpolicies"])),
    ];
    let entry = |(name, group, resources): &(&str, &str, Value)| {
        json!({
            "name": format!("{name}.ringwall.dev"),
            "clientConfig": {"url": format!("{}/validate", balancer.url())},
            "rules": [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": resources}],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "timeoutSeconds": 5,
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchLabels": {"ringwall.dev/enforce": "baseline"}},
        })
    };
    let webhooks: Vec<Value> = kinds.iter().take(entries).map(entry).collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "ringwall"},
        "webhooks": webhooks,
    })
}

/// Greets every replica all the time, and verifies with what the API server is told to trust.
struct Handshakes {
    done: Arc<AtomicBool>,
    checked: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Handshakes {
    fn watch(cluster: &ControlPlane, addresses: &[SocketAddr]) -> Self {
        let (done, checked, failures) = (Arc::default(), Arc::default(), Arc::default());
        let (is_done, count, kept) = (Arc::clone(&done), Arc::clone(&checked), Arc::clone(&failures));
        let (api, addresses) = (Api::of(cluster), addresses.to_vec());
        let thread = thread::spawn(move || {
            let (is_done, count, kept): (Arc<AtomicBool>, Arc<AtomicUsize>, Arc<Mutex<Vec<String>>>) =
                (is_done, count, kept);
            while !is_done.load(Ordering::SeqCst) {
                let configuration = api.get(CONFIGURATION).unwrap();
                for entry in configuration["webhooks"].as_array().unwrap() {
                    let bundle = entry["clientConfig"]["caBundle"].as_str().unwrap_or_default();
                    for address in &addresses {
                        count.fetch_add(1, Ordering::SeqCst);
                        if let Err(error) = handshake(*address, bundle) {
                            kept.lock().unwrap().push(format!("{address} by {}: {error}", entry["name"]));
                        }
                    }
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self { done, checked, failures, thread }
    }

    fn finish(self) -> (usize, Vec<String>) {
        self.done.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        (self.checked.load(Ordering::SeqCst), self.failures.lock().unwrap().clone())
    }
}

/// A new connection to a replica, verified with a bundle as it stands in the configuration.
fn handshake(address: SocketAddr, bundle: &str) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let pem = BASE64.decode(bundle.as_bytes()).map_err(|error| text(&error))?;
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(&pem) {
        roots.add(authority.map_err(|error| text(&error))?).map_err(|error| text(&error))?;
    }
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), ServerName::from(address.ip())).unwrap();
    let mut greet = || -> io::Result<()> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        connection.send_close_notify();
        connection.complete_io(&mut stream).map(drop)?;
        stream.flush()
    };
    greet().map_err(|error| text(&error))
}
