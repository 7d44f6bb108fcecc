//! What both controllers that are built on nginx write into its configuration, and what nginx makes of it.

use crate::{
    edge::{By, Ciphers, ClientCertificates, Doubt, Notation, Oldest, Setting, Vouched},
    model::{Name, TlsVersion},
};

use super::config_map::Configuration;

/// What a controller has built in.
pub(super) struct BuiltIn {
    /// The oldest version that it accepts.
    pub(super) oldest: TlsVersion,
    /// The cipher suites that it offers.
    pub(super) ciphers: &'static str,
    /// Whose default that is.
    pub(super) whose: &'static str,
}

/// The oldest version of TLS: by `ssl-protocols` of the `ConfigMap`, else by the operator's word, else as it is built.
pub(super) fn oldest(
    configuration: &Configuration,
    vouched: Vouched<'_>,
    controller: Option<&Name>,
    built_in: &BuiltIn,
) -> Setting<Oldest> {
    let vouched = controller.and_then(|name| vouched.settings.of(name)?.oldest_tls);
    match (configuration.setting("ssl-protocols"), vouched) {
        (Err(doubt), _) => Setting { value: Oldest::Unknown(doubt.clone()), by: By::Default(built_in.whose) },
        (Ok(Some((text, by))), _) => Setting { value: of_protocols(text), by },
        (Ok(None), Some(version)) => Setting { value: Oldest::Version(version), by: By::Environment },
        (Ok(None), None) => Setting { value: Oldest::Version(built_in.oldest), by: By::Default(built_in.whose) },
    }
}

/// The cipher suites: by an annotation, if there is one, else by `ssl-ciphers` of the `ConfigMap`, else as they are built in.
pub(super) fn ciphers(
    annotation: Option<(&Name, By)>,
    configuration: &Configuration,
    built_in: &BuiltIn,
) -> Setting<Ciphers> {
    let written = |text: &str| Ciphers::Written(Notation::OpenSsl, text.trim_matches('\n').into());
    match annotation.map_or_else(|| configuration.setting("ssl-ciphers"), |found| Ok(Some(found))) {
        Ok(Some((text, by))) => Setting { value: written(text), by },
        Ok(None) => Setting { value: written(built_in.ciphers), by: By::Default(built_in.whose) },
        Err(doubt) => Setting { value: Ciphers::Unknown(doubt.clone()), by: By::Default(built_in.whose) },
    }
}

/// What `ssl_protocols` comes to (`ngx_http_ssl_module`): words between spaces.
fn of_protocols(text: &str) -> Oldest {
    let version = |word: &str| match word {
        "SSLv2" => Some(TlsVersion::Ssl2),
        "SSLv3" => Some(TlsVersion::Ssl3),
        "TLSv1" => Some(TlsVersion::Tls10),
        "TLSv1.1" => Some(TlsVersion::Tls11),
        "TLSv1.2" => Some(TlsVersion::Tls12),
        "TLSv1.3" => Some(TlsVersion::Tls13),
        _ => None,
    };
    let versions: Option<Vec<TlsVersion>> = text.split_whitespace().map(version).collect();
    match versions.and_then(|versions| versions.into_iter().min()) {
        Some(oldest) => Oldest::Version(oldest),
        None => Oldest::Unknown(Doubt::new(
            format!("nginx does not take {text:?} for ssl-protocols"),
            "set ssl-protocols: TLSv1.2 TLSv1.3",
        )),
    }
}

/// What `ssl_verify_client` comes to (`ngx_http_ssl_module`); `None` where it is no value of it.
pub(super) fn of_verify_client(text: &str, setting: &str) -> Option<ClientCertificates> {
    match text {
        "on" => Some(ClientCertificates::Required),
        "off" => Some(ClientCertificates::Optional(format!("are not asked for: {setting} is off").into())),
        "optional" => Some(ClientCertificates::Optional(format!("are not required: {setting} is optional").into())),
        "optional_no_ca" => {
            Some(ClientCertificates::Optional(format!("need not be trusted: {setting} is optional_no_ca").into()))
        }
        _ => None,
    }
}

/// Whether a snippet has a directive about TLS.
pub(super) fn sets_tls(snippet: &str) -> bool {
    ["ssl_protocols", "ssl_ciphers", "ssl_verify_client", "ssl_conf_command"].iter().any(|name| snippet.contains(name))
}

/// Whether a snippet may redirect to HTTPS.
pub(super) fn may_redirect(snippet: &str) -> bool {
    snippet.contains("https") && (snippet.contains("return") || snippet.contains("rewrite"))
}
