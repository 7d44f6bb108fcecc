//! JSON, read one object at a time, with keys that are there twice refused.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::secretive::quoted;

/// The items of a list, and what they are when they do not say so themselves; `None` if the text is no list.
pub(super) fn items(text: &str) -> Option<(Vec<&RawValue>, Option<ItemKind>)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head<'a> {
        #[serde(default)]
        api_version: String,
        kind: String,
        #[serde(borrow)]
        items: &'a RawValue,
    }
    let head: Head<'_> = serde_json::from_str(text).ok().filter(|head: &Head<'_>| head.kind.ends_with("List"))?;
    Some((serde_json::from_str(head.items.get()).ok()?, ItemKind::of_list(&head.api_version, &head.kind)))
}

/// What the items of a list such as a `PodList` are. The API server does not repeat it in each of them.
#[derive(Clone)]
pub(super) struct ItemKind {
    pub(super) api_version: String,
    pub(super) kind: String,
}

impl ItemKind {
    /// A plain `List` can hold anything.
    pub(super) fn of_list(api_version: &str, kind: &str) -> Option<Self> {
        let kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty() && !api_version.is_empty())?;
        Some(Self { api_version: api_version.to_owned(), kind: kind.to_owned() })
    }
}

/// A value without duplicate keys.
pub(super) struct Strict(pub(super) Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Strict;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Strict, E> {
                Ok(Strict(Value::Null))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
                Ok(Strict(Value::Bool(value)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
                Ok(Strict(Value::from(value)))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
                Ok(Strict(Value::from(value)))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
                Ok(Strict(Value::from(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
                Ok(Strict(Value::String(value.to_owned())))
            }
            fn visit_string<E>(self, value: String) -> Result<Strict, E> {
                Ok(Strict(Value::String(value)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
                let mut list = Vec::new();
                while let Some(Strict(value)) = entries.next_element()? {
                    list.push(value);
                }
                Ok(Strict(Value::Array(list)))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
                let mut map = Map::new();
                while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("the key {} is there twice", quoted(&key))));
                    }
                    map.insert(key, value);
                }
                Ok(Strict(Value::Object(map)))
            }
        }
        from.deserialize_any(Any)
    }
}
