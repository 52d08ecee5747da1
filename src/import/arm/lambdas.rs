//! Functions that take a lambda.

use super::{
    engine::{Engine, Env, Outcome},
    expression::Expression,
    functions,
    values::{list, object, obstacle, rest, show},
};
use crate::{
    diag::{Diagnostic, Span, code},
    import::json::{Json, Value},
};
use std::rc::Rc;

struct Lambda<'e> {
    names: Vec<Rc<str>>,
    body: &'e Expression,
}

impl Lambda<'_> {
    fn call(&self, engine: &mut Engine<'_>, env: &Env, values: &[Json], span: Span) -> Outcome {
        let mut locals = env.locals.to_vec();
        locals.extend(self.names.iter().cloned().zip(values.iter().cloned()));
        engine.expression(self.body, &Env { locals: Rc::new(locals), ..env.clone() }, span)
    }
}

fn wrong(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(code::TEMPLATE, span, format!("the arguments of `{name}` do not fit"))
        .help("it takes a list or an object, and `lambda('name', …)`")
}

fn lambda<'e>(
    engine: &mut Engine<'_>,
    name: &str,
    argument: Option<&'e Expression>,
    env: &Env,
    span: Span,
) -> Result<Lambda<'e>, Diagnostic> {
    let Some(Expression::Call(called, arguments, _)) = argument else { return Err(wrong(name, span)) };
    let (true, Some((body, names))) = (called.eq_ignore_ascii_case("lambda"), arguments.split_last()) else {
        return Err(wrong(name, span));
    };
    let mut found = Vec::new();
    for one in names {
        found.push(Rc::from(engine.expression(one, env, span)?.as_str().unwrap_or_default()));
    }
    Ok(Lambda { names: found, body })
}

/// Evaluates a function that takes a lambda.
pub(super) fn call(engine: &mut Engine<'_>, name: &str, arguments: &[Expression], env: &Env, span: Span) -> Outcome {
    let Some(first) = arguments.first() else { return Err(wrong(name, span)) };
    let over = engine.expression(first, env, span)?;
    if over.is_withheld() {
        return Ok(over);
    }
    if let Some(unknown) = rest(&over) {
        return Ok(unknown.clone());
    }
    let items = over.items();
    let index = |n: usize| Json::new(Value::Int(i64::try_from(n).unwrap_or(0)), span);
    let value = match name {
        "map" => {
            let f = lambda(engine, name, arguments.get(1), env, span)?;
            let mut out = Vec::new();
            for (n, item) in items.iter().enumerate() {
                out.push(f.call(engine, env, &[item.clone(), index(n)], span)?);
            }
            list(out)
        }
        "filter" => {
            let f = lambda(engine, name, arguments.get(1), env, span)?;
            let mut out = Vec::new();
            for (n, item) in items.iter().enumerate() {
                let keep = f.call(engine, env, &[item.clone(), index(n)], span)?;
                match functions::condition(&keep) {
                    Some(true) => out.push(item.clone()),
                    Some(false) => {}
                    None if obstacle(&keep).is_some() => return Ok(keep),
                    None => return Err(wrong(name, span)),
                }
            }
            list(out)
        }
        "reduce" => {
            let f = lambda(engine, name, arguments.get(2), env, span)?;
            let mut total = match arguments.get(1) {
                Some(start) => engine.expression(start, env, span)?,
                None => return Err(wrong(name, span)),
            };
            for (n, item) in items.iter().enumerate() {
                total = f.call(engine, env, &[total, item.clone(), index(n)], span)?;
            }
            total.value
        }
        "sort" => {
            let f = lambda(engine, name, arguments.get(1), env, span)?;
            let mut out: Vec<Json> = Vec::new();
            // Insertion keeps the comparison's errors; lists are short.
            for item in items.iter().take(1000) {
                let mut at = out.len();
                while at > 0 {
                    let Some(before) = out.get(at - 1).cloned() else { break };
                    let less = f.call(engine, env, &[item.clone(), before], span)?;
                    match functions::condition(&less) {
                        Some(true) => at -= 1,
                        Some(false) => break,
                        None if obstacle(&less).is_some() => return Ok(less),
                        None => return Err(wrong(name, span)),
                    }
                }
                out.insert(at, item.clone());
            }
            list(out)
        }
        "toobject" => {
            let key = lambda(engine, name, arguments.get(1), env, span)?;
            let value = arguments.get(2).map(|a| lambda(engine, name, Some(a), env, span)).transpose()?;
            let mut out = Vec::new();
            for item in items {
                let name = key.call(engine, env, std::slice::from_ref(item), span)?;
                if obstacle(&name).is_some() {
                    return Ok(name);
                }
                let name = show(&name);
                let made = match &value {
                    Some(f) => f.call(engine, env, std::slice::from_ref(item), span)?,
                    None => item.clone(),
                };
                out.push((Rc::from(name), made));
            }
            object(out)
        }
        "mapvalues" => {
            let f = lambda(engine, name, arguments.get(1), env, span)?;
            let mut out = Vec::new();
            for (key, item) in over.fields() {
                out.push((Rc::clone(key), f.call(engine, env, std::slice::from_ref(item), span)?));
            }
            object(out)
        }
        _ => {
            let f = lambda(engine, name, arguments.get(1), env, span)?;
            let mut groups: Vec<(Rc<str>, Vec<Json>)> = Vec::new();
            for item in items {
                let key = f.call(engine, env, std::slice::from_ref(item), span)?;
                if obstacle(&key).is_some() {
                    return Ok(key);
                }
                let key = show(&key);
                match groups.iter_mut().find(|(k, _)| **k == key) {
                    Some((_, group)) => group.push(item.clone()),
                    None => groups.push((Rc::from(key), vec![item.clone()])),
                }
            }
            object(groups.into_iter().map(|(k, g)| (k, Json::new(list(g), span))).collect())
        }
    };
    Ok(Json::new(value, span))
}
