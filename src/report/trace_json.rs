//! A trace as JSON, as `docs/trace.schema.json` describes it.

use serde::Serialize;

use crate::{
    model::ObjectKey,
    network::{Action, RuleFit},
    source::Locate,
    trace::{Change, End, Hop, Path, Place, PolicyTold, RuleTold, Side, TierOutcome, TierTold, Trace, Verdict},
};

use super::{change, ground, located, policy, rule, step};

#[derive(Serialize)]
struct Document {
    verdict: &'static str,
    paths: Vec<Way>,
    hops: Vec<Step>,
    more: usize,
}

#[derive(Serialize)]
struct Way {
    source: Peer,
    destination: Peer,
    protocol: Option<&'static str>,
    port: Option<u16>,
    verdict: &'static str,
    changes: Vec<Mend>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Peer {
    Workload { kind: String, namespace: String, name: String, pod: Option<String>, pods: usize },
    Addresses { first: String, last: String },
    Entity(&'static str),
    Service { namespace: Option<String>, name: String },
}

#[derive(Serialize)]
struct Mend {
    message: String,
    manifest: Option<String>,
    place: Option<Spot>,
}

#[derive(Serialize)]
struct Step {
    path: usize,
    hop: &'static str,
    verdict: &'static str,
    message: String,
    place: Option<Spot>,
    tiers: Vec<Tier>,
    unenforced: Vec<Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<&'static str>,
}

#[derive(Serialize)]
struct Tier {
    name: String,
    outcome: &'static str,
    policies: Vec<Policy>,
}

#[derive(Serialize)]
struct Policy {
    object: Key,
    partial: Option<String>,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    #[serde(rename = "rule")]
    number: usize,
    action: &'static str,
    fit: &'static str,
    message: String,
    place: Spot,
}

#[derive(Serialize)]
struct Key {
    kind: String,
    namespace: Option<String>,
    name: String,
}

#[derive(Serialize)]
struct Spot {
    object: Key,
    field: String,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
}

pub(super) fn render(trace: &Trace, locate: Option<&dyn Locate>) -> String {
    let hops = trace.paths.iter().enumerate().flat_map(|(index, path)| path.hops.iter().map(move |hop| (index, hop)));
    let document = Document {
        verdict: name(trace.verdict),
        paths: trace.paths.iter().map(|path| way(path, locate)).collect(),
        hops: hops.map(|(index, each)| hop(index, each, locate)).collect(),
        more: trace.more,
    };
    super::super::json::pretty(&document)
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::MayBeAllowed => "may-be-allowed",
        other => other.name(),
    }
}

fn way(path: &Path, locate: Option<&dyn Locate>) -> Way {
    Way {
        source: peer(&path.source),
        destination: peer(&path.destination),
        protocol: path.port.map(|(protocol, _)| protocol.name()),
        port: path.port.map(|(_, port)| port),
        verdict: name(path.verdict),
        changes: path.changes.iter().map(|change| mend(change, locate)).collect(),
    }
}

fn peer(which: &End) -> Peer {
    match which {
        End::Workload { name, pod, pods } => Peer::Workload {
            kind: name.kind.to_string(),
            namespace: name.namespace.to_string(),
            name: name.name.to_string(),
            pod: pod.as_ref().map(ToString::to_string),
            pods: *pods,
        },
        End::Address(address) => Peer::Addresses { first: address.to_string(), last: address.to_string() },
        End::IngressController => Peer::Entity("ingress-controller"),
        End::Service(key) => {
            Peer::Service { namespace: key.namespace.as_ref().map(ToString::to_string), name: key.name.to_string() }
        }
    }
}

fn mend(which: &Change, locate: Option<&dyn Locate>) -> Mend {
    let (manifest, place) = match which {
        Change::Add(added) => (Some(policy::yaml(added)), None),
        Change::Rule(place) => (None, Some(spot(place, locate))),
        Change::Policies(_) | Change::Plugin | Change::ByHand(_) => (None, None),
    };
    Mend { message: change(which), manifest, place }
}

fn hop(path: usize, hop: &Hop, locate: Option<&dyn Locate>) -> Step {
    match hop {
        Hop::Name(naming) => Step {
            path,
            hop: "name",
            verdict: name(naming.verdict()),
            message: step(naming),
            place: naming.at.as_ref().map(|place| spot(place, locate)),
            tiers: Vec::new(),
            unenforced: Vec::new(),
            protection: None,
        },
        Hop::Protected(stretch) => Step {
            path,
            hop: "protection",
            verdict: name(hop.verdict()),
            message: format!("{}: {}", stretch.stretch, stretch.protection.text()),
            place: stretch.at.as_ref().map(|place| spot(place, locate)),
            tiers: Vec::new(),
            unenforced: Vec::new(),
            protection: Some(stretch.protection.name()),
        },
        Hop::Side(side) => of_side(path, side, locate),
    }
}

fn of_side(path: usize, side: &Side, locate: Option<&dyn Locate>) -> Step {
    Step {
        path,
        hop: side.direction.name(),
        verdict: name(side.verdict),
        message: ground(side),
        place: side.ground.places().first().map(|place| spot(place, locate)),
        tiers: side.tiers.iter().map(|tier| of_tier(tier, locate)).collect(),
        unenforced: side.unenforced.iter().map(key).collect(),
        protection: None,
    }
}

fn of_tier(tier: &TierTold, locate: Option<&dyn Locate>) -> Tier {
    let outcome = match tier.outcome {
        TierOutcome::Accepts => "accepts",
        TierOutcome::Denies => "denies",
        TierOutcome::Isolates => "isolates",
        TierOutcome::Passes => "passes",
        TierOutcome::Silent => "silent",
        TierOutcome::NotAsked => "not-asked",
        TierOutcome::Uncertain => "uncertain",
    };
    let policies = tier.policies.iter().map(|policy| of_policy(policy, locate)).collect();
    Tier { name: tier.name.to_string(), outcome, policies }
}

fn of_policy(policy: &PolicyTold, locate: Option<&dyn Locate>) -> Policy {
    let rules = policy.rules.iter().enumerate().map(|(index, told)| of_rule(&policy.source, index, told, locate));
    Policy {
        object: key(&policy.source),
        partial: policy.partial.as_ref().map(ToString::to_string),
        rules: rules.collect(),
    }
}

fn of_rule(object: &ObjectKey, index: usize, told: &RuleTold, locate: Option<&dyn Locate>) -> Rule {
    let path = match &told.fit {
        RuleFit::Matches(at) | RuleFit::MayMatch(at, _) => at,
        RuleFit::Fails(failure) => &failure.at,
    };
    let place = Place { object: object.clone(), path: path.clone() };
    Rule {
        number: index + 1,
        action: match told.action {
            Action::Accept => "accept",
            Action::Deny => "deny",
            Action::Pass => "pass",
        },
        fit: match told.fit {
            RuleFit::Matches(_) => "yes",
            RuleFit::MayMatch(..) => "maybe",
            RuleFit::Fails(_) => "no",
        },
        message: rule(told),
        place: spot(&place, locate),
    }
}

fn key(key: &ObjectKey) -> Key {
    Key {
        kind: key.kind.name().to_owned(),
        namespace: key.namespace.as_ref().map(ToString::to_string),
        name: key.name.to_string(),
    }
}

fn spot(place: &Place, locate: Option<&dyn Locate>) -> Spot {
    let at = located(locate, place);
    Spot {
        object: key(&place.object),
        field: place.path.to_string(),
        file: at.as_ref().map(|at| at.file.to_string()),
        line: at.as_ref().map(|at| at.line),
        column: at.as_ref().map(|at| at.column),
    }
}
