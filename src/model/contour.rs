//! Contour's own kind (`projectcontour.io/v1` `HTTPProxy`), as far as decisions read it.

use super::{EdgeResource, FieldPath, Kind, Name, ObjectKey};

/// `spec` of an `HTTPProxy`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HttpProxy {
    /// `virtualhost`; `None` for one that only others include.
    pub virtual_host: Option<VirtualHost>,
    /// `routes`.
    pub routes: Vec<ProxyRoute>,
    /// `includes`: the `HTTPProxies` whose routes are taken in.
    pub includes: Vec<ObjectKey>,
    /// `tcpproxy`.
    pub tcp: Option<TcpProxy>,
}

/// `spec.virtualhost`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct VirtualHost {
    /// `fqdn`, which may be a wildcard.
    pub fqdn: Name,
    /// `tls`.
    pub tls: Option<ProxyTls>,
}

/// `spec.virtualhost.tls`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProxyTls {
    /// `secretName`, which may have another namespace in front: `NAMESPACE/NAME`.
    pub secret: Option<ObjectKey>,
    /// `minimumProtocolVersion`.
    pub min_version: Option<Name>,
    /// `passthrough`: whether TLS is passed on unopened.
    pub passthrough: bool,
    /// `clientValidation`.
    pub client: Option<ClientValidation>,
}

/// `spec.virtualhost.tls.clientValidation`.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct ClientValidation {
    /// `skipClientCertValidation`.
    pub is_skipped: bool,
    /// `optionalClientCertificate`.
    pub is_optional: bool,
}

/// One entry of `spec.routes`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProxyRoute {
    /// `permitInsecure`.
    pub permits_insecure: bool,
    /// `requestRedirectPolicy.scheme`.
    pub redirect_scheme: Option<Name>,
    /// `services`.
    pub services: Vec<ProxyService>,
}

/// `spec.tcpproxy`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TcpProxy {
    /// `services`.
    pub services: Vec<ProxyService>,
    /// `include`, by its name of today or the older one.
    pub include: Option<ObjectKey>,
}

/// One backend.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProxyService {
    /// `name`.
    pub name: Name,
    /// `port`: the Service's.
    pub port: Option<u16>,
    /// `protocol`.
    pub protocol: Option<Name>,
    /// Whether `validation` says whom to expect.
    pub is_validated: bool,
}

impl HttpProxy {
    /// All backends, each with its place.
    pub fn services(&self) -> impl Iterator<Item = (FieldPath, &ProxyService)> {
        self.route_services().chain(self.tcp_services())
    }

    /// The backends of its routes, each with its place.
    pub fn route_services(&self) -> impl Iterator<Item = (FieldPath, &ProxyService)> {
        let routes = self.routes.iter().enumerate();
        routes.flat_map(|(index, route)| {
            numbered(&FieldPath::new("spec.routes").index(index).field("services"), &route.services)
        })
    }

    /// The backends of its `tcpproxy`, each with its place.
    pub fn tcp_services(&self) -> impl Iterator<Item = (FieldPath, &ProxyService)> {
        self.tcp.iter().flat_map(|tcp| numbered(&FieldPath::new("spec.tcpproxy.services"), &tcp.services))
    }

    /// The objects that it names.
    pub(super) fn refers(&self, resource: &EdgeResource, out: &mut Vec<ObjectKey>) {
        let Some(own) = &resource.meta.namespace else { return };
        let tls = self.virtual_host.iter().filter_map(|host| host.tls.as_ref());
        out.extend(tls.filter_map(|tls| tls.secret.clone()));
        out.extend(self.includes.iter().chain(self.tcp.iter().filter_map(|tcp| tcp.include.as_ref())).cloned());
        let services = self.services().map(|(_, service)| service.name.clone());
        out.extend(services.map(|name| ObjectKey::namespaced(Kind::Service, own.clone(), name)));
    }
}

fn numbered<'a>(
    path: &FieldPath,
    services: &'a [ProxyService],
) -> impl Iterator<Item = (FieldPath, &'a ProxyService)> + use<'a> {
    let path = path.clone();
    services.iter().enumerate().map(move |(index, service)| (path.index(index), service))
}
