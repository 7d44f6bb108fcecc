//! How a packet is protected on its way: at the edge, behind it, and inside.

use jiff::tz::TimeZone;

use crate::{
    edge::{self, By, CertificateUse, Hop as Way, HopProtection, Oldest, TlsSettings, Verified},
    encryption::mesh::{self, Accepts},
    model::{Kind, Name, Object, Place, Protocol, Service, ServicePort},
    network::target_ports,
    snapshot::{Lookup, Snapshot},
};

use super::{
    Actor, Surroundings,
    ends::Group,
    entries::{Entry, Outside, entries, outside},
};

/// How many hosts of one object are told.
const HOSTS: usize = 3;

/// One stretch of the way, and how it is protected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Protected {
    /// From where to where, in words.
    pub stretch: Name,
    /// How it is protected.
    pub protection: Protection,
    /// Where that is written.
    pub at: Option<Place>,
}

/// How traffic is protected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Protection {
    /// By TLS of which the client knows the server: versions, certificate.
    Tls(Name),
    /// By TLS of which both ends know each other.
    MutualTls(Name),
    /// Not at all, or not for everybody.
    Plaintext(Name),
    /// It cannot be said.
    Unknown(Name),
}

impl Protection {
    /// The word in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Tls(_) => "tls",
            Self::MutualTls(_) => "mutual-tls",
            Self::Plaintext(_) => "plaintext",
            Self::Unknown(_) => "unknown",
        }
    }

    /// In a sentence.
    pub fn text(&self) -> String {
        let (word, detail) = match self {
            Self::Tls(detail) => ("TLS", detail),
            Self::MutualTls(detail) => ("mutual TLS", detail),
            Self::Plaintext(detail) => ("plaintext", detail),
            Self::Unknown(detail) => ("cannot prove", detail),
        };
        match self {
            _ if detail.is_empty() => word.to_owned(),
            // The version begins with the same word.
            Self::Tls(_) if detail.starts_with(word) => detail.to_string(),
            _ => format!("{word}: {detail}"),
        }
    }
}

/// The stretches of a way that ends on a port of Pods.
pub(super) fn stretches(
    snapshot: &Snapshot,
    surroundings: Surroundings<'_>,
    source: &Actor,
    destination: &Group,
    (protocol, port): (Protocol, u16),
) -> Vec<Protected> {
    if protocol != Protocol::Tcp {
        let protection = Protection::Unknown(format!("no mesh and no controller protects {protocol}").into());
        return vec![Protected { stretch: "on the way".into(), protection, at: None }];
    }
    let inside = inside(snapshot, surroundings, source, destination, port);
    if !matches!(source, Actor::IngressController | Actor::Controller(_)) {
        return vec![Protected { stretch: "to the Pod".into(), protection: inside, at: None }];
    }
    let mut stretches = Vec::new();
    for (service, service_port) in services(snapshot, destination, port) {
        let named = Some((service_port.name.as_str(), service_port.port));
        for entry in entries(snapshot, surroundings.vouched, &Object::Service(service).key(), named) {
            at_the_edge(snapshot, surroundings, &entry, &mut stretches);
            behind(&entry, &inside, &mut stretches);
        }
    }
    if stretches.is_empty() {
        stretches.push(Protected { stretch: "to the Pod".into(), protection: inside, at: None });
    }
    stretches
}

/// The Services of a port of Pods, with their ports that lead there.
fn services(snapshot: &Snapshot, group: &Group, port: u16) -> Vec<(std::sync::Arc<Service>, ServicePort)> {
    let mut found = Vec::new();
    for object in snapshot.list(Kind::Service, Some(&group.namespace)) {
        let Object::Service(service) = object else { continue };
        if service.has_selector() && service.selects(&group.facts.labels) {
            let leads = |it: &&ServicePort| target_ports(it, &group.facts).contains(Protocol::Tcp, port);
            found.extend(service.ports.iter().filter(leads).map(|it| (std::sync::Arc::clone(service), it.clone())));
        }
    }
    found
}

/// From clients outside to what an object opens.
fn at_the_edge(snapshot: &Snapshot, surroundings: Surroundings<'_>, entry: &Entry, out: &mut Vec<Protected>) {
    let key = entry.object.key();
    let Some(surface) = edge::surface(snapshot, surroundings.vouched, &entry.object) else { return };
    let (settings, certificates) = (surface.settings(), surface.certificates());
    for listener in entry.listeners.iter().take(HOSTS) {
        let host = listener.host.as_ref().map_or("any host", |host| host.as_str());
        let protection = match outside(listener) {
            Outside::Tls => {
                let part = |it: &&TlsSettings| it.part.is_none() || it.part == listener.name;
                let serves = |it: &&CertificateUse| {
                    it.hosts.is_empty() || listener.host.as_ref().is_some_and(|host| covers(&it.hosts, host))
                };
                let versions = settings.iter().find(part).map(|it| versions(&it.oldest.value, &it.oldest.by));
                let certificate = certificates.iter().find(serves).map(|it| certificate(snapshot, it));
                let details: Vec<String> = versions.into_iter().chain(certificate).collect();
                Protection::Tls(details.join(", ").into())
            }
            Outside::Unknown(reason) => Protection::Unknown(reason),
            Outside::Plaintext(reason) => Protection::Plaintext(reason),
        };
        let at = Some(Place { object: key.clone(), path: listener.at.clone() });
        out.push(Protected { stretch: format!("from outside to {key}, {host}").into(), protection, at });
    }
    if let Some(more) = entry.listeners.len().checked_sub(HOSTS).filter(|more| *more > 0) {
        let protection = Protection::Unknown(format!("{more} more hosts are not told").into());
        out.push(Protected { stretch: format!("from outside to {key}").into(), protection, at: None });
    }
}

fn covers(listed: &[Name], host: &Name) -> bool {
    let wildcard = crate::model::wildcard_above(host);
    listed.iter().any(|it| it == host || wildcard.as_deref().is_some_and(|wildcard| **it == *wildcard))
}

fn versions(oldest: &Oldest, by: &By) -> String {
    let by = match by {
        By::Default(whose) => format!(" ({whose})"),
        By::Field(_) => String::new(),
        By::Environment => " (by the ruleset's environment)".to_owned(),
    };
    match oldest {
        Oldest::Version(version) => format!("{version} or later{by}"),
        Oldest::Policy(name) => format!("the policy {name}{by}"),
        Oldest::Unknown(doubt) => format!("of a version that cannot be proved ({})", doubt.blind),
    }
}

/// The certificate, as far as it can be seen.
fn certificate(snapshot: &Snapshot, using: &CertificateUse) -> String {
    let of = &using.secret;
    match snapshot.object(of) {
        Lookup::Found(Object::Secret(secret)) => match secret.tls.as_ref().map(|tls| &tls.certificates) {
            Some(Ok(bundle)) => {
                let day = bundle.leaf.not_after.to_zoned(TimeZone::UTC).date();
                format!("certificate of {of}, by {}, until {day}", bundle.leaf.issuer)
            }
            Some(Err(fault)) => format!("no certificate, for tls.crt of {of} {fault}"),
            None => format!("no certificate, for {of} is of another type"),
        },
        Lookup::Absent | Lookup::Found(_) if using.is_issued => format!("certificate of {of}, to be issued"),
        Lookup::Absent | Lookup::Found(_) => format!("no certificate, for there is no {of}"),
        Lookup::Unseen(_) => format!("certificate of {of}, which is not seen"),
    }
}

/// From the edge to the Pod.
fn behind(entry: &Entry, inside: &Protection, out: &mut Vec<Protected>) {
    let key = entry.object.key();
    let mut told: Vec<&HopProtection> = Vec::new();
    if entry.hops.is_empty() {
        let protection = match inside {
            Protection::MutualTls(_) => inside.clone(),
            _ => Protection::Unknown("what its controller speaks with Pods is not known".into()),
        };
        out.push(Protected { stretch: format!("from {key} to the Pod").into(), protection, at: None });
    }
    for way in &entry.hops {
        if told.contains(&&way.protection) {
            continue;
        }
        told.push(&way.protection);
        let at = Some(Place { object: key.clone(), path: way.at.clone() });
        out.push(Protected { stretch: format!("from {key} to the Pod").into(), protection: hop(way, inside), at });
    }
}

fn hop(way: &Way, inside: &Protection) -> Protection {
    match &way.protection {
        HopProtection::Tls(_, Verified::Yes) => Protection::Tls("the certificate is checked".into()),
        HopProtection::Tls(_, Verified::No(_)) => Protection::Tls("the certificate is not checked".into()),
        HopProtection::Tls(_, Verified::Unknown(doubt)) => {
            Protection::Tls(format!("whether the certificate is checked cannot be proved ({})", doubt.blind).into())
        }
        HopProtection::PassedThrough => Protection::Tls("the client's own, unopened".into()),
        // What accepts nothing but mutual TLS gets it, or nothing comes through.
        HopProtection::Plaintext(_) if matches!(inside, Protection::MutualTls(_)) => inside.clone(),
        HopProtection::Plaintext(By::Default(whose)) => Protection::Plaintext((*whose).into()),
        HopProtection::Plaintext(_) => Protection::Plaintext(Name::default()),
        HopProtection::Unknown(doubt) => Protection::Unknown(doubt.blind.to_string().into()),
    }
}

/// What the Pod accepts.
fn inside(
    snapshot: &Snapshot,
    surroundings: Surroundings<'_>,
    source: &Actor,
    destination: &Group,
    port: u16,
) -> Protection {
    let inbound = mesh::inbound(snapshot, surroundings.mesh, &destination.namespace, &destination.facts);
    let meshed = |group: &Group| mesh::inbound(snapshot, surroundings.mesh, &group.namespace, &group.facts).mesh;
    match inbound.on(port) {
        // Proxies of one mesh speak mutual TLS with each other unless somebody tells them otherwise.
        Accepts::Plaintext(because) if inbound.mesh.is_some() && source.group().and_then(meshed) == inbound.mesh => {
            let mesh = inbound.mesh.map_or("", mesh::Mesh::name);
            let doubt = format!(
                "both are in {mesh}, whose proxies use mutual TLS where nothing tells them otherwise; {}",
                because.fact
            );
            Protection::Unknown(doubt.into())
        }
        Accepts::MutualTls => {
            let outside = source.group().is_some_and(|group| {
                let inbound = mesh::inbound(snapshot, surroundings.mesh, &group.namespace, &group.facts);
                inbound.mesh.is_none() && !matches!(inbound.default, Accepts::Unknown(_))
            });
            Protection::MutualTls(if outside {
                "the Pod accepts nothing else, and the source is in no mesh: it is turned away".into()
            } else {
                "the Pod accepts nothing else; what its mesh authorizes is not followed".into()
            })
        }
        Accepts::OneSidedTls(because) => Protection::Tls(because.fact.clone()),
        Accepts::Plaintext(because) => Protection::Plaintext(because.fact.clone()),
        Accepts::Unknown(blind) => Protection::Unknown(blind.to_string().into()),
    }
}
