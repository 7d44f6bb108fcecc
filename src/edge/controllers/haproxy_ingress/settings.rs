//! How haproxy-ingress does TLS, in front and behind.

use crate::{
    edge::{
        By, Ciphers, ClientCertificates, Doubt, Hop, HopProtection, Notation, Oldest, Setting, TlsSettings, Verified,
    },
    model::{Kind, Meta, Name, ObjectKey, TlsVersion},
};

use super::{
    super::{
        backends,
        config_map::Configuration,
        values::{by_annotation, go_bool, key, key_of},
    },
    Reading, annotation, configuration, flag, is_tcp, service_meta,
};

const WHOSE: &str = "the default of haproxy-ingress";

/// pkg/converters/ingress/defaults.go: `defaultSSLCiphers`.
const CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                       ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
                       DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384";

/// How TLS is done for the hosts of an Ingress; nothing where it asks for none.
pub(super) fn of(reading: &Reading<'_>) -> Vec<TlsSettings> {
    let ingress = reading.ingress;
    let configuration = configuration(reading);
    let always = || flag(&ingress.meta, "ssl-always-add-https").or_else(|| configuration.flag("ssl-always-add-https"));
    if ingress.tls.is_empty() && always() != Some(true) {
        return Vec::new();
    }
    if flag(&ingress.meta, "ssl-passthrough") == Some(true) {
        return vec![TlsSettings::unknown(&passthrough(), &By::Default(WHOSE))];
    }
    if is_tcp(&ingress.meta) {
        return vec![TlsSettings::unknown(&tcp(), &By::Default(WHOSE))];
    }
    if let Some((doubt, by)) = hidden(&configuration) {
        return vec![TlsSettings::unknown(&doubt, &by)];
    }
    let ciphers = match written(reading, &configuration, "ssl-ciphers") {
        Ok(Some((text, by))) => Setting { value: Ciphers::Written(Notation::OpenSsl, text), by },
        Ok(None) => Setting { value: Ciphers::Written(Notation::OpenSsl, CIPHERS.into()), by: By::Default(WHOSE) },
        Err(doubt) => Setting { value: Ciphers::Unknown(doubt), by: By::Default(WHOSE) },
    };
    vec![TlsSettings {
        part: None,
        oldest: oldest(reading, &configuration),
        ciphers,
        client: client(reading, &configuration),
    }]
}

/// Where the traffic of an Ingress goes.
pub(super) fn hops(reading: &Reading<'_>) -> Vec<Hop> {
    if flag(&reading.ingress.meta, "ssl-passthrough") == Some(true) {
        return backends::hops(reading.ingress, |_| HopProtection::PassedThrough);
    }
    let configuration = configuration(reading);
    backends::hops(reading.ingress, |service| protection(reading, service, &configuration))
}

/// What `ssl-passthrough` leaves open.
pub(super) fn passthrough() -> Doubt {
    Doubt::new("ssl-passthrough leaves TLS to the backend", "remove the annotation ssl-passthrough")
}

/// What `tcp-service-port` leaves open.
pub(super) fn tcp() -> Doubt {
    Doubt::new(
        "tcp-service-port makes it a TCP service, which Ringwall does not judge",
        "remove the annotation tcp-service-port",
    )
}

/// Snippets of the `ConfigMap` that set TLS past what the controller sets.
fn hidden(configuration: &Configuration) -> Option<(Doubt, By)> {
    const KEYS: [&str; 3] = ["config-global", "config-frontend", "config-frontend-https"];
    const SETS: [&str; 4] = ["ssl-min-ver", "ssl-max-ver", "force-tlsv1", "ciphers"];
    KEYS.iter().find_map(|key| {
        let (text, by) = configuration.setting(key).ok()??;
        let doubt = || {
            Doubt::new(
                format!("the snippet {key} in the controller's ConfigMap sets TLS past what the controller sets"),
                format!("set ssl-options and ssl-ciphers in place of {key}"),
            )
        };
        SETS.iter().any(|word| text.contains(word)).then(|| (doubt(), by))
    })
}

/// The oldest version: by `ssl-options-host` of the host, else by `ssl-options` of the `ConfigMap`.
fn oldest(reading: &Reading<'_>, configuration: &Configuration) -> Setting<Oldest> {
    let vouched = reading.controller.and_then(|name| reading.vouched.settings.of(name)?.oldest_tls);
    let of_host = written(reading, configuration, "ssl-options-host");
    let found = match of_host {
        Ok(Some((text, by))) if of_options(&text).is_some() => Ok(Some((text, by))),
        Ok(_) => match configuration.setting("ssl-options") {
            Ok(found) => Ok(found.map(|(text, by)| (text.clone(), by))),
            Err(doubt) => Err(doubt.clone()),
        },
        Err(doubt) => Err(doubt),
    };
    match (found, vouched) {
        (Err(doubt), _) => Setting { value: Oldest::Unknown(doubt), by: By::Default(WHOSE) },
        (Ok(Some((text, by))), _) => {
            Setting { value: of_options(&text).unwrap_or(Oldest::Version(TlsVersion::Tls12)), by }
        }
        (Ok(None), Some(version)) => Setting { value: Oldest::Version(version), by: By::Environment },
        (Ok(None), None) => Setting { value: Oldest::Version(TlsVersion::Tls12), by: By::Default(WHOSE) },
    }
}

/// What options of `bind` come to, where they say which versions there are (configuration manual of `HAProxy`, 5.1): the last word
/// counts. `no-tlsv1x` only takes away, so that it can raise the oldest one and never lower it.
fn of_options(options: &str) -> Option<Oldest> {
    let mut words = options.split_whitespace();
    let mut oldest = None;
    let mut newest = None;
    while let Some(word) = words.next() {
        match word {
            "ssl-min-ver" => oldest = Some(version(words.next().unwrap_or_default())),
            "ssl-max-ver" => newest = Some(version(words.next().unwrap_or_default())),
            "force-sslv3" => oldest = Some(Some(TlsVersion::Ssl3)),
            "force-tlsv10" => oldest = Some(Some(TlsVersion::Tls10)),
            "force-tlsv11" => oldest = Some(Some(TlsVersion::Tls11)),
            "force-tlsv12" => oldest = Some(Some(TlsVersion::Tls12)),
            "force-tlsv13" => oldest = Some(Some(TlsVersion::Tls13)),
            _ => {}
        }
    }
    // Without an oldest version, a newest one below TLS 1.2 takes the oldest down with it.
    let by_newest = newest.filter(|newest| newest.is_none_or(|newest| newest < TlsVersion::Tls12));
    let found = oldest.or(by_newest)?;
    let doubt = || Oldest::Unknown(Doubt::new("HAProxy does not take its ssl-options", "write ssl-min-ver TLSv1.2"));
    Some(found.map_or_else(doubt, Oldest::Version))
}

fn version(word: &str) -> Option<TlsVersion> {
    match word {
        "SSLv3" => Some(TlsVersion::Ssl3),
        "TLSv1.0" => Some(TlsVersion::Tls10),
        "TLSv1.1" => Some(TlsVersion::Tls11),
        "TLSv1.2" => Some(TlsVersion::Tls12),
        "TLSv1.3" => Some(TlsVersion::Tls13),
        _ => None,
    }
}

/// Whether clients show certificates (pkg/converters/ingress/annotations/host.go).
fn client(reading: &Reading<'_>, configuration: &Configuration) -> Setting<ClientCertificates> {
    let (secret, by) = match written(reading, configuration, "auth-tls-secret") {
        Err(doubt) => return Setting { value: ClientCertificates::Unknown(doubt), by: By::Default(WHOSE) },
        Ok(None) => return Setting { value: ClientCertificates::NotAsked, by: By::Default(WHOSE) },
        Ok(Some(found)) => found,
    };
    if secret.is_empty() {
        return Setting { value: ClientCertificates::NotAsked, by };
    }
    let Ok(Some((verify, by_verify))) = written(reading, configuration, "auth-tls-verify-client") else {
        return Setting { value: ClientCertificates::Required, by };
    };
    let fact = match verify.as_str() {
        "off" => "are not asked for: auth-tls-verify-client is off",
        "optional" => "are not required: auth-tls-verify-client is optional",
        "optional_no_ca" => "need not be trusted: auth-tls-verify-client is optional_no_ca",
        _ => return Setting { value: ClientCertificates::Required, by },
    };
    Setting { value: ClientCertificates::Optional(fact.into()), by: by_verify }
}

/// How traffic to a Service is protected (pkg/converters/ingress/annotations/backend.go, `buildBackendProtocol`).
fn protection(reading: &Reading<'_>, service: Option<&ObjectKey>, configuration: &Configuration) -> HopProtection {
    let meta = match service_meta(reading, service) {
        Ok(meta) => meta,
        Err(blind) => return HopProtection::Unknown(blind.into()),
    };
    let found = |name: &str| of_backend(reading, meta.as_ref(), configuration, name);
    let (protocol, secure, ca) =
        match (found("backend-protocol"), found("secure-backends"), found("secure-verify-ca-secret")) {
            (Ok(protocol), Ok(secure), Ok(ca)) => (protocol, secure, ca),
            (Err(doubt), ..) | (_, Err(doubt), _) | (.., Err(doubt)) => return HopProtection::Unknown(doubt),
        };
    let verified = match ca {
        Some((text, _)) if !text.is_empty() => Verified::Yes,
        _ => Verified::No(By::Default(WHOSE)),
    };
    let secure = secure.filter(|(text, _)| go_bool(text) == Some(true));
    let is = |words: &[&str], text: &str| words.contains(&text.to_ascii_lowercase().as_str());
    match (protocol, secure) {
        (Some((text, by)), _) if is(&["h1-ssl", "https", "h2-ssl", "grpcs", "fcgi-ssl"], &text) => {
            HopProtection::Tls(by, verified)
        }
        // A protocol that it does not know makes it leave all of this aside.
        (Some((text, by)), _) if !is(&["", "h1", "http", "h2", "grpc", "fcgi"], &text) => HopProtection::Plaintext(by),
        (_, Some((_, by))) => HopProtection::Tls(by, verified),
        (Some((_, by)), None) => HopProtection::Plaintext(by),
        (None, None) => HopProtection::Plaintext(By::Default(WHOSE)),
    }
}

/// What is said of a host under a name: on the Ingress, else in the `ConfigMap`.
fn written(reading: &Reading<'_>, configuration: &Configuration, name: &str) -> Result<Option<(Name, By)>, Doubt> {
    let ingress = reading.ingress;
    if let Some((key, text)) = annotation(&ingress.meta, name) {
        return Ok(Some((text.clone(), by_annotation(key_of(ingress), &key))));
    }
    let found = configuration.setting(name).map_err(Clone::clone)?;
    Ok(found.map(|(text, by)| (text.clone(), by)))
}

/// What is said of a backend under a name: on the Service, else as of a host.
fn of_backend(
    reading: &Reading<'_>,
    meta: Option<&Meta>,
    configuration: &Configuration,
    name: &str,
) -> Result<Option<(Name, By)>, Doubt> {
    if let Some((meta, (whole, text))) = meta.and_then(|meta| Some((meta, annotation(meta, name)?))) {
        return Ok(Some((text.clone(), by_annotation(key(Kind::Service, meta), &whole))));
    }
    written(reading, configuration, name)
}
