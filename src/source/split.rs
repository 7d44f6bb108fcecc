//! Texts to documents: where one ends and the next begins, lists and their items.

use std::{collections::VecDeque, ops::Range};

use serde_json::Value;

use super::{
    Document, Place, Source, SourceError,
    compose::{ComposeError, Composer, Content, Node},
    json::{self, ItemKind},
};

/// The documents of a text, one at a time: YAML documents, JSON objects, and the items of lists of objects. Empty documents
/// are left out.
pub fn documents(source: &Source) -> impl Iterator<Item = Result<Document, SourceError>> {
    Documents { source, next: 0, counted: 0, line: 1, column: 1, pending: VecDeque::new(), json: None }
}

struct Documents<'a> {
    source: &'a Source,
    /// Where the next part begins.
    next: usize,
    /// How far lines have been counted, and what that is the line and the column of.
    counted: usize,
    line: usize,
    column: usize,
    pending: VecDeque<Result<Document, SourceError>>,
    /// What is left of a part, or of a list, that is being read as JSON.
    json: Option<JsonPart<'a>>,
}

/// JSON values that are still to be read.
struct JsonPart<'a> {
    /// The items of a list, in reverse.
    items: Vec<&'a serde_json::value::RawValue>,
    /// What the items are, if the list says so.
    list: Option<ItemKind>,
    /// What comes after it.
    rest: Range<usize>,
}

impl Iterator for Documents<'_> {
    type Item = Result<Document, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.pending.pop_front() {
                return Some(next);
            }
            if let Some(part) = self.json.take() {
                self.read_json(part);
            } else {
                let part = self.part()?;
                self.read(part);
            }
        }
    }
}

impl<'a> Documents<'a> {
    /// What lies between this and the next line that is `---`.
    fn part(&mut self) -> Option<Range<usize>> {
        let text = &*self.source.text;
        let start = self.next;
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let mut end = start;
        for line in rest.split_inclusive('\n') {
            if is_separator(line) {
                self.next = end + "---".len();
                return Some(start..end);
            }
            end += line.len();
        }
        self.next = end;
        Some(start..end)
    }

    fn text(&self, span: Range<usize>) -> &'a str {
        self.source.text.get(span).unwrap_or_default()
    }

    /// Reads a part: JSON if it begins like it, otherwise YAML.
    fn read(&mut self, part: Range<usize>) {
        let text = self.text(part.clone());
        let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let start = part.end - trimmed.len();
        if trimmed.starts_with('{') {
            self.json = Some(JsonPart { items: Vec::new(), list: None, rest: start..part.end });
        } else if trimmed.lines().any(|line| !line.trim().is_empty() && !line.starts_with(['#', '%'])) {
            // From the beginning of the line, for the indentation matters.
            let indent = text.get(..text.len() - trimmed.len()).unwrap_or_default();
            let start = start - indent.rsplit(['\n', '\u{feff}']).next().unwrap_or_default().len();
            self.read_yaml(start..part.end);
        }
    }

    fn read_yaml(&mut self, span: Range<usize>) {
        let text = self.text(span.clone());
        let place = self.place(span);
        for node in Composer::new(text) {
            match node {
                Ok(node) => self.admit_yaml(node, &place),
                Err(error) => self.pending.push_back(Err(failure(&place, text, error))),
            }
        }
    }

    fn admit_yaml(&mut self, mut node: Node, place: &Place) {
        let kind = match node.entry("kind").map(|entry| &entry.node.content) {
            Some(Content::Scalar(Value::String(kind))) if kind.ends_with("List") => kind.clone(),
            _ => String::new(),
        };
        if let (false, Content::Map(entries)) = (kind.is_empty(), &mut node.content)
            && let Some(position) = entries.iter().position(|entry| entry.key == "items")
            && matches!(entries.get(position).map(|entry| &entry.node.content), Some(Content::List(_)))
        {
            let Content::List(items) = entries.swap_remove(position).node.content else { return };
            let list = item_kind(&node.into_value());
            for (index, item) in items.into_iter().enumerate() {
                self.admit(item.into_value(), place.clone().item(index), list.as_ref());
            }
        } else {
            self.admit(node.into_value(), place.clone(), None);
        }
    }

    fn read_json(&mut self, mut part: JsonPart<'a>) {
        if let Some(item) = part.items.pop() {
            let list = part.list.clone();
            self.json = Some(part);
            let start = item.get().as_ptr() as usize - self.source.text.as_ptr() as usize;
            self.json_value(start..start + item.get().len(), list.as_ref());
            return;
        }
        let text = self.text(part.rest.clone());
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
        match stream.next() {
            None => {}
            Some(Ok(raw)) => {
                let end = part.rest.start + stream.byte_offset();
                let start = end - raw.get().len();
                let rest = end..part.rest.end;
                if let Some((items, list)) = json::items(raw.get()) {
                    self.json = Some(JsonPart { items: items.into_iter().rev().collect(), list, rest });
                } else {
                    self.json = Some(JsonPart { items: Vec::new(), list: None, rest });
                    self.json_value(start..end, None);
                }
            }
            // What begins with a brace may be YAML as well.
            Some(Err(error)) => {
                let yaml: Vec<_> = Composer::new(text).collect();
                if yaml.iter().all(Result::is_ok) {
                    self.read_yaml(part.rest);
                } else {
                    let place = self.place(part.rest);
                    self.pending.push_back(Err(json_failure(&place, &error)));
                }
            }
        }
    }

    fn json_value(&mut self, span: Range<usize>, list: Option<&ItemKind>) {
        let text = self.text(span.clone());
        let place = self.place(span);
        match serde_json::from_str(text) {
            Ok(json::Strict(value)) => self.admit(value, place, list),
            Err(error) => self.pending.push_back(Err(json_failure(&place, &error))),
        }
    }

    fn admit(&mut self, mut value: Value, place: Place, list: Option<&ItemKind>) {
        match &mut value {
            Value::Null => return,
            Value::Object(fields) => {
                // Items of a typed list, as the API server sends them, do not repeat what they are.
                if let Some(ItemKind { api_version, kind }) = list {
                    fields.entry("apiVersion").or_insert_with(|| Value::from(api_version.as_str()));
                    fields.entry("kind").or_insert_with(|| Value::from(kind.as_str()));
                }
            }
            _ => {
                let reason = "an object is expected here".to_owned();
                let error = ComposeError { offset: 0, reason, suggestion: None };
                self.pending.push_back(Err(failure(&place, "", error)));
                return;
            }
        }
        self.pending.push_back(Ok(Document { value, place }));
    }

    /// The place of some bytes; called in the order of the text.
    fn place(&mut self, span: Range<usize>) -> Place {
        let text = &self.source.text;
        let since = text.get(self.counted..span.start).unwrap_or_default();
        self.line += since.bytes().filter(|byte| *byte == b'\n').count();
        let in_line = since.rsplit('\n').next().unwrap_or_default();
        let columns = in_line.chars().filter(|c| *c != '\u{feff}').count();
        self.column = if in_line.len() < since.len() { columns + 1 } else { self.column + columns };
        self.counted = self.counted.max(span.start);
        Place::new(self.source.name.clone(), text.clone(), span, (self.line, self.column))
    }
}

/// Whether a line divides documents.
pub(super) fn is_separator(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|after| after.trim_start().len() < after.len() || after.is_empty())
}

/// What the items of a YAML list are.
fn item_kind(list: &Value) -> Option<ItemKind> {
    let text = |field: &str| list.get(field).and_then(Value::as_str);
    ItemKind::of_list(text("apiVersion")?, text("kind")?)
}

fn failure(place: &Place, text: &str, error: ComposeError) -> SourceError {
    let at = place.location_in(text, error.offset..error.offset);
    let ComposeError { reason, suggestion, .. } = error;
    SourceError { file: at.file, line: at.line, column: at.column, reason, suggestion }
}

fn json_failure(place: &Place, error: &serde_json::Error) -> SourceError {
    let start = place.start();
    let column = if error.line() <= 1 { start.column + error.column().saturating_sub(1) } else { error.column() };
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let reason = if error.is_data() { text.to_owned() } else { format!("not JSON: {text}") };
    let line = start.line + error.line().saturating_sub(1);
    SourceError { file: start.file, line, column: column.max(1), reason, suggestion: None }
}
