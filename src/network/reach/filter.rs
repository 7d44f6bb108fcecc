//! Which flows are asked for.

use std::net::IpAddr;

use crate::model::Name;

use super::{End, Entity};

/// Which flows are asked for. Without anything set, all are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Who connects.
    pub from: Option<Pattern>,
    /// To whom.
    pub to: Option<Pattern>,
    /// The namespace that either end is in.
    pub namespace: Option<Name>,
}

/// Who an end of a flow may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// Workloads.
    Workload {
        /// Of that kind; upper and lower case are the same.
        kind: Option<Name>,
        /// In that namespace.
        namespace: Name,
        /// Of that name.
        name: Option<Name>,
    },
    /// The addresses that this one is among.
    Address(IpAddr),
    /// Somebody who is known by what he does.
    Entity(Entity),
}

impl Pattern {
    /// Whether the end is such a one.
    pub fn matches(&self, end: &End) -> bool {
        match (self, end) {
            (Self::Workload { kind, namespace, name }, End::Workload(workload)) => {
                workload.namespace == *namespace
                    && kind.as_ref().is_none_or(|kind| kind.eq_ignore_ascii_case(&workload.kind))
                    && name.as_ref().is_none_or(|name| *name == workload.name)
            }
            (Self::Address(address), End::Addresses(first, last)) => {
                let address = address.to_canonical();
                address.is_ipv4() == first.is_ipv4() && (*first..=*last).contains(&address)
            }
            (Self::Entity(entity), End::Entity(other)) => entity == other,
            _ => false,
        }
    }
}

impl Filter {
    /// Whether flows between the two are asked for.
    pub fn admits(&self, source: &End, destination: &End) -> bool {
        self.from.as_ref().is_none_or(|pattern| pattern.matches(source))
            && self.to.as_ref().is_none_or(|pattern| pattern.matches(destination))
            && self.namespace.as_ref().is_none_or(|name| is_in(name, source) || is_in(name, destination))
    }

    /// Whether a workload, or what is known of it, is asked for: as one end or the other.
    pub fn concerns(&self, end: &End) -> bool {
        let either = [&self.from, &self.to];
        (either.iter().all(|pattern| pattern.is_none())
            || either.into_iter().flatten().any(|pattern| pattern.matches(end)))
            && self.namespace.as_ref().is_none_or(|name| is_in(name, end))
    }
}

fn is_in(namespace: &Name, end: &End) -> bool {
    matches!(end, End::Workload(workload) if workload.namespace == *namespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::reach::WorkloadName;

    fn end(namespace: &str, name: &str) -> End {
        End::Workload(WorkloadName { namespace: namespace.into(), kind: "Deployment".into(), name: name.into() })
    }

    #[test]
    fn a_pattern_leaves_open_what_it_does_not_say() {
        let shop = Pattern::Workload { kind: None, namespace: "shop".into(), name: None };
        assert!(shop.matches(&end("shop", "web")) && !shop.matches(&end("bank", "web")));
        let web =
            Pattern::Workload { kind: Some("deployment".into()), namespace: "shop".into(), name: Some("web".into()) };
        assert!(web.matches(&end("shop", "web")) && !web.matches(&end("shop", "api")));
    }

    #[test]
    fn an_address_is_looked_for_among_those_of_its_family() {
        let range = |first: &str, last: &str| End::Addresses(first.parse().unwrap(), last.parse().unwrap());
        let pattern = Pattern::Address("::ffff:10.1.2.3".parse().unwrap());
        assert!(pattern.matches(&range("10.0.0.0", "10.255.255.255")));
        assert!(!pattern.matches(&range("11.0.0.0", "11.255.255.255")) && !pattern.matches(&range("::", "ffff::")));
    }

    #[test]
    fn a_namespace_is_that_of_either_end() {
        let filter = Filter { namespace: Some("shop".into()), ..Filter::default() };
        let (shop, bank) = (end("shop", "web"), end("bank", "web"));
        assert!(filter.admits(&shop, &bank) && filter.admits(&bank, &shop) && !filter.admits(&bank, &bank));
    }
}
