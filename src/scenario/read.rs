//! From a file to a tree: bytes, text, and which of the two notations it is.

use super::{json, load::Loader, yaml};
use crate::{
    diag::{Diagnostic, FileId, NotText, Span, code, decode, zero_free},
    document::Node,
};
use std::{io::Read, path::Path};

/// Largest file that is read.
pub(super) const MAX_BYTES: u64 = 256 * 1024 * 1024;

impl Loader {
    pub(super) fn read(&mut self, path: &Path, at: Option<Span>) -> Option<Node> {
        let mut bytes = Vec::new();
        let result = if path.as_os_str() == "-" {
            std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        };
        if let Err(error) = result {
            self.diagnostics.push(
                Diagnostic::error(
                    if at.is_some() { code::EXTENDS } else { code::IO },
                    at,
                    format!("cannot read {}: {error}", path.display()),
                )
                .help("check the path"),
            );
            return None;
        }
        if bytes.len() as u64 > MAX_BYTES {
            self.problem(code::LIMIT, format!("{} is larger than 256 MiB", path.display()), "split the file");
            return None;
        }
        let name = if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() };
        match decode(bytes) {
            Ok(text) => self.parse(&name, &text),
            Err(why) => self.no_text(&name, why),
        }
    }

    /// What is text of it is the file, so that the end of that is a place.
    fn no_text(&mut self, name: &str, why: NotText) -> Option<Node> {
        let start = u32::try_from(why.good.len()).unwrap_or(u32::MAX);
        let file = self.sources.add(name, why.good);
        let at = Span { file, start, end: start };
        self.diagnostics.push(Diagnostic::error(code::ENCODING, at, why.message).help(why.help));
        None
    }

    pub(super) fn parse(&mut self, name: &str, text: &str) -> Option<Node> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.contains('\0') {
            return zero_free(text.to_owned()).err().and_then(|why| self.no_text(name, why));
        }
        let file = self.sources.add(name, text);
        if name.ends_with(".json") && !self.is_json(file, text) {
            return None;
        }
        json::read(file, text).or_else(|| yaml::read(file, text, &mut self.diagnostics))
    }

    /// Whether a file that calls itself JSON is; YAML takes more, and other programs would not read it.
    fn is_json(&mut self, file: FileId, text: &str) -> bool {
        let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) else { return true };
        let whole = error.to_string();
        // Too deep is a limit, which the other reader tells.
        if whole.contains("recursion limit") || error.is_io() {
            return true;
        }
        let message = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(message, _)| message);
        let line = error.line().saturating_sub(1);
        let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let at = (before + error.column().saturating_sub(1)).min(text.len());
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span { file, start: offset(at), end: offset(at + 1) };
        self.diagnostics.push(
            Diagnostic::error(code::SYNTAX, span, format!("this is not JSON: {message}"))
                .help("correct it, or name the file .yaml, which takes comments and trailing commas"),
        );
        false
    }
}
