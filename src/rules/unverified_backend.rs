//! `unverified-backend`: TLS to the backend that checks no certificate.

use crate::{
    edge::{Hop, HopProtection, Surface, Verified},
    snapshot::Need,
};

use super::{
    Breach, Context, Family, Finding, Level, Rule, RuleId, RuleInfo, Subject,
    at_the_edge::{self, AtTheEdge},
    hops::{self, Fault, Sealed},
};

/// The rule.
pub(super) struct UnverifiedBackend;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unverified-backend"),
    family: Family("unverified-backend"),
    level: Level::Restricted,
    what: "The hop behind the edge is TLS, and the certificate of the backend is not checked.",
    why: "Whoever can answer in the place of the backend (a Pod that takes its address, a forged route or name) gets the traffic in the \
          clear, and nobody notices: encryption without authentication keeps out the curious alone.",
    sources: &[
        "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#backend-certificate-authentication",
        "https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/serverstransport/",
        "RFC 9325, section 7.1",
    ],
    parameters: &[],
    aspect: "the port of the Service that it leads to",
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
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8443}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 443, targetPort: 8443}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/backend-protocol: HTTPS
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 443}}}}]}
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
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8443}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 443, targetPort: 8443}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/backend-protocol: HTTPS
    nginx.ingress.kubernetes.io/proxy-ssl-verify: "on"
    nginx.ingress.kubernetes.io/proxy-ssl-secret: shop/web-ca
    nginx.ingress.kubernetes.io/proxy-ssl-name: web.shop.svc
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 443}}}}]}
"#,
    mend: "Name the authority that signed the backend's certificate, and turn the check on: nginx.ingress.kubernetes.io/proxy-ssl-secret and \
           proxy-ssl-verify: \"on\", no insecureSkipVerify, a BackendTLSPolicy. AWS load balancers never check; a mesh in strict mode does.",
};

impl Rule for UnverifiedBackend {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        hops::judge(&INFO, fault, context, subject, out);
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        let mut needs = at_the_edge::rests_on(context, breach);
        if let super::Aspect::Service(service, _) = &breach.aspect {
            needs.extend(service.namespace.iter().flat_map(|namespace| hops::rests_on(context, namespace)));
        }
        needs
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        hops::explain(&INFO, fault, context, breach)
    }
}

pub(super) fn fault(at: &AtTheEdge<'_>, surface: &dyn Surface, hop: &Hop, _: bool) -> Option<Fault> {
    let HopProtection::Tls(_, verified) = &hop.protection else { return None };
    if matches!(verified, Verified::Yes) || hops::sealed(at.context, hop) == Sealed::Yes {
        return None;
    }
    let target = hops::target(hop);
    match verified {
        Verified::Yes => None,
        Verified::No(by) => Some(Fault {
            certain: Ok(()),
            fact: format!("speaks TLS to {target} and does not check its certificate, {}", at.said(by)),
            fix: "name the authority that signed the backend's certificate, and turn the check on".to_owned(),
        }),
        Verified::Unknown(doubt) => {
            let certain = at.certainty(surface.serving(), doubt);
            let reason = if certain.is_ok() { format!(": {}", doubt.blind) } else { String::new() };
            Some(Fault {
                certain,
                fact: format!("speaks TLS to {target} and may not check its certificate{reason}"),
                fix: doubt.settle.to_string(),
            })
        }
    }
}
