//! From templates to declarations: loops, conditions, children, names.

use super::{
    deployments::is_deployment,
    engine::{COUNT, Declaration, Engine, Env, Slot},
    expression::inside,
    functions,
};
use crate::{
    diag::{Diagnostic, Span, code},
    import::{
        Matters, NotUnderstood, Source,
        ids::join,
        json::{Json, Value},
        resources::is_beside,
    },
};
use std::rc::Rc;

/// Resources of one import, at most.
const MAX_RESOURCES: usize = 50_000;

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
    /// Declares the resources of a scope. Nested deployments are opened when something asks for them, or at the end.
    pub(super) fn declare(&mut self, scope: usize) -> Result<(), Diagnostic> {
        let Some((template, path)) = self.scope(scope).map(|s| (s.template.clone(), s.path.clone())) else {
            return Ok(());
        };
        let copies = self.scope(scope).and_then(|s| s.outer.as_ref()).map(|o| Rc::clone(&o.copies)).unwrap_or_default();
        let doubt = self.scope(scope).and_then(|s| s.doubt.clone());
        let env = Env { copies, ..Env::of(scope) };
        let around = Around { env, parent: None, address: String::new(), deployed: true, doubt };
        let Some(resources) = self.written(template.get("resources"), &around)? else { return Ok(()) };
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

    /// Resources as a template writes them: a list, an object, or an expression that gives one.
    fn written(&mut self, resources: Option<&Json>, around: &Around) -> Result<Option<Json>, Diagnostic> {
        let Some(written) = resources else { return Ok(None) };
        let Some(text) = written.as_str() else { return Ok(Some(written.clone())) };
        let value = if inside(text).is_some() { self.evaluate(written, &around.env)? } else { written.clone() };
        match &value.value {
            Value::List(_) | Value::Object(_) | Value::Null => Ok(Some(value)),
            Value::Unknown(_) | Value::Secret if !around.deployed => Ok(None),
            Value::Unknown(_) | Value::Secret => {
                self.doubt("resources", around, written.span, "what it deploys is known only after deployment");
                Ok(None)
            }
            _ => Err(self
                .fault(written.span, format!("the resources are {}", value.kind()))
                .help("write a list, or an object with a symbolic name for each")),
        }
    }

    fn resource(&mut self, json: &Json, symbol: Option<&str>, around: &Around) -> Result<(), Diagnostic> {
        let Some(copy) = json.get("copy").filter(|c| c.get("count").is_some()) else {
            return self.instance(json, symbol, around);
        };
        let name = copy.str_at("name").or(symbol).unwrap_or("copy").to_owned();
        // Of an unknown number there may be one, and others.
        let count = self.count(copy, &around.env)?;
        let doubt = if count.is_none() { Some(COUNT.into()) } else { around.doubt.clone() };
        let rounds: Vec<Option<i64>> = match count {
            Some(count) => (0..count).map(Some).collect(),
            None => vec![Some(0), None],
        };
        for index in rounds {
            let env = around.env.in_copy(&name, index, true);
            let round = index.map_or_else(|| "n".to_owned(), |n| n.to_string());
            let address = format!("{}[copy {round}]", around.address);
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
        let Some(children) = self.written(json.get("resources"), &inside)? else { return Ok(()) };
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
}

/// A resource without what was evaluated already.
fn own_part(json: &Json) -> Json {
    const DONE: [&str; 6] = ["resources", "copy", "condition", "dependsOn", "existing", "comments"];
    // A version that an expression gives is nothing that an import could fail by.
    let plain = |v: &Json| v.as_str().is_some_and(|t| !t.starts_with('['));
    let version = |k: &str, v: &Json| k.eq_ignore_ascii_case("apiVersion") && !plain(v);
    let keep = |k: &str| !DONE.iter().any(|d| d.eq_ignore_ascii_case(k));
    let deploys = json.str_at("type").is_some_and(|t| is_deployment(&t.to_lowercase()));
    let fields = json.fields().iter().filter(|(k, v)| keep(k) && !version(k, v) && !(deploys && &**k == "properties"));
    Json::new(Value::Object(Rc::new(fields.cloned().collect())), json.span)
}
