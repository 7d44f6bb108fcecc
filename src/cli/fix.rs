//! `ringwall fix`: the YAML that mends a finding.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    model::{Kind, Labels, Name, ObjectKey},
    network::Direction,
    rules::{Context, FixError, FixTarget, fix, is_mended_in_place, mend},
    ruleset::Ruleset,
    source,
};

use super::{inputs, manifests, output, rules::named, ruleset};

/// Print the YAML that mends a finding, ready for `kubectl apply -f -`
///
/// For Pods it goes by namespace and labels, for a refused Pod does not exist: the policy that they lack is printed. What is wrong with an
/// Ingress, a Gateway or a Service is mended in the object itself, which is read with -f and printed as it should be.
#[derive(Args)]
pub(super) struct Fix {
    /// The rule
    rule: String,
    /// The namespace; of manifests, that of objects that name none
    #[arg(long, short)]
    namespace: Option<String>,
    /// The labels of the Pods; all Pods of the namespace when they are left out
    #[arg(long = "selector", short = 'l', value_delimiter = ',', value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(Name, Name)>,
    /// The policy that is replaced
    #[arg(long)]
    name: Option<String>,
    /// The direction, for rules that hold in both
    #[arg(long, value_enum)]
    direction: Option<DirectionName>,
    /// The manifests that are mended: files, folders, or - for standard input. Those that nothing is wrong with are not printed
    #[arg(long = "filename", short = 'f', value_name = "PATH")]
    manifests: Vec<PathBuf>,
    /// The ruleset, for what it says of controllers
    #[arg(long, value_name = "FILE", requires = "manifests")]
    ruleset: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum DirectionName {
    Ingress,
    Egress,
}

impl Fix {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let rule = named(&self.rule)?;
        if is_mended_in_place(rule.id.0) {
            return self.in_place(rule.id.0);
        }
        let target = FixTarget {
            namespace: self.namespace.map(Name::from),
            labels: self.labels.into_iter().collect::<Labels>(),
            name: self.name.map(Name::from),
            direction: self.direction.map(|direction| match direction {
                DirectionName::Ingress => Direction::Ingress,
                DirectionName::Egress => Direction::Egress,
            }),
        };
        output::print(&fix(rule.id.0, &target)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Fix {
    /// Prints the objects that the rule finds something in, mended.
    fn in_place(&self, rule: &'static str) -> anyhow::Result<ExitCode> {
        if self.manifests.is_empty() {
            return Err(FixError::Missing { rule: rule.to_owned(), what: "-f, the manifests to mend" }.into());
        }
        let (sources, unread) = inputs::read(&self.manifests);
        let rules = self.ruleset.as_deref().map(ruleset::load).transpose()?.unwrap_or_default();
        let Ruleset { environment, parameters, .. } = &rules;
        let namespace = self.namespace.as_deref().unwrap_or("default");
        let (loaded, wrong) = manifests::load(&sources, namespace);
        let errors: Vec<_> = unread.into_iter().chain(wrong).collect();
        if !errors.is_empty() {
            bail!("{}", ruleset::shown(&errors));
        }
        let snapshot = &loaded.snapshot;
        let context = Context { snapshot, environment, parameters, now: Timestamp::now(), shared: None };
        let mut text = String::new();
        let mut is_whole = true;
        for document in sources.iter().flat_map(source::documents) {
            let mut value = document?.value;
            let Some(key) = key_of(&value, namespace) else { continue };
            let mended = mend(&context, rule, &key, &mut value)?;
            for left in &mended.left {
                output::complain(&format!("{key}: {left}\n"));
            }
            is_whole &= mended.left.is_empty() || !mended.done.is_empty();
            if mended.done.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push_str("---\n");
            }
            for done in &mended.done {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "# {done}");
            }
            text.push_str(&source::yaml(&value));
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        if text.is_empty() && is_whole {
            output::complain(&format!("there is nothing that {rule} holds against these manifests\n"));
        }
        output::print(&text)?;
        Ok(super::exit::of_reading(is_whole))
    }
}

/// The object that a document is, if it is one that is read.
fn key_of(value: &Value, default_namespace: &str) -> Option<ObjectKey> {
    let text = |value: &Value, field: &str| value.get(field)?.as_str().map(str::to_owned);
    let kind = Kind::of(&text(value, "apiVersion")?, &text(value, "kind")?)?;
    let metadata = value.get("metadata")?;
    let namespace = text(metadata, "namespace").unwrap_or_else(|| default_namespace.to_owned());
    Some(ObjectKey::namespaced(kind, namespace, text(metadata, "name")?))
}

/// `key=value`; the value may be empty.
fn label(text: &str) -> anyhow::Result<(Name, Name)> {
    let (key, value) = text.split_once('=').ok_or_else(|| anyhow!("a label is written key=value"))?;
    Ok((key.into(), value.into()))
}
