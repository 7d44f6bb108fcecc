//! Which object came from where.

use std::collections::BTreeMap;

use crate::{
    model::{FieldPath, Name, ObjectKey},
    source::{Locate, Location, Place},
};

/// Where the objects of some files are written.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    places: BTreeMap<ObjectKey, Place>,
    order: Vec<ObjectKey>,
    texts: BTreeMap<Name, std::sync::Arc<str>>,
}

impl Origins {
    /// The objects that the files hold, in the order of the files.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectKey> {
        self.order.iter()
    }

    /// Whether the files hold the object.
    pub fn holds(&self, object: &ObjectKey) -> bool {
        self.places.contains_key(object)
    }

    pub(super) fn place(&self, object: &ObjectKey) -> Option<&Place> {
        self.places.get(object)
    }

    pub(super) fn note(&mut self, object: ObjectKey, place: Place) {
        if let Some(text) = place.shared_text()
            && !self.texts.contains_key(place.file())
        {
            self.texts.insert(place.file().clone(), text);
        }
        self.order.push(object.clone());
        self.places.insert(object, place);
    }
}

impl Locate for Origins {
    fn locate(&self, object: &ObjectKey, path: &FieldPath) -> Option<Location> {
        self.place(object).map(|place| place.locate(path))
    }

    fn text_of(&self, file: &str) -> Option<&str> {
        self.texts.get(file).map(|text| &**text)
    }
}
