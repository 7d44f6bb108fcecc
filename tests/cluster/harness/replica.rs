//! One Pod's process, from its start to the end of the Pod.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::container::Container;
use super::http;
use super::process::{Process, addresses, spawn};

/// How long after a replica became unready, was told to stop or died the balancer still leads to it.
pub(crate) const WITHDRAWAL: Duration = Duration::from_secs(1);

/// How long a process that died stays away. Kubelets take 10 s, from the second time on.
const AGAIN: Duration = Duration::from_secs(3);

/// Something that happened to a Pod's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Started,
    Ready,
    Unready,
    /// It was told to stop, for its Pod was deleted.
    Told,
    /// It ended by itself after it was told to, and said that all is well.
    Ended,
    /// It ended after it was told to, with an error.
    Failed,
    /// It did not end within the Pod's grace period and was killed.
    Overdue,
    /// It ended without being told to.
    Died,
    /// No new connection reaches it any more.
    Withdrawn,
}

/// A Pod that is bound to our node.
pub(super) struct Replica {
    pub(super) pod: String,
    pub(super) container: Container,
    process: Option<Process>,
    logs: Arc<Mutex<Vec<String>>>,
    /// How many lines were there before the running process.
    before: usize,
    /// Where webhook and probes listen: like a Pod's address, it outlives the process.
    addresses: Option<(SocketAddr, SocketAddr)>,
    pub(super) restarts: usize,
    /// When the process died that is to be started again.
    died: Option<Instant>,
    pub(super) ready: bool,
    /// When the process has to have ended, once it was told to.
    deadline: Option<Instant>,
    /// Whether the balancer leads to it, and until when it does so without reason.
    listed: bool,
    leaves: Option<Instant>,
}

impl Replica {
    /// Without a process, until it is looked at for the first time.
    pub(super) fn new(pod: String, container: Container, logs: Arc<Mutex<Vec<String>>>) -> Self {
        Self {
            pod,
            container,
            process: None,
            logs,
            before: 0,
            addresses: None,
            restarts: 0,
            died: None,
            ready: false,
            deadline: None,
            listed: false,
            leaves: None,
        }
    }

    /// Tells the process to stop, within a time.
    pub(super) fn stop(&mut self, grace: Duration) -> Event {
        self.deadline = Some(Instant::now() + grace);
        if let Some(id) = self.process_id() {
            // An error means that it has just ended.
            let _ = Command::new("kill").args(["-TERM", &id.to_string()]).status();
        }
        Event::Told
    }

    /// Looks at the process once, starts it where it should run, and says what has happened.
    pub(super) fn tend(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(status) = self.process.as_mut().and_then(|it| it.child.try_wait().unwrap()) {
            self.process = None;
            events.push(match self.deadline {
                Some(_) if status.success() => Event::Ended,
                Some(_) => Event::Failed,
                None => Event::Died,
            });
            if self.deadline.is_none() {
                self.restarts += 1;
                self.died = Some(Instant::now());
            }
        }
        if self.process.is_none() && self.deadline.is_none() && self.died.is_none_or(|died| died.elapsed() > AGAIN) {
            self.start();
            events.push(Event::Started);
        }
        if self.process.is_some() && self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            self.process = None;
            events.push(Event::Overdue);
        }
        let ready = self.process.is_some() && self.answers_ready();
        if ready != self.ready {
            self.ready = ready;
            events.push(if ready { Event::Ready } else { Event::Unready });
        }
        events.extend(self.list());
        events
    }

    pub(super) fn is_told(&self) -> bool {
        self.deadline.is_some()
    }

    /// Whether it takes part in serving: ready and not told to stop.
    pub(super) fn serves(&self) -> bool {
        self.ready && !self.is_told()
    }

    pub(super) fn runs(&self) -> bool {
        self.process.is_some()
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.child.id())
    }

    /// Where new connections go, if any do.
    pub(super) fn endpoint(&self) -> Option<SocketAddr> {
        self.addresses.filter(|_| self.listed).map(|(webhook, _)| webhook)
    }

    pub(super) fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.addresses
    }

    fn start(&mut self) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (webhook, probes) = self.addresses.unwrap_or((any, any));
        self.before = self.logs.lock().unwrap().len();
        let Container { arguments, environment, .. } = &self.container;
        self.process = Some(spawn(arguments, environment, webhook, probes, &self.logs));
    }

    fn answers_ready(&mut self) -> bool {
        if self.addresses.is_none() {
            self.addresses = addresses(&self.logs.lock().unwrap()[self.before..]);
        }
        let Some((_, probes)) = self.addresses else { return false };
        matches!(http::get(probes, "/readyz"), Ok((200, _)))
    }

    /// Follows readiness: at once when it comes, late when it goes.
    fn list(&mut self) -> Option<Event> {
        if self.serves() {
            self.listed = true;
            self.leaves = None;
        } else if self.listed {
            let leaves = *self.leaves.get_or_insert_with(|| Instant::now() + WITHDRAWAL);
            if Instant::now() >= leaves {
                self.listed = false;
                self.leaves = None;
                return Some(Event::Withdrawn);
            }
        }
        None
    }
}
