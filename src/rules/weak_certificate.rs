//! `weak-certificate`: a certificate that clients refuse, or that can be forged.

use crate::{
    encryption::certificates::{Weakness, of_asked, of_asked_use, of_bundle, of_use},
    snapshot::Need,
};

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    certificates::{self, Held, called, origin},
};

/// What is weak about the certificate that is there.
fn there(held: &Held) -> Vec<Weakness> {
    let Some(bundle) = held.bundle() else { return Vec::new() };
    let mut weak = of_bundle(bundle);
    if held.used {
        weak.extend(of_use(&bundle.leaf));
    }
    weak
}

/// What would be weak about the one that is asked for.
fn asked(held: &Held) -> Vec<Weakness> {
    let Some(asks) = held.asked.as_ref().and_then(|issuance| issuance.asks.as_ref()) else { return Vec::new() };
    if held.used { of_asked_use(asks) } else { of_asked(asks).into_iter().collect() }
}

/// The rule.
pub(super) struct WeakCertificate;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("weak-certificate"),
    family: Family("weak-certificate"),
    level: Level::Baseline,
    what: "RSA keys below 2048 bits, curves other than P-256, P-384 and P-521 (and Ed25519), signatures with SHA-1 or MD5, an authority's own certificate or one without serverAuth that serves a host.",
    why: "Keys and signatures of that kind can be computed by whoever can afford it. An authority's certificate brings the key that signs for any \
          name to where requests come in. What says that it is for something else, clients refuse.",
    sources: &[
        "https://wiki.mozilla.org/Security/Server_Side_TLS",
        "CA/Browser Forum, Baseline Requirements, sections 6.1.5 and 7.1",
        "RFC 5280, sections 4.2.1.9 and 4.2.1.12",
    ],
    parameters: &[],
    aspect: "the Secret, where the rule speaks of who uses it",
    extent: "the sorts of weaknesses",
    breaks: r"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: web-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec:
  secretName: web-tls
  issuerRef: {name: example}
  dnsNames: [shop.example.com]
  isCA: true
",
    keeps: r"apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: web-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec:
  secretName: web-tls
  issuerRef: {name: example}
  dnsNames: [shop.example.com]
",
    mend: "Issue the certificate anew: for the server alone, with a key on P-256 or RSA with 2048 bits, signed with SHA-256.",
};

impl Rule for WeakCertificate {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for held in context.held(subject).iter() {
            let sorts: std::collections::BTreeSet<_> =
                there(held).iter().chain(&asked(held)).map(Weakness::sort).collect();
            if !sorts.is_empty() {
                out.push(certificates::breach(&INFO, subject, held, Extent::Names(sorts)));
            }
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn awaits(&self, context: &Context<'_>, breach: &Breach) -> bool {
        certificates::of_breach(context, breach).is_some_and(|held| held.is_renewed() && asked(&held).is_empty())
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = certificates::of_breach(context, breach) else { return finding };
        let words = |weak: &[Weakness]| weak.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and ");
        let mend = |weak: &[Weakness]| Fix::Words(weak.first().map_or(INFO.mend, Weakness::mend).to_owned());
        let (there, asked) = (there(&held), asked(&held));
        if there.is_empty() {
            let subject = &finding.subject;
            finding.message = if held.used {
                format!(
                    "{subject} uses {}, for which {} asks for a certificate that is weak: {}",
                    held.key,
                    held.maker(),
                    words(&asked)
                )
            } else {
                format!("{subject} asks for a certificate that is weak: {}", words(&asked))
            };
            finding.fix = match asked.first() {
                Some(Weakness::Authority) => {
                    Fix::Words("take spec.isCA away, or serve a certificate that it issues".to_owned())
                }
                Some(Weakness::Purpose) => Fix::Words("add server auth to spec.usages".to_owned()),
                _ => mend(&asked),
            };
            finding.places = held.places_asked(&breach.subject, "spec");
        } else {
            let (whose, leaf) = (held.whose(&finding.subject), held.bundle().map(|bundle| &bundle.leaf));
            let name = leaf.map(called).unwrap_or_default();
            let origin = leaf.map(origin).unwrap_or_default();
            finding.message = format!("{whose} certificate for {name}{origin} is weak: {}", words(&there));
            finding.fix = mend(&there);
            finding.places = held.places(&breach.subject, "tls.crt");
        }
        finding
    }
}
