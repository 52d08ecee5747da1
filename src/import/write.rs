//! The draft as a scenario file for people, or as a document for the loader.

use super::draft::{Node, Tree};
use crate::{
    diag::{Span, is_printable},
    document::{Mapping, Node as Document, Value},
};
use std::fmt::Write;

/// Writes a mapping as YAML: block style, comments above keys, texts quoted wherever a reader could take them for
/// something else.
pub(super) fn yaml(fields: &[(String, Node)], out: &mut String) {
    for (key, node) in fields {
        if !out.is_empty() {
            out.push('\n');
        }
        entry(key, node, 0, out);
    }
}

fn entry(key: &str, node: &Node, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for comment in &node.comments {
        for line in comment_lines(comment) {
            let _ = writeln!(out, "{indent}# {line}");
        }
    }
    let _ = write!(out, "{indent}{}:", scalar(key));
    match &node.tree {
        Tree::Map(fields) if fields.is_empty() => out.push_str(" {}\n"),
        Tree::Map(fields) => {
            out.push('\n');
            for (key, node) in fields {
                entry(key, node, depth + 1, out);
            }
        }
        Tree::List(items) => list(items, depth, out),
        plain => {
            out.push(' ');
            flow(plain, out);
            out.push('\n');
        }
    }
}

/// Lists of scalars go on one line while they fit; others have one line an item.
fn list(items: &[Node], depth: usize, out: &mut String) {
    let mut line = String::from(" [");
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            line.push_str(", ");
        }
        flow(&item.tree, &mut line);
    }
    line.push(']');
    if line.len() + depth * 2 <= 100 || items.len() < 2 {
        out.push_str(&line);
        out.push('\n');
        return;
    }
    out.push('\n');
    for item in items {
        let _ = write!(out, "{}- ", "  ".repeat(depth + 1));
        flow(&item.tree, out);
        out.push('\n');
    }
}

fn flow(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Bool(b) => {
            let _ = write!(out, "{b}");
        }
        Tree::Number(n) => {
            let _ = write!(out, "{n}");
        }
        Tree::Text(text) => out.push_str(&scalar(text)),
        Tree::Reference(key, _) => out.push_str(&scalar(&key.id)),
        Tree::List(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                flow(&item.tree, out);
            }
            out.push(']');
        }
        Tree::Map(fields) => {
            out.push_str("{ ");
            for (n, (key, node)) in fields.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                let _ = write!(out, "{}: ", scalar(key));
                flow(&node.tree, out);
            }
            out.push_str(" }");
        }
    }
}

/// A text as a YAML scalar: plain only if nothing in it could mean anything else, else double-quoted as in JSON.
fn scalar(text: &str) -> String {
    let plain = !text.is_empty()
        && text.len() <= 200
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && !text.starts_with("---");
    let address = text.contains('.') && text.matches(['.', '/']).count() >= 3;
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain && (word || address) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if !is_printable(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A remark as lines of a comment: nothing in it can end the comment.
fn comment_lines(text: &str) -> Vec<String> {
    let clean: String = text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in clean.split_whitespace() {
        if !line.is_empty() && line.len() + word.len() + 1 > 110 {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The same as a document: every value keeps the place in the file it was imported from.
pub(super) fn document(fields: &[(String, Node)], span: Span) -> Document {
    let entries = fields.iter().map(|(k, n)| (k.clone(), n.span, value(n))).collect();
    Document { value: Value::Mapping(Mapping(entries)), span }
}

fn value(node: &Node) -> Document {
    let value = match &node.tree {
        Tree::Bool(b) => Value::Bool(*b),
        Tree::Number(n) => Value::Text { text: n.to_string(), number: true },
        Tree::Text(text) => Value::Text { text: text.clone(), number: false },
        Tree::Reference(key, _) => Value::Text { text: key.id.clone(), number: false },
        Tree::List(items) => Value::Sequence(items.iter().map(value).collect()),
        Tree::Map(fields) => return document(fields, node.span),
    };
    Document { value, span: node.span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceMap;

    /// Whatever a resource is called, the file says just that, to this reader and to any other.
    #[test]
    fn hostile_names_survive() {
        let names = [
            "a: b",
            "- x",
            "#c",
            "x #c",
            "true",
            "No",
            "null",
            "~",
            "1.5",
            "0x10",
            "10.0.0.0/16",
            "2026-01-01",
            "é",
            "a\nb",
            "\"q\"",
            "\\",
            "*",
            "&a",
            "!t",
            "%d",
            "@x",
            "`y",
            "{a}",
            "[b]",
            "|",
            ">",
            "?",
            "---",
            "...",
            "fd00::1",
            "12:30",
            "1_000",
            ".inf",
            "\u{2028}x",
            "\u{feff}",
            "=",
            "a\tb",
            "ends ",
            " starts",
        ];
        let mut sources = SourceMap::default();
        let file = sources.add("x", "");
        let span = Span { file, start: 0, end: 0 };
        let tags = names.iter().map(|n| ((*n).to_owned(), Node::text(*n, span).comment("# { \n evil: true")));
        let group = |tags| Node::map(vec![("tags", Node::new(Tree::Map(tags), span))], span);
        let groups = names.iter().map(|n| ((*n).to_owned(), group(Vec::new())));
        let mut groups: Vec<_> = groups.collect();
        groups.push(("all".to_owned(), group(tags.collect())));
        let fields = vec![("application_security_groups".to_owned(), Node::new(Tree::Map(groups), span))];
        let mut text = String::new();
        yaml(&fields, &mut text);
        let loaded = crate::scenario::load_text("x.yaml", &text);
        assert!(loaded.diagnostics.is_empty(), "{:?}\n{text}", loaded.diagnostics);
        let groups = &loaded.scenarios[0].estate.application_security_groups;
        assert!(names.iter().all(|n| groups.get(n).is_some()) && groups.len() == names.len() + 1, "{text}");
        let all = groups.get("all").unwrap();
        assert!(names.iter().all(|n| all.value.tags.get(n).is_some_and(|t| t.value.value == *n)), "{text}");
    }
}
