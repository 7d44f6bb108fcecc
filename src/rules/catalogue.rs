//! The catalogue: every rule, once.

use super::{
    Rule,
    ambiguous_priority::AmbiguousPriority,
    blocked_dns::BlockedDns,
    blocked_ingress_controller::BlockedIngressController,
    blocked_mesh_port::BlockedMeshPort,
    blocked_scrape::BlockedScrape,
    blocked_service::BlockedService,
    blocked_webhook::BlockedWebhook,
    disabled_mtls::DisabledMtls,
    host_network::HostNetwork,
    host_port::HostPort,
    ignored_rules::IgnoredRules,
    metadata_endpoint::MetadataEndpoint,
    no_default_deny::NoDefaultDeny,
    of_the_decision::{ExpiredExemption, LoweredEnforcement, UnmarkedWorkload},
    one_sided_allow::OneSidedAllow,
    open_egress::OPEN_EGRESS,
    open_ingress::OPEN_INGRESS,
    outside_mesh::OutsideMesh,
    peer_selects_nothing::PeerSelectsNothing,
    permissive_mtls::PermissiveMtls,
    plaintext_ingress::PlaintextIngress,
    policy_selects_nothing::PolicySelectsNothing,
    separate_peers::SeparatePeers,
    split_service::SplitService,
    unauthenticated_peers::UnauthenticatedPeers,
    uncovered_host::UncoveredHost,
    unenforced_policy::UnenforcedPolicy,
    unexposed_port::UnexposedPort,
    unisolated_egress::UNISOLATED_EGRESS,
    unisolated_ingress::UNISOLATED_INGRESS,
    unknown_profile::UnknownProfile,
    unresolved_port_name::UnresolvedPortName,
    wide_peer::WidePeer,
};

/// Every rule, in the order of the catalogue.
static RULES: &[&dyn Rule] = &[
    &UNISOLATED_INGRESS,
    &UNISOLATED_EGRESS,
    &OPEN_INGRESS,
    &OPEN_EGRESS,
    &WidePeer,
    &MetadataEndpoint,
    &NoDefaultDeny,
    &HostNetwork,
    &HostPort,
    &PolicySelectsNothing,
    &PeerSelectsNothing,
    &IgnoredRules,
    &AmbiguousPriority,
    &SeparatePeers,
    &UnexposedPort,
    &UnresolvedPortName,
    &BlockedService,
    &SplitService,
    &BlockedIngressController,
    &BlockedWebhook,
    &BlockedDns,
    &BlockedScrape,
    &BlockedMeshPort,
    &OneSidedAllow,
    &UnenforcedPolicy,
    &PlaintextIngress,
    &UncoveredHost,
    &DisabledMtls,
    &PermissiveMtls,
    &OutsideMesh,
    &UnauthenticatedPeers,
    &UnmarkedWorkload,
    &UnknownProfile,
    &LoweredEnforcement,
    &ExpiredExemption,
];

/// Every rule, in the order of the catalogue.
pub fn all() -> impl Iterator<Item = &'static dyn Rule> {
    RULES.iter().copied()
}

/// The rule of that name.
pub fn rule(name: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.info().id.0 == name)
}
