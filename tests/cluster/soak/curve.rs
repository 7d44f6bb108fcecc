//! What a process takes, over time.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::time::Duration;

/// One look at one process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    at: Duration,
    /// Resident memory in KiB.
    memory: u64,
    descriptors: u64,
    threads: u64,
    tasks: u64,
}

/// What a process may take more at the end than when it was warm.
const MORE_MEMORY: u64 = 8 << 10;
const MORE_DESCRIPTORS: u64 = 16;
const MORE_THREADS: u64 = 4;
const MORE_TASKS: u64 = 16;

/// The samples of each process.
#[derive(Default)]
pub(super) struct Curve(BTreeMap<String, Vec<Sample>>);

impl Sample {
    pub(super) const HEAD: &str = "Pod: second, resident MiB, descriptors, threads, tasks";

    pub(super) fn take(at: Duration, process: u32, metrics: &str) -> Self {
        let folder = format!("/proc/{process}");
        let status = fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
        let line = |name: &str| {
            let rest = status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
            rest.and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        let descriptors = fs::read_dir(format!("{folder}/fd")).map_or(0, Iterator::count) as u64;
        let tasks = metrics.lines().find_map(|line| line.strip_prefix("ringwall_tasks ")?.parse().ok());
        Self { at, memory: line("VmRSS:"), descriptors, threads: line("Threads:"), tasks: tasks.unwrap_or_default() }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, memory, descriptors, threads, tasks } = self;
        let whole = memory / 1024;
        let tenth = memory % 1024 * 10 / 1024;
        write!(formatter, "{:5} s {whole:5}.{tenth} MiB {descriptors:5} {threads:4} {tasks:5}", at.as_secs())
    }
}

impl Curve {
    pub(super) fn add(&mut self, pod: &str, sample: Sample) {
        self.0.entry(pod.to_owned()).or_default().push(sample);
    }

    /// Asserts that the last quarter looks as the second one did: the first is for warming up.
    #[track_caller]
    pub(super) fn assert_flat(&self) {
        assert!(!self.0.is_empty(), "nothing was measured");
        for (pod, samples) in &self.0 {
            let quarter = samples.len() / 4;
            assert!(quarter > 1, "{} samples of {pod} are too few", samples.len());
            let (warm, late) = (&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]);
            let grown = |what: &str, read: fn(&Sample) -> u64, more: u64| {
                let (before, after) = (median(warm, read), median(late, read));
                println!("{pod}: {what}: {before} when warm, {after} at the end");
                assert!(before > 0 && after > 0, "{pod}: {what} could not be read");
                assert!(after <= before + more, "{pod}: {what} grew from {before} to {after}");
            };
            grown("KiB", |sample| sample.memory, MORE_MEMORY);
            grown("descriptors", |sample| sample.descriptors, MORE_DESCRIPTORS);
            grown("threads", |sample| sample.threads, MORE_THREADS);
            grown("tasks", |sample| sample.tasks, MORE_TASKS);
        }
    }
}

fn median(samples: &[Sample], read: fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<_> = samples.iter().map(read).collect();
    values.sort_unstable();
    values[values.len() / 2]
}
