//! What the ruleset's environment says of controllers, because no object does.

use std::collections::BTreeMap;

use crate::model::{Name, ObjectKey, TlsVersion};

/// What the operator says of the edge.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EdgeSettings {
    /// `ingressControllers`: by the controller's name, as classes have it.
    pub controllers: BTreeMap<Name, ControllerSettings>,
    /// `tlsPolicies`: by the name of a policy that only a cloud knows (a GCP SSL policy), the oldest version that it accepts.
    pub tls_policies: BTreeMap<Name, TlsVersion>,
}

/// What the operator says of one controller.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ControllerSettings {
    /// `configMap: NAMESPACE/NAME`: where it is configured.
    pub config_map: Option<ObjectKey>,
    /// `oldestTls`: the oldest version that it accepts where nothing else is set, in place of its own default.
    pub oldest_tls: Option<TlsVersion>,
    /// `tlsPolicy`: the policy that it takes where none is named (`--default-ssl-policy` of the AWS Load Balancer Controller).
    pub tls_policy: Option<Name>,
}

impl EdgeSettings {
    /// What is said of a controller, if anything.
    pub fn of(&self, controller: &str) -> Option<&ControllerSettings> {
        self.controllers.get(controller)
    }
}
