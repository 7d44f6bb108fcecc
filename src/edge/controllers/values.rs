//! How controllers read values, and where they stand.

use crate::{
    edge::By,
    model::{FieldPath, Ingress, Kind, Meta, Name, ObjectKey, Place},
};

/// A boolean as Go's `strconv.ParseBool` reads it, which trims nothing; `None` for anything else.
pub(super) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// An Ingress as others name it.
pub(super) fn key_of(ingress: &Ingress) -> ObjectKey {
    key(Kind::Ingress, &ingress.meta)
}

/// An object as others name it.
pub(super) fn key(kind: Kind, meta: &Meta) -> ObjectKey {
    ObjectKey { kind, namespace: meta.namespace.clone(), name: meta.name.clone() }
}

/// That an annotation of an object says so.
pub(super) fn by_annotation(object: ObjectKey, key: &str) -> By {
    By::Field(Place { object, path: FieldPath::new("metadata.annotations").field(key) })
}

/// The paths of an Ingress's rules for a host; an empty path is `/`.
pub(super) fn paths_of<'a>(ingress: &'a Ingress, host: Option<&'a Name>) -> impl Iterator<Item = &'a str> {
    let rules = ingress.rules.iter().filter(move |rule| rule.host.as_ref() == host);
    let paths = rules.flat_map(|rule| &rule.paths);
    paths.map(|path| if path.path.is_empty() { "/" } else { path.path.as_str() })
}

/// Whether `no-tls-redirect-locations` of a controller's `ConfigMap` keeps a path from being redirected. What it is there for,
/// ACME's challenges, is left aside.
pub(super) fn is_exempt(locations: &str, path: &str) -> bool {
    let locations = locations.split(',').map(str::trim);
    let mut counting = locations.filter(|text| !text.is_empty() && !text.starts_with("/.well-known/acme-challenge"));
    counting.any(|location| path.starts_with(location))
}
