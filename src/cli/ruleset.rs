//! The ruleset from a file.

use std::path::Path;

use crate::{
    model::{Kind, Name},
    report::ReportError,
    ruleset::{Exemption, IN_FORCE, Ruleset, of_kind},
    snapshot::Snapshot,
    source::{Source, SourceError},
};

use super::manifests::error_at;

/// Why a ruleset file does not load.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", shown(.0))]
pub(crate) struct RulesetFileError(pub(crate) Vec<ReportError>);

/// Reads a ruleset. Every error has its place and, where there is one, what was probably meant.
pub(crate) fn load(path: &Path) -> Result<Ruleset, RulesetFileError> {
    let file: Name = path.to_string_lossy().as_ref().into();
    let fail = |reason: String| {
        RulesetFileError(vec![ReportError { file: file.clone(), position: None, reason, suggestion: None }])
    };
    let text = std::fs::read_to_string(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let source = Source::new(file, text);
    Ruleset::parse_text(&source).map_err(|errors| {
        let report = |SourceError { file, line, column, reason, suggestion }| {
            error_at(&source.text, &file, (line, column), reason, suggestion)
        };
        RulesetFileError(errors.into_iter().map(report).collect())
    })
}

/// Says which settings among the objects are in force, where there are any.
pub(super) fn in_force_by_objects(snapshot: &Snapshot, is_given: bool) -> Option<String> {
    let rulesets =
        of_kind(snapshot, Kind::Ruleset).filter(|settings| settings.meta.name == IN_FORCE && !is_given).count();
    let exemptions =
        of_kind(snapshot, Kind::Exemption).filter(|settings| Exemption::of_object(settings).is_ok()).count();
    let exempting = match exemptions {
        0 => None,
        1 => Some("1 Exemption".to_owned()),
        count => Some(format!("{count} Exemptions")),
    };
    let parts: Vec<String> =
        (rulesets > 0).then(|| format!("the Ruleset {IN_FORCE}")).into_iter().chain(exempting).collect();
    let count = rulesets + exemptions;
    (count > 0).then(|| format!("judged by {}, found among the objects", parts.join(" and ")))
}

/// `file:line:column: reason; suggestion`, one line each.
pub(super) fn shown(errors: &[ReportError]) -> String {
    let lines = errors.iter().map(|error| {
        let at = error.position.as_ref().map(|at| format!("{}:{}:", at.line, at.column)).unwrap_or_default();
        let suggestion = error.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default();
        format!("{}:{at} {}{suggestion}", error.file, error.reason)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ruleset_with_a_mistake_does_not_load_and_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ruleset.yaml");
        let head = "apiVersion: ringwall.dev/v1alpha1\nkind: Ruleset\nmetadata: {name: default}\n";
        std::fs::write(&path, format!("{head}spec:\n  flor: baseline\n")).unwrap();
        let told = load(&path).unwrap_err().to_string();
        assert!(told.ends_with("ruleset.yaml:5:3: spec.flor: unknown field flor; did you mean floor?"), "{told}");
        std::fs::write(&path, format!("{head}spec:\n  floor: baseline\n")).unwrap();
        assert_eq!(load(&path).unwrap().floor, crate::ruleset::Profile::Baseline);
    }
}
