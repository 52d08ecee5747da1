//! The reader of JSON.

use super::{Json, MAX_DEPTH, Value};
use crate::{
    diag::{Diagnostic, FileId, Span, code},
    import::mistaken,
};
use std::{collections::HashMap, rc::Rc};

/// Reads a whole text.
///
/// # Errors
/// If it is not JSON; the diagnostic names the place.
pub(in crate::import) fn read(file: FileId, text: &str) -> Result<Json, Diagnostic> {
    let mut reader = Reader::new(file, text);
    reader.begin()?;
    let value = reader.value(0)?;
    reader.end()?;
    Ok(value)
}

/// Reads a text whose bulk is one list, at the top or under one of `keys` of the top object, and hands over its items
/// one by one. Returns the rest: the top object without that list, or an empty list.
///
/// # Errors
/// If it is not JSON; items before the fault were handed over already, so the caller must discard them.
pub(in crate::import) fn read_items(
    file: FileId,
    text: &str,
    keys: &[&str],
    item: &mut dyn FnMut(Json),
) -> Result<Json, Diagnostic> {
    let mut reader = Reader::new(file, text);
    reader.begin()?;
    let start = reader.at;
    let rest = match reader.peek() {
        Some(b'[') => {
            reader.list(0, &mut |v| item(v))?;
            Json::new(Value::List(Rc::default()), reader.span(start))
        }
        Some(b'{') => {
            let mut fields = Vec::new();
            reader.object(0, &mut |reader, key| {
                let bulk = keys.iter().any(|k| k.eq_ignore_ascii_case(&key));
                reader.space()?;
                if bulk && reader.peek() == Some(b'[') {
                    reader.list(1, &mut |v| item(v))
                } else {
                    fields.push((key, reader.value(1)?));
                    Ok(())
                }
            })?;
            Json::new(Value::Object(Rc::new(fields)), reader.span(start))
        }
        _ => reader.value(0)?,
    };
    reader.end()?;
    Ok(rest)
}

struct Reader<'t> {
    file: FileId,
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
    /// Keys repeat thousands of times in an export.
    keys: HashMap<&'t str, Rc<str>>,
}

impl<'t> Reader<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { file, bytes: text.as_bytes(), text, at, keys: HashMap::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn span(&self, start: usize) -> Span {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { file: self.file, start: offset(start), end: offset(self.at) }
    }

    fn fault<T>(&self, start: usize, message: impl Into<String>, help: &str) -> Result<T, Diagnostic> {
        let span = Span { end: self.span(start).end.max(self.span(start).start), ..self.span(start) };
        Err(Diagnostic::error(code::JSON, span, message).help(help))
    }

    fn cut<T>(&self) -> Result<T, Diagnostic> {
        self.fault(self.at, "the text ends in the middle of a value", "the file is cut off; export or copy it again")
    }

    /// Goes to the first value.
    fn begin(&mut self) -> Result<(), Diagnostic> {
        self.space()?;
        match self.peek() {
            None => self.fault(0, "the file is empty", "export or copy it again; it may be that nothing was exported"),
            Some(byte) => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let coloured = self.text.get(..self.at).is_some_and(|t| t.contains('\u{1b}'));
                let number = || rest.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
                let word = || ["true", "false", "null"].iter().any(|w| rest.starts_with(w));
                if !coloured && (matches!(byte, 0 | b'{' | b'[' | b'"') || number() || word()) {
                    return Ok(());
                }
                match mistaken::text(if coloured { "\u{1b}" } else { rest }) {
                    Some((what, help)) => self.fault(self.at, what, help),
                    None => Ok(()),
                }
            }
        }
    }

    /// Skips white space, other control characters and comments. Zero bytes are none of them.
    fn space(&mut self) -> Result<(), Diagnostic> {
        while let Some(byte) = self.peek() {
            match (byte, self.bytes.get(self.at + 1)) {
                (1..=b' ', _) => self.at += 1,
                (b'/', Some(b'/')) => self.at = self.find(b"\n").unwrap_or(self.bytes.len()),
                (b'/', Some(b'*')) => match self.find(b"*/") {
                    Some(end) => self.at = end + 2,
                    None => return self.fault(self.at, "this comment does not end", "close it with `*/`"),
                },
                _ => break,
            }
        }
        Ok(())
    }

    fn find(&self, what: &[u8]) -> Option<usize> {
        let rest = self.bytes.get(self.at..)?;
        rest.windows(what.len()).position(|w| w == what).map(|n| self.at + n)
    }

    fn end(&mut self) -> Result<(), Diagnostic> {
        self.space()?;
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fault(
                self.at,
                "something follows the end of the document",
                "keep one JSON document a file; `jq -s .` makes a list of several",
            ),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Diagnostic> {
        self.space()?;
        let start = self.at;
        if depth > MAX_DEPTH {
            return self.fault(
                start,
                format!("more than {MAX_DEPTH} values inside each other"),
                "flatten the document",
            );
        }
        let value = match self.peek() {
            None => return self.cut(),
            Some(0) => {
                return self.fault(start, "the text holds a zero byte, as no text does", "export or copy it again");
            }
            Some(b'"') => Value::Text(self.string()?.into()),
            Some(b'[') => {
                let mut items = Vec::new();
                self.list(depth, &mut |v| items.push(v))?;
                Value::List(Rc::new(items))
            }
            Some(b'{') => {
                let mut fields = Vec::new();
                self.object(depth, &mut |reader, key| {
                    fields.push((key, reader.value(depth + 1)?));
                    Ok(())
                })?;
                Value::Object(Rc::new(fields))
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Json::new(value, self.span(start)))
    }

    fn list(&mut self, depth: usize, item: &mut dyn FnMut(Json)) -> Result<(), Diagnostic> {
        self.at += 1;
        loop {
            self.space()?;
            match self.peek() {
                None => return self.cut(),
                Some(b']') => break,
                Some(b',') => self.at += 1,
                Some(_) => {
                    item(self.value(depth + 1)?);
                    self.separator(b']')?;
                }
            }
        }
        self.at += 1;
        Ok(())
    }

    #[allow(clippy::type_complexity, reason = "used here only")]
    fn object(
        &mut self,
        depth: usize,
        field: &mut dyn FnMut(&mut Self, Rc<str>) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let _ = depth;
        self.at += 1;
        loop {
            self.space()?;
            match self.peek() {
                None => return self.cut(),
                Some(b'}') => break,
                Some(b',') => self.at += 1,
                Some(b'"') => {
                    let key = self.key()?;
                    self.space()?;
                    match self.peek() {
                        Some(b':') => self.at += 1,
                        None => return self.cut(),
                        Some(_) => return self.fault(self.at, "expected `:` after a key", "write `\"key\": value`"),
                    }
                    field(self, key)?;
                    self.separator(b'}')?;
                }
                Some(_) => return self.fault(self.at, "expected a key in double quotes", "write `\"key\": value`"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn separator(&mut self, close: u8) -> Result<(), Diagnostic> {
        self.space()?;
        match self.peek() {
            None => self.cut(),
            Some(b) if b == b',' || b == close => Ok(()),
            Some(_) => self.fault(self.at, "expected `,` between two values", "a comma or a quote is missing before"),
        }
    }

    fn key(&mut self) -> Result<Rc<str>, Diagnostic> {
        let start = self.at + 1;
        // The common key has no escapes and is known already.
        let plain = self.bytes.get(start..).and_then(|rest| rest.iter().position(|b| matches!(b, b'"' | b'\\')));
        if let Some(length) = plain
            && self.bytes.get(start + length) == Some(&b'"')
            && let Some(text) = self.text.get(start..start + length)
        {
            self.at = start + length + 1;
            return Ok(Rc::clone(self.keys.entry(text).or_insert_with(|| Rc::from(text))));
        }
        Ok(self.string()?.into())
    }

    fn string(&mut self) -> Result<String, Diagnostic> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = rest.iter().position(|b| matches!(b, b'"' | b'\\')) else {
                self.at = start;
                return self.fault(start, "this text does not end", "the file is cut off, or a quote is missing");
            };
            out.push_str(self.text.get(self.at..self.at + length).unwrap_or_default());
            self.at += length + 1;
            if rest.get(length) == Some(&b'"') {
                return Ok(out);
            }
            self.escape(&mut out)?;
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Diagnostic> {
        let start = self.at - 1;
        let Some(letter) = self.text.get(self.at..).and_then(|t| t.chars().next()) else { return self.cut() };
        self.at += letter.len_utf8();
        out.push(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => return self.unicode(start, out),
            '"' | '\\' | '/' | '\'' => letter,
            _ => return self.fault(start, format!("`\\{letter}` is no escape"), "write `\\\\` for a backslash"),
        });
        Ok(())
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(number)
    }

    fn unicode(&mut self, start: usize, out: &mut String) -> Result<(), Diagnostic> {
        let Some(first) = self.hex() else {
            return self.fault(start, "`\\u` needs four hexadecimal digits", "write `\\u0041`");
        };
        let paired = (0xD800..0xDC00).contains(&first) && self.text.get(self.at..self.at + 2) == Some("\\u");
        let number = if paired {
            self.at += 2;
            let second = self.hex().unwrap_or(0);
            0x10000 + ((first - 0xD800) << 10) + (second.wrapping_sub(0xDC00) & 0x3FF)
        } else {
            first
        };
        out.push(char::from_u32(number).unwrap_or('\u{fffd}'));
        Ok(())
    }

    fn number(&mut self) -> Result<Value, Diagnostic> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if let Ok(whole) = text.parse() {
            return Ok(Value::Int(whole));
        }
        match text.parse() {
            Ok(number) => Ok(Value::Float(number)),
            Err(_) => self.fault(start, format!("`{text}` is not a number"), "write it as text in double quotes"),
        }
    }

    fn word(&mut self) -> Result<Value, Diagnostic> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
            self.at += 1;
        }
        match self.text.get(start..self.at).unwrap_or_default() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            _ => self.fault(
                start,
                "expected a value",
                "JSON values are text in double quotes, numbers, true, false, null, lists and objects",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceMap;

    fn parse(text: &str) -> (SourceMap, Result<Json, Diagnostic>) {
        let mut sources = SourceMap::default();
        let file = sources.add("t.json", text);
        let read = read(file, text);
        (sources, read)
    }

    #[test]
    fn reads_what_azure_accepts() {
        let (_, read) =
            parse("\u{feff}// top\n{ \"a\": [1, 2.5, \"x\\u0041\\n\",], /* b */ \"B\": {\"c\": \"two\nlines\",}, }");
        let json = read.unwrap();
        assert_eq!(json.items_at("a").len(), 3);
        assert_eq!(json.items_at("a")[2].as_str(), Some("xA\n"));
        assert_eq!(json.str_at("b.C"), Some("two\nlines"));
    }

    #[test]
    fn faults_have_a_place() {
        for (text, place) in [
            ("{\n  \"a\": [1, 2\n", "t.json:3:1"),
            ("{\"a\": \"x", "t.json:1:7"),
            ("{\"a\" 1}", "t.json:1:6"),
            ("[1 2]", "t.json:1:4"),
            ("[tru]", "t.json:1:2"),
            ("{} x", "t.json:1:4"),
            ("", "t.json:1:1"),
        ] {
            let (sources, read) = parse(text);
            let fault = read.expect_err(text);
            assert_eq!(sources.locate(fault.span.unwrap()).to_string(), place, "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).1.is_err());
    }

    #[test]
    fn hands_over_items_one_by_one() {
        for text in ["[1, 2, 3]", "{\"count\": 3, \"data\": [1, 2, 3]}"] {
            let mut sources = SourceMap::default();
            let file = sources.add("t.json", text);
            let mut seen = Vec::new();
            read_items(file, text, &["data"], &mut |item| seen.push(item.as_int())).unwrap();
            assert_eq!(seen, [Some(1), Some(2), Some(3)]);
        }
    }
}
