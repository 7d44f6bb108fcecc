//! What Ringwall may read in a cluster.

use std::{collections::BTreeMap, fmt::Write as _};

use ringwall::model::{
    Kind,
    kinds::{KINDS, KindInfo, Watch},
};

const HEAD: &str = "\
# The rules of the ClusterRole that rest on kinds: templates/rbac.yaml takes them from here.
# Generated from src/model/kinds/table.rs: RINGWALL_UPDATE=1 cargo test --test install
";

pub(crate) fn render() -> String {
    let mut text = HEAD.to_owned();
    let is_secret = |info: &KindInfo| info.kind == Kind::Secret;
    section(&mut text, "Followed from the start.", "watched", "get, list, watch", |info| info.watch == Watch::Always);
    section(&mut text, "Read one by one.", "read", "get", |info| info.watch != Watch::Always && !is_secret(info));
    section(&mut text, "Read one by one, unless values say no.", "secrets", "get", is_secret);
    section(&mut text, "Followed on request.", "followed", "list, watch", |info| {
        matches!(info.watch, Watch::OnRequest(_))
    });
    text
}

/// Rules for the kinds that are chosen, one per group.
fn section(text: &mut String, why: &str, name: &str, verbs: &str, chosen: impl Fn(&KindInfo) -> bool) {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for info in KINDS.iter().filter(|info| chosen(info)) {
        groups.entry(info.group).or_default().push(info.plural);
    }
    writeln!(text, "# {why}\n{name}:").unwrap();
    for (group, mut resources) in groups {
        resources.sort_unstable();
        let resources = resources.join(", ");
        let group = if group.is_empty() { "\"\"" } else { group };
        writeln!(text, "  - apiGroups: [{group}]\n    resources: [{resources}]\n    verbs: [{verbs}]").unwrap();
    }
}
