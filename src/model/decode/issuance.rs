//! What makes Secrets: cert-manager's Certificates, `ExternalSecrets`, `SealedSecrets`.

use serde::{Deserialize, Deserializer};

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, nullable, wrong},
};
use crate::model::{AskedCertificate, Issuance, Kind, Name, issuance::DEFAULT_DURATION};

#[derive(Deserialize)]
pub(super) struct WireIssuance {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

/// The fields of all three kinds, which have none in common.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    #[serde(deserialize_with = "nullable")]
    secret_name: Name,
    #[serde(deserialize_with = "nullable")]
    target: WireNamed,
    dns_names: List<Name>,
    ip_addresses: List<Name>,
    #[serde(deserialize_with = "nullable")]
    common_name: Name,
    #[serde(rename = "isCA", deserialize_with = "nullable")]
    is_ca: bool,
    usages: List<Name>,
    #[serde(deserialize_with = "duration")]
    duration: Option<u64>,
    #[serde(deserialize_with = "duration")]
    renew_before: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    private_key: WireKey,
    #[serde(deserialize_with = "nullable")]
    issuer_ref: WireNamed,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireNamed {
    #[serde(deserialize_with = "nullable")]
    kind: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireKey {
    #[serde(deserialize_with = "nullable")]
    algorithm: Name,
    #[serde(deserialize_with = "nullable")]
    size: u32,
    #[serde(deserialize_with = "nullable")]
    rotation_policy: Name,
}

impl WireIssuance {
    pub(super) fn into_issuance(self, kind: Kind) -> Result<Issuance, DecodeError> {
        let (meta, spec) = (self.metadata.into_meta(true)?, self.spec);
        let named = match kind {
            Kind::Certificate => spec.secret_name.clone(),
            Kind::ExternalSecret => spec.target.name.clone(),
            // Its controller takes the object's own name, whatever the template says.
            _ => Name::default(),
        };
        // What names none makes one of its own name.
        let secret = if named.is_empty() { meta.name.clone() } else { named };
        let asks = (kind == Kind::Certificate).then(|| spec.into_asked());
        Ok(Issuance { kind, meta, secret, asks })
    }
}

impl WireSpec {
    fn into_asked(self) -> AskedCertificate {
        let or = |name: Name, default: &str| if name.is_empty() { Name::from(default) } else { name };
        AskedCertificate {
            dns_names: self.dns_names.0,
            addresses: self.ip_addresses.0,
            common_name: Some(self.common_name).filter(|name| !name.is_empty()),
            is_ca: self.is_ca,
            usages: self.usages.0,
            duration: self.duration.unwrap_or(DEFAULT_DURATION),
            renew_before: self.renew_before,
            algorithm: or(self.private_key.algorithm, "RSA"),
            size: Some(self.private_key.size).filter(|size| *size > 0),
            keeps_key: self.private_key.rotation_policy == "Never",
            issuer: (or(self.issuer_ref.kind, "Issuer"), self.issuer_ref.name),
        }
    }
}

/// A duration as Go writes it (`2160h`, `1h30m`), in whole seconds.
fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    text.filter(|text| !text.is_empty())
        .map(|text| seconds(&text).ok_or_else(|| wrong(&"a duration such as 2160h or 1h30m")))
        .transpose()
}

/// `time.ParseDuration`: numbers with units, one after the other. Fractions of a second do not count here.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and cut off at the largest"
)]
fn seconds(text: &str) -> Option<u64> {
    const UNITS: [(&str, f64); 7] =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|at: char| !at.is_ascii_digit() && at != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let end = rest.find(|at: char| at.is_ascii_digit() || at == '.').unwrap_or(rest.len());
        let unit = rest.get(..end)?;
        total += number * UNITS.iter().find(|(name, _)| *name == unit)?.1;
        rest = rest.get(end..)?;
    }
    (!text.is_empty() && text != "+").then_some(total as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Object, decode};

    fn decoded(kind: Kind, spec: &serde_json::Value) -> Issuance {
        let value = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec});
        match decode::value(kind, &value) {
            Ok(Object::Issuance(issuance)) => Issuance::clone(&issuance),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, expected) in [
            ("2160h", Some(7_776_000)),
            ("2160h0m0s", Some(7_776_000)),
            ("1h30m", Some(5400)),
            ("1.5h", Some(5400)),
            ("90s", Some(90)),
            ("1500ms", Some(1)),
            ("0", Some(0)),
            ("", None),
            ("+", None),
            ("90", None),
            ("90d", None),
            ("h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_certificate_asks_for_what_it_says_and_the_rest_by_default() {
        let asks = |spec: serde_json::Value| decoded(Kind::Certificate, &spec).asks.unwrap();
        let plain = asks(json!({"secretName": "web-tls", "dnsNames": ["a.example.com"], "issuerRef": {"name": "ca"}}));
        assert_eq!((plain.duration, plain.renew_before, plain.keeps_key), (DEFAULT_DURATION, None, false));
        assert_eq!((plain.algorithm.as_str(), plain.size, plain.is_ca), ("RSA", None, false));
        assert_eq!(plain.issuer, ("Issuer".into(), "ca".into()));
        let full = asks(json!({
            "secretName": "web-tls", "isCA": true, "duration": "24h", "renewBefore": "8h", "commonName": "web",
            "privateKey": {"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"}, "usages": ["client auth"],
        }));
        assert_eq!((full.duration, full.renew_before, full.keeps_key), (86_400, Some(28_800), true));
        assert_eq!((full.algorithm.as_str(), full.size, full.is_ca), ("ECDSA", Some(384), true));
        assert_eq!(full.common_name.as_deref(), Some("web"));
    }

    #[test]
    fn each_kind_names_its_secret_in_its_own_way() {
        let secret = |kind, spec: serde_json::Value| decoded(kind, &spec).secret;
        assert_eq!(secret(Kind::Certificate, json!({"secretName": "tls"})), "tls");
        assert_eq!(secret(Kind::ExternalSecret, json!({"target": {"name": "tls"}})), "tls");
        assert_eq!(secret(Kind::ExternalSecret, json!({"target": {}})), "web");
        assert_eq!(secret(Kind::SealedSecret, json!({"template": {"metadata": {"name": "tls"}}})), "web");
    }
}
