//! The network plugins and their options, as the page `docs/network-plugins.md`.

use std::fmt::Write;

use crate::network::{Plugin, PluginName, PluginOption};

/// The command that makes the page.
pub const COMMAND: &str = "cargo run -- plugins > docs/network-plugins.md";

/// The page.
pub fn markdown() -> String {
    let mut out = format!(
        "# Network plugins\n\nMade from the code by `{COMMAND}`; not to be edited by hand.\n\n\
         What selectors and networks in policies mean, and which policies count at all, depends on the network plugin. Ringwall\n\
         knows the plugins below by name, each as a set of options as it is installed by default in November 2026.\n\n\
         A ruleset names the plugin, and single options where they are otherwise:\n\n\
         ```yaml\nspec:\n  environment:\n    networkPlugin: cilium\n    networkOptions: {{ipblock-matches-nodes: \"yes\"}}\n```\n\n\
         On the command line it is `--network-plugin cilium --network-option ipblock-matches-nodes=yes`. Options without a named\n\
         plugin change what is assumed where none is named: `reference`, of which only NetworkPolicies are known to be enforced\n\
         until `enforces` says otherwise. `ringwall reach` and `ringwall trace`, which describe instead of judging, take the plugin that\n\
         the objects tell of (`cilium` where there are Cilium policies, `calico` where there are Calico's, else `reference`) and say\n\
         so.\n\n## Options\n\n| option | says | values |\n| --- | --- | --- |\n"
    );
    for option in PluginOption::ALL {
        let _ = writeln!(out, "| `{}` | {} | {} |", option.name, option.what, option.values);
    }
    out.push_str("\n## Plugins\n\n|");
    let names = PluginName::ALL.map(|name| format!(" {name} |")).concat();
    let _ = writeln!(out, " option |{names}\n| --- |{}", " --- |".repeat(PluginName::ALL.len()));
    for option in PluginOption::ALL {
        let values = PluginName::ALL.map(|name| {
            let value = option.of(&Plugin::of(name)).replace(',', ", ");
            format!(" {} |", if value.is_empty() { "-" } else { &value })
        });
        let _ = writeln!(out, "| `{}` |{}", option.name, values.concat());
    }
    for name in PluginName::ALL {
        let _ = writeln!(out, "\n### {name}\n");
        for source in name.sources() {
            let _ = writeln!(out, "- {source}");
        }
    }
    out
}
