//! Exit codes: the one place that computes them.

use std::process::ExitCode;

use clap::ValueEnum;

use crate::report::Report;
#[cfg(feature = "cluster")]
use crate::report::{Answer, Checkup};

/// Which findings make `check` and `audit` fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(super) enum FailOn {
    /// What enforce mode refuses.
    #[default]
    Refuse,
    /// What warns, too.
    Warn,
}

/// Nothing to complain of.
const FINE: u8 = 0;
/// There are findings.
const FINDINGS: u8 = 1;
/// Something could not be judged, or not be done.
const FAILURE: u8 = 2;

/// 0 for a report without findings that count, 1 with some, 2 when not everything could be judged.
pub(super) fn of(report: &Report, fail_on: FailOn) -> ExitCode {
    let counted = match fail_on {
        FailOn::Refuse => report.summary.refused,
        FailOn::Warn => report.summary.refused + report.summary.warned,
    };
    ExitCode::from(match (report.summary.errors, counted) {
        (0, 0) => FINE,
        (0, _) => FINDINGS,
        _ => FAILURE,
    })
}

/// 0 for a description of what could be read whole, else 2.
pub(super) fn of_reading(is_whole: bool) -> ExitCode {
    ExitCode::from(if is_whole { FINE } else { FAILURE })
}

/// 1 for a check-up with problems; 2 where there is none, and something cannot be said.
#[cfg(feature = "cluster")]
pub(super) fn of_checkup(checkup: &Checkup) -> ExitCode {
    ExitCode::from(match (checkup.count(Answer::Problem), checkup.count(Answer::CannotSay)) {
        (0, 0) => FINE,
        (0, _) => FAILURE,
        _ => FINDINGS,
    })
}

/// The code of a command that found what it is there to find.
pub(super) fn findings() -> ExitCode {
    ExitCode::from(FINDINGS)
}

/// The code of a command that could not do what it was asked for.
pub(super) fn failure() -> ExitCode {
    ExitCode::from(FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Summary;

    #[test]
    fn what_could_not_be_judged_weighs_more_than_findings() {
        let code = |refused, warned, errors, fail_on| {
            let summary = Summary { refused, warned, errors, ..Summary::default() };
            of(&Report { summary, ..Report::default() }, fail_on)
        };
        assert_eq!(code(0, 3, 0, FailOn::Refuse), ExitCode::from(0));
        assert_eq!(code(0, 3, 0, FailOn::Warn), ExitCode::from(1));
        assert_eq!(code(1, 0, 0, FailOn::Refuse), ExitCode::from(1));
        assert_eq!(code(1, 0, 1, FailOn::Refuse), ExitCode::from(2));
    }
}
