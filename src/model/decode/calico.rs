//! Calico's policies, tiers and sets of networks (api/pkg/apis/projectcalico/v3, api/pkg/lib/numorstring).

use ipnet::IpNet;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::{
    DecodeError,
    calico_selector::parse_calico_selector,
    meta::WireMeta,
    network::parse_network,
    wire::{nullable, wrong},
};
use crate::model::{
    CalicoAction, CalicoEntity, CalicoNetworkSet, CalicoPolicy, CalicoPort, CalicoRule, CalicoServiceAccounts,
    CalicoTier, Derived, Family, Kind, Name, Selector, StagedPolicy,
};

#[derive(Deserialize)]
pub(super) struct WireCalicoPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    #[serde(deserialize_with = "nullable")]
    tier: Name,
    order: Option<f64>,
    #[serde(deserialize_with = "selector")]
    selector: Option<Selector>,
    #[serde(deserialize_with = "selector")]
    namespace_selector: Option<Selector>,
    #[serde(deserialize_with = "selector")]
    service_account_selector: Option<Selector>,
    #[serde(deserialize_with = "nullable")]
    types: Vec<WireType>,
    #[serde(deserialize_with = "nullable")]
    ingress: Vec<WireRule>,
    #[serde(deserialize_with = "nullable")]
    egress: Vec<WireRule>,
    #[serde(deserialize_with = "nullable")]
    do_not_track: bool,
    #[serde(rename = "preDNAT", deserialize_with = "nullable")]
    pre_dnat: bool,
    #[serde(deserialize_with = "nullable")]
    apply_on_forward: bool,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
enum WireType {
    Ingress,
    Egress,
}

#[derive(Deserialize)]
struct WireRule {
    action: WireAction,
    #[serde(default, rename = "ipVersion")]
    ip_version: Option<u8>,
    #[serde(default)]
    protocol: Option<WireCalicoProtocol>,
    #[serde(default, rename = "notProtocol")]
    not_protocol: Option<WireCalicoProtocol>,
    #[serde(default)]
    icmp: Option<WireIcmp>,
    #[serde(default, rename = "notICMP")]
    not_icmp: Option<WireIcmp>,
    #[serde(default, deserialize_with = "nullable")]
    source: WireEntity,
    #[serde(default, deserialize_with = "nullable")]
    destination: WireEntity,
    #[serde(default)]
    http: Option<de::IgnoredAny>,
}

#[derive(Deserialize)]
enum WireAction {
    Allow,
    Deny,
    Log,
    Pass,
}

/// Without a type every type is meant.
#[derive(Deserialize)]
struct WireIcmp {
    #[serde(default)]
    r#type: Option<u8>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireEntity {
    #[serde(deserialize_with = "nullable")]
    nets: Vec<WireNet>,
    #[serde(deserialize_with = "nullable")]
    not_nets: Vec<WireNet>,
    #[serde(deserialize_with = "selector")]
    selector: Option<Selector>,
    #[serde(deserialize_with = "selector")]
    not_selector: Option<Selector>,
    #[serde(deserialize_with = "selector")]
    namespace_selector: Option<Selector>,
    #[serde(deserialize_with = "nullable")]
    ports: Vec<WireCalicoPort>,
    #[serde(deserialize_with = "nullable")]
    not_ports: Vec<WireCalicoPort>,
    service_accounts: Option<WireServiceAccounts>,
    services: Option<de::IgnoredAny>,
    #[serde(deserialize_with = "nullable")]
    domains: Vec<de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireServiceAccounts {
    #[serde(deserialize_with = "nullable")]
    names: Vec<Name>,
    #[serde(deserialize_with = "selector")]
    selector: Option<Selector>,
}

/// A selector; the empty text is none.
fn selector<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Selector>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    let written = text.filter(|text| !text.is_empty());
    written.map(|text| parse_calico_selector(&text).map_err(de::Error::custom)).transpose()
}

/// The network that is written so; an address stands for itself.
pub fn network_or_address(text: &str) -> Option<IpNet> {
    parse_network(text).or_else(|| {
        let length = if text.contains(':') { 128 } else { 32 };
        if text.contains('/') { None } else { parse_network(&format!("{text}/{length}")) }
    })
}

struct WireNet(IpNet);

impl<'de> Deserialize<'de> for WireNet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        network_or_address(&text).map(Self).ok_or_else(|| wrong(&"a network such as 10.0.0.0/8, or an address"))
    }
}

/// The number of a protocol that is written by name, in any case, or by number.
pub fn calico_protocol(text: &str) -> Option<u8> {
    const NAMES: [(&str, u8); 6] =
        [("TCP", 6), ("UDP", 17), ("ICMP", 1), ("ICMPv6", 58), ("SCTP", 132), ("UDPLite", 136)];
    let named = NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, number)| number);
    named.or_else(|| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten())
}

struct WireCalicoProtocol(u8);

impl<'de> Deserialize<'de> for WireCalicoProtocol {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_any(NumberOrText("a protocol by name or a number from 1 to 255"))?;
        calico_protocol(&text)
            .map(Self)
            .ok_or_else(|| wrong(&"TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number from 1 to 255"))
    }
}

/// The port, the range or the name that is written so.
pub fn calico_port(text: &str) -> Option<CalicoPort> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    if let Some(port) = number(text) {
        return Some(CalicoPort::Range(port, port));
    }
    if let Some((first, last)) = text.split_once(':') {
        let (first, last) = (number(first)?, number(last)?);
        return (first <= last).then_some(CalicoPort::Range(first, last));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let is_name =
        (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !text.bytes().all(|b| b.is_ascii_digit());
    is_name.then(|| CalicoPort::Named(text.into()))
}

struct WireCalicoPort(CalicoPort);

impl<'de> Deserialize<'de> for WireCalicoPort {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_any(NumberOrText("a port"))?;
        calico_port(&text).map(Self).ok_or_else(|| wrong(&"a port, a range such as 8000:8999, or the name of a port"))
    }
}

struct NumberOrText(&'static str);

impl Visitor<'_> for NumberOrText {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

impl WireCalicoPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<CalicoPolicy, DecodeError> {
        let meta = self.metadata.into_meta(kind.info().namespaced)?;
        let spec = self.spec;
        let types = spec.types;
        let stored = matches!(kind, Kind::CalicoStoredNetworkPolicy | Kind::CalicoStoredGlobalNetworkPolicy);
        let (governs_ingress, governs_egress) = if !types.is_empty() {
            (types.contains(&WireType::Ingress), types.contains(&WireType::Egress))
        } else if stored {
            // The API defaults what it stores. What is stored without types beside it means both (felix/calc/policy_sorter.go).
            (true, true)
        } else {
            // libcalico-go/lib/clientv3: defaultPolicyTypesField.
            (spec.egress.is_empty() || !spec.ingress.is_empty(), !spec.egress.is_empty())
        };
        Ok(CalicoPolicy {
            kind,
            meta,
            tier: if spec.tier.is_empty() { "default".into() } else { spec.tier },
            order: spec.order,
            selector: spec.selector,
            namespace_selector: spec.namespace_selector.filter(|_| !kind.info().namespaced),
            service_account_selector: spec.service_account_selector,
            governs_ingress,
            governs_egress,
            ingress: spec.ingress.into_iter().map(WireRule::into_rule).collect(),
            egress: spec.egress.into_iter().map(WireRule::into_rule).collect(),
            do_not_track: spec.do_not_track,
            pre_dnat: spec.pre_dnat,
            apply_on_forward: spec.apply_on_forward,
            lowered: Derived::default(),
        })
    }
}

impl WireRule {
    fn into_rule(self) -> CalicoRule {
        CalicoRule {
            action: match self.action {
                WireAction::Allow => CalicoAction::Allow,
                WireAction::Deny => CalicoAction::Deny,
                WireAction::Log => CalicoAction::Log,
                WireAction::Pass => CalicoAction::Pass,
            },
            family: self.ip_version.map(|version| if version == 6 { Family::Ipv6 } else { Family::Ipv4 }),
            protocol: self.protocol.map(|protocol| protocol.0),
            not_protocol: self.not_protocol.map(|protocol| protocol.0),
            icmp: self.icmp.is_some_and(|icmp| icmp.r#type.is_some()),
            not_icmp: self.not_icmp.is_some_and(|icmp| icmp.r#type.is_some()),
            http: self.http.is_some(),
            source: self.source.into_entity(),
            destination: self.destination.into_entity(),
        }
    }
}

impl WireEntity {
    fn into_entity(self) -> CalicoEntity {
        let nets = |nets: Vec<WireNet>| nets.into_iter().map(|net| net.0).collect();
        let ports = |ports: Vec<WireCalicoPort>| ports.into_iter().map(|port| port.0).collect();
        CalicoEntity {
            nets: nets(self.nets),
            not_nets: nets(self.not_nets),
            selector: self.selector,
            not_selector: self.not_selector,
            namespace_selector: self.namespace_selector,
            ports: ports(self.ports),
            not_ports: ports(self.not_ports),
            service_accounts: self
                .service_accounts
                .map(|accounts| CalicoServiceAccounts { names: accounts.names, selector: accounts.selector })
                .filter(|accounts| !accounts.names.is_empty() || accounts.selector.is_some()),
            services: self.services.is_some(),
            domains: !self.domains.is_empty(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireTier {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireTierSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTierSpec {
    order: Option<f64>,
    #[serde(deserialize_with = "nullable")]
    default_action: Name,
}

impl WireTier {
    pub(super) fn into_tier(self, kind: Kind) -> Result<CalicoTier, DecodeError> {
        let meta = self.metadata.into_meta(false)?;
        // Any value except Pass is taken for Deny (libcalico-go: tierprocessor.go).
        Ok(CalicoTier { kind, meta, order: self.spec.order, passes: self.spec.default_action == "Pass" })
    }
}

#[derive(Deserialize)]
pub(super) struct WireNetworkSet {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireNetworkSetSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireNetworkSetSpec {
    #[serde(deserialize_with = "nullable")]
    nets: Vec<WireNet>,
    #[serde(deserialize_with = "nullable")]
    allowed_egress_domains: Vec<de::IgnoredAny>,
}

impl WireNetworkSet {
    pub(super) fn into_set(self, kind: Kind) -> Result<CalicoNetworkSet, DecodeError> {
        Ok(CalicoNetworkSet {
            kind,
            meta: self.metadata.into_meta(kind.info().namespaced)?,
            nets: self.spec.nets.into_iter().map(|net| net.0).collect(),
            domains: !self.spec.allowed_egress_domains.is_empty(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct WireStagedPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireStagedPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<StagedPolicy, DecodeError> {
        Ok(StagedPolicy { kind, meta: self.metadata.into_meta(kind.info().namespaced)? })
    }
}
