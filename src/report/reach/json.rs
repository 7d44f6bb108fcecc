//! JSON, as `docs/reach.schema.json` describes it. Flows are written one by one, a line each.

use std::{fmt, net::IpAddr};

use serde::Serialize;

use crate::{
    model::PortSet,
    network::reach::{End, Entity, Flow, Precision, WorkloadIsolation, WorkloadName},
};

use super::{Flows, ReachChanges, ReachFrame, changes::IsolationChange};

#[derive(Serialize)]
struct PluginEntry<'a> {
    name: &'a str,
    assumed: Option<&'a str>,
    enforces: Vec<String>,
}

#[derive(Serialize)]
struct FlowEntry<'a> {
    source: Peer<'a>,
    destination: Peer<'a>,
    ports: Vec<PortRange>,
    precision: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Peer<'a> {
    Workload(Reference<'a>),
    Addresses { first: IpAddr, last: IpAddr },
    Entity(&'static str),
}

#[derive(Serialize)]
struct Reference<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct PortRange {
    protocol: &'static str,
    first: u16,
    last: u16,
}

#[derive(Serialize)]
struct IsolationEntry<'a> {
    workload: Reference<'a>,
    #[serde(flatten)]
    directions: Directions,
}

#[derive(Serialize)]
struct Directions {
    ingress: &'static str,
    egress: &'static str,
}

#[derive(Serialize)]
struct ChangedFlow<'a> {
    before: FlowEntry<'a>,
    after: FlowEntry<'a>,
}

#[derive(Serialize)]
struct ChangedIsolation<'a> {
    workload: Reference<'a>,
    before: Option<Directions>,
    after: Option<Directions>,
}

pub(super) fn reach(
    frame: ReachFrame<'_>,
    isolation: &[WorkloadIsolation],
    flows: Flows<'_>,
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    head(frame, out)?;
    let mut list = List::begin("flows", out)?;
    let mut written = Ok(());
    flows(&mut |flow| {
        if written.is_ok() {
            written = list.item(&flow_entry(&flow));
        }
    });
    written?;
    list.end()?;
    out.write_str(",\n")?;
    let mut list = List::begin("isolation", out)?;
    for it in isolation {
        list.item(&IsolationEntry { workload: reference(&it.workload), directions: directions(it) })?;
    }
    list.end()?;
    out.write_str("\n}\n")
}

pub(super) fn changes(frame: ReachFrame<'_>, changes: ReachChanges<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    head(frame, out)?;
    for (name, flows) in [("added", changes.added), ("removed", changes.removed)] {
        let mut list = List::begin(name, out)?;
        flows.iter().try_for_each(|flow| list.item(&flow_entry(flow)))?;
        list.end()?;
        out.write_str(",\n")?;
    }
    let mut list = List::begin("changed", out)?;
    for (before, after) in changes.changed {
        list.item(&ChangedFlow { before: flow_entry(before), after: flow_entry(after) })?;
    }
    list.end()?;
    out.write_str(",\n")?;
    let mut list = List::begin("isolation", out)?;
    let entry = |(workload, before, after): &IsolationChange| {
        let of = |isolation: &Option<WorkloadIsolation>| isolation.as_ref().map(directions);
        list.item(&ChangedIsolation { workload: reference(workload), before: of(before), after: of(after) })
    };
    changes.isolation.iter().try_for_each(entry)?;
    list.end()?;
    out.write_str("\n}\n")
}

fn head(frame: ReachFrame<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let plugin = PluginEntry {
        name: frame.plugin.name.name(),
        assumed: frame.assumed,
        enforces: frame.plugin.enforced.iter().map(|family| family.name().to_string()).collect(),
    };
    write!(out, "{{\n  \"plugin\": {}", line(&plugin))?;
    out.write_str(",\n")
}

/// A list with one item a line.
struct List<'a> {
    out: &'a mut dyn fmt::Write,
    is_empty: bool,
}

impl<'a> List<'a> {
    fn begin(name: &str, out: &'a mut dyn fmt::Write) -> Result<Self, fmt::Error> {
        write!(out, "  \"{name}\": [")?;
        Ok(Self { out, is_empty: true })
    }

    fn item(&mut self, item: &impl Serialize) -> fmt::Result {
        let comma = if std::mem::take(&mut self.is_empty) { "" } else { "," };
        write!(self.out, "{comma}\n    {}", line(item))
    }

    fn end(self) -> fmt::Result {
        self.out.write_str(if self.is_empty { "]" } else { "\n  ]" })
    }
}

/// Maps with string keys, numbers and strings only: there is nothing that could fail.
fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn flow_entry(flow: &Flow) -> FlowEntry<'_> {
    FlowEntry {
        source: peer(&flow.source),
        destination: peer(&flow.destination),
        ports: ports(&flow.ports),
        precision: match flow.precision {
            Precision::Exact => "exact",
            Precision::AtMost => "at-most",
            Precision::AtLeast => "at-least",
            Precision::Unknown => "unknown",
        },
    }
}

fn peer(end: &End) -> Peer<'_> {
    match end {
        End::Workload(workload) => Peer::Workload(reference(workload)),
        End::Addresses(first, last) => Peer::Addresses { first: *first, last: *last },
        End::Entity(Entity::IngressController) => Peer::Entity("ingress-controller"),
    }
}

fn reference(workload: &WorkloadName) -> Reference<'_> {
    Reference { kind: &workload.kind, namespace: &workload.namespace, name: &workload.name }
}

fn ports(ports: &PortSet) -> Vec<PortRange> {
    let range = |(protocol, range): (crate::model::Protocol, std::ops::RangeInclusive<u16>)| PortRange {
        protocol: protocol.name(),
        first: *range.start(),
        last: *range.end(),
    };
    ports.ranges().map(range).collect()
}

fn directions(isolation: &WorkloadIsolation) -> Directions {
    Directions { ingress: isolation.ingress.word(), egress: isolation.egress.word() }
}
