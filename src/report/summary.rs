//! How many of what.

use std::fmt;

use serde::Serialize;

use crate::decision::Outcome;

use super::Reported;

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Findings that enforce mode refuses.
    pub refused: usize,
    /// Findings that warn.
    pub warned: usize,
    /// Findings that are only logged.
    pub audited: usize,
    /// Findings let through on purpose.
    pub exempted: usize,
    /// Objects that were judged or looked at.
    pub objects: usize,
    /// Objects of kinds that Ringwall does not read.
    pub skipped: usize,
    /// What could not be judged.
    pub errors: usize,
}

impl Summary {
    /// Counts findings by outcome.
    pub(super) fn count(&mut self, findings: &[Reported]) {
        for reported in findings {
            let counter = match reported.outcome {
                Outcome::Refuse => &mut self.refused,
                Outcome::Warn(_) => &mut self.warned,
                Outcome::Audit(_) => &mut self.audited,
                Outcome::Exempt(_) => &mut self.exempted,
            };
            *counter += 1;
        }
    }
}

/// `2 refused, 1 warned, 1 exempted in 14 objects`; `nothing found in 14 objects`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.refused, "refused"),
            (self.warned, "warned"),
            (self.audited, "audited"),
            (self.exempted, "exempted"),
            (self.errors, if self.errors == 1 { "error" } else { "errors" }),
        ];
        let said: Vec<_> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(n, word)| format!("{n} {word}")).collect();
        let said = if said.is_empty() { "nothing found".to_owned() } else { said.join(", ") };
        write!(f, "{said} in {} object{}", self.objects, if self.objects == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_only_what_there_is() {
        let summary = Summary { refused: 2, warned: 1, exempted: 1, objects: 14, ..Summary::default() };
        assert_eq!(summary.to_string(), "2 refused, 1 warned, 1 exempted in 14 objects");
        assert_eq!(Summary { objects: 1, ..Summary::default() }.to_string(), "nothing found in 1 object");
    }
}
