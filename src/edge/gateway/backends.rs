//! What becomes of traffic between a Gateway and the backends of a route.
//!
//! A `BackendTLSPolicy` means TLS and verification both: the standard API has no way to leave the second out. Of several for one
//! port, one that names the port goes first, then the oldest, then the first by name (apis/v1, `BackendTLSPolicySpec.targetRefs`).

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    edge::{By, Doubt, Hop, HopProtection, Verified},
    model::{
        BackendTlsPolicy, FieldPath, Kind, Object, ObjectKey, Place, Protocol, Route, RouteBackend, Service,
        ServicePort,
    },
    snapshot::{Blind, Lookup, Need, Snapshot},
};

use super::attachments::{Attachment, Target};

const DEFAULT: By = By::Default("the default of Gateway API, where no BackendTLSPolicy says otherwise");

/// Values of `appProtocol` that mean TLS, or what encrypts as it does (IANA service names, and Kubernetes' own).
const ENCRYPTED: [&str; 16] = [
    "https",
    "tls",
    "kubernetes.io/wss",
    "wss",
    "grpcs",
    "ldaps",
    "imaps",
    "pop3s",
    "ftps",
    "submissions",
    "amqps",
    "secure-mqtt",
    "domain-s",
    "sips",
    "quic",
    "ssh",
];
/// Values that mean plaintext.
const CLEAR: [&str; 14] = [
    "http",
    "http2",
    "h2c",
    "kubernetes.io/h2c",
    "kubernetes.io/ws",
    "ws",
    "grpc",
    "ldap",
    "imap",
    "pop3",
    "ftp",
    "smtp",
    "mqtt",
    "domain",
];

/// What the application behind a route says of its bytes.
pub(super) enum Application {
    /// All of its ports do TLS themselves.
    Encrypted,
    /// Some port says that it does not.
    Clear,
    /// Some port does not say.
    Unknown(Doubt),
}

/// What the Services behind a route of bytes say of them.
pub(super) fn application(snapshot: &Snapshot, route: &Route) -> Application {
    let mut unknown = None;
    for backend in &route.backends {
        match port_of(snapshot, route, backend) {
            Ok(found) => match of_port(&found.1) {
                Some(true) => {}
                Some(false) => return Application::Clear,
                None => {
                    unknown.get_or_insert_with(|| unsaid(&backend.service, &found.1));
                }
            },
            Err(doubt) => {
                unknown.get_or_insert(doubt);
            }
        }
    }
    match unknown {
        Some(doubt) => Application::Unknown(doubt),
        None if route.backends.is_empty() => Application::Unknown(Doubt::new(
            "its listener passes bytes on as they are, and no Service says whether they are TLS",
            "attach it to a listener of protocol TLS",
        )),
        None => Application::Encrypted,
    }
}

/// Where the traffic of a route goes, and how it is protected on the way.
pub(super) fn hops(snapshot: &Snapshot, route: &Route, attachments: &[Attachment]) -> Vec<Hop> {
    let opened = opening(attachments);
    let hop = |backend: &RouteBackend| Hop {
        service: Some(backend.service.clone()),
        port: backend.port.map(|port| port.to_string().into()),
        hosts: route.hostnames.clone(),
        at: backend.at.clone(),
        protection: match (route.kind, opened) {
            (Kind::TLSRoute | Kind::TCPRoute, Opened::Never) => HopProtection::PassedThrough,
            (Kind::TCPRoute | Kind::UDPRoute, Opened::AsItIs) => as_it_is(snapshot, route, backend),
            _ => to_backend(snapshot, route, backend),
        },
    };
    route.backends.iter().map(hop).collect()
}

/// The reads that the hops, and what the application says, rest on.
pub(super) fn rests_on(snapshot: &Snapshot, route: &Route, needs: &mut BTreeSet<Need>) {
    for service in route.backends.iter().map(|backend| &backend.service) {
        needs.insert(Need::Get(service.clone()));
        let namespace = service.namespace.clone();
        let policies = snapshot.coverage(Kind::BackendTLSPolicy, namespace.as_ref());
        if !matches!(policies, Err(Blind::NotServed(_))) {
            needs.insert(Need::List(Kind::BackendTLSPolicy, namespace));
        }
    }
}

/// What Gateways do with the clients' TLS.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    /// They end it.
    Ended,
    /// They pass it on unopened.
    Never,
    /// There is none that they know of.
    AsItIs,
}

/// The least protective of what the listeners of a route do.
fn opening(attachments: &[Attachment]) -> Opened {
    let of = |attachment: &Attachment| match &attachment.target {
        Target::Listener(holder, index, _) => {
            holder.listeners().get(*index).map(|listener| match (listener.protocol.as_str(), &listener.tls) {
                ("TLS", Some(tls)) if tls.is_passthrough => Opened::Never,
                ("TCP" | "UDP", _) => Opened::AsItIs,
                _ => Opened::Ended,
            })
        }
        Target::Unknown(_) => None,
    };
    let known: Vec<Opened> = attachments.iter().filter_map(of).collect();
    match known.as_slice() {
        [] => Opened::Ended,
        all if all.contains(&Opened::Ended) => Opened::Ended,
        all if all.contains(&Opened::AsItIs) => Opened::AsItIs,
        _ => Opened::Never,
    }
}

fn to_backend(snapshot: &Snapshot, route: &Route, backend: &RouteBackend) -> HopProtection {
    let (service, port) = match port_of(snapshot, route, backend) {
        Ok(found) => found,
        Err(doubt) => return HopProtection::Unknown(doubt),
    };
    if let Some(policy) = policy(snapshot, &backend.service, &port) {
        let object = ObjectKey {
            kind: Kind::BackendTLSPolicy,
            namespace: policy.meta.namespace.clone(),
            name: policy.meta.name.clone(),
        };
        let by = By::Field(Place { object, path: FieldPath::new("spec.validation") });
        return HopProtection::Tls(by, Verified::Yes);
    }
    match snapshot.coverage(Kind::BackendTLSPolicy, backend.service.namespace.as_ref()) {
        // Where the kind is not served, there are none.
        Ok(()) | Err(Blind::NotServed(_)) => {}
        Err(blind) => return HopProtection::Unknown(blind.into()),
    }
    match of_port(&port) {
        Some(true) => HopProtection::Tls(
            by_app_protocol(&backend.service, &service, &port),
            Verified::Unknown(Doubt::new(
                "appProtocol asks for TLS and does not say which certificates are trusted",
                format!("create a BackendTLSPolicy for {}", backend.service),
            )),
        ),
        Some(false) => HopProtection::Plaintext(by_app_protocol(&backend.service, &service, &port)),
        None => HopProtection::Plaintext(DEFAULT),
    }
}

/// A hop on which the bytes of the client go on as they came.
fn as_it_is(snapshot: &Snapshot, route: &Route, backend: &RouteBackend) -> HopProtection {
    match port_of(snapshot, route, backend) {
        Ok((service, port)) => match of_port(&port) {
            Some(true) => HopProtection::PassedThrough,
            Some(false) => HopProtection::Plaintext(by_app_protocol(&backend.service, &service, &port)),
            None => HopProtection::Unknown(unsaid(&backend.service, &port)),
        },
        Err(doubt) => HopProtection::Unknown(doubt),
    }
}

/// The policy that counts for a port of a Service.
fn policy(snapshot: &Snapshot, service: &ObjectKey, port: &ServicePort) -> Option<Arc<BackendTlsPolicy>> {
    let policies = snapshot.referrers(service).filter_map(|key| match snapshot.object(key).found() {
        Some(Object::BackendTlsPolicy(policy)) => Some(policy),
        _ => None,
    });
    let rank = |policy: &Arc<BackendTlsPolicy>| {
        let targets = policy.targets.iter().filter(|target| target.service == *service);
        let by_name = targets.filter_map(|target| match &target.port {
            Some(name) => (*name == port.name).then_some(false),
            None => Some(true),
        });
        let is_general = by_name.min()?;
        // What has no time yet is being created.
        let created = policy.meta.created.map_or((true, None), |time| (false, Some(time)));
        Some((is_general, created, policy.meta.name.clone()))
    };
    let ranked = policies.filter_map(|policy| Some((rank(&policy)?, policy)));
    ranked.min_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, policy)| policy)
}

/// The Service of a backend, and its port.
fn port_of(snapshot: &Snapshot, route: &Route, backend: &RouteBackend) -> Result<(Arc<Service>, ServicePort), Doubt> {
    let service = match snapshot.object(&backend.service) {
        Lookup::Found(Object::Service(service)) => service,
        Lookup::Found(_) | Lookup::Absent => {
            return Err(Doubt::new(
                format!("{} is not there yet", backend.service),
                format!("apply {} before it, or together with it", backend.service),
            ));
        }
        Lookup::Unseen(blind) => return Err(blind.into()),
    };
    let protocol = if route.kind == Kind::UDPRoute { Protocol::Udp } else { Protocol::Tcp };
    let meant = |port: &&ServicePort| Some(port.port) == backend.port && port.protocol == protocol;
    match service.ports.iter().find(meant).cloned() {
        Some(port) => Ok((service, port)),
        None => Err(Doubt::new(
            format!("{} has no such port", backend.service),
            format!("set {}.port to a port of {}", backend.at, backend.service),
        )),
    }
}

/// Whether the application behind a port does TLS itself, where `appProtocol` says.
fn of_port(port: &ServicePort) -> Option<bool> {
    let protocol = port.app_protocol.as_ref()?.to_ascii_lowercase();
    if ENCRYPTED.contains(&protocol.as_str()) {
        return Some(true);
    }
    CLEAR.contains(&protocol.as_str()).then_some(false)
}

fn by_app_protocol(key: &ObjectKey, service: &Service, port: &ServicePort) -> By {
    let index = service.ports.iter().position(|other| other == port).unwrap_or_default();
    By::Field(Place { object: key.clone(), path: FieldPath::new("spec.ports").index(index).field("appProtocol") })
}

fn unsaid(service: &ObjectKey, port: &ServicePort) -> Doubt {
    Doubt::new(
        "its listener passes bytes on as they are, and whether they are TLS is for the application to say",
        if port.protocol == Protocol::Udp {
            format!("if the application encrypts itself, set appProtocol: tls on port {} of {service}", port.port)
        } else {
            format!(
                "if the application does TLS itself, set appProtocol: tls on port {} of {service}; else attach the route to a \
                 listener of protocol TLS",
                port.port
            )
        },
    )
}
