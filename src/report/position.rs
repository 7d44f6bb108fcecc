//! Where a finding is in the text.

use std::ops::Range;

use crate::{
    model::Name,
    source::{Location, secretive::may_hold_secret},
};

/// A place in a file, with the line itself, so that it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file's path as the user gave it.
    pub file: Name,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The line itself; empty when it may hold what a Secret does.
    pub excerpt: String,
    /// The bytes of the line that are meant.
    pub marked: Range<usize>,
}

impl Position {
    /// The place with its line. What spans many lines is cut to the first: the head of an object says enough.
    pub fn new(location: Location, text: &str) -> Self {
        let Location { file, line, column, span } = location;
        let start = floor(text, span.start);
        let (before, after) = text.split_at(start);
        let first = before.rfind('\n').map_or(0, |end| end + 1);
        let end = start + after.find('\n').unwrap_or(after.len());
        let excerpt = text.get(first..end).unwrap_or("").trim_end();
        let from = (start - first).min(excerpt.len());
        let to = floor(text, span.end).saturating_sub(first).clamp(from, excerpt.len());
        let to = if to == from { next(excerpt, from) } else { to };
        let position = Self { file, line, column, excerpt: excerpt.to_owned(), marked: from..to };
        if may_hold_secret(excerpt) { position.without_line() } else { position }
    }

    /// The place without its line: in a Secret, even a line that is no YAML may be part of a key.
    #[must_use]
    pub fn without_line(self) -> Self {
        Self { excerpt: String::new(), marked: 0..0, ..self }
    }

    /// The column just behind what is meant, from 1.
    pub(super) fn end_column(&self) -> usize {
        let marked = self.excerpt.get(self.marked.clone()).unwrap_or("");
        self.column + marked.chars().count().max(1)
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

    fn line(text: &str, span: Range<usize>) -> (String, Range<usize>) {
        let position = Position::new(Location { file: "a.yaml".into(), line: 1, column: 1, span }, text);
        (position.excerpt, position.marked)
    }

    #[test]
    fn the_line_of_a_span_is_found_and_many_lines_are_cut_to_the_first() {
        assert_eq!(line("a: 1\nb: 2\nc: 3\n", 5..6), ("b: 2".to_owned(), 0..1));
        assert_eq!(line("a: 1\r\nb: 2\r\n", 0..10), ("a: 1".to_owned(), 0..4));
        assert_eq!(line("spec: {}", 8..8), ("spec: {}".to_owned(), 8..8));
    }

    #[test]
    fn a_span_that_does_not_fit_the_text_does_no_harm() {
        assert_eq!(line("é", 1..40), ("é".to_owned(), 0..2));
        assert_eq!(line("", Range { start: 7, end: 3 }), (String::new(), 0..0));
    }
}
