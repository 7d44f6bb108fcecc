//! What implementations of Gateway API do where the API leaves it to them: versions, cipher suites, certificates that no
//! reference names. No field of the standard API says any of it; the keys of `tls.options` are the implementations' own.
//!
//! An implementation is known by `controllerName` of the `GatewayClass`. Where a policy of its own could say otherwise (Envoy
//! Gateway's `ClientTrafficPolicy`, Traefik's default `TLSOption`) the built-in value is taken; where a cloud decides (AWS, GKE),
//! it cannot be said.

use crate::{
    edge::{By, Ciphers, ClientCertificates, Doubt, Notation, Oldest, Serving, Setting, Vouched},
    model::{FieldPath, GatewayListener, Labels, Name, ObjectKey, TlsVersion},
};

use super::listeners::place;

const ISTIO_MODE: &str = "gateway.istio.io/tls-terminate-mode";
const ISTIO_CIPHERS: &str = "gateway.istio.io/tls-cipher-suites";
const NGINX_PROTOCOLS: &str = "nginx.org/ssl-protocols";
const NGINX_CIPHERS: &str = "nginx.org/ssl-ciphers";
const GKE_CERTIFICATES: &str = "networking.gke.io/pre-shared-certs";
const GKE_MAP: &str = "networking.gke.io/certmap";

/// What nobody says.
pub(super) const DEFAULT: By = By::Default("the default of its controller");

/// An implementation of Gateway API.
#[derive(Debug)]
pub(super) struct Implementation {
    /// The values of `GatewayClass.spec.controllerName`.
    controllers: &'static [&'static str],
    /// The default, as sentences name it.
    default: &'static str,
    /// The oldest version that it accepts where nothing is set; or why that cannot be said.
    floor: Result<TlsVersion, &'static str>,
    /// The suites that it offers where nothing is set.
    suites: Suites,
}

/// The suites that are offered where nothing is set.
#[derive(Debug)]
enum Suites {
    /// Envoy's, all with forward secrecy and AEAD.
    Sound,
    /// This OpenSSL string.
    OpenSsl(&'static str),
    /// A cloud decides, or it was not looked up.
    Unknown(&'static str),
}

static ISTIO: Implementation = Implementation {
    // pilot/pkg/config/kube/gateway/conversion.go (buildTLS), pkg/config/constants (unmanaged, mesh, east-west).
    controllers: &["istio.io/gateway-controller", "istio.io/unmanaged-gateway", "istio.io/eastwest-controller"],
    default: "the default of Istio",
    floor: Ok(TlsVersion::Tls12),
    suites: Suites::Sound,
};
static NGINX: Implementation = Implementation {
    // internal/controller/state/graph/gateway_listener.go (validateListenerTLSOptions); nginx 1.27.3 and later.
    controllers: &["gateway.nginx.org/nginx-gateway-controller"],
    default: "the default of NGINX",
    floor: Ok(TlsVersion::Tls12),
    suites: Suites::OpenSsl("HIGH:!aNULL:!MD5"),
};
static GKE: Implementation = Implementation {
    controllers: &["networking.gke.io/gateway"],
    default: "the default of GKE",
    floor: Err("an SSL policy that a GCPGatewayPolicy names decides which versions GKE accepts, TLS 1.0 without one"),
    suites: Suites::Unknown("an SSL policy that a GCPGatewayPolicy names decides which suites GKE offers"),
};

/// Those that are known, which differ in their options and built-in values.
static KNOWN: &[&Implementation] = &[
    &ISTIO,
    &NGINX,
    &GKE,
    &Implementation {
        // Envoy, api/v1alpha1/tls_types.go: minVersion 1.2.
        controllers: &["gateway.envoyproxy.io/gatewayclass-controller"],
        default: "the default of Envoy Gateway",
        floor: Ok(TlsVersion::Tls12),
        suites: Suites::Sound,
    },
    &Implementation {
        // Envoy: servers accept TLS 1.2 where tls_minimum_protocol_version is not set.
        controllers: &["io.cilium/gateway-controller", "kgateway.dev/kgateway"],
        default: "the default of Envoy",
        floor: Ok(TlsVersion::Tls12),
        suites: Suites::Sound,
    },
    &Implementation {
        // Encryption facts 1.2: 1.2, and it cannot go below.
        controllers: &["projectcontour.io/gateway-controller"],
        default: "the default of Contour",
        floor: Ok(TlsVersion::Tls12),
        suites: Suites::Sound,
    },
    &Implementation {
        controllers: &["traefik.io/gateway-controller"],
        default: "the default of Traefik",
        floor: Ok(TlsVersion::Tls12),
        suites: Suites::Unknown("which suites Traefik offers, its default TLSOption decides"),
    },
    &Implementation {
        controllers: &["gateway.k8s.aws/alb", "gateway.k8s.aws/nlb"],
        default: "the default of AWS",
        floor: Err("sslPolicy of a LoadBalancerConfiguration decides which versions AWS accepts, TLS 1.0 without one"),
        suites: Suites::Unknown("sslPolicy of a LoadBalancerConfiguration decides which suites AWS offers"),
    },
];

/// The implementation of that name.
pub(super) fn named(controller: &str) -> Option<&'static Implementation> {
    KNOWN.iter().copied().find(|known| known.controllers.contains(&controller))
}

/// That a field says it.
pub(super) fn by(object: &ObjectKey, path: FieldPath) -> By {
    By::Field(place(object, path))
}

/// What is not known where Ringwall does not know who serves, or what they do.
pub(super) fn unknown(serving: &Serving) -> Doubt {
    match serving {
        Serving::Known { name, .. } | Serving::Unknown { name } => Doubt::new(
            format!("Ringwall does not know what {name} accepts by default"),
            format!("say so in the ruleset: environment.ingressControllers: {{{name}: {{oldestTls: \"1.2\"}}}}"),
        ),
        Serving::Nobody(doubt) | Serving::Unseen(doubt) => doubt.clone(),
    }
}

/// The oldest version that a listener accepts: by an option, by the operator's word, or by default.
pub(super) fn oldest(
    known: Option<&Implementation>,
    serving: &Serving,
    vouched: Vouched<'_>,
    options: Option<&Labels>,
    by: impl Fn(&str) -> By,
) -> Setting<Oldest> {
    let is_nginx = known.is_some_and(|known| std::ptr::eq(known, &raw const NGINX));
    if let Some(protocols) = options.filter(|_| is_nginx).and_then(|options| options.value(NGINX_PROTOCOLS)) {
        return Setting { value: oldest_of(protocols), by: by(NGINX_PROTOCOLS) };
    }
    let said = serving.name().and_then(|name| vouched.settings.of(name));
    if let Some(version) = said.and_then(|said| said.oldest_tls) {
        return Setting { value: Oldest::Version(version), by: By::Environment };
    }
    if let Some(policy) = said.and_then(|said| said.tls_policy.clone()) {
        return Setting { value: Oldest::Policy(policy), by: By::Environment };
    }
    match known.map(|known| (known, known.floor)) {
        Some((known, Ok(version))) => Setting { value: Oldest::Version(version), by: By::Default(known.default) },
        Some((known, Err(why))) => {
            let doubt = Doubt::new(why, unknown(serving).settle);
            Setting { value: Oldest::Unknown(doubt), by: By::Default(known.default) }
        }
        None => Setting { value: Oldest::Unknown(unknown(serving)), by: DEFAULT },
    }
}

impl Implementation {
    /// The suites that a listener offers.
    pub(super) fn ciphers(&self, options: Option<&Labels>, by: impl Fn(&str) -> By) -> Setting<Ciphers> {
        for (key, known) in [(ISTIO_CIPHERS, &raw const ISTIO), (NGINX_CIPHERS, &raw const NGINX)] {
            let value = options.filter(|_| std::ptr::eq(self, known)).and_then(|options| options.value(key));
            if let Some(value) = value {
                // Istio's have commas between.
                let written = Name::from(value.split(',').map(str::trim).collect::<Vec<_>>().join(":"));
                return Setting { value: Ciphers::Written(Notation::OpenSsl, written), by: by(key) };
            }
        }
        let value = match self.suites {
            Suites::Sound => Ciphers::Sound,
            Suites::OpenSsl(list) => Ciphers::Written(Notation::OpenSsl, list.into()),
            Suites::Unknown(why) => Ciphers::Unknown(Doubt::new(why, "see to it where it is decided")),
        };
        Setting { value, by: By::Default(self.default) }
    }

    /// Whether clients show a certificate, where an option of the implementation says so.
    pub(super) fn client(
        &self,
        holder: &ObjectKey,
        index: usize,
        listener: &GatewayListener,
    ) -> Option<Setting<ClientCertificates>> {
        let mode = listener.tls.as_ref()?.options.value(ISTIO_MODE).filter(|_| self.is_istio())?;
        let value = match mode.as_str() {
            "MUTUAL" | "ISTIO_MUTUAL" => ClientCertificates::Required,
            "OPTIONAL_MUTUAL" => ClientCertificates::Optional(
                format!("are asked for and not required ({ISTIO_MODE}: OPTIONAL_MUTUAL)").into(),
            ),
            _ => return None,
        };
        let path = FieldPath::new("spec.listeners").index(index).field("tls").field("options").field(ISTIO_MODE);
        Some(Setting { value, by: by(holder, path) })
    }

    /// Whether a listener without `certificateRefs` has a certificate all the same.
    pub(super) fn brings_certificate(&self, listener: &GatewayListener, annotations: &Labels) -> bool {
        let option = |key: &str| listener.tls.as_ref().and_then(|tls| tls.options.value(key));
        if self.is_istio() {
            return option(ISTIO_MODE).is_some_and(|mode| *mode == "ISTIO_SIMPLE" || *mode == "ISTIO_MUTUAL");
        }
        let names_some = |value: Option<&Name>| value.is_some_and(|value| !value.is_empty());
        std::ptr::eq(self, &raw const GKE)
            && (names_some(option(GKE_CERTIFICATES)) || names_some(annotations.value(GKE_MAP)))
    }

    fn is_istio(&self) -> bool {
        std::ptr::eq(self, &raw const ISTIO)
    }
}

/// The oldest of nginx's names of versions.
fn oldest_of(protocols: &str) -> Oldest {
    let version = |name: &str| match name {
        "SSLv2" => Some(TlsVersion::Ssl2),
        "SSLv3" => Some(TlsVersion::Ssl3),
        "TLSv1" => Some(TlsVersion::Tls10),
        "TLSv1.1" => Some(TlsVersion::Tls11),
        "TLSv1.2" => Some(TlsVersion::Tls12),
        "TLSv1.3" => Some(TlsVersion::Tls13),
        _ => None,
    };
    let versions: Option<Vec<TlsVersion>> = protocols.split_whitespace().map(version).collect();
    match versions.and_then(|versions| versions.into_iter().min()) {
        Some(version) => Oldest::Version(version),
        None => Oldest::Unknown(Doubt::new(
            format!("{NGINX_PROTOCOLS} is not a list of versions that NGINX knows"),
            format!("set {NGINX_PROTOCOLS}: TLSv1.2 TLSv1.3"),
        )),
    }
}
