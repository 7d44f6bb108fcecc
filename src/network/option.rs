//! The options of network plugins that can be given one by one: in the ruleset (`environment.networkOptions`) and on the command
//! line (`--network-option`).

use std::{collections::BTreeSet, sync::Arc};

use ipnet::IpNet;

use super::{Enforcement, Family, Plugin};

/// An option.
#[derive(Clone, Copy, Debug)]
pub struct PluginOption {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub what: &'static str,
    /// Which values there are, as people write them.
    pub values: &'static str,
    set: fn(&mut Plugin, &str) -> Result<(), WrongValue>,
    get: fn(&Plugin) -> String,
}

/// Why an option cannot be set.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct OptionError {
    /// What is wrong.
    pub reason: String,
    /// The word that is wrong.
    pub word: String,
    /// The words that could be there.
    pub known: Vec<String>,
}

/// A value that an option does not have: the word that is wrong, and the words that it could be.
struct WrongValue {
    word: String,
    known: Vec<String>,
}

impl PluginOption {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self {
            name: "enforces",
            what: "which policies are enforced; the others are as if they were not there",
            values: "any of NetworkPolicy, ClusterNetworkPolicy, AdminNetworkPolicy (with BaselineAdminNetworkPolicy), Cilium, \
                     Calico, separated by commas",
            set: |plugin, value| families(value).map(|families| plugin.enforced = families),
            get: |plugin| plugin.enforced.iter().map(|family| family.name().to_string()).collect::<Vec<_>>().join(","),
        },
        Self {
            name: "enforcement",
            what: "who is isolated: whom a policy selects (default), everybody (always), nobody (never)",
            values: "default, always or never",
            set: |plugin, value| enforcement(value).map(|mode| plugin.enforcement = mode),
            get: |plugin| plugin.enforcement.name().to_owned(),
        },
        Self {
            name: "ipblock-matches-pods",
            what: "whether an ipBlock or network matches Pods by their addresses",
            values: "yes or no",
            set: |plugin, value| truth(value).map(|yes| plugin.blocks_match_pods = yes),
            get: |plugin| said(plugin.blocks_match_pods),
        },
        Self {
            name: "ipblock-matches-nodes",
            what: "whether an ipBlock or network matches the cluster's nodes, and with them Pods on their node's network",
            values: "yes or no",
            set: |plugin, value| truth(value).map(|yes| plugin.blocks_match_nodes = yes),
            get: |plugin| said(plugin.blocks_match_nodes),
        },
        Self {
            name: "host-network",
            what: "what Pods on their node's network are to policies: the node, which no selector matches and no policy isolates, \
                   or Pods as any others",
            values: "node or pod",
            set: |plugin, value| {
                one_of(value, &[("node", false), ("pod", true)]).map(|pod| plugin.host_network_pods = pod)
            },
            get: |plugin| if plugin.host_network_pods { "pod" } else { "node" }.to_owned(),
        },
        Self {
            name: "node-traffic-exempt",
            what: "whether traffic from a Pod's own node to the Pod always passes",
            values: "yes or no",
            set: |plugin, value| truth(value).map(|yes| plugin.node_traffic_exempt = yes),
            get: |plugin| said(plugin.node_traffic_exempt),
        },
        Self {
            name: "end-port",
            what: "whether endPort is honoured; where it is not, a range is its first port",
            values: "yes or no",
            set: |plugin, value| truth(value).map(|yes| plugin.end_port = yes),
            get: |plugin| said(plugin.end_port),
        },
        Self {
            name: "pod-networks",
            what: "the networks that Pods have their addresses from, for Pods whose addresses are not known; where nothing is \
                   said, the private networks",
            values: "networks such as 10.244.0.0/16,fd00:10:244::/56, separated by commas",
            set: |plugin, value| networks(value).map(|networks| plugin.pod_networks = networks),
            get: |plugin| plugin.pod_networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        },
    ];

    /// The value that a plugin has, as it would be written.
    pub fn of(&self, plugin: &Plugin) -> String {
        (self.get)(plugin)
    }
}

impl Plugin {
    /// Sets an option by its name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        let Some(option) = PluginOption::ALL.iter().find(|option| option.name == name) else {
            return Err(OptionError {
                reason: format!("there is no network option {name}"),
                word: name.to_owned(),
                known: PluginOption::ALL.iter().map(|option| option.name.to_owned()).collect(),
            });
        };
        (option.set)(self, value.trim()).map_err(|WrongValue { word, known }| {
            let shown = if word.is_empty() { "an empty value" } else { &word };
            OptionError { reason: format!("{name}: {shown} is not {}", option.values), word, known }
        })?;
        self.given.insert(option.name);
        Ok(())
    }

    /// Another plugin, with the options of this one that were given one by one.
    #[must_use]
    pub fn over(&self, other: Self) -> Self {
        let mut plugin = other;
        for option in PluginOption::ALL.iter().filter(|option| self.given.contains(option.name)) {
            // What an option writes it reads.
            let _ = plugin.set(option.name, &option.of(self));
        }
        plugin
    }
}

impl Enforcement {
    /// What it is called in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

fn enforcement(value: &str) -> Result<Enforcement, WrongValue> {
    let modes = [Enforcement::Default, Enforcement::Always, Enforcement::Never];
    one_of(value, &modes.map(|mode| (mode.name(), mode)))
}

/// `true` and `false` are what becomes of a bare `yes` or `no` in YAML.
fn truth(value: &str) -> Result<bool, WrongValue> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => one_of(value, &[("yes", true), ("no", false)]),
    }
}

fn said(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn one_of<T: Clone>(value: &str, choices: &[(&str, T)]) -> Result<T, WrongValue> {
    let chosen = choices.iter().find(|(name, _)| *name == value).map(|(_, chosen)| chosen.clone());
    chosen.ok_or_else(|| WrongValue {
        word: value.to_owned(),
        known: choices.iter().map(|(name, _)| (*name).to_owned()).collect(),
    })
}

fn families(value: &str) -> Result<BTreeSet<Family>, WrongValue> {
    let names = Family::ALL.map(|family| (family.name(), family));
    let choices: Vec<(&str, Family)> = names.iter().map(|(name, family)| (&**name, *family)).collect();
    words(value).map(|word| one_of(word, &choices)).collect()
}

fn networks(value: &str) -> Result<Arc<[IpNet]>, WrongValue> {
    let network = |word: &str| word.parse().map_err(|_| WrongValue { word: word.to_owned(), known: Vec::new() });
    words(value).map(network).collect()
}

/// The words of a list; none of an empty text.
fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(move |_| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Kind, network::PluginName};

    fn set(name: &str, value: &str) -> Result<Plugin, String> {
        let mut plugin = Plugin::of(PluginName::Reference);
        plugin.set(name, value).map(|()| plugin).map_err(|error| error.to_string())
    }

    fn meant(name: &str, value: &str) -> Option<String> {
        let error = Plugin::of(PluginName::Reference).set(name, value).unwrap_err();
        crate::source::nearest::nearest(&error.word, error.known.iter().map(String::as_str)).map(str::to_owned)
    }

    #[test]
    fn every_option_reads_what_it_writes() {
        for option in PluginOption::ALL {
            for name in PluginName::ALL {
                let of_plugin = Plugin::of(name);
                let mut other = Plugin::of(PluginName::None);
                other.set(option.name, &option.of(&of_plugin)).unwrap();
                assert_eq!(option.of(&other), option.of(&of_plugin), "{} of {name}", option.name);
            }
        }
    }

    #[test]
    fn every_option_can_be_given_by_itself() {
        let plugin = Plugin::of(PluginName::Reference);
        let other = |name: &str, value: &str| {
            let changed = set(name, value).unwrap();
            assert_ne!(changed, plugin, "{name}={value}");
            changed
        };
        assert!(!other("ipblock-matches-pods", "no").blocks_match_pods);
        assert!(!other("ipblock-matches-nodes", "false").blocks_match_nodes);
        assert!(other("host-network", "pod").host_network_pods);
        assert!(!other("node-traffic-exempt", "no").node_traffic_exempt);
        assert!(!other("end-port", "no").end_port);
        assert_eq!(other("enforcement", "always").enforcement, Enforcement::Always);
        assert_eq!(other("enforces", "Cilium, Calico").enforced, [Family::Cilium, Family::Calico].into());
        assert_eq!(other("enforces", "").enforced, BTreeSet::new());
        assert_eq!(other("pod-networks", "10.244.0.0/16,fd00::/48").pod_networks.len(), 2);
    }

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        let told = |name: &str, value: &str| set(name, value).unwrap_err();
        assert_eq!(told("ipblock-matches-pod", "yes"), "there is no network option ipblock-matches-pod");
        assert_eq!(meant("ipblock-matches-pod", "yes").as_deref(), Some("ipblock-matches-pods"));
        assert_eq!(told("end-port", "ye"), "end-port: ye is not yes or no");
        assert_eq!(meant("end-port", "ye").as_deref(), Some("yes"));
        assert_eq!(meant("enforcement", "alway").as_deref(), Some("always"));
        assert_eq!(meant("enforces", "NetworkPolicy,Cillium").as_deref(), Some("Cilium"));
        assert!(told("pod-networks", "10.244.0.0/33").starts_with("pod-networks: 10.244.0.0/33 is not networks"));
        assert_eq!(told("host-network", ""), "host-network: an empty value is not node or pod");
    }

    #[test]
    fn what_was_given_stays_when_the_plugin_changes() {
        let mut given = Plugin::default();
        given.set("ipblock-matches-pods", "yes").unwrap();
        let cilium = given.over(Plugin::of(PluginName::Cilium));
        assert!(cilium.blocks_match_pods && !cilium.blocks_match_nodes && cilium.name == PluginName::Cilium);
    }

    #[test]
    fn kinds_that_are_given_are_known_without_a_named_plugin() {
        let mut plugin = Plugin::default();
        assert!(!plugin.enforces(Kind::CiliumNetworkPolicy) && !plugin.knows_what_is_enforced());
        plugin.set("enforces", "NetworkPolicy,Cilium").unwrap();
        assert!(plugin.enforces(Kind::CiliumNetworkPolicy) && plugin.knows_what_is_enforced());
        assert!(!plugin.declared);
    }
}
