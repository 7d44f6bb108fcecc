//! The `ConfigMap` that configures a controller.
//!
//! Which one it is stands in the arguments of the controller and nowhere else: the ruleset's environment names it. Where it does
//! not, a `ConfigMap` among the files that has the name which the controller's own manifests and charts give it is taken, if there
//! is exactly one; else the controller's built-in values are. One that is named and cannot be read leaves open what it may set.

use std::sync::Arc;

use crate::{
    edge::{By, Doubt, Vouched},
    model::{ConfigMap, FieldPath, Kind, Name, Object, ObjectKey, Place},
    snapshot::{Lookup, Need, Snapshot},
};

use super::values::{go_bool, key};

/// How a controller is configured.
pub(super) enum Configuration {
    /// By this `ConfigMap`.
    By(Arc<ConfigMap>),
    /// As it is built: nobody says by which `ConfigMap`.
    BuiltIn,
    /// By one that cannot be read.
    Unseen(Doubt),
}

impl Configuration {
    /// That of a controller, whose manifests and charts call its `ConfigMap` by one of these names.
    pub(super) fn of(snapshot: &Snapshot, vouched: Vouched<'_>, controller: Option<&Name>, usual: &[&str]) -> Self {
        let Some(key) = named(vouched, controller) else { return Self::by_name(snapshot, usual) };
        match snapshot.object(key) {
            Lookup::Found(Object::ConfigMap(found)) => Self::By(found),
            Lookup::Found(_) | Lookup::Absent => Self::Unseen(Doubt::new(
                format!("there is no {key}, by which the ruleset says it is configured"),
                "name the controller's ConfigMap in the ruleset's environment.ingressControllers",
            )),
            Lookup::Unseen(blind) => Self::Unseen(blind.into()),
        }
    }

    fn by_name(snapshot: &Snapshot, usual: &[&str]) -> Self {
        let mut found = snapshot.list(Kind::ConfigMap, None).filter_map(|object| match object {
            Object::ConfigMap(found) if usual.contains(&found.meta.name.as_str()) => Some(found),
            _ => None,
        });
        match (found.next(), found.next()) {
            (Some(only), None) => Self::By(Arc::clone(only)),
            _ => Self::BuiltIn,
        }
    }

    /// What is set under a key.
    pub(super) fn value(&self, key: &str) -> Option<&Name> {
        match self {
            Self::By(found) => found.data.value(key),
            Self::BuiltIn | Self::Unseen(_) => None,
        }
    }

    /// A boolean under a key; `None` where it is not set, or is none that Go reads.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.value(key).and_then(|text| go_bool(text))
    }

    /// What is set under a key, and where; nothing where it is not set; the doubt where that cannot be read.
    pub(super) fn setting(&self, name: &str) -> Result<Option<(&Name, By)>, &Doubt> {
        match self {
            Self::By(found) => Ok(found.data.value(name).map(|value| {
                let object = key(Kind::ConfigMap, &found.meta);
                (value, By::Field(Place { object, path: FieldPath::new("data").field(name) }))
            })),
            Self::BuiltIn => Ok(None),
            Self::Unseen(doubt) => Err(doubt),
        }
    }

    /// Why it cannot be read.
    pub(super) fn doubt(&self) -> Option<&Doubt> {
        match self {
            Self::Unseen(doubt) => Some(doubt),
            Self::By(_) | Self::BuiltIn => None,
        }
    }
}

/// The reads that a controller's configuration rests on.
pub(super) fn rests_on(vouched: Vouched<'_>, controller: Option<&Name>) -> Option<Need> {
    named(vouched, controller).cloned().map(Need::Get)
}

/// The `ConfigMap` that the operator names.
fn named<'a>(vouched: Vouched<'a>, controller: Option<&Name>) -> Option<&'a ObjectKey> {
    vouched.settings.of(controller?)?.config_map.as_ref()
}
