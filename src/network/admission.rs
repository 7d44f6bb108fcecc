//! How much is admitted: the region of unnamed peers and ports that a breach leaves open, and its order.

use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

use crate::model::{AddressSet, Name, PortSet, Protocol, Selector};

use super::segments::{Bound, Piece, canonical, disjoint};

/// What is admitted to peers that nothing names: ports for an arbitrary Pod, and addresses by ports. Two admissions compare by
/// containment, so that a change is worse only when it lets in what was not let in before. Equal regions are equal values.
///
/// Exact, but for a region of more parts than any policy that people write: of that, ports that lie side by side are taken
/// together and admit what any of them does, so that nobody can make a decision expensive. That only ever over-states.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Admission {
    /// The ports on which an arbitrary Pod of an arbitrary namespace is admitted.
    pub pods: PortSet,
    /// The addresses that are admitted, with the ports: disjoint port sets, different and non-empty address sets, sorted.
    addresses: Vec<(PortSet, AddressSet)>,
    /// The ports on which a Pod of an arbitrary namespace is admitted once it makes a claim; none is empty. Rules that weigh single
    /// entries put them here; the verdict for the unnamed peer has none.
    claims: BTreeMap<Claim, PortSet>,
}

/// What a Pod of an arbitrary namespace says of itself to be admitted. Whoever makes the Pod is free to say it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Claim {
    /// The labels that it bears.
    pub pods: Selector,
    /// The port name that it declares, where the rule admits a port by name.
    pub port: Option<(Protocol, Name)>,
}

impl Admission {
    /// Everybody on every port: what a workload admits that no policy isolates.
    pub fn everything() -> Self {
        Self {
            pods: PortSet::every(),
            addresses: vec![(PortSet::every(), AddressSet::every())],
            claims: BTreeMap::new(),
        }
    }

    /// Nobody.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// An arbitrary Pod on these ports, and addresses on ports; the pieces may overlap.
    pub(super) fn of(pods: PortSet, pieces: Vec<Piece<'_>>, bound: Bound) -> Self {
        Self { pods, addresses: canonical(disjoint(pieces, bound)), claims: BTreeMap::new() }
    }

    /// Addresses on ports. Many at once cost far less than one after the other.
    pub fn of_addresses<'a>(pieces: impl IntoIterator<Item = (&'a PortSet, &'a AddressSet)>) -> Self {
        let pieces = pieces.into_iter().map(|(ports, addresses)| (Cow::Borrowed(ports), Cow::Borrowed(addresses)));
        Self::of(PortSet::none(), pieces.collect(), Bound::Above)
    }

    /// Whether nobody is admitted.
    pub fn is_nothing(&self) -> bool {
        self.pods.is_empty() && self.addresses.is_empty() && self.claims.is_empty()
    }

    /// The addresses that are admitted, with the ports; the port sets are disjoint.
    pub fn addresses(&self) -> impl Iterator<Item = (&PortSet, &AddressSet)> {
        self.addresses.iter().map(|(ports, addresses)| (ports, addresses))
    }

    /// Adds addresses on ports.
    pub fn add(&mut self, ports: &PortSet, addresses: &AddressSet) {
        let mut pieces: Vec<Piece<'_>> = std::mem::take(&mut self.addresses)
            .into_iter()
            .map(|(ports, addresses)| (Cow::Owned(ports), Cow::Owned(addresses)))
            .collect();
        pieces.push((Cow::Borrowed(ports), Cow::Borrowed(addresses)));
        self.addresses = canonical(disjoint(pieces, Bound::Above));
    }

    /// Adds the Pods of arbitrary namespaces that make a claim.
    pub fn add_claim(&mut self, claim: Claim, ports: &PortSet) {
        if !ports.is_empty() {
            let sum = self.claims.entry(claim).or_default();
            *sum = sum.union(ports);
        }
    }

    /// Everything that either admits.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::union_of([self, other])
    }

    /// Everything that any of them admits.
    pub fn union_of<'a>(admissions: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut some: Vec<&Self> = admissions.into_iter().filter(|admission| !admission.is_nothing()).collect();
        some.dedup();
        match some.as_slice() {
            [] => Self::nothing(),
            [only] => (*only).clone(),
            some => {
                let pieces = some.iter().flat_map(|admission| admission.pieces()).collect();
                let pods = PortSet::union_of(some.iter().map(|admission| &admission.pods));
                let mut union = Self::of(pods, pieces, Bound::Above);
                for (claim, ports) in some.iter().flat_map(|admission| &admission.claims) {
                    union.add_claim(claim.clone(), ports);
                }
                union
            }
        }
    }

    /// How many intervals of addresses there are in all parts.
    pub(super) fn pieces_in_all(&self) -> usize {
        self.addresses.iter().map(|(_, addresses)| addresses.intervals()).sum()
    }

    /// The same, with every address on the ports of any.
    pub(super) fn with_every_address(self) -> Self {
        let ports = PortSet::union_of(self.addresses.iter().map(|(ports, _)| ports));
        Self { addresses: canonical(vec![(ports, AddressSet::every())]), ..self }
    }

    /// Everything that both admit.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs = self.addresses.iter().flat_map(|mine| other.addresses.iter().map(move |theirs| (mine, theirs)));
        let both = pairs.filter_map(|((ports, addresses), (their_ports, their_addresses))| {
            let ports = ports.intersection(their_ports);
            (!ports.is_empty()).then(|| (ports, addresses.intersection(their_addresses)))
        });
        let pods = self.pods.intersection(&other.pods);
        let mut intersection = Self { pods, addresses: canonical(both.collect()), claims: BTreeMap::new() };
        for (claim, ports) in &self.claims {
            intersection.add_claim(claim.clone(), &ports.intersection(&other.ports_for(claim)));
        }
        for (claim, ports) in &other.claims {
            intersection.add_claim(claim.clone(), &ports.intersection(&self.ports_for(claim)));
        }
        intersection
    }

    /// What this one admits and the other does not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        for (ports, addresses) in &self.addresses {
            let mut alone = ports.clone();
            for (their_ports, their_addresses) in &other.addresses {
                let both = ports.intersection(their_ports);
                if !both.is_empty() {
                    alone = alone.difference(their_ports);
                    rest.push((both, addresses.difference(their_addresses)));
                }
            }
            rest.push((alone, addresses.clone()));
        }
        let pods = self.pods.difference(&other.pods);
        let mut difference = Self { pods, addresses: canonical(rest), claims: BTreeMap::new() };
        for (claim, ports) in &self.claims {
            difference.add_claim(claim.clone(), &ports.difference(&other.ports_for(claim)));
        }
        difference
    }

    /// Whether the other admits everything that this one does. On one port one entry of the other applies, so entries need not
    /// be put together.
    pub fn is_within(&self, other: &Self) -> bool {
        self.pods.is_within(&other.pods)
            && self.addresses.iter().all(|(ports, addresses)| ports.is_within(&other.ports_beside(ports, addresses)))
            && self.claims.iter().all(|(claim, ports)| ports.is_within(&other.ports_for(claim)))
    }

    /// The ports on which the addresses satisfy a condition.
    pub fn ports_where(&self, condition: impl Fn(&AddressSet) -> bool) -> PortSet {
        PortSet::union_of(self.addresses.iter().filter(|(_, addresses)| condition(addresses)).map(|(ports, _)| ports))
    }

    /// Of the entries that share a port with these: the ports of those that hold all the addresses.
    fn ports_beside(&self, ports: &PortSet, addresses: &AddressSet) -> PortSet {
        let beside = self.addresses.iter().filter(|(theirs, _)| !theirs.is_disjoint(ports));
        PortSet::union_of(beside.filter(|(_, theirs)| addresses.is_within(theirs)).map(|(theirs, _)| theirs))
    }

    /// The ports on which an address is admitted. Where nothing isolates, that is every port.
    pub fn ports_to(&self, address: IpAddr) -> PortSet {
        self.ports_where(|addresses| addresses.contains(address))
    }

    /// The ports on which just anybody is admitted: an arbitrary Pod, or half of an address family or more.
    pub fn open_ports(&self) -> PortSet {
        self.pods.union(&self.ports_where(AddressSet::is_half_of_a_family))
    }

    /// The ports on which a Pod that makes the claim is admitted: where every Pod is, and where the same claim or one that asks for no
    /// labels is enough.
    fn ports_for(&self, claim: &Claim) -> PortSet {
        let enough = |(theirs, _): &(&Claim, &PortSet)| {
            theirs.port == claim.port && (theirs.pods == claim.pods || theirs.pods.is_everything())
        };
        self.claims.iter().filter(enough).fold(self.pods.clone(), |sum, (_, ports)| sum.union(ports))
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.addresses.iter().map(|(ports, addresses)| (Cow::Borrowed(ports), Cow::Borrowed(addresses)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;

    fn addresses(networks: &[&str]) -> AddressSet {
        let sets: Vec<_> = networks.iter().map(|text| AddressSet::of_network(text.parse().unwrap())).collect();
        AddressSet::union_of(&sets)
    }

    fn tcp(first: u16, last: u16) -> PortSet {
        [(Protocol::Tcp, first..=last)].into_iter().collect()
    }

    fn admission(pieces: &[(PortSet, &[&str])]) -> Admission {
        let mut admission = Admission::nothing();
        for (ports, networks) in pieces {
            admission.add(ports, &addresses(networks));
        }
        admission
    }

    fn open(pieces: &[(PortSet, &[&str])]) -> u64 {
        admission(pieces).open_ports().len()
    }

    #[test]
    fn everything_is_open_on_every_port_and_nothing_on_none() {
        assert_eq!(Admission::everything().open_ports(), PortSet::every());
        assert!(Admission::nothing().open_ports().is_empty() && Admission::nothing().is_nothing());
    }

    #[test]
    fn leaving_out_the_last_port_does_not_close() {
        assert_eq!(open(&[(tcp(1, 65534), &["0.0.0.0/0"])]), 65534);
    }

    #[test]
    fn two_halves_or_four_quarters_are_the_whole() {
        assert_eq!(open(&[(tcp(1, 2000), &["0.0.0.0/1"]), (tcp(1, 2000), &["128.0.0.0/1"])]), 2000);
        assert_eq!(open(&[(tcp(1, 2000), &["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"])]), 2000);
        assert_eq!(open(&[(tcp(1, 2000), &["0.0.0.0/2"]), (tcp(1000, 2000), &["64.0.0.0/2"])]), 1001);
        assert_eq!(open(&[(tcp(1, 2000), &["0.0.0.0/2"])]), 0);
    }

    #[test]
    fn half_of_ipv6_is_open_and_so_is_the_internet_in_it() {
        assert_eq!(open(&[(PortSet::every(), &["::/1"])]), 3 * 65535);
        assert_eq!(open(&[(PortSet::every(), &["2000::/3"])]), 3 * 65535);
        assert_eq!(open(&[(PortSet::every(), &["fd00::/8"])]), 0);
    }

    #[test]
    fn an_ipv4_mapped_network_opens_as_the_ipv4_network() {
        assert_eq!(open(&[(tcp(1, 2000), &["::ffff:0:0/96"])]), 2000);
    }

    #[test]
    fn many_rules_of_few_ports_add_up() {
        let mut sum = Admission::nothing();
        for index in 0..200 {
            sum.add(&tcp(index * 10 + 1, index * 10 + 10), &addresses(&["0.0.0.0/0"]));
        }
        assert_eq!(sum.open_ports().len(), 2000);
        assert_eq!(sum.addresses().count(), 1, "equal addresses are one entry");
    }

    #[test]
    fn holes_of_one_address_do_not_close() {
        let hole = addresses(&["8.8.8.8/32"]);
        for network in ["0.0.0.0/0", "0.0.0.0/1"] {
            let mut sum = Admission::nothing();
            sum.add(&tcp(1, 2000), &addresses(&[network]).difference(&hole));
            assert_eq!(sum.open_ports().len(), 2000, "{network}");
            assert!(sum.ports_to("8.8.8.8".parse().unwrap()).is_empty());
            sum.add(&tcp(80, 80), &hole);
            assert_eq!(sum.ports_to("8.8.8.8".parse().unwrap()), tcp(80, 80));
        }
    }

    #[test]
    fn an_address_is_reached_on_the_ports_of_every_entry_that_holds_it() {
        let sum = admission(&[(tcp(80, 80), &["169.254.0.0/16"]), (tcp(443, 443), &["0.0.0.0/0"])]);
        let metadata = "169.254.169.254".parse().unwrap();
        assert_eq!(sum.ports_to(metadata), tcp(80, 80).union(&tcp(443, 443)));
        assert!(sum.ports_to("fd00:ec2::254".parse().unwrap()).is_empty());
        assert_eq!(Admission::everything().ports_to(metadata), PortSet::every());
    }

    #[test]
    fn entries_together_contain_what_none_contains_alone() {
        let whole = admission(&[(tcp(1, 100), &["10.0.0.0/8"])]);
        let by_ports = admission(&[(tcp(1, 50), &["10.0.0.0/7"]), (tcp(51, 100), &["10.0.0.0/8", "::/0"])]);
        let by_addresses = admission(&[(tcp(1, 100), &["10.0.0.0/9"]), (tcp(1, 100), &["10.128.0.0/9"])]);
        assert!(whole.is_within(&by_ports) && !by_ports.is_within(&whole));
        assert_eq!(whole, by_addresses);
        assert!(!whole.is_within(&admission(&[(tcp(1, 99), &["0.0.0.0/0"])])));
    }

    #[test]
    fn what_adds_nothing_leaves_no_entry() {
        let mut sum = Admission::nothing();
        sum.add(&PortSet::none(), &AddressSet::every());
        sum.add(&PortSet::every(), &AddressSet::none());
        assert_eq!(sum, Admission::nothing());
        assert_eq!(sum.ports_where(|addresses| addresses.width(Family::Ipv4).is_some()), PortSet::none());
    }
}
