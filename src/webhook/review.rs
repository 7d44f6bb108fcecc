//! `AdmissionReview` v1, as the API server sends and expects it.
//!
//! Own types instead of a library's: nothing is flattened or buffered, the objects stay borrowed text until their one decoder
//! reads them, and the uid is read first, so that a request that is broken elsewhere still gets an answer that the API
//! server can match. This is the only file that knows the format.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    decision::{Actor, Change},
    model::{
        Kind, Name, Object, ObjectKey, Operation,
        decode::{self, DecodeError},
    },
};

use super::served;

const VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// A request that was read.
#[derive(Debug)]
pub(super) struct Review {
    /// The request's identity, which the answer must carry.
    pub(super) uid: String,
    /// What is asked.
    pub(super) ask: Ask,
    /// Whether Ringwall itself asks, through the API server, who answers.
    pub(super) is_probe: bool,
}

/// What a request asks.
#[derive(Debug)]
pub(super) enum Ask {
    /// To judge a change.
    Judge {
        /// The change.
        change: Box<Change>,
        /// Whether nothing will be stored.
        dry_run: bool,
    },
    /// Nothing that Ringwall judges: another kind, a subresource, another operation.
    Pass,
    /// To judge an object that cannot be decoded. The API server has validated it already: its schema is a newer one, or
    /// Ringwall reads more narrowly.
    Obscure(Obscure),
    /// Something that no API server sends; the text says what is wrong.
    Broken(String),
}

/// A request about an object that cannot be decoded.
#[derive(Debug)]
pub(super) struct Obscure {
    /// The kind.
    pub(super) kind: Kind,
    /// The namespace that the request names.
    pub(super) namespace: Option<Name>,
    /// What is done.
    pub(super) operation: Operation,
    /// Whether it would be stored, and what is stored now can be decoded or is nothing.
    pub(super) is_new: bool,
    /// What could not be decoded.
    pub(super) error: DecodeError,
    /// Whether nothing will be stored.
    pub(super) dry_run: bool,
}

/// Why a body is no review at all: there is no uid to answer to.
#[derive(Debug, thiserror::Error)]
pub enum BadReview {
    /// There is no body.
    #[error("the body is empty: send an {KIND} of {VERSION} as JSON")]
    Empty,
    /// It is not JSON.
    #[error("the body is not JSON that can be read as an {KIND}: {0}")]
    NotJson(String),
    /// It is something else.
    #[error("the body is not an {KIND}: its kind is \"{0}\"")]
    NotAReview(String),
    /// It is of another version.
    #[error("{0} is not served: list v1 in the webhook's admissionReviewVersions")]
    Version(String),
    /// It asks nothing.
    #[error("the {KIND} has no request")]
    NoRequest,
    /// It cannot be answered.
    #[error("the request has no uid, without which it cannot be answered")]
    NoUid,
}

impl BadReview {
    /// The name of the reason, for metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotJson(_) => "not-json",
            Self::NotAReview(_) => "not-a-review",
            Self::Version(_) => "version",
            Self::NoRequest => "no-request",
            Self::NoUid => "no-uid",
        }
    }
}

/// Reads a request.
pub(super) fn read(body: &[u8]) -> Result<Review, BadReview> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(BadReview::Empty);
    }
    // The deserializer would take a list for an object with its fields in order.
    if !is_object(body) {
        return Err(BadReview::NotJson("it does not begin with {".to_owned()));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|error| BadReview::NotJson(place(&error)))?;
    if envelope.kind != KIND {
        return Err(BadReview::NotAReview(shorten(&envelope.kind)));
    }
    if envelope.api_version != VERSION {
        return Err(BadReview::Version(shorten(&envelope.api_version)));
    }
    let request = envelope.request.ok_or(BadReview::NoRequest)?;
    if !is_object(request.get().as_bytes()) {
        return Err(BadReview::NoRequest);
    }
    let identity: Identity<'_> = serde_json::from_str(request.get()).map_err(|_| BadReview::NoUid)?;
    if identity.uid.is_empty() {
        return Err(BadReview::NoUid);
    }
    let (ask, is_probe) = match serde_json::from_str::<Request<'_>>(request.get()) {
        Ok(request) => (ask(&request).unwrap_or_else(Ask::Broken), is_probe(&request)),
        Err(error) => (Ask::Broken(format!("the request cannot be read: {}", place(&error))), false),
    };
    Ok(Review { uid: identity.uid.into_owned(), ask, is_probe })
}

/// Whether a request is a dry run that only asks which certificate is served.
fn is_probe(request: &Request<'_>) -> bool {
    request.dry_run == Some(true)
        && request.operation == "CREATE"
        && request.kind.group == "ringwall.dev"
        && request.kind.kind == "Exemption"
        && request.name.as_deref().is_some_and(|name| name.starts_with(served::PROBE))
}

/// An answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whether the request is admitted.
    pub(super) allowed: bool,
    /// The HTTP code, the reason and the message of a refusal.
    pub(super) refusal: Option<(u16, &'static str, String)>,
    /// Lines for the client.
    pub(super) warnings: Vec<String>,
    /// What the API server's audit log keeps, by key.
    pub(super) annotations: Vec<(&'static str, String)>,
}

impl Answer {
    /// The answer that lets a request through without a word.
    pub(super) fn admit() -> Self {
        Self { allowed: true, ..Self::default() }
    }

    /// The answer to what no API server sends.
    pub(super) fn broken(message: String) -> Self {
        Self { refusal: Some((400, "BadRequest", message)), ..Self::default() }
    }

    /// The answer as the API server expects it.
    pub(super) fn write(&self, uid: &str) -> Vec<u8> {
        let status = self.refusal.as_ref().map(|(code, reason, message)| Status {
            outcome: "Failure",
            code: *code,
            reason,
            message,
        });
        let annotations: serde_json::Map<String, serde_json::Value> =
            self.annotations.iter().map(|(key, value)| ((*key).to_owned(), value.clone().into())).collect();
        let response =
            Response { uid, allowed: self.allowed, status, warnings: &self.warnings, audit_annotations: annotations };
        // Strings, numbers and maps with string keys always serialise.
        serde_json::to_vec(&ReviewResponse { api_version: VERSION, kind: KIND, response }).unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(default, borrow)]
    api_version: Cow<'a, str>,
    #[serde(default, borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow)]
    request: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    kind: GroupKind<'a>,
    #[serde(default, borrow)]
    sub_resource: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(default)]
    user_info: UserInfo,
    #[serde(default, borrow)]
    object: Option<&'a RawValue>,
    #[serde(default, borrow)]
    old_object: Option<&'a RawValue>,
    #[serde(default)]
    dry_run: Option<bool>,
}

/// What was asked for may be of another version (`requestKind`); `kind` is what the objects were converted to, by
/// `matchPolicy: Equivalent`.
#[derive(Deserialize)]
struct GroupKind<'a> {
    #[serde(default, borrow)]
    group: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
struct UserInfo {
    #[serde(default)]
    username: Name,
    #[serde(default)]
    groups: Option<Vec<Name>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReviewResponse<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    audit_annotations: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct Status<'a> {
    #[serde(rename = "status")]
    outcome: &'static str,
    code: u16,
    reason: &'a str,
    message: &'a str,
}

/// What the request asks, or what is wrong with it.
fn ask(request: &Request<'_>) -> Result<Ask, String> {
    let operation = match &*request.operation {
        "CREATE" => Operation::Create,
        "UPDATE" => Operation::Update,
        "DELETE" => Operation::Delete,
        "CONNECT" => return Ok(Ask::Pass),
        other => return Err(format!("request.operation is \"{}\", which Ringwall does not know", shorten(other))),
    };
    let Some(kind) = Kind::of_group(&request.kind.group, &request.kind.kind) else { return Ok(Ask::Pass) };
    let judged = match request.sub_resource.as_deref().unwrap_or_default() {
        "" => true,
        name => operation == Operation::Update && kind.info().subresources.contains(&name),
    };
    if !judged || !kind.info().operations.contains(&operation) {
        return Ok(Ask::Pass);
    }
    let dry_run = request.dry_run.unwrap_or_default();
    let (before, after) = match operation {
        Operation::Create => (None, Some(given("object", request.object)?)),
        Operation::Update => (Some(given("oldObject", request.old_object)?), Some(given("object", request.object)?)),
        Operation::Delete => (Some(given("oldObject", request.old_object)?), None),
    };
    let decode = |raw: Option<&RawValue>| raw.map(|raw| decode::object(kind, raw.get().as_bytes())).transpose();
    let (before, after) = match (decode(before), decode(after)) {
        (Ok(before), Ok(after)) => (before, after),
        // What is stored now can be judged, and what it was before excuses nothing.
        (Err(_), Ok(after)) if after.is_some() => (None, after),
        (before, after) => {
            let is_new = before.is_ok();
            let Some(error) = after.err().or(before.err()) else { return Err("the request has no object".to_owned()) };
            let namespace = request.namespace.as_deref().filter(|name| !name.is_empty()).map(Name::from);
            return Ok(Ask::Obscure(Obscure { kind, namespace, operation, is_new, error, dry_run }));
        }
    };
    let [before, after] = [before, after].map(|object| object.map(|object| placed(object, request)));
    // Reviews of a collection's deletion carry no name: the identity is the object's own.
    let Some(key) = after.as_ref().or(before.as_ref()).map(Object::key) else {
        return Err("the request has no object".to_owned());
    };
    let actor = Actor {
        user: request.user_info.username.clone(),
        groups: request.user_info.groups.clone().unwrap_or_default(),
    };
    let change = Change {
        operation,
        key,
        before,
        after,
        actor: Some(actor),
        doubted: std::collections::BTreeMap::new(),
        confirmed: std::collections::BTreeSet::new(),
    };
    Ok(Ask::Judge { change: Box::new(change), dry_run })
}

fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

fn given<'a>(field: &str, object: Option<&'a RawValue>) -> Result<&'a RawValue, String> {
    object.ok_or_else(|| format!("request.{field} is missing, which this operation always carries"))
}

/// The object with the request's name and namespace where it has none of its own.
fn placed(mut object: Object, request: &Request<'_>) -> Object {
    let ObjectKey { kind, namespace, name } = object.key();
    let fill_namespace = request
        .namespace
        .as_ref()
        .filter(|requested| kind.info().namespaced && namespace.is_none() && !requested.is_empty());
    let fill_name = request.name.as_ref().filter(|requested| name.is_empty() && !requested.is_empty());
    if fill_namespace.is_none() && fill_name.is_none() {
        return object;
    }
    let meta = object.meta_mut();
    if let Some(namespace) = fill_namespace {
        meta.namespace = Some(Name::from(&**namespace));
    }
    if let Some(name) = fill_name {
        meta.name = Name::from(&**name);
    }
    object
}

/// What is wrong and where. The parser's messages can quote a value, which may come from an object: they are cut.
fn place(error: &serde_json::Error) -> String {
    shorten(&error.to_string())
}

fn shorten(text: &str) -> String {
    super::lines::clip(&super::lines::one_line(text), 200)
}
