//! `ConfigMaps` that configure an ingress controller or a mesh.

use super::{Labels, Meta};

/// A `ConfigMap`, as far as decisions read it.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigMap {
    /// Name, labels.
    pub meta: Meta,
    /// The entries of `data` that decisions read ([`super::decode`] drops all others).
    pub data: Labels,
}
