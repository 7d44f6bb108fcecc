//! Who is authorized at a Server: by `ServerAuthorizations` and `AuthorizationPolicies` (`client_authzs`, `policy_client_authz`).

use std::collections::BTreeSet;

use crate::{
    encryption::mesh::{Because, Reading, policies},
    model::{
        FieldPath, Kind, MeshPolicy, Name, ObjectKey, Place,
        mesh::{
            AuthorizationTarget, AuthorizedClients, AuthorizedServers, LinkerdAuthorization, LinkerdSpec, MeshSpec,
            ServerAuthorization,
        },
    },
    snapshot::{Blind, Lookup, Snapshot},
};

/// Whom a Server lets in by authorization, the worst of all.
pub(super) enum Admitted {
    /// Only who has an identity, or nobody.
    Identified,
    /// Whoever speaks TLS.
    AnyTls(Because),
    /// Whoever connects.
    Anyone(Because),
    /// It cannot be said.
    Unknown(Blind),
}

impl Admitted {
    fn rank(&self) -> u8 {
        match self {
            Self::Identified => 0,
            Self::Unknown(_) => 1,
            Self::AnyTls(_) => 2,
            Self::Anyone(_) => 3,
        }
    }

    fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

/// Whom the authorizations that mean a Server let in.
pub(super) fn admitted(reading: &Reading<'_>, server: &MeshPolicy) -> Admitted {
    let mut worst = Admitted::Identified;
    for policy in reading.policies(Kind::ServerAuthorization, reading.namespace) {
        let MeshSpec::Linkerd(LinkerdSpec::ServerAuthorization(authorization)) = &policy.spec else { continue };
        if means(authorization, server) {
            let at = |path: &str| Place { object: policy.key(), path: FieldPath::new(path) };
            worst = worst.worse(match authorization.clients {
                AuthorizedClients::Anyone => {
                    let fact = format!("{} lets in unauthenticated clients", policy.key());
                    Admitted::Anyone(Because::said(fact, at("spec.client.unauthenticated")))
                }
                AuthorizedClients::AnyTls => {
                    let fact = format!("{} lets in TLS without an identity", policy.key());
                    Admitted::AnyTls(Because::said(fact, at("spec.client.meshTLS.unauthenticatedTLS")))
                }
                AuthorizedClients::Identified | AuthorizedClients::Nobody => Admitted::Identified,
            });
        }
    }
    for policy in reading.policies(Kind::LinkerdAuthorizationPolicy, reading.namespace) {
        let MeshSpec::Linkerd(LinkerdSpec::Authorization(authorization)) = &policy.spec else { continue };
        let is_route = match &authorization.target {
            AuthorizationTarget::Server(name) if *name == server.meta.name => false,
            AuthorizationTarget::Namespace => false,
            AuthorizationTarget::Route(_) => true,
            AuthorizationTarget::Server(_) | AuthorizationTarget::Other => continue,
        };
        worst = worst.worse(match (anyone(reading.snapshot, authorization), is_route) {
            (Ok(false), _) => Admitted::Identified,
            (Ok(true), false) => {
                let fact = format!("{} demands no identity", policy.key());
                let path = FieldPath::new("spec.requiredAuthenticationRefs");
                Admitted::Anyone(Because::said(fact, Place { object: policy.key(), path }))
            }
            // Linkerd's routes are not read.
            (Ok(true), true) => {
                let what = format!("whether the route that {} lets anyone to is one of {}", policy.key(), server.key());
                Admitted::Unknown(Blind::Unknowable(what.into()))
            }
            (Err(blind), _) => Admitted::Unknown(blind),
        });
    }
    worst
}

fn means(authorization: &ServerAuthorization, server: &MeshPolicy) -> bool {
    match &authorization.servers {
        AuthorizedServers::Named(name) => *name == server.meta.name,
        AuthorizedServers::Selected(selector) => selector.matches(&server.meta.labels),
    }
}

/// Whether an `AuthorizationPolicy` lets in peers without an identity: it refers to none, and to no network that is not there, for
/// then Linkerd ignores it.
fn anyone(snapshot: &Snapshot, authorization: &LinkerdAuthorization) -> Result<bool, Blind> {
    if authorization.identity {
        return Ok(false);
    }
    for network in &authorization.networks {
        match snapshot.object(network) {
            Lookup::Found(_) => {}
            Lookup::Absent | Lookup::Unseen(Blind::NotServed(_)) => return Ok(false),
            Lookup::Unseen(blind) => return Err(blind),
        }
    }
    Ok(true)
}

/// The `NetworkAuthentications` that a policy refers to.
pub(in crate::encryption::mesh) fn networks(policy: &MeshPolicy) -> &[ObjectKey] {
    match &policy.spec {
        MeshSpec::Linkerd(LinkerdSpec::Authorization(authorization)) => &authorization.networks,
        _ => &[],
    }
}

/// Where a policy lets in peers without an identity. An `AuthorizationPolicy` is judged by what it demands, whether the networks
/// that it names are there yet or not.
pub fn admits_anyone(policy: &MeshPolicy) -> Option<FieldPath> {
    match &policy.spec {
        MeshSpec::Linkerd(LinkerdSpec::ServerAuthorization(authorization)) => match authorization.clients {
            AuthorizedClients::Anyone => Some(FieldPath::new("spec.client.unauthenticated")),
            AuthorizedClients::AnyTls => Some(FieldPath::new("spec.client.meshTLS.unauthenticatedTLS")),
            AuthorizedClients::Identified | AuthorizedClients::Nobody => None,
        },
        MeshSpec::Linkerd(LinkerdSpec::Authorization(authorization)) => {
            let known = authorization.target != AuthorizationTarget::Other;
            (known && !authorization.identity).then(|| FieldPath::new("spec.requiredAuthenticationRefs"))
        }
        _ => None,
    }
}

/// The namespaces whose `AuthorizationPolicies` refer to a `NetworkAuthentication`.
pub fn referring(snapshot: &Snapshot, network: &ObjectKey) -> BTreeSet<Name> {
    let all = policies(snapshot, Kind::LinkerdAuthorizationPolicy, None);
    all.filter(|policy| networks(policy).contains(network)).filter_map(|policy| policy.meta.namespace.clone()).collect()
}
