//! Single objects that Ringwall keeps or writes for its own sake, as JSON: its Lease, its certificate's Secret, the bundle in its webhook
//! configuration, the status of its settings. They are read and written by name, beside the watches, each call within a deadline.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper::{body::Bytes, http};
use jiff::Timestamp;
use kube::{Client, client::Body};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::model::Kind;

use super::{
    Fault,
    request::{date, fetch_noting, within},
};

/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Under which name fields are owned (Kubernetes: Server-Side Apply, "Field management").
pub const FIELD_MANAGER: &str = "ringwall";

/// Longer than what is sent: as text grows it is moved, and what it leaves behind is not wiped.
const ROOM: usize = 64 << 10;

/// Where objects of a sort are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The name in URLs, in plural.
    pub plural: &'static str,
}

impl Resource {
    /// `Lease` of `coordination.k8s.io`, which is no kind that Ringwall judges.
    pub const LEASE: Self = Self { group: "coordination.k8s.io", version: "v1", plural: "leases" };

    /// Where objects of a kind that Ringwall judges are found.
    pub fn of(kind: Kind) -> Self {
        let info = kind.info();
        Self { group: info.group, version: info.version, plural: info.plural }
    }

    /// The path of all of them, of one namespace or of the cluster.
    pub fn path(self, namespace: Option<&str>) -> String {
        let Self { group, version, plural } = self;
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
            None => format!("{root}/{plural}"),
        }
    }
}

/// Wipes every text of a value, for what is read may be a Secret.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a call brought: the object, and the warnings that came with it.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// The object as it is stored, or would be.
    pub object: Value,
    /// The texts of its `Warning` headers.
    pub warnings: Vec<String>,
}

/// Reads and writes single objects. What they hold is never logged.
#[derive(Clone)]
pub struct Documents {
    client: Client,
    /// What the API server's clock said last, and when.
    date: Arc<Mutex<Option<(Timestamp, Instant)>>>,
}

impl Documents {
    pub(super) fn new(client: Client) -> Self {
        Self { client, date: Arc::default() }
    }

    /// What time it is by the API server's clock, from its last answer; `None` before the first.
    pub fn server_time(&self) -> Option<Timestamp> {
        let (date, at) = (*self.date.lock().unwrap_or_else(PoisonError::into_inner))?;
        date.checked_add(at.elapsed()).ok()
    }

    /// The object, or `None` when it is not there.
    pub async fn get(&self, resource: Resource, namespace: Option<&str>, name: &str) -> Result<Option<Value>, Fault> {
        let request = http::Request::get(format!("{}/{name}", resource.path(namespace)));
        match self.send(request, None).await {
            Ok(answered) => Ok(Some(answered.object)),
            Err(Fault::Absent) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Creates an object; [`Fault::Conflict`] when one of its name is there.
    pub async fn create(&self, resource: Resource, namespace: Option<&str>, object: &Value) -> Result<Value, Fault> {
        let request = http::Request::post(format!("{}?fieldManager={FIELD_MANAGER}", resource.path(namespace)));
        Ok(self.send(request, Some(("application/json", object))).await?.object)
    }

    /// Asks whether an object might be created, and stores nothing.
    pub async fn try_create(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        object: &Value,
    ) -> Result<Answered, Fault> {
        let path = format!("{}?dryRun=All&fieldManager={FIELD_MANAGER}", resource.path(namespace));
        self.send(http::Request::post(path), Some(("application/json", object))).await
    }

    /// Replaces an object; [`Fault::Conflict`] when it is not of the `resourceVersion` that it bears.
    pub async fn replace(&self, resource: Resource, namespace: Option<&str>, object: &Value) -> Result<Value, Fault> {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let path = format!("{}/{name}?fieldManager={FIELD_MANAGER}", resource.path(namespace));
        Ok(self.send(http::Request::put(path), Some(("application/json", object))).await?.object)
    }

    /// Applies fields, which are Ringwall's from then on, whoever had them.
    pub async fn apply(&self, resource: Resource, namespace: Option<&str>, object: &Value) -> Result<Value, Fault> {
        self.apply_to(resource, namespace, object, "").await
    }

    /// Merges fields into an object (RFC 7386); [`Fault::Conflict`] when it is not of the `resourceVersion` that they name.
    pub async fn merge(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        name: &str,
        fields: &Value,
    ) -> Result<Value, Fault> {
        let path = format!("{}/{name}?fieldManager={FIELD_MANAGER}", resource.path(namespace));
        Ok(self.send(http::Request::patch(path), Some(("application/merge-patch+json", fields))).await?.object)
    }

    /// Applies the status of an object.
    pub async fn apply_status(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        object: &Value,
    ) -> Result<Value, Fault> {
        self.apply_to(resource, namespace, object, "/status").await
    }

    async fn apply_to(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        object: &Value,
        subresource: &str,
    ) -> Result<Value, Fault> {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let path = resource.path(namespace);
        let path = format!("{path}/{name}{subresource}?fieldManager={FIELD_MANAGER}&force=true");
        // JSON is YAML.
        Ok(self.send(http::Request::patch(path), Some(("application/apply-patch+yaml", object))).await?.object)
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: Option<(&'static str, &Value)>,
    ) -> Result<Answered, Fault> {
        let failed = |error: &dyn std::fmt::Display| Fault::Failed(error.to_string());
        let request = match body {
            Some((kind, object)) => {
                request.header(http::header::CONTENT_TYPE, kind).body(body_of(object).map_err(|error| failed(&error))?)
            }
            None => request.body(Body::empty()),
        };
        let request = request.map_err(|error| failed(&error))?;
        within(LIMIT, async {
            let note = |headers: &http::HeaderMap| {
                if let Some(date) = date(headers) {
                    *self.date.lock().unwrap_or_else(PoisonError::into_inner) = Some((date, Instant::now()));
                }
            };
            let (warnings, text) = fetch_noting(&self.client, request, usize::MAX, note).await?;
            let text = Zeroizing::new(text);
            // The object may be a Secret: of what is wrong in it nothing is said.
            let object =
                serde_json::from_slice(&text).map_err(|_| Fault::Failed("the answer is no JSON".to_owned()))?;
            Ok(Answered { object, warnings })
        })
        .await
    }
}

/// An object as it is sent. It may be a Secret: the text is wiped as soon as nobody needs it.
fn body_of(object: &Value) -> serde_json::Result<Body> {
    let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *text, object)?;
    Ok(Body::from(Bytes::from_owner(text)))
}
