//! Traefik's own kinds (`traefik.io/v1alpha1`), as far as decisions read them.
//!
//! They name each other in two ways: by name and namespace, or, with `@` in the name, as Traefik itself calls them:
//! `NAMESPACE-NAME@kubernetescrd`. Where the namespace ends in such a name cannot be told, so all places are tried.

use super::{EdgeResource, Kind, Name, ObjectKey};

/// What an object of one of Traefik's kinds says.
#[derive(Clone, PartialEq, Debug)]
pub enum TraefikSpec {
    /// `IngressRoute` or `IngressRouteTCP`, by [`EdgeResource::kind`].
    Routes(TraefikRoutes),
    /// `TLSOption`.
    Option(TlsOption),
    /// `ServersTransport`.
    Transport(ServersTransport),
    /// `Middleware`.
    Middleware(Middleware),
}

/// `spec` of an `IngressRoute` or `IngressRouteTCP`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TraefikRoutes {
    /// `entryPoints`; empty for all that are so by default.
    pub entry_points: Vec<Name>,
    /// `tls`; `None` for routers without TLS.
    pub tls: Option<TraefikTls>,
    /// `routes`, each a router.
    pub routes: Vec<TraefikRoute>,
}

/// `spec.tls` of routes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TraefikTls {
    /// `secretName`.
    pub secret_name: Option<Name>,
    /// `options`: the `TLSOption`.
    pub options: Option<TraefikReference>,
    /// `certResolver`: who obtains a certificate for the hosts.
    pub resolver: Option<Name>,
    /// `passthrough`: whether TLS is passed on unopened (TCP only).
    pub passthrough: bool,
}

/// One entry of `spec.routes`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TraefikRoute {
    /// The hosts that `match` asks for.
    pub hosts: RuleHosts,
    /// `middlewares`.
    pub middlewares: Vec<TraefikReference>,
    /// `services`.
    pub services: Vec<TraefikService>,
}

/// The hosts for which a rule of Traefik can match.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum RuleHosts {
    /// Any, or none that could be told.
    #[default]
    Any,
    /// These, each once; wildcards for expressions that come to one.
    These(Vec<Name>),
}

/// One of Traefik's objects, by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TraefikReference {
    /// `name`, or Traefik's own with the provider behind `@`.
    pub name: Name,
    /// `namespace`.
    pub namespace: Option<Name>,
}

/// A backend of a route.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TraefikService {
    /// `kind`: `Service` where it is missing, or `TraefikService`.
    pub kind: Option<Name>,
    /// `name`.
    pub name: Name,
    /// `namespace`.
    pub namespace: Option<Name>,
    /// `port`: the Service's, by name or number.
    pub port: Option<Name>,
    /// `scheme`.
    pub scheme: Option<Name>,
    /// `serversTransport`.
    pub transport: Option<Name>,
    /// `tls`: whether Traefik speaks TLS to it (TCP only).
    pub tls: bool,
}

/// `spec` of a `TLSOption`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TlsOption {
    /// `minVersion`.
    pub min_version: Option<Name>,
    /// `maxVersion`.
    pub max_version: Option<Name>,
    /// `cipherSuites`; `None` for Traefik's own choice.
    pub cipher_suites: Option<Vec<Name>>,
    /// `sniStrict`: whether connections for which no certificate is there are refused.
    pub sni_strict: bool,
    /// `clientAuth.clientAuthType`.
    pub client_auth: Option<Name>,
    /// Whether `clientAuth.secretNames` names an authority.
    pub has_client_authority: bool,
}

/// `spec` of a `ServersTransport`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ServersTransport {
    /// `insecureSkipVerify`.
    pub skips_verification: bool,
}

/// `spec` of a `Middleware`, as far as it can redirect.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Middleware {
    /// `redirectScheme.scheme`.
    pub redirect_scheme: Option<Name>,
    /// `redirectRegex`: what it matches, and what it puts there.
    pub redirect_regex: Option<(Name, Name)>,
    /// `chain.middlewares`.
    pub chain: Vec<TraefikReference>,
    /// Whether it is a plugin, which may do anything.
    pub is_plugin: bool,
}

impl TraefikReference {
    /// A reference by Traefik's own name, as annotations have it.
    pub fn named(name: impl Into<Name>) -> Self {
        Self { name: name.into(), namespace: None }
    }

    /// The objects that it may mean; none for those of other providers, which are not in the cluster.
    pub fn candidates(&self, kind: Kind, own: &Name) -> Vec<ObjectKey> {
        let Some((id, provider)) = self.name.split_once('@') else {
            let namespace = self.namespace.as_ref().unwrap_or(own);
            return vec![ObjectKey::namespaced(kind, namespace.clone(), self.name.clone())];
        };
        if provider != "kubernetescrd" {
            return Vec::new();
        }
        let splits = id.match_indices('-').filter_map(|(at, _)| Some((id.get(..at)?, id.get(at + 1..)?)));
        let parts = splits.filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
        parts.map(|(namespace, name)| ObjectKey::namespaced(kind, namespace, name)).collect()
    }
}

impl TraefikService {
    /// The Service; `None` where it is something else.
    pub fn key(&self, own: &Name) -> Option<ObjectKey> {
        let is_service = self.kind.as_deref().is_none_or(|kind| kind == "Service") && !self.name.contains('@');
        let namespace = self.namespace.as_ref().unwrap_or(own);
        is_service.then(|| ObjectKey::namespaced(Kind::Service, namespace.clone(), self.name.clone()))
    }

    /// The transport that it names. It is looked for in the namespace of the Service.
    pub fn transports(&self, own: &Name) -> Vec<ObjectKey> {
        let namespace = self.namespace.as_ref().unwrap_or(own);
        let named = self.transport.as_ref().map(|name| TraefikReference::named(name.clone()));
        named.iter().flat_map(|named| named.candidates(Kind::ServersTransport, namespace)).collect()
    }
}

impl TraefikSpec {
    /// The objects that it names.
    pub(super) fn refers(&self, resource: &EdgeResource, out: &mut Vec<ObjectKey>) {
        let Some(own) = &resource.meta.namespace else { return };
        match self {
            Self::Routes(spec) => {
                if let Some(tls) = &spec.tls {
                    let secret = tls.secret_name.iter().cloned();
                    out.extend(secret.map(|name| ObjectKey::namespaced(Kind::Secret, own.clone(), name)));
                    out.extend(tls.options.iter().flat_map(|options| options.candidates(Kind::TLSOption, own)));
                }
                for route in &spec.routes {
                    out.extend(route.middlewares.iter().flat_map(|named| named.candidates(Kind::Middleware, own)));
                    out.extend(route.services.iter().filter_map(|service| service.key(own)));
                    out.extend(route.services.iter().flat_map(|service| service.transports(own)));
                }
            }
            Self::Middleware(middleware) => {
                out.extend(middleware.chain.iter().flat_map(|named| named.candidates(Kind::Middleware, own)));
            }
            Self::Option(_) | Self::Transport(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_traefiks_own_may_end_its_namespace_at_any_dash() {
        let own = Name::from("shop");
        let keys = |name: &str| {
            let keys = TraefikReference::named(name).candidates(Kind::Middleware, &own);
            keys.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let key = |namespace: &str, name: &str| ObjectKey::namespaced(Kind::Middleware, namespace, name).to_string();
        assert_eq!(keys("redirect"), [key("shop", "redirect")]);
        assert_eq!(keys("shop-redirect@kubernetescrd"), [key("shop", "redirect")]);
        assert_eq!(keys("a-b-c@kubernetescrd"), [key("a", "b-c"), key("a-b", "c")]);
        assert!(keys("redirect@file").is_empty());
        assert!(keys("-@kubernetescrd").is_empty());
    }
}
