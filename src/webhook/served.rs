//! The question which certificate is served, asked through the API server: whoever gets this answer knows that the API server calls
//! Ringwall, and trusts the certificate with that fingerprint. It is public: any handshake shows the certificate.

/// What the names of those Exemptions begin with that are never stored, and ask.
pub const PROBE: &str = "ringwall-probe-";

const BEGIN: &str = "ringwall: served with certificate ";

/// The warning that says which certificate is served.
pub(super) fn warning(fingerprint: &str) -> String {
    format!("{BEGIN}{fingerprint}")
}

/// The fingerprint that a warning says.
pub fn served(warning: &str) -> Option<&str> {
    warning.strip_prefix(BEGIN)
}
