//! The redirects of whole paths: `temporal-redirect` and `permanent-redirect`.
//!
//! They are read by one parser (internal/ingress/annotations/redirect), which gives up on all of them at the first fault: of
//! `from-to-www-redirect`, then of the temporal one, which goes first where it is there, even empty; then of the permanent
//! one. Requests are served then. Annotations are validated by most versions, with fewer characters than a URL may have; a
//! redirect counts here only when every version takes it.

use crate::model::Ingress;

use super::flag;

const FROM_TO_WWW: &str = "nginx.ingress.kubernetes.io/from-to-www-redirect";
const TEMPORAL: &str = "nginx.ingress.kubernetes.io/temporal-redirect";
const PERMANENT: &str = "nginx.ingress.kubernetes.io/permanent-redirect";
const CODES: [&str; 2] =
    ["nginx.ingress.kubernetes.io/temporal-redirect-code", "nginx.ingress.kubernetes.io/permanent-redirect-code"];

/// Whether all requests are sent to HTTPS.
pub(super) fn to_https(ingress: &Ingress) -> bool {
    let annotations = &ingress.meta.annotations;
    let is_code = |key: &&str| annotations.value(key).is_none_or(|code| code.parse::<i64>().is_ok());
    let others_parse = (!annotations.has(FROM_TO_WWW) || flag(ingress, FROM_TO_WWW).is_some())
        && CODES.iter().all(|key| is_code(&key));
    let target = annotations.value(TEMPORAL).or_else(|| annotations.value(PERMANENT));
    others_parse && target.is_some_and(|url| is_https(url))
}

/// Whether it is an `https` URL with a host, in the characters that the controller's validation lets through.
fn is_https(url: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:?&=".contains(&byte);
    let Some(rest) = url.strip_prefix("https://").filter(|_| url.bytes().all(allowed)) else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !host.is_empty() && host.bytes().all(is_host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}
