//! OpenShift's own kinds.

/// `route.openshift.io/v1` Route.
#[derive(Clone, PartialEq, Debug)]
pub struct OpenShiftRoute {}

impl OpenShiftRoute {
    /// The objects that it names.
    pub(super) fn refers(&self, _: &super::EdgeResource, _: &mut Vec<super::ObjectKey>) {}
}
