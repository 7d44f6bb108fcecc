//! What Prometheus reads.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use super::labels::{
    ChangeLabels, FindingLabels, KindLabels, NoLabels, ReadLabels, ReasonLabels, RequestLabels, ResultLabels,
    RuleLabels, RulesetLabels, RulesetSource, StepLabels, WatchLabels,
};

/// Upper bounds of the latency buckets, in seconds. They begin at 50 µs: most decisions take less than a millisecond, and the
/// last ones stand around the deadlines of live reads and of the webhook.
const LATENCY: [f64; 15] =
    [50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1.0, 5.0];

/// Every metric, in one registry.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<KindLabels, Histogram, fn() -> Histogram>,
    bad_requests: Family<ReasonLabels, Counter>,
    undecodable: Family<KindLabels, Counter>,
    panics: Counter,
    findings: Family<FindingLabels, Counter>,
    live_reads: Family<ReadLabels, Counter>,
    live_changes: Family<ChangeLabels, Counter>,
    slipped: Family<RuleLabels, Counter>,
    audit_findings: Family<FindingLabels, Gauge>,
    objects: Family<KindLabels, Gauge>,
    watches: Family<WatchLabels, Gauge>,
    relists: Family<KindLabels, Counter>,
    /// Bits of the time of the last publish; 0 before the first.
    published: AtomicU64,
    age: Gauge<f64, AtomicU64>,
    certificate_expiry: Gauge,
    certificate_reloads: Family<ResultLabels, Counter>,
    authority_expiry: Family<NoLabels, Gauge>,
    certificate_rotation: Family<NoLabels, Gauge>,
    certificate_steps: Family<StepLabels, Gauge>,
    certificate_errors: Family<ReasonLabels, Counter>,
    ruleset_reloads: Family<ResultLabels, Counter>,
    ruleset_info: Family<RulesetLabels, Gauge>,
    ruleset_generation: Gauge,
    exemptions: Gauge,
    connections: Gauge,
    connections_total: Counter,
    tasks: Gauge,
    handshake_failures: Family<ReasonLabels, Counter>,
    leader: Gauge,
    leader_transitions: Counter,
    lease_failures: Family<ReasonLabels, Counter>,
}

/// The states of a watch. Exactly one of them is 1 for each kind.
const WATCH_STATES: [&str; 6] = ["syncing", "synced", "broken", "forbidden", "not-served", "not-watched"];

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("ringwall"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(LATENCY)),
            bad_requests: Family::default(),
            undecodable: Family::default(),
            panics: Counter::default(),
            findings: Family::default(),
            live_reads: Family::default(),
            live_changes: Family::default(),
            slipped: Family::default(),
            audit_findings: Family::default(),
            objects: Family::default(),
            watches: Family::default(),
            relists: Family::default(),
            published: AtomicU64::new(0),
            age: Gauge::default(),
            certificate_expiry: Gauge::default(),
            certificate_reloads: Family::default(),
            authority_expiry: Family::default(),
            certificate_rotation: Family::default(),
            certificate_steps: Family::default(),
            certificate_errors: Family::default(),
            ruleset_reloads: Family::default(),
            ruleset_info: Family::default(),
            ruleset_generation: Gauge::default(),
            exemptions: Gauge::default(),
            connections: Gauge::default(),
            connections_total: Counter::default(),
            tasks: Gauge::default(),
            handshake_failures: Family::default(),
            leader: Gauge::default(),
            leader_transitions: Counter::default(),
            lease_failures: Family::default(),
        };
        metrics.register();
        metrics
    }

    /// Counts a request that was decided, and how long that took.
    pub fn request(
        &self,
        kind: &'static str,
        operation: &'static str,
        decision: &'static str,
        dry_run: bool,
        seconds: f64,
    ) {
        let dry_run = if dry_run { "true" } else { "false" };
        self.requests.get_or_create(&RequestLabels { kind, operation, decision, dry_run }).inc();
        self.seconds.get_or_create(&KindLabels { kind }).observe(seconds);
    }

    /// Counts a request that could not be read.
    pub fn bad_request(&self, reason: &'static str) {
        self.bad_requests.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts an object that could not be decoded, and so was not judged.
    pub fn undecodable(&self, kind: &'static str) {
        self.undecodable.get_or_create(&KindLabels { kind }).inc();
    }

    /// Counts a request whose handling panicked.
    pub fn panic(&self) {
        self.panics.inc();
    }

    /// Counts findings of a rule with one outcome.
    pub fn finding(&self, rule: &'static str, outcome: &'static str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.findings.get_or_create(&FindingLabels { rule, outcome }).inc_by(count);
    }

    /// Counts a live read and how it ended.
    pub fn live_read(&self, kind: &'static str, result: &'static str) {
        self.live_reads.get_or_create(&ReadLabels { kind, result }).inc();
    }

    /// Counts a verdict that live reads changed: to `admitted` or to `refused`.
    pub fn live_change(&self, to: &'static str) {
        self.live_changes.get_or_create(&ChangeLabels { to }).inc();
    }

    /// Counts what enforce mode would have refused and a race let through.
    pub fn slipped(&self, rule: &'static str) {
        self.slipped.get_or_create(&RuleLabels { rule }).inc();
    }

    /// Sets how many findings there are now, by rule and outcome; those that are not named are none.
    pub fn audit_findings(&self, counts: &BTreeMap<(&'static str, &'static str), usize>) {
        self.audit_findings.clear();
        for ((rule, outcome), count) in counts {
            let gauge = self.audit_findings.get_or_create(&FindingLabels { rule, outcome });
            gauge.set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }

    /// Sets how many objects of a kind the snapshot holds.
    pub fn objects(&self, kind: &'static str, count: usize) {
        self.objects.get_or_create(&KindLabels { kind }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Sets the state of a kind's watch: `syncing`, `synced`, `broken`, `forbidden`, `not-served` or `not-watched`.
    pub fn watch(&self, kind: &'static str, state: &'static str) {
        for known in WATCH_STATES {
            self.watches.get_or_create(&WatchLabels { kind, state: known }).set(i64::from(known == state));
        }
    }

    /// Counts a list that was read anew.
    pub fn relist(&self, kind: &'static str) {
        self.relists.get_or_create(&KindLabels { kind }).inc();
    }

    /// Says that the snapshot in force was published, or found to be current, at this time (seconds since 1970).
    pub fn snapshot_published(&self, now_seconds: f64) {
        self.published.store(now_seconds.to_bits(), Ordering::Relaxed);
    }

    /// Sets when the serving certificate expires (seconds since 1970).
    pub fn certificate_expiry(&self, unix_seconds: i64) {
        self.certificate_expiry.set(unix_seconds);
    }

    /// Counts an attempt to take in a new serving certificate: `ok` or `error`.
    pub fn certificate_reload(&self, result: &'static str) {
        self.certificate_reloads.get_or_create(&ResultLabels { result }).inc();
    }

    /// Sets when the authority expires that signed the certificate that Ringwall manages itself (seconds since 1970).
    pub fn authority_expiry(&self, unix_seconds: i64) {
        self.authority_expiry.get_or_create(&[]).set(unix_seconds);
    }

    /// Says that a certificate was exchanged for one that Ringwall made itself (seconds since 1970).
    pub fn certificate_rotation(&self, unix_seconds: i64) {
        self.certificate_rotation.get_or_create(&[]).set(unix_seconds);
    }

    /// Sets at which step the management of the certificate is; no other is 1 then.
    pub fn certificate_step(&self, step: &'static str) {
        self.certificate_steps.clear();
        self.certificate_steps.get_or_create(&StepLabels { step }).set(1);
    }

    /// Counts something that the management of the certificate could not do: `read`, `take`, `make`, `write`, `bundle` or
    /// `probe`.
    pub fn certificate_error(&self, reason: &'static str) {
        self.certificate_errors.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts an attempt to take in a new ruleset: `ok` or `error`.
    pub fn ruleset_reload(&self, result: &'static str) {
        self.ruleset_reloads.get_or_create(&ResultLabels { result }).inc();
    }

    /// Sets what is in force: where it comes from, what tells it apart from all others, the generation of the cluster's `Ruleset` (0 for
    /// none), and how many exemptions there are. There is one series of the first two at a time.
    pub fn ruleset_in_force(&self, source: RulesetSource, fingerprint: &str, generation: i64, exemptions: usize) {
        self.ruleset_info.clear();
        self.ruleset_info
            .get_or_create(&RulesetLabels { source: source.name(), fingerprint: fingerprint.to_owned() })
            .set(1);
        self.ruleset_generation.set(generation);
        self.exemptions.set(i64::try_from(exemptions).unwrap_or(i64::MAX));
    }

    /// Counts a connection for as long as the guard lives.
    pub fn connection(&self) -> ConnectionGuard {
        self.connections_total.inc();
        self.connections.inc();
        ConnectionGuard(self.connections.clone())
    }

    /// Says how many tasks are alive: what leaks shows here first.
    pub fn tasks(&self, alive: usize) {
        self.tasks.set(i64::try_from(alive).unwrap_or(i64::MAX));
    }

    /// Counts a handshake that came to nothing.
    pub fn handshake_failure(&self, reason: &'static str) {
        self.handshake_failures.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Says whether this replica leads, and counts how often it began to.
    pub fn leader(&self, leads: bool) {
        if self.leader.set(i64::from(leads)) == 0 && leads {
            self.leader_transitions.inc();
        }
    }

    /// Counts an attempt to take or renew the Lease that failed: `forbidden`, `not-served`, `timeout` or `failed`.
    pub fn lease_failure(&self, reason: &'static str) {
        self.lease_failures.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Everything, in the text format of `OpenMetrics`, which Prometheus reads.
    pub fn encode(&self) -> String {
        let published = f64::from_bits(self.published.load(Ordering::Relaxed));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64());
        self.age.set(if published > 0.0 { (now - published).max(0.0) } else { -1.0 });
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "The version of this replica", build);
        r.register("requests", "Reviews that were decided", self.requests.clone());
        let help = "Time from the review's last byte to the answer";
        r.register_with_unit("request_duration", help, Unit::Seconds, self.seconds.clone());
        r.register("bad_requests", "Requests that could not be read as a review", self.bad_requests.clone());
        let help = "Objects in reviews that could not be decoded and were let through with a warning";
        r.register("undecodable_objects", help, self.undecodable.clone());
        r.register("panics", "Requests whose handling panicked; each is a defect", self.panics.clone());
        r.register("findings", "Findings by rule and outcome, dry runs left out", self.findings.clone());
        r.register("live_reads", "Live reads of the API server", self.live_reads.clone());
        r.register("live_changes", "Verdicts that live reads changed", self.live_changes.clone());
        let help = "Breaches that enforce mode would have refused and that a race let through";
        r.register("slipped", help, self.slipped.clone());
        let help = "What the last audit found, by rule and outcome";
        r.register("audit_findings", help, self.audit_findings.clone());
        r.register("snapshot_objects", "Objects in the snapshot", self.objects.clone());
        r.register("watch_state", "1 for the state that the kind's watch is in", self.watches.clone());
        r.register("relists", "Lists read anew", self.relists.clone());
        let help = "Time since the snapshot was last known to be current; -1 before the first";
        r.register_with_unit("snapshot_age", help, Unit::Seconds, self.age.clone());
        let help = "When the serving certificate expires, in seconds since 1970";
        r.register("certificate_expiry_timestamp_seconds", help, self.certificate_expiry.clone());
        r.register("certificate_reloads", "Attempts to take in a new certificate", self.certificate_reloads.clone());
        let help = "When the authority expires that signed the managed certificate, in seconds since 1970";
        r.register("certificate_authority_expiry_timestamp_seconds", help, self.authority_expiry.clone());
        let help = "When the managed certificate was exchanged last, in seconds since 1970";
        r.register("certificate_rotation_timestamp_seconds", help, self.certificate_rotation.clone());
        let help = "1 for the step at which the management of the certificate is";
        r.register("certificate_step", help, self.certificate_steps.clone());
        let help = "What the management of the certificate could not do";
        r.register("certificate_errors", help, self.certificate_errors.clone());
        r.register("ruleset_reloads", "Attempts to take in a new ruleset", self.ruleset_reloads.clone());
        let help = "1 for what is in force: its source, and a fingerprint that replicas have in common";
        r.register("ruleset_info", help, self.ruleset_info.clone());
        let help = "The generation of the Ruleset in force; 0 for a file or what is built in";
        r.register("ruleset_generation", help, self.ruleset_generation.clone());
        r.register("exemptions", "Exemptions in force, those included that have ended", self.exemptions.clone());
        r.register("connections_open", "Connections that are open", self.connections.clone());
        r.register("tasks", "Asynchronous tasks that are alive", self.tasks.clone());
        r.register("connections", "Connections that were accepted", self.connections_total.clone());
        r.register("handshake_failures", "Handshakes that came to nothing", self.handshake_failures.clone());
        r.register("leader", "1 while this replica leads", self.leader.clone());
        let help = "How often this replica began to lead";
        r.register("leader_transitions", help, self.leader_transitions.clone());
        let help = "Attempts to take or renew the Lease that failed";
        r.register("lease_failures", help, self.lease_failures.clone());
    }
}

/// A connection that is open.
pub struct ConnectionGuard(Gauge);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_in_its_series_and_in_its_bucket() {
        let metrics = Metrics::new();
        metrics.request("Pod", "CREATE", "refused", true, 0.000_06);
        let text = metrics.encode();
        assert!(
            text.contains(
                r#"ringwall_requests_total{kind="Pod",operation="CREATE",decision="refused",dry_run="true"} 1"#
            ),
            "{text}"
        );
        assert!(text.contains(r#"ringwall_request_duration_seconds_bucket{le="0.00005",kind="Pod"} 0"#), "{text}");
        assert!(text.contains(r#"ringwall_request_duration_seconds_bucket{le="0.0001",kind="Pod"} 1"#), "{text}");
    }

    #[test]
    fn a_watch_is_in_one_state_at_a_time() {
        let metrics = Metrics::new();
        metrics.watch("Pod", "syncing");
        metrics.watch("Pod", "synced");
        let text = metrics.encode();
        assert!(text.contains(r#"ringwall_watch_state{kind="Pod",state="syncing"} 0"#), "{text}");
        assert!(text.contains(r#"ringwall_watch_state{kind="Pod",state="synced"} 1"#), "{text}");
    }

    #[test]
    fn the_age_of_the_snapshot_is_unknown_before_the_first_one() {
        let metrics = Metrics::new();
        assert!(metrics.encode().contains("ringwall_snapshot_age_seconds -1.0"));
        metrics.snapshot_published(1.0);
        assert!(!metrics.encode().contains("ringwall_snapshot_age_seconds -1.0"));
    }

    #[test]
    fn a_replica_says_which_version_it_is() {
        let series = format!("ringwall_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
        assert!(Metrics::new().encode().contains(&series));
    }

    #[test]
    fn open_connections_are_counted_while_they_last() {
        let metrics = Metrics::new();
        let guard = metrics.connection();
        assert!(metrics.encode().contains("ringwall_connections_open 1"));
        drop(guard);
        assert!(metrics.encode().contains("ringwall_connections_open 0"));
    }

    /// The page explains the alerts of the chart: who follows it at night must not look for a metric that is not there.
    #[test]
    fn every_metric_that_the_page_of_alerts_names_is_there() {
        let page = include_str!("../../docs/alerts.md");
        // What has no series yet is not exposed, so the registration is read.
        let registered: Vec<String> = include_str!("metrics.rs")
            .split("r.register")
            .skip(1)
            .filter_map(|call| {
                let name = call.split('"').nth(1)?;
                let unit = if call.starts_with("_with_unit") { "_seconds" } else { "" };
                Some(format!("ringwall_{name}{unit}"))
            })
            .collect();
        let words = page.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let named: std::collections::BTreeSet<&str> =
            words.filter(|word| word.starts_with("ringwall_") && !word.ends_with('_')).collect();
        let is_known = |name: &str| {
            let bare = ["_total", "_bucket"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
            registered.iter().any(|known| known == bare)
        };
        let unknown: Vec<_> = named.iter().filter(|name| !is_known(name)).collect();
        assert!(named.len() > 10 && unknown.is_empty(), "{unknown:?} of {named:?}");
    }
}
