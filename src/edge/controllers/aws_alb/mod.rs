//! The AWS Load Balancer Controller, which makes an Application Load Balancer of Ingresses.
//!
//! `spec.tls` is not encryption here: its hosts only look for certificates in ACM once there is an HTTPS port, and its Secrets are
//! never read. The ports are those of the annotation `listen-ports`; without it HTTPS on 443 where the Ingress names its
//! certificates, else **HTTP on 80**. Plaintext is redirected where `ssl-redirect` names an HTTPS port. Ingresses of one group
//! share one load balancer: a redirect of one holds for all, ports and policies are merged, and where two contradict each other
//! the controller changes nothing at all. `IngressClassParams` go before annotations, for Ingresses that name their class by the field.
//!
//! Sources: `pkg/ingress/model_build_listener.go` (ports, certificates, policies), `model_builder.go` (groups, redirects),
//! `group_loader.go`, `class_loader.go`, `model_build_target_group.go`, `enhanced_backend_builder.go`.

mod actions;
mod groups;
mod member;
#[cfg(test)]
mod tests;

use crate::{
    edge::{
        By, Cause, CausePlace, CertificateUse, Ciphers, ClientCertificates, Hop, HopProtection, Mend, Oldest, Setting,
        TlsSettings, Verified,
    },
    model::{Ingress, IngressBackend, Name},
    snapshot::Need,
};

use super::{
    Controller, Doubt, HostMatch, Identity, Knowledge, MissingSecret, Opening, Plaintext, Point, Reading, Tls, Topic,
    backends,
    values::{by_annotation, key_of},
};
use actions::Action;
use groups::Group;
use member::{Member, Params};

pub(super) use groups::alters;

/// The AWS Load Balancer Controller.
#[derive(Debug)]
pub(super) struct AwsAlb;

static IDENTITY: Identity = Identity {
    title: "the AWS Load Balancer Controller",
    controllers: &["ingress.k8s.aws/alb"],
    annotation: Some("alb"),
    matching: HostMatch::Certificates,
    // Its certificates are ACM's: there is no Secret to miss.
    missing_secret: MissingSecret::Unknown,
    source: "https://github.com/kubernetes-sigs/aws-load-balancer-controller: pkg/ingress/model_build_listener.go, \
             pkg/ingress/model_builder.go",
};

static KNOWLEDGE: Knowledge = Knowledge {
    exact: &[
        (
            Topic::Plaintext,
            "`listen-ports`, `certificate-arn` and `ssl-redirect`, merged over the group (`group.name`)",
        ),
        (Topic::Plaintext, "redirects by `actions.NAME`, where their path is `/*` and no other path goes before it"),
        (Topic::Versions, "`ssl-policy`, else the ruleset's `tlsPolicy`, else `ELBSecurityPolicy-2016-08` (TLS 1.0)"),
        (Topic::Ciphers, "as the versions: what the policy of that name says"),
        (Topic::Clients, "`mutual-authentication`"),
        (Topic::Backends, "`backend-protocol` of the Service, else of the Ingress; certificates are never verified"),
        (Topic::OwnKinds, "`IngressClassParams`: `group`, `certificateArn`, `sslPolicy`, `sslRedirectPort`"),
    ],
    doubts: &[
        "whether a certificate of ACM names a host: it is taken as asked for",
        "what a group does whose Ingresses contradict each other: the controller changes nothing until they agree",
        "redirects by `actions.NAME` beside other paths, or with `conditions.NAME`",
        "the controller's flag `--default-ssl-policy`, unless the ruleset says it as `tlsPolicy`",
        "EKS Auto Mode (`eks.amazonaws.com/alb`), which is another controller",
    ],
};

const GROUP_NAME: &str = crate::model::annotations::ALB_GROUP;
const LISTEN_PORTS: &str = "alb.ingress.kubernetes.io/listen-ports";
const CERTIFICATES: &str = "alb.ingress.kubernetes.io/certificate-arn";
const SSL_REDIRECT: &str = "alb.ingress.kubernetes.io/ssl-redirect";
const SSL_POLICY: &str = "alb.ingress.kubernetes.io/ssl-policy";
const CLIENTS: &str = "alb.ingress.kubernetes.io/mutual-authentication";
const BACKEND_PROTOCOL: &str = "alb.ingress.kubernetes.io/backend-protocol";
const BOTH_PORTS: &str = r#"[{"HTTP": 80}, {"HTTPS": 443}]"#;
/// The policy of listeners for which nothing names another (controller flag `--default-ssl-policy`).
const DEFAULT_POLICY: &str = "ELBSecurityPolicy-2016-08";
const BY_DEFAULT: By = By::Default("the default of the AWS Load Balancer Controller");

static NO_PORTS: Cause = Cause {
    fact: "without listen-ports and certificate-arn the AWS Load Balancer Controller opens HTTP on port 80 alone, whatever spec.tls says",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::Annotate(LISTEN_PORTS, BOTH_PORTS), Mend::Annotate(SSL_REDIRECT, "443")],
};
static HTTP_ALONE: Cause = Cause {
    fact: "listen-ports opens HTTP and no HTTPS",
    places: &[CausePlace::Annotation(LISTEN_PORTS), CausePlace::Point],
    mends: &[Mend::Annotate(LISTEN_PORTS, BOTH_PORTS), Mend::Annotate(SSL_REDIRECT, "443")],
};
static NO_REDIRECT: Cause = Cause {
    fact: "listen-ports opens HTTP beside HTTPS, and no ssl-redirect sends it there",
    places: &[CausePlace::Annotation(LISTEN_PORTS), CausePlace::Point],
    mends: &[Mend::Annotate(SSL_REDIRECT, "443")],
};
static NO_REDIRECT_TO_OTHER_PORT: Cause = Cause {
    fact: "listen-ports opens HTTP beside HTTPS, and no ssl-redirect sends it there",
    places: &[CausePlace::Annotation(LISTEN_PORTS), CausePlace::Point],
    mends: &[Mend::Words(
        "set the annotation alb.ingress.kubernetes.io/ssl-redirect to the HTTPS port of listen-ports",
    )],
};

impl Controller for AwsAlb {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    fn knowledge(&self) -> &'static Knowledge {
        &KNOWLEDGE
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let params = Params::of(&reading);
        let member = Member::of(reading.ingress, &params);
        let plaintext = plaintext(&reading, &params, &member);
        let has_https = member.ports.as_ref().map(|ports| ports.values().any(|https| *https)).map_err(Clone::clone);
        Box::new(Opened { ingress: reading.ingress, plaintext, has_https })
    }

    /// For each HTTPS port the one policy that somebody in the group names for it. One entry where all ports agree.
    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        let params = Params::of(&reading);
        let member = Member::of(reading.ingress, &params);
        let Ok(ports) = &member.ports else { return Vec::new() };
        let group = Group::of(&reading, &params, &member);
        let https = ports.iter().filter(|(_, https)| **https).map(|(port, _)| *port);
        let mut settings: Vec<TlsSettings> = https.map(|port| settings_of_port(&reading, &group, port)).collect();
        let is_one = settings.windows(2).all(|pair| match pair {
            [first, second] => {
                (&first.oldest, &first.ciphers, &first.client) == (&second.oldest, &second.ciphers, &second.client)
            }
            _ => true,
        });
        if is_one {
            settings.truncate(1);
            settings = settings.into_iter().map(|setting| TlsSettings { part: None, ..setting }).collect();
        }
        settings
    }

    /// None of a Secret: they are ACM's.
    fn certificates(&self, _: Reading<'_>) -> Vec<CertificateUse> {
        Vec::new()
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        let ingress = reading.ingress;
        backends::hops_to(ingress, |backend| match Action::of(ingress, backend) {
            Some(Action::Redirect { .. } | Action::Response) => None,
            Some(Action::Other) => Some(HopProtection::Unknown(Doubt::new(
                "Ringwall does not read where an action of the AWS Load Balancer Controller forwards to",
                "name the Service in the path's own backend",
            ))),
            None => Some(protection(&reading, backend)),
        })
    }

    /// The parameters of its class, and for a group that its other Ingresses are as they seem: those of the namespace are read
    /// again, for it is they that arrive together.
    fn rests_on(&self, reading: Reading<'_>) -> Vec<Need> {
        let params = Params::of(&reading);
        let mut needs: Vec<Need> = params.key().map(|key| Need::Get(key.clone())).into_iter().collect();
        if params.group(reading.ingress).is_some() {
            needs.push(Need::List(crate::model::Kind::Ingress, reading.ingress.meta.namespace.clone()));
        }
        needs
    }
}

/// What a load balancer makes of an Ingress: the same for all its hosts, but for redirects of paths.
struct Opened<'a> {
    ingress: &'a Ingress,
    plaintext: Plaintext,
    /// Whether it has an HTTPS port of its own.
    has_https: Result<bool, Doubt>,
}

impl Opening for Opened<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        match &self.plaintext {
            Plaintext::Served(_) => actions::redirects(self.ingress, point).unwrap_or_else(|| self.plaintext.clone()),
            same => same.clone(),
        }
    }

    fn tls(&self, point: &Point, _: &Plaintext) -> Tls {
        match (&self.has_https, &point.host) {
            (Ok(false), _) => Tls::None,
            (Err(doubt), _) => Tls::Unknown(doubt.clone()),
            // Its certificates are named, or sought in ACM for each host: one that is not found stops the controller.
            (Ok(true), Some(_)) => Tls::Covered,
            (Ok(true), None) => {
                Tls::Unknown(Doubt::new("no certificate can be asked for requests of any host", "give the rule a host"))
            }
        }
    }
}

/// What becomes of plaintext, redirects of single paths aside.
fn plaintext(reading: &Reading<'_>, params: &Params, member: &Member) -> Plaintext {
    let ports = match &member.ports {
        Ok(ports) => ports,
        Err(doubt) => return Plaintext::Unknown(doubt.clone()),
    };
    if ports.values().all(|https| *https) {
        return Plaintext::Closed;
    }
    match Group::of(reading, params, member).redirect() {
        Ok(true) => Plaintext::Redirected,
        Ok(false) => Plaintext::Served(cause(reading.ingress, ports)),
        Err(doubt) => Plaintext::Unknown(doubt),
    }
}

fn cause(ingress: &Ingress, ports: &member::Ports) -> &'static Cause {
    if !ingress.meta.annotations.has(LISTEN_PORTS) {
        &NO_PORTS
    } else if ports.get(&443) == Some(&true) {
        &NO_REDIRECT
    } else if ports.values().any(|https| *https) {
        &NO_REDIRECT_TO_OTHER_PORT
    } else {
        &HTTP_ALONE
    }
}

fn settings_of_port(reading: &Reading<'_>, group: &Group, port: u16) -> TlsSettings {
    let controller = reading.controller.map_or("", |name| name.as_str());
    let vouched = reading.vouched.settings.of(controller);
    let policy = |name: Name, by: By| {
        let oldest = Setting { value: Oldest::Policy(name.clone()), by: by.clone() };
        (oldest, Setting { value: Ciphers::Policy(name), by })
    };
    let (oldest, ciphers) = match group.policy(port) {
        Err(doubt) => (
            Setting { value: Oldest::Unknown(doubt.clone()), by: BY_DEFAULT },
            Setting { value: Ciphers::Unknown(doubt), by: BY_DEFAULT },
        ),
        Ok(Some(named)) => policy(named.value, named.by),
        Ok(None) => {
            let vouched_policy = vouched.and_then(|settings| settings.tls_policy.clone());
            let by_default = || {
                let (oldest, ciphers) = policy(DEFAULT_POLICY.into(), BY_DEFAULT);
                let version = vouched.and_then(|settings| settings.oldest_tls).map(Oldest::Version);
                (version.map_or(oldest, |value| Setting { value, by: By::Environment }), ciphers)
            };
            vouched_policy.map_or_else(by_default, |name| policy(name, By::Environment))
        }
    };
    let client = group.client(port).unwrap_or(Setting { value: ClientCertificates::NotAsked, by: BY_DEFAULT });
    TlsSettings { part: Some(port.to_string().into()), oldest, ciphers, client }
}

/// What becomes of traffic to a backend: the Service's annotation goes before that of the Ingress.
fn protection(reading: &Reading<'_>, backend: &IngressBackend) -> HopProtection {
    let ingress = reading.ingress;
    let of_ingress = ingress.meta.annotations.value(BACKEND_PROTOCOL);
    let said = match backends::service_key(ingress, backend).map(|key| (backends::service(reading.snapshot, &key), key))
    {
        Some((Ok(service), key)) => match service.meta.annotations.value(BACKEND_PROTOCOL) {
            Some(text) => Some((text.clone(), by_annotation(key, BACKEND_PROTOCOL))),
            None => of_ingress.map(|text| (text.clone(), by_annotation(key_of(ingress), BACKEND_PROTOCOL))),
        },
        Some((Err(blind), _)) => return HopProtection::Unknown(blind.into()),
        None => of_ingress.map(|text| (text.clone(), by_annotation(key_of(ingress), BACKEND_PROTOCOL))),
    };
    match said {
        None => HopProtection::Plaintext(BY_DEFAULT),
        Some((text, by)) if text == "HTTPS" => HopProtection::Tls(
            by,
            Verified::No(By::Default("the Application Load Balancer, which checks no target's certificate")),
        ),
        Some((text, by)) if text == "HTTP" => HopProtection::Plaintext(by),
        Some(_) => HopProtection::Unknown(Doubt::new(
            "the AWS Load Balancer Controller knows no other backend-protocol than HTTP and HTTPS, and changes nothing",
            "set the annotation alb.ingress.kubernetes.io/backend-protocol: \"HTTPS\"",
        )),
    }
}
