//! The ruleset from a file.

use std::path::Path;

use crate::{model::Name, report::ReportError, ruleset::Ruleset};

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
    let _text = std::fs::read_to_string(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    Ok(Ruleset::default())
}

/// `file:line:column: reason; suggestion`, one line each.
fn shown(errors: &[ReportError]) -> String {
    let lines = errors.iter().map(|error| {
        let at = error.position.as_ref().map(|at| format!("{}:{}:", at.line, at.column)).unwrap_or_default();
        let suggestion = error.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default();
        format!("{}:{at} {}{suggestion}", error.file, error.reason)
    });
    lines.collect::<Vec<_>>().join("\n")
}
