//! Reads for a command that looks at a cluster once and says how Ringwall stands in it: raw answers, their status and their words, for
//! what the API server says of a failed call is what the reader needs.

use std::{path::Path, time::Duration};

use hyper::http;
use kube::{Client, Config, client::Body};
use serde_json::{Value, json};

use crate::{
    model::{Name, kinds::rights::Right},
    snapshot::Snapshot,
};

use super::{
    ConnectError, Documents, Fault, LoadError, connect, load,
    request::{exchange, warnings, within},
};

/// How long a call may take. A webhook of somebody else may keep the API server waiting for 10 seconds, and there may be two.
const LIMIT: Duration = Duration::from_secs(30);
/// Bytes that an answer may have.
const MOST: usize = 64 << 20;

/// An answer, whatever it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The texts of `Warning` headers.
    pub warnings: Vec<String>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// Whether it was done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the API server says, where it refuses.
    pub fn message(&self) -> String {
        let status: Option<Value> = serde_json::from_str(&self.body).ok();
        let message = status.as_ref().and_then(|status| status["message"].as_str()).map(str::to_owned);
        message.unwrap_or_else(|| self.body.lines().next().unwrap_or_default().chars().take(300).collect())
    }
}

/// Looks at a cluster.
#[derive(Clone)]
pub struct Inspector {
    client: Client,
    documents: Documents,
}

impl Inspector {
    /// With a kubeconfig, or from where the program runs.
    pub async fn connect(kubeconfig: Option<&Path>) -> Result<Self, ConnectError> {
        let client = connect::client(kubeconfig).await?;
        Ok(Self { documents: Documents::new(client.clone()), client })
    }

    /// Looks at the probes of a replica outside of a cluster: `http://host:port`.
    pub fn of_probes(url: &str) -> Result<Self, ConnectError> {
        let failed = |error: &dyn std::fmt::Display| ConnectError::Client(error.to_string());
        let mut config = Config::new(url.parse::<http::Uri>().map_err(|error| failed(&error))?);
        config.connect_timeout = Some(Duration::from_secs(5));
        config.default_retry = false;
        let client = Client::try_from(config).map_err(|error| failed(&error))?;
        Ok(Self { documents: Documents::new(client.clone()), client })
    }

    /// Single objects by their name.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Everything that Ringwall judges by.
    pub async fn snapshot(&self) -> Result<Snapshot, LoadError> {
        load::load(&self.client).await
    }

    /// The answer of a path.
    pub async fn get(&self, path: &str) -> Result<Reply, Fault> {
        self.call(http::Request::get(path), None).await
    }

    /// The answer to an object that is sent to a path.
    pub async fn post(&self, path: &str, object: &Value) -> Result<Reply, Fault> {
        self.call(http::Request::post(path), Some(object)).await
    }

    /// The JSON of a path, or `None` where there is nothing.
    pub async fn read(&self, path: &str) -> Result<Option<Value>, Fault> {
        let reply = self.get(path).await?;
        match reply.status {
            404 => Ok(None),
            403 => Err(Fault::Forbidden(reply.message())),
            _ if reply.is_success() => match serde_json::from_str(&reply.body) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(Fault::Failed("the answer is no JSON".to_owned())),
            },
            code => Err(Fault::Failed(format!("the API server answers {code}: {}", reply.message()))),
        }
    }

    /// The items of a list; none where the cluster does not serve the kind.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, Fault> {
        let list = self.read(path).await?.unwrap_or_default();
        Ok(list.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// Whether a `ServiceAccount` may do something.
    pub async fn may(&self, namespace: &Name, account: &Name, right: &Right) -> Result<bool, Fault> {
        let attributes = json!({
            "verb": right.verb,
            "group": right.group,
            "version": right.version,
            "resource": right.resource,
            "subresource": right.subresource.unwrap_or_default(),
            "namespace": right.namespace.as_deref().unwrap_or_default(),
            "name": right.name.as_deref().unwrap_or_default(),
        });
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{namespace}:{account}"),
                "groups": [
                    "system:serviceaccounts",
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated",
                ],
                "resourceAttributes": attributes,
            },
        });
        let reply = self.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).await?;
        if reply.status == 403 {
            return Err(Fault::Forbidden(reply.message()));
        }
        let answer: Option<Value> = serde_json::from_str(&reply.body).ok();
        let allowed = answer.as_ref().and_then(|answer| answer.pointer("/status/allowed")).and_then(Value::as_bool);
        allowed.ok_or_else(|| Fault::Failed(reply.message()))
    }

    async fn call(&self, request: http::request::Builder, object: Option<&Value>) -> Result<Reply, Fault> {
        let failed = |error: &dyn std::fmt::Display| Fault::Failed(error.to_string());
        let request = match object {
            Some(object) => {
                let bytes = serde_json::to_vec(object).map_err(|error| failed(&error))?;
                request.header(http::header::CONTENT_TYPE, "application/json").body(Body::from(bytes))
            }
            None => request.body(Body::empty()),
        };
        let request = request.map_err(|error| failed(&error))?;
        let (head, body) = within(LIMIT, exchange(&self.client, request, MOST)).await?;
        let (status, warnings) = (head.status, warnings(&head.headers));
        Ok(Reply { status: status.as_u16(), warnings, body: String::from_utf8_lossy(&body).into_owned() })
    }
}
