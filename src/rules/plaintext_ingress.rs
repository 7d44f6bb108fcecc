//! `plaintext-ingress`: a host or listener that is served in plaintext, by what the controller at hand really does.

use crate::{
    edge::{CausePlace, Plaintext, Wanted},
    model::FieldPath,
    snapshot::Need,
};

use super::{
    Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    at_the_edge::{self, AtTheEdge, annotation},
};

/// The rule.
pub(super) struct PlaintextIngress;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("plaintext-ingress"),
    family: Family("plaintext-ingress"),
    level: Level::Baseline,
    what: "A host or listener (of an Ingress, a Gateway, a route of any kind) is served in plaintext without a redirect to HTTPS, by what its \
           controller really does.",
    why: "Whoever is on the way reads and alters the traffic, sessions and passwords included; that a certificate is there \
          as well does not help, for clients begin in plaintext unless they are redirected.",
    sources: &[
        "RFC 9110, section 4.2.2",
        "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
        "https://kubernetes.github.io/ingress-nginx/user-guide/tls/#server-side-https-enforcement-through-redirect",
        "https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/overview/",
    ],
    parameters: &[],
    aspect: "the listener, where it has a name; else the host, or requests of any host for a rule without one and for a default backend",
    extent: "1",
    breaks: r#"apiVersion: v1
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
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
"#,
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
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
",
    mend: "Turn the redirect on, or give the host TLS: how, differs by controller. Where the controller itself redirects \
           everything, say so in the ruleset: environment.ingressControllers: {NAME: {plaintext: refused}}. `ringwall fix \
           plaintext-ingress -f MANIFEST` does what can be done in the object.",
};

impl Rule for PlaintextIngress {
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
            let certain = match &listener.plaintext {
                Plaintext::Served(_) => Ok(()),
                Plaintext::Unknown(doubt) => at.certainty(surface.serving(), doubt),
                Plaintext::Redirected | Plaintext::Closed => continue,
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
            message: format!("{subject} serves plaintext"),
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
        match &listener.plaintext {
            Plaintext::Served(cause) => {
                let told = surface.told(&listener);
                let fact = told.as_ref().map_or(cause.fact, |told| told.fact.as_str());
                finding.message = format!("{subject} serves {host} in plaintext: {fact}");
                let (words, command) = at.mend(cause.mends, listener.host.as_ref());
                let fix = told.as_ref().and_then(|told| told.fix.as_ref());
                finding.fix = Fix::Words(fix.map_or(words, ToString::to_string));
                if let Some(command) = command {
                    finding.why = format!("{}\nFor {} that is there already: {command}", finding.why, at.one());
                }
                let path = |place: &CausePlace| match place {
                    CausePlace::Annotation(key) => annotation(key),
                    CausePlace::Tls => at.spec_tls(),
                    CausePlace::Field(path) => FieldPath::new(*path),
                    CausePlace::Point => listener.at.clone(),
                };
                finding.places = cause.places.iter().map(|place| at.place(path(place))).collect();
                finding.places.extend(told.into_iter().flat_map(|told| told.places));
            }
            Plaintext::Unknown(doubt) => {
                finding.message = format!("{subject} may serve {host} in plaintext{}", AtTheEdge::doubt(breach, doubt));
                finding.fix = Fix::Words(doubt.settle.to_string());
                finding.places = vec![at.place(listener.at.clone())];
            }
            Plaintext::Redirected | Plaintext::Closed => {}
        }
        finding
    }
}
