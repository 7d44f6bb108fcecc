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
