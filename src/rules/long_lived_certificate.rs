//! `long-lived-certificate`: a certificate or a key that lives too long.

use jiff::SignedDuration;

use crate::{encryption::certificates::life, model::Name, snapshot::Need};

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Parameter, ParameterKind, Rule, RuleId, RuleInfo, Subject,
    certificates::{self, Held, called, origin},
};

const DAY: i64 = 86_400;
const LIFE: &str = "life";
const KEY: &str = "key";

/// Days, a begun one as a whole (Baseline Requirements, 6.3.2).
fn days(life: SignedDuration) -> i64 {
    (life.as_secs().saturating_add(DAY - 1)) / DAY
}

/// How many days it lives, in the Secret or as it is asked for. Authorities live longer than what they issue.
fn lives(held: &Held) -> Option<i64> {
    if let Some(bundle) = held.bundle() {
        return (!bundle.leaf.is_authority).then(|| days(life(&bundle.leaf)));
    }
    let asks = held.asked.as_ref().filter(|_| !held.used).and_then(|issuance| issuance.asks.as_ref())?;
    let life = SignedDuration::from_secs(i64::try_from(asks.duration).unwrap_or(i64::MAX));
    (!asks.is_ca).then(|| days(life))
}

/// Whether the key is kept at every renewal.
fn keeps_key(held: &Held) -> bool {
    let asks = held.asked.as_ref().filter(|_| !held.used).and_then(|issuance| issuance.asks.as_ref());
    asks.is_some_and(|asks| asks.keeps_key)
}

fn too_long(context: &Context<'_>, held: &Held) -> Option<i64> {
    let most = i64::try_from(context.parameters.integer(&INFO, "days")).unwrap_or(i64::MAX);
    lives(held).filter(|days| *days > most)
}

/// The rule.
pub(super) struct LongLivedCertificate;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("long-lived-certificate"),
    family: Family("long-lived-certificate"),
    level: Level::Hint,
    what: "A certificate that is valid for longer than the ruleset allows, and a Certificate of cert-manager that asks for one or keeps its key at every renewal.",
    why: "What lives long is not renewed by a machine, is forgotten, and stays good for whoever has stolen the key. The default of 398 days is what \
          clients took from public authorities until March 2026; those issue for 200 days since and for 47 from 2029 on, so that \
          longer lives are those of private authorities, for which nobody sets a limit.",
    sources: &[
        "CA/Browser Forum, Baseline Requirements, section 6.3.2",
        "https://cert-manager.io/docs/usage/certificate/",
        "https://wiki.mozilla.org/Security/Server_Side_TLS",
    ],
    parameters: &[Parameter {
        name: "days",
        kind: ParameterKind::Integer { least: 1, most: 36500, default: 398 },
        what: "for how many days a certificate may be valid",
    }],
    aspect: "the Secret, where the rule speaks of who uses it",
    extent: "the sorts of faults",
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
  duration: 87600h
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
  duration: 2160h
",
    mend: "Have it issued for 90 days and renewed by cert-manager or its like.",
};

impl Rule for LongLivedCertificate {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for held in context.held(subject).iter() {
            let life = too_long(context, held).map(|_| Name::from(LIFE));
            let key = keeps_key(held).then(|| Name::from(KEY));
            let sorts: std::collections::BTreeSet<_> = life.into_iter().chain(key).collect();
            if !sorts.is_empty() {
                out.push(certificates::breach(&INFO, subject, held, Extent::Names(sorts)));
            }
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = certificates::of_breach(context, breach) else { return finding };
        let subject = &finding.subject;
        match (too_long(context, &held), held.bundle()) {
            (Some(days), Some(bundle)) => {
                let (whose, name) = (held.whose(subject), called(&bundle.leaf));
                finding.message =
                    format!("{whose} certificate for {name}{} lives for {days} days", origin(&bundle.leaf));
                finding.fix =
                    Fix::Words("have it issued for 90 days and renewed by cert-manager or its like".to_owned());
                finding.places = held.places(&breach.subject, "tls.crt");
            }
            (Some(days), None) => {
                finding.message = format!("{subject} asks for a certificate that lives for {days} days");
                finding.fix = Fix::Words("set spec.duration to 2160h, or leave it out".to_owned());
                finding.places = held.places_asked(&breach.subject, "spec.duration");
            }
            (None, _) => {
                finding.message = format!("{subject} keeps its key at every renewal");
                finding.fix = Fix::Words("set spec.privateKey.rotationPolicy to Always".to_owned());
                finding.places = held.places_asked(&breach.subject, "spec.privateKey.rotationPolicy");
            }
        }
        finding
    }
}
