//! What is asked for: who connects to whom, as it is written on the command line.
//!
//! ```text
//! FROM  NAME | ADDRESS | ingress-controller
//! TO    NAME:PORT[/PROTOCOL] | ADDRESS:PORT[/PROTOCOL] | [ADDRESS]:PORT[/PROTOCOL]
//! NAME  shop/frontend              the workload of that name, whatever its kind
//!       deployment/shop/frontend   of that kind; shop/deployment/frontend means the same
//!       svc/db, svc/shop/db        a Service (as TO); without a namespace, the source's
//!       db.shop.svc                a Service by its DNS name
//! PORT  5432 | postgres            a number, or the name that the Service or the Pod has for it
//! ```

use std::{net::IpAddr, str::FromStr};

use crate::model::{Kind, Name, Protocol};

/// Somebody, as he is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// Who serves Ingresses.
    IngressController,
    /// An address.
    Address(IpAddr),
    /// An object.
    Named(Named),
}

/// An object, as it is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// The kind, where one is given.
    pub kind: Option<KindName>,
    /// The namespace, where one is given.
    pub namespace: Option<Name>,
    /// The name.
    pub name: Name,
}

/// A kind, as it is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KindName {
    /// A Service, a Pod or a workload kind.
    Known(Kind),
    /// Any other: a controller that Ringwall does not read.
    Other(Name),
}

/// Whom a packet goes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Who.
    pub who: Who,
    /// On which port.
    pub port: PortName,
    /// By which protocol, where one is given; TCP otherwise, or what the named port is of.
    pub protocol: Option<Protocol>,
}

/// A port, as it is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PortName {
    /// By number.
    Number(u16),
    /// By name.
    Named(Name),
}

/// Why what was asked for cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AskError {
    /// The target has no port.
    #[error("{0:?} has no port: write {0}:PORT, with the number of the port or its name")]
    NoPort(String),
    /// The port is none.
    #[error("{0:?} is no port: write a number from 1 to 65535, or the name of a port")]
    Port(String),
    /// The protocol is none.
    #[error("{0:?} is no protocol: write TCP, UDP or SCTP")]
    Protocol(String),
    /// The name has too few or too many parts, or an empty one.
    #[error("{0:?} is no name: write NAMESPACE/NAME, KIND/NAMESPACE/NAME, an address or ingress-controller")]
    Name(String),
    /// Nothing can be sent there.
    #[error("{0} cannot be connected to: name the workload that it is")]
    NoTarget(&'static str),
    /// The port of an address has no name.
    #[error("an address has no port named {0:?}: write its number")]
    NamedPortOfAddress(Name),
}

const INGRESS_CONTROLLER: &str = "ingress-controller";

impl FromStr for Who {
    type Err = AskError;

    fn from_str(text: &str) -> Result<Self, AskError> {
        if text == INGRESS_CONTROLLER {
            return Ok(Self::IngressController);
        }
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        text.parse().map(Self::Named)
    }
}

impl FromStr for Named {
    type Err = AskError;

    fn from_str(text: &str) -> Result<Self, AskError> {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(AskError::Name(text.to_owned()));
        }
        let named = |kind: Option<KindName>, namespace: Option<&str>, name: &str| {
            Ok(Self { kind, namespace: namespace.map(Name::from), name: name.into() })
        };
        match *parts.as_slice() {
            [name] => match service_of_dns(name) {
                Some((name, namespace)) => named(Some(KindName::Known(Kind::Service)), Some(namespace), name),
                None => named(None, None, name),
            },
            [first, name] => match kind_of(first) {
                Some(kind) => named(Some(KindName::Known(kind)), None, name),
                None => named(None, Some(first), name),
            },
            [first, second, name] => match (kind_of(first), kind_of(second)) {
                (Some(kind), _) => named(Some(KindName::Known(kind)), Some(second), name),
                (None, Some(kind)) => named(Some(KindName::Known(kind)), Some(first), name),
                (None, None) => named(Some(KindName::Other(first.to_ascii_lowercase().into())), Some(second), name),
            },
            _ => Err(AskError::Name(text.to_owned())),
        }
    }
}

impl FromStr for Target {
    type Err = AskError;

    fn from_str(text: &str) -> Result<Self, AskError> {
        let no_port = || AskError::NoPort(text.to_owned());
        if text.parse::<std::net::Ipv6Addr>().is_ok() {
            return Err(AskError::NoPort(format!("[{text}]")));
        }
        let (who, port) = text.rsplit_once(':').ok_or_else(no_port)?;
        let who: Who = who.parse()?;
        let (port, protocol) = match port.split_once('/') {
            None => (port, None),
            Some((port, protocol)) => {
                let of = Protocol::of(&protocol.to_ascii_uppercase());
                (port, Some(of.ok_or_else(|| AskError::Protocol(protocol.to_owned()))?))
            }
        };
        let port = port_name(port)?;
        match (&who, &port) {
            (Who::IngressController, _) => Err(AskError::NoTarget(INGRESS_CONTROLLER)),
            (Who::Address(_), PortName::Named(name)) => Err(AskError::NamedPortOfAddress(name.clone())),
            _ => Ok(Self { who, port, protocol }),
        }
    }
}

fn port_name(text: &str) -> Result<PortName, AskError> {
    let wrong = || AskError::Port(text.to_owned());
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().filter(|port| *port > 0).map(PortName::Number).ok_or_else(wrong);
    }
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name { Ok(PortName::Named(text.into())) } else { Err(wrong()) }
}

/// `db.shop.svc`, with or without the cluster's domain behind it.
fn service_of_dns(name: &str) -> Option<(&str, &str)> {
    let mut parts = name.split('.');
    let (name, namespace, svc) = (parts.next()?, parts.next()?, parts.next()?);
    (svc == "svc" && !name.is_empty() && !namespace.is_empty()).then_some((name, namespace))
}

/// What `kubectl` calls kinds for short.
const SHORT: [(&str, Kind); 8] = [
    ("po", Kind::Pod),
    ("svc", Kind::Service),
    ("deploy", Kind::Deployment),
    ("sts", Kind::StatefulSet),
    ("ds", Kind::DaemonSet),
    ("rs", Kind::ReplicaSet),
    ("rc", Kind::ReplicationController),
    ("cj", Kind::CronJob),
];

impl KindName {
    /// The kind that can be an end, by its name, its plural or its short name, in any case.
    pub fn of(word: &str) -> Option<Kind> {
        kind_of(word)
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    let word = word.to_ascii_lowercase();
    let short = SHORT.iter().find(|(short, _)| *short == word).map(|(_, kind)| *kind);
    let is_meant = |kind: &Kind| {
        let info = kind.info();
        (*kind == Kind::Pod || *kind == Kind::Service || kind.is_workload())
            && (info.name.to_ascii_lowercase() == word || info.plural == word)
    };
    short.or_else(|| Kind::all().find(is_meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: Option<Kind>, namespace: Option<&str>, name: &str) -> Who {
        Who::Named(Named { kind: kind.map(KindName::Known), namespace: namespace.map(Name::from), name: name.into() })
    }

    fn who(text: &str) -> Who {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_read_with_its_kind_before_or_behind_the_namespace() {
        assert_eq!(who("shop/frontend"), named(None, Some("shop"), "frontend"));
        let deployment = named(Some(Kind::Deployment), Some("shop"), "frontend");
        for text in [
            "deployment/shop/frontend",
            "deploy/shop/frontend",
            "shop/Deployment/frontend",
            "deployments/shop/frontend",
        ] {
            assert_eq!(who(text), deployment, "{text}");
        }
        assert_eq!(who("svc/db"), named(Some(Kind::Service), None, "db"));
        for text in ["shop/svc/db", "service/shop/db", "db.shop.svc", "db.shop.svc.cluster.local"] {
            assert_eq!(who(text), named(Some(Kind::Service), Some("shop"), "db"), "{text}");
        }
        let Who::Named(other) = who("rollout/shop/web") else { panic!("not a name") };
        assert_eq!(other.kind, Some(KindName::Other("rollout".into())));
        assert_eq!(who("frontend"), named(None, None, "frontend"));
        for wrong in ["", "/a", "a/", "a/b/c/d"] {
            assert_eq!(wrong.parse::<Who>(), Err(AskError::Name(wrong.to_owned())));
        }
    }

    #[test]
    fn addresses_and_the_ingress_controller_are_told_from_names() {
        assert_eq!(who("10.0.0.5"), Who::Address("10.0.0.5".parse().unwrap()));
        assert_eq!(who("fd00::1"), Who::Address("fd00::1".parse().unwrap()));
        assert_eq!(who("::ffff:10.0.0.5"), who("10.0.0.5"));
        assert_eq!(who("ingress-controller"), Who::IngressController);
    }

    #[test]
    fn a_target_has_a_port_by_number_or_name_and_may_have_a_protocol() {
        let target = |text: &str| text.parse::<Target>();
        let dns = target("kube-system/kube-dns:53/udp").unwrap();
        assert_eq!((dns.port, dns.protocol), (PortName::Number(53), Some(Protocol::Udp)));
        assert_eq!(target("shop/db:postgres").unwrap().port, PortName::Named("postgres".into()));
        let v6 = target("[fd00::1]:443").unwrap();
        assert_eq!(v6.who, Who::Address("fd00::1".parse().unwrap()));
        assert_eq!(target("shop/db"), Err(AskError::NoPort("shop/db".into())));
        assert_eq!(target("fd00::1"), Err(AskError::NoPort("[fd00::1]".into())));
        assert_eq!(target("shop/db:0"), Err(AskError::Port("0".into())));
        assert_eq!(target("shop/db:70000"), Err(AskError::Port("70000".into())));
        assert_eq!(target("shop/db:80/icmp"), Err(AskError::Protocol("icmp".into())));
        assert!(matches!(target("10.0.0.5:web"), Err(AskError::NamedPortOfAddress(_))));
        assert!(matches!(target("ingress-controller:80"), Err(AskError::NoTarget(_))));
    }
}
