//! `Ruleset` and `Exemption` on a real API server: what it refuses by itself, what Ringwall refuses, what holds, and what is said of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Client, ControlPlane, PATIENCE, Ringwall, Setup, define_settings, eventually, throughout};
use crate::manifests::BASELINE;

const HEAD: &str = "apiVersion: ringwall.dev/v1alpha1\nkind: Ruleset\nmetadata: {name: default}\n";

fn ruleset(spec: &str) -> String {
    format!("{HEAD}spec: {spec}\n")
}

fn exemption(name: &str, spec: &str) -> String {
    format!("apiVersion: ringwall.dev/v1alpha1\nkind: Exemption\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

/// A day so many days from now, in UTC.
fn day(ahead: i64) -> String {
    let span = jiff::Span::new().days(ahead);
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().checked_add(span).unwrap().to_string()
}

/// A control plane of the test's own: settings hold for the whole cluster.
fn world() -> Option<ControlPlane> {
    let cluster = ControlPlane::private()?;
    define_settings(&cluster.kubectl());
    Some(cluster)
}

/// Waits until a Ringwall shows a value.
#[track_caller]
fn shows(ringwall: &Ringwall<'_>, series: &str, value: f64) {
    eventually(PATIENCE, &format!("{series} is {value}"), || match ringwall.metric(series) {
        Some(shown) if (shown - value).abs() < 0.5 => Ok(()),
        other => Err(format!("{other:?}; {}", ringwall.logs().join("\n"))),
    });
}

/// What tells apart what is in force.
fn fingerprint(ringwall: &Ringwall<'_>) -> String {
    let metrics = ringwall.metrics();
    let line = metrics.lines().find(|line| line.starts_with("ringwall_ruleset_info{")).unwrap();
    line.split("fingerprint=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// Whether a Pod may be created there, asked without creating it.
fn admits(kubectl: &Client) -> bool {
    kubectl.run(&["run", "web", "--image=web", "--labels=app=web", "--dry-run=server"]).success
}

#[test]
fn the_api_server_itself_refuses_what_the_schema_can_say() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    // Nobody is asked: there is no webhook.
    let refused = |manifest: &str, part: &str| {
        let refusal = kubectl.apply(manifest).fails().stderr;
        assert!(refusal.contains(part), "{part} is not in {refusal}");
    };
    refused(&ruleset("{defaults: {enforce: strict}}"), "spec.defaults.enforce: Unsupported value: \"strict\"");
    refused(&ruleset("{flor: baseline}"), "unknown field \"spec.flor\"");
    refused(&ruleset("{rules: {open-ingres: {mode: warn}}}"), "unknown field \"spec.rules.open-ingres\"");
    refused(&ruleset("{rules: {wide-peer: {ipv4Prefix: 99}}}"), "spec.rules.wide-peer.ipv4Prefix");
    refused(&ruleset("{}").replace("default", "mine"), "the one ruleset in force is named default");
    refused(&exemption("a", "{rules: [open-ingress], owner: me}"), "spec.reason: Required value");
    refused(&exemption("a", "{rules: [open-ingress], reason: r}"), "spec.owner: Required value");
    refused(&exemption("a", "{rules: [open-ingress], reason: ' ', owner: me}"), "spec.reason");
    refused(&exemption("a", "{rules: [], reason: r, owner: me}"), "spec.rules");
    refused(&exemption("a", "{rules: [open-ingress], reason: r, owner: me, expires: '2027-02-30'}"), "spec.expires");
    let selfish = |field: &str| format!("{{rules: [open-ingress], reason: r, owner: me, match: {{{field}}}}}");
    refused(&exemption("a", &selfish("labels: {app: web}")), "name the namespaces beside them");
    refused(&exemption("a", &selfish("names: [web]")), "name the namespaces beside them");
    kubectl.apply(&exemption("a", &selfish("labels: {app: web}, namespaces: [shop]"))).ok();
    kubectl.apply(&exemption("b", &selfish("labels: {}, names: []"))).ok();
    // The file's example is an object as well.
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/ruleset.yaml");
    kubectl.ok(&["apply", "--filename", &example.to_string_lossy()]);
    let shown = kubectl.ok(&["get", "rwr,rwe"]);
    assert!(shown.contains("ENFORCE") && shown.contains("baseline") && shown.contains("EXPIRES"), "{shown}");
    let explained = kubectl.ok(&["explain", "ruleset.spec.rules.wide-peer.ipv4Prefix"]);
    assert!(explained.contains("<integer>"), "{explained}");
    kubectl.ok(&["get", "ringwall"]);
}

#[test]
fn a_ruleset_takes_effect_in_two_replicas_and_falls_back_when_it_is_deleted() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    let one = Ringwall::start(&cluster, Setup::default());
    let other = Ringwall::start(&cluster, Setup { bare: true, ..Setup::default() });
    other.wait_until_ready();
    let replicas = [&one, &other];
    let own = one.namespace("plain", &[]);
    assert!(admits(&own.kubectl()), "what is built in refuses nothing");

    kubectl.apply(&ruleset("{defaults: {enforce: baseline}}")).ok();
    for replica in replicas {
        shows(replica, "ringwall_ruleset_generation", 1.0);
    }
    assert_eq!(fingerprint(&one), fingerprint(&other));
    assert!(!admits(&own.kubectl()));

    kubectl.ok(&[
        "patch",
        "ruleset",
        "default",
        "--type=merge",
        "--patch",
        r#"{"spec":{"defaults":{"enforce":"privileged"}}}"#,
    ]);
    for replica in replicas {
        shows(replica, "ringwall_ruleset_generation", 2.0);
    }
    assert!(admits(&own.kubectl()));
    kubectl.apply(&ruleset("{defaults: {enforce: baseline}, floor: privileged}")).ok();
    for replica in replicas {
        shows(replica, "ringwall_ruleset_generation", 3.0);
    }
    assert!(!admits(&own.kubectl()));

    kubectl.ok(&["delete", "ruleset", "default"]);
    for replica in replicas {
        shows(replica, "ringwall_ruleset_generation", 0.0);
    }
    assert!(admits(&own.kubectl()));

    // A replica that begins decides by the cluster's ruleset from its first answer on.
    kubectl.apply(&ruleset("{defaults: {enforce: restricted}}")).ok();
    let third = Ringwall::start(&cluster, Setup { bare: true, ..Setup::default() });
    third.wait_until_ready();
    assert_eq!(third.metric("ringwall_ruleset_generation"), Some(1.0));
}

#[test]
fn ringwall_refuses_wrong_settings_with_what_was_meant_and_never_puts_them_in_force() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let refused = |manifest: &str, part: &str| {
        let refusal = kubectl.apply(manifest).fails().stderr;
        assert!(refusal.contains("invalid-settings") && refusal.contains(part), "{part} is not in {refusal}");
    };
    let slip = "{rules: [open-ingres], reason: r, owner: me}";
    refused(
        &exemption("a", slip),
        "Exemption a: spec.rules[0]: there is no rule open-ingres; fix: did you mean open-ingress?",
    );
    refused(
        &exemption("a", "{rules: [open-ingress], reason: r, owner: me, match: {kinds: [Ingres]}}"),
        "did you mean Ingress?",
    );
    let past = format!("{{rules: [open-ingress], reason: r, owner: me, expires: '{}'}}", day(-1));
    refused(&exemption("a", &past), "is past");
    refused(&ruleset("{environment: {networkOptions: {end-port: perhaps}}}"), "end-port: perhaps is not yes or no");
    // Both ways of YAML to say yes.
    kubectl.apply(&ruleset("{environment: {networkOptions: {end-port: yes, node-traffic-exempt: 'yes'}}}")).ok();
    shows(&ringwall, "ringwall_ruleset_generation", 1.0);
    // A probe asks and leaves nothing.
    let probe = exemption("ringwall-probe-1", "{rules: [open-ingress], reason: probe, owner: ringwall}");
    kubectl.run_with_input(&["create", "--dry-run=server", "--filename=-"], &probe).ok();

    // What comes in while nobody is asked is stored, and not put in force.
    ringwall.unconfigure();
    kubectl
        .apply(&ruleset("{defaults: {enforce: baseline}, exemptions: [{name: a, rules: [gone], reason: r, owner: o}]}"))
        .ok();
    eventually(PATIENCE, "the error is counted", || {
        ringwall
            .metric("ringwall_ruleset_reloads_total{result=\"error\"}")
            .filter(|count| *count >= 1.0)
            .ok_or_else(String::new)
    });
    assert_eq!(ringwall.metric("ringwall_ruleset_generation"), Some(1.0));
    kubectl.apply(&exemption("wrong", slip)).ok();
    kubectl.apply(&exemption("right", "{rules: [open-ingress], reason: r, owner: me}")).ok();
    shows(&ringwall, "ringwall_exemptions", 1.0);
}

#[test]
fn an_exemption_lets_through_what_it_names_to_the_end_of_its_last_day() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let (own, other) = (ringwall.namespace("exempt", &[BASELINE]), ringwall.namespace("held", &[BASELINE]));
    assert!(!admits(&own.kubectl()));
    let until = |expires: &str| {
        let matches = format!("{{namespaces: [{}], kinds: [Pod], labels: {{app: web}}}}", own.name);
        exemption(
            "web",
            &format!("{{rules: [unisolated-ingress], match: {matches}, reason: r, owner: me, expires: '{expires}'}}"),
        )
    };
    kubectl.apply(&until(&day(0))).ok();
    shows(&ringwall, "ringwall_exemptions", 1.0);
    assert!(admits(&own.kubectl()) && !admits(&other.kubectl()));

    // Nobody may write a day that is past; one that passed by itself is over.
    kubectl.apply(&until(&day(-1))).fails();
    ringwall.unconfigure();
    kubectl.apply(&until(&day(-1))).ok();
    ringwall.configure(|_| ());
    eventually(PATIENCE, "it is over", || if admits(&own.kubectl()) { Err("admitted".to_owned()) } else { Ok(()) });
    let refusal = own.kubectl().fails(&["run", "web", "--image=web", "--labels=app=web"]);
    assert!(refusal.contains("expired-exemption"), "{refusal}");
    // It can be taken away.
    kubectl.ok(&["annotate", "exemption", "web", "example.com/note=kept"]);
    kubectl.ok(&["delete", "exemption", "web"]);
    shows(&ringwall, "ringwall_exemptions", 0.0);
}

#[test]
fn a_file_goes_before_the_clusters_ruleset_and_its_exemptions_count_all_the_same() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    kubectl.apply(&ruleset("{defaults: {enforce: privileged}}")).ok();
    let file = Some(ruleset("{defaults: {enforce: baseline}}"));
    let ringwall = Ringwall::start(&cluster, Setup { ruleset: file, ..Setup::default() });
    let own = ringwall.namespace("plain", &[]);
    assert!(!admits(&own.kubectl()));
    let spec = format!("{{rules: [unisolated-ingress], match: {{namespaces: [{}]}}, reason: r, owner: me}}", own.name);
    kubectl.apply(&exemption("web", &spec)).ok();
    shows(&ringwall, "ringwall_exemptions", 1.0);
    assert!(admits(&own.kubectl()));
}

#[test]
fn definitions_that_come_later_are_found_and_those_that_go_leave_in_force_what_was() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    // Ready without them: there are no settings to wait for.
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let own = ringwall.namespace("plain", &[]);
    assert!(admits(&own.kubectl()));
    define_settings(&kubectl);
    kubectl.apply(&ruleset("{defaults: {enforce: baseline}}")).ok();
    shows(&ringwall, "ringwall_ruleset_generation", 1.0);
    assert!(!admits(&own.kubectl()));

    kubectl.ok(&["delete", "crd", "rulesets.ringwall.dev", "exemptions.ringwall.dev", "--timeout=60s"]);
    shows(&ringwall, "ringwall_watch_state{kind=\"Ruleset\",state=\"not-served\"}", 1.0);
    // What is gone is asked for after 3 seconds, and gone for good when it is said to be so.
    throughout(Duration::from_secs(8), || {
        assert_eq!(ringwall.metric("ringwall_ruleset_generation"), Some(1.0));
        assert!(!admits(&own.kubectl()), "who removes a definition switches nothing off");
        assert!(ringwall.readyz().is_ok());
    });

    define_settings(&kubectl);
    kubectl.apply(&ruleset("{defaults: {enforce: privileged}, floor: privileged}")).ok();
    eventually(
        PATIENCE,
        "what is said then holds",
        || if admits(&own.kubectl()) { Ok(()) } else { Err(String::new()) },
    );
}

#[test]
fn commands_judge_a_cluster_by_its_own_settings() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    let namespace = cluster.namespace("plain", &[]);
    namespace.kubectl().apply(&crate::manifests::deployment("web", 1)).ok();
    kubectl.apply(&ruleset("{defaults: {enforce: baseline}}")).ok();
    let audit = || {
        let output = Command::new(env!("CARGO_BIN_EXE_ringwall"))
            .args(["audit", "--format=json", "--kubeconfig"])
            .arg(&cluster.kubeconfig)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    eventually(PATIENCE, "the Pod that would be refused", || {
        let (code, text) = audit();
        if code == Some(1) && text.contains("unisolated-ingress") { Ok(()) } else { Err(text) }
    });
    let spec =
        format!("{{rules: [unisolated-ingress], match: {{namespaces: [{}]}}, reason: r, owner: me}}", namespace.name);
    kubectl.apply(&exemption("web", &spec)).ok();
    let (code, text) = audit();
    assert_eq!(code, Some(0), "{text}");
    let _: Value = serde_json::from_str(&text).unwrap();
}

#[test]
fn a_replica_that_does_not_lead_writes_no_status_though_it_may() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    let home = cluster.namespace("home", &[]);
    let kubeconfig = Some(crate::lease::kubeconfig_without_lease(&cluster, &home));
    let account = format!("--serviceaccount={}:ringwall", home.name);
    let mine = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: settings}\nrules:
  - {apiGroups: [ringwall.dev], resources: ['*'], verbs: ['*']}\n";
    kubectl.apply(mine).ok();
    kubectl.ok(&["create", "clusterrolebinding", "settings", "--clusterrole=settings", &account]);
    let arguments = ["--own-namespace", &home.name, "--lease-duration=3"].map(str::to_owned).to_vec();
    let ringwall = Ringwall::start(&cluster, Setup { kubeconfig, arguments, ..Setup::default() });
    kubectl.apply(&ruleset("{defaults: {enforce: baseline}}")).ok();
    shows(&ringwall, "ringwall_ruleset_generation", 1.0);
    let status = || kubectl.json(&["get", "ruleset", "default"])["status"].clone();
    throughout(Duration::from_secs(4), || assert_eq!(status(), Value::Null));
    assert_eq!(ringwall.metric("ringwall_leader"), Some(0.0));

    // The Lease is all that was missing.
    home.kubectl().ok(&["create", "role", "lease", "--verb=*", "--resource=leases.coordination.k8s.io"]);
    home.kubectl().ok(&["create", "rolebinding", "lease", "--role=lease", &account]);
    eventually(PATIENCE, "the status", || if status().is_null() { Err(ringwall.logs().join("\n")) } else { Ok(()) });
}

#[test]
fn the_leader_says_what_holds_what_is_used_and_what_is_over() {
    let Some(cluster) = world() else { return };
    let kubectl = cluster.kubectl();
    let home = cluster.namespace("home", &[]);
    home.kubectl().apply("apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: ringwall}\n").ok();
    let arguments = ["--own-namespace", &home.name, "--audit-interval", "1"].map(str::to_owned).to_vec();
    let ringwall = Ringwall::start(&cluster, Setup { arguments, ..Setup::default() });
    let own = ringwall.namespace("shop", &[]);
    own.kubectl().apply(&crate::manifests::deployment("web", 1)).ok();

    let condition = |object: &str, kind: &str| -> Result<Value, String> {
        let object = kubectl.json(&["get", object]);
        let found =
            object["status"]["conditions"].as_array().into_iter().flatten().find(|condition| condition["type"] == kind);
        found.cloned().ok_or_else(|| object.to_string())
    };
    let says = |object: &str, kind: &str, reason: &str| {
        eventually(PATIENCE, &format!("{object} is {reason}"), || {
            let condition = condition(object, kind)?;
            if condition["reason"] == reason { Ok(condition) } else { Err(condition.to_string()) }
        })
    };
    kubectl.apply(&ruleset("{defaults: {enforce: baseline}}")).ok();
    let first = says("ruleset/default", "InForce", "InForce");
    assert_eq!((&first["status"], &first["observedGeneration"]), (&"True".into(), &1.into()), "{first}");
    let shown = kubectl.ok(&["get", "rulesets"]);
    assert!(shown.lines().nth(1).unwrap().contains("True"), "{shown}");

    let spec = |namespace: &str| {
        format!("{{rules: [unisolated-ingress], match: {{namespaces: [{namespace}]}}, reason: r, owner: me}}")
    };
    kubectl.apply(&exemption("web", &spec(&own.name))).ok();
    kubectl.apply(&exemption("nobody", &spec("elsewhere"))).ok();
    says("exemption/web", "Active", "Active");
    let used = says("exemption/web", "Used", "Used");
    assert!(used["message"].as_str().unwrap().contains("through now"), "{used}");
    assert_eq!(says("exemption/nobody", "Used", "Unused")["status"], "False");

    // What nobody was asked about is stored, and is told of.
    ringwall.unconfigure();
    let past = format!("{{rules: [open-ingress], reason: r, owner: me, expires: '{}'}}", day(-1));
    kubectl.apply(&exemption("over", &past)).ok();
    assert_eq!(says("exemption/over", "Active", "Expired")["status"], "False");
    kubectl.apply(&exemption("wrong", "{rules: [open-ingres], reason: r, owner: me}")).ok();
    let wrong = says("exemption/wrong", "Active", "Invalid");
    assert!(wrong["message"].as_str().unwrap().contains("did you mean open-ingress?"), "{wrong}");
    kubectl
        .apply(&ruleset("{defaults: {enforce: baseline}, exemptions: [{name: a, rules: [gone], reason: r, owner: o}]}"))
        .ok();
    let invalid = says("ruleset/default", "InForce", "Invalid");
    assert_eq!(invalid["observedGeneration"], 2, "{invalid}");

    // Nothing is written where nothing changes.
    let version = |object: &str| kubectl.json(&["get", object])["metadata"]["resourceVersion"].clone();
    let before = version("exemption/nobody");
    kubectl.apply(&ruleset("{defaults: {enforce: privileged}}")).ok();
    let again = says("ruleset/default", "InForce", "InForce");
    assert_eq!(again["observedGeneration"], 3, "{again}");
    assert_eq!(version("exemption/nobody"), before);
}
