//! Functions that depend on their arguments alone.

use super::values::{Args, compare, fail, list, number, object, show, text, truth, united};
use crate::import::json::{Json, Value};
use std::rc::Rc;

type Outcome = Result<Value, String>;

/// Evaluates a function; nothing if there is none of that name.
pub(super) fn call(name: &str, args: &Args<'_>) -> Option<Outcome> {
    Some(match name {
        "concat" => concat(args),
        "format" => format_text(args),
        "tolower" => args.text(0).map(|t| text(&t.to_lowercase())),
        "toupper" => args.text(0).map(|t| text(&t.to_uppercase())),
        "trim" => args.text(0).map(|t| text(t.trim())),
        "replace" => replace(args),
        "split" => split(args),
        "join" => join(args),
        "substring" => substring(args),
        "padleft" => pad_left(args),
        "startswith" => two(args, |a, b| a.starts_with(b)),
        "endswith" => two(args, |a, b| a.ends_with(b)),
        "indexof" => position(args, |a, b| a.find(b), false),
        "lastindexof" => position(args, |a, b| a.rfind(b), true),
        "string" => args.any(0).map(|v| text(&show(v))),
        "json" => json(args),
        "uri" => uri(args),
        "uricomponent" => args.text(0).map(|t| text(&percent(t))),
        "uricomponenttostring" => args.text(0).map(|t| text(&unpercent(t))),
        "base64" => args.text(0).map(|t| text(&super::encode::base64(t.as_bytes()))),
        "base64tostring" => decoded(args).map(|t| text(&t)),
        "base64tojson" => decoded(args).and_then(|t| parsed(&t, args)),
        "datauri" => args
            .text(0)
            .map(|t| text(&format!("data:text/plain;charset=utf8;base64,{}", super::encode::base64(t.as_bytes())))),
        "uniquestring" => strings(args).map(|t| text(&super::encode::unique(&t))),
        "guid" => strings(args).map(|t| text(&super::encode::guid(&t))),
        "int" => args.number(0).map(Value::Int),
        "float" => args.any(0).map(|v| v.value.clone()),
        "bool" => args.truth(0).map(Value::Bool),
        "add" => math(args, i64::checked_add),
        "sub" => math(args, i64::checked_sub),
        "mul" => math(args, i64::checked_mul),
        "div" => math(args, i64::checked_div),
        "mod" => math(args, i64::checked_rem),
        "min" => extreme(args, false),
        "max" => extreme(args, true),
        "equals" => args.pair().map(|(a, b)| Value::Bool(compare(a, b))),
        "less" => order(args, |o| o.is_lt()),
        "lessorequals" => order(args, |o| o.is_le()),
        "greater" => order(args, |o| o.is_gt()),
        "greaterorequals" => order(args, |o| o.is_ge()),
        "not" => args.truth(0).map(|b| Value::Bool(!b)),
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "null" => Ok(Value::Null),
        "empty" => args.any(0).map(|v| Value::Bool(is_empty(v))),
        "length" => length(args),
        "contains" => contains(args),
        "first" => end(args, |l| l.first()),
        "last" => end(args, |l| l.last()),
        "take" => part(args, |n, all| 0..n.min(all)),
        "skip" => part(args, |n, all| n.min(all)..all),
        "range" => range(args),
        "array" => args.any(0).map(|v| match &v.value {
            Value::List(_) => v.value.clone(),
            _ => list(vec![v.clone()]),
        }),
        "createarray" => Ok(list(args.values.to_vec())),
        "createobject" => create_object(args),
        "union" => union(args),
        "intersection" => intersection(args),
        "flatten" => args.items(0).map(|l| match l.iter().find_map(unknown) {
            Some(stop) => stop,
            None => list(l.iter().flat_map(|i| i.items().to_vec()).collect()),
        }),
        "items" => items(args),
        "objectkeys" => args.any(0).map(|o| list(o.fields().iter().map(|(k, _)| Json::text(k, args.span)).collect())),
        "shallowmerge" => args.items(0).map(|l| united(l.iter(), false)),
        "indexfromend" => args.items(0).and_then(|l| {
            let back = usize::try_from(args.number(1)?).map_err(fail)?;
            l.len()
                .checked_sub(back)
                .and_then(|n| l.get(n))
                .map(|v| v.value.clone())
                .ok_or_else(|| "the list is shorter".to_owned())
        }),
        "parsecidr" => super::cidr::parse(args),
        "cidrsubnet" => super::cidr::subnet(args),
        "cidrhost" => super::cidr::host(args),
        // A fixed day: results must not depend on the clock.
        "utcnow" => Ok(text("2026-01-01T00:00:00Z")),
        "newguid" => Ok(text("00000000-0000-0000-0000-00000000beef")),
        "datetimeadd" | "datetimefromepoch" => Ok(text("2026-01-01T00:00:00Z")),
        "datetimetoepoch" => Ok(Value::Int(1_767_225_600)),
        _ => return None,
    })
}

fn concat(args: &Args<'_>) -> Outcome {
    if args.values.iter().any(|v| matches!(v.value, Value::List(_))) {
        return Ok(list(args.values.iter().flat_map(|v| v.items().to_vec()).collect()));
    }
    Ok(text(&args.values.iter().map(show).collect::<String>()))
}

fn format_text(args: &Args<'_>) -> Outcome {
    let pattern = args.text(0)?;
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at..).unwrap_or_default();
        if let Some(after) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
            out.push_str(tail.get(..1).unwrap_or_default());
            rest = after;
            continue;
        }
        let Some((inner, after)) = tail.strip_prefix('{').and_then(|t| t.split_once('}')) else {
            return Err("a brace of the pattern has no partner".to_owned());
        };
        let (number, how) = inner.split_once([':', ',']).unwrap_or((inner, ""));
        let number: usize = number.trim().parse().map_err(|_| format!("`{{{inner}}}` is no placeholder"))?;
        let value = args.any(number + 1)?;
        let digits = how
            .strip_prefix(['D', 'd', '0'])
            .map(|d| if how.starts_with('0') { how.len() } else { d.parse().unwrap_or(0) });
        match (digits, value.as_int()) {
            (Some(width), Some(n)) => out.push_str(&format!("{n:0width$}")),
            _ => out.push_str(&show(value)),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(text(&out))
}

fn replace(args: &Args<'_>) -> Outcome {
    let (all, old, new) = (args.text(0)?, args.text(1)?, args.text(2)?);
    Ok(text(&if old.is_empty() { all.to_owned() } else { all.replace(old, new) }))
}

fn split(args: &Args<'_>) -> Outcome {
    let all = args.text(0)?;
    let separators: Vec<String> = match &args.any(1)?.value {
        Value::List(several) => several.iter().map(show).collect(),
        _ => vec![args.text(1)?.to_owned()],
    };
    let mut parts = vec![all.to_owned()];
    for separator in separators.iter().filter(|s| !s.is_empty()) {
        parts = parts.iter().flat_map(|p| p.split(separator.as_str()).map(str::to_owned)).collect();
    }
    Ok(list(parts.iter().map(|p| Json::text(p, args.span)).collect()))
}

fn join(args: &Args<'_>) -> Outcome {
    let parts: Vec<String> = args.items(0)?.iter().map(show).collect();
    Ok(text(&parts.join(args.text(1)?)))
}

fn substring(args: &Args<'_>) -> Outcome {
    let all: Vec<char> = args.text(0)?.chars().collect();
    let start = usize::try_from(args.number(1)?).map_err(fail)?;
    let length = match args.values.get(2) {
        Some(_) => usize::try_from(args.number(2)?).map_err(fail)?,
        None => all.len().saturating_sub(start),
    };
    match start.checked_add(length).and_then(|end| all.get(start..end)) {
        Some(part) => Ok(text(&part.iter().collect::<String>())),
        None => Err(format!("the text has only {} characters", all.len())),
    }
}

fn pad_left(args: &Args<'_>) -> Outcome {
    let all = show(args.any(0)?);
    let width = usize::try_from(args.number(1)?).map_err(fail)?;
    if width > 1024 {
        return Err("the width is larger than 1024".to_owned());
    }
    let with = args.values.get(2).and_then(Json::as_str).and_then(|t| t.chars().next()).unwrap_or(' ');
    let missing = width.saturating_sub(all.chars().count());
    Ok(text(&format!("{}{all}", with.to_string().repeat(missing))))
}

fn two(args: &Args<'_>, test: fn(&str, &str) -> bool) -> Outcome {
    Ok(Value::Bool(test(&args.text(0)?.to_lowercase(), &args.text(1)?.to_lowercase())))
}

fn position(args: &Args<'_>, find: fn(&str, &str) -> Option<usize>, last: bool) -> Outcome {
    if let Value::List(items) = &args.any(0)?.value {
        let wanted = args.any(1)?;
        let found = match last {
            false => items.iter().position(|i| compare(i, wanted)),
            true => items.iter().rposition(|i| compare(i, wanted)),
        };
        return Ok(number(found));
    }
    let (all, part) = (args.text(0)?.to_lowercase(), args.text(1)?.to_lowercase());
    Ok(number(find(&all, &part).map(|at| all.get(..at).map_or(0, |t| t.chars().count()))))
}

fn json(args: &Args<'_>) -> Outcome {
    match args.any(0)?.as_str() {
        Some(text) => parsed(text, args),
        None => Ok(args.any(0)?.value.clone()),
    }
}

fn parsed(text: &str, args: &Args<'_>) -> Outcome {
    let read =
        crate::import::json::read(args.span.file, text).map_err(|d| format!("its text is no JSON: {}", d.message))?;
    // Places inside the text are none of the file.
    Ok(relocated(&read, args.span).value)
}

fn relocated(json: &Json, span: crate::diag::Span) -> Json {
    let value = match &json.value {
        Value::List(items) => list(items.iter().map(|i| relocated(i, span)).collect()),
        Value::Object(fields) => object(fields.iter().map(|(k, v)| (Rc::clone(k), relocated(v, span))).collect()),
        plain => plain.clone(),
    };
    Json::new(value, span)
}

fn uri(args: &Args<'_>) -> Outcome {
    let (base, relative) = (args.text(0)?, args.text(1)?);
    if relative.contains("://") {
        return Ok(text(relative));
    }
    let root = base.find("://").map_or(0, |n| n + 3);
    let end = match base.get(root..).and_then(|t| t.rfind('/')) {
        Some(at) => base.get(..root + at).unwrap_or(base),
        None => base,
    };
    Ok(text(&format!("{end}/{}", relative.trim_start_matches('/'))))
}

fn percent(plain: &str) -> String {
    plain
        .bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

fn unpercent(coded: &str) -> String {
    let mut out = Vec::new();
    let bytes = coded.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = coded.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| *byte == b'%');
        out.push(hex.unwrap_or(*byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn decoded(args: &Args<'_>) -> Result<String, String> {
    let bytes = super::encode::unbase64(args.text(0)?).ok_or("its text is not Base64")?;
    String::from_utf8(bytes).map_err(|_| "it is not text once decoded".to_owned())
}

fn strings(args: &Args<'_>) -> Result<Vec<String>, String> {
    match args.values.is_empty() {
        true => Err("it needs at least one text".to_owned()),
        false => Ok(args.values.iter().map(show).collect()),
    }
}

fn math(args: &Args<'_>, operation: fn(i64, i64) -> Option<i64>) -> Outcome {
    let (a, b) = (args.number(0)?, args.number(1)?);
    operation(a, b).map(Value::Int).ok_or_else(|| format!("{a} and {b} have no such result"))
}

fn extreme(args: &Args<'_>, largest: bool) -> Outcome {
    let numbers: Vec<i64> = match args.values {
        [one] if !one.items().is_empty() => one.items().iter().filter_map(Json::as_int).collect(),
        several => several.iter().filter_map(Json::as_int).collect(),
    };
    let found = if largest { numbers.iter().max() } else { numbers.iter().min() };
    found.map(|n| Value::Int(*n)).ok_or_else(|| "it needs numbers".to_owned())
}

fn order(args: &Args<'_>, test: fn(std::cmp::Ordering) -> bool) -> Outcome {
    let (a, b) = args.pair()?;
    match (&a.value, &b.value) {
        (Value::Text(a), Value::Text(b)) => Ok(Value::Bool(test(a.cmp(b)))),
        _ => Ok(Value::Bool(test(args.number(0)?.cmp(&args.number(1)?)))),
    }
}

fn is_empty(value: &Json) -> bool {
    match &value.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn length(args: &Args<'_>) -> Outcome {
    let count = match &args.any(0)?.value {
        Value::Text(text) => text.chars().count(),
        Value::List(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => return Err(format!("{} has no length", args.any(0)?.kind())),
    };
    Ok(number(Some(count)))
}

fn contains(args: &Args<'_>) -> Outcome {
    let (all, part) = args.pair()?;
    Ok(Value::Bool(match &all.value {
        Value::Text(text) => text.contains(show(part).as_str()),
        Value::List(items) => items.iter().any(|i| compare(i, part)),
        Value::Object(fields) => fields.iter().any(|(k, _)| k.eq_ignore_ascii_case(&show(part))),
        Value::Null => false,
        _ => return Err(format!("{} contains nothing", all.kind())),
    }))
}

fn end(args: &Args<'_>, pick: fn(&[Json]) -> Option<&Json>) -> Outcome {
    if let Value::Text(all) = &args.any(0)?.value {
        let letters: Vec<Json> = all.chars().map(|c| Json::text(&c.to_string(), args.span)).collect();
        return Ok(pick(&letters).map_or(text(""), |v| v.value.clone()));
    }
    Ok(pick(args.items(0)?).map_or(Value::Null, |v| v.value.clone()))
}

fn part(args: &Args<'_>, range: fn(usize, usize) -> std::ops::Range<usize>) -> Outcome {
    let wanted = usize::try_from(args.number(1)?.max(0)).map_err(fail)?;
    if let Value::Text(all) = &args.any(0)?.value {
        let letters: Vec<char> = all.chars().collect();
        let part = letters.get(range(wanted, letters.len())).unwrap_or_default();
        return Ok(text(&part.iter().collect::<String>()));
    }
    let items = args.items(0)?;
    Ok(list(items.get(range(wanted, items.len())).unwrap_or_default().to_vec()))
}

fn range(args: &Args<'_>) -> Outcome {
    let (start, count) = (args.number(0)?, args.number(1)?);
    if !(0..=10_000).contains(&count) {
        return Err(format!("{count} is outside 0 to 10000"));
    }
    Ok(list((start..start.saturating_add(count)).map(|n| Json::new(Value::Int(n), args.span)).collect()))
}

fn create_object(args: &Args<'_>) -> Outcome {
    let mut fields = Vec::new();
    for pair in args.values.chunks(2) {
        let [key, value] = pair else { return Err("it needs pairs of keys and values".to_owned()) };
        if let Some(stop) = unknown(key) {
            return Ok(stop);
        }
        fields.push((Rc::from(show(key)), value.clone()));
    }
    Ok(object(fields))
}

/// What only a deployment tells, or is secret, taken as a whole.
fn unknown(value: &Json) -> Option<Value> {
    value.is_withheld().then(|| value.value.clone())
}

fn union(args: &Args<'_>) -> Outcome {
    let lists = args.values.iter().any(|v| matches!(v.value, Value::List(_)));
    if let Some(stop) = args.values.iter().filter(|_| lists).find_map(unknown) {
        return Ok(stop);
    }
    if args.values.iter().any(|v| matches!(v.value, Value::List(_))) {
        let mut all: Vec<Json> = Vec::new();
        for item in args.values.iter().flat_map(|v| v.items()) {
            if !all.iter().any(|i| compare(i, item)) {
                all.push(item.clone());
            }
        }
        return Ok(list(all));
    }
    Ok(united(args.values.iter(), true))
}

fn intersection(args: &Args<'_>) -> Outcome {
    let Some((first, others)) = args.values.split_first() else { return Err("it needs values".to_owned()) };
    Ok(match &first.value {
        Value::List(items) => {
            let shared = |i: &&Json| others.iter().all(|o| o.items().iter().any(|x| compare(x, i)));
            list(items.iter().filter(shared).cloned().collect())
        }
        _ => {
            let fields = first.fields().iter();
            let shared = fields.filter(|(k, v)| others.iter().all(|o| o.get(k).is_some_and(|x| compare(x, v))));
            object(shared.cloned().collect())
        }
    })
}

fn items(args: &Args<'_>) -> Outcome {
    let mut fields: Vec<_> = args.any(0)?.fields().to_vec();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    let pair = |(k, v): (Rc<str>, Json)| {
        let span = v.span;
        Json::new(object(vec![("key".into(), Json::text(&k, span)), ("value".into(), v)]), span)
    };
    Ok(list(fields.into_iter().map(pair).collect()))
}

/// The truth value of a condition.
pub(super) fn condition(value: &Json) -> Option<bool> {
    truth(value)
}
