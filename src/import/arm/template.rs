//! From templates to declarations: loops, conditions, children, nested and linked deployments.

use super::{
    engine::{COUNT, Declaration, Engine, Env, Scope, Slot, loops},
    expression::inside,
    functions,
};
use crate::{
    diag::{Diagnostic, Span, code},
    import::{
        Matters, NotUnderstood, Source,
        ids::join,
        json::{self, Json, Value},
        resources::is_beside,
    },
};
use std::{collections::BTreeMap, rc::Rc};

/// Resources of one import, at most.
const MAX_RESOURCES: usize = 50_000;
/// Deployments inside each other, at most.
const MAX_NESTING: usize = 20;

/// What deploys a template.
pub(super) struct Deployment<'d> {
    pub(super) template: Json,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) target: String,
    pub(super) given: BTreeMap<String, (Json, Env)>,
    pub(super) outer: Option<Env>,
    pub(super) parent: Option<usize>,
    pub(super) base: String,
    pub(super) doubt: Option<Rc<str>>,
    pub(super) problems: &'d mut Vec<Diagnostic>,
}

/// What stands around a resource.
#[derive(Clone)]
struct Around {
    env: Env,
    /// Type and names of the resource it is written in.
    parent: Option<(String, Vec<String>)>,
    address: String,
    deployed: bool,
    /// Why it may not be deployed, or more than once.
    doubt: Option<Rc<str>>,
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
            let secret = kind.to_ascii_lowercase().starts_with("secure") && !empty;
            let slot = match (secret, deployment.given.get(&lower), declared.get("defaultValue")) {
                (true, ..) => Slot::Done(Json::new(Value::Secret, declared.span)),
                (_, Some((value, env)), _) => Slot::Todo(value.clone(), env.clone()),
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

    /// Declares the resources of a scope. Nested deployments are opened when something asks for them, or at the end.
    pub(super) fn declare(&mut self, scope: usize) -> Result<(), Diagnostic> {
        let Some((template, path)) = self.scope(scope).map(|s| (s.template.clone(), s.path.clone())) else {
            return Ok(());
        };
        let copies = self.scope(scope).and_then(|s| s.outer.as_ref()).map(|o| Rc::clone(&o.copies)).unwrap_or_default();
        let doubt = self.scope(scope).and_then(|s| s.doubt.clone());
        let env = Env { copies, ..Env::of(scope) };
        let around = Around { env, parent: None, address: String::new(), deployed: true, doubt };
        let Some(resources) = template.get("resources") else { return Ok(()) };
        for (number, one) in resources.items().iter().enumerate() {
            let address = format!("{path}resources[{number}]");
            self.resource(one, None, &Around { address, ..around.clone() })?;
        }
        for (symbol, one) in resources.fields() {
            let address = format!("{path}resources.{symbol}");
            self.resource(one, Some(symbol), &Around { address, ..around.clone() })?;
        }
        Ok(())
    }

    fn resource(&mut self, json: &Json, symbol: Option<&str>, around: &Around) -> Result<(), Diagnostic> {
        let Some(copy) = json.get("copy").filter(|c| c.get("count").is_some()) else {
            return self.instance(json, symbol, around);
        };
        let name = copy.str_at("name").or(symbol).unwrap_or("copy").to_owned();
        let count = self.count(copy, &around.env)?;
        let doubt = if count.is_none() { Some(COUNT.into()) } else { around.doubt.clone() };
        for index in 0..count.unwrap_or(1) {
            let env = around.env.in_copy(&name, index, true);
            let address = format!("{}[copy {index}]", around.address);
            self.instance(json, symbol, &Around { env, address, doubt: doubt.clone(), ..around.clone() })?;
        }
        Ok(())
    }

    fn instance(&mut self, json: &Json, symbol: Option<&str>, around: &Around) -> Result<(), Diagnostic> {
        if self.declarations.len() >= MAX_RESOURCES {
            let text = format!("the template declares more than {MAX_RESOURCES} resources");
            return Err(Diagnostic::error(code::LIMIT, json.span, text).help("split it"));
        }
        if json.get("extension").or_else(|| json.get("import")).is_some() {
            self.not_understood.push(NotUnderstood {
                kind: json.str_at("type").unwrap_or("resource").to_owned(),
                name: symbol.unwrap_or_default().to_owned(),
                why: "it is a resource of an extension, none of Azure Resource Manager".to_owned(),
                source: Source { address: around.address.clone(), span: json.span },
                matters: Matters::No,
            });
            return Ok(());
        }
        let Some(kind) = json.get("type") else {
            return Err(self.fault(json.span, "this resource has no `type`").help("add it"));
        };
        let kind = self.evaluate(kind, &around.env)?;
        let Some(mut kind) = kind.as_str().map(str::to_ascii_lowercase) else {
            return Err(self
                .fault(kind.span, format!("the type of this resource is {}", kind.kind()))
                .help("write it out"));
        };
        let (mut deployed, mut doubt) = (around.deployed, around.doubt.clone());
        if let Some(condition) = json.get("condition").filter(|_| deployed) {
            let test = self.evaluate(condition, &around.env)?;
            match functions::condition(&test) {
                Some(truth) => deployed = truth,
                None => doubt = Some("whether it is deployed is known only after deployment".into()),
            }
        }
        let mut names = match self.names(json, &kind, around) {
            Ok(Some(names)) => names,
            // What is not deployed need not have a name that can be told.
            Err(_) | Ok(None) if !deployed => self.stand_in(&kind),
            Ok(None) => {
                let why = "its name is known only after deployment";
                // Whose part it is cannot be told, nor which names a zone answers.
                let alone = !kind.contains('.') || kind.matches('/').count() == 1;
                match alone && kind != "microsoft.network/privatednszones" {
                    true => doubt = doubt.or(Some(why.into())),
                    false => self.doubt(&kind, around, json.span, why),
                }
                self.stand_in(&kind)
            }
            Err(problem) => return Err(problem),
        };
        // A child may give its type and name without those of its parent.
        if let Some((parent, before)) = &around.parent
            && !kind.contains('.')
        {
            kind = format!("{parent}/{kind}");
            names.splice(0..0, before.iter().cloned());
        }
        let target = match self.target_of(json, &kind, around) {
            Err(_) if !deployed => String::new(),
            target => target?,
        };
        let full_id = match kind.as_str() {
            "microsoft.resources/resourcegroups" => format!("{target}/resourceGroups/{}", names.join("/")),
            _ => join(&target, &kind, &names),
        };
        let existing = json.get("existing").and_then(Json::as_bool) == Some(true);
        let id = self.declarations.len();
        let env = around.env.clone();
        let body = Slot::Todo(own_part(json), env.clone());
        let declared = Declaration {
            env,
            json: json.clone(),
            kind: kind.clone(),
            full_id: full_id.clone(),
            address: around.address.clone(),
            existing,
            deployed,
            doubt: doubt.clone(),
            body,
            inner: None,
        };
        self.declarations.push(declared);
        // What is only referred to, or left out by its condition, stands behind what is deployed.
        if deployed && !existing || !self.by_id.contains_key(&full_id.to_lowercase()) {
            self.by_id.insert(full_id.to_lowercase(), id);
        }
        if let (Some(symbol), Some(scope)) = (symbol, self.scopes.get_mut(around.env.scope)) {
            scope.symbols.entry(symbol.to_ascii_lowercase()).or_default().push(id);
        }
        let inside = Around { parent: Some((kind, names)), deployed, doubt, ..around.clone() };
        let Some(children) = json.get("resources") else { return Ok(()) };
        for (number, child) in children.items().iter().enumerate() {
            let address = format!("{}.resources[{number}]", around.address);
            self.resource(child, None, &Around { address, ..inside.clone() })?;
        }
        for (symbol, child) in children.fields() {
            let address = format!("{}.resources.{symbol}", around.address);
            self.resource(child, Some(symbol), &Around { address, ..inside.clone() })?;
        }
        Ok(())
    }

    /// Names of something whose own are not known.
    fn stand_in(&self, kind: &str) -> Vec<String> {
        let wanted = kind.matches('/').count().max(1);
        (0..wanted).map(|n| format!("unknown-{}-{n}", self.declarations.len())).collect()
    }

    /// Names of a resource, one a segment of its type; nothing if only a deployment tells them.
    fn names(&mut self, json: &Json, kind: &str, around: &Around) -> Result<Option<Vec<String>>, Diagnostic> {
        let Some(name) = json.get("name") else {
            return Err(self.fault(json.span, "this resource has no `name`").help("add it"));
        };
        let value = self.evaluate(name, &around.env)?;
        let wanted = kind.matches('/').count().max(1);
        let names: Vec<String> = match &value.value {
            Value::Text(text) => text.split('/').map(str::to_owned).collect(),
            Value::Int(n) => vec![n.to_string()],
            Value::Unknown(_) | Value::Secret => return Ok(None),
            _ => {
                return Err(self
                    .fault(name.span, format!("the name of this resource is {}", value.kind()))
                    .help("it must be text"));
            }
        };
        let relative = around.parent.is_some() && !kind.contains('.');
        if !relative && names.len() != wanted {
            let text = format!("the name has {} segments and the type `{kind}` needs {wanted}", names.len());
            return Err(self.fault(name.span, text).help("write parent/child for a child resource"));
        }
        Ok(Some(names))
    }

    /// Where a resource is deployed to: its deployment's target, its own `scope`, or what a deployment names.
    fn target_of(&mut self, json: &Json, kind: &str, around: &Around) -> Result<String, Diagnostic> {
        let own = self.scope(around.env.scope).map(|s| s.target.clone()).unwrap_or_default();
        if let Some(scope) = json.get("scope") {
            let value = self.evaluate(scope, &around.env)?;
            return Ok(match value.as_str() {
                Some("/") => String::new(),
                Some(id) if id.starts_with('/') => id.to_owned(),
                Some(relative) => format!("{own}/providers/{relative}"),
                None => own,
            });
        }
        if !is_deployment(kind) {
            return Ok(own);
        }
        let mut part = |key: &str| -> Result<Option<String>, Diagnostic> {
            let Some(value) = json.get(key) else { return Ok(None) };
            Ok(self.evaluate(value, &around.env)?.as_str().map(str::to_owned))
        };
        let (subscription, group) = (part("subscriptionId")?, part("resourceGroup")?);
        let mut parts = own.trim_start_matches('/').split('/').skip(1).step_by(2);
        let (own_subscription, own_group) = (parts.next().map(str::to_owned), parts.next().map(str::to_owned));
        Ok(match (subscription, group) {
            (None, None) => own,
            (subscription, group) => {
                let subscription =
                    subscription.or(own_subscription).unwrap_or_else(|| self.settings.subscription.clone());
                match group.or(own_group) {
                    Some(group) => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
                    None => format!("/subscriptions/{subscription}"),
                }
            }
        })
    }

    fn doubt(&mut self, kind: &str, around: &Around, span: Span, why: &str) {
        self.not_understood.push(NotUnderstood {
            kind: kind.to_owned(),
            name: kind.rsplit('/').next().unwrap_or_default().to_owned(),
            why: why.to_owned(),
            source: Source { address: around.address.clone(), span },
            // Whether a role is assigned, say, changes no flow.
            matters: if is_beside(kind) { Matters::No } else { Matters::Everywhere },
        });
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
            Some(template) => (template.clone(), format!("{address}.properties.template.")),
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
        let mut given = BTreeMap::new();
        if let Some(parameters) = json.at("properties.parameters") {
            let parameters = match parameters.as_str().and_then(inside) {
                Some(_) => self.evaluate(parameters, &env)?,
                None => parameters.clone(),
            };
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
                    _ if matches!(chosen.value, Value::Unknown(_) | Value::Secret) => chosen,
                    _ => match one {
                        Some(one) => wrapped(one),
                        None => continue,
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

/// A resource without what was evaluated already.
fn own_part(json: &Json) -> Json {
    const DONE: [&str; 7] = ["resources", "copy", "condition", "dependsOn", "existing", "comments", "apiVersion"];
    let keep = |k: &str| !DONE.iter().any(|d| d.eq_ignore_ascii_case(k));
    let deploys = json.str_at("type").is_some_and(|t| is_deployment(&t.to_lowercase()));
    let fields = json.fields().iter().filter(|(k, _)| keep(k) && !(deploys && &**k == "properties"));
    Json::new(Value::Object(Rc::new(fields.cloned().collect())), json.span)
}
