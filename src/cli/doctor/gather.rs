//! Reads what the judges need. Nothing is changed in the cluster: two requests are dry runs, the others are reads and questions about
//! rights. What one read does not bring keeps no other from being made.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use futures::StreamExt as _;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    cluster::{Fault, Inspector, Resource, wipe},
    model::{
        Kind, Name,
        kinds::rights::{self, Features, Purpose},
    },
    ruleset::{IN_FORCE, Ruleset},
};

use super::{
    super::crd,
    calls::calls,
    facts::{Configuration, Deployment, Facts, Hook, Lease, Names, Read, Rights, Served, ServiceReference, address},
    handshake,
    pods::replicas,
    survey, trust,
};

/// Questions about rights at the same time.
const AT_ONCE: usize = 8;
/// The definitions of Ringwall's own kinds.
pub(super) const DEFINITIONS: [&str; 2] = ["rulesets.ringwall.dev", "exemptions.ringwall.dev"];
const ENDPOINTS: Resource = Resource { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" };
const ACCOUNTS: Resource = Resource { group: "", version: "v1", plural: "serviceaccounts" };
const CRDS: Resource = Resource { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" };

/// What the operator said of names and places.
pub(super) struct Asked<'a> {
    pub(super) kubeconfig: Option<&'a Path>,
    pub(super) namespace: Option<&'a str>,
    pub(super) configuration: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) probes: &'a [String],
    pub(super) ruleset: Option<Ruleset>,
}

/// Looks at everything. An error only where there is no API server to ask.
pub(super) async fn facts(asked: Asked<'_>) -> anyhow::Result<Facts> {
    let inspector = Inspector::connect(asked.kubeconfig).await?;
    inspector.get("/version").await.context("the API server cannot be reached")?;
    let validating = configurations(&inspector, Kind::ValidatingWebhookConfiguration).await;
    let mutating = configurations(&inspector, Kind::MutatingWebhookConfiguration).await;
    let own = validating.as_ref().ok().and_then(|all| all.iter().find(|it| it.metadata.name == asked.configuration));
    let hooks = own.map(|own| own.webhooks.clone()).unwrap_or_default();
    let service = hooks.iter().find_map(|hook| hook.client_config.service.clone());
    let namespace: Name = match (asked.namespace, &service) {
        (Some(namespace), _) => namespace.into(),
        (None, Some(service)) => service.namespace.as_str().into(),
        (None, None) => "ringwall".into(),
    };
    let here = inspector.documents().get(Resource::of(Kind::Namespace), None, &namespace).await;
    let found = match &service {
        Some(ServiceReference { name, namespace }) => {
            Some(inspector.read(&format!("{}/{name}", Resource::of(Kind::Service).path(Some(namespace)))).await)
        }
        None => None,
    };
    let selector = found.as_ref().and_then(|found| found.as_ref().ok()?.as_ref()?.pointer("/spec/selector").cloned());
    let (deployment, labels, secret) = deployment(&inspector, &namespace, selector.as_ref()).await;
    let known = deployment.as_ref().ok().and_then(Option::as_ref);
    let names = names(&inspector, &asked, namespace, known, secret).await;
    let rights = rights(&inspector, &names, &deployment, asked.probes).await;
    let (replicas, unasked) = replicas(&inspector, &names.namespace, labels.as_deref(), asked.probes).await;
    let mut definitions = BTreeMap::new();
    for name in DEFINITIONS {
        definitions.insert(name, inspector.read(&format!("{}/{name}", CRDS.path(None))).await);
    }
    // The clock of whoever asks says nothing of certificates and Leases; what was read above told that of the API server.
    let now = inspector.documents().server_time().unwrap_or_else(Timestamp::now);
    let judged = match inspector.snapshot().await {
        Ok(snapshot) => Ok(survey::survey(&snapshot, asked.ruleset, &names, now)),
        Err(error) => Err(error.to_string()),
    };
    Ok(Facts {
        now,
        version: env!("CARGO_PKG_VERSION"),
        service: found.map(|found| found.map(|found| found.is_some())),
        ready_endpoints: endpoints(&inspector, service.as_ref()).await,
        namespace: here.map(|found| found.is_some()),
        calls: calls(&inspector, &hooks).await,
        served: served(&inspector, &hooks, &names).await,
        rights,
        replicas,
        unasked,
        lease: lease(&inspector, &names).await,
        definitions,
        wanted: crd::definitions(),
        ruleset: inspector.documents().get(Resource::of(Kind::Ruleset), None, IN_FORCE).await.or_else(unserved),
        exemptions: inspector.list(&Resource::of(Kind::Exemption).path(None)).await,
        survey: judged,
        deployment,
        validating,
        mutating,
        names,
    })
}

/// A kind that is not served has no objects; that it is not served is told of its definition.
fn unserved(fault: Fault) -> Read<Option<Value>> {
    if fault == Fault::NotServed { Ok(None) } else { Err(fault) }
}

async fn configurations(inspector: &Inspector, kind: Kind) -> Read<Vec<Configuration>> {
    Ok(decoded(inspector.list(&Resource::of(kind).path(None)).await?))
}

fn decoded<T: DeserializeOwned>(items: Vec<Value>) -> Vec<T> {
    items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect()
}

/// The Deployment behind the Service, or the one that serves; the selector of its Pods; the Secret of its certificate.
async fn deployment(
    inspector: &Inspector,
    namespace: &Name,
    selector: Option<&Value>,
) -> (Read<Option<Deployment>>, Option<String>, Option<Name>) {
    let all = match inspector.list(&Resource::of(Kind::Deployment).path(Some(namespace))).await {
        Ok(all) => all,
        Err(fault) => return (Err(fault), None, None),
    };
    let selected = |deployment: &&Value| {
        let labels = deployment.pointer("/spec/template/metadata/labels").and_then(Value::as_object);
        let wanted = selector.and_then(Value::as_object);
        match (labels, wanted) {
            (Some(labels), Some(wanted)) => wanted.iter().all(|(key, value)| labels.get(key) == Some(value)),
            _ => arguments(deployment).first().is_some_and(|first| first == "serve"),
        }
    };
    let Some(found) = all.iter().find(selected) else { return (Ok(None), None, None) };
    let number = |path: &str| found.pointer(path).and_then(Value::as_i64).unwrap_or_default();
    let text = |path: &str| found.pointer(path).and_then(Value::as_str);
    let deployment = Deployment {
        name: text("/metadata/name").unwrap_or_default().to_owned(),
        account: Some(text("/spec/template/spec/serviceAccountName").unwrap_or("default").into()),
        wanted: number("/spec/replicas"),
        ready: number("/status/readyReplicas"),
        arguments: arguments(found),
    };
    let labels = found.pointer("/spec/selector/matchLabels").and_then(Value::as_object).map(|labels| {
        let pair = |(key, value): (&String, &Value)| format!("{key}%3D{}", value.as_str().unwrap_or_default());
        labels.iter().map(pair).collect::<Vec<_>>().join(",").replace('/', "%2F")
    });
    let volumes = found.pointer("/spec/template/spec/volumes").and_then(Value::as_array).cloned().unwrap_or_default();
    let mounted = volumes.iter().find(|volume| volume["name"] == "certificate");
    let mounted = mounted.and_then(|volume| volume.pointer("/secret/secretName")).and_then(Value::as_str);
    let secret = deployment.value("--certificate-secret").or(mounted.map(Name::from));
    (Ok(Some(deployment)), labels, secret)
}

fn arguments(deployment: &Value) -> Vec<String> {
    let arguments = deployment.pointer("/spec/template/spec/containers/0/args").and_then(Value::as_array);
    arguments.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn names(
    inspector: &Inspector,
    asked: &Asked<'_>,
    namespace: Name,
    deployment: Option<&Deployment>,
    secret: Option<Name>,
) -> Names {
    let mut account =
        asked.account.map(Name::from).or_else(|| deployment.and_then(|deployment| deployment.account.clone()));
    if account.is_none() {
        let path = format!("{}/ringwall", ACCOUNTS.path(Some(&namespace)));
        account = matches!(inspector.read(&path).await, Ok(Some(_))).then(|| "ringwall".into());
    }
    Names {
        configuration: asked.configuration.into(),
        account,
        secret: secret.unwrap_or_else(|| "ringwall-certificate".into()),
        lease: deployment.and_then(|deployment| deployment.value("--lease")),
        namespace,
    }
}

async fn endpoints(inspector: &Inspector, service: Option<&ServiceReference>) -> Read<usize> {
    let Some(ServiceReference { name, namespace }) = service else { return Ok(0) };
    let path = ENDPOINTS.path(Some(namespace));
    let slices = inspector.list(&format!("{path}?labelSelector=kubernetes.io%2Fservice-name%3D{name}")).await?;
    let endpoints = slices.iter().filter_map(|slice| slice["endpoints"].as_array()).flatten();
    // An unknown condition counts as ready (EndpointConditions).
    Ok(endpoints.filter(|endpoint| endpoint.pointer("/conditions/ready") != Some(&Value::Bool(false))).count())
}

/// The certificate: by a handshake where a URL leads to the server, else from the Secret, of which the public part alone is kept.
async fn served(inspector: &Inspector, hooks: &[Hook], names: &Names) -> Served {
    if let Some(url) = hooks.iter().find_map(|hook| hook.client_config.url.as_deref()) {
        let Some((host, port)) = address(url) else { return Served::Unseen(format!("{url} is no URL")) };
        return match handshake::chain(&host, port).await {
            Ok(chain) => Served::Chain { from: format!("shown by {host}:{port}"), chain },
            Err(error) => Served::Unseen(format!("{host}:{port} cannot be asked from here: {error}")),
        };
    }
    let Names { namespace, secret, .. } = names;
    let title = format!("Secret {namespace}/{secret}");
    match inspector.documents().get(Resource::of(Kind::Secret), Some(namespace), secret).await {
        Ok(Some(mut object)) => {
            let encoded = object.pointer("/data/tls.crt").and_then(Value::as_str).unwrap_or_default();
            let pem = data_encoding::BASE64.decode(encoded.as_bytes()).unwrap_or_default();
            wipe(&mut object);
            match trust::certificates(&pem) {
                chain if chain.is_empty() => Served::Unseen(format!("{title} holds no certificate in tls.crt")),
                chain => Served::Chain { from: format!("of {title}"), chain },
            }
        }
        Ok(None) => Served::Unseen(format!("{title} is not there")),
        Err(fault) => Served::Unseen(format!("{title} cannot be read: {fault}")),
    }
}

async fn rights(
    inspector: &Inspector,
    names: &Names,
    deployment: &Read<Option<Deployment>>,
    probes: &[String],
) -> Read<Rights> {
    let Some(account) = &names.account else { return Err(nobody(names, deployment, probes)) };
    let has = |option: &str| matches!(deployment, Ok(Some(deployment)) if deployment.has(option));
    let features = Features {
        namespace: names.namespace.clone(),
        watches_certificates: has("--watch-certificates"),
        reads_secrets: true,
        lease: names.lease.clone(),
        certificate: has("--manage-certificate").then(|| (names.secret.clone(), names.configuration.clone())),
    };
    let served = served_kinds(inspector).await?;
    let mut asked = rights::rights(&features);
    // Of a kind that the cluster does not serve nothing is needed.
    asked.retain(|right| {
        let key = (right.group.to_owned(), right.version.to_owned(), right.resource.to_owned());
        right.need == Purpose::Verdicts || served.contains(&key)
    });
    let count = asked.len();
    let ask = |right: rights::Right| async {
        let may = inspector.may(&names.namespace, account, &right).await;
        may.map(|may| (!may).then_some(right))
    };
    let mut answers = futures::stream::iter(asked.into_iter().map(ask)).buffered(AT_ONCE);
    let mut missing = Vec::new();
    while let Some(answer) = answers.next().await {
        missing.extend(answer?);
    }
    Ok(Rights { account: account.clone(), asked: count, missing })
}

/// Why nobody knows as whom Ringwall runs.
fn nobody(names: &Names, deployment: &Read<Option<Deployment>>, probes: &[String]) -> Fault {
    match deployment {
        Err(fault) => fault.clone(),
        Ok(_) if !probes.is_empty() => {
            Fault::Failed("nobody says as whom the replicas outside of the cluster run".to_owned())
        }
        Ok(_) => Fault::Failed(format!(
            "nobody says as whom Ringwall runs: there is no Deployment of it in {}",
            names.namespace
        )),
    }
}

type ServedKind = (String, String, String);

/// Group, version and plural of what the cluster serves, of the groups that matter.
async fn served_kinds(inspector: &Inspector) -> Read<std::collections::BTreeSet<ServedKind>> {
    let mut groups: Vec<(&str, &str)> =
        crate::model::kinds::KINDS.iter().map(|info| (info.group, info.version)).collect();
    groups.extend([("events.k8s.io", "v1"), ("coordination.k8s.io", "v1")]);
    groups.sort_unstable();
    groups.dedup();
    let ask = |(group, version): (&'static str, &'static str)| async move {
        let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        inspector.read(&path).await.map(|found| (group, version, found))
    };
    let mut answers = futures::stream::iter(groups.into_iter().map(ask)).buffered(AT_ONCE);
    let mut served = std::collections::BTreeSet::new();
    while let Some(answer) = answers.next().await {
        // A group whose own API server is away serves nothing now.
        let Ok((group, version, Some(list))) = answer else { continue };
        let names = list.get("resources").and_then(serde_json::Value::as_array).into_iter().flatten();
        let names = names.filter_map(|it| it.get("name").and_then(serde_json::Value::as_str));
        served.extend(names.map(|name| (group.to_owned(), version.to_owned(), name.to_owned())));
    }
    Ok(served)
}

async fn lease(inspector: &Inspector, names: &Names) -> Read<Option<Lease>> {
    let Some(lease) = &names.lease else { return Ok(None) };
    let found = inspector.documents().get(Resource::LEASE, Some(&names.namespace), lease).await?;
    Ok(found.map(|found| {
        let text = |path: &str| found.pointer(path).and_then(Value::as_str);
        Lease {
            holder: text("/spec/holderIdentity").filter(|holder| !holder.is_empty()).map(str::to_owned),
            renewed: text("/spec/renewTime").and_then(|time| time.parse().ok()),
            seconds: found.pointer("/spec/leaseDurationSeconds").and_then(Value::as_i64).unwrap_or_default(),
        }
    }))
}
