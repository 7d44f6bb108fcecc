//! Which mode a rule has in a namespace.

use crate::{
    model::Labels,
    rules::{Level, RuleId, RuleInfo},
};

use super::{Mode, Modes, Profile, Ruleset};

impl Mode {
    /// The namespace label that chooses the profile of this mode.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Audit => "ringwall.dev/audit",
            Self::Warn => "ringwall.dev/warn",
            Self::Enforce => "ringwall.dev/enforce",
        }
    }
}

impl Ruleset {
    /// The profiles of a namespace with these labels. A value that is no profile counts as the strictest one, as in Pod Security
    /// Admission (a typing error must not switch a rule off), and enforce is never below the floor.
    pub fn modes_of(&self, labels: &Labels) -> Modes {
        let chosen = |mode: Mode| match labels.value(mode.label()) {
            None => self.defaults.profile(mode),
            Some(value) => Profile::of(value).unwrap_or(Profile::Restricted),
        };
        Modes { enforce: chosen(Mode::Enforce).max(self.floor), warn: chosen(Mode::Warn), audit: chosen(Mode::Audit) }
    }

    /// The strictest mode that a rule has under these profiles; `None` when it is in none of them.
    ///
    /// A mode that the ruleset sets for the rule replaces what the profiles say, wherever the rule is in one of them; raised to
    /// enforce it refuses wherever anything is enforced, but never in a namespace whose enforced profile is privileged.
    pub fn mode(&self, rule: &RuleInfo, modes: Modes) -> Option<Mode> {
        self.mode_at(rule.id, rule.level, modes)
    }

    /// As [`Self::mode`], for a breach of the rule that counts on another level than the rule as a whole.
    pub fn mode_at(&self, rule: RuleId, level: Level, modes: Modes) -> Option<Mode> {
        if level == Level::Always {
            return Some(Mode::Enforce);
        }
        let by_profile = Mode::ALL.into_iter().rev().find(|mode| modes.profile(*mode).holds(level))?;
        let hinted = if level == Level::Hint { by_profile.min(Mode::Warn) } else { by_profile };
        match self.modes.get(&rule) {
            None => Some(hinted),
            Some(Mode::Enforce) if modes.enforce == Profile::Privileged => Some(by_profile.min(Mode::Warn)),
            Some(set) => Some(*set),
        }
    }
}
