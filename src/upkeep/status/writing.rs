//! When a status is written, and when not: nothing twice, and no object that cannot be written holds up the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use crate::{
    cluster::{Documents, Fault, Leadership, Resource},
    model::ObjectKey,
};

/// The most that is written at one look.
const MOST: usize = 10;
/// What was written shows in the watch within this time; until then it is not written again.
const SHOWN: Duration = Duration::from_secs(10);
/// How long what could not be written is left alone: the object, or all of them where no write can succeed.
const PAUSE: Duration = Duration::from_secs(15);

/// An object, with the status that it is to have.
pub(super) type Due = (ObjectKey, Value);

/// Where statuses are written.
pub(super) trait Target {
    fn write(&self, key: &ObjectKey, object: &Value) -> impl Future<Output = Result<(), Fault>> + Send;
}

impl Target for Documents {
    async fn write(&self, key: &ObjectKey, object: &Value) -> Result<(), Fault> {
        self.apply_status(Resource::of(key.kind), None, object).await.map(drop)
    }
}

/// What was written, and what could not be.
#[derive(Default)]
pub(super) struct Writing {
    /// What was written last, without times, and when.
    written: BTreeMap<ObjectKey, (Value, Instant)>,
    /// What could not be written: when that was tried, and why it failed.
    failed: BTreeMap<ObjectKey, (Instant, String)>,
    /// Until when nothing is written at all.
    rests_until: Option<Instant>,
    /// Whether it was said that nothing can be written.
    is_told: bool,
}

impl Writing {
    /// Writes what is due, as long as this replica leads; no more than may be written at once.
    pub(super) async fn write(&mut self, due: Vec<Due>, leadership: &Leadership, target: &impl Target) {
        if self.rests_until.is_some_and(|end| Instant::now() < end) {
            return;
        }
        for (key, object) in self.choose(due, Instant::now()) {
            // Asked before each write: a term may end between two of them.
            if !leadership.leads() {
                return;
            }
            let outcome = target.write(&key, &object).await;
            if !self.note(key, &object, outcome, Instant::now()) {
                return;
            }
        }
    }

    /// What is written now: not what was written a moment ago, and what failed before comes last, for it may fail again.
    fn choose(&mut self, due: Vec<Due>, now: Instant) -> Vec<Due> {
        let keys: BTreeSet<&ObjectKey> = due.iter().map(|(key, _)| key).collect();
        self.failed.retain(|key, _| keys.contains(key));
        self.written.retain(|_, (_, at)| now.saturating_duration_since(*at) < SHOWN);
        let waits = |(key, object): &Due| {
            self.written.get(key).is_some_and(|(last, _)| *last == without_times(object))
                || self.failed.get(key).is_some_and(|(at, _)| now.saturating_duration_since(*at) < PAUSE)
        };
        let (again, first): (Vec<Due>, Vec<Due>) =
            due.into_iter().filter(|due| !waits(due)).partition(|(key, _)| self.failed.contains_key(key));
        first.into_iter().chain(again).take(MOST).collect()
    }

    /// Remembers how a write ended. `false` when the next ones would end alike.
    fn note(&mut self, key: ObjectKey, object: &Value, outcome: Result<(), Fault>, now: Instant) -> bool {
        let Err(fault) = outcome else {
            self.failed.remove(&key);
            self.written.insert(key, (without_times(object), now));
            self.is_told = false;
            return true;
        };
        let error = fault.to_string();
        let is_of_all = matches!(fault, Fault::Forbidden(_) | Fault::NotServed | Fault::Timeout | Fault::Failed(_));
        let is_new = if is_of_all {
            self.rests_until = Some(now + PAUSE);
            !std::mem::replace(&mut self.is_told, true)
        } else {
            self.failed.get(&key).is_none_or(|(_, said)| *said != error)
        };
        if is_new {
            tracing::warn!(object = %key, error, "the status cannot be written; trying again");
        }
        self.failed.insert(key, (now, error));
        !is_of_all
    }
}

/// The status without the times in it: that of a new condition is when it was computed, each time another.
fn without_times(object: &Value) -> Value {
    let mut status = object.get("status").cloned().unwrap_or_default();
    let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten().filter_map(Value::as_object_mut) {
        condition.remove("lastTransitionTime");
    }
    status
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;
    use tokio::sync::watch;

    use super::*;
    use crate::model::Kind;

    /// Notes what is written, and says no to some.
    #[derive(Default)]
    struct Notes {
        written: Mutex<Vec<String>>,
        refused: BTreeMap<&'static str, Fault>,
        /// Ends with the first write.
        term: Option<watch::Sender<Option<Instant>>>,
    }

    impl Target for Notes {
        async fn write(&self, key: &ObjectKey, _: &Value) -> Result<(), Fault> {
            if let Some(term) = &self.term {
                term.send_replace(None);
            }
            if let Some(fault) = self.refused.get(&*key.name) {
                return Err(fault.clone());
            }
            self.written.lock().unwrap().push(key.name.to_string());
            Ok(())
        }
    }

    impl Notes {
        fn refusing(name: &'static str, fault: Fault) -> Self {
            Self { refused: BTreeMap::from([(name, fault)]), ..Self::default() }
        }

        fn taken(&self) -> Vec<String> {
            std::mem::take(&mut *self.written.lock().unwrap())
        }
    }

    fn due(name: &str, time: &str) -> Due {
        let conditions = json!([{"type": "Active", "status": "True", "lastTransitionTime": time}]);
        let object = json!({"status": {"observedGeneration": 1, "conditions": conditions}});
        (ObjectKey::cluster(Kind::Exemption, name), object)
    }

    fn all(names: &[&str]) -> Vec<Due> {
        names.iter().map(|name| due(name, "2026-11-22T10:00:00Z")).collect()
    }

    fn leads() -> Leadership {
        Leadership::of(watch::channel(Some(Instant::now() + Duration::from_secs(86_400))).1)
    }

    async fn seconds(count: u64) {
        tokio::time::sleep(Duration::from_secs(count)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_replica_that_does_not_lead_writes_no_status() {
        let notes = Notes::default();
        Writing::default().write(all(&["a"]), &Leadership::none(), &notes).await;
        assert!(notes.taken().is_empty());
        let (term, follow) = watch::channel(Some(Instant::now() + Duration::from_secs(60)));
        let notes = Notes { term: Some(term), ..Notes::default() };
        Writing::default().write(all(&["a", "b"]), &Leadership::of(follow), &notes).await;
        assert_eq!(notes.taken(), ["a"], "its term ended in between");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_is_not_written_again_before_the_watch_can_show_it() {
        let (mut writing, notes) = (Writing::default(), Notes::default());
        writing.write(vec![due("a", "2026-11-22T10:00:00Z")], &leads(), &notes).await;
        seconds(1).await;
        writing.write(vec![due("a", "2026-11-22T10:00:01Z")], &leads(), &notes).await;
        assert_eq!(notes.taken(), ["a"], "only the time is another");
        let (key, mut object) = due("a", "2026-11-22T10:00:01Z");
        object["status"]["observedGeneration"] = 2.into();
        let changed = vec![(key, object)];
        for (pause, written, why) in [(0, 1, "it was changed"), (9, 0, "it may show still"), (1, 1, "it did not show")]
        {
            seconds(pause).await;
            writing.write(changed.clone(), &leads(), &notes).await;
            assert_eq!(notes.taken().len(), written, "{why}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_been_written_keeps_no_place_from_what_has_not() {
        let (mut writing, notes) = (Writing::default(), Notes::default());
        let names: Vec<String> = (0..25).map(|number| format!("e{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for count in [MOST, MOST, 5, 0] {
            writing.write(all(&names), &leads(), &notes).await;
            assert_eq!(notes.taken().len(), count);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_object_that_cannot_be_written_is_left_alone_for_a_while_and_holds_up_nobody() {
        let (mut writing, notes) = (Writing::default(), Notes::refusing("a", Fault::Refused("422".to_owned())));
        writing.write(all(&["a", "b"]), &leads(), &notes).await;
        assert_eq!(notes.taken(), ["b"]);
        let notes = Notes::default();
        writing.write(all(&["a", "c"]), &leads(), &notes).await;
        assert_eq!(notes.taken(), ["c"]);
        seconds(15).await;
        writing.write(all(&["a", "d"]), &leads(), &notes).await;
        assert_eq!(notes.taken(), ["d", "a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn where_no_write_can_succeed_all_wait_and_the_one_that_failed_comes_last() {
        for fault in [Fault::Forbidden("no".to_owned()), Fault::NotServed, Fault::Timeout, Fault::Failed(String::new())]
        {
            let (mut writing, notes) = (Writing::default(), Notes::refusing("a", fault));
            writing.write(all(&["a", "b"]), &leads(), &notes).await;
            assert!(notes.taken().is_empty());
            seconds(14).await;
            writing.write(all(&["a", "b"]), &leads(), &notes).await;
            assert!(notes.taken().is_empty());
            seconds(1).await;
            writing.write(all(&["a", "b"]), &leads(), &notes).await;
            assert_eq!(notes.taken(), ["b"]);
        }
    }
}
