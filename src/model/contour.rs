//! Contour's own kind.

/// `projectcontour.io/v1` `HTTPProxy`.
#[derive(Clone, PartialEq, Debug)]
pub struct HttpProxy {}

impl HttpProxy {
    /// The objects that it names.
    pub(super) fn refers(&self, _: &super::EdgeResource, _: &mut Vec<super::ObjectKey>) {}
}
