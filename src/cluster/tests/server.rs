//! An API server that answers what the test says.

use std::convert::Infallible;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use http_body_util::StreamBody;
use hyper::{
    body::{Bytes, Frame},
    http::{Request, Response},
};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

type Answer = Response<StreamBody<UnboundedReceiver<Result<Frame<Bytes>, Infallible>>>>;

/// The server: the requests that came, in order.
pub(super) struct Server(mpsc::UnboundedReceiver<Call>);

/// A request that waits for its answer. Dropped, it is a connection that broke.
pub(super) struct Call {
    pub(super) uri: String,
    answer: oneshot::Sender<Answer>,
}

/// A watch that the server keeps open.
pub(super) struct Stream(UnboundedSender<Result<Frame<Bytes>, Infallible>>);

impl Server {
    pub(super) fn start() -> (Client, Self) {
        let (calls, received) = mpsc::unbounded_channel();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (answer, answered) = oneshot::channel();
            let sent = calls.send(Call { uri: request.uri().to_string(), answer });
            async move {
                sent.map_err(|_| std::io::Error::other("the server is gone"))?;
                answered.await.map_err(|_| std::io::Error::other("connection refused"))
            }
        });
        (Client::new(service, "default"), Self(received))
    }

    /// The next request.
    pub(super) async fn next(&mut self) -> Call {
        self.0.recv().await.expect("the client is there")
    }

    /// The next request, which must be a list.
    pub(super) async fn list(&mut self) -> Call {
        let call = self.next().await;
        assert!(call.uri.contains("limit=") && !call.uri.contains("watch="), "{}", call.uri);
        call
    }

    /// The next request, which must be a watch from that version.
    pub(super) async fn watch(&mut self, version: &str) -> Call {
        let call = self.next().await;
        assert!(call.uri.contains("watch=true"), "{}", call.uri);
        assert!(call.uri.contains(&format!("resourceVersion={version}")), "{}", call.uri);
        call
    }

    /// Whether a request waits.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.0.is_empty()
    }
}

impl Call {
    pub(super) fn json(self, code: u16, body: &Value) {
        let stream = self.open_with(code);
        stream.send(body);
    }

    /// An answer of that many bytes, of which nothing can be read.
    pub(super) fn bytes(self, count: usize) {
        let stream = self.open();
        let _ = stream.0.unbounded_send(Ok(Frame::data(Bytes::from(vec![b' '; count]))));
    }

    /// A list, complete.
    pub(super) fn items(self, version: &str, items: &[Value]) {
        self.json(200, &json!({"kind": "List", "metadata": {"resourceVersion": version}, "items": items}));
    }

    /// A refusal as the API server words it.
    pub(super) fn refuse(self, code: u16, reason: &str) {
        let body = json!({"kind": "Status", "status": "Failure", "message": reason, "reason": reason, "code": code});
        self.json(code, &body);
    }

    /// A watch that stays open.
    pub(super) fn open(self) -> Stream {
        self.open_with(200)
    }

    fn open_with(self, code: u16) -> Stream {
        let (sender, frames) = unbounded();
        let response = Response::builder().status(code).body(StreamBody::new(frames)).unwrap();
        // Who has given up does not want the answer.
        let _ = self.answer.send(response);
        Stream(sender)
    }
}

impl Stream {
    pub(super) fn event(&self, what: &str, object: &Value) {
        // Written out, for the API server names the type first.
        self.write(&format!(r#"{{"type":"{what}","object":{object}}}"#));
    }

    fn send(&self, body: &Value) {
        self.write(&body.to_string());
    }

    fn write(&self, text: &str) {
        let _ = self.0.unbounded_send(Ok(Frame::data(Bytes::from(format!("{text}\n")))));
    }
}

pub(super) fn pod(name: &str, version: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": version, "labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    })
}

/// A Pod that no decoder takes.
pub(super) fn garbage(name: &str, version: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "resourceVersion": version, "labels": ["not", "a", "map"]},
        "spec": {"containers": 7, "hostNetwork": "perhaps"},
    })
}
