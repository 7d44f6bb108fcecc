//! `TLSOption`: how Traefik does TLS.
//!
//! A router takes the option that it names, else the one named `default`, of which there may be one in the cluster: of two
//! both are dropped, and Traefik's own defaults hold. An option holds for hosts, for it must be chosen before a request is
//! read: routers without a host get the default, and so do those of a host for which others name another option
//! (pkg/server/router/tcp/manager.go, pkg/provider/kubernetes/crd/kubernetes.go, `buildTLSOptions`).

use crate::{
    edge::{By, Ciphers, ClientCertificates, Doubt, Notation, Oldest, Setting, TlsSettings, Vouched},
    model::{
        FieldPath, Kind, Name, Object, ObjectKey, Place, TlsVersion,
        traefik::{TlsOption, TraefikReference, TraefikSpec},
    },
    snapshot::{Blind, Lookup, Need, Snapshot},
};

use super::lookup::{self, Found};

/// The name of the option that holds where none is named.
const DEFAULT: &str = "default";
/// Who speaks where no option does.
const TRAEFIK: By = By::Default("the default of Traefik");
/// What Go offers of itself for TLS 1.2 (crypto/tls, `CipherSuites`), which is Traefik's choice (`getCipherSuites`).
pub(super) const SUITES: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,\
                      TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,\
                      TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,\
                      TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,\
                      TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";

/// The option that holds.
#[derive(Clone)]
pub(super) enum Chosen {
    /// None: Traefik's own defaults.
    BuiltIn,
    /// This one.
    Option(Found),
    /// It cannot be said.
    Unknown(Doubt),
}

/// The option that a router names, if it names one beside the default.
pub(super) fn named(reference: Option<&TraefikReference>) -> Option<&TraefikReference> {
    reference.filter(|reference| reference.name != DEFAULT && !reference.name.is_empty())
}

/// The option that holds where a router names this one.
pub(super) fn choose(snapshot: &Snapshot, reference: Option<&TraefikReference>, own: Option<&Name>) -> Chosen {
    let Some(reference) = named(reference) else { return default(snapshot) };
    let name = &reference.name;
    let candidates = lookup::candidates(reference, Kind::TLSOption, own);
    match lookup::first(snapshot, &candidates) {
        Lookup::Found(found) => Chosen::Option(found),
        Lookup::Absent if candidates.is_empty() => Chosen::Unknown(Doubt::new(
            format!("Traefik's TLS options {name} are not written in the cluster"),
            "name a TLSOption of the cluster",
        )),
        Lookup::Absent => Chosen::Unknown(Doubt::new(
            format!("there is no TLSOption {name}, without which Traefik refuses connections"),
            format!("create the TLSOption {name}"),
        )),
        Lookup::Unseen(blind) => Chosen::Unknown(blind.into()),
    }
}

/// The reads that [`choose`] rests on.
pub(super) fn needs(snapshot: &Snapshot, reference: Option<&TraefikReference>, own: Option<&Name>) -> Vec<Need> {
    match named(reference) {
        Some(reference) => lookup::needs(snapshot, lookup::candidates(reference, Kind::TLSOption, own)),
        None if matches!(snapshot.coverage(Kind::TLSOption, None), Err(Blind::NotServed(_))) => Vec::new(),
        None => vec![Need::List(Kind::TLSOption, None)],
    }
}

/// The one option of the cluster that is named `default`. Where none can be seen Traefik's own defaults are taken, as
/// elsewhere for what an operator may have configured.
fn default(snapshot: &Snapshot) -> Chosen {
    let mut defaults = defaults(snapshot);
    match (defaults.next(), defaults.next()) {
        (Some(key), None) => match lookup::first(snapshot, &[key]) {
            Lookup::Found(found) => Chosen::Option(found),
            _ => Chosen::BuiltIn,
        },
        _ => match snapshot.coverage(Kind::TLSOption, None) {
            Err(blind @ (Blind::Stale(_) | Blind::Forbidden(_) | Blind::Undecodable(_))) => {
                Chosen::Unknown(blind.into())
            }
            _ => Chosen::BuiltIn,
        },
    }
}

/// The options that are named `default`.
fn defaults(snapshot: &Snapshot) -> impl Iterator<Item = ObjectKey> {
    snapshot.list(Kind::TLSOption, None).filter(|object| object.meta().name == DEFAULT).map(Object::key)
}

/// Whether a change of this option is one of what holds where none is named.
pub(super) fn is_default(key: &ObjectKey) -> bool {
    key.kind == Kind::TLSOption && key.name == DEFAULT
}

impl Chosen {
    fn option(&self) -> Option<(&ObjectKey, &TlsOption)> {
        match self {
            Self::Option(found) => match found.spec() {
                Some(TraefikSpec::Option(option)) => Some((&found.key, option)),
                _ => None,
            },
            Self::BuiltIn | Self::Unknown(_) => None,
        }
    }

    /// Whether connections for which no certificate is there are refused, the default one notwithstanding.
    pub(super) fn is_strict(&self) -> bool {
        self.option().is_some_and(|(_, option)| option.sni_strict)
    }

    /// How TLS is done with it.
    pub(super) fn settings(&self, part: Option<Name>, vouched: Vouched<'_>, controller: Option<&Name>) -> TlsSettings {
        let vouched = controller.and_then(|name| vouched.settings.of(name)).and_then(|said| said.oldest_tls);
        let default = vouched.map_or(Setting { value: TlsVersion::Tls12, by: TRAEFIK }, |version| {
            Setting { value: version, by: By::Environment } //
        });
        if let Self::Unknown(doubt) = self {
            let doubt = || doubt.clone();
            return TlsSettings {
                part,
                oldest: Setting { value: Oldest::Unknown(doubt()), by: TRAEFIK },
                ciphers: Setting { value: Ciphers::Unknown(doubt()), by: TRAEFIK },
                client: Setting { value: ClientCertificates::Unknown(doubt()), by: TRAEFIK },
            };
        }
        let Some((key, option)) = self.option() else {
            return TlsSettings {
                part,
                ciphers: suites(
                    &default,
                    Setting { value: Ciphers::Written(Notation::Go, SUITES.into()), by: TRAEFIK },
                ),
                oldest: Setting { value: Oldest::Version(default.value), by: default.by },
                client: Setting { value: ClientCertificates::NotAsked, by: TRAEFIK },
            };
        };
        let by = |path: &str| By::Field(Place { object: key.clone(), path: FieldPath::new(path) });
        let set = |text: &Option<Name>, path: &str| {
            let version = text.as_ref().and_then(|text| version(text))?;
            Some(Setting { value: version, by: by(path) })
        };
        let oldest = set(&option.min_version, "spec.minVersion").unwrap_or(default);
        // With a newest version below it nothing newer is spoken.
        let newest = set(&option.max_version, "spec.maxVersion").filter(|newest| newest.value < TlsVersion::Tls12);
        let oldest = newest.filter(|newest| newest.value < oldest.value).unwrap_or(oldest);
        let ciphers = match &option.cipher_suites {
            None => Setting { value: Ciphers::Written(Notation::Go, SUITES.into()), by: TRAEFIK },
            // With an empty list only TLS 1.3 is left, whose suites are not chosen.
            Some(suites) if suites.is_empty() => Setting { value: Ciphers::Sound, by: by("spec.cipherSuites") },
            Some(suites) => {
                Setting { value: Ciphers::Written(Notation::Go, suites.join(",").into()), by: by("spec.cipherSuites") }
            }
        };
        let client = match &option.client_auth {
            Some(kind) => Setting { value: clients(kind), by: by("spec.clientAuth.clientAuthType") },
            None if option.has_client_authority => {
                Setting { value: ClientCertificates::Required, by: by("spec.clientAuth.secretNames") }
            }
            None => Setting { value: ClientCertificates::NotAsked, by: TRAEFIK },
        };
        TlsSettings {
            part,
            ciphers: suites(&oldest, ciphers),
            oldest: Setting { value: Oldest::Version(oldest.value), by: oldest.by },
            client,
        }
    }
}

/// The suites, unless only TLS 1.3 is spoken, whose suites are not chosen.
fn suites(oldest: &Setting<TlsVersion>, ciphers: Setting<Ciphers>) -> Setting<Ciphers> {
    if oldest.value < TlsVersion::Tls13 { ciphers } else { Setting { value: Ciphers::Sound, by: oldest.by.clone() } }
}

/// A version as Traefik writes it; it ignores others.
fn version(text: &str) -> Option<TlsVersion> {
    Some(match text {
        "VersionTLS10" => TlsVersion::Tls10,
        "VersionTLS11" => TlsVersion::Tls11,
        "VersionTLS12" => TlsVersion::Tls12,
        "VersionTLS13" => TlsVersion::Tls13,
        _ => return None,
    })
}

/// What a `clientAuthType` comes to (Go's `ClientAuthType`).
fn clients(kind: &str) -> ClientCertificates {
    match kind {
        "NoClientCert" => ClientCertificates::NotAsked,
        "RequireAndVerifyClientCert" => ClientCertificates::Required,
        "RequestClientCert" => ClientCertificates::Optional("are asked for, and neither required nor checked".into()),
        "RequireAnyClientCert" => ClientCertificates::Optional("are required, and not checked".into()),
        "VerifyClientCertIfGiven" => ClientCertificates::Optional("are checked only where they are shown".into()),
        _ => ClientCertificates::Unknown(Doubt::new(
            "Traefik knows no such clientAuthType, and refuses connections",
            "set clientAuthType: RequireAndVerifyClientCert",
        )),
    }
}
