//! `weak-cipher`: cipher suites outside the ruleset's list.
//!
//! What somebody sets is measured by the whole list. What a controller offers by its own default, where nobody sets anything, is
//! reported only where it is broken (3DES, RC4, no encryption, ...): else every installation of a controller whose default is a little
//! wider than the list would be refused for what no author of an Ingress chose.

use std::collections::BTreeSet;

use crate::{
    edge::{By, Ciphers, Doubt, Surface, TlsSettings},
    encryption::{
        ciphers::{self, Settled, Suite, Weak, Weakness},
        policies, versions,
    },
    model::{Name, TlsVersion},
    snapshot::Need,
};

use super::{
    Breach, Context, Family, Finding, Level, Parameter, ParameterKind, Rule, RuleId, RuleInfo, Subject,
    at_the_edge::{self, AtTheEdge},
    tls_settings::{self, Fault},
};

/// The rule.
pub(super) struct WeakCipher;

const ALLOW: &str = "allow";

/// How many weak suites a message names.
const NAMED: usize = 3;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("weak-cipher"),
    family: Family("weak-cipher"),
    level: Level::Baseline,
    what: "TLS at the edge that offers cipher suites outside Mozilla's intermediate list; of a controller's own default, only what is broken.",
    why: "A suite without forward secrecy lets whoever gets the key later read what he recorded before; CBC with SHA-1, 3DES, RC4 and \
          export suites have been broken in practice. Clients agree on the weakest that both sides offer when somebody on the way can \
          choose. The list is that of 6.0, and the DHE suites with AEAD that 5.7 still had are let pass; suites of TLS 1.3 are all sound. \
          Defaults that nobody set are held against 3DES, RC4, and worse alone.",
    sources: &[
        "https://wiki.mozilla.org/Security/Server_Side_TLS",
        "RFC 9325, section 4.2",
        "https://docs.openssl.org/master/man1/openssl-ciphers/",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    ],
    parameters: &[Parameter {
        name: ALLOW,
        kind: ParameterKind::Names { of: "cipher suite", is_known: is_suite },
        what: "Suites that may be offered beside those of the list, by their names in OpenSSL or at IANA.",
    }],
    aspect: "the listener, where an object has several; else the object",
    extent: "the weak suites together, each by how weak it is",
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
    service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy: ELBSecurityPolicy-TLS-1-2-Ext-2018-06
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
    mend: "Offer ECDHE with AES-GCM or CHACHA20-POLY1305 alone: ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
           ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305. On AWS name \
           a policy with -Res-. A policy that the ruleset names under environment.tlsPolicies is vouched for.",
};

impl Rule for WeakCipher {
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

fn is_suite(name: &str) -> bool {
    Suite::named(name).is_some()
}

pub(super) fn fault(at: &AtTheEdge<'_>, surface: &dyn Surface, settings: &TlsSettings) -> Option<Fault> {
    const MAY: &str = "may offer weak cipher suites";
    let edge = &at.context.environment.edge;
    let controller = surface.serving().name();
    if versions::oldest(&settings.oldest, controller, edge).0 == Ok(TlsVersion::Tls13) {
        return None;
    }
    let Settled { offer, by, policy } = ciphers::settled(&settings.ciphers, controller, edge);
    let offer = match offer {
        Ok(offer) => offer,
        Err(doubt) => return Some(Fault::doubt(at, surface, by, MAY, &doubt)),
    };
    let allowed: BTreeSet<&'static Suite> =
        at.context.parameters.names(&INFO, ALLOW).iter().filter_map(|name| Suite::named(name)).collect();
    let mut weak = offer.weak(&allowed);
    if matches!(by, By::Default(_)) {
        weak.retain(|weak| weak.weakness.is_broken());
        if weak.is_empty() {
            return None;
        }
    }
    if policy.is_some() {
        // Nobody can take single suites out of a cloud's policy: one that is sound apart from CBC with SHA-256 is no breach.
        weak.retain(|weak| weak.weakness > Weakness::NotListed);
    }
    if weak.is_empty() {
        let unknown: Vec<&str> = offer.unknown.iter().map(Name::as_str).collect();
        if unknown.is_empty() {
            return None;
        }
        let doubt = Doubt::new(
            format!("which suites {} stands for is not known", unknown.join(", ")),
            format!("list the suites by their names instead of {}", unknown.join(", ")),
        );
        return Some(Fault::doubt(at, surface, by, MAY, &doubt));
    }
    Some(Fault {
        extent: weak.iter().map(|weak| weak.weakness.weight()).sum(),
        certain: Ok(()),
        fact: format!("offers {} {}", listed(&weak), at.said(&by)),
        fix: fix(at, settings, policy.as_ref(), &by, &weak),
        by,
    })
}

/// `the weak cipher suites A (reason), B (reason) and 3 more`.
fn listed(weak: &[Weak]) -> String {
    let named: Vec<String> =
        weak.iter().take(NAMED).map(|weak| format!("{} ({})", weak.name, weak.weakness.words())).collect();
    let suites = if weak.len() == 1 { "the weak cipher suite" } else { "the weak cipher suites" };
    match weak.len().saturating_sub(NAMED) {
        0 => format!("{suites} {}", named.join(", ")),
        more => format!("{suites} {} and {more} more,", named.join(", ")),
    }
}

fn fix(at: &AtTheEdge<'_>, settings: &TlsSettings, policy: Option<&Name>, by: &By, weak: &[Weak]) -> String {
    let place = match by {
        By::Field(place) if place.object == at.key => format!(" in {}", place.path),
        By::Field(place) => format!(" in {} of {}", place.path, place.object),
        By::Default(_) | By::Environment => String::new(),
    };
    match (policy, &settings.ciphers.value) {
        (Some(name), _) if policies::is_of_aws(name) => {
            format!("name the policy {}{place}", policies::RECOMMENDED_OF_AWS)
        }
        (None, Ciphers::Written(..)) if weak.len() <= NAMED => {
            let names: Vec<&str> = weak.iter().map(|weak| weak.name).collect();
            format!("take {} away{place}", names.join(", "))
        }
        _ => format!("offer ECDHE with AES-GCM or CHACHA20-POLY1305 alone{place}"),
    }
}
