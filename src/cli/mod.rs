//! The command line: one file per subcommand.
//!
//! **Invariants.** Nothing uses `cli`. Exit codes are computed in `exit` and leave through [`run`]: 0 for what was asked for,
//! 1 for findings, 2 for what could not be done.

#[cfg(feature = "cluster")]
mod audit;
mod check;
mod completions;
mod controllers;
#[cfg(feature = "cluster")]
mod crd;
#[cfg(feature = "cluster")]
mod doctor;
mod exit;
mod fix;
mod inputs;
#[cfg(feature = "cluster")]
mod live;
mod manifests;
mod output;
mod plugin;
mod plugins;
mod reach;
mod rules;
pub(crate) mod ruleset;
#[cfg(feature = "cluster")]
mod serve;
mod trace;

use std::{ffi::OsStr, io::Write, path::Path, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Keeps the workloads of a Kubernetes cluster isolated and encrypted: as an admission webhook, on manifests, and over a
/// running cluster.
#[derive(Parser)]
#[command(name = "ringwall", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, and it is made once")]
enum Command {
    #[cfg(feature = "cluster")]
    Serve(serve::Serve),
    Check(check::Check),
    #[cfg(feature = "cluster")]
    Audit(audit::Audit),
    #[cfg(feature = "cluster")]
    Doctor(doctor::Doctor),
    Reach(reach::ReachArguments),
    Trace(trace::Trace),
    Fix(fix::Fix),
    Rules(rules::Rules),
    #[cfg(feature = "cluster")]
    Crd(crd::Crd),
    #[command(hide = true)]
    Plugins(plugins::Plugins),
    #[command(hide = true)]
    Controllers(controllers::Controllers),
    Completions(completions::Completions),
}

/// Parses the command line, does what it says, and returns the exit code.
pub fn run() -> ExitCode {
    let result = match parse().command {
        #[cfg(feature = "cluster")]
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        #[cfg(feature = "cluster")]
        Command::Audit(audit) => audit.run(),
        #[cfg(feature = "cluster")]
        Command::Doctor(doctor) => doctor.run(),
        Command::Reach(reach) => reach.run(),
        Command::Trace(trace) => trace.run(),
        Command::Fix(fix) => fix.run(),
        Command::Rules(rules) => rules.run(),
        #[cfg(feature = "cluster")]
        Command::Crd(crd) => crd.run(),
        Command::Plugins(plugins) => plugins.run(),
        Command::Controllers(controllers) => controllers.run(),
        Command::Completions(completions) => completions.run(),
    };
    result.unwrap_or_else(|error| {
        // When standard error is closed there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        exit::failure()
    })
}

/// The command line, spoken of by the name under which it was called.
fn parse() -> Arguments {
    let mut command = Arguments::command();
    let called = std::env::args_os().next();
    if is_plugin(called.as_deref()) {
        command = command.bin_name("kubectl ringwall");
    }
    Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// Whether kubectl called: it finds its plugins by the names of their files.
fn is_plugin(called: Option<&OsStr>) -> bool {
    called.and_then(|path| Path::new(path).file_stem()).is_some_and(|name| name == "kubectl-ringwall")
}
