//! `weak-tls-version`: TLS that accepts versions older than the ruleset's floor, set so or by the controller's default.

use crate::{
    edge::{By, Oldest, Surface, TlsSettings},
    encryption::{policies, versions},
    model::{Kind, TlsVersion},
    snapshot::Need,
};

use super::{
    Breach, Context, Family, Finding, Level, Parameter, ParameterKind, Rule, RuleId, RuleInfo, Subject,
    at_the_edge::{self, AtTheEdge},
    tls_settings::{self, Fault},
};

/// The rule.
pub(super) struct WeakTlsVersion;

const MINIMUM: &str = "minimum";

/// The versions that a ruleset may ask for.
const VERSIONS: [(&str, TlsVersion); 4] =
    [("1.0", TlsVersion::Tls10), ("1.1", TlsVersion::Tls11), ("1.2", TlsVersion::Tls12), ("1.3", TlsVersion::Tls13)];

static INFO: RuleInfo = RuleInfo {
    id: RuleId("weak-tls-version"),
    family: Family("weak-tls-version"),
    level: Level::Baseline,
    what: "TLS at the edge that accepts versions older than TLS 1.2, set so or by the default of whoever serves it.",
    why: "TLS 1.0 and 1.1 are deprecated and forbidden: their handshakes rest on MD5 and SHA-1, and they have no AEAD. AWS load balancers \
          and GCP without an SSL policy still accept them where nothing is set.",
    sources: &[
        "RFC 8996",
        "https://wiki.mozilla.org/Security/Server_Side_TLS",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
        "https://cloud.google.com/load-balancing/docs/ssl-policies-concepts",
    ],
    parameters: &[Parameter {
        name: MINIMUM,
        kind: ParameterKind::OneOf { choices: &["1.0", "1.1", "1.2", "1.3"], default: "1.2" },
        what: "The oldest version of TLS that may be accepted.",
    }],
    aspect: "the listener, where an object has several; else the object",
    extent: "how many versions below the minimum are accepted",
    breaks: r"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-ssl-cert: arn:aws:acm:eu-central-1:111122223333:certificate/web
    service.beta.kubernetes.io/aws-load-balancer-ssl-ports: https
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
",
    keeps: r"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-ssl-cert: arn:aws:acm:eu-central-1:111122223333:certificate/web
    service.beta.kubernetes.io/aws-load-balancer-ssl-ports: https
    service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
",
    mend: "Raise the oldest version that is accepted to TLS 1.2 where it is set; where a cloud's default is older, name a policy. What a \
           controller is configured with out of sight, say in the ruleset: environment.ingressControllers: {NAME: {oldestTls: \"1.2\"}}, \
           and of policies that only a cloud knows: environment.tlsPolicies: {NAME: \"1.2\"}.",
};

impl Rule for WeakTlsVersion {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        tls_settings::judge(&INFO, fault, context, subject, out);
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        at_the_edge::rests_on(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        tls_settings::explain(&INFO, fault, context, breach)
    }
}

pub(super) fn fault(at: &AtTheEdge<'_>, surface: &dyn Surface, settings: &TlsSettings) -> Option<Fault> {
    let environment = at.context.environment;
    let word = at.context.parameters.word(&INFO, MINIMUM);
    let minimum = VERSIONS.iter().find(|(name, _)| *name == word).map_or(TlsVersion::Tls12, |(_, version)| *version);
    let (oldest, by) = versions::oldest(&settings.oldest, surface.serving().name(), &environment.edge);
    let oldest = match oldest {
        Ok(oldest) => oldest,
        Err(doubt) => {
            let fact = format!("may accept versions older than {minimum}");
            return Some(Fault::doubt(at, surface, by, &fact, &doubt));
        }
    };
    if oldest >= minimum {
        return None;
    }
    let below = TlsVersion::ALL.iter().filter(|version| (oldest..minimum).contains(version)).count();
    // The policy is told where it is the object's or the default; what the environment says is in the ruleset.
    let policy = match &settings.oldest.value {
        Oldest::Policy(name) if by != By::Environment => format!(" ({name})"),
        _ => String::new(),
    };
    Some(Fault {
        extent: below as u64,
        certain: Ok(()),
        fact: format!("accepts {oldest}, older than {minimum}, {}{policy}", at.said(&by)),
        fix: fix(at, surface, settings, &by, minimum),
        by,
    })
}

fn fix(at: &AtTheEdge<'_>, surface: &dyn Surface, settings: &TlsSettings, by: &By, minimum: TlsVersion) -> String {
    let is_of_aws = matches!(&settings.oldest.value, Oldest::Policy(name) if policies::is_of_aws(name));
    let policy =
        if minimum >= TlsVersion::Tls13 { "ELBSecurityPolicy-TLS13-1-3-2021-06" } else { policies::RECOMMENDED_OF_AWS };
    match (by, at.key.kind) {
        (By::Field(place), _) if is_of_aws => format!("name the policy {policy} in {}", place.path),
        (By::Field(place), _) => format!("let {} begin with {minimum}", at.said_at(by, place.path.clone()).path),
        (By::Environment, _) => {
            format!(
                "let it begin with {minimum}, and say so in the ruleset's environment.ingressControllers or tlsPolicies"
            )
        }
        (By::Default(_), Kind::Ingress) if is_of_aws => {
            format!("set the annotation alb.ingress.kubernetes.io/ssl-policy: {policy}")
        }
        (By::Default(_), Kind::Service) => {
            format!("set the annotation service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy: {policy}")
        }
        (By::Default(_), _) => {
            let name = surface.serving().name().map_or("NAME", |name| name.as_str());
            let short = VERSIONS.iter().find(|(_, version)| *version == minimum).map_or("1.2", |(name, _)| name);
            format!(
                "let it begin with {minimum}; where its controller is configured so, say it in the ruleset: \
                 environment.ingressControllers: {{{name}: {{oldestTls: \"{short}\"}}}}"
            )
        }
    }
}
