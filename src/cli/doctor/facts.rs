//! What was read of the cluster, before anything is made of it. The judges see these and nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cluster::{Fault, Reply},
    model::{Name, ObjectKey, kinds::rights::Right},
};

/// What a read brought, or why it brought nothing.
pub(super) type Read<T> = Result<T, Fault>;

/// Everything.
pub(super) struct Facts {
    /// When it was read, by the clock of the API server.
    pub(super) now: Timestamp,
    /// This program's version.
    pub(super) version: &'static str,
    /// What Ringwall's own objects are called.
    pub(super) names: Names,
    /// Every validating webhook configuration.
    pub(super) validating: Read<Vec<Configuration>>,
    /// Every mutating one.
    pub(super) mutating: Read<Vec<Configuration>>,
    /// Whether the Service is there that the configuration names; `None` where it names none.
    pub(super) service: Option<Read<bool>>,
    /// Endpoints of that Service that are ready.
    pub(super) ready_endpoints: Read<usize>,
    /// The Deployment, where there is one.
    pub(super) deployment: Read<Option<Deployment>>,
    /// Whether the namespace is there.
    pub(super) namespace: Read<bool>,
    /// What the API server answers to a request that Ringwall refuses, and to one that it answers with its certificate.
    pub(super) calls: Calls,
    /// The certificate that is served.
    pub(super) served: Served,
    /// What may not be done.
    pub(super) rights: Read<Rights>,
    /// The replicas, each as it says itself.
    pub(super) replicas: Read<Vec<Replica>>,
    /// Pods that may not be asked, and for which `--probes` stand.
    pub(super) unasked: Vec<String>,
    /// The Lease.
    pub(super) lease: Read<Option<Lease>>,
    /// The definitions of Ringwall's own kinds, by their name; `None` for one that is not there.
    pub(super) definitions: BTreeMap<&'static str, Read<Option<Value>>>,
    /// Those of this version.
    pub(super) wanted: [Value; 2],
    /// The Ruleset that may be in force: the one named `default`.
    pub(super) ruleset: Read<Option<Value>>,
    /// Every Exemption.
    pub(super) exemptions: Read<Vec<Value>>,
    /// What was found of the cluster by judging it.
    pub(super) survey: Result<Survey, String>,
}

/// What Ringwall's own objects are called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names {
    pub(super) namespace: Name,
    pub(super) configuration: Name,
    pub(super) account: Option<Name>,
    pub(super) secret: Name,
    pub(super) lease: Option<Name>,
}

/// Both questions to the API server.
pub(super) struct Calls {
    /// A Namespace that chooses a profile which does not exist. Ringwall refuses it whatever is enforced.
    pub(super) refused: DryRun,
    /// An Exemption by a name that Ringwall answers with the fingerprint of its certificate.
    pub(super) named: Option<Read<Reply>>,
}

/// What became of a dry run.
pub(super) enum DryRun {
    /// No entry asks about such objects.
    NoEntry,
    /// The entry's selectors select no object that could be sent.
    Unmatched,
    /// It was sent.
    Sent(Read<Reply>),
}

/// Where the serving certificate was seen, and what it is.
pub(super) enum Served {
    /// In the Secret, or by a handshake: the chain in DER, leaf first.
    Chain { from: String, chain: Vec<Vec<u8>> },
    /// It could not be seen.
    Unseen(String),
}

/// What was asked about rights, and what is missing.
pub(super) struct Rights {
    pub(super) account: Name,
    pub(super) asked: usize,
    pub(super) missing: Vec<Right>,
}

/// A replica.
pub(super) struct Replica {
    pub(super) name: String,
    /// Why it cannot answer yet, where its Pod does not run.
    pub(super) waits: Option<String>,
    pub(super) readyz: Read<Reply>,
    pub(super) metrics: Read<Reply>,
}

/// The Deployment of the replicas.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Deployment {
    pub(super) name: String,
    pub(super) account: Option<Name>,
    pub(super) wanted: i64,
    pub(super) ready: i64,
    /// The arguments of its container.
    pub(super) arguments: Vec<String>,
}

impl Deployment {
    /// Whether an option without a value is there.
    pub(super) fn has(&self, option: &str) -> bool {
        self.arguments.iter().any(|argument| argument == option)
    }

    /// The value of an option.
    pub(super) fn value(&self, option: &str) -> Option<Name> {
        let value = |argument: &String| Some(argument.strip_prefix(option)?.strip_prefix('=')?.into());
        self.arguments.iter().find_map(value)
    }
}

/// The Lease.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Lease {
    pub(super) holder: Option<String>,
    pub(super) renewed: Option<Timestamp>,
    pub(super) seconds: i64,
}

/// What judging the cluster brought.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Survey {
    /// What cannot be seen of it.
    pub(super) blind: Vec<String>,
    /// By namespace: what is enforced, and who would be refused under which profile.
    pub(super) namespaces: BTreeMap<Name, Refusals>,
    /// Our own webhook, if the API server cannot reach it for a policy's sake.
    pub(super) blocked: Vec<String>,
    /// Exemptions that exempt nothing, and those that have ended.
    pub(super) unused: Vec<String>,
    pub(super) ended: Vec<String>,
    /// What is wrong with settings.
    pub(super) wrong: Vec<Wrong>,
}

/// Something that is wrong with settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    /// Which Ruleset or Exemption it is.
    pub(super) key: ObjectKey,
    /// Its field, and what is wrong with it.
    pub(super) text: String,
}

/// Who would be refused if it came anew.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Refusals {
    /// The profile that is enforced.
    pub(super) enforced: String,
    /// Workloads and other objects that it refuses.
    pub(super) now: Count,
    /// Under baseline, as far as that is stricter.
    pub(super) baseline: Count,
    /// Under restricted.
    pub(super) restricted: Count,
}

/// How many of whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Count {
    pub(super) workloads: usize,
    pub(super) others: usize,
}

/// A webhook configuration, of either kind.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub(super) metadata: Metadata,
    pub(super) webhooks: Vec<Hook>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) name: String,
}

/// An entry of it.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Hook {
    pub(super) name: String,
    pub(super) client_config: ClientConfig,
    pub(super) rules: Vec<HookRule>,
    pub(super) failure_policy: String,
    pub(super) match_policy: String,
    pub(super) timeout_seconds: i64,
    pub(super) namespace_selector: LabelSelector,
    pub(super) object_selector: LabelSelector,
    pub(super) match_conditions: Vec<MatchCondition>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ClientConfig {
    pub(super) url: Option<String>,
    pub(super) service: Option<ServiceReference>,
    pub(super) ca_bundle: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceReference {
    pub(super) name: String,
    pub(super) namespace: String,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HookRule {
    pub(super) api_groups: Vec<String>,
    pub(super) api_versions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) operations: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MatchCondition {
    pub(super) name: String,
    pub(super) expression: String,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LabelSelector {
    pub(super) match_labels: BTreeMap<String, String>,
    pub(super) match_expressions: Vec<Expression>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Expression {
    pub(super) key: String,
    pub(super) operator: String,
    pub(super) values: Vec<String>,
}

impl LabelSelector {
    /// Whether labels satisfy it (Kubernetes: "Labels and Selectors", set-based requirements).
    pub(super) fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let holds = |expression: &Expression| {
            let value = labels.get(&expression.key);
            let listed = value.is_some_and(|value| expression.values.contains(value));
            match expression.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        };
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(holds)
    }

    /// Labels that satisfy it, as far as it asks for some.
    pub(super) fn example(&self) -> BTreeMap<String, String> {
        let wanted = |expression: &Expression| {
            let value = match expression.operator.as_str() {
                "In" => expression.values.first()?.clone(),
                "Exists" => "any".to_owned(),
                _ => return None,
            };
            Some((expression.key.clone(), value))
        };
        let labels = self.match_labels.iter().map(|(key, value)| (key.clone(), value.clone()));
        labels.chain(self.match_expressions.iter().filter_map(wanted)).collect()
    }

    /// Whether it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

impl Hook {
    /// Whether a request that gets no answer is refused.
    pub(super) fn fails(&self) -> bool {
        self.failure_policy == "Fail"
    }

    /// The name by which the API server calls, and expects the certificate to be for.
    pub(super) fn called(&self) -> Option<String> {
        if let Some(service) = &self.client_config.service {
            return Some(format!("{}.{}.svc", service.name, service.namespace));
        }
        let (host, _) = address(self.client_config.url.as_deref()?)?;
        Some(host)
    }
}

/// Host and port of a URL.
pub(super) fn address(url: &str) -> Option<(String, u16)> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?']).next()?;
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return Some((host.to_owned(), port.strip_prefix(':').and_then(|port| port.parse().ok()).unwrap_or(443)));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?)),
        None => Some((authority.to_owned(), 443)),
    }
}

impl Facts {
    /// Ringwall's own configuration, where it is there.
    pub(super) fn configuration(&self) -> Read<Option<&Configuration>> {
        let all = self.validating.as_ref().map_err(Clone::clone)?;
        Ok(all.iter().find(|configuration| configuration.metadata.name == *self.names.configuration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_is_called_is_the_services_or_the_urls() {
        let hook = |value: Value| serde_json::from_value::<Hook>(value).unwrap().called();
        let service = serde_json::json!({"clientConfig": {"service": {"name": "ringwall", "namespace": "guard"}}});
        assert_eq!(hook(service).as_deref(), Some("ringwall.guard.svc"));
        for (url, name) in [
            ("https://127.0.0.1:8443/validate", "127.0.0.1"),
            ("https://guard.example.com/validate", "guard.example.com"),
            ("https://[2001:db8::1]:8443/", "2001:db8::1"),
        ] {
            let configuration = serde_json::json!({"clientConfig": {"url": url}});
            assert_eq!(hook(configuration).as_deref(), Some(name));
        }
    }

    #[test]
    fn labels_made_for_a_selector_satisfy_it() {
        let selector: LabelSelector = serde_json::from_value(serde_json::json!({
            "matchLabels": {"tier": "web"},
            "matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]},
                {"key": "team", "operator": "Exists"},
                {"key": "stage", "operator": "In", "values": ["test", "live"]},
            ],
        }))
        .unwrap();
        assert!(selector.selects(&selector.example()));
        assert!(!selector.selects(&BTreeMap::new()));
    }
}
