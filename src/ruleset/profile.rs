//! Profiles and modes: the vocabulary of Pod Security Admission.

use std::fmt;

use crate::rules::Level;

/// A set of rules. Ordered from lax to strict.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Profile {
    /// No rule.
    Privileged,
    /// What stops known exposure.
    Baseline,
    /// The hardened best practice.
    Restricted,
}

/// What a finding does. Ordered from mild to strict.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// It is logged, counted and annotated.
    Audit,
    /// The client is told, too.
    Warn,
    /// The request is refused.
    Enforce,
}

/// The profile of each mode, for one namespace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Modes {
    /// What refuses.
    pub enforce: Profile,
    /// What warns.
    pub warn: Profile,
    /// What is audited.
    pub audit: Profile,
}

impl Profile {
    /// All, from lax to strict.
    pub const ALL: [Self; 3] = [Self::Privileged, Self::Baseline, Self::Restricted];

    /// The name in labels and rulesets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// The profile of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Whether rules of that level are in the profile.
    pub fn holds(self, level: Level) -> bool {
        match level {
            Level::Baseline | Level::Hint => self >= Self::Baseline,
            Level::Restricted => self >= Self::Restricted,
            Level::Always => true,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Mode {
    /// All, from mild to strict.
    pub const ALL: [Self; 3] = [Self::Audit, Self::Warn, Self::Enforce];

    /// The name in labels and rulesets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Modes {
    /// The profile of a mode.
    pub fn profile(&self, mode: Mode) -> Profile {
        match mode {
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
            Mode::Enforce => self.enforce,
        }
    }

    /// The stricter of both, mode by mode.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self {
            enforce: self.enforce.max(other.enforce),
            warn: self.warn.max(other.warn),
            audit: self.audit.max(other.audit),
        }
    }
}
