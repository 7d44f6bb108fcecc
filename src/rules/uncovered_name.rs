//! `uncovered-name`: no name of a certificate covers a host that is served with it.

use crate::{
    model::Name,
    snapshot::{Blind, Need},
};

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    certificates::{self, listed, named, origin},
};

/// The rule.
pub(super) struct UncoveredName;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("uncovered-name"),
    family: Family("uncovered-name"),
    level: Level::Baseline,
    what: "A host that is served with a certificate whose names do not cover it, as it is or as cert-manager is asked for it.",
    why: "Clients compare the name that they called with the names in the certificate, and nothing else; what does not match is an error \
          that people learn to click away, and an impostor would look the same.",
    sources: &[
        "RFC 6125, section 6.4",
        "RFC 9525, section 6.3",
        "https://pkg.go.dev/crypto/x509#Certificate.VerifyHostname",
    ],
    parameters: &[],
    aspect: "the Secret",
    extent: "the hosts that are not covered",
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
    - hosts: [pay.example.com]
      secretName: web-tls
  rules:
    - host: pay.example.com
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
    - hosts: [pay.example.com]
      secretName: web-tls
  rules:
    - host: pay.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec:
  secretName: web-tls
  issuerRef: {name: example}
  dnsNames: [shop.example.com, pay.example.com]
",
    mend: "Have a certificate issued that names the host (a wildcard stands for one label), or name a Secret that holds one.",
};

impl Rule for UncoveredName {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for held in context.held(subject).iter() {
            let Some(uncovered) = held.uncovered() else { continue };
            let all = uncovered.there.union(&uncovered.asked).cloned().collect::<std::collections::BTreeSet<_>>();
            if all.is_empty() {
                continue;
            }
            let mut breach = certificates::breach(&INFO, subject, held, Extent::Names(all));
            if uncovered.is_partial && uncovered.asked.is_empty() {
                let what = format!("the certificate in {} has more names than are read", held.key);
                breach.certain = Err(Blind::Unknowable(what.into()));
            }
            out.push(breach);
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn awaits(&self, context: &Context<'_>, breach: &Breach) -> bool {
        let held = certificates::of_breach(context, breach);
        held.and_then(|held| held.uncovered()).is_some_and(|uncovered| uncovered.is_coming)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = certificates::of_breach(context, breach) else { return finding };
        let Some(uncovered) = held.uncovered() else { return finding };
        let list = |hosts: &std::collections::BTreeSet<Name>| listed(&hosts.iter().collect::<Vec<_>>());
        let subject = &finding.subject;
        if uncovered.asked.is_empty() {
            let hosts = list(&uncovered.there);
            let leaf = held.bundle().map(|bundle| &bundle.leaf);
            let names = leaf.map(named).unwrap_or_default();
            let origin = leaf.map(origin).unwrap_or_default();
            finding.message =
                format!("{subject} serves {hosts} with the certificate in {}, which names {names}{origin}", held.key);
            finding.fix = Fix::Words(if uncovered.is_coming {
                format!("wait until cert-manager has issued it for {hosts}")
            } else {
                format!("put a certificate for {hosts} into the Secret, or name another Secret that has one")
            });
            finding.places = held.places(&breach.subject, "tls.crt");
        } else {
            let (hosts, maker) = (list(&uncovered.asked), held.maker());
            finding.message = format!(
                "{subject} serves {hosts} with the certificate in {}, for which {maker} asks for no name that covers it",
                held.key
            );
            finding.fix = Fix::Words(format!("add {hosts} to spec.dnsNames of {maker}"));
            finding.places = held.places_asked(&breach.subject, "spec.dnsNames");
        }
        finding
    }
}
