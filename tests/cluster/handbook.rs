//! The commands of the handbook, page by page, as they stand there: every block that is marked `sh` runs from the root of the repository
//! and must succeed.

use std::process::Command;

use crate::harness::{ControlPlane, PATIENCE, eventually};

/// The pages in the order of an installation's life. They run one after the other on one cluster.
const PAGES: [&str; 6] = ["install", "rollout", "exemptions", "upgrade", "uninstall", "install"];

#[test]
fn every_command_of_the_handbook_runs() {
    let Some(cluster) = ControlPlane::private() else { return };
    for page in PAGES {
        for block in blocks(page) {
            let output = bash(&cluster, &block);
            let [said, complained] =
                [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
            assert!(output.status.success(), "docs/{page}.md:\n{block}\n--- stdout\n{said}\n--- stderr\n{complained}");
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
    let path = format!("{}/docs/{page}.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let blocks: Vec<String> =
        text.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect();
    assert!(!blocks.is_empty(), "{path} has no commands");
    blocks
}
