//! Time from start to ready, and peak memory: `cargo bench --bench load`.
//!
//! The real program with the world from JSON files, from YAML files, and from a live API server, which is etcd and
//! kube-apiserver of `tests/control-plane`; without Go that part is skipped. `cargo bench --bench load -- files` or `-- live`
//! measures one part alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a benchmark")]

#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../tests/cluster/harness/mod.rs"]
mod harness;
#[path = "load/live.rs"]
mod live;
mod server;
mod world;

use server::{Format, Server, median};

/// How often a start is measured.
const STARTS: usize = 5;
/// Reviews that are sent before memory is looked at again.
const BURST: usize = 2_000;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    if wants("files") {
        files("JSON files", Format::Json);
        files("YAML files", Format::Yaml);
    }
    if wants("live") {
        match harness::ControlPlane::private() {
            Some(cluster) => from_cluster(&cluster),
            None => println!("from the API server: skipped, see above"),
        }
    }
}

fn files(what: &str, format: Format) {
    let folder = tempfile::tempdir().unwrap();
    let size = server::write_world(folder.path(), format);
    let arguments = ["--dev", "--manifests", folder.path().to_str().unwrap()];
    measure(&format!("{what} ({size:.0} MiB)"), &arguments, 0);
}

fn from_cluster(cluster: &harness::ControlPlane) {
    // Nothing else happens while it is measured: nobody makes Pods for the Deployments.
    cluster.stop("kube-controller-manager");
    let (objects, time) = live::create_world(&cluster.kubeconfig);
    println!("created {objects} objects in {:.0} s", time.as_secs_f64());
    let arguments = ["--kubeconfig", cluster.kubeconfig.to_str().unwrap()];
    measure("a live API server", &arguments, objects);
}

/// Starts the program some times, and prints the times and what memory it took.
fn measure(what: &str, arguments: &[&str], objects: usize) {
    let (mut ready, mut whole, mut loaded, mut afterwards) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let requests = server::requests("/validate");
    for _ in 0..STARTS {
        let server = Server::start(arguments);
        ready.push(server.ready().as_secs_f64());
        whole.push(server.holds(objects).as_secs_f64());
        loaded.push(server.memory().0);
        server.clients().burst(&requests, BURST);
        afterwards.push(server.memory());
    }
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let peaks: Vec<f64> = afterwards.iter().map(|(peak, _)| *peak).collect();
    let stays: Vec<f64> = afterwards.iter().map(|(_, now)| *now).collect();
    println!(
        "{what}: ready after {:.2} s, all kinds read after {:.2} s (medians of {STARTS}); \
         peak memory {:.0} MiB, after {BURST} reviews {:.0} MiB (the most of {STARTS}), of which {:.0} MiB stay in use",
        median(ready),
        median(whole),
        most(&loaded),
        most(&peaks),
        median(stays),
    );
}
