//! DOT for Graphviz: a cluster per namespace, an edge per source and destination that text names.
//!
//! What text says in few words is few edges: everybody is one node, every Pod of a namespace one node in its cluster, and many
//! sources that reach many destinations meet in a point. Nothing is said by colour alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::network::reach::{End, Isolation, Precision, WorkloadIsolation, WorkloadName};

use super::{
    ReachChanges, ReachFrame,
    group::{Group, Line, Mark},
    names,
    phrase::Phrase,
    plugin_note,
};

/// How many edges from sources to destinations there may be before they meet in a point.
const DIRECT: usize = 12;

pub(super) fn reach(
    frame: ReachFrame<'_>,
    isolation: &[WorkloadIsolation],
    groups: &[Group],
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    let mut graph = Graph::default();
    for it in isolation {
        graph.workload(&it.workload, Some(it));
    }
    draw(&mut graph, groups);
    graph.write(frame, out)
}

pub(super) fn changes(frame: ReachFrame<'_>, changes: ReachChanges<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let mut graph = Graph::default();
    for (workload, _, after) in changes.isolation {
        graph.workload(workload, after.as_ref());
    }
    draw(&mut graph, &changes.grouped(frame));
    graph.write(frame, out)
}

fn draw(graph: &mut Graph, groups: &[Group]) {
    for group in groups {
        let to = graph.destinations(group);
        for line in &group.lines {
            let from: BTreeSet<String> = line.from.iter().flat_map(|phrase| graph.sources(phrase)).collect();
            graph.edges(&from, &to, line);
        }
    }
}

/// Nodes by cluster, and edges; in the order in which they are written.
#[derive(Default)]
struct Graph {
    /// By namespace (none for what is outside of all) and name, the attributes.
    nodes: BTreeMap<Option<String>, BTreeMap<String, String>>,
    edges: BTreeSet<String>,
    points: usize,
}

impl Graph {
    fn workload(&mut self, workload: &WorkloadName, isolation: Option<&WorkloadIsolation>) -> String {
        let id = workload.to_string();
        let nodes = self.nodes.entry(Some(workload.namespace.to_string())).or_default();
        if isolation.is_some() || !nodes.contains_key(&id) {
            nodes.insert(id.clone(), look(workload, isolation));
        }
        id
    }

    fn node(&mut self, cluster: Option<String>, id: &str, attributes: &str) -> String {
        self.nodes.entry(cluster).or_default().insert(id.to_owned(), attributes.to_owned());
        id.to_owned()
    }

    fn every_pod_of(&mut self, namespace: &str) -> String {
        let attributes = "label=\"every Pod\", shape=folder, style=dashed";
        self.node(Some(namespace.to_owned()), &format!("every Pod of {namespace}"), attributes)
    }

    fn destinations(&mut self, group: &Group) -> Vec<String> {
        match &group.namespace {
            Some(namespace) if group.is_whole => vec![self.every_pod_of(namespace)],
            None => vec![self.node(None, &format!("to {}", group.heading()), &outside(&group.heading()))],
            Some(_) => {
                let workloads = group.members.iter().filter_map(|member| match member {
                    End::Workload(workload) => Some(workload),
                    End::Addresses(..) | End::Entity(_) => None,
                });
                workloads.map(|workload| self.workload(workload, None)).collect()
            }
        }
    }

    fn sources(&mut self, phrase: &Phrase) -> Vec<String> {
        match phrase {
            Phrase::Workloads(workloads) => workloads.iter().map(|workload| self.workload(workload, None)).collect(),
            Phrase::Namespace { name, but, .. } if but.is_empty() => vec![self.every_pod_of(name)],
            Phrase::Namespace { name, but, .. } => {
                let label = format!("every Pod but {}", names::list(but.iter().map(names::short)));
                let attributes = format!("label={}, shape=folder, style=dashed", quoted(&label));
                vec![self.node(Some(name.to_string()), &format!("{name}: {label}"), &attributes)]
            }
            Phrase::EveryPod { but, .. } => {
                let rest = if but.is_empty() {
                    String::new()
                } else {
                    format!(" but {}", names::list(but.iter().map(ToString::to_string)))
                };
                let label = format!("every Pod{rest}");
                vec![self.node(None, &label, &outside(&label))]
            }
            Phrase::Everywhere | Phrase::Addresses(_) | Phrase::IngressController => {
                let label = phrase.to_string();
                vec![self.node(None, &label, &outside(&label))]
            }
        }
    }

    fn edges(&mut self, from: &BTreeSet<String>, to: &[String], line: &Line) {
        let mut style = vec![format!("label={}", quoted(&label(line)))];
        if line.precision != Precision::Exact || line.mark == Mark::Removed {
            style.push("style=dashed".to_owned());
        }
        match line.mark {
            Mark::Added => style.push("color=darkgreen, fontcolor=darkgreen".to_owned()),
            Mark::Removed => style.push("color=firebrick, fontcolor=firebrick".to_owned()),
            Mark::There | Mark::Changed(..) => {}
        }
        let style = style.join(", ");
        if from.len() > 1 && to.len() > 1 && from.len() * to.len() > DIRECT {
            self.points += 1;
            let point = self.node(None, &format!("point {}", self.points), "shape=point");
            for source in from {
                self.edges.insert(format!("{} -> {} [{style}, arrowhead=none]", quoted(source), quoted(&point)));
            }
            for destination in to {
                let dashed = if style.contains("dashed") { " [style=dashed]" } else { "" };
                self.edges.insert(format!("{} -> {}{dashed}", quoted(&point), quoted(destination)));
            }
            return;
        }
        for source in from {
            for destination in to {
                if source != destination {
                    self.edges.insert(format!("{} -> {} [{style}]", quoted(source), quoted(destination)));
                } else if source.starts_with("every Pod of ") {
                    // Everybody in it reaches everybody else in it.
                    self.edges.insert(format!("{} -> {} [{style}, dir=both]", quoted(source), quoted(destination)));
                }
            }
        }
    }

    fn write(&self, frame: ReachFrame<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
        let title = quoted(&plugin_note(frame.plugin, frame.assumed));
        writeln!(out, "digraph reach {{")?;
        writeln!(out, "  graph [rankdir=LR, label={title}, fontname=\"sans-serif\", ranksep=1.2]")?;
        writeln!(out, "  node [shape=box, fontname=\"sans-serif\", fontsize=11]")?;
        writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=9]")?;
        for (cluster, nodes) in &self.nodes {
            let indent = if cluster.is_some() { "    " } else { "  " };
            if let Some(namespace) = cluster {
                writeln!(out, "  subgraph {} {{", quoted(&format!("cluster_{namespace}")))?;
                writeln!(out, "    label={}; style=rounded; color=gray50", quoted(namespace))?;
            }
            for (id, attributes) in nodes {
                writeln!(out, "{indent}{} [{attributes}]", quoted(id))?;
            }
            if cluster.is_some() {
                writeln!(out, "  }}")?;
            }
        }
        self.edges.iter().try_for_each(|edge| writeln!(out, "  {edge}"))?;
        writeln!(out, "}}")
    }
}

/// A workload: what is not isolated has a double line and says so.
fn look(workload: &WorkloadName, isolation: Option<&WorkloadIsolation>) -> String {
    let mut label = format!("{}\n{}", workload.kind, workload.name);
    let mut attributes = "";
    if let Some(isolation) = isolation {
        let directions = [("ingress", isolation.ingress), ("egress", isolation.egress)];
        for (direction, it) in directions.into_iter().filter(|(_, it)| *it != Isolation::Isolated) {
            label.extend(["\n", direction, " ", it.word()]);
            attributes = ", peripheries=2, style=filled, fillcolor=mistyrose";
        }
    }
    format!("label={}{attributes}", quoted(&label))
}

fn outside(label: &str) -> String {
    format!("label={}, shape=ellipse", quoted(label))
}

fn label(line: &Line) -> String {
    match line.mark {
        Mark::There => line.ports(),
        Mark::Added | Mark::Removed | Mark::Changed(..) => format!("{}: {}", line.mark.word(), line.ports()),
    }
}

/// A text in DOT. Line breaks are wanted, other escapes are not.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
