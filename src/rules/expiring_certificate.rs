//! `expiring-certificate`: a certificate that will soon have expired.

use jiff::SignedDuration;

use crate::{
    encryption::certificates::{lapse, life, remaining},
    snapshot::Need,
};

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Parameter, ParameterKind, Rule, RuleId, RuleInfo, Subject,
    certificates::{self, Held, called, day, origin},
};

/// How long the certificate can be used still, where that is too short.
fn left(context: &Context<'_>, held: &Held) -> Option<SignedDuration> {
    let bundle = held.bundle().filter(|bundle| lapse(bundle, context.now).is_none())?;
    let days = i64::try_from(context.parameters.integer(&INFO, "days")).unwrap_or(i64::MAX);
    let bound = SignedDuration::from_secs(days.saturating_mul(DAY)).min(life(&bundle.leaf) / 3);
    Some(remaining(bundle, context.now)).filter(|left| *left < bound)
}

/// Whether cert-manager is asked to renew it from its first moment on.
fn never_rests(held: &Held) -> bool {
    let asks = held.asked.as_ref().filter(|_| !held.used).and_then(|issuance| issuance.asks.as_ref());
    asks.is_some_and(|asks| asks.renew_before.is_some_and(|before| before >= asks.duration))
}

const DAY: i64 = 86_400;

/// The rule.
pub(super) struct ExpiringCertificate;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("expiring-certificate"),
    family: Family("expiring-certificate"),
    level: Level::Hint,
    what: "A certificate with few days left, and a Certificate of cert-manager that asks to be renewed before it has begun.",
    why: "Whoever renews it should have done so by now: what is renewed by itself has more of its life left. A short-lived certificate is \
          told of in the last third of its life, however many days that is.",
    sources: &[
        "https://cert-manager.io/docs/usage/certificate/#renewal",
        "https://wiki.mozilla.org/Security/Server_Side_TLS",
    ],
    parameters: &[Parameter {
        name: "days",
        kind: ParameterKind::Integer { least: 1, most: 365, default: 14 },
        what: "from how many days before its end on a certificate is told of",
    }],
    aspect: "the Secret, where the rule speaks of who uses it",
    extent: "1",
    breaks: r"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec:
  secretName: web-tls
  issuerRef: {name: example}
  dnsNames: [shop.example.com]
  duration: 24h
  renewBefore: 24h
",
    keeps: r"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec:
  secretName: web-tls
  issuerRef: {name: example}
  dnsNames: [shop.example.com]
  duration: 24h
  renewBefore: 8h
",
    mend: "Renew the certificate; where something renews it by itself, see why it did not.",
};

impl Rule for ExpiringCertificate {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for held in context.held(subject).iter() {
            if never_rests(held) || left(context, held).is_some() {
                out.push(certificates::breach(&INFO, subject, held, Extent::Count(1)));
            }
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = certificates::of_breach(context, breach) else { return finding };
        if never_rests(&held) {
            let subject = &finding.subject;
            finding.message =
                format!("{subject} asks to be renewed before it has begun: renewBefore is not shorter than duration");
            finding.fix = Fix::Words("set spec.renewBefore to a third of spec.duration, or leave it out".to_owned());
            finding.places = held.places_asked(&breach.subject, "spec.renewBefore");
        } else if let (Some(bundle), Some(left)) = (held.bundle(), left(context, &held)) {
            let whose = held.whose(&finding.subject);
            let (name, end) = (called(&bundle.leaf), day(context.now.saturating_add(left).unwrap_or(context.now)));
            finding.message = format!("{whose} certificate for {name}{} expires on {end}", origin(&bundle.leaf));
            finding.fix = Fix::Words("renew the certificate".to_owned());
            finding.places = held.places(&breach.subject, "tls.crt");
        }
        finding
    }
}
