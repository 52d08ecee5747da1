//! A plan or state as `terraform show -json` prints it: instances of resources, and the configuration that made them.

use super::path::Path;
use crate::import::{
    draft::Source,
    json::{Json, Value},
};
use std::collections::{BTreeMap, BTreeSet};

/// Modules with their keys.
pub(super) type Modules = Vec<(String, Option<String>)>;

/// An instance of a resource or data source.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    /// Whole address, for people.
    pub(super) address: String,
    /// The module instance it stands in.
    pub(super) modules: Modules,
    /// Whether it is a data source.
    pub(super) is_data: bool,
    /// Resource type, for example `azurerm_subnet`.
    pub(super) kind: String,
    /// Name in its module.
    pub(super) name: String,
    /// Its key, where there are several.
    pub(super) key: Option<String>,
    /// Known values.
    pub(super) values: Json,
    /// Which values are secret, as an object of truth values.
    pub(super) secret: Json,
    /// Which values are known only after apply, as an object of truth values.
    pub(super) unknown: Json,
}

/// A module of the configuration.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    /// Resources by `type.name`, data sources by `data.type.name`.
    pub(super) resources: BTreeMap<String, Json>,
    /// Module calls by name: the call, and what it calls.
    pub(super) calls: BTreeMap<String, (Json, Config)>,
    /// Outputs by name.
    pub(super) outputs: BTreeMap<String, Json>,
    /// Variables by name.
    pub(super) variables: BTreeMap<String, Json>,
}

/// A whole plan.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Instances in order of the file.
    pub(super) instances: Vec<Instance>,
    /// The root module's configuration.
    pub(super) config: Config,
    /// Values of the root module's variables.
    pub(super) variables: Json,
    /// Instances by module instance and `type.name`.
    index: BTreeMap<(Modules, String), Vec<usize>>,
    /// Keys of module calls, by the module instance that they stand in and their name.
    calls: BTreeMap<(Modules, String), BTreeSet<Option<String>>>,
}

impl Plan {
    /// Reads a document: `planned_values` of a plan, or `values` of a state, with data sources of the state before.
    pub(super) fn new(json: &Json) -> Self {
        let mut instances = Vec::new();
        let unknown: BTreeMap<&str, &Json> = json
            .items_at("resource_changes")
            .iter()
            .filter_map(|c| Some((c.str_at("address")?, c.at("change.after_unknown")?)))
            .collect();
        let nothing = Json::new(Value::Null, json.span);
        for (root, data_only) in [("planned_values", false), ("values", false), ("prior_state.values", true)] {
            if let Some(module) = json.at(root).and_then(|v| v.at("root_module")) {
                collect(module, data_only, &unknown, &nothing, &mut instances);
            }
        }
        let mut seen = BTreeSet::new();
        instances.retain(|i: &Instance| seen.insert(i.address.clone()));
        let mut index: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (number, instance) in instances.iter().enumerate() {
            index.entry((instance.modules.clone(), instance.local_name())).or_default().push(number);
        }
        let mut calls: BTreeMap<(Modules, String), BTreeSet<Option<String>>> = BTreeMap::new();
        let distinct: BTreeSet<&Modules> = instances.iter().map(|i| &i.modules).collect();
        for modules in distinct {
            for (depth, (name, key)) in modules.iter().enumerate() {
                let outside = modules.get(..depth).unwrap_or_default().to_vec();
                calls.entry((outside, name.clone())).or_default().insert(key.clone());
            }
        }
        let config = json.at("configuration.root_module").map(config).unwrap_or_default();
        let variables = json.at("variables").cloned().unwrap_or(nothing);
        Self { instances, config, variables, index, calls }
    }

    /// Instances of a resource in a module instance.
    pub(super) fn find(&self, modules: &Modules, local_name: &str) -> &[usize] {
        self.index.get(&(modules.clone(), local_name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The text of an expression of the root module that is a constant or a variable.
    pub(super) fn constant(&self, expression: &Json) -> Option<String> {
        if let Some(constant) = expression.str_at("constant_value") {
            return Some(constant.to_owned());
        }
        let name = expression.items_at("references").first()?.as_str()?.strip_prefix("var.")?;
        self.variables.get(name)?.str_at("value").filter(|v| !v.is_empty()).map(str::to_owned)
    }

    /// The configuration of a module instance.
    pub(super) fn config_of(&self, modules: &[(String, Option<String>)]) -> Option<&Config> {
        let mut here = &self.config;
        for (name, _) in modules {
            here = &here.calls.get(name)?.1;
        }
        Some(here)
    }

    /// The instances of a module call in a module instance, by their keys.
    pub(super) fn module_keys(&self, modules: &Modules, name: &str) -> Vec<Option<String>> {
        let keys = self.calls.get(&(modules.clone(), name.to_owned()));
        keys.into_iter().flatten().cloned().collect()
    }
}

impl Instance {
    /// Where it was read.
    pub(super) fn source(&self) -> Source {
        Source { address: self.address.clone(), span: self.values.span }
    }

    /// `type.name`, or `data.type.name`.
    pub(super) fn local_name(&self) -> String {
        let data = if self.is_data { "data." } else { "" };
        format!("{data}{}.{}", self.kind, self.name)
    }

    /// The name it will have, if the plan knows it.
    pub(super) fn known_name(&self) -> Option<&str> {
        self.values.str_at("name").filter(|n| !n.is_empty())
    }

    /// A name made of its address.
    pub(super) fn stand_in(&self) -> String {
        let module = self.modules.iter().flat_map(|(name, key)| std::iter::once(name).chain(key));
        let parts: Vec<&str> = module.chain([&self.name]).chain(&self.key).map(String::as_str).collect();
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        parts.join("-").chars().map(plain).collect()
    }
}

fn collect(
    module: &Json,
    data_only: bool,
    unknown: &BTreeMap<&str, &Json>,
    nothing: &Json,
    instances: &mut Vec<Instance>,
) {
    let modules = module.str_at("address").map(|a| Path::parse(a).modules()).unwrap_or_default();
    for resource in module.items_at("resources") {
        let is_data = resource.str_at("mode") == Some("data");
        if data_only && !is_data {
            continue;
        }
        let (Some(address), Some(kind), Some(name)) =
            (resource.str_at("address"), resource.str_at("type"), resource.str_at("name"))
        else {
            continue;
        };
        let key = match resource.at("index").map(|i| &i.value) {
            Some(Value::Text(text)) => Some(text.to_string()),
            Some(Value::Int(number)) => Some(number.to_string()),
            _ => None,
        };
        let part = |path: &str| resource.at(path).cloned().unwrap_or_else(|| nothing.clone());
        let values = resource.at("values").cloned().unwrap_or_else(|| Json::new(Value::Null, resource.span));
        instances.push(Instance {
            address: address.to_owned(),
            modules: modules.clone(),
            is_data,
            kind: kind.to_owned(),
            name: name.to_owned(),
            key,
            values,
            secret: part("sensitive_values"),
            unknown: unknown.get(address).map_or_else(|| nothing.clone(), |u| (*u).clone()),
        });
    }
    for child in module.items_at("child_modules") {
        collect(child, data_only, unknown, nothing, instances);
    }
}

fn config(module: &Json) -> Config {
    let fields = |path: &str| module.at(path).map_or(&[][..], Json::fields);
    let by_name = |path: &str| fields(path).iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
    let resources = module.items_at("resources").iter().filter_map(|r| {
        let data = if r.str_at("mode") == Some("data") { "data." } else { "" };
        Some((format!("{data}{}.{}", r.str_at("type")?, r.str_at("name")?), r.clone()))
    });
    let calls = fields("module_calls").iter().map(|(name, call)| {
        let inner = call.at("module").map(config).unwrap_or_default();
        (name.to_string(), (call.clone(), inner))
    });
    Config {
        resources: resources.collect(),
        calls: calls.collect(),
        outputs: by_name("outputs"),
        variables: by_name("variables"),
    }
}
