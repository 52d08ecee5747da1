//! Values that a plan does not hold yet, found by following the references of the configuration.
//!
//! A plan leaves out what is known only after apply, ids above all; its configuration still says which resource each
//! such value comes from. What an expression does with several sources is not told, so only an unambiguous source
//! counts; all else stays unknown, with the reason.

use super::{
    blocks::{self, Writer},
    choice::Assumed,
    kinds,
    plan::{Instance, Modules, Plan},
};
use crate::import::{
    ids::ArmId,
    json::{Json, Value},
};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// References followed before a circle is assumed.
pub(super) const MAX_DEPTH: usize = 40;

/// Follows references of a plan.
pub(super) struct Resolver<'p> {
    pub(super) plan: &'p Plan,
    /// Subscription of ids that are made up here.
    pub(super) subscription: String,
    ids: RefCell<Vec<Option<Option<Rc<str>>>>>,
    full: RefCell<Vec<Option<Json>>>,
    pub(super) depth: Cell<usize>,
    /// What was taken by the index of a loop.
    pub(super) assumed: RefCell<BTreeSet<Assumed>>,
    /// Subnets by their ids in lower case, once they are asked for.
    subnets: RefCell<Option<Rc<BTreeMap<String, usize>>>>,
}

/// Where an expression stands.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) modules: Modules,
    /// The resource whose block it is in, for `each` and `count`.
    pub(super) instance: Option<&'a Instance>,
    /// The attribute it is the value of.
    pub(super) want: String,
    /// The key of that resource, or of the module that the expression is handed to.
    pub(super) own: Option<String>,
    /// The module that it is handed to.
    pub(super) call: Option<String>,
    /// Whether it stands in a block of which is not known what wrote it.
    pub(super) unsure: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn new(modules: Modules, instance: Option<&'a Instance>, want: String) -> Self {
        let own = instance.and_then(|i| i.key.clone());
        Self { modules, instance, want, own, call: None, unsure: false }
    }
}

impl<'p> Resolver<'p> {
    pub(super) fn new(plan: &'p Plan, subscription: String) -> Self {
        let size = plan.instances.len();
        Self {
            plan,
            subscription,
            ids: RefCell::new(vec![None; size]),
            full: RefCell::new(vec![None; size]),
            depth: Cell::new(0),
            assumed: RefCell::new(BTreeSet::new()),
            subnets: RefCell::new(None),
        }
    }

    /// The instances of a type.
    pub(super) fn all(&self, kind: &'static str) -> impl Iterator<Item = usize> {
        self.plan.instances.iter().enumerate().filter(move |(_, i)| i.kind == kind).map(|(n, _)| n)
    }

    /// The instance of a subnet, by its id.
    pub(super) fn subnet(&self, id: &str) -> Option<usize> {
        let known = self.subnets.borrow().clone();
        let subnets = known.unwrap_or_else(|| {
            let all = self.plan.instances.iter().enumerate().filter(|(_, i)| i.kind == "azurerm_subnet");
            let subnets = all.filter_map(|(n, _)| Some((self.id(n)?.to_lowercase(), n)));
            let subnets = Rc::new(subnets.collect::<BTreeMap<_, _>>());
            *self.subnets.borrow_mut() = Some(Rc::clone(&subnets));
            subnets
        });
        subnets.get(&id.to_lowercase()).copied()
    }

    /// All values of an instance, with what could be found for those that the plan does not hold, and without secrets.
    pub(super) fn full(&self, number: usize) -> Json {
        let known = self.full.borrow().get(number).cloned().flatten();
        if let Some(known) = known {
            return known;
        }
        let Some(instance) = self.plan.instances.get(number) else { return self.nothing() };
        let expressions = self.own_config(instance).and_then(|c| c.at("expressions").cloned());
        let scope = Scope::new(instance.modules.clone(), Some(instance), String::new());
        let mut full = self.merged(&instance.values, &instance.unknown, &instance.secret, expressions.as_ref(), &scope);
        self.no_loops(number, &mut full);
        if let Some(slot) = self.full.borrow_mut().get_mut(number) {
            *slot = Some(full.clone());
        }
        full
    }

    /// What would lead to itself by the index of its loop leads elsewhere, by a sum that the plan does not show.
    fn no_loops(&self, number: usize, full: &mut Json) {
        // Attributes with the attribute for the other end, or with the resource around it.
        const ENDS: [(&str, &str, Option<&str>); 2] = [
            ("azurerm_virtual_network_peering", "remote_virtual_network_id", None),
            (
                "azurerm_virtual_network_gateway_connection",
                "peer_virtual_network_gateway_id",
                Some("virtual_network_gateway_id"),
            ),
        ];
        let kind = self.plan.instances.get(number).map_or("", |i| &i.kind);
        for (_, attribute, other) in ENDS.iter().filter(|(k, ..)| *k == kind) {
            let Some(to) = full.str_at(attribute) else { continue };
            let own = match other {
                Some(other) => full.str_at(other).map(str::to_owned),
                None => self.id(number).and_then(|id| ArmId::parse(&id)?.parent()),
            };
            let known = self.plan.instances.get(number).is_some_and(|i| i.values.str_at(attribute).is_some());
            if known || own.is_none_or(|own| !own.eq_ignore_ascii_case(to)) {
                continue;
            }
            let why =
                "by the index of its loop it leads to itself, so that it takes another, which the plan does not tell";
            let unknown = self.unknown(full, why);
            if let Value::Object(fields) = &mut full.value {
                let fields = Rc::make_mut(fields);
                fields.iter_mut().filter(|(k, _)| &**k == *attribute).for_each(|(_, v)| *v = unknown.clone());
            }
        }
    }

    /// The id of an instance in Azure: the one it has, or the one its names will give it.
    pub(super) fn id(&self, number: usize) -> Option<Rc<str>> {
        let known = self.ids.borrow().get(number).cloned().flatten();
        if let Some(known) = known {
            return known;
        }
        if self.depth.get() > MAX_DEPTH {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        let instance = self.plan.instances.get(number)?;
        let id = kinds::id(self, number, instance);
        self.depth.set(self.depth.get() - 1);
        if let Some(slot) = self.ids.borrow_mut().get_mut(number) {
            *slot = Some(id.clone());
        }
        id
    }

    /// One attribute of an instance, also if the plan does not hold it.
    pub(super) fn attribute(&self, number: usize, name: &str) -> Option<Json> {
        let instance = self.plan.instances.get(number)?;
        if is_marked(&instance.secret, name) {
            return Some(self.secret(&instance.values));
        }
        if let Some(value) = instance.values.at(name) {
            return Some(value.clone());
        }
        let expression = self.own_config(instance)?.at("expressions")?.at(name)?.clone();
        let scope = Scope::new(instance.modules.clone(), Some(instance), name.to_owned());
        self.expression(&expression, &scope)
    }

    /// The text of an attribute. A name that only apply tells is replaced by one made of the address, because the
    /// resource must be called something; what that means for names of services is reported elsewhere.
    pub(super) fn text(&self, number: usize, name: &str) -> Option<String> {
        if name == "name" {
            let instance = self.plan.instances.get(number)?;
            return match is_marked(&instance.secret, name) {
                true => None,
                false => Some(instance.known_name().map_or_else(|| instance.stand_in(), str::to_owned)),
            };
        }
        self.attribute(number, name)?.as_str().filter(|t| !t.is_empty()).map(str::to_owned)
    }

    fn nothing(&self) -> Json {
        let span = self.plan.variables.span;
        Json::new(Value::Null, span)
    }

    pub(super) fn own_config(&self, instance: &Instance) -> Option<&Json> {
        self.plan.config_of(&instance.modules)?.resources.get(&instance.local_name())
    }

    fn merged(
        &self,
        value: &Json,
        unknown: &Json,
        secret: &Json,
        expressions: Option<&Json>,
        scope: &Scope<'_>,
    ) -> Json {
        if secret.value == Value::Bool(true) {
            return self.secret(value);
        }
        match &value.value {
            Value::Object(fields) => {
                let mut out: Vec<(Rc<str>, Json)> = Vec::with_capacity(fields.len());
                let child = |json: &Json, key: &str| json.get(key).cloned().unwrap_or_else(|| self.nothing());
                for (key, inner) in fields.iter() {
                    let scope = Scope { want: key.to_string(), ..scope.clone() };
                    let expression = expressions.and_then(|e| e.get(key));
                    let (unknown, secret) = (child(unknown, key), child(secret, key));
                    out.push((key.clone(), self.merged(inner, &unknown, &secret, expression, &scope)));
                }
                let has = |key: &str| fields.iter().any(|(k, v)| &**k == key && v.value != Value::Null);
                // One expression for the whole object tells nothing of single keys.
                let whole = expressions.filter(|e| e.get("references").is_some());
                let configured = expressions.filter(|_| whole.is_none()).map_or(&[][..], Json::fields);
                for (key, expression) in configured.iter().filter(|(k, _)| !has(k)) {
                    let scope = Scope { want: key.to_string(), ..scope.clone() };
                    let explicit_null = value.get(key).is_some() && !is_marked(unknown, key);
                    if is_marked(secret, key) || explicit_null {
                        continue;
                    }
                    if let Some(mut found) = self.expression(expression, &scope) {
                        // All instances share the expression; the mark is this one's own.
                        unknown.get(key).into_iter().for_each(|mark| found.place(mark.span));
                        out.retain(|(k, _)| k != key);
                        out.push((key.clone(), found));
                    }
                }
                // What only the platform decides is left to it; what the configuration sets in a way that cannot be
                // followed is not known.
                for (key, mark) in unknown.fields() {
                    let absent = out.iter().all(|(k, v)| k != key || v.value == Value::Null);
                    if mark.value != Value::Bool(true) || !absent {
                        continue;
                    }
                    let found = match (whole, expressions.is_some_and(|e| e.get(key).is_some())) {
                        (Some(_), _) if &**key == "id" => None,
                        (Some(whole), _) => Some(self.among(whole, key, scope)),
                        (None, true) => Some(self.after_apply(value)),
                        // Blocks that loops make have no expressions; what decides in a rule is never the platform's.
                        (None, false) => {
                            let kind = scope.instance.map_or("", |i| &i.kind);
                            let set = scope.unsure && !blocks::is_platforms(kind, key, &out);
                            (set || decides(key)).then(|| self.after_apply(value))
                        }
                    };
                    if let Some(found) = found {
                        out.retain(|(k, _)| k != key);
                        out.push((key.clone(), found));
                    }
                }
                Json::new(Value::Object(Rc::new(out)), value.span)
            }
            Value::List(items) => {
                let at =
                    |json: &Json, number: usize| json.items().get(number).cloned().unwrap_or_else(|| self.nothing());
                let hole = |item: &Json, number: usize| {
                    item.value == Value::Null && at(unknown, number).value == Value::Bool(true)
                };
                // A list of scalars with holes comes from one expression, which names what fills them.
                if items.iter().enumerate().any(|(n, i)| hole(i, n)) {
                    let sources = expressions.map(|e| self.sources(e, scope)).unwrap_or_default();
                    if sources.len() == items.len() {
                        return Json::new(Value::List(Rc::new(sources)), value.span);
                    }
                }
                let all = items.iter().enumerate().map(|(number, item)| {
                    if hole(item, number) {
                        return self.after_apply(value);
                    }
                    let (unknown, secret) = (at(unknown, number), at(secret, number));
                    if !matches!(item.value, Value::Object(_)) {
                        return self.merged(item, &unknown, &secret, None, scope);
                    }
                    let (writer, unsure) = match blocks::writer(expressions, &scope.want, number, items) {
                        Writer::Known(writer) => (Some(writer), scope.unsure),
                        Writer::Unsure(writer) => (writer, true),
                    };
                    let scope = Scope { unsure, ..scope.clone() };
                    self.merged(item, &unknown, &secret, writer.as_ref(), &scope)
                });
                Json::new(Value::List(Rc::new(all.collect())), value.span)
            }
            _ => value.clone(),
        }
    }

    /// The one among the sources of a whole list of objects that can be the value of this key: an address or an id.
    fn among(&self, expression: &Json, key: &str, scope: &Scope<'_>) -> Json {
        let scope = Scope { want: key.to_owned(), ..scope.clone() };
        let fits = |text: &str| match key {
            key if key.ends_with("ip_address") => text.parse::<std::net::IpAddr>().is_ok(),
            key if key.ends_with("_id") => text.starts_with("/subscriptions/"),
            _ => false,
        };
        let mut sources = self.sources(expression, &scope);
        sources.retain(|s| s.as_str().is_some_and(fits));
        match sources.as_slice() {
            [one] => one.clone(),
            _ => self.after_apply(expression),
        }
    }

    /// What stands for a secret: its value is not read, so what it decides is unknown.
    pub(super) fn secret(&self, near: &Json) -> Json {
        self.unknown(near, "it is marked as sensitive, and is not read")
    }

    fn after_apply(&self, near: &Json) -> Json {
        Json::new(Value::Unknown(Rc::from("it is known only after apply")), near.span)
    }

    pub(super) fn unknown(&self, near: &Json, why: &str) -> Json {
        Json::new(Value::Unknown(Rc::from(why)), near.span)
    }
}

/// Whether an attribute is marked in an object of truth values.
pub(super) fn is_marked(marks: &Json, key: &str) -> bool {
    marks.get(key).is_some_and(|m| m.value == Value::Bool(true))
}

/// Distinct texts below a value, for searching ids.
pub(super) fn texts(json: &Json, found: &mut BTreeSet<String>) {
    match &json.value {
        Value::Text(text) => {
            found.insert(text.to_string());
        }
        Value::List(items) => items.iter().for_each(|i| texts(i, found)),
        Value::Object(fields) => fields.iter().for_each(|(_, v)| texts(v, found)),
        _ => {}
    }
}

/// Whether an attribute says what a rule or a route does; such an attribute is always the configuration's.
fn decides(key: &str) -> bool {
    const WORDS: [&str; 12] = [
        "address_prefix",
        "address_prefixes",
        "next_hop_in_ip_address",
        "next_hop_type",
        "protocols",
        "protocol",
        "access",
        "action",
        "direction",
        "priority",
        "cidrs",
        "domain_name",
    ];
    WORDS.contains(&key) || ["source_", "destination_", "translated_"].iter().any(|p| key.starts_with(p))
}
