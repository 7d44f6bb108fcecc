//! One document after the other, into the snapshot or among the errors.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{Loaded, ManifestError, Options, Origins, cursor::Fault, validate::validate};
use crate::{
    model::{FieldPath, Kind, Name, Object, ObjectKey, Step, decode},
    snapshot::{Blind, Edit, Scope, Snapshot},
    source::{self, Document, Place, Source, SourceError, nearest::nearest, secretive::is_content},
};

/// Reads the sources in order, each of them only when its turn has come.
pub fn load(sources: impl IntoIterator<Item = Source>, options: &Options) -> Loaded {
    let mut loading = Loading {
        options,
        loaded: Loaded {
            snapshot: Snapshot::new(),
            origins: Origins::default(),
            errors: Vec::new(),
            skipped: BTreeMap::new(),
        },
        namespaces: BTreeSet::new(),
    };
    for source in sources {
        for document in source::documents(&source) {
            match document {
                Ok(document) => loading.take(document),
                Err(error) => loading.loaded.errors.push(error.into()),
            }
        }
    }
    loading.finish()
}

struct Loading<'a> {
    options: &'a Options,
    loaded: Loaded,
    /// The namespaces that objects are in.
    namespaces: BTreeSet<Name>,
}

impl Loading<'_> {
    fn take(&mut self, document: Document) {
        let Document { mut value, place } = document;
        let Some(kind) = self.kind_of(&value, &place) else { return };
        let namespaced = kind.info().namespaced;
        if namespaced {
            self.fill_in_namespace(&mut value);
        }
        let faults = validate(kind, &value);
        if !faults.is_empty() {
            let key = decode::key_of_value(kind, &value);
            for fault in faults {
                let Fault { path, reason, suggestion } = if kind == Kind::Secret { veiled(fault) } else { fault };
                self.refuse(&place, key.clone(), path, reason, suggestion);
            }
            return;
        }
        self.number(kind, &mut value);
        match decode::value(kind, &value) {
            Ok(object) => self.admit(object, place),
            Err(error) => {
                let key = decode::key_of_value(kind, &value);
                self.refuse(&place, key, error.path, error.message, None);
            }
        }
    }

    /// Objects that get their names from the same `generateName` are different objects: the second is called by the prefix
    /// and 2, and so on.
    fn number(&self, kind: Kind, value: &mut Value) {
        let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        let is_named = meta.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        let Some(prefix) = meta.get("generateName").and_then(Value::as_str).filter(|_| !is_named) else { return };
        let namespace =
            meta.get("namespace").and_then(Value::as_str).filter(|_| kind.info().namespaced).map(Name::from);
        let key = |name: &str| ObjectKey { kind, namespace: namespace.clone(), name: Name::from(name) };
        if self.loaded.origins.holds(&key(prefix)) {
            let mut names = (2_usize..).map(|number| format!("{prefix}{number}"));
            if let Some(name) = names.find(|name| !self.loaded.origins.holds(&key(name))) {
                meta.insert("name".to_owned(), Value::from(name));
            }
        }
    }

    fn admit(&mut self, object: Object, place: Place) {
        let key = object.key();
        if let Some(first) = self.loaded.origins.place(&key).map(Place::start) {
            let reason = format!("{key} is there twice; the first is at {}:{}", first.file, first.line);
            let suggestion = Some("remove one of them, or rename it".to_owned());
            self.refuse(&place, Some(key), FieldPath::new("metadata.name"), reason, suggestion);
            return;
        }
        self.namespaces.extend(key.namespace.clone());
        self.loaded.origins.note(key, if self.options.keep_text { place } else { place.without_text() });
        self.loaded.snapshot.apply(Edit::Put(object));
    }

    fn refuse(
        &mut self,
        place: &Place,
        object: Option<ObjectKey>,
        path: FieldPath,
        reason: String,
        suggestion: Option<String>,
    ) {
        let at = place.locate(&path);
        let error = ManifestError { file: at.file, line: at.line, column: at.column, object, path, reason, suggestion };
        self.loaded.errors.push(error);
    }

    /// The kind of an object that is read. Others are counted, and what looks like a slip is an error.
    fn kind_of(&mut self, value: &Value, place: &Place) -> Option<Kind> {
        let text = |field: &str| value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(api_version), Some(name)) = (text("apiVersion"), text("kind")) else {
            let missing = if text("kind").is_none() { "kind" } else { "apiVersion" };
            let reason = format!("an object needs {missing}");
            self.refuse(place, None, FieldPath::new(missing), reason, None);
            return None;
        };
        if let Some(kind) = Kind::of(api_version, name) {
            return Some(kind);
        }
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        if let Some(kind) = Kind::of_group(group, name).or_else(|| formerly(group, name)) {
            let right = kind.info().api_version();
            let reason = format!("{kind} is not served as {api_version}");
            self.refuse(place, None, FieldPath::new("apiVersion"), reason, Some(format!("use apiVersion: {right}")));
        } else if let Some(meant) = of_known_group(group).then(|| nearest(name, kinds_of(group))).flatten() {
            let reason = format!("{api_version} has no kind {name}");
            self.refuse(place, None, FieldPath::new("kind"), reason, Some(format!("did you mean {meant}?")));
        } else {
            *self.loaded.skipped.entry(format!("{api_version}/{name}")).or_default() += 1;
        }
        None
    }

    fn fill_in_namespace(&self, value: &mut Value) {
        let Some(object) = value.as_object_mut() else { return };
        let metadata = object.entry("metadata").or_insert_with(|| Value::Object(serde_json::Map::new()));
        let Some(metadata) = metadata.as_object_mut() else { return };
        let namespace = metadata.entry("namespace").or_insert(Value::Null);
        if namespace.is_null() || namespace.as_str().is_some_and(str::is_empty) {
            *namespace = Value::from(self.options.default_namespace.as_str());
        }
    }

    fn finish(mut self) -> Loaded {
        for kind in Kind::all() {
            let unseen = match elsewhere(kind) {
                Elsewhere::Always => true,
                Elsewhere::UnlessGiven => self.loaded.snapshot.count(kind) == 0,
                Elsewhere::Never => false,
            };
            let coverage = if unseen { Err(Blind::NotInFiles(kind)) } else { Ok(()) };
            self.loaded.snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, coverage));
        }
        for name in std::mem::take(&mut self.namespaces) {
            let key = ObjectKey::cluster(Kind::Namespace, name.clone());
            if !self.loaded.origins.holds(&key)
                && let Ok(Object::Namespace(mut namespace)) =
                    decode::value(Kind::Namespace, &serde_json::json!({"metadata": {"name": name.as_str()}}))
            {
                Arc::make_mut(&mut namespace).assumed = true;
                self.loaded.snapshot.apply(Edit::Put(Object::Namespace(namespace)));
            }
        }
        self.loaded
    }
}

/// A fault of a Secret that names no field whose name looks like content: a key that is indented wrongly becomes names.
fn veiled(fault: Fault) -> Fault {
    if !is_content(fault.path.as_str()) {
        return fault;
    }
    let mut path = FieldPath::root();
    for step in fault.path.steps() {
        path = match step {
            Step::Field(name) if is_content(&name) => break,
            Step::Field(name) => path.field(&name),
            Step::Index(index) => path.index(index),
        };
    }
    let reason = "has a field whose name looks like content and is not shown: check the indentation".to_owned();
    Fault { path, reason, suggestion: None }
}

/// Whether objects of a kind may be in the cluster without being among the files that are checked.
enum Elsewhere {
    /// Files hold all of them.
    Never,
    /// Files hold all of them or none: a platform team writes them elsewhere.
    UnlessGiven,
    /// Files hold some of them at most: Secrets are in no repository.
    Always,
}

fn elsewhere(kind: Kind) -> Elsewhere {
    match kind {
        Kind::Secret | Kind::ConfigMap => Elsewhere::Always,
        Kind::IngressClass
        | Kind::IngressClassParams
        | Kind::GatewayClass
        | Kind::Gateway
        | Kind::TLSOption
        | Kind::ServersTransport
        | Kind::Middleware
        | Kind::NginxPolicy
        | Kind::FrontendConfig
        | Kind::PeerAuthentication => Elsewhere::UnlessGiven,
        _ => Elsewhere::Never,
    }
}

/// Kinds that have moved to another group since.
fn formerly(group: &str, name: &str) -> Option<Kind> {
    let moved = match (group, name) {
        ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet") => "apps",
        ("extensions", "Ingress" | "NetworkPolicy" | "IngressClass") => "networking.k8s.io",
        ("extensions", "Job") => "batch",
        _ => return None,
    };
    Kind::of_group(moved, name)
}

fn of_known_group(group: &str) -> bool {
    Kind::all().any(|kind| kind.info().group == group)
}

/// The kinds of a group that a slip could have been meant to be.
fn kinds_of(group: &str) -> impl Iterator<Item = &'static str> {
    Kind::all().map(Kind::info).filter(move |info| info.group == group).map(|info| info.name)
}

impl From<SourceError> for ManifestError {
    fn from(error: SourceError) -> Self {
        let SourceError { file, line, column, reason, suggestion } = error;
        Self { file, line, column, object: None, path: FieldPath::root(), reason, suggestion }
    }
}
