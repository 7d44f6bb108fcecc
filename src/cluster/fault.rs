//! What goes wrong between Ringwall and the API server, told apart as far as it matters.

use kube::core::Status;

use super::ReadError;

/// Why a request to the API server failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// RBAC forbids it; what the API server says.
    #[error("{0}")]
    Forbidden(String),
    /// The cluster does not serve the kind.
    #[error("the cluster does not serve it")]
    NotServed,
    /// The object is not there.
    #[error("not found")]
    Absent,
    /// The resource version is too old: what happened since is lost, and the kind must be listed anew.
    #[error("the resource version is too old")]
    Gone,
    /// Somebody else wrote the object meanwhile, or made it.
    #[error("somebody else wrote it meanwhile")]
    Conflict,
    /// No answer in time.
    #[error("the API server did not answer in time")]
    Timeout,
    /// The answer has more bytes than may be held.
    #[error("the API server's answer is too large")]
    TooLarge,
    /// The API server finds something wrong with the request itself; another one may be answered.
    #[error("{0}")]
    Refused(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl Fault {
    /// The fault that a refusal of the API server stands for.
    pub(super) fn of_status(status: &Status) -> Self {
        match status.code {
            403 => Self::Forbidden(status.message.clone()),
            // A missing object is named; a missing kind is not, or is no Status at all.
            404 if status.details.as_ref().is_some_and(|details| !details.name.is_empty()) => Self::Absent,
            404 => Self::NotServed,
            409 => Self::Conflict,
            410 => Self::Gone,
            code => {
                let text = format!("the API server answers {code}: {}", shorten(&status.message));
                // 401 and 429 are of the client, not of what it asked.
                if matches!(code, 400 | 402..=428 | 430..=499) { Self::Refused(text) } else { Self::Failed(text) }
            }
        }
    }
}

impl From<kube::Error> for Fault {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(&status),
            error => Self::Failed(chain(&error)),
        }
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Forbidden(_) => Self::Forbidden,
            Fault::NotServed => Self::NotServed,
            Fault::Timeout => Self::Timeout,
            Fault::Absent | Fault::Gone | Fault::Conflict | Fault::TooLarge | Fault::Refused(_) | Fault::Failed(_) => {
                Self::Failed(fault.to_string())
            }
        }
    }
}

/// An error with its causes, without those that it names itself.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let cause = source.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = source.source();
    }
    text
}

/// A proxy may answer with a whole page.
fn shorten(text: &str) -> String {
    let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
    if line.is_empty() { "nothing".to_owned() } else { line }
}
