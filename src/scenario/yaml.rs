//! YAML 1.2 (and so JSON) text to a value tree, within limits.

use crate::{
    diag::{Diagnostic, Diagnostics, FileId, Span, code},
    document::{Mapping, Node, Value},
};
use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, StrInput};
use std::collections::BTreeMap;

/// Deepest nesting a file may have.
const MAX_DEPTH: usize = 64;
/// Most values a file may hold, expanded aliases included.
const MAX_NODES: usize = 1_000_000;

/// A container that is being read.
enum Frame {
    Sequence { items: Vec<Node>, span: Span, anchor: usize },
    Mapping { entries: Mapping, key: Option<(String, Span)>, span: Span, anchor: usize },
}

struct Reader<'t> {
    file: FileId,
    /// Byte offset of every character, to turn the parser's character marks into byte spans.
    offsets: Option<Vec<u32>>,
    text: &'t str,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
    documents: usize,
    diagnostics: &'t mut Diagnostics,
}

/// Reads one document.
pub(super) fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    // The parser looks ahead through nested containers before its first event, so hostile nesting is refused first.
    if let Some(at) = too_deep(text) {
        let span = Span { file, start: at, end: at.saturating_add(1) };
        diagnostics.push(limit(span, format!("nested deeper than {MAX_DEPTH} levels")));
        return None;
    }
    let offsets =
        (!text.is_ascii()).then(|| text.char_indices().map(|(i, _)| u32::try_from(i).unwrap_or(u32::MAX)).collect());
    let mut reader = Reader {
        file,
        offsets,
        text,
        stack: Vec::new(),
        anchors: BTreeMap::new(),
        nodes: 0,
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
                reader.diagnostics.push(
                    Diagnostic::error(code::SYNTAX, span, error.info().to_owned())
                        .help("check indentation, quotes and brackets near this place"),
                );
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

/// The place where flow containers nest too deep, found without parsing.
fn too_deep(text: &str) -> Option<u32> {
    let mut depth = 0_usize;
    let mut line_start = true;
    let mut dashes = 0_usize;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        // `- - - -` nests block sequences on one line.
        match byte {
            b'\n' => (line_start, dashes) = (true, 0),
            b'-' | b'?' if line_start => dashes += 1,
            b' ' => {}
            _ => line_start = false,
        }
        if depth > 4 * MAX_DEPTH || dashes > 4 * MAX_DEPTH {
            return u32::try_from(i).ok();
        }
    }
    None
}

fn limit(span: Span, message: String) -> Diagnostic {
    Diagnostic::error(code::LIMIT, span, message).help("split or flatten the file")
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
                let quoted = style != ScalarStyle::Plain || tag.is_some();
                self.add(Node { value: scalar(&text, quoted), span }, anchor)?;
            }
            Event::SequenceStart(anchor, _) => self.open(Frame::Sequence { items: Vec::new(), span, anchor }, span)?,
            Event::MappingStart(anchor, _) => {
                self.open(Frame::Mapping { entries: Mapping::default(), key: None, span, anchor }, span)?
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(Box::new(
                        Diagnostic::error(code::SYNTAX, span, "an alias refers to a value that contains it")
                            .help("write the value out"),
                    ));
                };
                self.count(size, span)?;
                self.add(Node { value: node.value, span }, 0)?;
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

    fn open(&mut self, frame: Frame, span: Span) -> Step {
        if self.stack.len() >= MAX_DEPTH {
            return Err(Box::new(limit(span, format!("nested deeper than {MAX_DEPTH} levels"))));
        }
        if let Some(Frame::Mapping { key: None, .. }) = self.stack.last() {
            return Err(Box::new(
                Diagnostic::error(code::TYPE, span, "a key must be text")
                    .help("quote the key, or check the indentation"),
            ));
        }
        self.stack.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Step {
        let (node, anchor) = match self.stack.pop() {
            Some(Frame::Sequence { items, span, anchor }) => (Node { value: Value::Sequence(items), span }, anchor),
            Some(Frame::Mapping { entries, span, anchor, .. }) => {
                (Node { value: Value::Mapping(entries), span }, anchor)
            }
            None => return Ok(()),
        };
        self.add(node, anchor)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Step {
        self.count(1, node.span)?;
        if anchor > 0 {
            let size = size(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping { entries, key, .. }) => match key.take() {
                Some((name, at)) => {
                    if let Some(first) = entries.key_span(&name) {
                        let duplicate =
                            Diagnostic::error(code::DUPLICATE_KEY, at, format!("the key `{name}` occurs twice"))
                                .related(first, "first here")
                                .help("remove or rename one of the two");
                        self.diagnostics.push(duplicate);
                    } else {
                        entries.0.push((name, at, node));
                    }
                }
                None => match node.value {
                    Value::Text { text, .. } if text == "<<" => {
                        return Err(Box::new(
                            Diagnostic::error(code::MERGE_KEY, node.span, "the merge key `<<` is not supported")
                                .help("write the values out, or use `extends` and `patch`"),
                        ));
                    }
                    Value::Text { text, .. } => *key = Some((text, node.span)),
                    Value::Bool(value) => *key = Some((value.to_string(), node.span)),
                    _ => {
                        return Err(Box::new(
                            Diagnostic::error(code::TYPE, node.span, "a key must be text").help("quote the key"),
                        ));
                    }
                },
            },
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Mapping(mapping) => 1 + mapping.0.iter().map(|(.., v)| size(v)).sum::<usize>(),
        _ => 1,
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
