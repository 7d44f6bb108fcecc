//! `Ruleset`: the configuration. One is in force, named `default`: another name is refused by the API server itself, for a ruleset that is
//! stored and holds nowhere would be believed in.

#![allow(clippy::duplicated_attributes, reason = "every printed column has a type")]
#![allow(clippy::doc_markdown, reason = "what is written here is shown by kubectl explain")]

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{exemption::Terms, status::SettingsStatus};

/// What is judged, and what comes of it. What is left out is as built in.
#[derive(Clone, Debug, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "ringwall.dev",
    version = "v1alpha1",
    kind = "Ruleset",
    plural = "rulesets",
    shortname = "rwr",
    category = "ringwall",
    status = "SettingsStatus",
    doc = "What Ringwall judges, and what comes of it. One ruleset is in force, named default.",
    validation = Rule::new("self.metadata.name == 'default'").message("the one ruleset in force is named default"),
    printcolumn(name = "Enforce", type_ = "string", json_path = ".spec.defaults.enforce", description = "What is enforced where a namespace chooses nothing."),
    printcolumn(name = "Warn", type_ = "string", json_path = ".spec.defaults.warn", description = "What is warned of where a namespace chooses nothing."),
    printcolumn(name = "Audit", type_ = "string", json_path = ".spec.defaults.audit", description = "What is audited where a namespace chooses nothing."),
    printcolumn(
        name = "In force",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"InForce\")].status",
        description = "Whether Ringwall decides by it."
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"InForce\")].reason",
        description = "Why, or why not."
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Since when it is there.")
)]
#[serde(rename_all = "camelCase")]
pub(super) struct RulesetSpec {
    /// The profiles of namespaces without ringwall.dev/ labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults: Option<Defaults>,
    /// The lowest profile that a namespace's label may choose for enforce.
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<Profile>,
    /// Single rules; the catalogue fills this in.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<BTreeMap<String, String>>,
    /// What cannot be read from objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    /// Findings let through on purpose, beside the Exemptions of the cluster. At most 1000: what checks each has a budget.
    #[schemars(length(max = 1000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    exemptions: Option<Vec<NamedExemption>>,
}

/// An exemption and its name.
#[derive(Clone, Debug, Serialize, Deserialize, KubeSchema)]
struct NamedExemption {
    /// The name under which findings that it lets through are reported.
    #[schemars(regex(pattern = r"\S"))]
    name: String,
    #[serde(flatten)]
    terms: Terms,
}

/// The profile of each mode.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Defaults {
    /// What refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce: Option<Profile>,
    /// What warns.
    #[serde(skip_serializing_if = "Option::is_none")]
    warn: Option<Profile>,
    /// What is audited.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<Profile>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Profile {
    Privileged,
    Baseline,
    Restricted,
}

/// What cannot be read from objects.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Environment {
    /// The network plugin, which decides what policies mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    network_plugin: Option<NetworkPlugin>,
    /// Options of the plugin; the table of plugins fills this in.
    #[serde(skip_serializing_if = "Option::is_none")]
    network_options: Option<BTreeMap<String, String>>,
    /// The labels that mark sensitive workloads, on a Pod or its Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitive: Option<BTreeMap<String, String>>,
    /// What is known of ingress controllers, by the name that an IngressClass or a GatewayClass has for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    ingress_controllers: Option<BTreeMap<String, IngressController>>,
    /// The controller that serves the Ingresses of a class, where no IngressClass tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    ingress_classes: Option<BTreeMap<String, String>>,
    /// What becomes of Ingresses of controllers that are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_controller: Option<UnknownController>,
    /// The oldest TLS that a policy which only a cloud knows accepts, by the name of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_policies: Option<BTreeMap<String, TlsVersion>>,
    /// What meshes are told elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    mesh: Option<Mesh>,
    /// As whom cert-manager asks for the Ingresses that answer ACME challenges in plaintext.
    #[serde(skip_serializing_if = "Option::is_none")]
    cert_manager: Option<CertManager>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum NetworkPlugin {
    Reference,
    Calico,
    Cilium,
    Antrea,
    OvnKubernetes,
    Kindnet,
    None,
}

/// What is known of one ingress controller.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IngressController {
    /// Whether it refuses or redirects plaintext everywhere, whatever an Ingress says.
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<Plaintext>,
    /// The namespace that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The ConfigMap that configures it, as NAMESPACE/NAME.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[^/]+/.+$"))]
    config_map: Option<String>,
    /// The oldest TLS that it accepts where no object says it.
    #[serde(rename = "oldestTls", skip_serializing_if = "Option::is_none")]
    oldest_tls: Option<TlsVersion>,
    /// The TLS policy that holds where no object names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_policy: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Plaintext {
    Served,
    Refused,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum UnknownController {
    Warn,
    Refuse,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
enum TlsVersion {
    #[serde(rename = "1.0")]
    Tls10,
    #[serde(rename = "1.1")]
    Tls11,
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// What meshes are told elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Mesh {
    /// Istio.
    #[serde(skip_serializing_if = "Option::is_none")]
    istio: Option<Istio>,
    /// Linkerd.
    #[serde(skip_serializing_if = "Option::is_none")]
    linkerd: Option<Linkerd>,
}

/// What Istio is told elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Istio {
    /// Its root namespace, whose policies hold for the whole mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_namespace: Option<String>,
}

/// What Linkerd is told elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Linkerd {
    /// The default inbound policy of its proxies.
    #[serde(skip_serializing_if = "Option::is_none")]
    default_inbound_policy: Option<InboundPolicy>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum InboundPolicy {
    AllUnauthenticated,
    ClusterUnauthenticated,
    AllAuthenticated,
    ClusterAuthenticated,
    Deny,
    Audit,
}

/// As whom cert-manager asks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CertManager {
    /// Its service account, as NAMESPACE/NAME.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[^/]+/.+$"))]
    service_account: Option<String>,
}
