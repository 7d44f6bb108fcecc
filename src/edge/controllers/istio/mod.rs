//! Istio's own Gateway: `networking.istio.io`.
//!
//! Each server is one listener. HTTP is plaintext unless `httpsRedirect` is on. `tls.mode` left out is **PASSTHROUGH**, whatever
//! else `tls` says: TLS is passed on unopened. The Secrets of `credentialName` are in the namespace of the Pods that
//! `spec.selector` selects, in whichever namespace they are.
//!
//! Sources: pkg/config/gateway/gateway.go, pkg/config/validation/validation.go (`validateServer`, `validateTLSOptions`),
//! pilot/pkg/networking/core/gateway.go, istio/api networking/v1alpha3/gateway.proto.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::{
    edge::{
        By, Cause, CausePlace, CertificateUse, Ciphers, ClientCertificates, Hop, HopProtection, Listener, Mend,
        Notation, Oldest, Serving, Setting, Surface, TlsSettings, Vouched, hosts::Wanted,
    },
    model::{
        EdgeResource, FieldPath, Kind, Name, ObjectKey, Place, TlsVersion,
        istio_gateway::{IstioGateway, IstioProtocol, IstioServer, IstioServerTls, IstioTlsMode},
    },
    snapshot::{Need, Snapshot},
};

use super::{
    Controller, Doubt, HostMatch, Identity, Knowledge, MissingSecret, Opening, Plaintext, Reading, Tls, Topic, UNKNOWN,
    secrets, values::key,
};

/// Who serves Istio's own Gateways. It is not looked up for Ingresses.
#[derive(Debug)]
pub(super) struct Istio;

/// As its `GatewayClass` names it: the same program serves Gateways of both kinds.
const NAME: &str = "istio.io/gateway-controller";

static IDENTITY: Identity = Identity {
    title: "Istio's gateway",
    controllers: &[NAME],
    annotation: None,
    matching: HostMatch::Certificates,
    missing_secret: MissingSecret::RejectsHandshake,
    source: "https://github.com/istio/istio: pkg/config/gateway/gateway.go, pilot/pkg/networking/core/gateway.go, \
             https://istio.io/latest/docs/reference/config/networking/gateway/",
};

static KNOWLEDGE: Knowledge = Knowledge {
    exact: &[
        (Topic::Plaintext, "`port.protocol`, `tls.httpsRedirect`, `tls.mode` (left out it is PASSTHROUGH)"),
        (Topic::Versions, "`tls.minProtocolVersion`, else TLS 1.2"),
        (Topic::Ciphers, "`tls.cipherSuites`, else Envoy's own, which are sound"),
        (
            Topic::Certificates,
            "`credentialName` and `credentialNames` in the namespaces of the Pods that `spec.selector` selects",
        ),
        (Topic::Clients, "`tls.mode`: MUTUAL, OPTIONAL_MUTUAL, ISTIO_MUTUAL"),
        (Topic::OwnKinds, "`Gateway` of `networking.istio.io`"),
    ],
    doubts: &[
        "where requests go: `VirtualService` is not read",
        "certificates of a Gateway whose Pods are not seen, and certificates in files of the Pod",
        "`meshConfig.tlsDefaults`, and what an `EnvoyFilter` changes",
        "Ingresses that Istio serves (`istio.io/ingress-controller`)",
    ],
};

const BY_DEFAULT: By = By::Default("the default of Istio");

static PLAIN_HTTP: Cause = Cause {
    fact: "the server speaks HTTP, and tls.httpsRedirect is not on",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("set tls.httpsRedirect: true on the server, beside one that speaks HTTPS")],
};
static PLAIN_TCP: Cause = Cause {
    fact: "the server passes bytes on as they come, and asks for no TLS",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("let the server speak TLS: port.protocol: TLS, and tls with a mode and a credentialName")],
};

impl Controller for Istio {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    fn knowledge(&self) -> &'static Knowledge {
        &KNOWLEDGE
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        UNKNOWN.open(reading)
    }
}

/// What one of Istio's Gateways opens.
pub(super) fn surface<'a>(
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    gateway: &'a IstioGateway,
) -> Box<dyn Surface + 'a> {
    let serving = Serving::Known { name: NAME.into(), controller: &Istio };
    Box::new(GatewaySurface { snapshot, vouched, resource, gateway, serving })
}

struct GatewaySurface<'a> {
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    gateway: &'a IstioGateway,
    serving: Serving,
}

impl GatewaySurface<'_> {
    fn servers(&self) -> impl Iterator<Item = (FieldPath, &IstioServer)> {
        let at = FieldPath::new("spec.servers");
        self.gateway.servers.iter().enumerate().map(move |(index, server)| (at.index(index), server))
    }

    fn by(&self, path: FieldPath) -> By {
        By::Field(Place { object: key(self.resource.kind, &self.resource.meta), path })
    }

    fn settings_of(&self, at: &FieldPath, server: &IstioServer, tls: &IstioServerTls) -> TlsSettings {
        let at = at.field("tls");
        let vouched = super::vouched_oldest(self.vouched, NAME, TlsVersion::Tls12, BY_DEFAULT);
        let oldest = tls
            .oldest
            .map(|version| Setting { value: Oldest::Version(version), by: self.by(at.field("minProtocolVersion")) });
        let ciphers = if tls.ciphers.is_empty() {
            Setting { value: Ciphers::Sound, by: BY_DEFAULT }
        } else {
            let written = tls.ciphers.join(":");
            Setting {
                value: Ciphers::Written(Notation::OpenSsl, written.into()),
                by: self.by(at.field("cipherSuites")),
            }
        };
        let client = match tls.mode {
            IstioTlsMode::Mutual | IstioTlsMode::IstioMutual => ClientCertificates::Required,
            IstioTlsMode::OptionalMutual => {
                ClientCertificates::Optional("are not required: tls.mode is OPTIONAL_MUTUAL".into())
            }
            _ => ClientCertificates::NotAsked,
        };
        let client = Setting { value: client, by: self.by(at.field("mode")) };
        TlsSettings { part: Some(server.name.clone()), oldest: oldest.unwrap_or(vouched), ciphers, client }
    }

    /// The namespaces of the Pods, running or of templates, that serve it.
    fn namespaces(&self) -> BTreeSet<Name> {
        let selects = |labels: &crate::model::Labels| {
            self.gateway.selector.iter().all(|(key, value)| labels.value(key) == Some(value))
        };
        let running = self.snapshot.classes(None).filter(|(_, class)| selects(&class.facts.labels));
        let running = running.map(|(key, _)| key.namespace.clone());
        let templates = Kind::all().filter(|kind| kind.is_workload());
        let templates = templates.flat_map(|kind| self.snapshot.list(kind, None));
        let templates = templates.filter(|object| object.pod_facts().is_some_and(|facts| selects(&facts.labels)));
        running.chain(templates.filter_map(|object| object.meta().namespace.clone())).collect()
    }
}

impl Surface for GatewaySurface<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    /// One for each server, by the name of its port. Several hosts of one server are told together.
    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let refuses = self.vouched.refuses_plaintext.contains(NAME);
        let of_server = |(at, server): (FieldPath, &IstioServer)| {
            let is_any = server.hosts.iter().any(|host| *host == "*");
            let host = match wanted {
                Wanted::All => (!is_any).then(|| server.hosts.join(", ").into()),
                Wanted::One(None) if is_any => None,
                Wanted::One(Some(host)) if server.hosts.contains(host) => Some(host.clone()),
                Wanted::One(_) => return None,
            };
            let plaintext = if refuses { Plaintext::Redirected } else { plaintext(self.gateway, server) };
            Some(Listener { name: Some(server.name.clone()), host, at, plaintext, tls: tls(server) })
        };
        self.servers().filter_map(of_server).collect()
    }

    fn settings(&self) -> Vec<TlsSettings> {
        let of_server = |(at, server): (FieldPath, &IstioServer)| {
            let tls = terminated(server)?;
            Some(self.settings_of(&at, server, tls))
        };
        self.servers().filter_map(of_server).collect()
    }

    fn certificates(&self) -> Vec<CertificateUse> {
        let servers: Vec<_> =
            self.servers().filter_map(|(at, server)| Some((at, server, terminated(server)?))).collect();
        if servers.iter().all(|(_, _, tls)| tls.credentials.is_empty()) {
            return Vec::new();
        }
        let namespaces = self.namespaces();
        let mut uses = Vec::new();
        for (at, server, tls) in servers {
            let hosts: Vec<Name> = server.hosts.iter().filter(|host| **host != "*").cloned().collect();
            for (index, name) in tls.credentials.iter().enumerate() {
                let at = at.field("tls");
                let at =
                    if tls.is_list { at.field("credentialNames").index(index) } else { at.field("credentialName") };
                for secret in secrets_named(name, &namespaces) {
                    uses.push(CertificateUse {
                        secret,
                        // Of several certificates one names the host.
                        hosts: if tls.credentials.len() > 1 { Vec::new() } else { hosts.clone() },
                        at: at.clone(),
                        missing: IDENTITY.missing_secret,
                        is_issued: secrets::asks_for_certificates(&self.resource.meta),
                    });
                }
            }
        }
        uses
    }

    /// Where requests go is written in `VirtualServices`; only that TLS is passed on unopened is known here.
    fn hops(&self) -> Vec<Hop> {
        let passed = self
            .servers()
            .filter(|(_, server)| is_tls(server) && server.tls.as_ref().is_some_and(|tls| !tls.mode.terminates()));
        let hop = |(at, server): (FieldPath, &IstioServer)| Hop {
            service: None,
            port: None,
            hosts: server.hosts.iter().filter(|host| **host != "*").cloned().collect(),
            at,
            protection: HopProtection::PassedThrough,
        };
        passed.map(hop).collect()
    }

    fn rests_on(&self) -> Vec<Need> {
        Vec::new()
    }
}

/// Whether a server does TLS: a server that speaks HTTP has at most a redirect in `tls`.
fn is_tls(server: &IstioServer) -> bool {
    server.tls.is_some() && server.protocol != IstioProtocol::Http
}

/// TLS that ends at the gateway.
fn terminated(server: &IstioServer) -> Option<&IstioServerTls> {
    server.tls.as_ref().filter(|tls| is_tls(server) && tls.mode.terminates())
}

/// Whether it is a way out of the mesh: by the label that Istio's installer and chart give the Pods of one (`istio-egressgateway`, and
/// `istio-egress`, without the first word), or one that ends in it. Nothing else that a label says makes a way in a way out.
fn leads_out(gateway: &IstioGateway) -> bool {
    let label = gateway.selector.value("istio");
    label.is_some_and(|label| *label == "egress" || label.ends_with("egressgateway"))
}

fn plaintext(gateway: &IstioGateway, server: &IstioServer) -> Plaintext {
    if leads_out(gateway) && server.tls.is_none() {
        return Plaintext::Unknown(Doubt::new(
            "it is a way out of the mesh, where TLS begins behind it or not",
            "originate TLS by a DestinationRule of the host, if the application does not",
        ));
    }
    match (server.protocol, &server.tls) {
        (IstioProtocol::Http, Some(tls)) if tls.redirects => Plaintext::Redirected,
        (IstioProtocol::Http, _) => Plaintext::Served(&PLAIN_HTTP),
        (_, Some(_)) => Plaintext::Closed,
        (IstioProtocol::Https | IstioProtocol::Tls, None) => Plaintext::Unknown(Doubt::new(
            "Istio takes no server of HTTPS or TLS without tls",
            "set tls with a mode and a credentialName on the server",
        )),
        (IstioProtocol::Other, None) => Plaintext::Served(&PLAIN_TCP),
    }
}

fn tls(server: &IstioServer) -> Tls {
    if is_tls(server) { Tls::Covered } else { Tls::None }
}

/// The Secrets that a `credentialName` may mean: in the namespaces of the gateway's Pods, or where it says itself
/// (pilot/pkg/model/credentials/resource.go).
fn secrets_named(name: &str, namespaces: &BTreeSet<Name>) -> Vec<ObjectKey> {
    if let Some(named) = name.strip_prefix("kubernetes-gateway://") {
        let parts = named.split_once('/');
        return parts
            .map(|(namespace, name)| ObjectKey::namespaced(Kind::Secret, namespace, name))
            .into_iter()
            .collect();
    }
    let name = name.strip_prefix("kubernetes://").unwrap_or(name);
    if name.contains("://") {
        return Vec::new();
    }
    namespaces.iter().map(|namespace| ObjectKey::namespaced(Kind::Secret, namespace.clone(), name)).collect()
}
