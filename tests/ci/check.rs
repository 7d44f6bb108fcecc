//! The step that judges.

use std::{fs, os::unix::fs::symlink};

use serde_json::Value;

use crate::{Runner, ringwall};

fn runner() -> Runner {
    let runner = Runner::new();
    symlink(ringwall(), runner.path("bin/ringwall")).unwrap();
    runner
}

#[test]
fn what_keeps_the_rules_passes() {
    let runner = runner();
    let step = runner.step("check", &[("RINGWALL_PATHS", "examples/shop"), ("RINGWALL_PROFILE", "baseline")]);
    assert_eq!((step.code, runner.told("output").as_str()), (0, "exit-code=0\n"), "{}{}", step.stdout, step.stderr);
}

#[test]
fn what_breaks_them_is_annotated_and_the_step_goes_on_to_the_upload() {
    let runner = runner();
    let inputs = [
        ("RINGWALL_PATHS", "\n  examples/mistakes.yaml \n\n"),
        ("RINGWALL_PROFILE", "baseline"),
        ("RINGWALL_SARIF", "true"),
    ];
    let step = runner.step("check", &inputs);
    assert_eq!(step.code, 0, "{}", step.stderr);
    assert!(step.stdout.contains("::error file=examples/mistakes.yaml,line="), "{}", step.stdout);
    let told = runner.told("output");
    assert!(told.contains("exit-code=1\n"), "{told}");
    let file = told.lines().find_map(|line| line.strip_prefix("sarif-file=")).expect("a file in SARIF");
    let sarif: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().any(|result| result["ruleId"] == "unisolated-ingress"), "{results:#?}");
}

#[test]
fn paths_are_judged_together() {
    let runner = runner();
    let both = "examples/shop/namespace.yaml\nexamples/shop/db.yaml\nexamples/shop/frontend.yaml";
    let profile = ("RINGWALL_PROFILE", "baseline");
    runner.step("check", &[("RINGWALL_PATHS", both), profile]);
    assert_eq!(runner.told("output"), "exit-code=0\n");
}

#[test]
fn warnings_fail_only_when_asked_to() {
    for (fail_on, code) in [("refuse", "exit-code=0\n"), ("warn", "exit-code=1\n")] {
        let runner = runner();
        let inputs =
            [("RINGWALL_PATHS", "examples/mistakes.yaml"), ("RINGWALL_FAIL_ON", fail_on), ("RINGWALL_PROFILE", "")];
        runner.step("check", &inputs);
        assert_eq!(runner.told("output"), code, "fail-on: {fail_on}");
    }
}

#[test]
fn a_path_that_looks_like_an_option_is_a_path() {
    let runner = runner();
    let step = runner.step("check", &[("RINGWALL_PATHS", "--fail-on=warn")]);
    assert_eq!(runner.told("output"), "exit-code=2\n");
    assert!(step.stdout.contains("file=--fail-on=warn"), "{}", step.stdout);
}

#[test]
fn nothing_to_judge_is_a_failure() {
    let runner = runner();
    let step = runner.step("check", &[("RINGWALL_PATHS", " \n")]);
    assert_eq!(runner.told("output"), "exit-code=2\n");
    assert!(step.stdout.starts_with("::error title=ringwall::there is nothing to judge"), "{}", step.stdout);
}

#[test]
fn a_ruleset_that_is_missing_cannot_be_judged_by() {
    let runner = runner();
    runner.step("check", &[("RINGWALL_PATHS", "examples/shop"), ("RINGWALL_RULESET", "nowhere.yaml")]);
    assert_eq!(runner.told("output"), "exit-code=2\n");
}

/// A Helm and a kubectl that tell what they were asked for, and make a Pod that nothing isolates.
const PRINTS: &str = r#"
echo "$@" >> "$RUNNER_TEMP/asked"
cat <<Y
apiVersion: v1
kind: Pod
metadata: {name: made-by-$(basename "$0"), labels: {app: $(basename "$0")}}
spec: {containers: [{name: c, image: i}]}
Y"#;

#[test]
fn charts_and_kustomizations_are_rendered_and_judged() {
    let runner = runner();
    runner.program("helm", PRINTS);
    runner.program("kubectl", PRINTS);
    let inputs = [
        ("RINGWALL_CHARTS", "deploy/web --values deploy/web/production.yaml\n"),
        ("RINGWALL_KUSTOMIZATIONS", "overlays/production"),
        ("RINGWALL_NAMESPACE", "web"),
        ("RINGWALL_PROFILE", "baseline"),
    ];
    let step = runner.step("check", &inputs);
    let asked = "template web deploy/web --values deploy/web/production.yaml --include-crds --namespace web\nkustomize overlays/production\n";
    assert_eq!(runner.told("asked"), asked);
    assert_eq!(runner.told("output"), "exit-code=1\n", "{}{}", step.stdout, step.stderr);
    assert!(
        step.stdout.contains("Pod web/made-by-helm") && step.stdout.contains("Pod web/made-by-kubectl"),
        "{}",
        step.stdout
    );
}

#[test]
fn a_chart_that_cannot_be_rendered_is_a_failure() {
    let runner = runner();
    runner.program("helm", "exit 1");
    let step = runner.step("check", &[("RINGWALL_CHARTS", "deploy/web")]);
    assert_eq!(runner.told("output"), "exit-code=2\n");
    assert!(step.stdout.contains("helm template cannot render deploy/web"), "{}", step.stdout);
}
