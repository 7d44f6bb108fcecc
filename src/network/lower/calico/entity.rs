//! Whom `source` or `destination` of a Calico rule means, as the peer and as the Pod that the policy is applied to.
//!
//! Calico matches addresses: a selector stands for the addresses of the Pods and of the sets of networks that it selects
//! (updateprocessors/rules.go: `GetEntityRuleSelector`). Host endpoints, which it would select as well, are not read.

use std::sync::Arc;

use crate::{
    model::{AddressSet, CalicoEntity, CalicoServiceAccounts, Family, FieldPath, Name, Selector},
    network::Peer,
};

use super::{
    context::Context,
    ports,
    selectors::{self, Estimate, all, is_nothing, not, nothing},
};

/// The peers of a rule, apart: those it matches, and those of which it may match a part.
#[derive(Default)]
pub(super) struct Peers {
    pub(super) whole: Vec<(Peer, FieldPath)>,
    pub(super) parts: Vec<(Peer, FieldPath)>,
    /// Why it may be only a part of those.
    pub(super) why: &'static str,
}

const ADDRESSES_OF_PODS: &str = "a selector together with networks, which depends on the addresses of Pods";
const ACCOUNTS: &str = "labels of service accounts";
const DOMAINS: &str = "names of domains";
const SERVICES: &str = "the endpoints of a Service";

/// Whom it is read for.
pub(super) struct Scope<'a> {
    pub(super) context: &'a Context,
    /// The namespace of a namespaced policy.
    pub(super) own: Option<&'a Name>,
}

impl Scope<'_> {
    /// The peers that an entity means. `rule` is where the rule is, `at` where the entity.
    pub(super) fn peers(
        &self,
        entity: &CalicoEntity,
        family: Option<Family>,
        rule: &FieldPath,
        at: &FieldPath,
    ) -> Peers {
        let limit = Limit::of(entity, family);
        if entity.services {
            let peers = vec![(limit.everyone(), at.field("services"))];
            return Peers { parts: peers, why: SERVICES, ..Peers::default() };
        }
        let positive = self.has_selector(entity);
        let mut peers = Peers::default();
        if entity.domains {
            peers
                .parts
                .push((Peer::World(Arc::new(limit.0.clone().unwrap_or_else(AddressSet::every))), at.field("domains")));
            peers.why = DOMAINS;
            if entity.nets.is_empty() && !positive {
                return peers;
            }
        }
        match &entity.not_selector {
            None if !positive => limit.networks(entity, family, rule, at, &mut peers),
            None => self.selected(entity, &limit, at, &mut peers),
            Some(excluded) => self.without(entity, positive, excluded, &limit, at, &mut peers),
        }
        peers
    }

    /// Any selector of a namespaced policy limits the entity to its namespace, a negative one as well.
    fn has_selector(&self, entity: &CalicoEntity) -> bool {
        entity.selector.is_some()
            || entity.namespace_selector.is_some()
            || entity.service_accounts.is_some()
            || (self.own.is_some() && entity.not_selector.is_some())
    }

    fn selected(&self, entity: &CalicoEntity, limit: &Limit, at: &FieldPath, peers: &mut Peers) {
        let [least, most] = self.pods(entity, None);
        let pods_at = selector_path(entity, at);
        if limit.0.is_some() {
            peers.part(most, &pods_at, ADDRESSES_OF_PODS);
        } else {
            peers.bounded(least, most, &pods_at);
        }
        let sets = self.sets(entity);
        let addresses = limit.of_addresses(&sets.addresses);
        if !addresses.is_empty() {
            peers.whole.push((Peer::Addresses(Arc::new(addresses)), pods_at.clone()));
        }
        if sets.domains {
            peers.part(Some(Peer::World(Arc::new(limit.of_addresses(&AddressSet::every())))), &pods_at, DOMAINS);
        }
    }

    /// What is not an address of what is excluded.
    fn without(
        &self,
        entity: &CalicoEntity,
        positive: bool,
        excluded: &Selector,
        limit: &Limit,
        at: &FieldPath,
        peers: &mut Peers,
    ) {
        let left_out = self.context.sets(None, None, Some(excluded));
        let pods_at = if positive { selector_path(entity, at) } else { at.field("notSelector") };
        let exact = limit.0.is_none() && left_out.addresses.is_empty() && !left_out.domains;
        let [least, most] = self.pods(entity, Some(excluded));
        if exact {
            peers.bounded(least, most, &pods_at);
        } else {
            peers.part(most, &pods_at, ADDRESSES_OF_PODS);
        }
        let base = if positive { self.sets(entity).addresses } else { AddressSet::every() };
        let addresses = Arc::new(limit.of_addresses(&base).difference(&left_out.addresses));
        if addresses.is_empty() {
            return;
        }
        if left_out.domains {
            peers.part(Some(Peer::World(Arc::clone(&addresses))), &pods_at, DOMAINS);
        } else {
            peers.whole.push((Peer::World(Arc::clone(&addresses)), pods_at.clone()));
        }
        if positive {
            // Of a Pod or node with such an address, which the excluded selector may mean.
            peers.part(Some(Peer::Addresses(addresses)), &pods_at, ADDRESSES_OF_PODS);
        } else if exact {
            peers.whole.push((Peer::Nodes, pods_at));
        } else {
            peers.part(Some(Peer::Nodes), &pods_at, ADDRESSES_OF_PODS);
        }
    }

    /// The Pods that the selectors mean, at the least and at the most; `None` when it is none.
    fn pods(&self, entity: &CalicoEntity, excluded: Option<&Selector>) -> [Option<Peer>; 2] {
        let (own, namespaces) = self.namespaces(entity);
        [Estimate::Least, Estimate::Most].map(|estimate| {
            let other = if estimate == Estimate::Least { Estimate::Most } else { Estimate::Least };
            let excluded = excluded.map(|excluded| not(selectors::of_pods(excluded, other)));
            let pods = all([Some(conditions(entity, estimate)), excluded].into_iter().flatten().collect());
            let some = !is_nothing(&namespaces) && !is_nothing(&pods);
            some.then(|| Peer::Pods { namespace: own.cloned(), namespaces: namespaces.clone(), pods })
        })
    }

    /// Without a `namespaceSelector` a namespaced policy means its own namespace, and a global one everything.
    fn namespaces(&self, entity: &CalicoEntity) -> (Option<&Name>, Selector) {
        match &entity.namespace_selector {
            Some(namespaces) => (None, selectors::of_namespaces(namespaces)),
            None if self.has_selector(entity) => (self.own, Selector::everything()),
            None => (None, Selector::everything()),
        }
    }

    fn sets(&self, entity: &CalicoEntity) -> super::context::Found {
        // A set of networks has no service account.
        if entity.service_accounts.is_some() {
            return self.context.sets(None, None, Some(&nothing()));
        }
        let namespaces = entity.namespace_selector.as_ref();
        self.context.sets(self.own.filter(|_| namespaces.is_none()), namespaces, entity.selector.as_ref())
    }

    /// The Pods that a policy's rule applies to beyond its subject, as namespaces and Pods, or why that cannot be said.
    pub(super) fn subject(&self, entity: &CalicoEntity) -> Result<Option<(Selector, Selector)>, &'static str> {
        if entity.services {
            return Err(SERVICES);
        }
        if entity.domains {
            return Err(DOMAINS);
        }
        if !entity.nets.is_empty() || !entity.not_nets.is_empty() {
            return Err("networks that the Pod itself must be in");
        }
        let excluded = entity.not_selector.as_ref();
        let by_address = |found: &super::context::Found| !found.addresses.is_empty() || found.domains;
        if excluded.is_some_and(|excluded| by_address(&self.context.sets(None, None, Some(excluded))))
            || (self.has_selector(entity) && !means_every_pod(entity) && by_address(&self.sets(entity)))
        {
            return Err("sets of networks that the Pod itself may be in");
        }
        let [least, most] = self.pods(entity, excluded);
        match (least, most) {
            (least, most) if least != most => Err(ACCOUNTS),
            (Some(Peer::Pods { namespaces, pods, .. }), _) => {
                let limited = !namespaces.is_everything() || !pods.is_everything();
                Ok(limited.then_some((namespaces, pods)))
            }
            _ => Ok(Some((Selector::everything(), nothing()))),
        }
    }
}

/// Whether the source ports of a rule are a condition.
pub(super) fn limits_source_ports(source: &CalicoEntity) -> bool {
    (!source.ports.is_empty() && !ports::are_every(&source.ports)) || !source.not_ports.is_empty()
}

fn means_every_pod(entity: &CalicoEntity) -> bool {
    let every = |selector: &Option<Selector>| selector.as_ref().is_none_or(Selector::is_everything);
    every(&entity.selector) && every(&entity.namespace_selector) && entity.service_accounts.is_none()
}

/// What the labels and the service account of a Pod must be.
fn conditions(entity: &CalicoEntity, estimate: Estimate) -> Selector {
    let own = entity.selector.as_ref().map(|selector| selectors::of_pods(selector, estimate));
    let accounts = entity.service_accounts.iter().flat_map(|CalicoServiceAccounts { names, selector }| {
        let named =
            (!names.is_empty()).then(|| Selector::In(crate::model::reserved::SERVICE_ACCOUNT.into(), names.clone()));
        let selected = selector.as_ref().map(|selector| selectors::of_accounts(selector, estimate));
        named.into_iter().chain(selected)
    });
    all(own.into_iter().chain(accounts).collect())
}

fn selector_path(entity: &CalicoEntity, at: &FieldPath) -> FieldPath {
    if entity.selector.is_some() {
        at.field("selector")
    } else if entity.namespace_selector.is_some() {
        at.field("namespaceSelector")
    } else if entity.service_accounts.is_some() {
        at.field("serviceAccounts")
    } else {
        at.field("notSelector")
    }
}

impl Peers {
    fn part(&mut self, peer: Option<Peer>, at: &FieldPath, why: &'static str) {
        if let Some(peer) = peer {
            self.parts.push((peer, at.clone()));
            self.why = why;
        }
    }

    fn bounded(&mut self, least: Option<Peer>, most: Option<Peer>, at: &FieldPath) {
        if least != most {
            self.part(most, at, ACCOUNTS);
        }
        self.whole.extend(least.map(|least| (least, at.clone())));
    }
}

/// The addresses that an entity is limited to; `None` when it is not.
struct Limit(Option<AddressSet>);

impl Limit {
    fn of(entity: &CalicoEntity, family: Option<Family>) -> Self {
        if entity.nets.is_empty() && entity.not_nets.is_empty() && family.is_none() {
            return Self(None);
        }
        let nets = if entity.nets.is_empty() { AddressSet::every() } else { union(&entity.nets) };
        Self(Some(limited(&nets, &union(&entity.not_nets), family)))
    }

    fn of_addresses(&self, addresses: &AddressSet) -> AddressSet {
        self.0.as_ref().map_or_else(|| addresses.clone(), |limit| limit.intersection(addresses))
    }

    fn everyone(&self) -> Peer {
        self.0.as_ref().map_or(Peer::Everyone, |limit| Peer::Addresses(Arc::new(limit.clone())))
    }

    /// The entity's networks, each where it is written.
    fn networks(
        &self,
        entity: &CalicoEntity,
        family: Option<Family>,
        rule: &FieldPath,
        at: &FieldPath,
        peers: &mut Peers,
    ) {
        if entity.nets.is_empty() {
            let place = if entity.not_nets.is_empty() { rule.clone() } else { at.field("notNets") };
            peers.whole.push((self.everyone(), place));
            return;
        }
        let left_out = union(&entity.not_nets);
        let nets = at.field("nets");
        for (index, net) in entity.nets.iter().enumerate() {
            let addresses = limited(&AddressSet::of_network(*net), &left_out, family);
            if !addresses.is_empty() {
                peers.whole.push((Peer::Addresses(Arc::new(addresses)), nets.index(index)));
            }
        }
    }
}

fn limited(nets: &AddressSet, left_out: &AddressSet, family: Option<Family>) -> AddressSet {
    let left = nets.difference(left_out);
    let of_family = |text: &str| text.parse().map_or_else(|_| AddressSet::none(), AddressSet::of_network);
    match family {
        None => left,
        Some(Family::Ipv4) => left.intersection(&of_family("0.0.0.0/0")),
        Some(Family::Ipv6) => left.intersection(&of_family("::/0")),
    }
}

fn union(nets: &[ipnet::IpNet]) -> AddressSet {
    let nets: Vec<_> = nets.iter().map(|net| AddressSet::of_network(*net)).collect();
    AddressSet::union_of(&nets)
}
