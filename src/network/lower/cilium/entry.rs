//! One entry of `ingress`, `egress` or their denials.

use crate::{
    model::{CiliumEntry, CiliumPort, CiliumPorts, FieldPath, Name, PortMatch, PortSet, Protocol, Selector},
    network::{Action, Direction, Peer, Ports, Rule},
};

use super::peers::{self, Lowered};

/// Something, and why only a part of it is meant, where that is so.
type Partly<T> = (T, Option<Name>);

/// An entry, with the namespace of its policy and where it was written.
pub(super) struct Entry<'a> {
    /// The namespace of a namespaced policy.
    pub(super) own: Option<&'a Name>,
    pub(super) written: &'a CiliumEntry,
    pub(super) direction: Direction,
    pub(super) at: FieldPath,
}

impl Entry<'_> {
    /// What it allows or denies. Peers that match in part are rules of their own, and so are ports.
    pub(super) fn rules(&self, action: Action) -> Vec<Rule> {
        self.each(action).into_iter().map(|(rule, _)| rule).collect()
    }

    /// The rules, and of each whether a proxy looks at its traffic.
    fn each(&self, action: Action) -> Vec<(Rule, bool)> {
        let ports = self.ports();
        let mut rules = Vec::new();
        for (peers, partly) in self.peers() {
            for (ports, proxied) in &ports {
                let rule = Rule::new(action, peers.clone(), ports.clone(), self.at.clone());
                let why = partly.as_ref().or(proxied.as_ref());
                rules.push((why.into_iter().fold(rule, |rule, why| rule.in_part(why.clone())), proxied.is_some()));
            }
        }
        rules
    }

    /// What may be denied beside what is allowed: traffic that has to authenticate first, and that of Pods which do not have what
    /// `fromRequires` demanded before Cilium 1.19.
    pub(super) fn conditions(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        if self.written.authentication.as_deref().is_some_and(|mode| mode != "disabled") {
            let why = Name::from("mutual authentication");
            rules.extend(self.rules(Action::Deny).into_iter().map(|rule| rule.in_part(why.clone())));
        }
        if !self.written.requires.is_empty() {
            let list = self.at.field(match self.direction {
                Direction::Ingress => "fromRequires",
                Direction::Egress => "toRequires",
            });
            let required = self.written.requires.iter().map(|selector| peers::within(self.own, selector)).collect();
            let others = Selector::Not(Box::new(Selector::All(required)));
            let peer = Peer::Pods { namespace: None, namespaces: Selector::everything(), pods: others };
            let rule = Rule::new(Action::Deny, vec![(peer, list)], Ports::every(), self.at.clone());
            rules.push(rule.in_part("fromRequires and toRequires, which Cilium enforced before 1.19"));
        }
        rules
    }

    /// What a proxy may stop although the policy denies nothing by default: on ports with rules of an application protocol only what
    /// these allow passes (docs: security/policy/intro.rst, the warning on `EnableDefaultDeny`).
    pub(super) fn stopped_by_proxy(&self) -> Vec<Rule> {
        self.each(Action::Deny).into_iter().filter(|(_, proxied)| *proxied).map(|(rule, _)| rule).collect()
    }

    /// The peers, those that match in full together and each that matches in part by itself. Lists of several kinds are a union
    /// (`mergeEndpointSelectors` in cilium/pkg/policy/utils).
    fn peers(&self) -> Vec<Partly<Vec<(Peer, FieldPath)>>> {
        let lists = &self.written.lists;
        // A list that is there and empty selects nobody, whatever the others select.
        if lists.iter().any(|list| list.peers.is_empty()) {
            return Vec::new();
        }
        if lists.is_empty() {
            // No peers are everybody on the ports that are named; without ports they are nobody.
            let everyone = (vec![(Peer::Everyone, self.at.clone())], None);
            return if self.written.ports.is_empty() { Vec::new() } else { vec![everyone] };
        }
        let mut full = Vec::new();
        let mut partial = Vec::new();
        for list in lists {
            let field = self.at.field(list.field);
            for (index, peer) in list.peers.iter().enumerate() {
                for Lowered { peer, why } in peers::lower(self.own, peer, &list.peers) {
                    match why {
                        None => full.push((peer, field.index(index))),
                        Some(why) => partial.push((vec![(peer, field.index(index))], Some(why))),
                    }
                }
            }
        }
        let full = (!full.is_empty()).then_some((full, None));
        full.into_iter().chain(partial).collect()
    }

    /// The ports, and why they may match only a part of their traffic.
    fn ports(&self) -> Vec<Partly<Ports>> {
        if self.written.ports.is_empty() {
            // Entries with `icmps` alone are of no protocol with ports.
            let ports = if self.written.icmps { Ports::default() } else { Ports::every() };
            return vec![(ports, None)];
        }
        let (full, partial): (Vec<_>, Vec<_>) = self.written.ports.iter().partition(|ports| why(ports).is_none());
        let full = (!full.is_empty()).then(|| (lower_ports(full.iter().flat_map(|ports| &ports.ports)), None));
        let partial = partial.into_iter().map(|ports| (lower_ports(&ports.ports), why(ports)));
        full.into_iter().chain(partial).collect()
    }
}

/// Why only a part of the traffic on these ports matches.
fn why(ports: &CiliumPorts) -> Option<Name> {
    match &ports.rules {
        Some(protocol) => Some(format!("{protocol} rules").into()),
        None if ports.server_names => Some("serverNames".into()),
        None if ports.listener => Some("a listener of Envoy".into()),
        None if ports.terminating_tls => Some("terminatingTLS".into()),
        None => None,
    }
}

fn lower_ports<'a>(ports: impl IntoIterator<Item = &'a CiliumPort>) -> Ports {
    let mut numbers: Vec<(Protocol, std::ops::RangeInclusive<u16>)> = Vec::new();
    let mut firsts = Vec::new();
    let mut names = Vec::new();
    for port in ports {
        for protocol in port.protocols.iter().copied() {
            let (first, last) = match &port.port {
                PortMatch::Every => (1, u16::MAX),
                PortMatch::Range(first, last) => (*first, *last),
                PortMatch::Named(name) => {
                    names.push((protocol, name.clone()));
                    continue;
                }
            };
            numbers.push((protocol, first..=last));
            firsts.push((protocol, first..=if port.port == PortMatch::Every { last } else { first }));
        }
    }
    names.sort();
    names.dedup();
    let numbers: PortSet = numbers.into_iter().collect();
    let firsts: PortSet = firsts.into_iter().collect();
    Ports { without_ends: (firsts != numbers).then_some(firsts), numbers, names }
}
