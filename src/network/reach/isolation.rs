//! The table of isolation alone.

use crate::{
    network::{Direction, Exposure, Plugin, coverage, exposure},
    snapshot::{ClassKey, Snapshot},
};

use super::Isolation;

/// More ports than these, open to everybody, are isolation in name only: the default of the rules `open-ingress` and `open-egress`.
const OPEN: u64 = 1_024;

/// What an exposure comes to; unknown where its readings do not agree.
pub(super) fn judge(exposure: &Exposure) -> Isolation {
    let mut readings = exposure.readings().map(|reading| {
        if !reading.is_isolated() {
            Isolation::Unisolated
        } else if reading.admission.open_ports().len() > OPEN {
            Isolation::Open
        } else {
            Isolation::Isolated
        }
    });
    let first = readings.next().unwrap_or(Isolation::Unknown);
    if readings.all(|other| other == first) { first } else { Isolation::Unknown }
}

/// The isolation of every class of Pods for ingress and egress, without names; in order of the classes.
pub fn isolation_of(snapshot: &Snapshot, plugin: &Plugin, visit: &mut dyn FnMut(&ClassKey, [Isolation; 2])) {
    for (key, _) in snapshot.classes(None) {
        let seen = coverage(snapshot, plugin, &key.namespace).is_ok();
        let judged = Direction::BOTH.map(|direction| {
            if seen {
                judge(&exposure(snapshot, plugin, &key.namespace, &key.facts, direction))
            } else {
                Isolation::Unknown
            }
        });
        visit(key, judged);
    }
}
