//! Calico's policies, tiers and sets of networks, in both of its API groups.
//!
//! Selectors are kept with the keys that Calico's language has, `pcns.team` and `projectcalico.org/namespace` among them
//! ([`calico_keys`]); what they mean of a Pod and of a set of networks, the network layer says.

use ipnet::IpNet;

use super::{Derived, Family, Kind, Meta, Name, Selector};

/// Keys with a meaning in Calico's selectors (libcalico-go/lib/backend/k8s/conversion/constants.go).
pub mod calico_keys {
    /// The namespace of a Pod or a `NetworkSet`.
    pub const NAMESPACE: &str = "projectcalico.org/namespace";
    /// The name of a Pod's service account.
    pub const SERVICE_ACCOUNT: &str = "projectcalico.org/serviceaccount";
    /// Who runs the endpoint: `k8s` for every Pod.
    pub const ORCHESTRATOR: &str = "projectcalico.org/orchestrator";
    /// The name of a namespace or a service account among its own labels.
    pub const NAME: &str = "projectcalico.org/name";
    /// Before a label of the namespace.
    pub const OF_NAMESPACE: &str = "pcns.";
    /// Before a label of the service account.
    pub const OF_SERVICE_ACCOUNT: &str = "pcsa.";
    /// What `global()` is read as: no key, for no label begins with `@`.
    pub const GLOBAL: &str = "@global";
}

/// `NetworkPolicy` or `GlobalNetworkPolicy`.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of Calico's own type")]
pub struct CalicoPolicy {
    /// Which kind, of which group.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// `spec.tier`; `default` when missing.
    pub tier: Name,
    /// `spec.order`; without one it comes last in its tier.
    pub order: Option<f64>,
    /// `spec.selector`; `None` selects everything.
    pub selector: Option<Selector>,
    /// `spec.namespaceSelector` of a `GlobalNetworkPolicy`.
    pub namespace_selector: Option<Selector>,
    /// `spec.serviceAccountSelector`, of the service account's labels.
    pub service_account_selector: Option<Selector>,
    /// Whether it speaks of ingress (`spec.types`, defaulted).
    pub governs_ingress: bool,
    /// Whether it speaks of egress (`spec.types`, defaulted).
    pub governs_egress: bool,
    /// `spec.ingress`, whether or not the types make it count.
    pub ingress: Vec<CalicoRule>,
    /// `spec.egress`, whether or not the types make it count.
    pub egress: Vec<CalicoRule>,
    /// `spec.doNotTrack`: it is about host endpoints alone.
    pub do_not_track: bool,
    /// `spec.preDNAT`: it is about host endpoints alone.
    pub pre_dnat: bool,
    /// `spec.applyOnForward`: of host endpoints it governs what is forwarded, too.
    pub apply_on_forward: bool,
    /// The form that the network layer lowers it to.
    pub lowered: Derived,
}

/// One entry of `spec.ingress` or `spec.egress` (`api/pkg/apis/projectcalico/v3/policy_common.go`). All that it names must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CalicoRule {
    /// What it does.
    pub action: CalicoAction,
    /// `ipVersion`.
    pub family: Option<Family>,
    /// `protocol`, by its number.
    pub protocol: Option<u8>,
    /// `notProtocol`, by its number.
    pub not_protocol: Option<u8>,
    /// Whether it is limited to a type of ICMP.
    pub icmp: bool,
    /// Whether a type of ICMP is left out.
    pub not_icmp: bool,
    /// Whether it is limited to HTTP requests of some form.
    pub http: bool,
    /// Where the traffic comes from.
    pub source: CalicoEntity,
    /// Where it goes.
    pub destination: CalicoEntity,
}

/// What a rule does with traffic that it matches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // Calico's own names.
pub enum CalicoAction {
    Allow,
    Deny,
    /// Writes it down and goes on.
    Log,
    /// Leaves it to the next tier.
    Pass,
}

/// `source` or `destination` of a rule. All that it names must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CalicoEntity {
    /// `nets`.
    pub nets: Vec<IpNet>,
    /// `notNets`.
    pub not_nets: Vec<IpNet>,
    /// `selector`.
    pub selector: Option<Selector>,
    /// `notSelector`: not an endpoint that matches.
    pub not_selector: Option<Selector>,
    /// `namespaceSelector`.
    pub namespace_selector: Option<Selector>,
    /// `ports`.
    pub ports: Vec<CalicoPort>,
    /// `notPorts`.
    pub not_ports: Vec<CalicoPort>,
    /// `serviceAccounts`.
    pub service_accounts: Option<CalicoServiceAccounts>,
    /// Whether it names a Service.
    pub services: bool,
    /// Whether it names domains (Calico Enterprise and Cloud).
    pub domains: bool,
}

/// `serviceAccounts`: both must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CalicoServiceAccounts {
    /// One of these names; any when there is none.
    pub names: Vec<Name>,
    /// By the service account's labels.
    pub selector: Option<Selector>,
}

/// A port, a range of ports, or the name of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CalicoPort {
    /// From the first to the last.
    Range(u16, u16),
    /// As a container declares it.
    Named(Name),
}

/// `Tier`.
#[derive(Clone, PartialEq, Debug)]
pub struct CalicoTier {
    /// Of which group.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// `spec.order`; without one it comes last.
    pub order: Option<f64>,
    /// Whether traffic that its policies do not decide goes on to the next tier (`defaultAction: Pass`). Anything else denies it.
    pub passes: bool,
}

/// `NetworkSet` or `GlobalNetworkSet`.
#[derive(Clone, PartialEq, Debug)]
pub struct CalicoNetworkSet {
    /// Which kind, of which group.
    pub kind: Kind,
    /// Name, labels, deletion.
    pub meta: Meta,
    /// `spec.nets`.
    pub nets: Vec<IpNet>,
    /// Whether it names domains as well (`spec.allowedEgressDomains`, Calico Enterprise and Cloud).
    pub domains: bool,
}

/// A policy that is only tried out and not enforced (`Staged...`).
#[derive(Clone, PartialEq, Debug)]
pub struct StagedPolicy {
    /// Which kind.
    pub kind: Kind,
    /// Name, labels, deletion.
    pub meta: Meta,
}
