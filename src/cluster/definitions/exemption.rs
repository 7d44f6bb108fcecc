//! `Exemption`: findings let through on purpose. Cluster-scoped, so that editors of a namespace cannot write it.

#![allow(clippy::duplicated_attributes, reason = "every printed column has a type")]
#![allow(clippy::doc_markdown, reason = "what is written here is shown by kubectl explain")]

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::status::SettingsStatus;

/// What is let through, where, why, who answers for it, and until when.
#[derive(Clone, Debug, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "ringwall.dev",
    version = "v1alpha1",
    kind = "Exemption",
    plural = "exemptions",
    shortname = "rwe",
    category = "ringwall",
    status = "SettingsStatus",
    doc = "Findings that Ringwall lets through on purpose. They are still counted, reported and logged, as exempted.",
    printcolumn(
        name = "Namespaces",
        type_ = "string",
        json_path = ".spec.match.namespaces",
        description = "Where; empty for everywhere."
    ),
    printcolumn(
        name = "Rules",
        type_ = "string",
        json_path = ".spec.rules",
        description = "The rules it exempts from."
    ),
    printcolumn(name = "Owner", type_ = "string", json_path = ".spec.owner", description = "Who answers for it."),
    printcolumn(
        name = "Expires",
        type_ = "string",
        json_path = ".spec.expires",
        description = "The last day on which it holds."
    ),
    printcolumn(
        name = "Active",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Active\")].status",
        description = "Whether it holds now."
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Since when it is there."
    )
)]
pub(super) struct ExemptionSpec {
    #[serde(flatten)]
    terms: Terms,
}

/// What an exemption says, but for its name.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema)]
pub(super) struct Terms {
    /// The names of the rules that it exempts from (ringwall rules lists them); at least one.
    #[schemars(length(min = 1))]
    rules: Vec<String>,
    /// Whom it exempts; what is left out matches everyone.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    matches: Option<Match>,
    /// Why the finding is let through.
    #[schemars(regex(pattern = r"\S"))]
    reason: String,
    /// Who answers for it.
    #[schemars(regex(pattern = r"\S"))]
    owner: String,
    /// The last day on which it holds (UTC), such as 2027-03-31; without it there is no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    expires: Option<String>,
}

/// Whom an exemption exempts.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new(
    "(has(self.namespaces) && self.namespaces.size() > 0) || !((has(self.labels) && self.labels.size() > 0) || (has(self.names) && self.names.size() > 0))"
).message("labels and names are self-service: whoever may write a Pod could exempt it anywhere; name the namespaces beside them"))]
struct Match {
    /// The namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<Vec<String>>,
    /// The kinds: of the object, or of its top controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    kinds: Option<Vec<String>>,
    /// Labels of the workload or object; only beside namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    /// Names: of the object, or of its top controller; only beside namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
}
