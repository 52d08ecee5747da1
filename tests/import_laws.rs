//! Laws of imports: whatever single value of a design is missing or not known, the import says an error with its place,
//! or gives a scenario that loads; and no flow becomes private by what is not known.
//!
//! Every run looks at a part of the values; `PRIVREACH_THOROUGH=barriers` looks at all of the fixtures of that name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    import::{Imported, Inputs, Json, Session, Value},
    matrix::{clients, services},
    snapshot::Snapshot,
    trace::{Question, trace},
    verdict::Verdict,
};
use std::{collections::BTreeMap, fs, rc::Rc};

/// Fixtures, by format.
const FIXTURES: [(&str, &str); 12] = [
    ("arm", "tests/import/designs/private-link-service.json"),
    ("arm", "tests/import/designs/resolver-in-the-hub.json"),
    ("arm", "tests/import/designs/virtual-wan.json"),
    ("arm", "tests/import/designs/web-app-and-database.json"),
    ("arm", "tests/import/designs/workspace-approved-outbound.json"),
    ("arm", "tests/import/arm/flagship.json"),
    ("azure", "tests/import/azure/peered.json"),
    ("azure", "tests/import/azure/services.json"),
    ("azure", "tests/import/azure/barriers.json"),
    ("terraform", "tests/import/terraform/foundry-hub.json"),
    ("terraform", "tests/import/terraform/modules.json"),
    ("terraform", "tests/import/terraform/barriers.json"),
];

fn session(format: &str, path: &str, text: &str) -> Session {
    let mut session = Session::default();
    match format {
        "arm" => {
            let mut inputs = Inputs::default();
            let parameters = path.replace(".json", ".parameters.json");
            if let Ok(text) = fs::read_to_string(&parameters) {
                inputs.parameter_files.push((parameters, text));
            }
            session.arm(path, text, &inputs, &|_| None);
        }
        "azure" => session.azure(path, text),
        _ => session.terraform(path, text),
    }
    session
}

/// A flow: client, target, port, transport.
type Flow = (String, String, u16, String);

/// The snapshot of an import, or what is wrong with it.
fn snapshot(imported: &mut Imported) -> Result<Snapshot, String> {
    imported
        .accept_refusals(|l| l.scenarios.into_iter().next().map(|s| Snapshot::new(s).diagnostics).unwrap_or_default());
    let loaded = imported.load();
    let mut errors: Vec<String> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == privreach::diag::Severity::Error)
        .map(|d| format!("{} {}", d.code, d.message))
        .collect();
    let Some(scenario) = loaded.scenarios.into_iter().next() else { return Err(errors.join("; ")) };
    let snapshot = Snapshot::new(scenario);
    errors.extend(snapshot.errors().map(|d| format!("{} {}", d.code, d.message)));
    if errors.is_empty() { Ok(snapshot) } else { Err(errors.join("; ")) }
}

fn flows(snapshot: &Snapshot) -> Vec<Question> {
    let (clients, services) = (clients(&snapshot.plane), services(&snapshot.plane));
    let question = |c: &privreach::matrix::Asker<'_>, s: &privreach::matrix::Service| Question {
        from: c.name.clone(),
        to: s.to.clone(),
        port: s.port,
        transport: s.transport,
    };
    clients.iter().flat_map(|c| services.iter().map(|s| question(c, s))).collect()
}

fn key(q: &Question) -> Flow {
    (q.from.clone(), q.to.clone(), q.port, q.transport.to_string())
}

fn verdict(snapshot: &Snapshot, question: &Question) -> Option<Verdict> {
    trace(&snapshot.plane, question).ok().map(|t| t.judgement.verdict)
}

/// What must not become private: flows that are something else as the fixture is.
struct Baseline {
    others: BTreeMap<Flow, Verdict>,
}

impl Baseline {
    fn new(snapshot: &Snapshot) -> Self {
        let known = flows(snapshot).into_iter().filter_map(|q| Some((key(&q), verdict(snapshot, &q)?)));
        Self { others: known.filter(|(_, v)| *v != Verdict::Private).collect() }
    }

    /// Flows that became private.
    fn opened(&self, snapshot: &Snapshot) -> Vec<String> {
        let asked = flows(snapshot).into_iter().filter_map(|q| Some((self.others.get(&key(&q))?, q)));
        asked
            .filter(|(_, q)| verdict(snapshot, q) == Some(Verdict::Private))
            .map(|(before, q)| format!("{} → {}:{} was {before}", q.from, q.to, q.port))
            .collect()
    }
}

/// Paths of all values inside a value.
fn paths(json: &Json, here: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    let inner: Vec<&Json> = match &json.value {
        Value::Object(fields) => fields.iter().map(|(_, v)| v).collect(),
        Value::List(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    for (number, value) in inner.into_iter().enumerate() {
        here.push(number);
        found.push(here.clone());
        paths(value, here, found);
        here.pop();
    }
}

/// The value with another in the place of the one at a path, or without it; and what the path is called.
fn changed(json: &Json, path: &[usize], put: Option<&Value>) -> (Json, String) {
    let (first, rest) = path.split_first().unwrap();
    let replace = |old: &Json| match (rest.is_empty(), put) {
        (true, None) => (None, String::new()),
        (true, Some(value)) => (Some(Json::new(value.clone(), old.span)), String::new()),
        (false, _) => {
            let (new, name) = changed(old, rest, put);
            (Some(new), name)
        }
    };
    match &json.value {
        Value::Object(fields) => {
            let mut fields = fields.to_vec();
            let (new, name) = replace(&fields[*first].1);
            let name = format!(".{}{name}", fields[*first].0);
            match new {
                Some(new) => fields[*first].1 = new,
                None => drop(fields.remove(*first)),
            }
            (Json::new(Value::Object(Rc::new(fields)), json.span), name)
        }
        Value::List(items) => {
            let mut items = items.to_vec();
            let (new, name) = replace(&items[*first]);
            let name = format!("[{first}]{name}");
            match new {
                Some(new) => items[*first] = new,
                None => drop(items.remove(*first)),
            }
            (Json::new(Value::List(Rc::new(items)), json.span), name)
        }
        _ => unreachable!(),
    }
}

/// Properties whose absence is a setting of its own: a rule, route, group or server that is not there, or the platform's
/// default, which is more open than what the fixture sets. A design without them is another design.
const OPENS_BY_ABSENCE: &[&str] = &[
    // Nothing filters, steers or answers where nothing is attached or listed.
    ".routeTable",
    ".networkSecurityGroup",
    ".applicationSecurityGroups",
    ".securityRules",
    ".routes",
    ".ruleCollections",
    ".rules",
    ".dhcpOptions",
    ".dnsServers",
    // A list that is shorter names less.
    ".destinationPortRanges",
    ".sourceAddressPrefixes",
    // Policies of endpoints are off, access over a peering is on, unless something says otherwise.
    ".privateEndpointNetworkPolicies",
    ".allowVirtualNetworkAccess",
    // What does not say that it is stopped, runs; what does not say that it was rejected, is approved.
    ".extended",
    ".instanceView",
    ".powerState",
    ".code",
    ".privateLinkServiceConnectionState",
    ".status",
    // A template declares an empty group or table by nothing but its name; the reader of exports reports such an item.
    ".properties",
];

/// The last property of a path, without positions in lists.
fn last_property(path: &str) -> &str {
    let end = path.rfind(|c: char| c != ']' && c != '[' && !c.is_ascii_digit()).map_or(0, |n| n + 1);
    let path = &path[..end];
    &path[path.rfind('.').unwrap_or(0)..]
}

/// The part of fixtures' names that are looked at wholly.
fn thorough() -> Option<String> {
    std::env::var("PRIVREACH_THOROUGH").ok()
}

/// Changes every value of every resource of the fixtures by turns.
fn law(put: Option<Value>, step: usize) {
    let mut problems = Vec::new();
    let mut tried = 0;
    for (format, path) in FIXTURES.iter().filter(|(_, p)| thorough().is_none_or(|t| p.contains(&t))) {
        let text = fs::read_to_string(path).unwrap();
        let whole = session(format, path, &text);
        let resources = whole.resources.clone();
        let mut imported = whole.finish("fixture").unwrap();
        let baseline = Baseline::new(&snapshot(&mut imported).unwrap());
        for (number, resource) in resources.iter().enumerate() {
            let mut all = Vec::new();
            paths(&resource.body, &mut Vec::new(), &mut all);
            for (n, at) in all.iter().enumerate() {
                if thorough().is_none() && (number * 7 + n) % step != 0 {
                    continue;
                }
                tried += 1;
                let (body, name) = changed(&resource.body, at, put.as_ref());
                let what = format!("{path} {}{name}", resource.id.name());
                let mut session = session(format, path, &text);
                session.resources[number].body = body;
                match session.finish("fixture") {
                    Err((_, said)) => {
                        if said.is_empty() || said.iter().any(|d| d.span.is_none()) {
                            problems.push(format!("{what}: refused without a place: {said:?}"));
                        }
                    }
                    Ok(mut imported) => match snapshot(&mut imported) {
                        Err(why) => problems.push(format!("{what}: does not load: {why}")),
                        Ok(snapshot) => {
                            let argued = put.is_none() && OPENS_BY_ABSENCE.contains(&last_property(&name));
                            if !argued {
                                problems
                                    .extend(baseline.opened(&snapshot).first().map(|f| format!("{what}: opens {f}")));
                            }
                        }
                    },
                }
            }
        }
    }
    assert!(tried > 30);
    assert!(problems.is_empty(), "{} of {tried}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn an_unknown_value_opens_nothing() {
    law(Some(Value::Unknown(Rc::from("it is known only after deployment"))), 23);
}

#[test]
fn a_secret_opens_nothing() {
    law(Some(Value::Secret), 61);
}

#[test]
fn an_absent_value_loads_or_is_refused() {
    law(None, 23);
}

/// Marks of Terraform: objects of truth values in the form of the values, `true` at what is secret.
fn marks(value: &serde_json::Value, here: &mut Vec<serde_json::Value>, found: &mut Vec<serde_json::Value>) {
    use serde_json::{Map, Value as Tree};
    let wrapped = |here: &[Tree]| {
        here.iter().rev().fold(Tree::Bool(true), |inner, step| match step {
            Tree::String(key) => Tree::Object(Map::from_iter([(key.clone(), inner)])),
            step => {
                let at = usize::try_from(step.as_u64().unwrap()).unwrap();
                Tree::Array((0..=at).map(|n| if n == at { inner.clone() } else { Tree::Object(Map::new()) }).collect())
            }
        })
    };
    let steps: Vec<(Tree, &Tree)> = match value {
        Tree::Object(fields) => fields.iter().map(|(k, v)| (Tree::String(k.clone()), v)).collect(),
        Tree::Array(items) => items.iter().enumerate().map(|(n, v)| (Tree::from(n), v)).collect(),
        _ => Vec::new(),
    };
    for (step, inner) in steps {
        here.push(step);
        found.push(wrapped(here));
        marks(inner, here, found);
        here.pop();
    }
}

/// The same law before the translation of Terraform's attributes: whatever of them is secret opens nothing.
#[test]
fn a_sensitive_attribute_opens_nothing() {
    let path = "tests/import/terraform/barriers.json";
    let text = fs::read_to_string(path).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    let baseline = Baseline::new(&snapshot(&mut session("terraform", path, &text).finish("x").unwrap()).unwrap());
    let (mut problems, mut tried) = (Vec::new(), 0);
    let resources = plan["values"]["root_module"]["resources"].as_array().unwrap();
    for (number, resource) in resources.iter().enumerate() {
        let mut all = Vec::new();
        marks(&resource["values"], &mut Vec::new(), &mut all);
        for (n, mark) in all.into_iter().enumerate() {
            if thorough().is_none() && (number * 5 + n) % 11 != 0 {
                continue;
            }
            tried += 1;
            let what = format!("{} {mark}", resource["address"]);
            let mut marked = plan.clone();
            marked["values"]["root_module"]["resources"][number]["sensitive_values"] = mark;
            let mut imported = match session("terraform", path, &marked.to_string()).finish("x") {
                Ok(imported) => imported,
                Err((_, said)) => {
                    assert!(said.iter().all(|d| d.span.is_some()), "{what}: {said:?}");
                    continue;
                }
            };
            match snapshot(&mut imported) {
                Err(why) => problems.push(format!("{what}: does not load: {why}")),
                Ok(snapshot) => {
                    problems.extend(baseline.opened(&snapshot).first().map(|f| format!("{what}: opens {f}")))
                }
            }
        }
    }
    assert!(tried > 20);
    assert!(problems.is_empty(), "{} of {tried}:\n{}", problems.len(), problems.join("\n"));
}
