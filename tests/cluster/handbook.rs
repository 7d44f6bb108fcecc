//! The commands of the handbook, page by page, as they stand there: every block that is marked `sh` runs from the root of the repository
//! and must succeed.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::{CHART, ControlPlane, PATIENCE, eventually};

/// The pages in the order of an installation's life. They run one after the other on one cluster.
const PAGES: [&str; 7] = [
    "charts/ringwall/README.md",
    "docs/install.md",
    "docs/rollout.md",
    "docs/exemptions.md",
    "docs/upgrade.md",
    "docs/uninstall.md",
    "docs/install.md",
];

/// For when nobody answers: `nobody.rs` walks through it.
const BREAK_GLASS: &str = "docs/break-glass.md";

#[test]
fn every_page_with_commands_is_walked_through() {
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|file| file.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages = pages.map(|path| format!("docs/{}", path.file_name().unwrap().display()));
    let others = ["README.md", "CONTRIBUTING.md", "certs/README.md", "charts/ringwall/README.md"].map(str::to_owned);
    let with_commands: Vec<_> = pages.chain(others).filter(|page| !blocks(page).is_empty()).collect();
    let missed: Vec<_> =
        with_commands.iter().filter(|page| **page != BREAK_GLASS && !PAGES.contains(&page.as_str())).collect();
    assert!(missed.is_empty(), "nothing tries the commands of {missed:?}");
    for page in PAGES.iter().chain([&BREAK_GLASS]) {
        assert!(with_commands.iter().any(|known| known == page), "{page} has no commands");
    }
}

#[test]
fn every_command_of_the_handbook_runs() {
    let Some(cluster) = ControlPlane::private() else { return };
    for page in PAGES {
        for block in blocks(page) {
            run(&cluster, page, &block);
        }
        if page == "docs/rollout.md" {
            let configuration = cluster.kubectl().json(&["get", "validatingwebhookconfiguration", "ringwall"]);
            for webhook in configuration["webhooks"].as_array().unwrap() {
                assert_eq!(webhook["failurePolicy"], "Ignore", "it ends as it began: {webhook}");
            }
        }
        if page == "docs/uninstall.md" {
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
    let page = text(BREAK_GLASS);
    let walk = |section: &str, expected: &[&str]| {
        let (_, text) = page.split_once(&format!("## {section}\n")).unwrap();
        let blocks = blocks_of(text.split("\n## ").next().unwrap_or_default());
        assert_eq!(blocks.len(), expected.len(), "{section:?}");
        for (block, expected) in blocks.iter().zip(expected) {
            run(&cluster, BREAK_GLASS, block);
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
    let told = format!("{page}:\n{block}\n--- stdout\n{said}\n--- stderr\n{complained}");
    assert!(output.status.success(), "{told}");
    for expected in failures(block) {
        assert!(said.lines().any(|line| line == expected), "it should have failed: {told}");
    }
}

fn bash(cluster: &ControlPlane, script: &str) -> std::process::Output {
    let [kubectl, helm] = [cluster.kubectl(), cluster.helm()].map(|tool| tool.command(&[]));
    let quoted = |command: &Command| command.get_program().to_string_lossy().into_owned();
    let functions = format!(
        "kubectl() {{ '{}' \"$@\"; }}\nhelm() {{ '{}' \"$@\"; }}\nset -euo pipefail\n",
        quoted(&kubectl),
        quoted(&helm)
    );
    let mut command = Command::new("bash");
    command.arg("-c").arg(functions + script).current_dir(root());
    for tool in [&kubectl, &helm] {
        command.envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
    }
    command.output().unwrap()
}

/// What a block prints in place of commands that should fail: `COMMAND || echo "as it should be"`.
fn failures(block: &str) -> impl Iterator<Item = &str> {
    block.lines().filter_map(|line| line.split_once(" || echo \"")?.1.split('"').next())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks of a page that are marked `sh`.
fn blocks(page: &str) -> Vec<String> {
    blocks_of(&text(page))
}

fn blocks_of(text: &str) -> Vec<String> {
    text.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

fn text(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}
