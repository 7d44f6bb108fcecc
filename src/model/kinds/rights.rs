//! What Ringwall must be allowed to do in a cluster, by the features in use: from the table of kinds.

use super::{KINDS, Watch};
use crate::model::{Kind, Name};

/// Which features need rights of their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Features {
    /// Ringwall's own namespace.
    pub namespace: Name,
    /// Whether the Secrets that hold certificates are followed (`--watch-certificates`).
    pub watches_certificates: bool,
    /// Whether single Secrets are read when an answer rests on one (the chart's `rbac.readSecrets`).
    pub reads_secrets: bool,
    /// Its Lease, where there is one to hold (`--lease`).
    pub lease: Option<Name>,
    /// Secret and webhook configuration, where it manages its certificate itself (`--manage-certificate`).
    pub certificate: Option<(Name, Name)>,
}

/// One thing that Ringwall must be allowed to do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Right {
    /// What is done.
    pub verb: &'static str,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version in which it is done.
    pub version: &'static str,
    /// The name in URLs.
    pub resource: &'static str,
    /// The subresource, where it is one.
    pub subresource: Option<&'static str>,
    /// Only in this namespace; everywhere without.
    pub namespace: Option<Name>,
    /// Only for the object of this name.
    pub name: Option<Name>,
    /// What cannot be done without it.
    pub need: Purpose,
}

/// What a right is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Purpose {
    /// To be ready at all: a kind that every verdict rests on.
    Verdicts,
    /// To judge by this kind: without it answers are "cannot prove".
    Judging,
    /// To read a Secret's certificate when an answer rests on it.
    Certificates,
    /// To follow the Secrets that hold certificates.
    FollowingCertificates,
    /// To tell by Events what slipped through.
    Telling,
    /// To say in its settings what became of them.
    Status,
    /// To lead.
    Leading,
    /// To keep its own certificate, and the bundle in its webhook configuration.
    OwnCertificate,
}

impl Purpose {
    /// What does not work without it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Verdicts => "no replica becomes ready without it",
            Self::Judging => "what rests on it is \"cannot prove\"",
            Self::Certificates => "what rests on a certificate is \"cannot prove\"",
            Self::FollowingCertificates => "--watch-certificates follows nothing",
            Self::Telling => "what slipped through is told in logs and metrics alone",
            Self::Status => "the status of Ruleset and Exemptions stays as it was",
            Self::Leading => "no replica leads: no status is written and no certificate renewed",
            Self::OwnCertificate => "the serving certificate is not renewed, and calls fail when it expires",
        }
    }

    /// The chart's value that grants it, where one decides.
    pub const fn value(self) -> &'static str {
        match self {
            Self::Certificates => "rbac.readSecrets=true",
            Self::FollowingCertificates => "watchCertificates=true",
            Self::OwnCertificate => "certificates.mode=self-managed",
            Self::Verdicts | Self::Judging | Self::Telling | Self::Status | Self::Leading => "rbac.create=true",
        }
    }
}

/// Everything that the features need, in the order of the table.
pub fn rights(features: &Features) -> Vec<Right> {
    let mut rights = Vec::new();
    for info in &KINDS {
        let mut add = |verbs: &[&'static str], need| {
            rights.extend(verbs.iter().map(|verb| Right {
                verb,
                group: info.group,
                version: info.version,
                resource: info.plural,
                subresource: None,
                namespace: None,
                name: None,
                need,
            }));
        };
        match info.watch {
            Watch::Always if info.required => add(&["get", "list", "watch"], Purpose::Verdicts),
            Watch::Always => add(&["get", "list", "watch"], Purpose::Judging),
            Watch::Never => add(&["get"], Purpose::Judging),
            Watch::OnRequest(_) => {
                if features.reads_secrets || info.kind != Kind::Secret {
                    add(&["get"], Purpose::Certificates);
                }
                if features.watches_certificates {
                    add(&["list", "watch"], Purpose::FollowingCertificates);
                }
            }
        }
    }
    rights.extend(own(features));
    rights
}

/// What does not rest on kinds.
fn own(features: &Features) -> Vec<Right> {
    let right = |verb, group, version, resource, need| Right {
        verb,
        group,
        version,
        resource,
        subresource: None,
        namespace: None,
        name: None,
        need,
    };
    let here = |right: Right| Right { namespace: Some(features.namespace.clone()), ..right };
    let mut rights = vec![right("create", "events.k8s.io", "v1", "events", Purpose::Telling)];
    for resource in ["exemptions", "rulesets"] {
        let patch = right("patch", "ringwall.dev", "v1alpha1", resource, Purpose::Status);
        rights.push(Right { subresource: Some("status"), ..patch });
    }
    if let Some(lease) = &features.lease {
        for verb in ["get", "update"] {
            let lead = here(right(verb, "coordination.k8s.io", "v1", "leases", Purpose::Leading));
            rights.push(Right { name: Some(lease.clone()), ..lead });
        }
        rights.push(here(right("create", "coordination.k8s.io", "v1", "leases", Purpose::Leading)));
    }
    if let Some((secret, configuration)) = &features.certificate {
        for verb in ["get", "update"] {
            let keep = here(right(verb, "", "v1", "secrets", Purpose::OwnCertificate));
            rights.push(Right { name: Some(secret.clone()), ..keep });
        }
        rights.push(here(right("create", "", "v1", "secrets", Purpose::OwnCertificate)));
        let group = "admissionregistration.k8s.io";
        let patch = right("patch", group, "v1", "validatingwebhookconfigurations", Purpose::OwnCertificate);
        rights.push(Right { name: Some(configuration.clone()), ..patch });
        rights.push(right("create", "ringwall.dev", "v1alpha1", "exemptions", Purpose::OwnCertificate));
    }
    rights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        Features {
            namespace: "ringwall".into(),
            watches_certificates: false,
            reads_secrets: false,
            lease: None,
            certificate: None,
        }
    }

    fn on_secrets(features: &Features) -> Vec<&'static str> {
        rights(features).iter().filter(|right| right.resource == "secrets").map(|right| right.verb).collect()
    }

    #[test]
    fn secrets_are_touched_only_by_features_that_say_so() {
        assert_eq!(on_secrets(&features()), Vec::<&str>::new());
        assert_eq!(on_secrets(&Features { reads_secrets: true, ..features() }), ["get"]);
        assert_eq!(on_secrets(&Features { watches_certificates: true, ..features() }), ["list", "watch"]);
        let certificate = Some(("own".into(), "ringwall".into()));
        let keeps = Features { certificate, ..features() };
        assert_eq!(on_secrets(&keeps), ["get", "update", "create"]);
        assert!(
            rights(&keeps).iter().filter(|right| right.resource == "secrets").all(|right| right.namespace.is_some())
        );
    }

    #[test]
    fn nothing_of_others_is_ever_written() {
        let everything = Features {
            watches_certificates: true,
            reads_secrets: true,
            lease: Some("ringwall".into()),
            certificate: Some(("own".into(), "ringwall".into())),
            ..features()
        };
        for right in rights(&everything) {
            let reads = ["get", "list", "watch"].contains(&right.verb);
            let own = right.namespace.is_some() || right.name.is_some() || right.group == "ringwall.dev";
            assert!(reads || own || right.resource == "events", "{right:?}");
        }
    }
}
