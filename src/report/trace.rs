//! Traces for people and for programs. What both need is here: what a hop says in one line, and where it is written.

#[path = "trace_json.rs"]
mod json;
#[path = "trace_policy.rs"]
mod policy;
#[path = "trace_text.rs"]
mod text;

use crate::{
    model::{FieldPath, ObjectKey, Protocol, TargetPort},
    network::{Action, Direction, RuleFit},
    source::{Locate, Location},
    trace::{Change, End, Ground, Hop, NameStep, Naming, Path, Place, PortName, RuleTold, Side, Trace, Verdict},
};

/// How a trace is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraceFormat {
    /// For people.
    Text,
    /// As `docs/trace.schema.json` says.
    Json,
}

/// A trace in that format, with a line break at the end.
pub fn trace(trace: &Trace, locate: Option<&dyn Locate>, format: TraceFormat) -> String {
    match format {
        TraceFormat::Text => text::render(trace, locate),
        TraceFormat::Json => json::render(trace, locate),
    }
}

/// Where a place is in the text.
fn located(locate: Option<&dyn Locate>, place: &Place) -> Option<Location> {
    locate?.locate(&place.object, &place.path)
}

/// An end, as people call it.
fn end(end: &End) -> String {
    match end {
        End::Workload { name, pod: Some(pod), .. } if *name.kind == *"Pod" && name.name == *pod => name.to_string(),
        End::Workload { name, pods, .. } if *pods > 1 => format!("{name} ({pods} Pods)"),
        End::Workload { name, .. } => name.to_string(),
        End::Address(address) => address.to_string(),
        End::IngressController => "the ingress controller".to_owned(),
        End::Service(key) => key.to_string(),
    }
}

/// `TCP 5432`.
fn port(path: &Path) -> Option<String> {
    path.port.map(|(protocol, port)| format!("{protocol} {port}"))
}

/// What a step from a name to a port says.
fn step(step: &NameStep) -> String {
    match &step.what {
        Naming::AddressOf(address, object) => format!("{address} is the address of {object}"),
        Naming::ControllerIn(namespace) => {
            format!("the ingress controller runs in namespace {namespace}, as the ruleset says")
        }
        Naming::Itself(pod) => format!("{pod} is both ends, and a Pod always reaches itself"),
        Naming::ServicePort { service, port, name, protocol, target } => {
            let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
            let target = match target {
                TargetPort::Number(number) => format!("port {number} of the Pods that it selects"),
                TargetPort::Named(name) => format!("the port named {name} of the Pods that it selects"),
            };
            format!("{service}, {protocol} {port}{name}, is {target}")
        }
        Naming::Headless(service) => {
            format!("{service} is headless: its name stands for the addresses of its Pods, and no port is translated")
        }
        Naming::NoSuchPort { service, wanted: (wanted, protocol), has } => {
            let port = match wanted {
                PortName::Number(number) => format!("{} {number}", protocol.unwrap_or(Protocol::Tcp)),
                PortName::Named(name) => format!("port named {name}"),
            };
            let has: Vec<String> = has
                .iter()
                .map(|(protocol, port, name)| match name.as_str() {
                    "" => format!("{protocol} {port}"),
                    name => format!("{protocol} {port} ({name})"),
                })
                .collect();
            let has = if has.is_empty() { "no port".to_owned() } else { has.join(", ") };
            format!("{service} has no {port}; it has {has}")
        }
        Naming::SelectsNobody(service, labels) => format!("{service} selects {labels}, and no Pod has that"),
        Naming::ByHand(service) => {
            format!("{service} has no selector: its endpoints are made by hand; trace to the address of one")
        }
        Naming::External(service) => {
            format!("{service} is of type ExternalName, another name for a host outside of the cluster")
        }
        Naming::PodPort { name, port, protocol } => format!("the port named {name} is {protocol} {port} of the Pod"),
        Naming::Undeclared { name, protocol, has } => {
            let protocol = protocol.map(|protocol| format!("{protocol} ")).unwrap_or_default();
            let has: Vec<&str> = has.iter().map(|name| &**name).collect();
            let has = if has.is_empty() { "none".to_owned() } else { has.join(", ") };
            format!("no container declares a {protocol}port named {name}; there is {has}")
        }
    }
}

/// What decides a side.
fn ground(side: &Side) -> String {
    let direction = side.direction;
    match &side.ground {
        Ground::Ungoverned => "no policy governs this end".to_owned(),
        Ground::OnNode => "the Pod is on its node's network, which policies do not govern".to_owned(),
        Ground::NotEnforced => "the network plugin enforces no policies".to_owned(),
        Ground::Unselected => format!("no policy isolates it for {direction}: everything is allowed by default"),
        Ground::IsolatedByPlugin => "no policy selects it, and the network plugin isolates everybody".to_owned(),
        Ground::Accepted(place) => format!("{} of {} lets it pass", rule_name(&place.path), place.object),
        Ground::Denied(place) => format!("{} of {} denies it", rule_name(&place.path), place.object),
        Ground::Isolated(policies) => {
            let verb = if policies.len() == 1 { "isolates" } else { "isolate" };
            format!("{} {verb} it for {direction}, and no rule matches", objects(policies))
        }
        Ground::Undecided => "no policy decides, and what is undecided is allowed".to_owned(),
        Ground::NodeTraffic => {
            "no rule matches, but the source is on its node's network, and traffic from a Pod's own node always passes"
                .to_owned()
        }
        Ground::Uncertain(reasons) => {
            let mut told: Vec<String> = Vec::new();
            for (place, reason) in reasons {
                let text = format!("{} of {} may match: {reason}", rule_name(&place.path), place.object);
                if !told.contains(&text) {
                    told.push(text);
                }
            }
            if told.is_empty() { "it depends on what cannot be known".to_owned() } else { told.join("; ") }
        }
        Ground::Unseen(blind) => format!("not all policies have been seen: {blind}"),
    }
}

fn objects(keys: &[ObjectKey]) -> String {
    const SHOWN: usize = 3;
    let mut names: Vec<String> = keys.iter().map(ToString::to_string).collect();
    names.dedup();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

/// `ingress rule 2`, for `spec.ingress[1].from[0]`; `it` where the path names no rule.
fn rule_name(path: &FieldPath) -> String {
    let text = path.as_str();
    let found = text.match_indices('[').find_map(|(at, _)| {
        let (section, rest) = (text.get(..at)?, text.get(at + 1..)?);
        let index: usize = rest.split(']').next()?.parse().ok()?;
        let section = section.rsplit('.').next()?;
        // `specs[0].ingress[1]`: the rules are what is meant.
        (section != "specs").then(|| (section.to_owned(), index + 1))
    });
    match found {
        Some((section, number)) => format!("{section} rule {number}"),
        None => "the subject".to_owned(),
    }
}

/// What a rule says of the packet.
fn rule(told: &RuleTold) -> String {
    match &told.fit {
        RuleFit::Matches(_) => match told.action {
            Action::Accept => "matches: accepts".to_owned(),
            Action::Deny => "matches: denies".to_owned(),
            Action::Pass => "matches: passes it to the next tier".to_owned(),
        },
        RuleFit::MayMatch(_, why) => format!("may match: {why}"),
        RuleFit::Fails(failure) => match failure.others {
            0 => failure.why.to_string(),
            1 => format!("{} (nor does its other peer match)", failure.why),
            others => format!("{} (nor do its {others} other peers match)", failure.why),
        },
    }
}

/// What to change, in words; of a policy to add, only that.
fn change(change: &Change) -> String {
    match change {
        Change::Add(added) => format!("add the NetworkPolicy {}/{}", added.namespace, added.name),
        Change::Rule(place) => {
            format!("change {} of {}: no NetworkPolicy can allow what it denies", rule_name(&place.path), place.object)
        }
        Change::Policies(policies) => {
            format!("add a rule that allows it to {}: no NetworkPolicy would", objects(policies))
        }
        Change::Plugin => "the network plugin isolates everybody: allow it with a policy of its own kind".to_owned(),
        Change::ByHand(Direction::Ingress) => {
            "add an ingress rule that means the source: which Pods or addresses it has cannot be told from here"
                .to_owned()
        }
        Change::ByHand(Direction::Egress) => {
            "add an egress rule that means the destination: which addresses it has cannot be told from here".to_owned()
        }
    }
}

/// The whole in one line: the verdict, and the hop that stops the packet.
fn conclusion(trace: &Trace) -> String {
    let verdict = trace.verdict.name();
    let depends = trace.paths.iter().any(|path| path.verdict != trace.verdict);
    if trace.verdict == Verdict::MayBeAllowed && depends {
        return format!("{verdict}: it depends on which of the Pods are at the ends");
    }
    let [path] = trace.paths.as_slice() else { return verdict.to_owned() };
    let stops = path.hops.iter().filter(|hop| hop.verdict() == trace.verdict);
    let stops: Vec<String> = stops
        .map(|hop| match hop {
            Hop::Protected(stretch) => stretch.protection.text(),
            Hop::Name(_) => "the name comes to no port of a Pod".to_owned(),
            Hop::Side(side) => match &side.workload {
                Some(workload) => format!("the {} of {workload}", side.direction),
                None => format!("the {}", side.direction),
            },
        })
        .collect();
    match trace.verdict {
        Verdict::Denied => {
            format!("{verdict} by {}", stops.join(" and by ")).replace("by the name", "because the name")
        }
        _ => verdict.to_owned(),
    }
}
