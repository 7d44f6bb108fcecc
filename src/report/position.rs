//! Where a finding is in the text.

use std::{ops::Range, sync::Arc};

use crate::model::Name;

/// A place in a file, with the file's text, so that the lines themselves can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file's path as the user gave it.
    pub file: Name,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The bytes of the text that are meant.
    pub span: Range<usize>,
    /// The file's whole text.
    pub text: Arc<str>,
}

impl Position {
    /// The lines that are meant, whole, and where in them the span is. A span of many lines is cut to its first: the head of
    /// an object says enough.
    pub(super) fn lines(&self) -> (&str, Range<usize>) {
        let start = floor(&self.text, self.span.start);
        let (before, after) = self.text.split_at(start);
        let first = before.rfind('\n').map_or(0, |end| end + 1);
        let end = start + after.find('\n').unwrap_or(after.len());
        let line = self.text.get(first..end).unwrap_or("").trim_end_matches('\r');
        let from = (start - first).min(line.len());
        let to = floor(&self.text, self.span.end).saturating_sub(first).clamp(from, line.len());
        let to = if to == from { next(line, from) } else { to };
        (line, from..to)
    }

    /// The column just behind the span, on the same line, from 1.
    pub(super) fn end_column(&self) -> usize {
        let (line, span) = self.lines();
        self.column + line.get(span).unwrap_or("").chars().count()
    }
}

/// The last character boundary that is not behind the offset.
fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The offset behind the character at an offset.
fn next(text: &str, offset: usize) -> usize {
    text.get(offset..).and_then(|rest| rest.chars().next()).map_or(offset, |first| offset + first.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str, span: Range<usize>) -> Position {
        Position { file: "a.yaml".into(), line: 1, column: 1, span, text: text.into() }
    }

    #[test]
    fn the_line_of_a_span_is_found_and_many_lines_are_cut_to_the_first() {
        assert_eq!(position("a: 1\nb: 2\nc: 3\n", 5..6).lines(), ("b: 2", 0..1));
        assert_eq!(position("a: 1\r\nb: 2\r\n", 0..10).lines(), ("a: 1", 0..4));
        assert_eq!(position("spec: {}", 8..8).lines(), ("spec: {}", 8..8));
    }

    #[test]
    fn a_span_that_does_not_fit_the_text_does_no_harm() {
        assert_eq!(position("é", 1..40).lines(), ("é", 0..2));
        assert_eq!(position("", 7..3).lines(), ("", 0..0));
    }
}
