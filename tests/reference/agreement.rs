//! What `trace` says of one packet and what `reach` says of everybody are the same: for every pair of workloads, and on every port next
//! to one that the manifests name, of every example that there is.

use std::{collections::BTreeSet, fs, path::Path};

use jiff::Timestamp;
use ringwall::{
    manifest::{self, Options},
    model::{Name, Protocol},
    network::{
        Controllers, Plugin, PluginName,
        reach::{End, Filter, Flow, Precision, Reach, WorkloadName},
    },
    rules,
    snapshot::Snapshot,
    source::Source,
    trace::{KindName, Named, PortName, Question, Target, Verdict, Who, trace},
};

/// Manifests, as they are written.
struct Example {
    name: String,
    sources: Vec<(String, String)>,
}

impl Example {
    fn of_text(name: impl Into<String>, text: &str) -> Self {
        Self { name: name.into(), sources: vec![("example.yaml".to_owned(), text.to_owned())] }
    }

    /// The manifests of a folder.
    fn of_folder(folder: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let sources = yaml_files(&path).into_iter().map(|file| read(&file)).collect();
        Self { name: folder.to_owned(), sources }
    }

    fn snapshot(&self) -> Snapshot {
        let sources: Vec<Source> =
            self.sources.iter().map(|(name, text)| Source::new(name.as_str(), text.as_str())).collect();
        manifest::load(sources, &Options::default()).snapshot
    }

    /// The ports next to every number that is written down, which a rule or a container may mean.
    fn ports(&self) -> BTreeSet<u16> {
        let digits = |text: &str| -> Vec<u16> {
            text.split(|sign: char| !sign.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
        };
        let written = self.sources.iter().flat_map(|(_, text)| digits(text)).filter(|number| *number > 20);
        written
            .flat_map(|port| [port.saturating_sub(1), port, port.saturating_add(1)])
            .chain([1, 15_008, u16::MAX])
            .collect()
    }
}

fn yaml_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "yaml"));
    files.sort();
    files
}

fn read(file: &Path) -> (String, String) {
    (file.to_string_lossy().into_owned(), fs::read_to_string(file).unwrap())
}

/// The verdict on one packet.
fn traced(
    snapshot: &Snapshot,
    plugin: &Plugin,
    from: &WorkloadName,
    to: &WorkloadName,
    at: (Protocol, u16),
) -> Verdict {
    let named = |workload: &WorkloadName| {
        let kind = Some(KindName::Other(workload.kind.clone()));
        Who::Named(Named { kind, namespace: Some(workload.namespace.clone()), name: workload.name.clone() })
    };
    let target = Target { who: named(to), port: PortName::Number(at.1), protocol: Some(at.0) };
    let (source, namespace) = (named(from), Name::from("default"));
    let question = Question {
        source: &source,
        target: &target,
        namespace: &namespace,
        controllers: &Controllers::default(),
        surroundings: None,
        now: Timestamp::UNIX_EPOCH,
    };
    trace(snapshot, plugin, question).expect("both ends are there").verdict
}

/// The verdict that the flows between two workloads come to.
fn listed(flows: &[&Flow], (protocol, port): (Protocol, u16)) -> Verdict {
    let has = |precision: Precision| {
        flows.iter().any(|flow| flow.precision == precision && flow.ports.contains(protocol, port))
    };
    Verdict::of(has(Precision::Exact), has(Precision::AtMost))
}

/// Holds the two against each other; how many flows that were.
fn agrees(example: &Example) -> usize {
    let (snapshot, ports) = (example.snapshot(), example.ports());
    let mut compared = 0;
    for plugin in [PluginName::Reference, PluginName::Calico, PluginName::Cilium, PluginName::None].map(Plugin::of) {
        let reach = Reach::new(&snapshot, &plugin, Timestamp::UNIX_EPOCH);
        let workloads: Vec<WorkloadName> = reach.isolation().into_iter().map(|it| it.workload).collect();
        let mut flows = Vec::new();
        reach.flows(&Filter::default(), &mut |flow| flows.push(flow));
        for source in &workloads {
            for destination in workloads.iter().filter(|destination| *destination != source) {
                let (from, to) = (End::Workload(source.clone()), End::Workload(destination.clone()));
                let between: Vec<&Flow> =
                    flows.iter().filter(|flow| flow.source == from && flow.destination == to).collect();
                for at in ports.iter().flat_map(|port| Protocol::ALL.map(|protocol| (protocol, *port))) {
                    let found = traced(&snapshot, &plugin, source, destination, at);
                    assert_eq!(found, listed(&between, at), "{}: {source} to {destination}: {at:?}", example.name);
                    compared += 1;
                }
            }
        }
    }
    compared
}

#[test]
fn trace_and_reach_agree_on_the_examples_of_the_catalogue() {
    // Most of these are about one workload: a neighbour in the same namespace and one in another ask of and are asked by it.
    let neighbours = ["shop", "elsewhere"].map(|namespace| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: neighbour, namespace: {namespace}, labels: {{app: front}}}}\n\
             spec: {{containers: [{{name: c, image: 'example.com/c:1', ports: [{{name: http, containerPort: 8080}}]}}]}}\n"
        )
    });
    let mut compared = 0;
    for info in rules::all().map(rules::Rule::info) {
        for (which, text) in
            [("breaks", info.breaks), ("keeps", info.keeps)].into_iter().filter(|(_, text)| !text.is_empty())
        {
            let text = format!("{text}{}", neighbours.concat());
            compared += agrees(&Example::of_text(format!("{} {which}", info.id.0), &text));
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn trace_and_reach_agree_on_the_examples_that_are_shipped() {
    assert!(agrees(&Example::of_folder("examples/shop")) > 100);
    for file in yaml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")) {
        agrees(&Example { name: file.to_string_lossy().into_owned(), sources: vec![read(&file)] });
    }
}

#[test]
fn trace_and_reach_agree_on_the_manifests_of_the_tests() {
    for folder in ["tests/cli/cases/trace", "tests/cli/cases/good", "tests/cli/cases/bad"] {
        agrees(&Example::of_folder(folder));
    }
}
