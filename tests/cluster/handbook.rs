//! The commands of the handbook, page by page, as they stand there: every block that is marked `sh` runs from the root of the repository
//! and must succeed.

use std::process::Command;

use crate::harness::{CHART, ControlPlane, PATIENCE, eventually};

/// The pages in the order of an installation's life. They run one after the other on one cluster.
const PAGES: [&str; 6] = ["install", "rollout", "exemptions", "upgrade", "uninstall", "install"];

#[test]
fn every_command_of_the_handbook_runs() {
    let Some(cluster) = ControlPlane::private() else { return };
    for page in PAGES {
        for block in blocks(page) {
            run(&cluster, page, &block);
        }
        if page == "rollout" {
            let configurations = cluster.kubectl().json(&["get", "validatingwebhookconfigurations"]);
            assert_eq!(configurations["items"][0]["webhooks"][0]["failurePolicy"], "Ignore", "it ends as it began");
        }
        if page == "uninstall" {
            eventually(PATIENCE, "the namespace is gone", || {
                let outcome = cluster.kubectl().run(&["get", "namespace", "ringwall"]);
                if outcome.success { Err(outcome.stdout) } else { Ok(()) }
            });
        }
    }
}

/// What leads into this is in `nobody.rs`.
#[test]
fn when_it_is_over_the_release_takes_the_failure_policy_back() {
    let Some(cluster) = ControlPlane::private() else { return };
    let install = ["install", "ringwall", CHART, "--namespace=ringwall", "--create-namespace"];
    cluster.helm().with(&install).ok(&["--set=webhook.failurePolicy=Fail"]);
    let page = text("break-glass");
    let walk = |section: &str, expected: &[&str]| {
        let (_, text) = page.split_once(&format!("## {section}\n")).unwrap();
        let blocks = blocks_of(text.split("\n## ").next().unwrap_or_default());
        assert_eq!(blocks.len(), expected.len(), "{section:?}");
        for (block, expected) in blocks.iter().zip(expected) {
            run(&cluster, "break-glass", block);
            let configuration = cluster.kubectl().json(&["get", "validatingwebhookconfiguration", "ringwall"]);
            let webhooks = configuration["webhooks"].as_array().unwrap().iter();
            let mut judged = webhooks.filter(|webhook| webhook["name"] != "settings.ringwall.dev");
            assert!(judged.all(|webhook| webhook["failurePolicy"] == *expected), "after\n{block}\n{configuration}");
        }
    };
    walk("Let everything through", &["Ignore"]);
    walk("Afterwards", &["Ignore", "Fail"]);
}

/// Runs a block of a page, which must succeed.
#[track_caller]
fn run(cluster: &ControlPlane, page: &str, block: &str) {
    let output = bash(cluster, block);
    let [said, complained] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "docs/{page}.md:\n{block}\n--- stdout\n{said}\n--- stderr\n{complained}");
}

fn bash(cluster: &ControlPlane, script: &str) -> std::process::Output {
    let [kubectl, helm] = [cluster.kubectl(), cluster.helm()].map(|tool| tool.command(&[]));
    let quoted = |command: &Command| command.get_program().to_string_lossy().into_owned();
    let functions =
        format!("kubectl() {{ '{}' \"$@\"; }}\nhelm() {{ '{}' \"$@\"; }}\nset -eu\n", quoted(&kubectl), quoted(&helm));
    let mut command = Command::new("bash");
    command.arg("-c").arg(functions + script).current_dir(env!("CARGO_MANIFEST_DIR"));
    for tool in [&kubectl, &helm] {
        command.envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
    }
    command.output().unwrap()
}

/// The blocks of a page that are marked `sh`.
fn blocks(page: &str) -> Vec<String> {
    let blocks = blocks_of(&text(page));
    assert!(!blocks.is_empty(), "docs/{page}.md has no commands");
    blocks
}

fn blocks_of(text: &str) -> Vec<String> {
    text.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

fn text(page: &str) -> String {
    std::fs::read_to_string(format!("{}/docs/{page}.md", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
