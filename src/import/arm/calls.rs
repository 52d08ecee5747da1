//! Calls of functions: those that choose what they evaluate here, the others by their values.

use super::{
    engine::{Engine, Env, Outcome},
    expression::Expression,
    functions,
    values::{Args, obstacle, rest},
};
use crate::{
    diag::{Diagnostic, Span, code},
    import::json::{Json, Value},
};

/// Bytes of a text that an expression makes, at most.
const MAX_TEXT: usize = 1 << 20;
/// Items of a list, or keys of an object, that an expression makes, at most.
const MAX_ITEMS: usize = 50_000;

impl Engine<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expression], env: &Env, span: Span) -> Outcome {
        let lower = name.to_ascii_lowercase();
        if let Some(found) = self.special(&lower, arguments, env, span)? {
            return Ok(Json::new(found.value, span));
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.expression(argument, env, span)?);
        }
        if let Some(found) = self.about_resources(&lower, &values, env, span)? {
            return Ok(Json::new(found.value, span));
        }
        if let Some(user) = self.user_function(name, &values, env, span)? {
            return Ok(user);
        }
        // What is unknown or secret stays so, unless the function only moves it.
        let moves = matches!(lower.as_str(), "createobject" | "createarray" | "union");
        let counts = matches!(lower.as_str(), "length" | "items" | "empty" | "objectkeys");
        let looks_at_top = counts
            || matches!(lower.as_str(), "first" | "last" | "skip" | "take" | "array" | "flatten" | "shallowmerge")
            || lower == "concat" && values.iter().any(|v| matches!(v.value, Value::List(_)));
        let stops = |v: &Json| match &v.value {
            Value::Unknown(_) | Value::Secret => Some(v.value.clone()),
            _ if looks_at_top => rest(v).filter(|_| counts).map(|r| r.value.clone()),
            _ => obstacle(v),
        };
        if !moves && let Some(stop) = values.iter().find_map(stops) {
            let stop = if lower == "string" { stop } else { Json::made_of(stop, name) };
            return Ok(Json::new(stop, span));
        }
        match functions::call(&lower, &Args { values: &values, span }) {
            Some(Ok(value)) => self.bounded(value, span),
            Some(Err(why)) => Err(self
                .fault(span, format!("`{name}` cannot be evaluated: {why}"))
                .help("check its arguments, and the parameters that they come from")),
            None => Err(self.fault(span, format!("the function `{name}` is not known")).help(
                match super::known::meant(name) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write the value out in a copy of the template, or deploy and use `privreach import azure`"
                        .to_owned(),
                },
            )),
        }
    }

    /// A result that is not larger than any that Azure takes.
    fn bounded(&self, value: Value, span: Span) -> Outcome {
        let (size, most, what) = match &value {
            Value::Text(text) => (text.len(), MAX_TEXT, "bytes of text"),
            Value::List(items) => (items.len(), MAX_ITEMS, "items"),
            Value::Object(fields) => (fields.len(), MAX_ITEMS, "keys"),
            _ => return Ok(Json::new(value, span)),
        };
        if size > most {
            let text = format!("an expression gives more than {most} {what}");
            return Err(Diagnostic::error(code::LIMIT, span, text).help("Azure takes templates of 4 MB at the most"));
        }
        Ok(Json::new(value, span))
    }

    /// Functions that choose what they evaluate, or ask the scope.
    fn special(
        &mut self,
        name: &str,
        arguments: &[Expression],
        env: &Env,
        span: Span,
    ) -> Result<Option<Json>, Diagnostic> {
        let argument = |n: usize| {
            arguments.get(n).ok_or_else(|| {
                Diagnostic::error(code::TEMPLATE, span, format!("`{name}` lacks argument {}", n + 1))
                    .help("see the function's reference")
            })
        };
        Ok(Some(match name {
            "if" => {
                let test = self.expression(argument(0)?, env, span)?;
                if test.is_withheld() {
                    return Ok(Some(Json::new(
                        Value::Unknown("its condition is known only after deployment".into()),
                        span,
                    )));
                }
                match functions::condition(&test) {
                    Some(true) => self.expression(argument(1)?, env, span)?,
                    Some(false) => self.expression(argument(2)?, env, span)?,
                    None => {
                        return Err(self
                            .fault(span, format!("the condition of `if` is {}", test.kind()))
                            .help("it must be true or false"));
                    }
                }
            }
            "and" | "or" => {
                let mut unknown = None;
                for one in arguments {
                    let value = self.expression(one, env, span)?;
                    match functions::condition(&value) {
                        Some(truth) if truth == (name == "or") => return Ok(Some(Json::new(Value::Bool(truth), span))),
                        Some(_) => {}
                        None => unknown = Some(value),
                    }
                }
                unknown.unwrap_or_else(|| Json::new(Value::Bool(name == "and"), span))
            }
            "coalesce" => {
                for one in arguments {
                    let value = self.expression(one, env, span)?;
                    if value.value != Value::Null {
                        return Ok(Some(value));
                    }
                }
                Json::new(Value::Null, span)
            }
            "tryget" => {
                let mut value = self.expression(argument(0)?, env, span)?;
                for one in arguments.iter().skip(1) {
                    let key = self.expression(one, env, span)?;
                    let found = match &key.value {
                        Value::Text(key) => value.get(key).cloned(),
                        _ => key
                            .as_int()
                            .and_then(|n| usize::try_from(n).ok())
                            .and_then(|n| value.items().get(n).cloned()),
                    };
                    match (&value.value, found) {
                        (Value::Unknown(_) | Value::Secret, _) => return Ok(Some(value)),
                        (_, Some(found)) => value = found,
                        (_, None) => return Ok(Some(rest(&value).cloned().unwrap_or(Json::new(Value::Null, span)))),
                    }
                }
                value
            }
            "parameters" | "variables" | "lambdavariables" => {
                let wanted = self.expression(argument(0)?, env, span)?;
                let wanted = wanted.as_str().unwrap_or_default().to_owned();
                match name {
                    "parameters" => self.parameter(&wanted, env, span)?,
                    "variables" => self.variable(&wanted, env, span)?,
                    _ => self.local(&wanted, env, span)?,
                }
            }
            "copyindex" => self.copy_index(arguments, env, span)?,
            "map" | "filter" | "reduce" | "sort" | "toobject" | "mapvalues" | "groupby" => {
                return super::lambdas::call(self, name, arguments, env, span).map(Some);
            }
            _ => return Ok(None),
        }))
    }
}
