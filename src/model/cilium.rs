//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy` (`cilium.io/v2`).

use super::{Derived, Kind, Meta};

/// A policy of Cilium.
#[derive(Clone, PartialEq, Debug)]
pub struct CiliumPolicy {
    /// Which of both kinds.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// The form that the network layer lowers it to.
    pub lowered: Derived,
}
