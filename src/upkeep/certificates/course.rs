//! What the keeper remembers between looks, and what it has said.

use serde_json::Value;
use tokio::time::Instant;

use super::{cert::Cert, memory::Memory, plan::Probe};

/// What is remembered between looks.
pub(super) struct Course {
    pub(super) began: Instant,
    pub(super) memory: Memory,
    pub(super) in_force: Option<Cert>,
    pub(super) probe: Option<Probe>,
    /// Whether fields of the webhook configuration could not be given up when that was tried last.
    pub(super) keeps_fields: bool,
    /// Labels and annotations of the Secret as they were last seen.
    pub(super) metadata: Option<Value>,
    /// What was said last, of each sort: it is not said again while it stays so.
    said: [String; 4],
}

/// What is said of, once.
#[derive(Clone, Copy)]
pub(super) enum Topic {
    Failure,
    Clock,
    Secret,
    Held,
}

impl Course {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            memory: Memory::default(),
            in_force: None,
            probe: None,
            keeps_fields: false,
            metadata: None,
            said: Default::default(),
        }
    }

    pub(super) fn is_new(&mut self, topic: Topic, text: &str) -> bool {
        let said = self.said.get_mut(topic as usize);
        said.is_some_and(|said| {
            let is_new = said != text;
            text.clone_into(said);
            is_new
        })
    }

    pub(super) fn forget(&mut self, topic: Topic) {
        self.is_new(topic, "");
    }
}
