//! `VirtualServer` of F5's NGINX Ingress Controller.
//!
//! `spec.tls` turns TLS on and leaves plaintext as it is: both are served until `spec.tls.redirect.enable` is true
//! (internal/configs/virtualserver.go). Without a Secret there is TLS only with `-wildcard-tls-secret`. `spec.listener` puts
//! listeners of a `GlobalConfiguration` in place of the usual two; one that it does not name is not there. Policies are referred to
//! by the server and by its routes, of which the latter go first; a Policy that is missing makes nginx answer with an error.

use crate::{
    edge::{
        By, Cause, CausePlace, CertificateUse, ClientCertificates, Doubt, Hop, HopProtection, Listener, Mend,
        MissingSecret, Plaintext, Serving, Setting, Surface, Tls, TlsSettings, Verified, Vouched, hosts::Wanted,
    },
    model::{
        EdgeResource, EdgeSpec, FieldPath, Kind, Name, Object, ObjectKey, Place,
        nginx::{NginxPolicy, NginxSpec, Upstream, VirtualServer, VirtualServerRoute},
    },
    snapshot::{Lookup, Need, Snapshot},
};

use super::{
    super::{
        config_map::{self, Configuration},
        nginx_directives::{of_verify_client, sets_tls},
        values::key,
    },
    CONFIG_MAPS, CONTROLLER, F5Nic,
    settings::{self, OF_CONTROLLER},
};

static NO_TLS: Cause = Cause {
    fact: "it has no spec.tls",
    places: &[CausePlace::Field("spec.host")],
    mends: &[Mend::Words("set spec.tls.secret and spec.tls.redirect.enable: true")],
};
static NO_REDIRECT: Cause = Cause {
    fact: "spec.tls leaves plaintext open beside TLS unless redirect.enable is true",
    places: &[CausePlace::Field("spec.tls"), CausePlace::Field("spec.host")],
    mends: &[Mend::Words("set spec.tls.redirect.enable: true")],
};
static REDIRECT_OFF: Cause = Cause {
    fact: "spec.tls.redirect.enable is false, so that plaintext is open beside TLS",
    places: &[CausePlace::Field("spec.tls.redirect.enable"), CausePlace::Field("spec.host")],
    mends: &[Mend::Words("set spec.tls.redirect.enable: true")],
};

/// What a `VirtualServer` opens.
pub(super) struct VirtualServerSurface<'a> {
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    server: &'a VirtualServer,
    serving: Serving,
    name: Name,
}

/// What is known of the Policies that hold somewhere.
type Policies = Vec<(ObjectKey, Result<NginxPolicy, Doubt>)>;

impl<'a> VirtualServerSurface<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        vouched: Vouched<'a>,
        resource: &'a EdgeResource,
        server: &'a VirtualServer,
    ) -> Self {
        let name = Name::from(CONTROLLER);
        let serving = Serving::Known { name: name.clone(), controller: &F5Nic };
        Self { snapshot, vouched, resource, server, serving, name }
    }

    fn key(&self) -> ObjectKey {
        key(self.resource.kind, &self.resource.meta)
    }

    fn by(&self, path: FieldPath) -> By {
        By::Field(Place { object: self.key(), path })
    }

    /// Whether there is TLS, as far as it asks for it.
    fn has_tls(&self) -> bool {
        self.server.tls.is_some() && self.server.listener.is_none_or(|listener| listener.has_https)
    }

    fn plaintext(&self) -> Plaintext {
        let server = self.server;
        if self.vouched.refuses_plaintext.contains(&self.name) {
            return Plaintext::Redirected;
        }
        if server.listener.is_some_and(|listener| !listener.has_http) {
            return Plaintext::Closed;
        }
        let redirects =
            |route: &VirtualServerRoute| route.redirects_to.as_ref().is_some_and(|url| url.starts_with("https://"));
        if !server.routes.is_empty() && server.routes.iter().all(redirects) {
            return Plaintext::Redirected;
        }
        match &server.tls {
            None => Plaintext::Served(&NO_TLS),
            Some(tls) => match tls.redirects {
                Some(true) if tls.trusts_header => Plaintext::Unknown(Doubt::new(
                    "its redirect goes by X-Forwarded-Proto, which whoever connects can write",
                    "remove spec.tls.redirect.basedOn",
                )),
                Some(true) => Plaintext::Redirected,
                Some(false) => Plaintext::Served(&REDIRECT_OFF),
                None => Plaintext::Served(&NO_REDIRECT),
            },
        }
    }

    fn tls(&self, plaintext: &Plaintext) -> Tls {
        match &self.server.tls {
            Some(tls) if self.has_tls() && tls.secret.is_some() => Tls::Covered,
            Some(_) if self.has_tls() => Tls::Unknown(Doubt::new(
                "without a Secret it has TLS only if the controller runs with -wildcard-tls-secret",
                "set spec.tls.secret",
            )),
            _ if plaintext.is_refused() => Tls::Unknown(Doubt::new("nothing here gives it TLS", "set spec.tls.secret")),
            _ => Tls::None,
        }
    }

    /// The Policies behind these references.
    fn policies(&self, references: &[ObjectKey]) -> Policies {
        let read = |key: &ObjectKey| match self.snapshot.object(key) {
            Lookup::Found(Object::EdgeResource(found)) => match &found.spec {
                EdgeSpec::Nginx(NginxSpec::Policy(policy)) => Ok(policy.clone()),
                _ => Ok(NginxPolicy::default()),
            },
            Lookup::Found(_) | Lookup::Absent => Err(Doubt::new(
                format!("there is no {key}"),
                format!("create the {key}, or remove the reference to it"),
            )),
            Lookup::Unseen(blind) => Err(blind.into()),
        };
        references.iter().map(|key| (key.clone(), read(key))).collect()
    }

    /// Whether clients show certificates: by the first Policy of the server that says so.
    fn client(&self) -> Setting<ClientCertificates> {
        for (index, (key, policy)) in self.policies(&self.server.policies).into_iter().enumerate() {
            let policy = match policy {
                Ok(policy) => policy,
                Err(doubt) => {
                    let by = self.by(FieldPath::new("spec.policies").index(index));
                    return Setting { value: ClientCertificates::Unknown(doubt), by };
                }
            };
            if let Some(verify) = policy.verify_client {
                let path = FieldPath::new("spec.ingressMTLS");
                let path = if verify.is_empty() { path } else { path.field("verifyClient") };
                let value = of_verify_client(&verify, "verifyClient").unwrap_or(ClientCertificates::Required);
                return Setting { value, by: By::Field(Place { object: key, path }) };
            }
        }
        Setting { value: ClientCertificates::NotAsked, by: By::Default(OF_CONTROLLER) }
    }

    /// Whether the certificates of an upstream are checked: wherever it is used, by the first Policy that says so, those of the route
    /// before those of the server.
    fn verified(&self, upstream: &Upstream, of_server: &Policies) -> Verified {
        let uses = |route: &&VirtualServerRoute| route.upstreams.contains(&upstream.name);
        let mut routes = self.server.routes.iter().filter(uses).peekable();
        if routes.peek().is_none() {
            return check(of_server).unwrap_or(Verified::No(By::Default(OF_CONTROLLER)));
        }
        let mut unknown = None;
        for route in routes {
            let verified = check(&self.policies(&route.policies)).or_else(|| check(of_server));
            match verified.unwrap_or(Verified::No(By::Default(OF_CONTROLLER))) {
                Verified::Yes => {}
                Verified::No(by) => return Verified::No(by),
                Verified::Unknown(doubt) => unknown = Some(doubt),
            }
        }
        unknown.map_or(Verified::Yes, Verified::Unknown)
    }

    fn protection(&self, index: usize, upstream: &Upstream, of_server: &Policies) -> HopProtection {
        let by = || self.by(FieldPath::new("spec.upstreams").index(index).field("tls").field("enable"));
        match upstream.tls {
            Some(true) => HopProtection::Tls(by(), self.verified(upstream, of_server)),
            Some(false) => HopProtection::Plaintext(by()),
            None => HopProtection::Plaintext(By::Default(OF_CONTROLLER)),
        }
    }

    fn host(&self) -> Option<Name> {
        Some(self.server.host.clone()).filter(|host| !host.is_empty())
    }
}

/// What the first of these Policies that says something of backends says; `None` where none does.
fn check(policies: &Policies) -> Option<Verified> {
    policies.iter().find_map(|(key, policy)| match policy {
        Err(doubt) => Some(Verified::Unknown(doubt.clone())),
        Ok(policy) => policy.verify_server.map(|is_on| {
            let path = FieldPath::new("spec.egressMTLS.verifyServer");
            if is_on { Verified::Yes } else { Verified::No(By::Field(Place { object: key.clone(), path })) }
        }),
    })
}

impl Surface for VirtualServerSurface<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let host = self.host();
        if !wanted.includes(host.as_ref()) {
            return Vec::new();
        }
        let plaintext = self.plaintext();
        let tls = self.tls(&plaintext);
        vec![Listener { name: None, host, at: FieldPath::new("spec.host"), plaintext, tls }]
    }

    fn settings(&self) -> Vec<TlsSettings> {
        if !self.has_tls() {
            return Vec::new();
        }
        let configuration = Configuration::of(self.snapshot, self.vouched, Some(&self.name), CONFIG_MAPS);
        let has_snippet = self.server.snippets.iter().any(|text| sets_tls(text));
        let by_snippet = has_snippet.then(|| self.by(FieldPath::new("spec")));
        vec![settings::settings(&configuration, self.vouched, Some(&self.name), None, by_snippet, self.client())]
    }

    fn certificates(&self) -> Vec<CertificateUse> {
        let Some(tls) = self.server.tls.as_ref().filter(|_| self.has_tls()) else { return Vec::new() };
        let namespace = self.resource.meta.namespace.clone();
        let secret = tls.secret.clone().map(|name| ObjectKey { kind: Kind::Secret, namespace, name });
        let used = secret.map(|secret| CertificateUse {
            secret,
            hosts: self.host().into_iter().collect(),
            at: FieldPath::new("spec.tls.secret"),
            missing: MissingSecret::RejectsHandshake,
            is_issued: tls.is_issued,
        });
        used.into_iter().collect()
    }

    fn hops(&self) -> Vec<Hop> {
        let of_server = self.policies(&self.server.policies);
        let hosts: Vec<Name> = self.host().into_iter().collect();
        let upstreams = self.server.upstreams.iter().enumerate().map(|(index, upstream)| Hop {
            service: Some(upstream.service.clone()),
            port: upstream.port.map(|port| port.to_string().into()),
            hosts: hosts.clone(),
            at: FieldPath::new("spec.upstreams").index(index).field("service"),
            protection: self.protection(index, upstream, &of_server),
        });
        let delegated =
            self.server.routes.iter().enumerate().filter(|(_, route)| route.is_delegated).map(|(index, _)| Hop {
                service: None,
                port: None,
                hosts: hosts.clone(),
                at: FieldPath::new("spec.routes").index(index),
                protection: HopProtection::Unknown(Doubt::new(
                    "Ringwall does not read VirtualServerRoutes, to which the route is left",
                    "name the upstream in the VirtualServer itself",
                )),
            });
        upstreams.chain(delegated).collect()
    }

    fn rests_on(&self) -> Vec<Need> {
        let of_routes = self.server.routes.iter().flat_map(|route| &route.policies);
        let mut policies: Vec<&ObjectKey> = self.server.policies.iter().chain(of_routes).collect();
        policies.sort_unstable();
        policies.dedup();
        let configuration = config_map::rests_on(self.vouched, Some(&self.name));
        configuration.into_iter().chain(policies.into_iter().cloned().map(Need::Get)).collect()
    }
}
