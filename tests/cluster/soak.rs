//! A day's work in half an hour: memory, descriptors, threads and tasks are flat once the server is warm, and nothing fails.
//!
//! `RINGWALL_SOAK_MINUTES=30 cargo test --release --test cluster soak -- --ignored --nocapture`, on a machine that does nothing else: the
//! rates are promised, too.

mod curve;
mod work;

use std::time::{Duration, Instant};

use crate::harness::{ControlPlane, Event};
use crate::lifecycle::{enforced, installed, values};

use curve::{Curve, Sample};

/// How often the processes are looked at.
const SAMPLE: Duration = Duration::from_secs(10);

#[test]
#[ignore = "takes as many minutes as RINGWALL_SOAK_MINUTES says"]
fn soak() {
    let Some(cluster) = ControlPlane::private() else { return };
    let minutes = std::env::var("RINGWALL_SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(30.0);
    let namespace = enforced(&cluster);
    let release = installed(&cluster, &namespace, &values());
    release.settle(2);
    let refused = release.balancer.failures().len();
    let began = Instant::now();
    let churn = work::Churn::start(&cluster, &namespace.name);
    let straight = work::Straight::start(&cluster, &namespace.name, &release.kubelet.addresses());
    let mut curve = Curve::default();
    println!("{}", Sample::HEAD);
    while began.elapsed().as_secs_f64() < minutes * 60.0 {
        std::thread::sleep(SAMPLE);
        for (pod, id) in release.kubelet.running() {
            let metrics = release.kubelet.metrics();
            let metrics = metrics.iter().find(|(name, _)| *name == pod).map(|(_, body)| body.as_str());
            let sample = Sample::take(began.elapsed(), id, metrics.unwrap_or_default());
            println!("{pod} {sample}");
            curve.add(&pod, sample);
        }
    }
    let (churn, straight) = (churn.finish(), straight.finish());
    let seconds = began.elapsed().as_secs_f64();
    for (what, count, wanted) in
        [("through the API server", &churn, work::CHURN), ("straight at the server", &straight, work::STRAIGHT)]
    {
        let rate = count.rate(seconds);
        println!("{what}: {count}, {rate:.1} a second");
        count.without_failure();
        assert!(rate > 0.9 * f64::from(wanted), "{what}: {rate:.1} a second are not the work of {wanted}");
    }
    for event in [Event::Died, Event::Unready, Event::Failed] {
        assert_eq!(release.kubelet.count(event), 0, "{event:?}: {:#?}", release.kubelet.diary());
    }
    assert_eq!(release.balancer.failures()[refused..], [] as [String; 0], "connections that reached nobody");
    curve.assert_flat();
}
