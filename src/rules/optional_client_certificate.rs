//! `optional-client-certificate`: client certificates that are asked for and not required.

use crate::{
    edge::{ClientCertificates, Surface, TlsSettings},
    snapshot::Need,
};

use super::{
    Breach, Context, Family, Finding, Level, Rule, RuleId, RuleInfo, Subject,
    at_the_edge::{self, AtTheEdge},
    tls_settings::{self, Fault},
};

/// The rule.
pub(super) struct OptionalClientCertificate;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("optional-client-certificate"),
    family: Family("optional-client-certificate"),
    level: Level::Restricted,
    what: "Client certificates that are asked for, and whoever has none that is trusted is let in all the same.",
    why: "Whoever set it up meant that clients prove who they are; left optional, the proof is up to the backend, which as a rule does not \
          look.",
    sources: &[
        "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#client-certificate-authentication",
        "https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/tls-options/#client-authentication-mtls",
        "https://gateway-api.sigs.k8s.io/guides/tls/",
    ],
    parameters: &[],
    aspect: "the listener, where an object has several; else the object",
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
  annotations:
    nginx.ingress.kubernetes.io/auth-tls-secret: shop/clients-ca
    nginx.ingress.kubernetes.io/auth-tls-verify-client: optional
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
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
  annotations:
    nginx.ingress.kubernetes.io/auth-tls-secret: shop/clients-ca
    nginx.ingress.kubernetes.io/auth-tls-verify-client: "on"
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"#,
    mend: "Require the certificate, or do not ask for one.",
};

impl Rule for OptionalClientCertificate {
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
    let by = settings.client.by.clone();
    match &settings.client.value {
        ClientCertificates::NotAsked | ClientCertificates::Required => None,
        ClientCertificates::Optional(fact) => Some(Fault {
            extent: 1,
            certain: Ok(()),
            fact: format!("lets clients in without a certificate: client certificates {fact}"),
            fix: format!("require them in {}, or do not ask for them", at.said_at(&by, at.spec_tls()).path),
            by,
        }),
        ClientCertificates::Unknown(doubt) => {
            Some(Fault::doubt(at, surface, by, "may let clients in without a certificate that it asks for", doubt))
        }
    }
}
