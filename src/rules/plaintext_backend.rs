//! `plaintext-backend`: TLS that ends at the edge, with plaintext behind it.

use crate::{
    edge::{Hop, HopProtection, Surface},
    snapshot::Need,
};

use super::{
    Breach, Context, Family, Finding, Level, Rule, RuleId, RuleInfo, Subject,
    at_the_edge::{self, AtTheEdge},
    hops::{self, Fault, Sealed},
};

/// The rule.
pub(super) struct PlaintextBackend;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("plaintext-backend"),
    family: Family("plaintext-backend"),
    level: Level::Restricted,
    what: "TLS ends at the edge, and what goes on to the Pods is neither TLS nor taken by a mesh that accepts mutual TLS alone.",
    why: "The traffic that was worth encrypting crosses the cluster's network and its nodes in the clear, past everybody who shares them. \
          A mesh counts where the Pods accept nothing but mutual TLS on that port; whether the edge itself is in the mesh cannot be \
          seen, but then it would not get through.",
    sources: &[
        "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#backend-protocol",
        "https://gateway-api.sigs.k8s.io/api-types/backendtlspolicy/",
        "NIST SP 800-204A, section 4.1",
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
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 443}}}}]}
"#,
    mend: "Let the Pods accept mutual TLS alone (a mesh in strict mode), or let them speak TLS and tell the controller so: \
           nginx.ingress.kubernetes.io/backend-protocol: HTTPS, traefik.ingress.kubernetes.io/service.serversscheme: https on the Service, \
           a BackendTLSPolicy, service.beta.kubernetes.io/aws-load-balancer-backend-protocol: ssl.",
};

impl Rule for PlaintextBackend {
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

pub(super) fn fault(at: &AtTheEdge<'_>, surface: &dyn Surface, hop: &Hop, ends_tls: bool) -> Option<Fault> {
    const FIX: &str = "let the Pods accept mutual TLS alone, or let them speak TLS and tell the controller so";
    if matches!(hop.protection, HopProtection::Tls(..) | HopProtection::PassedThrough) || !ends_tls {
        return None;
    }
    let sealed = hops::sealed(at.context, hop);
    let target = hops::target(hop);
    match (&hop.protection, sealed) {
        (_, Sealed::Yes) | (HopProtection::Tls(..) | HopProtection::PassedThrough, _) => None,
        (HopProtection::Plaintext(by), Sealed::No(reason)) => Some(Fault {
            certain: Ok(()),
            fact: format!(
                "ends TLS and passes on to {target} in plaintext, {}, and the Pods accept that: {reason}",
                at.said(by)
            ),
            fix: FIX.to_owned(),
        }),
        (HopProtection::Plaintext(by), Sealed::Unknown(blind)) => Some(Fault {
            fact: format!("ends TLS and passes on to {target} in plaintext, {}, unless a mesh takes it", at.said(by)),
            certain: Err(blind),
            fix: FIX.to_owned(),
        }),
        (HopProtection::Unknown(doubt), Sealed::No(_) | Sealed::Unknown(_)) => {
            let certain = at.certainty(surface.serving(), doubt);
            let reason = if certain.is_ok() { format!(": {}", doubt.blind) } else { String::new() };
            Some(Fault {
                certain,
                fact: format!("ends TLS and may pass on to {target} in plaintext{reason}"),
                fix: doubt.settle.to_string(),
            })
        }
    }
}
