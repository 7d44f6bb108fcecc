//! From texts to what `report` and `decision` take: the snapshot, what is wrong with the texts, and where fields are in them.

use crate::{
    manifest::{self, Loaded, ManifestError, Options, Origins},
    model::{FieldPath, Kind, Name, ObjectKey},
    report::{Position, ReportError},
    source::{
        Locate, Location, Source,
        secretive::{document_around, may_hold_secret},
    },
};

/// Reads the objects of all texts; those that name no namespace go to the given one. What is wrong is told beside them.
pub(super) fn load(sources: &[Source], namespace: &str) -> (Loaded, Vec<ReportError>) {
    let options = Options { default_namespace: namespace.into(), keep_text: true };
    let loaded = manifest::load(sources.iter().cloned(), &options);
    let errors = loaded.errors.iter().map(|error| report(error, sources)).collect();
    (loaded, errors)
}

/// Where the objects of the files are; for a Namespace that no file holds, where it is named first.
pub(super) struct Places<'a>(pub(super) &'a Origins);

impl Locate for Places<'_> {
    fn locate(&self, object: &ObjectKey, path: &FieldPath) -> Option<Location> {
        let Self(origins) = self;
        origins.locate(object, path).or_else(|| {
            let is_in =
                |key: &&ObjectKey| object.kind == Kind::Namespace && key.namespace.as_ref() == Some(&object.name);
            let first = origins.objects().find(is_in)?;
            origins.locate(first, &FieldPath::root().field("metadata").field("namespace"))
        })
    }

    fn text_of(&self, file: &str) -> Option<&str> {
        self.0.text_of(file)
    }
}

fn report(error: &ManifestError, sources: &[Source]) -> ReportError {
    let text = sources.iter().find(|source| source.name == error.file).map_or("", |source| &source.text);
    let object = error.object.as_ref().map(ToString::to_string).filter(|object| !error.reason.starts_with(object));
    let path = Some(error.path.as_str()).filter(|path| object.is_some() && !path.is_empty());
    let parts: Vec<&str> = object.as_deref().into_iter().chain(path).chain([error.reason.as_str()]).collect();
    let reason = parts.join(": ");
    let suggestion = error.suggestion.clone();
    let mut report = error_at(text, &error.file, (error.line, error.column), reason, suggestion);
    let may_be_shown = match &error.object {
        Some(object) => object.kind != Kind::Secret,
        None => !may_hold_secret(document_around(text, offset(text, error.line, error.column))),
    };
    if !may_be_shown {
        report.position = report.position.map(Position::without_line);
    }
    report
}

/// An error at a line and column of a text.
pub(super) fn error_at(
    text: &str,
    file: &Name,
    (line, column): (usize, usize),
    reason: String,
    suggestion: Option<String>,
) -> ReportError {
    let start = offset(text, line, column);
    let location = Location { file: file.clone(), line, column, span: start..start };
    ReportError { file: file.clone(), position: Some(Position::new(location, text)), reason, suggestion }
}

/// The byte at which a line and column are, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
    let within = lines.next().unwrap_or("").char_indices().nth(column.saturating_sub(1));
    before + within.map_or(0, |(at, _)| at)
}
