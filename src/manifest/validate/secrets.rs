//! Secrets: the names and the form of what they hold (`ValidateSecret`). No fault quotes a value.

use super::{At, Faults};
use crate::model::{
    decode::is_base64,
    secret::{CERTIFICATE, PRIVATE_KEY, TLS_TYPE},
};

/// What types of Secrets must hold: all of it, were it empty.
const NEEDED: [(&str, &[&str]); 4] = [
    (TLS_TYPE, &[CERTIFICATE, PRIVATE_KEY]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
];

/// `MaxSecretSize`.
const LARGEST: usize = 1024 * 1024;

pub(super) fn secret(object: &At<'_>, faults: &mut Faults) {
    let mut size = 0;
    if let Some(data) = object.field("data") {
        for (name, value) in data.fields() {
            if let Some(reason) = config_key(name) {
                faults.add(&data, reason);
            } else if !is_base64(value.text()) {
                faults.add(&value, "must be base64");
                faults.suggest("write the text itself under stringData");
            }
            size += value.text().len() / 4 * 3;
        }
    }
    if let Some(plain) = object.field("stringData") {
        for (name, value) in plain.fields() {
            faults.check(&plain, config_key(name));
            size += value.text().len();
        }
    }
    if size > LARGEST {
        faults.add(object, "must hold no more than 1 MiB");
    }
    let holds = |name: &str| {
        ["data", "stringData"]
            .iter()
            .any(|field| object.value.get(field).is_some_and(|values| values.get(name).is_some()))
    };
    let secret_type = object.text_of("type");
    for (_, needed) in NEEDED.iter().filter(|(known, _)| *known == secret_type) {
        for name in needed.iter().filter(|name| !holds(name)) {
            let reason = format!("missing: a Secret of type {secret_type} has {}", needed.join(" and "));
            let data = object.path().field("data");
            faults.add_at(data.field(name), reason);
        }
    }
}

/// `IsConfigMapKey`. The name itself is not quoted: it may be content that has come out of its place.
fn config_key(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match name {
        "" | "." => Some("holds a name that is empty or a dot"),
        _ if name.len() > 253 => Some("holds a name that is longer than 253 characters"),
        _ if name.starts_with("..") => Some("holds a name that begins with two dots"),
        _ if !name.bytes().all(allowed) => {
            Some("holds a name that does not consist of letters, digits, `-`, `_` and `.`")
        }
        _ => None,
    }
}
