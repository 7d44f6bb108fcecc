//! What the facts mean: one file per matter, each a function from facts to checks.
//!
//! **Invariant.** Nothing here reads anything: no cluster, no file, no clock.

mod certificate;
mod configuration;
mod others;
mod profiles;
mod reachable;
mod replicas;
mod rights;
mod settings;
#[cfg(test)]
mod world;

use crate::{
    cluster::Fault,
    report::{Check, Checkup},
};

use super::facts::Facts;

/// Everything, in the order in which it is to be read: what is wrong above explains what is wrong below.
pub(super) fn checkup(facts: &Facts) -> Checkup {
    let matters: [fn(&Facts) -> Vec<Check>; 8] = [
        configuration::checks,
        reachable::checks,
        certificate::checks,
        rights::checks,
        replicas::checks,
        settings::checks,
        others::checks,
        profiles::checks,
    ];
    Checkup { checks: matters.iter().flat_map(|judge| judge(facts)).collect() }
}

/// A check that a read would have settled.
fn unread(check: &'static str, what: &str, fault: &Fault, settles: &str) -> Check {
    Check::cannot_say(check, format!("{what} cannot be read: {fault}")).fix(settles.to_owned())
}

/// The command that brings the release up to the chart, and keeps what was set; with further settings, such as ` --set a=b`.
fn upgrade(facts: &Facts, settings: &str) -> String {
    let namespace = &facts.names.namespace;
    format!("helm upgrade ringwall charts/ringwall -n {namespace} --reset-then-reuse-values{settings}")
}

/// The command that installs what is missing.
fn install(facts: &Facts) -> String {
    format!("helm upgrade --install ringwall charts/ringwall -n {}", facts.names.namespace)
}

/// The command that shows the replicas' logs.
fn logs(facts: &Facts) -> String {
    format!("kubectl logs -n {} -l app.kubernetes.io/name=ringwall", facts.names.namespace)
}

/// `a, b and 3 more`: a line stays a line.
fn some<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let count = names.len();
    let shown: Vec<&str> = names.take(SHOWN).collect();
    let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
