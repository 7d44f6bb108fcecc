//! From the path of a field to its place in the text.

use std::{ops::Range, sync::Arc};

use super::{
    Location, Place,
    compose::{Composer, Content, Node},
};
use crate::model::{FieldPath, Name, Step};

impl Place {
    pub(super) fn new(file: Name, text: Arc<str>, span: Range<usize>, (line, column): (usize, usize)) -> Self {
        Self { file, text: Some(text), span, line, column, item: None }
    }

    pub(super) fn item(self, item: usize) -> Self {
        Self { item: Some(item), ..self }
    }

    /// The same place without the text, which then may be dropped. Only the start of the document can be told from then on.
    #[must_use]
    pub fn without_text(self) -> Self {
        Self { text: None, ..self }
    }

    /// The name of the text.
    pub fn file(&self) -> &Name {
        &self.file
    }

    /// The text, while it is kept.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The text to keep, while it is kept.
    pub fn shared_text(&self) -> Option<Arc<str>> {
        self.text.clone()
    }

    /// Where a field is; the nearest that is there above it when it is missing. Of a field with a scalar the key and the value,
    /// of others the key; of an entry of a list its first line; of the document its kind.
    pub fn locate(&self, path: &FieldPath) -> Location {
        let found = self.text.as_deref().and_then(|text| text.get(self.span.clone())).and_then(|text| {
            let root = Composer::new(text).next()?.ok()?;
            let span = self.walk(&root, path, text);
            Some(self.location_in(text, span))
        });
        found.unwrap_or_else(|| self.start())
    }

    /// Where the document begins.
    pub fn start(&self) -> Location {
        Location {
            file: self.file.clone(),
            line: self.line,
            column: self.column,
            span: self.span.start..self.span.start,
        }
    }

    fn walk(&self, root: &Node, path: &FieldPath, text: &str) -> Range<usize> {
        let mut node = root;
        if let Some(item) = self.item
            && let Some(Content::List(items)) = root.entry("items").map(|entry| &entry.node.content)
            && let Some(item) = items.get(item)
        {
            node = item;
        }
        let mut span = match node.entry("kind") {
            Some(kind) => kind.key_span.start..kind.node.span.end,
            None => first_line(&node.span, text),
        };
        for step in path.steps() {
            match (&step, &node.content) {
                (Step::Field(name), _) => {
                    let Some(entry) = node.entry(name) else { break };
                    node = &entry.node;
                    span = match node.content {
                        // An alias may stand before its key's line, and a text over several lines is too much to show.
                        Content::Scalar(_) if node.span.start >= entry.key_span.end => {
                            first_line(&(entry.key_span.start..node.span.end), text)
                        }
                        _ => entry.key_span.clone(),
                    };
                }
                (Step::Index(index), Content::List(nodes)) => {
                    let Some(entry) = nodes.get(*index) else { break };
                    node = entry;
                    span = first_line(&node.span, text);
                }
                (Step::Index(_), _) => break,
            }
        }
        span
    }

    pub(super) fn location_in(&self, text: &str, span: Range<usize>) -> Location {
        let before = text.get(..span.start).unwrap_or_default();
        let newlines = before.bytes().filter(|byte| *byte == b'\n').count();
        let last = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let column = if newlines == 0 { self.column + last } else { last + 1 };
        let span = self.span.start + span.start..self.span.start + span.end;
        Location { file: self.file.clone(), line: self.line + newlines, column, span }
    }
}

fn first_line(span: &Range<usize>, text: &str) -> Range<usize> {
    let lines = text.get(span.clone()).unwrap_or_default();
    let line = lines.split('\n').next().unwrap_or_default().trim_end();
    span.start..span.start + line.len()
}
