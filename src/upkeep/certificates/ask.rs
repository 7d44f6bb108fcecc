//! A request through the API server that Ringwall itself answers: whether it is reached, and which certificate is trusted there.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    cluster::{Documents, Fault, Resource},
    model::Kind,
    webhook::{question, served},
};

use super::plan::Outcome;

/// Asks once.
pub(super) async fn ask(documents: &Documents) -> Outcome {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let question = question(&format!("{:x}{:x}", std::process::id(), time.subsec_nanos()), "ringwall");
    match documents.try_create(Resource::of(Kind::Exemption), None, &question).await {
        Ok(answered) => match answered.warnings.iter().find_map(|warning| served(warning)) {
            Some(fingerprint) => Outcome::Answered(fingerprint.to_owned()),
            None => Outcome::Silent("the API server did not ask Ringwall, or got no answer and went on".to_owned()),
        },
        Err(fault @ Fault::NotServed) => Outcome::Impossible(format!("Exemptions: {fault}")),
        Err(Fault::Forbidden(reason)) => Outcome::Impossible(reason),
        Err(fault) => Outcome::Silent(fault.to_string()),
    }
}
