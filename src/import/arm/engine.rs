//! Evaluation: scopes, parameters, variables, expressions. Everything is evaluated when it is asked for and once, so that
//! values may come in any order and a circle is found where it closes.

use super::{
    expression::{Expression, inside, parse},
    values::{list, rest, text},
};
use crate::{
    diag::{Diagnostic, SourceMap, Span, code},
    import::{
        NotUnderstood,
        json::{Field, Json, Value},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

pub(super) type Outcome = Result<Json, Diagnostic>;

/// Values by name.
pub(super) type Named = Rc<Vec<Field>>;

/// A round of a loop.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    pub(super) name: Rc<str>,
    /// Which round, unless only a deployment tells how many there are.
    pub(super) index: Option<i64>,
    /// Whether `copyIndex()` without a name means it: loops of resources and outputs, not those of properties inside.
    pub(super) unnamed: bool,
}

/// Where an expression stands: its deployment, loops around it, and local names.
#[derive(Debug, Clone)]
pub(super) struct Env {
    pub(super) scope: usize,
    pub(super) copies: Rc<Vec<Copy>>,
    pub(super) locals: Named,
    /// Parameters of the user function whose body this is.
    pub(super) function: Option<Named>,
}

impl Env {
    pub(super) fn of(scope: usize) -> Self {
        Self { scope, copies: Rc::default(), locals: Rc::default(), function: None }
    }

    pub(super) fn in_copy(&self, name: &str, index: Option<i64>, unnamed: bool) -> Self {
        let mut copies = self.copies.to_vec();
        copies.push(Copy { name: Rc::from(name), index, unnamed });
        Self { copies: Rc::new(copies), ..self.clone() }
    }
}

/// A value that is evaluated once.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    Todo(Json, Env),
    Busy,
    Done(Json),
}

/// A template that is deployed.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) template: Json,
    /// JSON path of the template in its file.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) parameters: BTreeMap<String, Slot>,
    pub(super) variables: BTreeMap<String, Slot>,
    pub(super) outputs: BTreeMap<String, Slot>,
    /// Whose parameters and variables expressions mean, for nested templates with outer scope.
    pub(super) outer: Option<Env>,
    /// `/subscriptions/…/resourceGroups/…`, or what else it deploys to.
    pub(super) target: String,
    pub(super) symbols: BTreeMap<String, Vec<usize>>,
    pub(super) parent: Option<usize>,
    /// Where linked templates are looked for.
    pub(super) base: String,
    /// Why it may not be deployed, or more than once.
    pub(super) doubt: Option<Rc<str>>,
}

/// A resource as declared: one for each round of its loop.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) env: Env,
    pub(super) json: Json,
    pub(super) kind: String,
    pub(super) full_id: String,
    pub(super) address: String,
    pub(super) existing: bool,
    pub(super) deployed: bool,
    /// Why it may not be deployed, or more than once.
    pub(super) doubt: Option<Rc<str>>,
    pub(super) body: Slot,
    /// The scope of a nested deployment, once it is expanded.
    pub(super) inner: Option<usize>,
}

/// What the caller chose.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What `subscription().subscriptionId` gives.
    pub subscription: String,
    /// What `resourceGroup().name` gives.
    pub group: String,
    /// What `resourceGroup().location` gives.
    pub location: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            subscription: "00000000-0000-0000-0000-000000000000".to_owned(),
            group: "resource-group".to_owned(),
            location: "eastus".to_owned(),
        }
    }
}

/// Reads a linked template: its name, as it is shown, and its text.
pub type Loader<'l> = dyn Fn(&str) -> Option<(String, String)> + 'l;

/// Why what a loop makes is not known.
pub(super) const COUNT: &str = "how many there are is known only after deployment";

/// Expressions evaluated in one import, at most: loops multiply.
const MAX_STEPS: usize = 5_000_000;
/// Evaluations inside each other, at most.
const MAX_DEPTH: usize = 150;

pub(super) struct Engine<'s> {
    pub(super) scopes: Vec<Scope>,
    pub(super) declarations: Vec<Declaration>,
    pub(super) by_id: BTreeMap<String, usize>,
    pub(super) settings: &'s Settings,
    pub(super) load: &'s Loader<'s>,
    pub(super) sources: &'s mut SourceMap,
    pub(super) not_understood: Vec<NotUnderstood>,
    /// Addresses allocated so far, by subnet.
    pub(super) addresses: BTreeMap<String, Vec<String>>,
    /// Addresses that the templates write out, so that they are not free.
    pub(super) literals: BTreeSet<String>,
    steps: usize,
    depth: usize,
}

impl<'s> Engine<'s> {
    pub(super) fn new(settings: &'s Settings, load: &'s Loader<'s>, sources: &'s mut SourceMap) -> Self {
        Self {
            scopes: Vec::new(),
            declarations: Vec::new(),
            by_id: BTreeMap::new(),
            settings,
            load,
            sources,
            not_understood: Vec::new(),
            addresses: BTreeMap::new(),
            literals: BTreeSet::new(),
            steps: 0,
            depth: 0,
        }
    }

    pub(super) fn scope(&self, id: usize) -> Option<&Scope> {
        self.scopes.get(id)
    }

    /// Evaluates a value with everything inside it.
    pub(super) fn evaluate(&mut self, json: &Json, env: &Env) -> Outcome {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.depth > MAX_DEPTH {
            return Err(Diagnostic::error(code::LIMIT, json.span, "the template is too large or too deep to evaluate")
                .help("split it, or import what it deployed with `privreach import azure`"));
        }
        self.depth += 1;
        let result = self.evaluated(json, env);
        self.depth -= 1;
        result
    }

    fn evaluated(&mut self, json: &Json, env: &Env) -> Outcome {
        match &json.value {
            Value::Text(plain) => match inside(plain) {
                Some(inner) => {
                    let expression = parse(inner).map_err(|fault| {
                        let start = json.span.start.saturating_add(u32::try_from(fault.offset + 2).unwrap_or(0));
                        let span = Span { start: start.min(json.span.end), ..json.span };
                        Diagnostic::error(
                            code::TEMPLATE,
                            span,
                            format!("the expression cannot be read: {}", fault.message),
                        )
                        .help("see the column; text of expressions stands in single quotes")
                    })?;
                    Ok(Json::new(self.expression(&expression, env, json.span)?.value, json.span))
                }
                None if plain.starts_with("[[") => Ok(Json::text(plain.get(1..).unwrap_or_default(), json.span)),
                None => Ok(json.clone()),
            },
            Value::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|i| self.evaluate(i, env)).collect();
                Ok(Json::new(list(items?), json.span))
            }
            Value::Object(fields) => {
                let mut out: Vec<Field> = Vec::with_capacity(fields.len());
                for (key, value) in fields.iter() {
                    match loops(key, value) {
                        Some(several) => {
                            for one in several {
                                let (name, value) = self.looped(one, env)?;
                                out.push((name, value));
                            }
                        }
                        None => {
                            let key = match inside(key) {
                                Some(_) => {
                                    let shown = self.evaluate(&Json::text(key, value.span), env)?;
                                    shown.as_str().map_or_else(|| Rc::clone(key), Rc::from)
                                }
                                None => Rc::clone(key),
                            };
                            out.push((key, self.evaluate(value, env)?));
                        }
                    }
                }
                Ok(Json::new(Value::Object(Rc::new(out)), json.span))
            }
            _ => Ok(json.clone()),
        }
    }

    /// A property loop: its name and the list it makes.
    pub(super) fn looped(&mut self, one: &Json, env: &Env) -> Result<Field, Diagnostic> {
        // The loop of an output is the only one without a name.
        let unnamed = one.get("name").is_none();
        let name: Rc<str> = one.str_at("name").unwrap_or("copy").into();
        let Some(count) = self.count(one, env)? else {
            return Ok((name, Json::new(Value::Unknown(COUNT.into()), one.span)));
        };
        let Some(input) = one.get("input") else {
            return Err(Diagnostic::error(code::TEMPLATE, one.span, "this loop has no `input`")
                .help("add what each round gives"));
        };
        let mut items = Vec::new();
        for index in 0..count {
            items.push(self.evaluate(input, &env.in_copy(&name, Some(index), unnamed))?);
        }
        Ok((name, Json::new(list(items), one.span)))
    }

    /// How often a loop runs, if that is known before deployment.
    pub(super) fn count(&mut self, copy: &Json, env: &Env) -> Result<Option<i64>, Diagnostic> {
        let wrong = |span| {
            Diagnostic::error(code::TEMPLATE, span, "the count of this loop is not a whole number from 0 to 800")
                .help("give the parameters that it depends on")
        };
        let Some(count) = copy.get("count") else { return Err(wrong(copy.span)) };
        let value = self.evaluate(count, env)?;
        if value.is_withheld() {
            return Ok(None);
        }
        value.as_int().filter(|n| (0..=800).contains(n)).map(Some).ok_or_else(|| wrong(count.span))
    }

    pub(super) fn fault(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code::TEMPLATE, span, message)
    }

    pub(super) fn expression(&mut self, expression: &Expression, env: &Env, span: Span) -> Outcome {
        self.depth += 1;
        self.steps += 1;
        if self.depth > MAX_DEPTH || self.steps > MAX_STEPS {
            self.depth -= 1;
            return Err(Diagnostic::error(code::LIMIT, span, "values refer to each other too deeply")
                .help("simplify the template"));
        }
        let result = match expression {
            Expression::Text(plain) => Ok(Json::new(Value::Text(Rc::clone(plain)), span)),
            Expression::Number(n) => Ok(Json::new(Value::Int(*n), span)),
            Expression::Call(name, arguments, _) => self.call(name, arguments, env, span),
            Expression::Key(base, key) => self.key(expression, base, key, env, span),
            Expression::Index(base, index) => self.index(base, index, env, span),
        };
        self.depth -= 1;
        result
    }

    fn key(&mut self, whole: &Expression, base: &Expression, key: &str, env: &Env, span: Span) -> Outcome {
        if let Some(found) = self.output_of(whole, env, span)? {
            return Ok(found);
        }
        let value = self.expression(base, env, span)?;
        self.member(&value, key, is_runtime(base), span)
    }

    fn index(&mut self, base: &Expression, index: &Expression, env: &Env, span: Span) -> Outcome {
        let value = self.expression(base, env, span)?;
        let index = self.expression(index, env, span)?;
        if value.is_withheld() {
            return Ok(value);
        }
        if index.is_withheld() {
            return Ok(index);
        }
        if let Value::Text(key) = &index.value {
            return self.member(&value, key, is_runtime(base), span);
        }
        let at = index.as_int().and_then(|n| usize::try_from(n).ok());
        match at.and_then(|n| value.items().get(n)) {
            Some(item) => Ok(item.clone()),
            None if is_runtime(base) => Ok(runtime_only("an item", span)),
            None => Err(self
                .fault(span, format!("{} has no item {}", value.kind(), index.as_int().unwrap_or(-1)))
                .help("check the index, and the parameters that the list comes from")),
        }
    }

    fn member(&self, value: &Json, key: &str, runtime: bool, span: Span) -> Outcome {
        match (&value.value, value.get(key)) {
            (Value::Unknown(_) | Value::Secret, _) => Ok(value.clone()),
            (_, Some(found)) => Ok(found.clone()),
            (_, None) if runtime => Ok(runtime_only(key, span)),
            (_, None) if rest(value).is_some() => Ok(rest(value).unwrap_or(value).clone()),
            _ => {
                let known: Vec<&str> = value.fields().iter().map(|(k, _)| &**k).collect();
                let near = crate::diag::nearest(key, known.iter().copied());
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "give the parameters that the value comes from".to_owned(),
                    None => format!("keys: {}", known.join(", ")),
                };
                Err(self.fault(span, format!("{} has no key `{key}`", value.kind())).help(help))
            }
        }
    }
}

/// The loops of a `copy` key.
pub(super) fn loops<'j>(key: &str, value: &'j Json) -> Option<&'j [Json]> {
    let several = value.items();
    let is_loop = |l: &Json| l.get("count").is_some() && l.get("input").is_some();
    (key.eq_ignore_ascii_case("copy") && !several.is_empty() && several.iter().all(is_loop)).then_some(several)
}

/// Whether an expression begins with something that only a deployment tells in full.
fn is_runtime(expression: &Expression) -> bool {
    match expression {
        Expression::Call(name, ..) => {
            let lower = name.to_ascii_lowercase();
            matches!(
                lower.as_str(),
                "reference"
                    | "references"
                    | "resourcegroup"
                    | "subscription"
                    | "deployment"
                    | "environment"
                    | "tenant"
                    | "providers"
                    | "managementgroup"
                    | "deployer"
                    | "lambdavariables"
            ) || lower.starts_with("list")
        }
        Expression::Key(base, _) | Expression::Index(base, _) => is_runtime(base),
        _ => false,
    }
}

/// A value that only a deployment tells.
pub(super) fn runtime_only(what: &str, span: Span) -> Json {
    Json::new(Value::Unknown(format!("`{what}` is known only after deployment").into()), span)
}

/// A circle of values.
pub(super) fn circle(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(code::TEMPLATE_CYCLE, span, format!("{what} depends on itself"))
        .help("break the circle; Azure refuses such a template, too")
}

/// A text value.
pub(super) fn json_text(value: &str, span: Span) -> Json {
    Json::new(text(value), span)
}
