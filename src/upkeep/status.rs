//! What Ringwall says of its settings: whether a `Ruleset` is in force, whether an `Exemption` holds and lets anything through.
//!
//! The status follows from what is stored and the last survey; it is written where it differs from what is there, and by the replica that
//! leads alone.

mod writing;

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{
    audit::Surveyed,
    cluster::{Documents, Leadership, State},
    model::{Kind, Settings as Object},
    ruleset::{Exemption, ExemptionId, IN_FORCE, Ruleset, RulesetError, of_kind},
    snapshot::{Blind, Snapshot},
};

use super::Settings;
use writing::{Due, Writing};

/// The condition of a `Ruleset` that is in force, and its reason.
pub const IS_IN_FORCE: &str = "InForce";
/// The reason why one is not where replicas have their ruleset from a file.
pub const FILE_IN_FORCE: &str = "FileInForce";

/// How often it is looked whether something is to be written.
const LOOK: Duration = Duration::from_secs(1);
/// The longest message, in characters.
const MESSAGE: usize = 1000;

/// Writes the status of every `Ruleset` and `Exemption`.
pub struct StatusWriter {
    /// What is stored.
    pub state: Arc<State>,
    /// What is in force here.
    pub settings: Arc<Settings>,
    /// What the last survey found.
    pub surveyed: watch::Receiver<Surveyed>,
    /// Where it is written.
    pub documents: Documents,
    /// Whether it is this replica that writes.
    pub leadership: Leadership,
}

impl StatusWriter {
    /// Writes for ever, while this replica leads.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut writing = Writing::default();
        loop {
            ticks.tick().await;
            if !self.leadership.leads() {
                continue;
            }
            let snapshot = self.state.current().snapshot.clone();
            let surveyed = self.surveyed.borrow().clone();
            let due = due(&snapshot, &surveyed, self.settings.is_from_file(), Timestamp::now());
            writing.write(due, &self.leadership, &self.documents).await;
        }
    }
}

/// The objects whose status differs from what is stored, with that status. Of a kind that is not followed nothing is said: what is
/// stored may be newer than what is known here.
fn due(snapshot: &Snapshot, surveyed: &Surveyed, is_file: bool, now: Timestamp) -> Vec<Due> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let seen = |kind| {
        let is_followed = matches!(snapshot.coverage(kind, None), Ok(()) | Err(Blind::Undecodable(_)));
        of_kind(snapshot, kind).filter(move |_| is_followed)
    };
    let rulesets = seen(Kind::Ruleset).map(|object| (object, of_ruleset(object, is_file)));
    let exemptions = seen(Kind::Exemption).map(|object| {
        let used = surveyed.let_through.get(&ExemptionId::of_object(object.meta.name.clone())).copied();
        (object, of_exemption(object, today, used))
    });
    let due = rulesets.chain(exemptions).filter_map(|(object, conditions)| {
        Some((object.key(), with_status(object, &status(object, &conditions, now)?)))
    });
    due.collect()
}

/// Something that holds or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    name: &'static str,
    holds: bool,
    reason: &'static str,
    message: String,
}

/// Whether a ruleset is in force.
fn of_ruleset(object: &Object, is_file: bool) -> Vec<Condition> {
    let (ruleset, errors) = Ruleset::of_object(object);
    let (holds, reason, message) = if object.meta.name != IN_FORCE {
        (false, "OtherName", format!("the one ruleset in force is named {IN_FORCE}"))
    } else if !errors.is_empty() {
        let kept = if is_file {
            "Ringwall runs with --ruleset FILE, which would go before it"
        } else {
            "what was in force before stays; where there was nothing, what can be read of this counts"
        };
        (false, "Invalid", format!("{}; {kept}", RulesetError::all(&errors)))
    } else if is_file {
        (false, FILE_IN_FORCE, "Ringwall runs with --ruleset FILE, which goes before this".to_owned())
    } else {
        let modes = ruleset.defaults;
        let message = format!(
            "where a namespace chooses nothing: enforce {}, warn {}, audit {}",
            modes.enforce, modes.warn, modes.audit
        );
        (true, IS_IN_FORCE, message)
    };
    vec![Condition { name: IS_IN_FORCE, holds, reason, message }]
}

/// Whether an exemption holds, and how many findings it let through when everything was judged last; of one that has not been in force in
/// a survey yet nothing is said.
fn of_exemption(object: &Object, today: Date, used: Option<usize>) -> Vec<Condition> {
    let (holds, reason, message) = match Exemption::of_object(object) {
        Err(errors) => (false, "Invalid", RulesetError::all(&errors)),
        Ok(exemption) => match exemption.expires {
            Some(last) if last < today => {
                (false, "Expired", format!("its last day was {last}; it lets nothing through"))
            }
            Some(last) => (true, "Active", format!("holds until {last}, that day included")),
            None => (true, "Active", "holds without an end".to_owned()),
        },
    };
    let active = Condition { name: "Active", holds, reason, message };
    let used = match used {
        _ if !holds => Some((false, "Inactive", "it is not active".to_owned())),
        Some(0) => Some((false, "Unused", "nothing in the cluster needs it now: it can be removed".to_owned())),
        Some(1) => Some((true, "Used", "it lets 1 finding through now".to_owned())),
        Some(count) => Some((true, "Used", format!("it lets {count} findings through now"))),
        None => None,
    };
    let used = used.map(|(holds, reason, message)| Condition { name: "Used", holds, reason, message });
    std::iter::once(active).chain(used).collect()
}

/// The status with these conditions, if it is another than the one that is stored. What is not among them stays as it is stored; the time
/// of a transition is that of the last change of True and False.
fn status(object: &Object, conditions: &[Condition], now: Timestamp) -> Option<Value> {
    let empty = Vec::new();
    let stored = object.status.get("conditions").and_then(Value::as_array).unwrap_or(&empty);
    let find = |name: &str| stored.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(name));
    let mut written: Vec<Value> = conditions
        .iter()
        .map(|condition| {
            let holds = if condition.holds { "True" } else { "False" };
            let before =
                find(condition.name).filter(|before| before.get("status").and_then(Value::as_str) == Some(holds));
            let since = before.and_then(|before| before.get("lastTransitionTime").cloned());
            json!({
                "type": condition.name,
                "status": holds,
                "reason": condition.reason,
                "message": shorten(&condition.message),
                "observedGeneration": object.generation,
                "lastTransitionTime": since.unwrap_or_else(|| Value::from(format!("{now:.0}"))),
            })
        })
        .collect();
    let is_known = |name: Option<&str>| conditions.iter().any(|condition| Some(condition.name) == name);
    written.extend(stored.iter().filter(|other| !is_known(other.get("type").and_then(Value::as_str))).cloned());
    let status = json!({"observedGeneration": object.generation, "conditions": written});
    let same = object.status.get("observedGeneration") == status.get("observedGeneration")
        && stored.len() == written.len()
        && written.iter().all(|condition| stored.contains(condition));
    (!same).then_some(status)
}

fn with_status(object: &Object, status: &Value) -> Value {
    let info = object.kind.info();
    json!({
        "apiVersion": info.api_version(),
        "kind": info.name,
        "metadata": {"name": object.meta.name.as_str()},
        "status": status,
    })
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MESSAGE {
        text.to_owned()
    } else {
        text.chars().take(MESSAGE - 1).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        model::{Object as Any, decode},
        snapshot::{Edit, Need, Scope},
    };

    const TODAY: Date = date(2026, 11, 22);

    fn object(kind: Kind, name: &str, spec: &Value, status: &Value) -> Object {
        let value = json!({"metadata": {"name": name, "generation": 3}, "spec": spec, "status": status});
        match decode::value(kind, &value).unwrap() {
            Any::Settings(settings) => Arc::unwrap_or_clone(settings),
            _ => panic!("no settings"),
        }
    }

    fn exemption(expires: &str) -> Object {
        let spec = json!({"rules": ["open-ingress"], "reason": "r", "owner": "o", "expires": expires});
        object(Kind::Exemption, "a", &spec, &Value::Null)
    }

    fn said(conditions: &[Condition]) -> Vec<(&str, bool, &str)> {
        conditions.iter().map(|condition| (condition.name, condition.holds, condition.reason)).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_ruleset_is_in_force_or_says_why_not() {
        let right = json!({"defaults": {"enforce": "baseline"}});
        let ruleset = |name: &str, spec: &Value| object(Kind::Ruleset, name, spec, &Value::Null);
        let in_force = of_ruleset(&ruleset("default", &right), false);
        assert_eq!(said(&in_force), [("InForce", true, "InForce")]);
        assert!(in_force[0].message.contains("enforce baseline"), "{in_force:?}");
        assert_eq!(said(&of_ruleset(&ruleset("default", &right), true)), [("InForce", false, "FileInForce")]);
        assert_eq!(said(&of_ruleset(&ruleset("next", &right), false)), [("InForce", false, "OtherName")]);
        let wrong = of_ruleset(&ruleset("default", &json!({"floor": "baselin"})), false);
        assert_eq!(said(&wrong), [("InForce", false, "Invalid")]);
        assert!(wrong[0].message.starts_with("spec.floor: baselin is none of"), "{wrong:?}");
        assert!(wrong[0].message.contains("what can be read of this counts"), "{wrong:?}");
        let beside = of_ruleset(&ruleset("default", &json!({"floor": "baselin"})), true);
        assert_eq!(said(&beside), [("InForce", false, "Invalid")]);
        assert!(beside[0].message.ends_with("--ruleset FILE, which would go before it"), "{beside:?}");
    }

    #[test]
    fn of_a_kind_that_is_not_followed_nothing_is_written() {
        let spec = json!({"rules": ["open-ingress"], "reason": "r", "owner": "o"});
        let value = json!({"metadata": {"name": "a", "generation": 3}, "spec": spec});
        let exemption = decode::value(Kind::Exemption, &value).unwrap();
        let scope = Need::List(Kind::Exemption, None);
        let (seen, _) = Snapshot::new().with([Edit::Replace { scope, objects: vec![exemption] }]);
        let count = |snapshot: &Snapshot| due(snapshot, &Surveyed::default(), false, at(0)).len();
        assert_eq!(count(&seen), 1);
        let entry = Surveyed { let_through: [(ExemptionId::of_entry("a".into()), 4242)].into() };
        let due = due(&seen, &entry, false, at(0));
        assert!(!due[0].1.to_string().contains("4242"), "that of an entry of the same name");
        for blind in [Blind::Stale, Blind::Forbidden, Blind::NotServed] {
            let scope = Scope { kind: Kind::Exemption, namespace: None };
            let (blinded, _) = seen.with([Edit::Cover(scope, Err(blind(Kind::Exemption)))]);
            assert_eq!(of_kind(&blinded, Kind::Exemption).count(), 1, "what was seen is kept");
            assert_eq!(count(&blinded), 0);
        }
    }

    #[test]
    fn an_exemption_holds_to_the_end_of_its_last_day() {
        let active = |expires: &str| said(&of_exemption(&exemption(expires), TODAY, Some(2)))[0].1;
        assert!(active("2026-11-22") && active("2027-01-01"));
        assert!(!active("2026-11-21"));
        let over = of_exemption(&exemption("2026-11-21"), TODAY, Some(0));
        assert_eq!(said(&over), [("Active", false, "Expired"), ("Used", false, "Inactive")]);
    }

    #[test]
    fn whether_an_exemption_is_used_is_said_after_a_survey() {
        let exemption = exemption("2027-01-01");
        assert_eq!(said(&of_exemption(&exemption, TODAY, None)), [("Active", true, "Active")]);
        assert_eq!(said(&of_exemption(&exemption, TODAY, Some(0)))[1], ("Used", false, "Unused"));
        let used = of_exemption(&exemption, TODAY, Some(2));
        assert_eq!(said(&used)[1], ("Used", true, "Used"));
        assert_eq!(used[1].message, "it lets 2 findings through now");
    }

    #[test]
    fn what_is_stored_already_is_not_written_again() {
        let spec = json!({"defaults": {"enforce": "baseline"}});
        let new = object(Kind::Ruleset, "default", &spec, &Value::Null);
        let first = status(&new, &of_ruleset(&new, false), at(0)).unwrap();
        assert_eq!(first["observedGeneration"], 3);
        let stored = object(Kind::Ruleset, "default", &spec, &first);
        assert_eq!(status(&stored, &of_ruleset(&stored, false), at(60)), None);
    }

    #[test]
    fn the_time_of_a_transition_moves_only_when_it_flips() {
        let time = |status: &Value| status["conditions"][0]["lastTransitionTime"].as_str().unwrap().to_owned();
        let spec = json!({"defaults": {"enforce": "baseline"}});
        let new = object(Kind::Ruleset, "default", &spec, &Value::Null);
        let first = status(&new, &of_ruleset(&new, false), at(0)).unwrap();
        assert_eq!(time(&first), "2027-01-15T08:00:00Z");
        let other = object(Kind::Ruleset, "default", &json!({"defaults": {"enforce": "restricted"}}), &first);
        let second = status(&other, &of_ruleset(&other, false), at(60)).unwrap();
        assert_eq!(time(&second), time(&first), "another message, and still in force");
        let flipped = status(&other, &of_ruleset(&other, true), at(60)).unwrap();
        assert_eq!(time(&flipped), "2027-01-15T08:01:00Z");
    }

    #[test]
    fn what_this_replica_cannot_say_stays_as_it_is_stored() {
        let full = of_exemption(&exemption("2027-01-01"), TODAY, Some(2));
        let first = status(&exemption("2027-01-01"), &full, at(0)).unwrap();
        let stored = Object { status: first, ..exemption("2027-01-01") };
        assert_eq!(
            status(&stored, &of_exemption(&stored, TODAY, None), at(60)),
            None,
            "a leader before its first survey"
        );
    }
}
