//! `missing-certificate`: the Secret of a certificate is not there, and nothing will make it.

use std::sync::Arc;

use crate::{
    edge::{Doubt, MissingSecret},
    encryption::issuance::{Maker, maker},
    model::{Object, ObjectKey, Secret},
    snapshot::{Blind, Lookup, Need},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    certificates::{self, Use, held},
};

/// What is wrong with a Secret that is to hold a certificate.
enum Lack {
    /// It is not there.
    Absent,
    /// It is of another type.
    Type(Arc<Secret>),
    /// Nobody knows.
    Unseen(Blind),
}

/// What is lacking; nothing where it is there or will be.
fn lack(context: &Context<'_>, key: &ObjectKey, usage: &Use) -> Option<Lack> {
    if usage.is_issued {
        return None;
    }
    let lack = match context.snapshot.object(key) {
        Lookup::Found(Object::Secret(secret)) if secret.is_tls() => return None,
        Lookup::Found(Object::Secret(secret)) => return Some(Lack::Type(secret)),
        Lookup::Found(_) | Lookup::Absent => Lack::Absent,
        Lookup::Unseen(blind) => Lack::Unseen(blind),
    };
    match maker(context.snapshot, key) {
        Maker::Known(_) => None,
        Maker::Unseen(blind) => Some(Lack::Unseen(blind)),
        Maker::Nobody => Some(lack),
    }
}

/// The rule.
pub(super) struct MissingCertificate;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("missing-certificate"),
    family: Family("missing-certificate"),
    level: Level::Baseline,
    what: "A Secret that something at the edge takes its certificate from, which is absent or of the wrong type, and which nothing will make.",
    why: "What becomes of TLS then is up to the controller: a default certificate that no client trusts, refused connections, or plaintext, \
          without a word. What is made a moment later is no fault, so that it only warns where nothing is served in plaintext; taking away \
          a Secret that is in use is one.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
        "https://kubernetes.github.io/ingress-nginx/user-guide/tls/",
        "https://cert-manager.io/docs/usage/ingress/",
    ],
    parameters: &[],
    aspect: "the Secret",
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
      secretName: web-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
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
  annotations: {cert-manager.io/cluster-issuer: example}
spec:
  ingressClassName: nginx
  tls:
    - hosts: [shop.example.com]
      secretName: web-tls
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
",
    mend: "Create the Secret, of type kubernetes.io/tls, or let cert-manager make it: by a Certificate, or by its annotations on the object.",
};

impl Rule for MissingCertificate {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let uses = context.uses(subject);
        for (key, usage) in uses.iter() {
            let Some(lack) = lack(context, key, usage) else { continue };
            out.push(Breach {
                rule: INFO.id,
                family: INFO.family,
                subject: subject.clone(),
                aspect: Aspect::Secret(key.clone()),
                extent: Extent::Count(1),
                certain: if let Lack::Unseen(blind) = lack { Err(blind) } else { Ok(()) },
            });
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        certificates::rests_on(context, breach)
    }

    fn awaits(&self, context: &Context<'_>, breach: &Breach) -> bool {
        let Some(held) = certificates::of_breach(context, breach) else { return false };
        let serves_it = held.secret.as_ref().is_some_and(|secret| secret.has_pair);
        serves_it || held.usage().is_none_or(|usage| usage.missing != MissingSecret::Plaintext)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let mut finding = certificates::finding(context, &INFO, breach);
        let Some(held) = held(context, &breach.subject).into_iter().find(|held| held.aspect == breach.aspect) else {
            return finding;
        };
        let Some(usage) = held.usage() else { return finding };
        let Some(lack) = lack(context, &held.key, usage) else { return finding };
        let (subject, secret) = (&finding.subject, &held.key);
        finding.places = held.places(&breach.subject, "tls.crt");
        let namespace = secret.namespace.clone().unwrap_or_default();
        let create = format!(
            "kubectl create secret tls {} -n {namespace} --cert=FILE --key=FILE, or let cert-manager issue it",
            secret.name
        );
        (finding.message, finding.fix) = match lack {
            Lack::Absent => (
                format!(
                    "{subject} takes its certificate from {secret}, which is not there as one of type kubernetes.io/tls, and nothing \
                     will make it: {}",
                    consequence(usage)
                ),
                Fix::Words(create),
            ),
            Lack::Type(found) => (
                format!(
                    "{subject} takes its certificate from {secret}, which is of type {} and not kubernetes.io/tls: not every \
                     controller serves it, and what is in it is not judged",
                    found.secret_type
                ),
                Fix::Words("create it anew as a Secret of type kubernetes.io/tls".to_owned()),
            ),
            Lack::Unseen(blind) => (
                format!("{subject} takes its certificate from {secret}, of which nothing can be said"),
                Fix::Words(Doubt::from(blind).settle.to_string()),
            ),
        };
        finding
    }
}

/// What clients find then.
fn consequence(usage: &Use) -> String {
    let title = usage.title;
    match usage.missing {
        MissingSecret::DefaultCertificate => format!("{title} serves its default certificate, which no client trusts"),
        MissingSecret::RejectsHandshake => format!("{title} refuses TLS connections"),
        MissingSecret::NoRoute => format!("{title} serves nothing"),
        MissingSecret::Plaintext => format!("{title} serves plaintext"),
        MissingSecret::Unknown => format!("what {title} serves instead is not known"),
    }
}
