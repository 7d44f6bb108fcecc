//! What rules work out of a state more than once: the same Pods stand behind the Service to which fifty Ingresses lead.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{Context, Environment};

/// Answers that were given of one state, in one environment and at one time, by what was asked. It is a table of the snapshot's
/// [`crate::snapshot::Memo`], so that it goes with the state.
pub(super) struct Answers<K, V>(Mutex<Option<Given<K, V>>>);

struct Given<K, V> {
    environment: Environment,
    now: Timestamp,
    answers: BTreeMap<K, V>,
}

impl<K, V> Default for Answers<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Answers<K, V> {
    /// The answer, made the first time. Nothing is held while it is made, for it may rest on others.
    pub(super) fn give(&self, context: &Context<'_>, asked: K, make: impl FnOnce() -> V) -> V {
        let is_same = |given: &Given<K, V>| given.now == context.now && given.environment == *context.environment;
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().as_ref().filter(|given| is_same(given)).and_then(|given| given.answers.get(&asked).cloned());
        if let Some(known) = known {
            return known;
        }
        let answer = make();
        let mut given = lock();
        if !given.as_ref().is_some_and(is_same) {
            *given =
                Some(Given { environment: context.environment.clone(), now: context.now, answers: BTreeMap::new() });
        }
        if let Some(given) = given.as_mut() {
            given.answers.insert(asked, answer.clone());
        }
        answer
    }
}
