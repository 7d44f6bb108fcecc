//! YAML events to a tree of nodes that know their place.
//!
//! Bounded: nesting and the number of nodes, aliases expanded, have limits, so that no small text becomes a large tree.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::{scalar, secretive::quoted};

const DEPTH: usize = 100;
const NODES: usize = 2_000_000;

/// A value and where it is written, in bytes from the start of what was parsed.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
    /// Whether it came with a merge key; such an entry gives way to what is written.
    merged: bool,
}

/// What stands in the way, and where.
#[derive(Debug)]
pub(super) struct ComposeError {
    pub(super) offset: usize,
    pub(super) reason: String,
    pub(super) suggestion: Option<String>,
}

impl Node {
    /// The value without the places.
    pub(super) fn into_value(self) -> Value {
        match self.content {
            Content::Scalar(value) => value,
            Content::List(nodes) => Value::Array(nodes.into_iter().map(Self::into_value).collect()),
            Content::Map(entries) => {
                let entries = entries.into_iter().map(|entry| (entry.key, entry.node.into_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// The entry of that key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar(_) => 0,
            Content::List(nodes) => nodes.iter().map(Self::size).sum(),
            Content::Map(entries) => entries.iter().map(|entry| 1 + entry.node.size()).sum(),
        }
    }
}

/// The documents of a text in order; after an error there are no more.
pub(super) struct Composer<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    ended: bool,
}

impl<'a> Composer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0, ended: false }
    }

    fn event(&mut self) -> Result<(Event<'a>, Range<usize>), ComposeError> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok((event, self.range(span))),
                Some(Err(error)) => {
                    let marker = error.marker();
                    let offset = marker.byte_offset().unwrap_or_else(|| self.offset_of(marker.line(), marker.col()));
                    let reason = format!("not YAML: {}", error.info());
                    return Err(ComposeError { offset, reason, suggestion: None });
                }
                None => return Ok((Event::StreamEnd, self.text.len()..self.text.len())),
            }
        }
    }

    fn range(&self, span: Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        range.start.min(self.text.len())..range.end.min(self.text.len())
    }

    fn offset_of(&self, line: usize, column: usize) -> usize {
        let before: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = self.text.get(before..).unwrap_or_default();
        before + rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset)
    }

    /// The mistakes that are made most.
    fn suggest(&self, offset: usize) -> Option<String> {
        let start = self.text.get(..offset)?.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text.get(start..)?.lines().next()?;
        let indent = line.len() - line.trim_start().len();
        if line.get(..indent)?.contains('\t') {
            return Some("indent with spaces: YAML does not allow tabs there".to_owned());
        }
        if line.contains("{{") {
            return Some("this is a template: render it first, as `helm template` does".to_owned());
        }
        line.trim_start()
            .split_once(": ")
            .filter(|(_, value)| value.contains(": ") && !value.starts_with(['"', '\'', '{', '[']))?;
        Some("put a value that contains \": \" into quotes".to_owned())
    }

    fn node(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Node, ComposeError> {
        let fail = |offset, reason: &str| Err(ComposeError { offset, reason: reason.to_owned(), suggestion: None });
        self.nodes += 1;
        if depth > DEPTH {
            return fail(span.start, "nested too deeply");
        }
        if self.nodes > NODES {
            return fail(span.start, "too large, with its aliases expanded");
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let value = match scalar::tagged(&text, tag.as_deref().and_then(core), is_plain) {
                    Ok(value) => value,
                    Err(reason) => return fail(span.start, reason),
                };
                Ok(self.anchored(anchor, Node { span, content: Content::Scalar(value) }))
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut nodes = Vec::new();
                let end = loop {
                    match self.event()? {
                        (Event::SequenceEnd, end) => break end,
                        (event, span) => nodes.push(self.node(event, span, depth + 1)?),
                    }
                };
                Ok(self.anchored(anchor, Node { span: span.start..end.end, content: Content::List(nodes) }))
            }
            Event::MappingStart(_, anchor, _) => {
                let mut entries = Vec::new();
                let end = loop {
                    match self.event()? {
                        (Event::MappingEnd, end) => break end,
                        (event, span) => self.entry(event, span, depth + 1, &mut entries)?,
                    }
                };
                Ok(self.anchored(anchor, Node { span: span.start..end.end, content: Content::Map(entries) }))
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, size)) => {
                    self.nodes = self.nodes.saturating_add(*size);
                    if self.nodes > NODES {
                        return fail(span.start, "too large, with its aliases expanded");
                    }
                    Ok(Node { span, content: node.content.clone() })
                }
                None => fail(span.start, "an anchor that contains itself"),
            },
            _ => fail(span.start, "not YAML: a value is missing"),
        }
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor > 0 {
            let size = node.size();
            self.anchors.insert(anchor, (node.clone(), size));
        }
        node
    }

    fn entry(
        &mut self,
        event: Event<'a>,
        key_span: Range<usize>,
        depth: usize,
        entries: &mut Vec<Entry>,
    ) -> Result<(), ComposeError> {
        let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
        let key_node = self.node(event, key_span.clone(), depth)?;
        let (event, span) = self.event()?;
        let node = self.node(event, span, depth)?;
        if is_merge {
            return merge(node, entries);
        }
        let fail = |reason: String| ComposeError { offset: key_span.start, reason, suggestion: None };
        let key = match key_node.content {
            Content::Scalar(Value::String(key)) => key,
            Content::Scalar(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
            _ => return Err(fail("a key must be a text".to_owned())),
        };
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) if entry.merged => *entry = Entry { key, key_span, node, merged: false },
            Some(_) => return Err(fail(format!("the key {} is there twice", quoted(&key)))),
            None => entries.push(Entry { key, key_span, node, merged: false }),
        }
        Ok(())
    }
}

/// Merges as kubectl does: over what stands before the merge key, under what stands after it; of several, the first wins.
fn merge(node: Node, entries: &mut Vec<Entry>) -> Result<(), ComposeError> {
    let offset = node.span.start;
    match node.content {
        Content::Map(merged) => {
            for entry in merged {
                entries.retain(|other| other.key != entry.key);
                entries.push(Entry { merged: true, ..entry });
            }
            Ok(())
        }
        Content::List(nodes) if nodes.iter().all(|node| matches!(node.content, Content::Map(_))) => {
            nodes.into_iter().rev().try_for_each(|node| merge(node, entries))
        }
        _ => {
            let reason = "a merge key needs a mapping, or a list of mappings".to_owned();
            Err(ComposeError { offset, reason, suggestion: None })
        }
    }
}

/// The name of a tag of YAML's own.
fn core(tag: &Tag) -> Option<&str> {
    (tag.handle() == "tag:yaml.org,2002:").then(|| tag.suffix())
}

impl Iterator for Composer<'_> {
    type Item = Result<Node, ComposeError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let next = match self.event() {
                Ok((Event::StreamEnd, _)) => None,
                Ok((Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _)) => {
                    self.anchors.clear();
                    continue;
                }
                Ok((event, span)) => Some(self.node(event, span, 0)),
                Err(error) => Some(Err(error)),
            };
            self.ended = !matches!(next, Some(Ok(_)));
            let suggest = |error: ComposeError| ComposeError { suggestion: self.suggest(error.offset), ..error };
            return next.map(|node| node.map_err(suggest));
        }
        None
    }
}
