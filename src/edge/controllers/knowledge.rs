//! What is judged exactly of a controller and what cannot be proved, for readers: docs/ingress-controllers.md is made of it.

/// What is known of one controller.
#[derive(Debug)]
pub struct Knowledge {
    /// What is judged exactly, by topic.
    pub exact: &'static [(Topic, &'static str)],
    /// What cannot be proved, each as a sentence without its full stop.
    pub doubts: &'static [&'static str],
}

/// What can be known of a controller. The columns of the page, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Topic {
    /// Whether plaintext is served or redirected.
    Plaintext,
    /// The oldest version of TLS.
    Versions,
    /// The cipher suites.
    Ciphers,
    /// Which certificates are used for which hosts.
    Certificates,
    /// Whether clients show a certificate.
    Clients,
    /// What becomes of traffic behind it.
    Backends,
    /// The kinds beside Ingress.
    OwnKinds,
}

impl Topic {
    /// All, in the order of the columns.
    pub const ALL: [Self; 7] = [
        Self::Plaintext,
        Self::Versions,
        Self::Ciphers,
        Self::Certificates,
        Self::Clients,
        Self::Backends,
        Self::OwnKinds,
    ];

    /// What the column is called.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext and redirects",
            Self::Versions => "versions",
            Self::Ciphers => "ciphers",
            Self::Certificates => "certificates",
            Self::Clients => "client certificates",
            Self::Backends => "backends",
            Self::OwnKinds => "own kinds",
        }
    }
}

impl Knowledge {
    /// Of one of which nothing is written down.
    pub const NONE: Self = Self { exact: &[], doubts: &[] };

    /// What is judged exactly of a topic.
    pub fn of(&self, topic: Topic) -> impl Iterator<Item = &'static str> {
        self.exact.iter().filter(move |(known, _)| *known == topic).map(|(_, text)| *text)
    }
}

/// What is written down here of a controller whose own file does not say it.
pub(super) fn of(identity: &super::Identity) -> &'static Knowledge {
    match identity.controllers.first() {
        Some(&"traefik.io/ingress-controller") => &TRAEFIK,
        Some(&"projectcontour.io/ingress-controller") => &CONTOUR,
        Some(&"ingress-controllers.konghq.com/kong") => &KONG,
        _ => &Knowledge::NONE,
    }
}

static TRAEFIK: Knowledge = Knowledge {
    exact: &[
        (
            Topic::Plaintext,
            "`router.tls` and `router.entrypoints`; Middlewares that redirect; `spec.tls` of an `IngressRoute`",
        ),
        (Topic::Versions, "`minVersion` of the `TLSOption`, else TLS 1.2"),
        (Topic::Ciphers, "`cipherSuites` of the `TLSOption`, else those that Go offers"),
        (Topic::Certificates, "the Secrets of `spec.tls`, of an `IngressRoute` and of an `IngressRouteTCP`"),
        (Topic::Clients, "`clientAuth` of the `TLSOption`"),
        (
            Topic::Backends,
            "`service.serversscheme` and the Service's port; `insecureSkipVerify` of the `ServersTransport`",
        ),
        (Topic::OwnKinds, "`IngressRoute`, `IngressRouteTCP`, `TLSOption`, `ServersTransport`, `Middleware`"),
    ],
    doubts: &[
        "entry points by other names than those of Traefik's own chart (`web`, `websecure`), and entry points that redirect: vouch for those in the ruleset",
        "Middlewares of other providers than Kubernetes",
        "which certificate names a host that no `spec.tls` lists",
        "Traefik's own configuration: its default option, transport and resolvers",
    ],
};

static CONTOUR: Knowledge = Knowledge {
    exact: &[
        (
            Topic::Plaintext,
            "`force-ssl-redirect`, `allow-http`; `permitInsecure` of an `HTTPProxy`, of included ones too",
        ),
        (Topic::Versions, "`tls-minimum-protocol-version`, else TLS 1.2, below which it cannot go"),
        (Topic::Ciphers, "Contour's own list"),
        (
            Topic::Certificates,
            "the Secrets of `spec.tls` (without one plaintext is served alone) and of an `HTTPProxy`",
        ),
        (Topic::Clients, "`clientValidation` of an `HTTPProxy`"),
        (
            Topic::Backends,
            "`upstream-protocol.tls`, `.h2`, `.h2c` of the Service; `protocol` and `validation` of an `HTTPProxy`",
        ),
        (Topic::OwnKinds, "`HTTPProxy`"),
    ],
    doubts: &[
        "Contour's own configuration (its file, `ContourConfiguration`), which may set versions and cipher suites",
    ],
};

static KONG: Knowledge = Knowledge {
    exact: &[
        (Topic::Plaintext, "`konghq.com/protocols`, `force-ssl-redirect`"),
        (Topic::Versions, "TLS 1.2, of Kong's suite `intermediate`, unless the ruleset says `oldestTls`"),
        (Topic::Ciphers, "Kong's suite `intermediate`"),
        (Topic::Certificates, "the Secrets of `spec.tls`, each for the hosts of its entry"),
        (Topic::Backends, "`konghq.com/protocol` and `konghq.com/tls-verify` of the Service"),
    ],
    doubts: &[
        "Kong's own configuration (`ssl_cipher_suite`)",
        "`KongIngress`, plugins and other kinds of Kong, which are not read",
    ],
};

#[cfg(test)]
mod tests {
    use super::super::{BESIDE, KNOWN};

    #[test]
    fn of_every_known_controller_it_is_said_what_is_known() {
        for controller in KNOWN.iter().chain(BESIDE) {
            let (title, knowledge) = (controller.identity().title, controller.knowledge());
            assert!(
                !knowledge.exact.is_empty() && !knowledge.doubts.is_empty(),
                "{title}: override Controller::knowledge"
            );
        }
    }
}
