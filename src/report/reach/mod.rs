//! Who may reach whom, and what changed in it: text, JSON, DOT and Markdown.
//!
//! JSON is written flow by flow, for there may be very many. The other formats are for people: they merge what is equal first
//! ([`group`]), so that five hundred workloads remain readable.

mod changes;
mod dot;
mod group;
mod json;
mod markdown;
mod names;
mod phrase;
mod text;

use std::fmt;

use crate::network::{
    Plugin,
    reach::{Flow, Isolation, WorkloadIsolation, WorkloadName},
};

pub use changes::{IsolationChange, ReachChanges};
use group::{Group, Grouping, Mark};

/// How reachability is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReachFormat {
    /// For people.
    Text,
    /// As `docs/reach.schema.json` says.
    Json,
    /// For Graphviz.
    Dot,
    /// For pull requests.
    Markdown,
}

/// What a reader must know of the state beside its flows.
#[derive(Clone, Copy, Debug)]
pub struct ReachFrame<'a> {
    /// Whose reading of policies counted.
    pub plugin: &'a Plugin,
    /// Why it was assumed, where nobody has named it.
    pub assumed: Option<&'a str>,
    /// All workloads, those that were not asked for too: "everybody" means them.
    pub workloads: &'a [WorkloadName],
    /// What the reader should know.
    pub hints: &'a [String],
}

/// Flows, one after the other; may be asked for again.
pub type Flows<'a> = &'a dyn Fn(&mut dyn FnMut(Flow));

/// Writes the reachability of a state.
pub fn reach(
    frame: ReachFrame<'_>,
    isolation: &[WorkloadIsolation],
    flows: Flows<'_>,
    format: ReachFormat,
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    match format {
        ReachFormat::Json => json::reach(frame, isolation, flows, out),
        ReachFormat::Text => text::reach(frame, isolation, &grouped(frame, flows), out),
        ReachFormat::Dot => dot::reach(frame, isolation, &grouped(frame, flows), out),
        ReachFormat::Markdown => markdown::reach(frame, isolation, &grouped(frame, flows), out),
    }
}

/// Writes what changed.
pub fn reach_changes(
    frame: ReachFrame<'_>,
    changes: ReachChanges<'_>,
    format: ReachFormat,
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    match format {
        ReachFormat::Json => json::changes(frame, changes, out),
        ReachFormat::Text => text::changes(frame, changes, out),
        ReachFormat::Dot => dot::changes(frame, changes, out),
        ReachFormat::Markdown => markdown::changes(frame, changes, out),
    }
}

/// What is said of the plugin: which it is, and why, and what that means where it means that nothing is isolated.
pub fn plugin_note(plugin: &Plugin, assumed: Option<&str>) -> String {
    let name = plugin.name;
    let why = assumed.map(|why| format!(" (assumed, for {why}; --network-plugin names it)")).unwrap_or_default();
    let nothing = if plugin.enforces_nothing() { ": it enforces no policy, so nothing is isolated" } else { "" };
    let given: Vec<&str> = plugin.given.iter().copied().collect();
    let with = if given.is_empty() { String::new() } else { format!(" with {}", given.join(", ")) };
    format!("network plugin {name}{with}{why}{nothing}")
}

fn grouped(frame: ReachFrame<'_>, flows: Flows<'_>) -> Vec<Group> {
    let mut grouping = Grouping::new(frame.workloads);
    flows(&mut |flow| grouping.add(Mark::There, flow));
    grouping.finish()
}

impl Isolation {
    /// The name in output.
    const fn word(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Open => "open",
            Self::Unisolated => "unisolated",
            Self::Unknown => "unknown",
        }
    }
}

/// `1 workload`, `2 workloads`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
