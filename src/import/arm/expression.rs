//! The expression language of templates: `[concat(parameters('a'), 'b')]`.
//!
//! A recursive descent by hand: the grammar has five forms, errors have to name the column inside a JSON string, and
//! a parser library would be the larger part of it.

use std::rc::Rc;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// `'text'`.
    Text(Rc<str>),
    /// A whole number.
    Number(i64),
    /// A function with its arguments; user functions have a namespace. The offset is that of its name.
    Call(Rc<str>, Vec<Expression>, usize),
    /// `.key`.
    Key(Box<Expression>, Rc<str>),
    /// `[index]`.
    Index(Box<Expression>, Box<Expression>),
}

/// What is wrong with an expression, and at which byte of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// Expressions inside each other, at most.
const MAX_DEPTH: usize = 100;

/// The expression inside a JSON string, if it is one: `[…]`, but not `[[…`.
pub(super) fn inside(text: &str) -> Option<&str> {
    text.strip_prefix('[').filter(|t| !t.starts_with('[')).and_then(|t| t.strip_suffix(']'))
}

/// Parses what stands between the brackets.
pub(super) fn parse(text: &str) -> Result<Expression, Fault> {
    let mut parser = Parser { text, at: 0 };
    let expression = parser.expression(0)?;
    parser.space();
    match parser.rest().is_empty() {
        true => Ok(expression),
        false => parser.fault("the expression should end here"),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { offset: self.at, message: message.into() })
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, what: char) -> bool {
        self.space();
        let eaten = self.rest().starts_with(what);
        if eaten {
            self.at += what.len_utf8();
        }
        eaten
    }

    fn word(&mut self) -> Option<&'t str> {
        self.space();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        let word = rest.get(..end).filter(|w| w.starts_with(|c: char| !c.is_ascii_digit()) && !w.is_empty())?;
        self.at += end;
        Some(word)
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, Fault> {
        if depth > MAX_DEPTH {
            return self.fault(format!("more than {MAX_DEPTH} expressions inside each other"));
        }
        let mut left = self.primary(depth)?;
        loop {
            if self.eat('.') {
                match self.word() {
                    Some(key) => left = Expression::Key(Box::new(left), key.into()),
                    None => return self.fault("a key should follow the dot"),
                }
            } else if self.eat('[') {
                let index = self.expression(depth + 1)?;
                if !self.eat(']') {
                    return self.fault("`]` is missing");
                }
                left = Expression::Index(Box::new(left), Box::new(index));
            } else {
                return Ok(left);
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, Fault> {
        self.space();
        let start = self.at;
        match self.rest().chars().next() {
            None => self.fault("the expression ends too early"),
            Some('\'') => self.quoted(),
            Some(c) if c.is_ascii_digit() || c == '-' => {
                self.at += 1;
                let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
                self.at += digits;
                match self.text.get(start..self.at).and_then(|n| n.parse().ok()) {
                    Some(number) => Ok(Expression::Number(number)),
                    None => self.fault("this number is too large"),
                }
            }
            Some(c) => {
                let Some(word) = self.word() else { return self.fault(format!("`{c}` cannot stand here")) };
                let mut name = word.to_owned();
                while !self.rest().trim_start().starts_with('(') {
                    if !self.eat('.') {
                        self.at = start;
                        return self.fault(format!("`{name}` is neither text in single quotes nor a function call"));
                    }
                    let Some(more) = self.word() else { return self.fault("a name should follow the dot") };
                    name = format!("{name}.{more}");
                }
                let arguments = self.arguments(depth)?;
                Ok(Expression::Call(name.as_str().into(), arguments, start))
            }
        }
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Expression>, Fault> {
        self.eat('(');
        let mut found = Vec::new();
        if self.eat(')') {
            return Ok(found);
        }
        loop {
            found.push(self.expression(depth + 1)?);
            if self.eat(')') {
                return Ok(found);
            }
            if !self.eat(',') {
                return self.fault("`,` or `)` is missing");
            }
        }
    }

    fn quoted(&mut self) -> Result<Expression, Fault> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(length) = self.rest().find('\'') else {
                self.at = start;
                return self.fault("this text does not end");
            };
            out.push_str(self.rest().get(..length).unwrap_or_default());
            self.at += length + 1;
            // A doubled quote is a quote.
            if !self.rest().starts_with('\'') {
                return Ok(Expression::Text(out.as_str().into()));
            }
            out.push('\'');
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let parsed = parse("contoso.name( 'it''s', -3 )[0].key").unwrap();
        let Expression::Key(inner, key) = parsed else { panic!("{parsed:?}") };
        assert_eq!(&*key, "key");
        let Expression::Index(call, _) = *inner else { panic!("{inner:?}") };
        let arguments = vec![Expression::Text("it's".into()), Expression::Number(-3)];
        assert_eq!(*call, Expression::Call("contoso.name".into(), arguments, 0));
        assert_eq!(inside("[[literal]"), None);
        assert_eq!(inside("[a()]"), Some("a()"));
    }

    #[test]
    fn faults_have_an_offset() {
        for (text, offset) in
            [("concat('a'", 10), ("a", 0), ("concat('a', )", 12), ("'x", 0), ("f() g()", 4), ("f()[1", 5)]
        {
            assert_eq!(parse(text).unwrap_err().offset, offset, "{text}");
        }
        assert!(parse(&"f(".repeat(10_000)).is_err());
    }
}
