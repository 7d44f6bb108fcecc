//! The labels of metrics. Each has a bounded set of values.

use prometheus_client::encoding::EncodeLabelSet;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct RequestLabels {
    pub(super) kind: &'static str,
    pub(super) operation: &'static str,
    pub(super) decision: &'static str,
    pub(super) dry_run: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct KindLabels {
    pub(super) kind: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct ReasonLabels {
    pub(super) reason: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct FindingLabels {
    pub(super) rule: &'static str,
    pub(super) outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct ReadLabels {
    pub(super) kind: &'static str,
    pub(super) result: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct ChangeLabels {
    pub(super) to: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct RuleLabels {
    pub(super) rule: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct WatchLabels {
    pub(super) kind: &'static str,
    pub(super) state: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct ResultLabels {
    pub(super) result: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct RulesetLabels {
    pub(super) source: &'static str,
    pub(super) fingerprint: String,
}

/// Where the ruleset in force comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RulesetSource {
    /// Nobody has said anything.
    BuiltIn,
    /// `--ruleset FILE`.
    File,
    /// The cluster's `Ruleset`.
    Cluster,
}

impl RulesetSource {
    /// The name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::File => "file",
            Self::Cluster => "cluster",
        }
    }
}

/// The labels of what stands alone. A family of it has no series before the first value: a time of 0 would be taken for one.
pub(super) type NoLabels = [(&'static str, &'static str); 0];

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(super) struct StepLabels {
    pub(super) step: &'static str,
}
