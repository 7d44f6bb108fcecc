//! A request through the API server that Ringwall itself answers: whether it is reached, and which certificate is trusted there.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{
    cluster::{Documents, Fault, Resource},
    model::Kind,
    webhook::{PROBE, served},
};

use super::plan::Outcome;

/// Asks once.
pub(super) async fn ask(documents: &Documents) -> Outcome {
    match documents.try_create(Resource::of(Kind::Exemption), None, &exemption()).await {
        Ok(answered) => match answered.warnings.iter().find_map(|warning| served(warning)) {
            Some(fingerprint) => Outcome::Answered(fingerprint.to_owned()),
            None => Outcome::Silent("the API server did not ask Ringwall, or got no answer and went on".to_owned()),
        },
        Err(fault @ Fault::NotServed) => Outcome::Impossible(format!("Exemptions: {fault}")),
        Err(Fault::Forbidden(reason)) => Outcome::Impossible(reason),
        Err(fault) => Outcome::Silent(fault.to_string()),
    }
}

/// One that is never stored: it would exempt from one rule in a namespace that there is not.
fn exemption() -> Value {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("{PROBE}{:x}{:x}", std::process::id(), time.subsec_nanos());
    json!({
        "apiVersion": "ringwall.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": name},
        "spec": {
            "rules": ["unisolated-ingress"],
            "match": {"namespaces": [name]},
            "reason": "asks through the API server which certificate is served, and is never stored",
            "owner": "ringwall",
        },
    })
}
