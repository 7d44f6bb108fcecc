//! The question which certificate is served, asked through the API server: whoever gets this answer knows that the API server calls
//! Ringwall, and trusts the certificate with that fingerprint. It is public: any handshake shows the certificate.

use serde_json::{Value, json};

use crate::model::Kind;

/// What the names of those Exemptions begin with that are never stored, and ask.
pub const PROBE: &str = "ringwall-probe-";

/// The question: an Exemption to be created in a dry run. Were it ever stored, it would exempt from one rule in a namespace that there is not.
pub fn question(suffix: &str, owner: &str) -> Value {
    let (info, name) = (Kind::Exemption.info(), format!("{PROBE}{suffix}"));
    json!({
        "apiVersion": info.api_version(),
        "kind": info.name,
        "metadata": {"name": name},
        "spec": {
            "rules": ["unisolated-ingress"],
            "match": {"namespaces": [name]},
            "reason": "asks through the API server which certificate is served, and is never stored",
            "owner": owner,
        },
    })
}

const BEGIN: &str = "ringwall: served with certificate ";

/// The warning that says which certificate is served.
pub(super) fn warning(fingerprint: &str) -> String {
    format!("{BEGIN}{fingerprint}")
}

/// The fingerprint that a warning says.
pub fn served(warning: &str) -> Option<&str> {
    warning.strip_prefix(BEGIN)
}
