//! `metadata`, and Namespaces, which are little else.

use std::fmt;

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::{
    DecodeError,
    wire::{List, labels, nullable, wrong},
};
use crate::model::{FieldPath, Finalizers, Labels, METADATA_NAME, Meta, Name, Namespace, OwnerReference, annotations};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireMeta {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    #[serde(deserialize_with = "nullable")]
    generate_name: Name,
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
    #[serde(deserialize_with = "nullable")]
    pub(super) uid: Name,
    #[serde(deserialize_with = "labels")]
    pub(super) labels: Labels,
    #[serde(deserialize_with = "annotations_but_the_applied")]
    pub(super) annotations: Labels,
    owner_references: List<WireOwner>,
    #[serde(deserialize_with = "time")]
    creation_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    deletion_timestamp: Option<Timestamp>,
    finalizers: List<Name>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireOwner {
    #[serde(deserialize_with = "nullable")]
    api_version: Name,
    #[serde(deserialize_with = "nullable")]
    kind: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    #[serde(deserialize_with = "nullable")]
    uid: Name,
    #[serde(deserialize_with = "nullable")]
    controller: bool,
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    text.map(|text| text.parse().map_err(|_| wrong(&"a time as in RFC 3339"))).transpose()
}

/// All annotations but the one in which kubectl keeps the whole object again, a Secret with its key among them.
fn annotations_but_the_applied<'de, D: Deserializer<'de>>(from: D) -> Result<Labels, D::Error> {
    struct Kept(Vec<(Name, Name)>);
    impl<'de> Deserialize<'de> for Kept {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_map(Entries)
        }
    }
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Kept;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping of texts")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kept, A::Error> {
            let mut kept = Vec::new();
            while let Some(key) = entries.next_key::<Name>()? {
                if key == "kubectl.kubernetes.io/last-applied-configuration" {
                    entries.next_value::<IgnoredAny>()?;
                } else {
                    kept.push((key, entries.next_value::<Option<Name>>()?.unwrap_or_default()));
                }
            }
            Ok(Kept(kept))
        }
    }
    Ok(Option::<Kept>::deserialize(from)?.map_or_else(Labels::default, |kept| kept.0.into_iter().collect()))
}

impl WireMeta {
    /// The metadata of an object that is or will be stored under a name.
    pub(super) fn into_meta(self, namespaced: bool) -> Result<Meta, DecodeError> {
        let name = if self.name.is_empty() { self.generate_name } else { self.name };
        if name.is_empty() {
            let path = FieldPath::new("metadata.name");
            return Err(DecodeError { path, message: "missing, and so is generateName".to_owned() });
        }
        let read = self.annotations.iter().filter(|(key, _)| annotations::is_read(key));
        Ok(Meta {
            name,
            namespace: Some(self.namespace).filter(|namespace| namespaced && !namespace.is_empty()),
            uid: self.uid,
            labels: self.labels,
            annotations: read.map(|(key, value)| (key.clone(), value.clone())).collect(),
            owners: self.owner_references.0.into_iter().map(WireOwner::into_owner).collect(),
            created: self.creation_timestamp,
            deletion: self.deletion_timestamp,
            finalizers: finalizers(&self.finalizers.0),
        })
    }
}

fn finalizers(names: &[Name]) -> Finalizers {
    let has = |wanted: &str| names.iter().any(|name| *name == wanted);
    Finalizers {
        orphan: has("orphan"),
        foreground: has("foregroundDeletion"),
        other: names.iter().any(|name| *name != "orphan" && *name != "foregroundDeletion"),
    }
}

impl WireOwner {
    fn into_owner(self) -> OwnerReference {
        OwnerReference {
            api_version: self.api_version,
            kind: self.kind,
            name: self.name,
            uid: self.uid,
            controller: self.controller,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireNamespace {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    status: WireStatus,
}

/// `status.phase`, which Namespaces and Pods have.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct WireStatus {
    #[serde(deserialize_with = "nullable")]
    pub(super) phase: Name,
}

impl WireNamespace {
    pub(super) fn into_namespace(self) -> Result<Namespace, DecodeError> {
        let mut meta = self.metadata.into_meta(false)?;
        meta.labels = meta.labels.with(METADATA_NAME, meta.name.clone());
        let terminating = meta.is_terminating() || self.status.phase == "Terminating";
        Ok(Namespace { meta, terminating, assumed: false })
    }
}
