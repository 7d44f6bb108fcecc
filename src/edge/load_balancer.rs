//! What a Service of type `LoadBalancer` asks of its cloud: TLS that the load balancer itself ends.
//!
//! Only AWS's annotations are read in full (the AWS Load Balancer Controller and the cloud provider before it have the same). Other
//! clouds have theirs, of which it is only seen that they speak of TLS.

use crate::{
    model::{FieldPath, Kind, Meta, Name, ObjectKey, Place, Protocol, Service, ServicePort, ServiceType},
    snapshot::Need,
};

use super::{
    By, CertificateUse, Ciphers, ClientCertificates, Hop, HopProtection, Listener, Oldest, Serving, Setting, Surface,
    TlsSettings, Verified, hosts::Wanted,
};

const CERTIFICATES: &str = "service.beta.kubernetes.io/aws-load-balancer-ssl-cert";
const PORTS: &str = "service.beta.kubernetes.io/aws-load-balancer-ssl-ports";
const POLICY: &str = "service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy";
const BACKEND_PROTOCOL: &str = "service.beta.kubernetes.io/aws-load-balancer-backend-protocol";

/// The prefix of AWS's annotations.
const AWS: &str = "service.beta.kubernetes.io/aws-load-balancer-";

/// The controller whose `tlsPolicy` the ruleset tells: one option (`--default-ssl-policy`) holds for Ingresses and Services.
const CONTROLLER: &str = "ingress.k8s.aws/alb";

/// The policy that AWS takes where none is named, whatever made the listener (but its console).
const DEFAULT_POLICY: &str = "ELBSecurityPolicy-2016-08";

/// What says that a load balancer is reached from inside of the cloud's network alone.
const INTERNAL: [(&str, &[&str]); 5] = [
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", &["internal"]),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", &["true", "0.0.0.0/0"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", &["true"]),
    ("networking.gke.io/load-balancer-type", &["internal"]),
    ("cloud.google.com/load-balancer-type", &["internal"]),
];

/// Whether the load balancer ends TLS on a port, by AWS's annotations.
pub fn ends_tls(service: &Service, port: &ServicePort) -> bool {
    if service.exposure != ServiceType::LoadBalancer || port.protocol != Protocol::Tcp {
        return false;
    }
    if value(&service.meta, CERTIFICATES).is_none() {
        return false;
    }
    let Some(ports) = value(&service.meta, PORTS) else { return true };
    let number = port.port.to_string();
    ports.split(',').map(str::trim).any(|listed| listed == "*" || listed == number || listed == port.name.as_str())
}

/// The annotation of another cloud than AWS that speaks of TLS, if any: its load balancer may end it.
pub fn speaks_of_tls(service: &Service) -> Option<&Name> {
    let speaks = |key: &str| ["tls", "ssl", "cert", "protocol", "redirect-http"].iter().any(|word| key.contains(word));
    let is_cloud = |key: &str| {
        key.starts_with("service.beta.kubernetes.io/")
            || key.starts_with("load-balancer.hetzner.cloud/")
            || key.starts_with("loadbalancer.openstack.org/")
    };
    let mut keys = service.meta.annotations.iter().map(|(key, _)| key);
    // The PROXY protocol has nothing to do with TLS.
    keys.find(|key| is_cloud(key) && !key.starts_with(AWS) && speaks(key) && !key.contains("proxy"))
}

/// Whether its annotations say that the load balancer is reached from inside of the cloud's network alone.
pub fn is_internal(service: &Service) -> bool {
    INTERNAL.iter().any(|(key, values)| {
        value(&service.meta, key).is_some_and(|value| values.contains(&value.to_ascii_lowercase().as_str()))
    })
}

/// What the load balancer of a Service opens with TLS of its own; `None` where it ends none.
pub(super) fn surface(service: &Service) -> Option<Box<dyn Surface + '_>> {
    service.ports.iter().any(|port| ends_tls(service, port)).then(|| Box::new(LoadBalancer::new(service)) as Box<_>)
}

struct LoadBalancer<'a> {
    service: &'a Service,
    serving: Serving,
}

impl<'a> LoadBalancer<'a> {
    fn new(service: &'a Service) -> Self {
        // Not a controller of Ingresses whose behaviour is asked for; only its name is.
        Self { service, serving: Serving::Unknown { name: CONTROLLER.into() } }
    }

    fn key(&self) -> ObjectKey {
        ObjectKey {
            kind: Kind::Service,
            namespace: self.service.meta.namespace.clone(),
            name: self.service.meta.name.clone(),
        }
    }

    /// The annotation as the one who says so.
    fn by(&self, key: &str) -> By {
        By::Field(Place { object: self.key(), path: annotation(key) })
    }
}

impl Surface for LoadBalancer<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    /// It has no hosts, and plaintext on its other ports is another rule's matter.
    fn listeners(&self, _: Wanted<'_>) -> Vec<Listener> {
        Vec::new()
    }

    fn settings(&self) -> Vec<TlsSettings> {
        let (policy, by) = match value(&self.service.meta, POLICY) {
            Some(policy) => (Name::from(policy), self.by(POLICY)),
            None => (DEFAULT_POLICY.into(), By::Default("the default of AWS load balancers")),
        };
        vec![TlsSettings {
            part: None,
            oldest: Setting { value: Oldest::Policy(policy.clone()), by: by.clone() },
            ciphers: Setting { value: Ciphers::Policy(policy), by },
            client: Setting {
                value: ClientCertificates::NotAsked,
                by: By::Default("the default of AWS load balancers"),
            },
        }]
    }

    /// From its own certificate manager.
    fn certificates(&self) -> Vec<CertificateUse> {
        Vec::new()
    }

    fn hops(&self) -> Vec<Hop> {
        let protocol = value(&self.service.meta, BACKEND_PROTOCOL);
        let protection = match protocol.map(str::to_ascii_lowercase).as_deref() {
            Some("ssl" | "https") => HopProtection::Tls(
                self.by(BACKEND_PROTOCOL),
                Verified::No(By::Default("the way of AWS load balancers, which check no certificate of a target")),
            ),
            Some(_) => HopProtection::Plaintext(self.by(BACKEND_PROTOCOL)),
            None => HopProtection::Plaintext(By::Default("the default of AWS load balancers")),
        };
        let ended = self.service.ports.iter().enumerate().filter(|(_, port)| ends_tls(self.service, port));
        let hop = |(index, port): (usize, &ServicePort)| Hop {
            service: Some(self.key()),
            port: Some(port.port.to_string().into()),
            hosts: Vec::new(),
            at: FieldPath::new("spec.ports").index(index),
            protection: protection.clone(),
        };
        ended.map(hop).collect()
    }

    fn rests_on(&self) -> Vec<Need> {
        Vec::new()
    }
}

fn annotation(key: &str) -> FieldPath {
    FieldPath::new("metadata.annotations").field(key)
}

fn value<'a>(meta: &'a Meta, key: &str) -> Option<&'a str> {
    meta.annotations.value(key).map(|value| value.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        edge::test_world::World,
        model::{Object, decode},
    };

    const CERTIFICATE: (&str, &str) = (CERTIFICATES, "arn:aws:acm:eu-central-1:1:certificate/a");

    fn service(annotations: &[(&str, &str)]) -> serde_json::Value {
        let annotations: serde_json::Map<_, _> =
            annotations.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [
                {"name": "http", "port": 80}, {"name": "https", "port": 443, "targetPort": 80},
            ]},
        })
    }

    fn of<T>(annotations: &[(&str, &str)], ask: impl Fn(&Service) -> T) -> T {
        match decode::value(Kind::Service, &service(annotations)).unwrap() {
            Object::Service(service) => ask(&service),
            _ => unreachable!(),
        }
    }

    #[test]
    fn tls_is_ended_on_the_ports_that_are_listed_and_on_all_where_none_is() {
        let ended = |annotations: &[(&str, &str)]| {
            of(annotations, |service| {
                service.ports.iter().filter(|port| ends_tls(service, port)).map(|port| port.port).collect::<Vec<_>>()
            })
        };
        assert_eq!(ended(&[]), [0; 0]);
        assert_eq!(ended(&[(PORTS, "443")]), [0; 0], "without a certificate");
        assert_eq!(ended(&[CERTIFICATE]), [80, 443]);
        assert_eq!(ended(&[CERTIFICATE, (PORTS, "*")]), [80, 443]);
        assert_eq!(ended(&[CERTIFICATE, (PORTS, "443")]), [443]);
        assert_eq!(ended(&[CERTIFICATE, (PORTS, "https, 8443")]), [443]);
    }

    #[test]
    fn its_policy_is_the_named_one_or_that_of_2016() {
        let world = World::new(&[]);
        let settings = |annotations: &[(&str, &str)]| world.settings(Kind::Service, &service(annotations));
        assert!(of(&[], |service| surface(service).is_none()));
        let [default] = settings(&[CERTIFICATE]).try_into().unwrap();
        assert!(default.contains("ELBSecurityPolicy-2016-08"), "{default}");
        let [named] = settings(&[CERTIFICATE, (POLICY, "ELBSecurityPolicy-TLS13-1-3-2021-06")]).try_into().unwrap();
        assert!(named.contains("ELBSecurityPolicy-TLS13-1-3-2021-06"), "{named}");
    }

    #[test]
    fn behind_it_goes_plaintext_unless_the_backend_protocol_is_ssl() {
        let world = World::new(&[]);
        let protections = |annotations: &[(&str, &str)]| {
            world.ask(Kind::Service, &service(annotations), |surface| {
                surface.hops().into_iter().map(|hop| (hop.port, hop.protection)).collect::<Vec<_>>()
            })
        };
        let listed = [CERTIFICATE, (PORTS, "https")];
        let hops = protections(&listed);
        let [(Some(port), HopProtection::Plaintext(By::Default(_)))] = hops.as_slice() else {
            panic!("one hop in plaintext: {hops:?}")
        };
        assert_eq!(port.as_str(), "443");
        let tcp = protections(&[CERTIFICATE, (BACKEND_PROTOCOL, "tcp")]);
        assert!(tcp.iter().all(|(_, it)| matches!(it, HopProtection::Plaintext(By::Field(_)))), "{tcp:?}");
        let ssl = protections(&[CERTIFICATE, (BACKEND_PROTOCOL, "SSL")]);
        assert!(ssl.iter().all(|(_, it)| matches!(it, HopProtection::Tls(_, Verified::No(_)))), "{ssl:?}");
    }

    #[test]
    fn internal_load_balancers_are_told_apart() {
        for (key, value) in [
            ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
            ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
            ("networking.gke.io/load-balancer-type", "Internal"),
        ] {
            assert!(of(&[(key, value)], is_internal), "{key}");
            assert!(!of(&[(key, "internet-facing")], is_internal), "{key}");
        }
    }

    #[test]
    fn other_clouds_that_speak_of_tls_are_noticed() {
        let noticed = |key: &str| of(&[(key, "x")], |service| speaks_of_tls(service).is_some());
        assert!(noticed("service.beta.kubernetes.io/do-loadbalancer-tls-ports"));
        assert!(noticed("service.beta.kubernetes.io/oci-load-balancer-ssl-ports"));
        assert!(noticed("load-balancer.hetzner.cloud/http-certificates"));
        assert!(!noticed("service.beta.kubernetes.io/do-loadbalancer-size-unit"));
        assert!(!noticed("service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol"));
        assert!(!noticed("service.beta.kubernetes.io/aws-load-balancer-ssl-ports"));
    }
}
