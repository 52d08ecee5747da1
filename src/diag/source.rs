//! Source files, spans in them, and their lines and columns.

use std::sync::OnceLock;

/// A file known to a [`SourceMap`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// A place for people: file, line and column from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A file's name and text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Name as the user gave it.
    pub name: String,
    /// Whole text.
    pub text: String,
    /// Whether no line of it is shown, because secrets stand in it.
    pub withheld: bool,
    line_starts: Vec<usize>,
    /// Characters before each [`BLOCK`] of bytes; counted when a long line asks for it.
    characters: OnceLock<Vec<usize>>,
}

/// Bytes between two counts of characters: a place in a line of hundreds of megabytes must not walk it.
const BLOCK: usize = 64 * 1024;

/// Whole lines of a file.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    /// Their text.
    pub text: &'a str,
    /// Offset of the first in the file.
    pub offset: usize,
    /// Its number, from 1.
    pub first: usize,
}

impl SourceFile {
    /// Characters between two offsets.
    fn characters(&self, start: usize, end: usize) -> usize {
        let count = |from: usize, to: usize| {
            self.text.as_bytes().get(from..to).unwrap_or_default().iter().filter(|b| **b & 0xc0 != 0x80).count()
        };
        if end.saturating_sub(start) <= 2 * BLOCK {
            return count(start, end);
        }
        let blocks = self.characters.get_or_init(|| {
            let sizes = (0..self.text.len()).step_by(BLOCK).map(|at| count(at, (at + BLOCK).min(self.text.len())));
            let sums = sizes.scan(0, |sum, size| {
                *sum += size;
                Some(*sum)
            });
            std::iter::once(0).chain(sums).collect()
        });
        let before = |at: usize| blocks.get(at / BLOCK).map_or(0, |n| n + count(at / BLOCK * BLOCK, at));
        before(end) - before(start)
    }

    /// The lines that hold a range of bytes.
    #[must_use]
    pub fn lines(&self, range: std::ops::Range<usize>) -> Lines<'_> {
        let first = self.line_starts.partition_point(|start| *start <= range.start).max(1);
        // Behind the last line break there is nothing to show: the line before it is where the text ends.
        let at_end = first > 1 && self.line_starts.get(first - 1).is_some_and(|start| *start >= self.text.len());
        let first = first - usize::from(at_end);
        let after = self.line_starts.partition_point(|start| *start <= range.end);
        let offset = self.line_starts.get(first - 1).copied().unwrap_or(0);
        let end = self.line_starts.get(after).map_or(self.text.len(), |next| next.saturating_sub(1));
        Lines { text: self.text.get(offset..end.max(offset)).unwrap_or(""), offset, first }
    }
}

/// All files of a run.
#[derive(Debug, Clone, Default)]
pub struct SourceMap(Vec<SourceFile>);

impl SourceMap {
    /// Adds a file. The same text under the same name is the same file, so that its places are equal however it was
    /// come by.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let (name, text) = (name.into(), text.into());
        if let Some(known) = self.0.iter().position(|f| f.name == name && f.text == text) {
            return FileId(u32::try_from(known).unwrap_or(u32::MAX));
        }
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        let id = FileId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(SourceFile { name, text, withheld: false, line_starts, characters: OnceLock::new() });
        id
    }

    /// Adds a file of which no line is shown, because secrets may stand in it: places in it are told by line and column.
    pub fn add_withheld(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = self.add(name, text);
        if let Some(file) = self.0.get_mut(id.0 as usize) {
            file.withheld = true;
        }
        id
    }

    /// The file of an id of this map.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.0.get(id.0 as usize)
    }

    /// The place of a span's first byte.
    #[must_use]
    pub fn locate(&self, span: Span) -> Location {
        let Some(file) = self.file(span.file) else {
            return Location { file: String::new(), line: 1, column: 1 };
        };
        let at = (span.start as usize).min(file.text.len());
        let line = file.line_starts.partition_point(|start| *start <= at).max(1);
        let start = file.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = file.characters(start, at) + 1;
        Location { file: file.name.clone(), line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let mut map = SourceMap::default();
        let file = map.add("a.yaml", "é: 1\nnäme: x\n");
        let span = Span { file, start: 13, end: 14 };
        assert_eq!(map.locate(span).to_string(), "a.yaml:2:7");
    }

    #[test]
    fn columns_of_long_lines_count_characters_too() {
        let mut map = SourceMap::default();
        let text = format!("x\n{}", "aé".repeat(3 * BLOCK));
        let file = map.add("long.json", text.clone());
        for at in [2, 3, 5, BLOCK - 1, 3 * BLOCK + 2, 5 * BLOCK, 8 * BLOCK + 2, text.len()] {
            let start = (at..=text.len()).find(|n| text.is_char_boundary(*n)).unwrap();
            let span = Span { file, start: u32::try_from(start).unwrap(), end: u32::try_from(start).unwrap() };
            let column = text[2..start].chars().count() + 1;
            assert_eq!(map.locate(span).to_string(), format!("long.json:2:{column}"));
        }
    }
}
