//! How much is admitted: the region of unnamed peers and ports that a breach leaves open, and its order.

use crate::model::{AddressSet, PortSet};

/// What is admitted to peers that nothing names: ports for an arbitrary Pod, and addresses by ports. Two admissions compare by
/// containment, so that a change is worse only when it lets in what was not let in before.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Admission {
    /// The ports on which an arbitrary Pod of an arbitrary namespace is admitted.
    pub pods: PortSet,
    /// The addresses that are admitted, with the ports; the port sets of the entries are disjoint.
    pub addresses: Vec<(PortSet, AddressSet)>,
}

impl Admission {
    /// Everybody on every port: what a workload admits that no policy isolates.
    pub fn everything() -> Self {
        Self { pods: PortSet::every(), addresses: vec![(PortSet::every(), AddressSet::every())] }
    }

    /// Nobody.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Adds addresses on ports.
    pub fn add(&mut self, ports: &PortSet, addresses: &AddressSet) {
        let mut rest = ports.clone();
        let mut entries = Vec::with_capacity(self.addresses.len() + 1);
        for (entry_ports, entry_addresses) in self.addresses.drain(..) {
            let both = entry_ports.intersection(&rest);
            let only = entry_ports.difference(&rest);
            rest = rest.difference(&both);
            if !both.is_empty() {
                entries.push((both, entry_addresses.union(addresses)));
            }
            if !only.is_empty() {
                entries.push((only, entry_addresses));
            }
        }
        if !rest.is_empty() && !addresses.is_empty() {
            entries.push((rest, addresses.clone()));
        }
        self.addresses = entries;
    }

    /// Everything that either admits.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut sum = Self { pods: self.pods.union(&other.pods), addresses: self.addresses.clone() };
        for (ports, addresses) in &other.addresses {
            sum.add(ports, addresses);
        }
        sum
    }

    /// Whether the other admits everything that this one does.
    pub fn is_within(&self, other: &Self) -> bool {
        self.pods.is_within(&other.pods)
            && self.addresses.iter().all(|(ports, addresses)| {
                let covering = other.addresses.iter().filter(|(_, theirs)| addresses.is_within(theirs));
                let covered = covering.fold(PortSet::none(), |sum, (theirs, _)| sum.union(theirs));
                addresses.is_empty() || ports.is_within(&covered)
            })
    }

    /// The number of ports on which the addresses satisfy a condition.
    pub fn ports_where(&self, condition: impl Fn(&AddressSet) -> bool) -> PortSet {
        let matching = self.addresses.iter().filter(|(_, addresses)| condition(addresses));
        matching.fold(PortSet::none(), |sum, (ports, _)| sum.union(ports))
    }
}
