//! From an HTTP request to an HTTP response: the route, the body, the deadline.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue},
};
use tokio::{sync::watch, time::Instant};

use crate::telemetry::Metrics;

use super::{
    Admission, BadReview, Limits,
    body::{Memory, NoBody},
    stage::Stage,
};

/// What requests share.
pub(super) struct Service {
    pub(super) admission: Arc<Admission>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: Limits,
    pub(super) memory: Memory,
    pub(super) stage: watch::Receiver<Stage>,
    /// Whether reviews are answered without a decision on a path of their own, for measurements.
    pub(super) undecided: bool,
}

/// Something else than an answered review.
struct Problem {
    status: StatusCode,
    reason: &'static str,
    text: String,
    /// Whether the rest of the request may still be under way, so that the connection is of no more use.
    close: bool,
}

impl Service {
    /// Answers a request, whatever happens.
    pub(super) async fn call(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let deadline = Instant::now() + self.limits.request;
        let answer = AssertUnwindSafe(self.answer(request, deadline)).catch_unwind().await;
        let (mut response, close) = match answer {
            Ok(Ok(json)) => (respond(StatusCode::OK, "application/json", json), false),
            Ok(Err(problem)) => {
                self.metrics.bad_request(problem.reason);
                (respond(problem.status, "text/plain; charset=utf-8", problem.text + "\n"), problem.close)
            }
            Err(_) => {
                self.metrics.panic();
                let text = "Ringwall failed on this request; its log says where. This is a defect: please report it.\n";
                (respond(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", text), false)
            }
        };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        if close || *self.stage.borrow() != Stage::Serving {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    async fn answer(&self, request: Request<Incoming>, deadline: Instant) -> Result<Vec<u8>, Problem> {
        let decides = match request.uri().path() {
            path if path == "/validate" || path.starts_with("/validate/") => true,
            "/undecided" if self.undecided => false,
            _ => return Err(Problem::new(StatusCode::NOT_FOUND, "path", "send reviews to /validate").closing()),
        };
        if request.method() != Method::POST {
            let text = "send an AdmissionReview with POST";
            return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", text).closing());
        }
        let body = self.memory.read(request.into_body(), self.limits.body);
        let body = tokio::time::timeout_at(deadline, body).await.map_err(|_| {
            let text = format!("the body did not arrive within {}", shown(self.limits.request));
            Problem::new(StatusCode::REQUEST_TIMEOUT, "slow-body", text).closing()
        })?;
        let body = body.map_err(|error| match error {
            NoBody::TooLarge => {
                let text = format!("the body is larger than {} bytes", self.limits.body);
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", text).closing()
            }
            NoBody::Broken => Problem::new(StatusCode::BAD_REQUEST, "broken-body", "the body broke off").closing(),
        })?;
        let answer = if decides {
            tokio::time::timeout_at(deadline, self.admission.answer(&body.bytes)).await.map_err(|_| {
                let text = format!("no decision within {}", shown(self.limits.request));
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "deadline", text)
            })?
        } else {
            Admission::answer_undecided(&body.bytes)
        };
        answer.map_err(|error: BadReview| Problem::new(StatusCode::BAD_REQUEST, error.reason(), format!("{error}")))
    }
}

impl Problem {
    fn new(status: StatusCode, reason: &'static str, text: impl Into<String>) -> Self {
        Self { status, reason, text: text.into(), close: false }
    }

    fn closing(self) -> Self {
        Self { close: true, ..self }
    }
}

pub(super) fn respond(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn shown(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
