//! `uncovered-host`: a host for which no entry of `spec.tls` asks for a certificate, though TLS is relied on.
//!
//! Where no TLS is relied on at all, `plaintext-ingress` says so and this rule is silent. Where plaintext is served as well,
//! both speak: each has its own fix.

use crate::{
    edge::{MissingSecret, Serving, Tls, Wanted},
    model::{FieldPath, Kind, Object},
    snapshot::Need,
};

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    at_the_edge::{self, AtTheEdge},
};

/// The rule.
pub(super) struct UncoveredHost;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("uncovered-host"),
    family: Family("uncovered-host"),
    level: Level::Baseline,
    what: "A host that relies on TLS, for which nothing asks for a certificate: no entry of an Ingress's spec.tls, no listener, no route.",
    why: "Its clients get whatever certificate the controller has at hand, most often a self-signed one: they see an error, \
          learn to click it away, and would not notice an impostor.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
        "RFC 9525, section 6.3",
        "https://kubernetes.github.io/ingress-nginx/user-guide/tls/#default-ssl-certificate",
    ],
    parameters: &[],
    aspect: "the host; requests of any host for a rule without one and for a default backend",
    extent: "1",
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
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
    - host: pay.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: pay, port: {number: 80}}}}]}
",
    keeps: r#"apiVersion: v1
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
    - hosts: ["*.example.com"]
      secretName: example-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
    - host: pay.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: pay, port: {number: 80}}}}]}
"#,
    mend: "Add the host to the hosts of an entry of spec.tls whose Secret has a certificate for it; of other kinds, name such a Secret. `ringwall fix uncovered-host -f MANIFEST` adds the entry.",
};

impl Rule for UncoveredHost {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(at) = AtTheEdge::of(context, subject) else { return };
        let Some(surface) = at.surface() else { return };
        for listener in surface.listeners(Wanted::All) {
            let certain = match &listener.tls {
                Tls::Uncovered => Ok(()),
                Tls::Unknown(doubt) => at.certainty(surface.serving(), doubt),
                Tls::Covered | Tls::None => continue,
            };
            out.push(Breach {
                rule: INFO.id,
                family: INFO.family,
                subject: subject.clone(),
                aspect: AtTheEdge::aspect(&listener),
                extent: Extent::Count(1),
                certain,
            });
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        at_the_edge::rests_on(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let subject = breach.subject.reference(context.snapshot);
        let mut finding = Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{subject} has a host for which it asks for no certificate"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject,
        };
        let Some(at) = AtTheEdge::of(context, &breach.subject) else { return finding };
        let Some(surface) = at.surface() else { return finding };
        let Some(listener) = AtTheEdge::listener(surface.as_ref(), &breach.aspect) else { return finding };
        let subject = &finding.subject;
        let host = at_the_edge::told(&listener);
        // Ingresses ask in one place; other kinds each in their own, which the place of the finding shows.
        let asks =
            if breach.subject.kind() == Kind::Ingress { "has no entry in spec.tls" } else { "asks for no certificate" };
        match &listener.tls {
            Tls::Uncovered => {
                let (server, missing) = match surface.serving() {
                    Serving::Known { controller, .. } => {
                        (controller.identity().title, controller.identity().missing_secret)
                    }
                    _ => ("its controller", MissingSecret::Unknown),
                };
                let outcome = match missing {
                    MissingSecret::DefaultCertificate | MissingSecret::Unknown => {
                        "serves it with its default certificate, unless another host's happens to name it"
                    }
                    MissingSecret::RejectsHandshake => "refuses TLS for it",
                    MissingSecret::NoRoute | MissingSecret::Plaintext => "opens no TLS for it",
                };
                finding.message = format!("{subject} {asks} for {host}: {server} {outcome}");
                finding.fix = Fix::Words(match breach.subject.kind() {
                    Kind::Ingress => format!("add {host} to spec.tls[].hosts, with its Secret"),
                    _ => format!("name a Secret whose certificate names {host}"),
                });
            }
            Tls::Unknown(doubt) => {
                let is_plain = listener.host.is_some() && listener.name.is_none();
                let fact = if is_plain { asks } else { "may have no certificate" };
                finding.message = format!("{subject} {fact} for {host}{}", AtTheEdge::doubt(breach, doubt));
                finding.fix = Fix::Words(doubt.settle.to_string());
            }
            Tls::Covered | Tls::None => {}
        }
        finding.places = vec![at.place(listener.at.clone())];
        if matches!(&at.object, Object::Ingress(ingress) if !ingress.tls.is_empty()) {
            finding.places.push(at.place(FieldPath::new("spec.tls")));
        }
        finding
    }
}
