//! Which network plugin there is, as commands are told or find out.

use clap::{Args, builder::PossibleValuesParser};

use crate::{
    network::{Plugin, PluginName},
    snapshot::Snapshot,
    source::nearest::nearest,
};

/// What policies mean, where the network plugin decides it.
#[derive(Args)]
pub(super) struct NetworkPlugin {
    /// The network plugin, whose reading of policies counts (docs/network-plugins.md)
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PluginName::ALL.map(PluginName::name)))]
    network_plugin: Option<String>,
    /// An option of the network plugin, such as ipblock-matches-pods=no; may be given several times
    #[arg(long = "network-option", value_name = "KEY=VALUE")]
    network_options: Vec<String>,
}

/// A plugin, and why it is this one.
pub(super) struct Chosen {
    /// The plugin.
    pub(super) plugin: Plugin,
    /// Why it was assumed; nothing where somebody has named it.
    pub(super) assumed: Option<String>,
}

impl NetworkPlugin {
    /// The plugin of the ruleset, with what the command line says laid over it. Who names another plugin means that plugin as it
    /// is installed, without the options that the ruleset sets for its own.
    pub(super) fn over(&self, of_ruleset: &Plugin) -> anyhow::Result<Plugin> {
        let named = self.network_plugin.as_deref().and_then(PluginName::of).map(Plugin::of);
        let mut plugin = match named {
            Some(named) if of_ruleset.declared && of_ruleset.name != named.name => named,
            Some(named) => of_ruleset.over(named),
            None => of_ruleset.clone(),
        };
        self.set(&mut plugin)?;
        Ok(plugin)
    }

    /// The same for commands that describe instead of judging: where nobody has named a plugin, it is the one that the objects
    /// tell of.
    pub(super) fn chosen(&self, of_ruleset: &Plugin, snapshot: &Snapshot) -> anyhow::Result<Chosen> {
        if self.network_plugin.is_some() || of_ruleset.declared {
            return Ok(Chosen { plugin: self.over(of_ruleset)?, assumed: None });
        }
        let (inferred, reason) = Plugin::inferred(snapshot);
        let mut plugin = of_ruleset.over(inferred);
        self.set(&mut plugin)?;
        Ok(Chosen { plugin, assumed: Some(reason) })
    }

    fn set(&self, plugin: &mut Plugin) -> anyhow::Result<()> {
        for option in &self.network_options {
            let (name, value) = option.split_once('=').ok_or_else(|| {
                anyhow::anyhow!("--network-option {option}: an option is written KEY=VALUE, such as end-port=no")
            })?;
            plugin.set(name.trim(), value).map_err(|error| {
                let meant = nearest(&error.word, error.known.iter().map(String::as_str));
                let help = match meant {
                    Some(meant) => format!("; did you mean {meant}?"),
                    // The values are said already.
                    None if error.word == name.trim() => format!("; there is {}", error.known.join(", ")),
                    None => String::new(),
                };
                anyhow::anyhow!("--network-option {option}: {error}{help}")
            })?;
        }
        Ok(())
    }
}
