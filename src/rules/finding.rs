//! A breach explained.

pub use crate::model::Place;
use crate::model::{Kind, Name, ObjectKey};

use super::RuleId;

/// A breach explained: message, why, fix, places.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// Who breaks it, as shown.
    pub subject: SubjectReference,
    /// In what respect, as shown; empty when there is only one.
    pub aspect: String,
    /// One line: the subject and the fact, without the rule's name and the fix.
    pub message: String,
    /// Longer text, where there is room: what is nearest, and why it matters.
    pub why: String,
    /// How to mend it.
    pub fix: Fix,
    /// The fields at fault, most telling first.
    pub places: Vec<Place>,
}

/// How a finding is mended.
#[derive(Clone, PartialEq, Debug)]
pub enum Fix {
    /// A shell command.
    Command(String),
    /// Something that must be changed by hand.
    Words(String),
}

impl Fix {
    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Self::Command(text) | Self::Words(text) => text,
        }
    }
}

/// Who breaks a rule, as shown: the top controller where there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SubjectReference {
    /// The kind, which may be one that Ringwall does not read (a custom controller).
    pub kind: Name,
    /// The namespace.
    pub namespace: Option<Name>,
    /// The name.
    pub name: Name,
    /// How many Pods it stands for, where it stands for Pods.
    pub pods: Option<usize>,
}

impl SubjectReference {
    /// The reference to an object itself.
    pub fn of(key: &ObjectKey) -> Self {
        Self { kind: key.kind.name().into(), namespace: key.namespace.clone(), name: key.name.clone(), pods: None }
    }

    /// Whether it is of that kind.
    pub fn is(&self, kind: Kind) -> bool {
        self.kind == kind.name()
    }
}

/// `Deployment shop/web (3 Pods)`.
impl std::fmt::Display for SubjectReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}", self.name)?;
        match self.pods {
            Some(1) if &*self.kind != "Pod" => write!(f, " (1 Pod)"),
            Some(count) if count > 1 => write!(f, " ({count} Pods)"),
            _ => Ok(()),
        }
    }
}

impl Finding {
    /// The one line that webhooks and logs show: `rule: message; fix: command`.
    pub fn line(&self) -> String {
        format!("{}: {}; fix: {}", self.rule, self.message, self.fix.text())
    }
}
