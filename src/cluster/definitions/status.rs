//! The status that Ringwall writes: conditions, as Kubernetes' API conventions have them.

#![allow(clippy::doc_markdown, reason = "what is written here is shown by kubectl explain")]

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What Ringwall says of it. Written by Ringwall alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SettingsStatus {
    /// The generation of the specification that this speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_generation: Option<i64>,
    /// What holds now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_owned()]))]
    conditions: Option<Vec<Condition>>,
}

/// One thing that holds, or does not.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Condition {
    /// What: InForce of a Ruleset, Active and Used of an Exemption.
    #[serde(rename = "type")]
    name: String,
    /// True, False or Unknown.
    status: ConditionStatus,
    /// The generation of the specification that this speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_generation: Option<i64>,
    /// Since when it is so.
    #[schemars(extend("format" = "date-time"))]
    last_transition_time: String,
    /// Why, in one word.
    reason: String,
    /// Why, for people.
    message: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, schemars::JsonSchema)]
enum ConditionStatus {
    True,
    False,
    Unknown,
}
