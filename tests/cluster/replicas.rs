//! Replicas come and go behind the balancer while the API server asks, and must answer: `failurePolicy` is `Fail`.

use std::time::Instant;

use crate::harness::{ControlPlane, Event, Load, PATIENCE, Tally, WITHDRAWAL, eventually};
use crate::lifecycle::{enforced, installed, values};

/// How many rolling restarts are made, if `RINGWALL_RESTARTS` does not say it.
const RESTARTS: usize = 5;

#[test]
fn rolling_restarts_of_two_replicas_fail_no_request() {
    let Some(cluster) = ControlPlane::private() else { return };
    let restarts = std::env::var("RINGWALL_RESTARTS").ok().and_then(|count| count.parse().ok()).unwrap_or(RESTARTS);
    let namespace = enforced(&cluster);
    let release = installed(&cluster, &namespace, &values());
    release.settle(2);
    let began = Instant::now();
    let (started, connections) = (release.kubelet.count(Event::Started), release.balancer.connections());
    let refused = release.balancer.failures().len();
    let load = Load::start(&cluster, &namespace.name, 40);
    for turn in 1..=restarts {
        release.kubectl().ok(&["rollout", "restart", "deployment/ringwall"]);
        release.roll_out();
        if turn % 10 == 0 {
            let Tally { requests, failures, .. } = load.tally();
            println!("{turn} restarts, {:?}, {requests} requests, {} failed", began.elapsed(), failures.len());
        }
    }
    // The last ones that were told to stop as well.
    release.settle(2);
    let tally = load.finish();
    let started = release.kubelet.count(Event::Started) - started;
    println!(
        "{restarts} rolling restarts in {:?}: {started} replicas started, {} requests ({} refused as they should be), {} failed, \
         the longest took {:?}; {} connections",
        began.elapsed(),
        tally.requests,
        tally.refused,
        tally.failures.len(),
        tally.longest,
        release.balancer.connections() - connections,
    );
    tally.without_failure();
    assert_eq!(tally.unasked, 0, "each request that should be refused was");
    assert!(started >= 2 * restarts, "{started} replicas were started in {restarts} restarts");
    for (event, what) in
        [(Event::Died, "died"), (Event::Failed, "ended with an error"), (Event::Overdue, "were killed")]
    {
        assert_eq!(release.kubelet.count(event), 0, "replicas {what}");
    }
    assert_eq!(release.balancer.failures()[refused..], [] as [String; 0], "connections that reached nobody");
}

#[test]
fn a_replica_that_is_killed_fails_requests_only_until_its_endpoint_is_withdrawn() {
    let Some(cluster) = ControlPlane::private() else { return };
    let namespace = enforced(&cluster);
    let release = installed(&cluster, &namespace, &values());
    release.settle(2);
    let load = Load::start(&cluster, &namespace.name, 40);
    let steady = |more: usize| {
        let target = load.tally().requests + more;
        eventually(PATIENCE, "the load goes on", || {
            let done = load.tally().requests;
            if done >= target { Ok(()) } else { Err(format!("{done} of {target}")) }
        });
    };
    steady(40);
    assert!(load.tally().failures.is_empty(), "{:?}", load.tally().failures);

    let victim = release.kubelet.serving().remove(0);
    let killed = release.kubelet.kill(&victim);
    let withdrawn = eventually(PATIENCE, "the endpoint is withdrawn", || {
        let diary = release.kubelet.diary();
        let entry = diary.iter().find(|entry| entry.pod == victim && entry.event == Event::Withdrawn);
        entry.map(|entry| entry.at).ok_or_else(|| format!("{diary:?}"))
    });
    steady(80);
    release.settle(2);
    steady(40);
    let tally = load.finish();
    let failures = &tally.failures;
    let last = failures.iter().map(|failure| failure.sent.saturating_duration_since(killed)).max();
    println!(
        "killed with SIGKILL, withdrawn after {:?} (of which {WITHDRAWAL:?} by setting): {} of {} requests failed, the last one sent \
         {:?} after the kill",
        withdrawn - killed,
        failures.len(),
        tally.requests,
        last.unwrap_or_default(),
    );
    let late: Vec<_> = failures.iter().filter(|failure| failure.sent > withdrawn).collect();
    assert!(late.is_empty(), "{late:#?}");
    let early: Vec<_> = failures.iter().filter(|failure| failure.sent + failure.took < killed).collect();
    assert!(early.is_empty(), "{early:#?}");
    let other = failures.iter().find(|failure| !failure.message.contains("failed calling webhook"));
    assert!(other.is_none(), "{other:?}");
}
