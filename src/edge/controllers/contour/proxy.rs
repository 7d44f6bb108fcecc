//! `HTTPProxy`: Contour's own kind.
//!
//! With `spec.virtualhost.tls` plaintext is redirected, route by route, unless a route permits it; without, all of it is served.
//! Routes may come from proxies that are included, which open nothing by themselves. A proxy with an error (a missing Secret,
//! `tls` with neither Secret nor passthrough) opens nothing at all.

use std::collections::BTreeSet;

use crate::{
    edge::{
        By, Cause, CausePlace, CertificateUse, ClientCertificates, Hop, Listener, Mend, MissingSecret, Plaintext,
        Serving, Setting, Surface, Tls, TlsSettings, Vouched, Wanted,
    },
    model::{
        EdgeResource, EdgeSpec, FieldPath, Kind, Name, Object, ObjectKey, Place,
        contour::{HttpProxy, ProxyRoute, ProxyTls, VirtualHost},
    },
    snapshot::{Need, Snapshot},
};

use super::{CONTOUR, Contour, IDENTITY, backends};

/// How many proxies are followed from one; loops are an error anyway.
const INCLUDED: usize = 1000;

static NO_TLS: Cause = Cause {
    fact: "spec.virtualhost has no tls",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("set spec.virtualhost.tls with a secretName")],
};
static PERMITTED: Cause = Cause {
    fact: "permitInsecure of one of its routes permits it",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("remove permitInsecure")],
};
static PERMITTED_ELSEWHERE: Cause = Cause {
    fact: "permitInsecure of a route of an HTTPProxy that it includes permits it",
    places: &[CausePlace::Point, CausePlace::Field("spec.includes")],
    mends: &[Mend::Words("remove permitInsecure from the routes of the HTTPProxies that it includes")],
};

/// What a proxy opens; nothing for one that is only included.
pub(in crate::edge) fn surface<'a>(
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    spec: &'a HttpProxy,
) -> Box<dyn Surface + 'a> {
    let name = Name::from(IDENTITY.controllers.first().copied().unwrap_or_default());
    let serving = Serving::Known { name, controller: &Contour };
    Box::new(Proxy { snapshot, vouched, resource, spec, serving })
}

/// The proxies that include one that has changed, or one that leads to a Service that has, however far above: those next to it
/// refer to it.
pub(super) fn alters(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    let mut known = BTreeSet::from([key.clone()]);
    let mut pending = vec![key.clone()];
    while let Some(next) = pending.pop() {
        for referrer in snapshot.referrers(&next).filter(|referrer| referrer.kind == Kind::HTTPProxy) {
            if known.insert(referrer.clone()) {
                pending.push(referrer.clone());
                out.push(referrer.clone());
            }
        }
    }
}

struct Proxy<'a> {
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    spec: &'a HttpProxy,
    serving: Serving,
}

impl Surface for Proxy<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let Some(host) = self.host().filter(|host| wanted.includes(Some(&host.fqdn))) else { return Vec::new() };
        let refuses = self.serving.name().is_some_and(|name| self.vouched.refuses_plaintext.contains(name));
        let fqdn = FieldPath::new("spec.virtualhost.fqdn");
        let (plaintext, at) = if refuses { (Plaintext::Redirected, fqdn) } else { self.plaintext(host, fqdn) };
        let tls = if host.tls.as_ref().is_some_and(is_valid) { Tls::Covered } else { Tls::None };
        vec![Listener { name: None, host: Some(host.fqdn.clone()), at, plaintext, tls }]
    }

    fn settings(&self) -> Vec<TlsSettings> {
        let Some(tls) = self.tls().filter(|tls| !tls.passthrough && is_valid(tls)) else { return Vec::new() };
        let place = |path: &str| Place { object: self.key(), path: FieldPath::new(path) };
        let version = place("spec.virtualhost.tls.minimumProtocolVersion");
        let oldest = super::oldest(tls.min_version.as_deref(), version, self.vouched, self.serving.name());
        let by = |path: &str| By::Field(place(path));
        let client = match tls.client {
            None => Setting { value: ClientCertificates::NotAsked, by: CONTOUR },
            Some(client) if client.is_skipped => Setting {
                value: ClientCertificates::Optional("are asked for, and not checked".into()),
                by: by("spec.virtualhost.tls.clientValidation.skipClientCertValidation"),
            },
            Some(client) if client.is_optional => Setting {
                value: ClientCertificates::Optional("are checked only where they are shown".into()),
                by: by("spec.virtualhost.tls.clientValidation.optionalClientCertificate"),
            },
            Some(_) => Setting { value: ClientCertificates::Required, by: by("spec.virtualhost.tls.clientValidation") },
        };
        vec![super::settings(oldest, client)]
    }

    /// One Secret. That of another namespace also needs a `TLSCertificateDelegation` there, which is not read.
    fn certificates(&self) -> Vec<CertificateUse> {
        let Some(host) = self.host() else { return Vec::new() };
        let secret = self.tls().filter(|tls| is_valid(tls)).and_then(|tls| tls.secret.clone());
        let used = secret.map(|secret| CertificateUse {
            secret,
            hosts: vec![host.fqdn.clone()],
            at: FieldPath::new("spec.virtualhost.tls.secretName"),
            missing: MissingSecret::NoRoute,
            // cert-manager's shims read Ingresses and Gateways only.
            is_issued: false,
        });
        used.into_iter().collect()
    }

    /// Its own backends, and for a virtual host those of the proxies that it includes. With a `tcpproxy`, the TLS of a virtual host leads
    /// there and nowhere else: its routes are those of its plain port alone (`computeHTTPProxy` in internal/dag).
    /// A proxy that is only included does not know for which hosts, and says nothing of what protects its requests before.
    fn hops(&self) -> Vec<Hop> {
        let host = self.host();
        let way = |proxy, included| backends::Way { snapshot: self.snapshot, proxy, host, included };
        let (includes, include) = (FieldPath::new("spec.includes"), FieldPath::new("spec.tcpproxy.include"));
        let takes_routes = host.is_none() || self.spec.tcp.is_none();
        let own = way(self.key(), None);
        let routes = self.spec.route_services().filter(|_| takes_routes).map(|service| own.by_route(service));
        let by_tcp = self.spec.tcp_services().map(|service| own.by_tcp(service));
        let mut hops: Vec<Hop> = routes.chain(by_tcp).collect();
        if host.is_none() {
            return hops;
        }
        if takes_routes {
            self.each_included(&mut |key, included| {
                let way = way(key.clone(), Some(&includes));
                hops.extend(included.iter().flat_map(|included| included.route_services()).map(|it| way.by_route(it)));
            });
        }
        self.each_tcp_part(&mut |key, part| {
            let way = way(key.clone(), Some(&include));
            hops.extend(part.iter().flat_map(|part| part.tcp_services()).map(|it| way.by_tcp(it)));
        });
        hops
    }

    fn rests_on(&self) -> Vec<Need> {
        if self.host().is_none() {
            return Vec::new();
        }
        let mut needs = Vec::new();
        let mut rests = |key: &ObjectKey, _: Option<&HttpProxy>| needs.push(Need::Get(key.clone()));
        self.each_included(&mut rests);
        self.each_tcp_part(&mut rests);
        needs
    }
}

impl Proxy<'_> {
    /// Its virtual host, where it has one with a name and something behind it.
    fn host(&self) -> Option<&VirtualHost> {
        let proxy = self.spec;
        let is_something = !proxy.routes.is_empty() || !proxy.includes.is_empty() || proxy.tcp.is_some();
        proxy.virtual_host.as_ref().filter(|host| is_something && !host.fqdn.trim().is_empty())
    }

    fn tls(&self) -> Option<&ProxyTls> {
        self.host()?.tls.as_ref()
    }

    fn key(&self) -> ObjectKey {
        let meta = &self.resource.meta;
        ObjectKey { kind: self.resource.kind, namespace: meta.namespace.clone(), name: meta.name.clone() }
    }

    /// What becomes of plaintext, and the field that shows it.
    fn plaintext(&self, host: &VirtualHost, fqdn: FieldPath) -> (Plaintext, FieldPath) {
        let Some(tls) = &host.tls else {
            // tcpproxy needs tls: without, the proxy has an error.
            return match self.spec.tcp {
                Some(_) => (Plaintext::Closed, fqdn),
                None if self.all_redirect() => (Plaintext::Redirected, fqdn),
                None => (Plaintext::Served(&NO_TLS), fqdn),
            };
        };
        if !is_valid(tls) {
            return (Plaintext::Closed, fqdn);
        }
        if let Some(index) = self.spec.routes.iter().position(permits) {
            let at = FieldPath::new("spec.routes").index(index).field("permitInsecure");
            return (Plaintext::Served(&PERMITTED), at);
        }
        let mut has_routes = !self.spec.routes.is_empty();
        let mut is_permitted = false;
        self.each_included(&mut |_, included| {
            has_routes |= included.is_some_and(|included| !included.routes.is_empty());
            is_permitted |= included.is_some_and(|included| included.routes.iter().any(permits));
        });
        match (is_permitted, has_routes) {
            (true, _) => (Plaintext::Served(&PERMITTED_ELSEWHERE), fqdn),
            (false, true) => (Plaintext::Redirected, fqdn),
            (false, false) => (Plaintext::Closed, fqdn),
        }
    }

    /// Whether all that it does is to redirect to HTTPS.
    fn all_redirect(&self) -> bool {
        let redirects = |proxy: &HttpProxy| proxy.routes.iter().all(redirects);
        let mut all = redirects(self.spec);
        self.each_included(&mut |_, included| all &= included.is_some_and(redirects));
        all
    }

    /// Tells every proxy that it includes, and those that these include, each once; `None` for one that is not there.
    fn each_included(&self, tell: &mut dyn FnMut(&ObjectKey, Option<&HttpProxy>)) {
        let mut known = BTreeSet::from([self.key()]);
        let mut pending: Vec<ObjectKey> = self.spec.includes.clone();
        while let Some(key) = pending.pop() {
            if known.len() > INCLUDED || !known.insert(key.clone()) {
                continue;
            }
            let Some(object) = self.snapshot.object(&key).found() else {
                tell(&key, None);
                continue;
            };
            if let Some(included) = includable(&object) {
                tell(&key, Some(included));
                pending.extend(included.includes.iter().cloned());
            }
        }
    }

    /// Tells every proxy to which its `tcpproxy` leads, one by the other, each once; `None` for one that is not there, which is the last.
    fn each_tcp_part(&self, tell: &mut dyn FnMut(&ObjectKey, Option<&HttpProxy>)) {
        let include = |proxy: &HttpProxy| proxy.tcp.as_ref().and_then(|tcp| tcp.include.clone());
        let mut known = BTreeSet::from([self.key()]);
        let mut next = include(self.spec);
        while let Some(key) = next.take().filter(|key| known.len() <= INCLUDED && known.insert(key.clone())) {
            match self.snapshot.object(&key).found() {
                None => tell(&key, None),
                Some(object) => {
                    if let Some(part) = includable(&object) {
                        tell(&key, Some(part));
                        next = include(part);
                    }
                }
            }
        }
    }
}

/// A proxy with a host of its own cannot be included.
fn includable(object: &Object) -> Option<&HttpProxy> {
    match object {
        Object::EdgeResource(resource) => match &resource.spec {
            EdgeSpec::Contour(proxy) => Some(proxy).filter(|proxy| proxy.virtual_host.is_none()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether Contour takes it: one of a Secret and passthrough, and not both.
fn is_valid(tls: &ProxyTls) -> bool {
    tls.secret.is_some() != tls.passthrough
}

/// Whether a route serves plaintext though there is TLS.
fn permits(route: &ProxyRoute) -> bool {
    route.permits_insecure && !redirects(route)
}

fn redirects(route: &ProxyRoute) -> bool {
    route.redirect_scheme.as_ref().is_some_and(|scheme| *scheme == "https")
}
