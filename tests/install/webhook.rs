//! Which requests the API server asks Ringwall about.

use std::fmt::Write as _;

use ringwall::model::kinds::asked::{Condition, Entry, SETTINGS, entries};

const HEAD: &str = "\
# What the entries of the webhook configuration ask about: templates/webhook-configuration.yaml adds the rest.
# Generated from src/model/kinds/table.rs: RINGWALL_UPDATE=1 cargo test --test install
webhooks:
";

pub(crate) fn render() -> String {
    let mut text = HEAD.to_owned();
    for entry in entries() {
        write(&mut text, &entry).unwrap();
    }
    text
}

fn write(text: &mut String, entry: &Entry) -> std::fmt::Result {
    writeln!(text, "  - name: {}", entry.name())?;
    if entry.entry == SETTINGS {
        text.push_str("    # Whoever mends Ringwall's settings does not wait for it.\n    failurePolicy: Ignore\n");
    }
    text.push_str("    rules:\n");
    for rule in entry.rules() {
        let group = if rule.group.is_empty() { "\"\"" } else { rule.group };
        let scope = if rule.namespaced { "Namespaced" } else { "Cluster" };
        let operations: Vec<_> = rule.operations.iter().map(|operation| operation.name()).collect();
        writeln!(text, "      - apiGroups: [{group}]")?;
        writeln!(text, "        apiVersions: [{}]", rule.version)?;
        writeln!(text, "        resources: [{}]", rule.resources.join(", "))?;
        writeln!(text, "        operations: [{}]", operations.join(", "))?;
        writeln!(text, "        scope: {scope}")?;
    }
    let conditions = entry.conditions();
    if !conditions.is_empty() {
        text.push_str("    matchConditions:\n");
    }
    for Condition { why, name, expression } in conditions {
        writeln!(text, "      # {why}")?;
        writeln!(text, "      - name: {name}\n        expression: >-\n          {expression}")?;
    }
    Ok(())
}
