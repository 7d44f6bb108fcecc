//! What a Lease says, and what is written into it (`k8s.io/api/coordination/v1`, `LeaseSpec`).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

/// What a Lease says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The incarnation and the version of the object: what changes with every write, its deletion included.
    pub(super) mark: (String, String),
    /// Who holds it; empty when nobody does.
    pub(super) holder: String,
    /// How long it is held after it was written, if it says so.
    pub(super) duration: Option<Duration>,
}

impl Record {
    pub(super) fn of(lease: &Value) -> Self {
        let text = |path| lease.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let seconds = lease.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64);
        Self {
            mark: (text("/metadata/uid"), text("/metadata/resourceVersion")),
            holder: text("/spec/holderIdentity"),
            duration: seconds.map(Duration::from_secs),
        }
    }
}

/// A Lease that is not there yet.
pub(super) fn new(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace},
    })
}

/// The Lease, held from now on. The times in it are for people: nobody compares them with a clock.
pub(super) fn held(lease: &Value, holder: &str, duration: Duration, now: Timestamp) -> Value {
    let mut lease = lease.clone();
    let is_renewal = Record::of(&lease).holder == holder;
    let existed = lease.pointer("/metadata/uid").is_some();
    let transitions = lease.pointer("/spec/leaseTransitions").and_then(Value::as_i64).unwrap_or(0);
    let now = micro_time(now);
    let Some(spec) = spec(&mut lease) else { return lease };
    if !is_renewal {
        let transitions = transitions.saturating_add(i64::from(existed)).min(i64::from(i32::MAX));
        spec.insert("leaseTransitions".to_owned(), transitions.into());
        spec.insert("acquireTime".to_owned(), now.clone().into());
    }
    spec.insert("holderIdentity".to_owned(), holder.into());
    spec.insert("leaseDurationSeconds".to_owned(), duration.as_secs().into());
    spec.insert("renewTime".to_owned(), now.into());
    lease
}

/// The Lease, held by nobody.
pub(super) fn released(lease: &Value, now: Timestamp) -> Value {
    let mut lease = lease.clone();
    let Some(spec) = spec(&mut lease) else { return lease };
    spec.insert("holderIdentity".to_owned(), "".into());
    spec.insert("renewTime".to_owned(), micro_time(now).into());
    lease
}

fn spec(lease: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    let spec = lease.as_object_mut()?.entry("spec").or_insert(Value::Null);
    if spec.is_null() {
        *spec = json!({});
    }
    spec.as_object_mut()
}

/// A time as `MicroTime` wants it: six digits after the point (`k8s.io/apimachinery/pkg/apis/meta/v1`, `RFC3339Micro`).
fn micro_time(time: Timestamp) -> String {
    format!("{time:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DURATION: Duration = Duration::from_secs(15);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_lease_that_a_chart_made_without_a_spec_is_held_by_nobody_and_can_be_taken() {
        let empty = json!({"metadata": {"name": "ringwall", "uid": "u", "resourceVersion": "7", "labels": {"a": "b"}}});
        assert_eq!(Record::of(&empty).holder, "");
        let taken = held(&empty, "one", DURATION, at(0));
        assert_eq!(taken["metadata"], empty["metadata"]);
        assert_eq!(
            taken["spec"],
            json!({
                "holderIdentity": "one",
                "leaseDurationSeconds": 15,
                "leaseTransitions": 1,
                "acquireTime": "1970-01-01T00:00:00.000000Z",
                "renewTime": "1970-01-01T00:00:00.000000Z",
            })
        );
        let record = Record::of(&taken);
        assert_eq!((record.holder.as_str(), record.duration), ("one", Some(DURATION)));
    }

    #[test]
    fn a_renewal_changes_only_its_time_and_a_release_only_time_and_holder() {
        let taken = held(&new("ringwall", "ringwall"), "one", DURATION, at(0));
        assert_eq!(taken["spec"]["leaseTransitions"], 0);
        let renewed = held(&taken, "one", DURATION, at(5));
        assert_eq!(renewed["spec"]["acquireTime"], taken["spec"]["acquireTime"]);
        assert_eq!(renewed["spec"]["renewTime"], "1970-01-01T00:00:05.000000Z");
        let free = released(&renewed, at(6));
        assert_eq!(Record::of(&free).holder, "");
        let other = held(&free, "two", DURATION, at(7));
        assert_eq!(other["spec"]["acquireTime"], "1970-01-01T00:00:07.000000Z");
    }
}
