//! `plaintext-service`: a Service that opens a port to the outside which is known to be plaintext.
//!
//! A wrong refusal stops a deployment, so a port counts only where it says itself what it is (`appProtocol`, its name), or where it says
//! nothing and its number is registered for a protocol whose secure twin has another one. Protocols that may turn TLS on by themselves
//! (`PostgreSQL`, `MySQL`, SMTP, LDAP, Redis, AMQP, gRPC) never count. A plaintext HTTP port beside one for HTTPS is let pass: it is where a
//! redirect answers, as at every ingress controller, and what becomes of requests there is judged at the Ingress. Services that a
//! Gateway or cert-manager's solver owns are judged there as well.

use crate::{
    edge::{acme, load_balancer},
    model::{FieldPath, Name, Protocol, Service, ServicePort, ServiceType},
    snapshot::{Blind, Need},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    behind_services::{port_at, port_path, service_of},
    hops::{self, Sealed},
};

/// The rule.
pub(super) struct PlaintextService;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("plaintext-service"),
    family: Family("plaintext-service"),
    level: Level::Restricted,
    what: "A Service of type LoadBalancer or NodePort that opens a port known to be plaintext.",
    why: "It leads past the Ingress, and past whatever TLS ends there: everybody on the way reads and alters the traffic. Known to be \
          plaintext is what the port says of itself (appProtocol, its name) or a number registered for HTTP, Telnet, MQTT or memcached; \
          protocols that may turn TLS on by themselves are not. A port for HTTP beside one for HTTPS is taken for the redirect to it. \
          Inside of a cloud's network it is still plaintext, only fewer are on the way.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol",
        "https://www.iana.org/assignments/service-names-port-numbers/",
        "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/",
    ],
    parameters: &[],
    aspect: "the port of the Service",
    extent: "2 at a load balancer that everybody reaches, 1 at an internal one and at nodes",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
",
    mend: "Make it a ClusterIP Service behind an Ingress or Gateway with TLS, let the Pods speak TLS themselves, or let the load balancer end \
           it (service.beta.kubernetes.io/aws-load-balancer-ssl-cert).",
};

impl Rule for PlaintextService {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some((_, service)) = service_of(context.snapshot, subject) else { return };
        for port in &service.ports {
            let Some(opened) = opened(context, &service, port) else { continue };
            out.push(Breach {
                rule: INFO.id,
                family: INFO.family,
                subject: subject.clone(),
                aspect: Aspect::Port(port.protocol, port.port),
                extent: Extent::Count(opened.extent),
                certain: opened.certain,
            });
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        breach.subject.namespace().map(|namespace| hops::rests_on(context, namespace)).unwrap_or_default()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let subject = breach.subject.reference(context.snapshot);
        let mut finding = Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{subject} opens a plaintext port"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject,
        };
        let Some((key, service)) = service_of(context.snapshot, &breach.subject) else { return finding };
        let Some((index, port)) = port_at(&service, breach) else { return finding };
        let Some(opened) = opened(context, &service, port) else { return finding };
        let (subject, number) = (&finding.subject, port.port);
        let may = if opened.certain.is_ok() { "opens" } else { "may open" };
        finding.message = format!("{subject} {may} port {number} {} in plaintext: {}", opened.at, opened.reason);
        finding.fix = Fix::Words(
            "make it a ClusterIP Service behind an Ingress or Gateway with TLS, or let the Pods or the load balancer speak TLS"
                .to_owned(),
        );
        let place = |path: FieldPath| Place { object: key.clone(), path };
        finding.places = vec![place(port_path(index)), place(FieldPath::new("spec.type"))];
        finding
    }
}

/// A port that is open to the outside in plaintext.
struct Opened {
    extent: u64,
    certain: Result<(), Blind>,
    /// Where it is open.
    at: &'static str,
    /// What shows that it is plaintext.
    reason: String,
}

fn opened(context: &Context<'_>, service: &Service, port: &ServicePort) -> Option<Opened> {
    if !service.is_exposed() || port.protocol != Protocol::Tcp || is_judged_elsewhere(service) {
        return None;
    }
    let Kind::Plaintext(protocol, reason) = kind(port) else { return None };
    let is_tls = |other: &ServicePort| kind(other) == Kind::Tls || load_balancer::ends_tls(service, other);
    if is_tls(port) || (protocol == "HTTP" && service.ports.iter().any(is_tls)) {
        return None;
    }
    if hops::sealed_port(context, service, port) == Sealed::Yes {
        return None;
    }
    let certain = match load_balancer::speaks_of_tls(service).filter(|_| service.exposure == ServiceType::LoadBalancer)
    {
        Some(key) => Err(Blind::Unknowable(format!("what {key} makes the load balancer do is not known").into())),
        None => Ok(()),
    };
    let (extent, at) = match service.exposure {
        ServiceType::LoadBalancer if load_balancer::is_internal(service) => (1, "of an internal load balancer"),
        ServiceType::LoadBalancer => (2, "of a load balancer"),
        _ => (1, "of every node"),
    };
    Some(Opened { extent, certain, at, reason })
}

/// What a port says that it is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Kind {
    /// A protocol without encryption, and what shows it.
    Plaintext(&'static str, String),
    /// TLS, or a protocol above it.
    Tls,
    /// It does not say, or may turn TLS on by itself.
    Open,
}

fn kind(port: &ServicePort) -> Kind {
    if let Some(protocol) = port.app_protocol.as_ref().filter(|protocol| !protocol.is_empty()) {
        return named(protocol, |name| format!("its appProtocol is {name}"));
    }
    // Names as Istio reads them: `http`, `http-admin`; and the other way round, `admin-http`.
    if !port.name.is_empty() {
        let words: Vec<&str> = port.name.split('-').collect();
        let ends = [words.first(), words.last()].into_iter().flatten();
        let kinds: Vec<Kind> = ends.map(|word| named(word, |_| format!("its name is {}", port.name))).collect();
        if kinds.contains(&Kind::Tls) {
            return Kind::Tls;
        }
        // A name that says nothing leaves the number unexplained: whoever names a port knows why.
        return kinds.into_iter().find(|kind| *kind != Kind::Open).unwrap_or(match port.port {
            443 | 8443 => Kind::Tls,
            _ => Kind::Open,
        });
    }
    match port.port {
        443 | 8443 => Kind::Tls,
        number => REGISTERED
            .iter()
            .find(|(registered, _)| *registered == number)
            .map_or(Kind::Open, |(_, protocol)| Kind::Plaintext(protocol, format!("it is registered for {protocol}"))),
    }
}

/// Numbers that IANA has for a protocol without encryption whose secure twin has another number.
const REGISTERED: [(u16, &str); 5] =
    [(23, "Telnet"), (80, "HTTP"), (1883, "MQTT"), (8080, "HTTP"), (11211, "memcached")];

/// What a name of a protocol says; names are compared without regard to case, as IANA has them.
fn named(name: &str, reason: impl Fn(&str) -> String) -> Kind {
    let name = name.to_ascii_lowercase();
    let plaintext = |protocol| Kind::Plaintext(protocol, reason(&name));
    match name.as_str() {
        "http" | "h2c" | "http-alt" | "www" | "www-http" | "ws" | "kubernetes.io/h2c" | "kubernetes.io/ws" => {
            plaintext("HTTP")
        }
        "telnet" => plaintext("Telnet"),
        "mqtt" => plaintext("MQTT"),
        "memcache" | "memcached" => plaintext("memcached"),
        "https" | "tls" | "ssl" | "wss" | "kubernetes.io/wss" | "websecure" | "grpcs" | "mqtts" | "secure" => Kind::Tls,
        _ => Kind::Open,
    }
}

/// Whether what the Service opens is judged elsewhere: at the Gateway that owns it, or nowhere, because a solver of ACME challenges must
/// be plaintext.
fn is_judged_elsewhere(service: &Service) -> bool {
    let owner = service.meta.controller().or_else(|| service.meta.owners.first());
    owner.is_some_and(|owner| {
        let group: Name = owner.api_version.split('/').next().unwrap_or_default().into();
        *owner.kind == *"Gateway" && &*group == "gateway.networking.k8s.io"
    }) || acme::is_solver_service(service)
}
