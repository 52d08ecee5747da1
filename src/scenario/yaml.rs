//! YAML 1.2 (and so JSON) text to a value tree, within limits.

use crate::{
    diag::{Diagnostic, Diagnostics, FileId, Span, code},
    document::{Mapping, Node, Value},
};
use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, StrInput, Tag};
use std::collections::BTreeMap;

/// Deepest nesting a file may have, expanded aliases included: everything after this recurses over the tree.
pub(super) const MAX_DEPTH: usize = 64;
/// Most values and keys a file may hold, copies for anchors and aliases included: an estate of 100,000 machines holds
/// some four million.
pub(super) const MAX_NODES: usize = 6_000_000;
/// Most values that anchors and aliases may copy: a few bytes can ask for very many.
const MAX_COPIED_NODES: usize = 1_000_000;
/// Most bytes of text that anchors and aliases may copy: values may be few and long.
const MAX_COPIED_BYTES: usize = 16 * 1024 * 1024;

/// How much a value weighs against the limits.
#[derive(Clone, Copy, Default)]
struct Weight {
    /// Values in it, itself included.
    nodes: usize,
    /// Bytes of its keys and texts.
    bytes: usize,
    /// Containers around its deepest value, itself included.
    depth: usize,
}

impl Weight {
    fn of_text(text: &str) -> Self {
        Self { nodes: 1, bytes: text.len(), depth: 0 }
    }

    /// Adds a value inside this container.
    fn hold(&mut self, inner: Self) {
        self.nodes = self.nodes.saturating_add(inner.nodes);
        self.bytes = self.bytes.saturating_add(inner.bytes);
        self.depth = self.depth.max(inner.depth + 1);
    }
}

/// A container that is being read.
struct Frame {
    content: Content,
    span: Span,
    anchor: usize,
    weight: Weight,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { entries: Mapping, key: Option<(String, Span)> },
}

impl Frame {
    fn new(content: Content, span: Span, anchor: usize) -> Self {
        Self { content, span, anchor, weight: Weight { nodes: 1, bytes: 0, depth: 1 } }
    }
}

struct Reader<'t> {
    file: FileId,
    /// Byte offset of every character, to turn the parser's character marks into byte spans.
    offsets: Option<Vec<u32>>,
    text: &'t str,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, (Node, Weight)>,
    nodes: usize,
    copied: usize,
    copied_nodes: usize,
    root: Option<Node>,
    documents: usize,
    diagnostics: &'t mut Diagnostics,
}

/// Reads one document.
pub(super) fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let offsets =
        (!text.is_ascii()).then(|| text.char_indices().map(|(i, _)| u32::try_from(i).unwrap_or(u32::MAX)).collect());
    let mut reader = Reader {
        file,
        offsets,
        text,
        stack: Vec::new(),
        anchors: BTreeMap::new(),
        nodes: 0,
        copied: 0,
        copied_nodes: 0,
        root: None,
        documents: 0,
        diagnostics,
    };
    let parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    for event in parser {
        match event {
            Ok((event, span)) => {
                let span = reader.span(&span);
                if let Err(diagnostic) = reader.event(event, span) {
                    reader.diagnostics.push(*diagnostic);
                    return None;
                }
            }
            Err(error) => {
                let at = reader.offset(error.marker().index());
                let span = Span { file, start: at, end: at.saturating_add(1) };
                // Flow containers nest in the parser before its first event, so its own limit is met before ours.
                reader.diagnostics.push(if error.info().contains("recursion limit") {
                    too_deep(span)
                } else {
                    Diagnostic::error(code::SYNTAX, span, error.info().to_owned())
                        .help("check indentation, quotes and brackets near this place")
                });
                return None;
            }
        }
    }
    let root = reader.root.take();
    if root.as_ref().is_none_or(Node::is_null) {
        let span = Span { file, start: 0, end: 0 };
        diagnostics.push(
            Diagnostic::error(code::EMPTY, span, "the file holds no scenario")
                .help("start with `virtual_networks:`; see docs/format.md"),
        );
        return None;
    }
    root
}

fn limit(span: Span, message: String) -> Diagnostic {
    Diagnostic::error(code::LIMIT, span, message).help("split or flatten the file")
}

fn too_deep(span: Span) -> Diagnostic {
    limit(span, format!("nested deeper than {MAX_DEPTH} levels"))
}

type Step = Result<(), Box<Diagnostic>>;

impl Reader<'_> {
    fn offset(&self, character: usize) -> u32 {
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        match &self.offsets {
            None => u32::try_from(character).unwrap_or(end).min(end),
            Some(offsets) => offsets.get(character).copied().unwrap_or(end),
        }
    }

    fn span(&self, span: &YamlSpan) -> Span {
        let start = self.offset(span.start.index());
        Span { file: self.file, start, end: self.offset(span.end.index()).max(start) }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Step {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Box::new(
                        Diagnostic::error(code::SYNTAX, span, "a scenario file holds one document")
                            .help("move the second document to a file of its own"),
                    ));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.tag(tag.as_deref(), "str", span);
                let quoted = style != ScalarStyle::Plain || tag.is_some();
                self.add(Node { value: scalar(&text, quoted), span }, Weight::of_text(&text), anchor)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.tag(tag.as_deref(), "seq", span);
                self.open(Frame::new(Content::Sequence(Vec::new()), span, anchor))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.tag(tag.as_deref(), "map", span);
                self.open(Frame::new(Content::Mapping { entries: Mapping::default(), key: None }, span, anchor))?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(id) => {
                let Some(weight) = self.anchors.get(&id).map(|(_, weight)| *weight) else {
                    return Err(Box::new(
                        Diagnostic::error(code::SYNTAX, span, "an alias refers to a value that contains it")
                            .help("write the value out"),
                    ));
                };
                if self.stack.len() + weight.depth > MAX_DEPTH {
                    return Err(Box::new(too_deep(span)));
                }
                self.copy(weight, span)?;
                if let Some(value) = self.anchors.get(&id).map(|(node, _)| node.value.clone()) {
                    self.attach(Node { value, span }, weight)?;
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn count(&mut self, more: usize, span: Span) -> Step {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            return Err(Box::new(limit(span, format!("the file expands to more than {MAX_NODES} values"))));
        }
        Ok(())
    }

    /// Counts a copy before it is made.
    fn copy(&mut self, weight: Weight, span: Span) -> Step {
        self.copied = self.copied.saturating_add(weight.bytes);
        if self.copied > MAX_COPIED_BYTES {
            return Err(Box::new(limit(span, format!("anchors and aliases copy more than {MAX_COPIED_BYTES} bytes"))));
        }
        self.copied_nodes = self.copied_nodes.saturating_add(weight.nodes);
        if self.copied_nodes > MAX_COPIED_NODES {
            return Err(Box::new(limit(span, format!("anchors and aliases copy more than {MAX_COPIED_NODES} values"))));
        }
        self.count(weight.nodes, span)
    }

    /// Refuses a tag that would change a value's meaning: nothing is skipped silently.
    fn tag(&mut self, tag: Option<&Tag>, plain: &str, span: Span) {
        if let Some(tag) = tag.filter(|t| !(t.is_yaml_core_schema() && t.suffix == plain)) {
            let written = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
            self.diagnostics.push(
                Diagnostic::error(code::VALUE, span, format!("the tag `{written}` is not supported"))
                    .help("remove the tag"),
            );
        }
    }

    fn open(&mut self, frame: Frame) -> Step {
        if self.stack.len() >= MAX_DEPTH {
            return Err(Box::new(too_deep(frame.span)));
        }
        if let Some(Frame { content: Content::Mapping { key: None, .. }, .. }) = self.stack.last() {
            return Err(Box::new(
                Diagnostic::error(code::TYPE, frame.span, "a key must be text")
                    .help("quote the key, or check the indentation"),
            ));
        }
        self.stack.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Step {
        let Some(Frame { content, span, anchor, weight }) = self.stack.pop() else {
            return Ok(());
        };
        let value = match content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping { mut entries, .. } => {
                self.refuse_duplicates(&mut entries);
                Value::Mapping(entries)
            }
        };
        self.add(Node { value, span }, weight, anchor)
    }

    /// Keeps the first value of every key. All keys of a mapping are looked at together, since a file may hold very
    /// many of them.
    fn refuse_duplicates(&mut self, entries: &mut Mapping) {
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        let mut repeated = Vec::new();
        for (key, at, _) in &entries.0 {
            match first.get(key.as_str()) {
                None => {
                    first.insert(key, *at);
                }
                Some(earlier) => {
                    repeated.push(*at);
                    self.diagnostics.push(
                        Diagnostic::error(code::DUPLICATE_KEY, *at, format!("the key `{key}` occurs twice"))
                            .related(*earlier, "first here")
                            .help("remove or rename one of the two"),
                    );
                }
            }
        }
        if !repeated.is_empty() {
            // Places rise in the order of the file.
            entries.0.retain(|(_, at, _)| repeated.binary_search(at).is_err());
        }
    }

    /// Adds a value that was read, and keeps a copy if it has an anchor.
    fn add(&mut self, node: Node, weight: Weight, anchor: usize) -> Step {
        self.count(1, node.span)?;
        if anchor > 0 {
            self.copy(weight, node.span)?;
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        self.attach(node, weight)
    }

    fn attach(&mut self, node: Node, weight: Weight) -> Step {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.weight.hold(weight);
        match &mut frame.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping { entries, key } => match key.take() {
                Some((name, at)) => entries.0.push((name, at, node)),
                None => {
                    let at = node.span;
                    *key = Some((key_text(node, self.diagnostics)?, at));
                }
            },
        }
        Ok(())
    }
}

/// The text of a key. A number or truth value is read as the text it was written as, and reported.
fn key_text(node: Node, diagnostics: &mut Diagnostics) -> Result<String, Box<Diagnostic>> {
    let error = || Diagnostic::error(code::TYPE, node.span, "a key must be text").help("quote the key");
    match node.value {
        Value::Text { text, .. } if text == "<<" => Err(Box::new(
            Diagnostic::error(code::MERGE_KEY, node.span, "the merge key `<<` is not supported")
                .help("write the values out, or use `extends` and `patch`"),
        )),
        Value::Text { text, number: false } => Ok(text),
        Value::Text { text, number: true } => {
            diagnostics.push(error());
            Ok(text)
        }
        Value::Bool(value) => {
            diagnostics.push(error());
            Ok(value.to_string())
        }
        _ => Err(Box::new(error())),
    }
}

/// YAML 1.2 core schema: only `true`/`false` are truth values, only `null`/`~`/nothing is null.
fn scalar(text: &str, quoted: bool) -> Value {
    if !quoted {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
            "true" | "True" | "TRUE" => return Value::Bool(true),
            "false" | "False" | "FALSE" => return Value::Bool(false),
            _ => {}
        }
    }
    let number = !quoted
        && text.parse::<f64>().is_ok()
        && text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+' || c == '.');
    Value::Text { text: text.to_owned(), number }
}
