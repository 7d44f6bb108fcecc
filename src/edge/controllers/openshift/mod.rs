//! OpenShift's routers: Routes, and the controller that makes Routes of Ingresses.
//!
//! One Route is made for each host and path of an Ingress. It has TLS where a `spec.tls` entry names **exactly** that host and its
//! Secret is good, where an entry is literally empty, or where `route.openshift.io/termination` asks for it; then it redirects
//! plaintext. What is changed later on such a Route by hand is kept, and judged on the Route.
//!
//! Sources: openshift/route-controller-manager pkg/route/ingress/ingress.go; openshift/router
//! images/router/haproxy/conf/haproxy-config.template.

mod ingress;
mod route;
#[cfg(test)]
mod tests;

use crate::{
    edge::{By, Ciphers, ClientCertificates, Doubt, Notation, Setting, TlsSettings},
    model::TlsVersion,
};

use super::{
    Controller, HostMatch, Identity, Knowledge, MissingSecret, Opening, Plaintext, Point, Reading, Tls, Topic,
    backends, secrets,
    values::{by_annotation, key_of},
};

pub(super) use ingress::OpenShift;
pub(super) use route::surface;

/// The name by which `IngressClasses` and rulesets know it.
const NAME: &str = "openshift.io/ingress-to-route";

static IDENTITY: Identity = Identity {
    title: "OpenShift's router",
    controllers: &[NAME],
    annotation: None,
    matching: HostMatch::Exact,
    missing_secret: MissingSecret::NoRoute,
    source: "https://github.com/openshift/route-controller-manager: pkg/route/ingress/ingress.go (tlsConfigForIngress), \
             https://docs.redhat.com/en/documentation/openshift_container_platform: Networking, Configuring Routes",
};

static KNOWLEDGE: Knowledge = Knowledge {
    exact: &[
        (
            Topic::Plaintext,
            "`spec.tls` by literal host or literally empty, `route.openshift.io/termination`; of a Route `insecureEdgeTerminationPolicy`",
        ),
        (Topic::Versions, "TLS 1.2, that of the profile Intermediate, unless the ruleset says `oldestTls`"),
        (Topic::Ciphers, "those of the profile Intermediate"),
        (
            Topic::Certificates,
            "the Secrets of `spec.tls` (without one there is no Route), `externalCertificate` of a Route",
        ),
        (
            Topic::Backends,
            "`termination`: edge goes on in plaintext, reencrypt verifies, passthrough leaves TLS to the backend",
        ),
        (Topic::OwnKinds, "`Route`; that a private key is written into one is known, the key never"),
    ],
    doubts: &[
        "`IngressController.operator.openshift.io`, which is not read: `tlsSecurityProfile` (say it as `oldestTls`) and `clientTLS`",
        "whether the router's default certificate names a Route's host, unless the Route's status says at which domain the router is",
        "what an inline `certificate` of a Route holds",
        "Ingresses without a class where no IngressClass is the default: OpenShift serves them",
    ],
};

const BY_DEFAULT: By = By::Default("OpenShift's profile Intermediate, where no tlsSecurityProfile is set");
/// The suites of TLS 1.2 of the profile Intermediate (openshift/api config/v1 `types_tlssecurityprofile.go`).
const INTERMEDIATE: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                            ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// How the routers do TLS, for Routes and Ingresses alike.
fn settings(reading_oldest: Setting<crate::edge::Oldest>) -> TlsSettings {
    TlsSettings {
        part: None,
        oldest: reading_oldest,
        ciphers: Setting { value: Ciphers::Written(Notation::OpenSsl, INTERMEDIATE.into()), by: BY_DEFAULT },
        client: Setting { value: ClientCertificates::NotAsked, by: BY_DEFAULT },
    }
}

/// What Intermediate accepts at the oldest.
const OLDEST: TlsVersion = TlsVersion::Tls12;

/// That nothing can be said, with what would settle it.
fn doubt(what: &'static str, settle: impl Into<crate::model::Name>) -> Doubt {
    Doubt::new(what, settle)
}
