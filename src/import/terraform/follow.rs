//! Following the references of expressions: through variables, outputs and loops to the instances of resources.

use super::{
    choice::Choice,
    kinds,
    path::{Part, Path},
    plan::Config,
    resolve::{MAX_DEPTH, Resolver, Scope, is_marked},
};
use crate::import::json::{Json, Value};
use std::{collections::BTreeMap, rc::Rc};

impl Resolver<'_> {
    /// The value of an expression: its constant, or what its references lead to. None where it says nothing.
    pub(super) fn expression(&self, expression: &Json, scope: &Scope<'_>) -> Option<Json> {
        if let Some(constant) = expression.get("constant_value") {
            return Some(constant.clone());
        }
        let blocks = expression.items();
        if !blocks.is_empty() {
            // Blocks whose values the plan leaves out altogether.
            let values = blocks.iter().map(|b| {
                let fields = b.fields().iter().filter_map(|(key, inner)| {
                    let scope = Scope { want: key.to_string(), ..scope.clone() };
                    Some((key.clone(), self.expression(inner, &scope)?))
                });
                Json::new(Value::Object(Rc::new(fields.collect())), b.span)
            });
            return Some(Json::new(Value::List(Rc::new(values.collect())), expression.span));
        }
        expression.get("references")?;
        let is_list = is_plural(&scope.want);
        let mut sources = self.sources(expression, scope);
        let local = |r: &Json| r.as_str().is_some_and(|r| r.starts_with("local."));
        if is_list && !sources.is_empty() && expression.items_at("references").iter().any(local) {
            sources.push(self.unknown(expression, "a local value, which no plan shows, may add to it"));
        }
        match sources.as_slice() {
            [] => Some(self.unknown(expression, "its expression leads to nothing that the plan knows")),
            [one] if is_list && !matches!(one.value, Value::List(_)) => {
                Some(Json::new(Value::List(Rc::new(vec![one.clone()])), expression.span))
            }
            [one] => Some(one.clone()),
            several if is_list => {
                let flat = several.iter().flat_map(|s| match &s.value {
                    Value::List(items) => items.to_vec(),
                    _ => vec![s.clone()],
                });
                Some(Json::new(Value::List(Rc::new(flat.collect())), expression.span))
            }
            several => {
                let names: Vec<&str> = several.iter().filter_map(Json::as_str).collect();
                let last = |n: &str| n.rsplit('/').next().unwrap_or_default().to_owned();
                let names: Vec<String> = names.into_iter().map(last).collect();
                let why = several.iter().find(|s| names.is_empty() && matches!(s.value, Value::Unknown(_)));
                if let Some(unknown) = why {
                    return Some(unknown.clone());
                }
                Some(self.unknown(expression, &format!("its expression may give any of {}", names.join(", "))))
            }
        }
    }

    /// Everything the references of an expression lead to, each once.
    pub(super) fn sources(&self, expression: &Json, scope: &Scope<'_>) -> Vec<Json> {
        if self.depth.get() > MAX_DEPTH {
            return Vec::new();
        }
        self.depth.set(self.depth.get() + 1);
        let all: Vec<Path> =
            expression.items_at("references").iter().filter_map(Json::as_str).map(Path::parse).collect();
        let choice = self.choice(&all, scope);
        let mut found: Vec<Json> = Vec::new();
        for path in all.iter().filter(|p| !all.iter().any(|other| p.is_beginning_of(other))) {
            for value in self.follow(path, scope, &choice, expression) {
                if value.value != Value::Null && !found.iter().any(|f| f.value == value.value) {
                    found.push(value);
                }
            }
        }
        self.depth.set(self.depth.get() - 1);
        found
    }

    fn follow(&self, path: &Path, scope: &Scope<'_>, choice: &Choice, near: &Json) -> Vec<Json> {
        let Some(config) = self.plan.config_of(&scope.modules) else { return Vec::new() };
        match path.word(0) {
            Some("var") => self.variable(path, scope, config),
            Some("module") => self.output(path, scope, choice, near),
            Some("each") if path.word(1) == Some("value") => self.each(path, scope),
            Some("each" | "count" | "local" | "path" | "terraform" | "self") | None => Vec::new(),
            Some("data") => self.resource(path, 3, scope, choice, near),
            Some(_) => self.resource(path, 2, scope, choice, near),
        }
    }

    /// What a variable holds, as its value or as the constant that a module is called with.
    pub(super) fn scalar(&self, path: &Path, scope: &Scope<'_>) -> Vec<Json> {
        self.plan.config_of(&scope.modules).map(|c| self.variable(path, scope, c)).unwrap_or_default()
    }

    fn unclear(&self, choice: &Choice, what: &str, near: &Json) -> Json {
        match choice {
            Choice::Index(..) => {
                let why = "a plan does not show what is reckoned with `count.index`";
                self.unknown(near, &format!("which of the {what} it takes is not told: {why}"))
            }
            _ => self.unknown(near, "which of several it takes hangs on a value that no plan shows"),
        }
    }

    fn variable(&self, path: &Path, scope: &Scope<'_>, config: &Config) -> Vec<Json> {
        let Some(name) = path.word(1) else { return Vec::new() };
        let rest = path.from(2);
        let default = || config.variables.get(name).and_then(|v| v.get("default")).cloned();
        let Some(((call, _), outside)) = scope.modules.split_last() else {
            let known = self.plan.variables.get(name).and_then(|v| v.get("value")).cloned();
            return known.or_else(default).and_then(|v| select(&v, &rest)).into_iter().collect();
        };
        let passed = self
            .plan
            .config_of(outside)
            .and_then(|c| c.calls.get(call))
            .and_then(|(call, _)| call.at("expressions").and_then(|e| e.get(name)));
        match passed {
            Some(expression) => {
                let want = wanted(&rest).unwrap_or(&scope.want).to_owned();
                let own = scope.modules.last().and_then(|(_, key)| key.clone());
                let outer = Scope { own, call: Some(call.clone()), ..Scope::new(outside.to_vec(), None, want) };
                self.selected(expression, &outer, &rest)
            }
            None => default().and_then(|v| select(&v, &rest)).into_iter().collect(),
        }
    }

    fn output(&self, path: &Path, scope: &Scope<'_>, choice: &Choice, near: &Json) -> Vec<Json> {
        let Some(name) = path.word(1) else { return Vec::new() };
        let (key, at) = match path.key(2) {
            Some(key) => (Some(key.to_owned()), 3),
            None => (None, 2),
        };
        let Some(output) = path.word(at) else { return Vec::new() };
        let rest = path.from(at + 1);
        let mut keys = self.plan.module_keys(&scope.modules, name);
        if key.is_some() {
            keys.retain(|k| *k == key);
        } else {
            let what = format!("module.{name}");
            let Some(meant) = self.chosen(choice, &keys, &what, &BTreeMap::new, scope) else {
                return vec![self.unclear(choice, &what, near)];
            };
            keys = meant;
        }
        if keys.is_empty() {
            // A module that holds only other modules or data may have no instance of its own.
            keys.push(key);
        }
        let mut found = Vec::new();
        for key in keys {
            let mut modules = scope.modules.clone();
            modules.push((name.to_owned(), key));
            let expression =
                self.plan.config_of(&modules).and_then(|c| c.outputs.get(output)).and_then(|o| o.at("expression"));
            if let Some(expression) = expression {
                let want = wanted(&rest).unwrap_or(&scope.want).to_owned();
                let inner = Scope::new(modules, None, want);
                found.extend(self.selected(expression, &inner, &rest));
            }
        }
        found
    }

    /// The value of `each.value`: what the loop runs over, at this instance's key.
    pub(super) fn each(&self, path: &Path, scope: &Scope<'_>) -> Vec<Json> {
        let Some(instance) = scope.instance else { return Vec::new() };
        let Some(over) = self.own_config(instance).and_then(|c| c.at("for_each_expression")) else { return Vec::new() };
        let mut rest = path.from(2);
        rest.0.insert(0, Part::Key(instance.key.clone().unwrap_or_default()));
        let want = wanted(&rest).unwrap_or(&scope.want).to_owned();
        let outer = Scope::new(instance.modules.clone(), None, want);
        self.selected(over, &outer, &rest)
    }

    /// What an expression gives at a path below it. Where it collects several resources, the key chooses among them.
    fn selected(&self, expression: &Json, scope: &Scope<'_>, rest: &Path) -> Vec<Json> {
        if let Some(constant) = expression.get("constant_value") {
            return select(constant, rest).into_iter().collect();
        }
        if self.depth.get() > MAX_DEPTH {
            return Vec::new();
        }
        let paths: Vec<Path> =
            expression.items_at("references").iter().filter_map(Json::as_str).map(Path::parse).collect();
        let key = rest.key(0).map(str::to_owned);
        let mut found: Vec<Json> = Vec::new();
        self.depth.set(self.depth.get() + 1);
        let choice = self.choice(&paths, scope);
        for path in paths.iter().filter(|p| !paths.iter().any(|other| p.is_beginning_of(other))) {
            let values = match (path.word(0), &key) {
                // Handing a collection on: the key belongs to what it came from.
                (Some("var" | "module"), _) => {
                    let mut longer = path.clone();
                    longer.0.extend(rest.0.iter().cloned());
                    self.follow(&longer, scope, &choice, expression)
                }
                (Some("each" | "count" | "local"), _) | (None, _) => Vec::new(),
                (_, Some(key)) => self.by_key(path, scope, key, expression),
                (_, None) => self.follow(path, scope, &choice, expression),
            };
            for value in values {
                if !found.iter().any(|f| f.value == value.value) {
                    found.push(value);
                }
            }
        }
        self.depth.set(self.depth.get() - 1);
        found
    }

    /// The instances of a resource with a key, or the resource itself where its name is the key.
    fn by_key(&self, path: &Path, scope: &Scope<'_>, key: &str, near: &Json) -> Vec<Json> {
        let at = if path.word(0) == Some("data") { 3 } else { 2 };
        let local = path.from(0).0.into_iter().take(at);
        let local: Vec<String> = local.filter_map(|p| if let Part::Word(w) = p { Some(w) } else { None }).collect();
        let numbers = self.plan.find(&scope.modules, &local.join("."));
        let with_key: Vec<usize> = numbers
            .iter()
            .copied()
            .filter(|n| self.plan.instances.get(*n).is_some_and(|i| i.key.as_deref() == Some(key)))
            .collect();
        if with_key.is_empty() {
            // `{ app = azurerm_subnet.app.id, … }`: the key of the collection is, by habit, the resource's name.
            let named = local.last().is_some_and(|n| n == key);
            return if named { self.follow(path, scope, &Choice::All, near) } else { Vec::new() };
        }
        with_key.into_iter().filter_map(|n| self.leaf(n, &path.from(at), &scope.want, near)).collect()
    }

    /// The instances of a resource at the beginning of a path, and what the rest of the path gives of them.
    fn resource(&self, path: &Path, at: usize, scope: &Scope<'_>, choice: &Choice, near: &Json) -> Vec<Json> {
        let words: Option<Vec<&str>> = (0..at).map(|n| path.word(n)).collect();
        let Some(words) = words else { return Vec::new() };
        let mut numbers = self.plan.find(&scope.modules, &words.join(".")).to_vec();
        let key_of = |n: &usize| self.plan.instances.get(*n).and_then(|i| i.key.clone());
        let mut rest = path.from(at);
        if let Some(key) = path.key(at) {
            numbers.retain(|n| key_of(n).as_deref() == Some(key));
            rest = path.from(at + 1);
        } else {
            let keys: Vec<Option<String>> = numbers.iter().map(key_of).collect();
            let ids = || numbers.iter().filter_map(|n| Some((self.id(*n)?.to_lowercase(), key_of(n)))).collect();
            let what = words.join(".");
            let Some(meant) = self.chosen(choice, &keys, &what, &ids, scope) else {
                return vec![self.unclear(choice, &what, near)];
            };
            numbers.retain(|n| meant.contains(&key_of(n)));
        }
        numbers.into_iter().filter_map(|n| self.leaf(n, &rest, &scope.want, near)).collect()
    }

    /// The address of a private endpoint, public IP, interface or machine, as attributes of its give it.
    fn address(&self, number: usize, rest: &Path, near: &Json) -> Option<Json> {
        let instance = self.plan.instances.get(number)?;
        let words: Vec<&str> = (0..rest.0.len()).filter_map(|n| rest.word(n)).collect();
        let told = match instance.kind.as_str() {
            "azurerm_private_endpoint" => matches!(
                words.as_slice(),
                ["private_service_connection", "private_ip_address"]
                    | ["custom_dns_configs"]
                    | ["custom_dns_configs", "ip_addresses"]
            ),
            "azurerm_public_ip" => words == ["ip_address"],
            // With several, the attributes mean one of them.
            "azurerm_network_interface" if instance.values.items_at("ip_configuration").len() == 1 => {
                matches!(words.as_slice(), ["ip_configuration", "private_ip_address"] | [PRIVATE | PRIVATES])
            }
            "azurerm_linux_virtual_machine" | "azurerm_windows_virtual_machine" => words == [PRIVATE],
            _ => false,
        };
        let id = self.id(number).filter(|_| told && !instance.is_data)?;
        Some(Json::address_of(&id, near.span))
    }

    /// What a path below an instance gives.
    fn leaf(&self, number: usize, rest: &Path, want: &str, near: &Json) -> Option<Json> {
        let rest = if rest.0.is_empty() && (want.ends_with("id") || want.ends_with("ids")) {
            Path::parse("id")
        } else {
            rest.clone()
        };
        let text = |text: &str| Json::text(text, near.span);
        if rest.word(0) == Some("id") && rest.0.len() == 1 {
            return self.id(number).map(|id| text(&id));
        }
        let instance = self.plan.instances.get(number)?;
        if let Some(word) = rest.word(0)
            && is_marked(&instance.secret, word)
        {
            return Some(self.secret(near));
        }
        let known = select(&instance.values, &rest).filter(|v| v.value != Value::Null);
        known
            .or_else(|| {
                let full = self.depth.get() < MAX_DEPTH && rest.0.len() > 1;
                let inner = if full {
                    select(&self.full(number), &rest)
                } else {
                    rest.word(0).and_then(|w| self.attribute(number, w))
                };
                inner.filter(|v| !matches!(v.value, Value::Null | Value::Unknown(_)))
            })
            .or_else(|| kinds::computed(self, number, &rest).map(|t| text(&t)))
            .or_else(|| self.address(number, &rest, near))
            .or_else(|| Some(self.unknown(near, &format!("{}.{rest} is known only after apply", instance.address))))
    }
}

/// Attributes of what has an address in a subnet.
const PRIVATE: &str = "private_ip_address";
const PRIVATES: &str = "private_ip_addresses";

fn is_plural(attribute: &str) -> bool {
    attribute == "records"
        || attribute.ends_with("ids")
        || attribute.ends_with("es")
        || attribute.ends_with("servers")
        || ["prefixes", "groups", "cidrs", "fqdns", "ports", "protocols"].iter().any(|end| attribute.ends_with(end))
}

/// The attribute that a path ends at.
fn wanted(path: &Path) -> Option<&str> {
    match path.0.last() {
        Some(Part::Word(word)) => Some(word),
        _ => None,
    }
}

/// The value at the end of a path.
fn select(json: &Json, path: &Path) -> Option<Json> {
    let mut here = json.clone();
    for part in &path.0 {
        here = match (part, &here.value) {
            (Part::Key(key), Value::List(items)) => items.get(key.parse::<usize>().ok()?)?.clone(),
            (Part::Key(key) | Part::Word(key), Value::Object(_)) => here.get(key)?.clone(),
            _ => return None,
        };
    }
    Some(here)
}
