//! The layers around workloads, as a table and as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::trace::{Layer, Layers};

const HEAD: [&str; 5] = ["workload", "isolated in", "isolated out", "TLS at the edge", "mutual TLS inside"];

/// The layers as a table, each that does not stand for certain with its reason below.
pub(super) fn table(layers: &[Layers]) -> String {
    let rows: Vec<[String; 5]> = layers.iter().map(row).collect();
    let widths: Vec<usize> = HEAD
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([title.len()]).max().unwrap_or_default()
        })
        .collect();
    let mut out = String::new();
    line(&mut out, &HEAD.map(str::to_owned), &widths);
    for (row, each) in rows.iter().zip(layers) {
        line(&mut out, row, &widths);
        for (title, layer) in named(each) {
            if let Some(reason) = layer.reason() {
                let _ = writeln!(out, "    {title}: {}", clean(reason));
            }
        }
    }
    out
}

fn line(out: &mut String, cells: &[String; 5], widths: &[usize]) {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let _ = write!(text, "{cell:width$}  ");
    }
    let _ = writeln!(out, "{}", text.trim_end());
}

fn row(layers: &Layers) -> [String; 5] {
    let pods = match layers.pods {
        0 => String::new(),
        1 => " (1 Pod)".to_owned(),
        pods => format!(" ({pods} Pods)"),
    };
    let name = if *layers.workload.kind == *"Pod" { String::new() } else { pods };
    let cell = |layer: &Layer| layer.name().to_owned();
    [
        clean(&format!("{}{name}", layers.workload)),
        cell(&layers.isolated_in),
        cell(&layers.isolated_out),
        cell(&layers.at_the_edge),
        cell(&layers.inside),
    ]
}

fn named(layers: &Layers) -> [(&'static str, &Layer); 4] {
    let Layers { isolated_in, isolated_out, at_the_edge, inside, .. } = layers;
    [
        ("isolated in", isolated_in),
        ("isolated out", isolated_out),
        ("TLS at the edge", at_the_edge),
        ("mutual TLS inside", inside),
    ]
}

/// Names and reasons come from objects: no sign of theirs may steer a terminal.
fn clean(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { '\u{fffd}' } else { sign }).collect()
}

/// A workload's layers in JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    pods: usize,
    isolated_in: Answer<'a>,
    isolated_out: Answer<'a>,
    at_the_edge: Answer<'a>,
    inside: Answer<'a>,
}

#[derive(Serialize)]
struct Answer<'a> {
    layer: &'a str,
    reason: Option<&'a str>,
}

/// The layers in JSON.
pub(super) fn entry(layers: &Layers) -> Entry<'_> {
    let answer = |layer: &'_ Layer| -> Answer<'_> {
        let word = match layer {
            Layer::NotNeeded => "not-exposed",
            other => other.name(),
        };
        Answer { layer: word, reason: None }
    };
    let with = |layer| Answer { reason: Layer::reason(layer).map(crate::model::Name::as_str), ..answer(layer) };
    Entry {
        kind: &layers.workload.kind,
        namespace: &layers.workload.namespace,
        name: &layers.workload.name,
        pods: layers.pods,
        isolated_in: with(&layers.isolated_in),
        isolated_out: with(&layers.isolated_out),
        at_the_edge: with(&layers.at_the_edge),
        inside: with(&layers.inside),
    }
}
