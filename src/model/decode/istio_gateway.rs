//! Istio's own Gateway.

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, labels, nullable},
};
use crate::model::{
    EdgeResource, EdgeSpec, FieldPath, Kind, Labels, Name, TlsVersion,
    istio_gateway::{IstioGateway, IstioProtocol, IstioServer, IstioServerTls, IstioTlsMode},
};

#[derive(Deserialize)]
pub(super) struct WireIstioGateway {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireSpec {
    #[serde(deserialize_with = "labels")]
    selector: Labels,
    servers: List<WireServer>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireServer {
    #[serde(deserialize_with = "nullable")]
    port: WireServerPort,
    hosts: List<Name>,
    tls: Option<WireTls>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireServerPort {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    number: WirePort,
    #[serde(deserialize_with = "nullable")]
    protocol: Name,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTls {
    #[serde(deserialize_with = "nullable")]
    mode: Name,
    #[serde(deserialize_with = "nullable")]
    https_redirect: bool,
    #[serde(deserialize_with = "nullable")]
    min_protocol_version: Name,
    cipher_suites: List<Name>,
    #[serde(deserialize_with = "nullable")]
    credential_name: Name,
    credential_names: List<Name>,
}

impl WireIstioGateway {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        let servers = self.spec.servers.0.into_iter().enumerate();
        let servers = servers.map(|(index, server)| server.into_server(&FieldPath::new("spec.servers").index(index)));
        let gateway = IstioGateway { selector: self.spec.selector, servers: servers.collect::<Result<_, _>>()? };
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::Istio(gateway) })
    }
}

impl WireServer {
    fn into_server(self, at: &FieldPath) -> Result<IstioServer, DecodeError> {
        let hosts = self.hosts.0.into_iter();
        Ok(IstioServer {
            name: self.port.name,
            port: self.port.number.0,
            protocol: protocol(&self.port.protocol),
            // `NAMESPACE/HOST`: the namespace is that of the VirtualServices that may use it.
            hosts: hosts.map(|host| host.rsplit_once('/').map_or(host.clone(), |(_, host)| host.into())).collect(),
            tls: self.tls.map(|tls| tls.into_tls(&at.field("tls"))).transpose()?,
        })
    }
}

/// Istio compares without regard to case; what it does not know is TCP to it.
fn protocol(name: &str) -> IstioProtocol {
    match name.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" | "HTTP_PROXY" => IstioProtocol::Http,
        "HTTPS" => IstioProtocol::Https,
        "TLS" => IstioProtocol::Tls,
        _ => IstioProtocol::Other,
    }
}

impl WireTls {
    fn into_tls(self, at: &FieldPath) -> Result<IstioServerTls, DecodeError> {
        let wrong = |field: &str, message: &str| DecodeError { path: at.field(field), message: message.to_owned() };
        let mode = match self.mode.as_str() {
            "" | "PASSTHROUGH" => IstioTlsMode::Passthrough,
            "SIMPLE" => IstioTlsMode::Simple,
            "MUTUAL" => IstioTlsMode::Mutual,
            "AUTO_PASSTHROUGH" => IstioTlsMode::AutoPassthrough,
            "ISTIO_MUTUAL" => IstioTlsMode::IstioMutual,
            "OPTIONAL_MUTUAL" => IstioTlsMode::OptionalMutual,
            _ => return Err(wrong("mode", "expected a mode of TLS that Istio knows")),
        };
        let oldest = match self.min_protocol_version.as_str() {
            "" | "TLS_AUTO" => None,
            "TLSV1_0" => Some(TlsVersion::Tls10),
            "TLSV1_1" => Some(TlsVersion::Tls11),
            "TLSV1_2" => Some(TlsVersion::Tls12),
            "TLSV1_3" => Some(TlsVersion::Tls13),
            _ => return Err(wrong("minProtocolVersion", "expected TLS_AUTO or TLSV1_0 to TLSV1_3")),
        };
        let is_list = self.credential_name.is_empty();
        let one = Some(self.credential_name).filter(|name| !name.is_empty());
        let credentials = one.map_or(self.credential_names.0, |name| vec![name]);
        Ok(IstioServerTls {
            mode,
            redirects: self.https_redirect,
            oldest,
            ciphers: self.cipher_suites.0,
            credentials,
            is_list,
        })
    }
}
