//! `mismatched-key`: certificate and key of a Secret do not belong together, or cannot be read.

use crate::{
    model::{Instead, KeyMatch, TlsFacts},
    snapshot::{Blind, Need},
};

use super::{Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject, certificates};

/// What is wrong, to follow "whose", the field that shows it and what mends it; or what cannot be said.
fn fault(tls: &TlsFacts) -> Option<Result<(String, &'static str, &'static str), &'static str>> {
    const PAIR: &str = "put the certificate and its own key into the Secret, both as PEM";
    let told = |what: String, key, mend| Some(Ok((what, key, mend)));
    if let Err(why) = &tls.certificates {
        return told(format!("tls.crt {why}"), "tls.crt", PAIR);
    }
    match tls.key {
        KeyMatch::Matches => None,
        KeyMatch::Unknown(why) => Some(Err(why)),
        KeyMatch::Unreadable(why) => told(format!("tls.key {why}"), "tls.key", PAIR),
        KeyMatch::Differs(Instead::Nothing) => told(
            "key is not that of its certificate".to_owned(),
            "tls.key",
            "put the certificate's own key into tls.key",
        ),
        KeyMatch::Differs(Instead::Certificate(position)) => told(
            format!("key belongs to certificate {} of tls.crt and not to the first", position.saturating_add(1)),
            "tls.crt",
            "put the server's certificate first, and those that lead up to the root behind it",
        ),
        KeyMatch::Differs(Instead::LaterKey) => told(
            "first key is not that of its certificate, and a later one is".to_owned(),
            "tls.key",
            "leave only the certificate's own key in tls.key",
        ),
    }
}

/// The rule.
pub(super) struct MismatchedKey;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("mismatched-key"),
    family: Family("mismatched-key"),
    level: Level::Baseline,
    what: "A Secret of type kubernetes.io/tls whose certificate or key cannot be read, or whose key is not that of its first certificate.",
    why: "The API server asks only that both are there, were they empty. The controller cannot use them, and goes on with another certificate, \
          with none, or with the one from before until its next start.",
    sources: &[
        "https://github.com/kubernetes/kubernetes/issues/100884",
        "RFC 5246, section 7.4.2",
        "https://kubernetes.github.io/ingress-nginx/user-guide/tls/",
    ],
    parameters: &[],
    aspect: "the Secret, where the rule speaks of who uses it",
    extent: "1",
    breaks: r#"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: web-tls, namespace: shop}
type: kubernetes.io/tls
data: {tls.crt: "", tls.key: ""}
"#,
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
",
    mend: "Put the certificate of the server first, those above it behind it, and the key of the first into tls.key, all as PEM.",
};

impl Rule for MismatchedKey {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for held in context.held(subject).iter() {
            let Some(tls) = held.secret.as_ref().and_then(|secret| secret.tls.as_ref()) else { continue };
            let Some(fault) = fault(tls) else { continue };
            let mut breach = certificates::breach(&INFO, subject, held, Extent::Count(1));
            breach.certain = fault.map(drop).map_err(|why| Blind::Unknowable(why.into()));
            out.push(breach);
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn awaits(&self, context: &Context<'_>, breach: &Breach) -> bool {
        certificates::of_breach(context, breach).is_some_and(|held| held.is_renewed())
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = certificates::of_breach(context, breach) else { return finding };
        let fault = held.secret.as_ref().and_then(|secret| secret.tls.as_ref()).and_then(fault);
        let whose = held.whose(&finding.subject);
        match fault {
            Some(Ok((what, key, mend))) => {
                finding.message = format!("{whose} {what}");
                finding.fix = Fix::Words(mend.to_owned());
                finding.places = held.places(&breach.subject, key);
            }
            Some(Err(_)) => {
                finding.message = format!("{whose} key may not be that of its certificate");
                finding.places = held.places(&breach.subject, "tls.key");
            }
            None => {}
        }
        finding
    }
}
