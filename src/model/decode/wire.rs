//! What the wire structures have in common: null is absent, in lists and maps as well, as for Go's decoder.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Unexpected, Visitor},
};

use crate::model::{Labels, Name, Protocol};

/// A field that is null where it could have been left out.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A list, in which null is the empty entry. A list that is null is empty.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Entries<T> {
            type Value = Vec<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = entries.next_element::<Option<T>>()? {
                    list.push(entry.unwrap_or_default());
                }
                Ok(list)
            }
        }
        from.deserialize_any(Entries(PhantomData)).map(Self)
    }
}

/// Labels or a selector of labels; null is the empty value.
pub(super) fn labels<'de, D: Deserializer<'de>>(from: D) -> Result<Labels, D::Error> {
    let entries: Option<BTreeMap<Name, Option<Name>>> = Option::deserialize(from)?;
    Ok(entries.into_iter().flatten().map(|(key, value)| (key, value.unwrap_or_default())).collect())
}

/// Labels that may be missing.
pub(super) fn maybe_labels<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Labels>, D::Error> {
    let entries: Option<BTreeMap<Name, Option<Name>>> = Option::deserialize(from)?;
    Ok(entries.map(|map| map.into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect()))
}

/// `protocol`; missing and empty are TCP.
#[derive(Clone, Copy, Debug)]
pub(super) struct WireProtocol(pub(super) Protocol);

impl Default for WireProtocol {
    fn default() -> Self {
        Self(Protocol::Tcp)
    }
}

impl<'de> Deserialize<'de> for WireProtocol {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name: Option<Name> = Option::deserialize(from)?;
        match name.as_deref() {
            None | Some("") => Ok(Self::default()),
            Some(name) => Protocol::of(name).map(Self).ok_or_else(|| wrong(&"TCP, UDP or SCTP")),
        }
    }
}

/// The number of a port; 0 stands for a missing one.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct WirePort(pub(super) Option<u16>);

impl<'de> Deserialize<'de> for WirePort {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Option::<WirePortOrName>::deserialize(from)? {
            None => Ok(Self(None)),
            Some(WirePortOrName::Number(number)) => Ok(Self(number)),
            Some(WirePortOrName::Name(_)) => Err(wrong(&"a port number from 1 to 65535")),
        }
    }
}

/// A port by number or by name.
#[derive(Clone, Debug)]
pub(super) enum WirePortOrName {
    Number(Option<u16>),
    Name(Name),
}

impl<'de> Deserialize<'de> for WirePortOrName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct PortOrName;
        impl Visitor<'_> for PortOrName {
            type Value = WirePortOrName;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port number from 1 to 65535 or a port name")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                match u16::try_from(number) {
                    Ok(0) => Ok(WirePortOrName::Number(None)),
                    Ok(number) => Ok(WirePortOrName::Number(Some(number))),
                    Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(WirePortOrName::Name(Name::from(name)))
            }
        }
        from.deserialize_any(PortOrName)
    }
}

/// The error of a value that is not what is expected. The value itself is left out.
pub(super) fn wrong<E: de::Error>(expected: &'static &'static str) -> E {
    E::invalid_value(Unexpected::Other("value"), expected)
}

/// Only the identity, whatever else is wrong.
#[derive(Deserialize, Default)]
pub(super) struct Identity {
    #[serde(default, deserialize_with = "nullable")]
    pub(super) metadata: IdentityMeta,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct IdentityMeta {
    pub(super) name: serde_json::Value,
    pub(super) generate_name: serde_json::Value,
    pub(super) namespace: serde_json::Value,
}
