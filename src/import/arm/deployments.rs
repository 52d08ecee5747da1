//! Deployments: what a template is given, nested and linked templates, loops that make whole values.

use super::{
    engine::{Engine, Env, Scope, Slot, loops},
    expression::inside,
    values::rest_of,
};
use crate::{
    diag::{Diagnostic, code},
    import::{
        Matters, NotUnderstood, Source,
        json::{self, Json, Value},
    },
};
use std::{collections::BTreeMap, rc::Rc};

/// Deployments inside each other, at most.
const MAX_NESTING: usize = 20;

/// What deploys a template.
pub(super) struct Deployment<'d> {
    pub(super) template: Json,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) target: String,
    pub(super) given: BTreeMap<String, (Json, Env)>,
    /// What may be given for any other parameter.
    pub(super) rest: Option<Json>,
    pub(super) outer: Option<Env>,
    pub(super) parent: Option<usize>,
    pub(super) base: String,
    pub(super) doubt: Option<Rc<str>>,
    pub(super) problems: &'d mut Vec<Diagnostic>,
}

impl Engine<'_> {
    /// Adds a template's parameters and variables, each evaluated when it is asked for.
    pub(super) fn open(&mut self, deployment: Deployment<'_>) -> usize {
        let id = self.scopes.len();
        let env = Env::of(id);
        let template = deployment.template;
        let mut parameters = BTreeMap::new();
        for (name, declared) in template.get("parameters").map_or(&[][..], Json::fields) {
            let said = |key: &str| definitions(&template, declared).find_map(|d| d.get(key));
            let kind = said("type").and_then(Json::as_str).unwrap_or_default();
            let lower = name.to_ascii_lowercase();
            // An empty secret hides nothing; links to further templates often end in one.
            let given = deployment.given.get(&lower).map(|(value, _)| value).or(declared.get("defaultValue"));
            let empty = given.is_some_and(|v| v.as_str() == Some(""));
            let secret = is_secure(kind) && !empty;
            let slot = match (secret, deployment.given.get(&lower), declared.get("defaultValue")) {
                (true, ..) => Slot::Done(Json::new(Value::Secret, declared.span)),
                (_, Some((value, env)), _) => Slot::Todo(value.clone(), env.clone()),
                (_, None, _) if deployment.rest.is_some() => {
                    Slot::Done(deployment.rest.clone().unwrap_or(Json::new(Value::Null, declared.span)))
                }
                (_, None, Some(default)) => Slot::Todo(default.clone(), env.clone()),
                _ if said("nullable").and_then(Json::as_bool) == Some(true) => {
                    Slot::Done(Json::new(Value::Null, declared.span))
                }
                _ if deployment.outer.is_some() => continue,
                _ => {
                    let text = format!("the parameter `{name}` has no value");
                    let help = format!("give `--parameter {name}=…`, or a file with `--parameters FILE`");
                    deployment
                        .problems
                        .push(Diagnostic::error(code::TEMPLATE_PARAMETER, declared.span, text).help(help));
                    Slot::Done(Json::new(Value::Unknown("its parameter has no value".into()), declared.span))
                }
            };
            parameters.insert(lower, slot);
        }
        let mut variables = BTreeMap::new();
        for (name, value) in template.get("variables").map_or(&[][..], Json::fields) {
            if name.eq_ignore_ascii_case("copy") && !value.items().is_empty() {
                for one in value.items() {
                    let name = one.str_at("name").unwrap_or_default().to_ascii_lowercase();
                    variables.insert(name, Slot::Todo(wrapped(one), env.clone()));
                }
            } else {
                variables.insert(name.to_ascii_lowercase(), Slot::Todo(value.clone(), env.clone()));
            }
        }
        let outputs = template.get("outputs").map_or(&[][..], Json::fields).iter();
        let outputs = outputs.filter_map(|(name, declared)| {
            let value = declared.get("value").cloned().or_else(|| declared.get("copy").map(wrapped))?;
            Some((name.to_ascii_lowercase(), Slot::Todo(value, env.clone())))
        });
        let outputs = outputs.collect();
        self.scopes.push(Scope {
            template,
            path: deployment.path,
            name: deployment.name,
            parameters,
            variables,
            outputs,
            outer: deployment.outer,
            target: deployment.target,
            symbols: BTreeMap::new(),
            parent: deployment.parent,
            base: deployment.base,
            doubt: deployment.doubt,
        });
        id
    }

    /// Opens a nested deployment once; gives its scope if its template is at hand.
    pub(super) fn nested(&mut self, id: usize, problems: &mut Vec<Diagnostic>) -> Result<Option<usize>, Diagnostic> {
        let Some(declaration) = self.declarations.get(id) else { return Ok(None) };
        if declaration.inner.is_some() {
            return Ok(declaration.inner);
        }
        let (json, env, address) = (declaration.json.clone(), declaration.env.clone(), declaration.address.clone());
        let doubt = declaration.doubt.clone();
        let target = declaration.full_id.to_lowercase().rfind("/providers/microsoft.resources/deployment");
        let target = target.and_then(|at| declaration.full_id.get(..at)).unwrap_or_default().to_owned();
        let name = declaration.full_id.rsplit('/').next().unwrap_or_default().to_owned();
        let mut depth = 0;
        let mut above = Some(env.scope);
        while let Some(scope) = above {
            depth += 1;
            above = self.scope(scope).and_then(|s| s.parent);
        }
        if depth > MAX_NESTING {
            let text = format!("more than {MAX_NESTING} deployments inside each other");
            return Err(Diagnostic::error(code::LIMIT, json.span, text).help("a linked template may link itself"));
        }
        let mut base = self.scope(env.scope).map(|s| s.base.clone()).unwrap_or_default();
        let (template, path) = match json.at("properties.template") {
            Some(template) => match self.written_out(template, &env, &address)? {
                Some(template) => (template, format!("{address}.properties.template.")),
                None => return Ok(None),
            },
            None => match self.linked(&json, &env, &address, &mut base)? {
                Some(template) => (template, String::new()),
                None => return Ok(None),
            },
        };
        let inline = json.at("properties.template").is_some();
        let inner = json
            .str_at("properties.expressionEvaluationOptions.scope")
            .is_some_and(|s| s.eq_ignore_ascii_case("inner"))
            || json.str_at("type").is_some_and(|t| t.eq_ignore_ascii_case(STACK));
        let (mut given, mut rest) = (BTreeMap::new(), None);
        if let Some(parameters) = json.at("properties.parameters") {
            let parameters = match parameters.as_str().and_then(inside) {
                Some(_) => self.evaluate(parameters, &env)?,
                None => parameters.clone(),
            };
            // What stands beside known parameters may be any of the others.
            rest = rest_of(&parameters);
            for (name, value) in parameters.fields() {
                // A choice between two ways to give it.
                let chosen = match value.as_str().and_then(inside) {
                    Some(_) => self.evaluate(value, &env)?,
                    None => value.clone(),
                };
                let one = value.get("copy").and_then(|l| loops("copy", l)?.first());
                let value = match (chosen.get("value"), chosen.get("reference")) {
                    (Some(value), _) => value.clone(),
                    (None, Some(_)) => Json::new(Value::Secret, value.span),
                    _ => match (rest_of(&chosen), one) {
                        (Some(unknown), _) => unknown,
                        (None, Some(one)) => wrapped(one),
                        (None, None) => continue,
                    },
                };
                given.insert(name.to_ascii_lowercase(), (value, env.clone()));
            }
        }
        let outer = (inline && !inner).then(|| env.clone());
        let scope = self.open(Deployment {
            template,
            path,
            name,
            target,
            given,
            rest,
            outer,
            parent: Some(env.scope),
            base,
            doubt,
            problems,
        });
        if let Some(declaration) = self.declarations.get_mut(id) {
            declaration.inner = Some(scope);
        }
        self.declare(scope)?;
        Ok(Some(scope))
    }

    /// A template that is written out, or that an expression gives.
    fn written_out(&mut self, template: &Json, env: &Env, address: &str) -> Result<Option<Json>, Diagnostic> {
        let value = match template.as_str().and_then(inside) {
            Some(_) => self.evaluate(template, env)?,
            None => template.clone(),
        };
        match &value.value {
            Value::Object(_) => Ok(Some(value)),
            Value::Unknown(_) | Value::Secret => {
                self.not_understood.push(NotUnderstood {
                    kind: "nested template".to_owned(),
                    name: address.to_owned(),
                    why: "its template is known only after deployment".to_owned(),
                    source: Source { address: address.to_owned(), span: template.span },
                    matters: Matters::Everywhere,
                });
                Ok(None)
            }
            _ => Err(self
                .fault(template.span, format!("the template of this deployment is {}", value.kind()))
                .help("write an object with `resources`")),
        }
    }

    /// A linked template, if the loader has it.
    fn linked(&mut self, json: &Json, env: &Env, address: &str, base: &mut String) -> Result<Option<Json>, Diagnostic> {
        let mut wanted = String::new();
        for key in ["relativePath", "uri", "id"] {
            if let Some(link) = json.at(&format!("properties.templateLink.{key}")) {
                let value = self.evaluate(link, env)?;
                wanted = value.as_str().unwrap_or_default().to_owned();
                if key == "relativePath" && !wanted.is_empty() {
                    wanted = format!("{base}{wanted}");
                }
                break;
            }
        }
        let path = wanted.split(['?', '#']).next().unwrap_or_default().to_owned();
        let found = if path.is_empty() { None } else { (self.load)(path.trim_start_matches(super::ROOT)) };
        let Some((name, text)) = found else {
            self.not_understood.push(NotUnderstood {
                kind: "linked template".to_owned(),
                name: path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or("linked").to_owned(),
                why: format!(
                    "its template is not at hand ({wanted}); put it beside the template under the same relative path"
                ),
                source: Source { address: address.to_owned(), span: json.span },
                matters: Matters::Everywhere,
            });
            return Ok(None);
        };
        *base = path.rfind('/').map(|at| path.get(..=at).unwrap_or_default().to_owned()).unwrap_or_default();
        let file = self.sources.add(name, text.clone());
        json::read(file, &text).map(Some)
    }
}

/// A deployment whose resources are managed together.
const STACK: &str = "Microsoft.Resources/deploymentStacks";

/// Whether a type, in lower case, carries a template.
pub(super) fn is_deployment(kind: &str) -> bool {
    kind == "microsoft.resources/deployments" || kind.eq_ignore_ascii_case(STACK)
}

/// What declares a parameter, with the definitions that it refers to.
fn definitions<'t>(template: &'t Json, declared: &'t Json) -> impl Iterator<Item = &'t Json> {
    const MOST: usize = 20;
    let next = |one: &&'t Json| template.get("definitions")?.get(one.str_at("$ref")?.strip_prefix("#/definitions/")?);
    std::iter::successors(Some(declared), next).take(MOST)
}

/// Whether a type is secret.
fn is_secure(kind: &str) -> bool {
    kind.to_ascii_lowercase().starts_with("secure")
}

/// A value without what its type says is secret, in whatever part of it.
pub(super) fn masked(value: &Json, declared: &Json, template: &Json) -> Json {
    let parts: Vec<&Json> = definitions(template, declared).collect();
    let kind = parts.iter().find_map(|d| d.str_at("type")).unwrap_or_default();
    let inner = match &value.value {
        Value::Null | Value::Unknown(_) | Value::Secret => return value.clone(),
        _ if is_secure(kind) && value.as_str() != Some("") => Value::Secret,
        Value::Object(fields) => {
            // Which of several variants it is follows from a property; a key is secret if any says so.
            let variants = parts.iter().filter_map(|d| d.at("discriminator.mapping")).flat_map(Json::fields);
            let all: Vec<&Json> =
                parts.iter().copied().chain(variants.flat_map(|(_, v)| definitions(template, v))).collect();
            let of = |key: &str| all.iter().filter_map(|d| d.get("properties")?.get(key)).collect::<Vec<_>>();
            let others = || all.iter().filter_map(|d| d.get("additionalProperties")).collect::<Vec<_>>();
            let masked_all = |v: &Json, types: Vec<&Json>| types.iter().fold(v.clone(), |v, t| masked(&v, t, template));
            let field = |(key, v): &(Rc<str>, Json)| {
                let types = of(key);
                (Rc::clone(key), masked_all(v, if types.is_empty() { others() } else { types }))
            };
            Value::Object(Rc::new(fields.iter().map(field).collect()))
        }
        Value::List(items) => {
            let all = parts.iter().find_map(|d| d.get("items"));
            let first = parts.iter().find_map(|d| d.get("prefixItems")).map_or(&[][..], Json::items);
            let item =
                |(n, v): (usize, &Json)| first.get(n).or(all).map_or_else(|| v.clone(), |t| masked(v, t, template));
            Value::List(Rc::new(items.iter().enumerate().map(item).collect()))
        }
        plain => plain.clone(),
    };
    Json::new(inner, value.span)
}

/// The key of an object that stands for a loop.
const LOOP: &str = "\u{2026}loop";

/// A loop that makes a whole variable, parameter or output: not an object with the list.
fn wrapped(copy: &Json) -> Json {
    Json::new(Value::Object(Rc::new(vec![(LOOP.into(), copy.clone())])), copy.span)
}

/// The loop that makes a whole value.
pub(super) fn loop_of(json: &Json) -> Option<&Json> {
    json.get(LOOP)
}
