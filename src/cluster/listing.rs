//! Whole lists and single objects, decoded at once: what was sent is dropped as soon as a page has been read.

use std::{collections::HashSet, sync::Arc, time::Duration};

use kube::Client;
use serde::Deserialize;

use crate::{
    model::{
        Kind, Name, Object, ObjectKey, PodFacts,
        decode::{self, DecodeError},
    },
    snapshot::{Edit, Need},
};

use super::{
    Fault,
    request::{self, PAGE, Page, within},
};

/// An object that was sent, decoded as far as it can be.
pub(super) enum Seen {
    /// It can be.
    Object(Object),
    /// It is there, and cannot be decoded.
    Obscure(ObjectKey, DecodeError),
    /// Not even its name can be read.
    Nameless(DecodeError),
}

impl Seen {
    /// Decodes what was sent.
    pub(super) fn read(kind: Kind, json: &str) -> Self {
        match decode::object(kind, json.as_bytes()) {
            Ok(object) => Self::Object(object),
            Err(error) => match decode::key(kind, json.as_bytes()) {
                Some(key) => Self::Obscure(key, error),
                None => Self::Nameless(error),
            },
        }
    }

    /// What it means for the snapshot. What cannot be decoded is reported here: by its key and the field at fault, never by its
    /// content.
    pub(super) fn edit(self, kind: Kind) -> Option<Edit> {
        match self {
            Self::Object(object) => Some(Edit::Put(object)),
            Self::Obscure(key, error) => {
                tracing::warn!(object = %key, %error, "an object cannot be decoded; what rests on it cannot be proved");
                Some(Edit::Obscure(key))
            }
            Self::Nameless(error) => {
                tracing::warn!(kind = kind.name(), %error, "an object without a name was sent, and is ignored");
                None
            }
        }
    }
}

/// Everything of a kind, in one namespace or everywhere.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) objects: Vec<Object>,
    /// What is there and cannot be decoded.
    pub(super) obscure: Vec<Edit>,
    /// The version from which a watch goes on.
    pub(super) version: String,
}

impl Listing {
    /// Reads every page. Each has its own limit of time.
    pub(super) async fn read(
        client: &Client,
        kind: Kind,
        namespace: Option<&Name>,
        limit: Duration,
    ) -> Result<Self, Fault> {
        let mut listing = Self::default();
        let mut facts = HashSet::new();
        let mut token: Option<String> = None;
        let mut count = PAGE;
        loop {
            let text = match within(limit, request::page(client, kind, namespace, count, token.clone())).await {
                Err(Fault::TooLarge) if count > 1 => {
                    count = (count / 4).max(1);
                    continue;
                }
                text => text?,
            };
            // Large objects may stand together; what follows them need not be read one by one.
            count = count.saturating_mul(2).min(PAGE);
            let page = parse(&text)?;
            Name::shared(|| {
                for item in page.items.unwrap_or_default() {
                    match Seen::read(kind, item.get()) {
                        Seen::Object(object) => listing.objects.push(share(object, &mut facts)),
                        seen => listing.obscure.extend(seen.edit(kind)),
                    }
                }
            });
            listing.version = page.metadata.resource_version;
            token = Some(page.metadata.r#continue).filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(listing);
            }
            // Other kinds and requests have their turn between two pages.
            tokio::task::yield_now().await;
        }
    }

    /// What it means for the snapshot.
    pub(super) fn edits(self, kind: Kind, namespace: Option<&Name>) -> Vec<Edit> {
        let scope = Need::List(kind, namespace.cloned());
        let mut edits = vec![Edit::Replace { scope, objects: self.objects }];
        edits.extend(self.obscure);
        edits
    }
}

/// The version at which the kind can be read just now: a cheap read that proves that it can.
pub(super) async fn version(client: &Client, kind: Kind, limit: Duration) -> Result<String, Fault> {
    let text = within(limit, request::page(client, kind, None, 1, None)).await?;
    Ok(parse(&text)?.metadata.resource_version)
}

/// Whether a list can be read as JSON; what is in it is not told.
fn parse(text: &[u8]) -> Result<Page<'_>, Fault> {
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Fault::Failed(format!("the API server's answer is no list (line {line}, column {column})"))
    })
}

/// The parts of any object that a watch needs.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Head {
    pub(super) metadata: HeadMeta,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HeadMeta {
    pub(super) resource_version: String,
}

/// Lets equal Pods share one copy of their facts while a list is being read, so that its peak stays low.
fn share(object: Object, facts: &mut HashSet<Arc<PodFacts>>) -> Object {
    let Object::Pod(mut pod) = object else { return object };
    if let Some(known) = facts.get(&pod.facts) {
        Arc::make_mut(&mut pod).facts = Arc::clone(known);
    } else {
        facts.insert(Arc::clone(&pod.facts));
    }
    Object::Pod(pod)
}
