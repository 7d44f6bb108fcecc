//! What the Secret holds.
//!
//! It is read leniently: what a hand has garbled is not there, and is said. It is written whole, over the version that was read.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::cluster::wipe;

use super::cert::{Cert, Key};

const AUTHORITY: [&str; 2] = ["ca.crt", "ca.key"];
const LEAF: [&str; 2] = ["tls.crt", "tls.key"];
const NEXT: [&str; 2] = ["next-ca.crt", "next-ca.key"];
const PREVIOUS: &str = "previous-ca.crt";
/// Where `kubectl apply` keeps the whole of what was applied: of a Secret that a hand put back, its keys as well.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// How many former authorities are kept.
pub(super) const FORMER: usize = 8;

/// An authority; without its key it can sign no more, and what it signed is still trusted.
#[derive(Clone)]
pub(super) struct Authority {
    pub(super) certificate: Cert,
    pub(super) key: Option<Key>,
}

/// A serving certificate and its key, which belong together.
#[derive(Clone)]
pub(super) struct Leaf {
    pub(super) certificate: Cert,
    pub(super) key: Key,
}

/// What is kept.
#[derive(Clone, Default)]
pub(super) struct Contents {
    /// The authority that signed the serving certificate.
    pub(super) authority: Option<Authority>,
    /// The serving certificate.
    pub(super) leaf: Option<Leaf>,
    /// The authority that will sign next.
    pub(super) next: Option<Authority>,
    /// Former authorities that replicas may still serve something of.
    pub(super) previous: Vec<Cert>,
}

/// The Secret as it was read.
#[derive(Clone, Default)]
pub(super) struct Stored {
    pub(super) contents: Contents,
    /// What is there and cannot be used, or is missing beside other parts.
    pub(super) faults: Vec<String>,
    /// Its name, version, labels and annotations; `None` when there is no Secret.
    metadata: Option<Value>,
}

impl Contents {
    /// The authorities that API servers are to trust, the one that signs first.
    pub(super) fn trusted(&self) -> Vec<&Cert> {
        let known = self.authority.iter().chain(&self.next).map(|authority| &authority.certificate);
        let mut trusted: Vec<&Cert> = Vec::new();
        for certificate in known.chain(&self.previous) {
            if !trusted.contains(&certificate) {
                trusted.push(certificate);
            }
        }
        trusted
    }

    /// The `caBundle` of them.
    pub(super) fn bundle(&self) -> String {
        self.trusted().into_iter().map(Cert::pem).collect()
    }

    /// The authority that signed the serving certificate, where both are there.
    pub(super) fn signing(&self) -> Option<&Cert> {
        let (authority, leaf) = (self.authority.as_ref()?, self.leaf.as_ref()?);
        leaf.certificate.is_signed_by(&authority.certificate).then_some(&authority.certificate)
    }

    /// The same without former authorities.
    pub(super) fn without_previous(&self) -> Self {
        Self { previous: Vec::new(), ..self.clone() }
    }

    /// The same with further former authorities.
    pub(super) fn with_previous(&self, more: impl IntoIterator<Item = Cert>) -> Self {
        let mut contents = self.clone();
        for certificate in more {
            if !contents.trusted().contains(&&certificate) && contents.previous.len() < FORMER {
                contents.previous.push(certificate);
            }
        }
        contents
    }

    /// The Secret with these contents, over the one that was read, or new with these metadata. It holds keys: [`wipe`] it.
    pub(super) fn object(&self, stored: &Stored, namespace: &str, name: &str, last: Option<&Value>) -> Value {
        let mut data = Map::new();
        let mut put =
            |key: &str, text: &str| data.insert(key.to_owned(), Value::String(BASE64.encode(text.as_bytes())));
        let pairs = [(AUTHORITY, &self.authority), (NEXT, &self.next)];
        for ([certificate, key], authority) in pairs {
            let Some(authority) = authority else { continue };
            put(certificate, &authority.certificate.pem());
            if let Some(private) = &authority.key {
                put(key, &private.pem);
            }
        }
        if let Some(leaf) = &self.leaf {
            put(LEAF[0], &leaf.certificate.pem());
            put(LEAF[1], &leaf.key.pem);
        }
        if !self.previous.is_empty() {
            put(PREVIOUS, &self.previous.iter().map(Cert::pem).collect::<String>());
        }
        let mut metadata = json!({"name": name, "namespace": namespace});
        match (&stored.metadata, last) {
            (Some(read), _) => metadata.clone_from(read),
            // Whoever made it shall find it as its own again: Helm knows its objects by labels and annotations.
            (None, Some(last)) => {
                let parts =
                    ["labels", "annotations"].into_iter().filter_map(|part| Some((part, last.get(part)?.clone())));
                for (part, found) in parts {
                    metadata.as_object_mut().map(|metadata| metadata.insert(part.to_owned(), found));
                }
            }
            (None, None) => {}
        }
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data})
    }
}

impl Stored {
    /// Reads a Secret; what was read is wiped.
    pub(super) fn read(secret: Option<Value>) -> Self {
        let Some(mut secret) = secret else { return Self::default() };
        let mut metadata = secret.get_mut("metadata").map(Value::take).unwrap_or_default();
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.remove("managedFields");
            let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
            if let Some(mut applied) = annotations.and_then(|annotations| annotations.remove(LAST_APPLIED)) {
                wipe(&mut applied);
            }
        }
        let mut faults = Vec::new();
        let contents = read(&secret, &mut faults);
        wipe(&mut secret);
        Self { contents, faults, metadata: Some(metadata) }
    }

    /// Whether there is a Secret.
    pub(super) fn exists(&self) -> bool {
        self.metadata.is_some()
    }

    /// Its labels and annotations.
    pub(super) fn metadata(&self) -> Option<&Value> {
        self.metadata.as_ref()
    }

    #[cfg(test)]
    pub(super) fn holding(contents: Contents) -> Self {
        Self { contents, faults: Vec::new(), metadata: Some(json!({})) }
    }
}

fn read(secret: &Value, faults: &mut Vec<String>) -> Contents {
    let data = secret.get("data").and_then(Value::as_object);
    let part = |name: &str| {
        let text = data?.get(name)?.as_str().filter(|text| !text.is_empty())?;
        Some(BASE64.decode(text.as_bytes()).map(Zeroizing::new).unwrap_or_default())
    };
    let mut certificate = |name: &str, is_authority: bool| {
        let text = part(name)?;
        let found = Cert::from_pem(&text).filter(|found| !is_authority || found.is_authority());
        if found.is_none() {
            faults.push(format!("{name} cannot be read"));
        }
        found
    };
    let [authority, leaf, next] = [(AUTHORITY, true), (LEAF, false), (NEXT, true)]
        .map(|(names, is_authority)| (names, certificate(names[0], is_authority)));
    let mut key = |[certificate_name, name]: [&str; 2], certificate: Option<&Cert>| {
        let found = match (part(name), certificate) {
            (Some(text), Some(certificate)) => match Key::from_pem(&text) {
                Some(key) if key.is_of(certificate) => return Some(key),
                Some(_) => format!("{name} is not the key of {certificate_name}"),
                None => format!("{name} cannot be read"),
            },
            // An authority that has lost its key is still trusted, and is written so.
            (None, Some(_)) if name == AUTHORITY[1] => return None,
            (None, Some(_)) => format!("{name} is missing"),
            (Some(_), None) if part(certificate_name).is_none() => format!("{certificate_name} is missing"),
            (_, None) => return None,
        };
        faults.push(found);
        None
    };
    let mut pair = |(names, certificate): ([&str; 2], Option<Cert>)| {
        let key = key(names, certificate.as_ref());
        certificate.map(|certificate| (certificate, key))
    };
    let authority = pair(authority).map(|(certificate, key)| Authority { certificate, key });
    let leaf = pair(leaf).and_then(|(certificate, key)| Some(Leaf { certificate, key: key? }));
    // An authority that will sign is of no use without its key.
    let next = pair(next).and_then(|(certificate, key)| Some(Authority { certificate, key: Some(key?) }));
    let mut previous = Vec::new();
    if let Some(text) = part(PREVIOUS) {
        previous = Cert::authorities(&text);
        if previous.is_empty() {
            faults.push(format!("{PREVIOUS} cannot be read"));
        }
    }
    Contents { authority, leaf, next, previous }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upkeep::certificates::make::{Maker, Terms};

    fn written() -> Value {
        let (terms, names) = (Terms::default(), vec!["ringwall.ringwall.svc".to_owned()]);
        let contents = Maker { terms: &terms, names: &names }.begin(jiff::Timestamp::UNIX_EPOCH).unwrap();
        contents.object(&Stored::default(), "ringwall", "ringwall-certificate", None)
    }

    #[test]
    fn what_was_written_is_read() {
        let stored = Stored::read(Some(written()));
        assert_eq!(stored.faults, Vec::<String>::new());
        assert!(stored.contents.leaf.is_some() && stored.contents.signing().is_some());
    }

    #[test]
    fn an_empty_secret_has_no_faults() {
        let stored = Stored::read(Some(json!({"metadata": {"name": "x"}, "type": "Opaque"})));
        assert!(stored.exists() && stored.faults.is_empty() && stored.contents.trusted().is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_by_name_and_never_by_content() {
        let with = |part: &str, text: Option<&str>| {
            let mut secret = written();
            let data = secret["data"].as_object_mut().unwrap();
            match text {
                Some(text) => _ = data.insert(part.to_owned(), BASE64.encode(text.as_bytes()).into()),
                None => _ = data.remove(part),
            }
            Stored::read(Some(secret)).faults
        };
        assert_eq!(with("tls.key", Some("hush")), ["tls.key cannot be read"]);
        assert_eq!(with("tls.key", None), ["tls.key is missing"]);
        assert_eq!(with("ca.key", Some("hush")), ["ca.key cannot be read"]);
        assert_eq!(with("ca.key", None), Vec::<String>::new(), "it signs no more, and is trusted");
        assert_eq!(with("ca.crt", Some("hush")), ["ca.crt cannot be read"]);
        assert_eq!(with("ca.crt", None), ["ca.crt is missing"]);
        assert_eq!(with("previous-ca.crt", Some("hush")), ["previous-ca.crt cannot be read"]);
        let other = Stored::read(Some(written())).contents.leaf.unwrap();
        assert_eq!(with("tls.key", Some(&other.key.pem)), ["tls.key is not the key of tls.crt"]);
    }

    #[test]
    fn what_a_hand_applied_is_carried_along_without_the_copy_that_kubectl_keeps_of_it() {
        let mut secret = written();
        secret["metadata"]["annotations"] = json!({LAST_APPLIED: "{\"data\": {\"ca.key\": \"hush\"}}", "a": "b"});
        let stored = Stored::read(Some(secret));
        assert_eq!(stored.metadata().unwrap()["annotations"], json!({"a": "b"}));
        let object = stored.contents.object(&stored, "ringwall", "ringwall-certificate", stored.metadata());
        assert!(!object.to_string().contains("hush"));
    }

    #[test]
    fn a_secret_made_anew_bears_the_labels_of_the_former_and_not_its_version() {
        let last = json!({"labels": {"a": "b"}, "resourceVersion": "7", "uid": "u"});
        let object = Contents::default().object(&Stored::default(), "ringwall", "x", Some(&last));
        assert_eq!(object["metadata"], json!({"name": "x", "namespace": "ringwall", "labels": {"a": "b"}}));
    }
}
