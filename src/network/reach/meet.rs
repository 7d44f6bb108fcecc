//! Port sets by number, and what two sides of a flow let through together, worked out once per two of them.

use std::collections::{BTreeMap, HashMap};

use crate::{model::PortSet, network::Bounds};

use super::Precision;

/// The number of bounds in a table of them.
pub(super) type PortsId = u32;

/// All bounds that some side lets through, by number.
#[derive(Default)]
pub(super) struct PortsTable {
    all: Vec<Bounds<PortSet>>,
    numbers: BTreeMap<(PortSet, PortSet), PortsId>,
}

impl PortsTable {
    pub(super) fn number(&mut self, bounds: Bounds<PortSet>) -> PortsId {
        let next = PortsId::try_from(self.all.len()).unwrap_or(PortsId::MAX);
        let key = (bounds.most.clone(), bounds.least.clone());
        let all = &mut self.all;
        *self.numbers.entry(key).or_insert_with(|| {
            all.push(bounds);
            next
        })
    }

    pub(super) fn get(&self, number: PortsId) -> Option<&Bounds<PortSet>> {
        super::table::at(&self.all, number)
    }
}

/// What is let through, as it is shown: each port set with how well it is known.
pub(super) type Shown = Vec<(PortSet, Precision)>;

/// Bounds as they are shown; where policies are out of sight, whatever is let through by those that are known.
pub(super) fn shown(bounds: &Bounds<PortSet>, seen: bool) -> Shown {
    let parts = if seen {
        let beyond = bounds.most.difference(&bounds.least);
        vec![(bounds.least.clone(), Precision::Exact), (beyond, Precision::AtMost)]
    } else {
        vec![(bounds.most.clone(), Precision::Unknown)]
    };
    let mut parts: Shown = parts.into_iter().filter(|(ports, _)| !ports.is_empty()).collect();
    parts.sort();
    parts
}

/// Bounds that both sides let through.
pub(super) struct Meet<'a> {
    sides: &'a PortsTable,
    known: HashMap<(PortsId, PortsId), Option<PortsId>>,
    met: PortsTable,
    shown: HashMap<(PortsId, bool), Shown>,
}

impl<'a> Meet<'a> {
    pub(super) fn of(sides: &'a PortsTable) -> Self {
        Self { sides, known: HashMap::new(), met: PortsTable::default(), shown: HashMap::new() }
    }

    /// What both let through; `None` for nothing.
    pub(super) fn meet(&mut self, one: PortsId, other: PortsId) -> Option<PortsId> {
        let (sides, met) = (self.sides, &mut self.met);
        *self.known.entry((one.min(other), one.max(other))).or_insert_with(|| {
            let (one, other) = (sides.get(one)?, sides.get(other)?);
            let most = one.most.intersection(&other.most);
            (!most.is_empty()).then(|| met.number(Bounds { least: one.least.intersection(&other.least), most }))
        })
    }

    /// The same as it is shown.
    pub(super) fn shown(&mut self, number: PortsId, seen: bool) -> &Shown {
        let met = &self.met;
        self.shown
            .entry((number, seen))
            .or_insert_with(|| met.get(number).map(|bounds| shown(bounds, seen)).unwrap_or_default())
    }
}
