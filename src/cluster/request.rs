//! Requests to the API server: the paths of the kinds, pages and watches. What comes back is never logged, whatever is wrong
//! with it.

use std::{future::Future, time::Duration};

use futures::Stream;
use http_body_util::BodyExt as _;
use hyper::http;
use kube::{
    Client,
    api::{GetParams, ListParams, Request, WatchEvent, WatchParams},
    client::Body,
    core::{Resource as _, Status},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::{Kind, Name, ObjectKey, kinds::Watch};

use super::Fault;

/// Objects of a kind on one page of a list.
pub(super) const PAGE: u32 = 250;
/// Bytes of one page: pages are held whole, those of several kinds at a time. Larger ones are asked for in smaller parts.
pub(super) const PAGE_BYTES: usize = 32 << 20;

/// How long the server keeps a watch open, in seconds. Below the idle limits of load balancers.
const WATCH_SECONDS: u32 = 200;

/// A page of a list, its items as they were sent.
#[derive(Deserialize)]
pub(super) struct Page<'a> {
    #[serde(default)]
    pub(super) metadata: PageMeta,
    #[serde(borrow)]
    pub(super) items: Option<Vec<&'a RawValue>>,
}

/// What is said of a page.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PageMeta {
    /// The version of everything at the time of the list.
    pub(super) resource_version: String,
    /// Where the next page begins, if there is one.
    pub(super) r#continue: String,
}

/// One page of a list, read consistently: not older than this call. [`Fault::TooLarge`] when it has more bytes than may be; a
/// page of one object may have any number.
pub(super) async fn page(
    client: &Client,
    kind: Kind,
    namespace: Option<&Name>,
    limit: u32,
    continue_token: Option<String>,
) -> Result<Vec<u8>, Fault> {
    let field_selector = selector(kind);
    let parameters = ListParams { limit: Some(limit), continue_token, field_selector, ..ListParams::default() };
    let request = Request::new(path(kind, namespace)).list(&parameters).map_err(failed)?;
    let most = if limit > 1 { PAGE_BYTES } else { usize::MAX };
    Ok(fetch(client, request.map(Body::from), most).await?.1)
}

/// One object, as it was sent.
pub(super) async fn get(client: &Client, key: &ObjectKey) -> Result<Vec<u8>, Fault> {
    let request = Request::new(path(key.kind, key.namespace.as_ref()));
    let request = request.get(&key.name, &GetParams::default()).map_err(failed)?;
    Ok(fetch(client, request.map(Body::from), usize::MAX).await?.1)
}

/// The changes of a kind after a version, each object as it was sent.
pub(super) async fn watch(
    client: &Client,
    kind: Kind,
    version: &str,
) -> Result<impl Stream<Item = kube::Result<WatchEvent<Box<RawValue>>>> + Send + use<>, Fault> {
    let field_selector = selector(kind);
    let parameters =
        WatchParams { timeout: Some(WATCH_SECONDS), bookmarks: true, field_selector, ..WatchParams::default() };
    let request = Request::new(path(kind, None)).watch(&parameters, version).map_err(failed)?;
    Ok(client.request_events::<Box<RawValue>>(request).await?)
}

/// Writes an object.
pub(super) async fn create(client: &Client, path: String, body: Vec<u8>) -> Result<(), Fault> {
    let request = http::Request::post(path).header(http::header::CONTENT_TYPE, "application/json");
    fetch(client, request.body(Body::from(body)).map_err(failed)?, usize::MAX).await.map(drop)
}

/// What the future yields, or [`Fault::Timeout`].
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Fault::Timeout))
}

/// Like [`Client::request_text`], with one copy of the body instead of three.
/// The texts of warnings come first.
pub(super) async fn fetch(
    client: &Client,
    request: http::Request<Body>,
    most: usize,
) -> Result<(Vec<String>, Vec<u8>), Fault> {
    fetch_noting(client, request, most, |_| ()).await
}

/// The same, which shows the head of the answer, of a refusal too.
pub(super) async fn fetch_noting(
    client: &Client,
    request: http::Request<Body>,
    most: usize,
    note: impl FnOnce(&http::HeaderMap),
) -> Result<(Vec<String>, Vec<u8>), Fault> {
    let (head, text) = exchange(client, request, most).await?;
    note(&head.headers);
    if head.status.is_success() {
        return Ok((warnings(&head.headers), text));
    }
    let refusal = serde_json::from_slice::<Status>(&text);
    let refusal = refusal.unwrap_or_else(|_| Status::failure(&String::from_utf8_lossy(&text), ""));
    Err(Fault::of_status(&refusal.with_code(head.status.as_u16())))
}

/// The answer, whatever its status: its head and its body.
pub(super) async fn exchange(
    client: &Client,
    request: http::Request<Body>,
    most: usize,
) -> Result<(http::response::Parts, Vec<u8>), Fault> {
    let (head, mut body) = client.send(request).await?.into_parts();
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            if text.len().saturating_add(data.len()) > most {
                return Err(Fault::TooLarge);
            }
            text.extend_from_slice(&data);
        }
    }
    Ok((head, text))
}

/// The time of the `Date` header: what the API server's clock says.
pub(super) fn date(headers: &http::HeaderMap) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(headers.get(http::header::DATE)?).ok()
}

/// The texts of `Warning: 299 - "text"`, quoted as Kubernetes does (`k8s.io/apimachinery/pkg/util/net`, `NewWarningHeader`).
pub(super) fn warnings(headers: &http::HeaderMap) -> Vec<String> {
    let text = |value: &http::HeaderValue| {
        let value = value.to_str().ok()?;
        let quoted = value.split_once('"')?.1;
        Some(quoted.rsplit_once('"')?.0.replace("\\\"", "\"").replace("\\\\", "\\"))
    };
    headers.get_all(http::header::WARNING).iter().filter_map(text).collect()
}

/// Of some kinds only a part is ever asked for as a list.
fn selector(kind: Kind) -> Option<String> {
    match kind.info().watch {
        Watch::OnRequest(selector) => Some(selector.to_owned()),
        Watch::Always | Watch::Never => None,
    }
}

fn path(kind: Kind, namespace: Option<&Name>) -> String {
    kube::core::DynamicObject::url_path(&resource(kind), namespace.map(Name::as_str))
}

fn resource(kind: Kind) -> kube::core::ApiResource {
    let info = kind.info();
    kube::core::ApiResource {
        group: info.group.to_owned(),
        version: info.version.to_owned(),
        api_version: info.api_version(),
        kind: info.name.to_owned(),
        plural: info.plural.to_owned(),
    }
}

fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::Failed(error.to_string())
}
