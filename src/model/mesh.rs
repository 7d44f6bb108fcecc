//! What meshes read: Istio's and Linkerd's policies, and the facts of a Pod by which they decide whether it is theirs.

use super::{Kind, Meta};

/// A policy of a mesh.
#[derive(Clone, PartialEq, Debug)]
pub struct MeshPolicy {
    /// Which kind.
    pub kind: Kind,
    /// Name, creation.
    pub meta: Meta,
    /// What it says.
    pub spec: MeshSpec,
}

/// What a policy of a mesh says.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants are the meshes.
pub enum MeshSpec {
    Istio(IstioSpec),
    Linkerd(LinkerdSpec),
}

/// `PeerAuthentication`, `AuthorizationPolicy`, `DestinationRule`.
#[derive(Clone, PartialEq, Debug)]
pub struct IstioSpec {}

/// `Server`, `ServerAuthorization`, `AuthorizationPolicy`, `MeshTLSAuthentication`, `NetworkAuthentication`.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkerdSpec {}

/// What a Pod or its template tells meshes beside its labels. Part of what tells one class of Pods from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct MeshFacts {}
