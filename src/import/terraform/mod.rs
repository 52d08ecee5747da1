//! Plans and states of Terraform, as `terraform show -json` prints them.
//!
//! What a plan does not know yet is found through its configuration; attributes of the providers `azurerm` and `azapi`
//! become properties of Azure's own resource model, which is mapped as for templates and exports.

mod application_gateways;
mod apps;
mod azapi;
mod balance;
mod beside;
mod blocks;
mod choice;
mod compute;
mod containers;
mod data;
mod databases;
mod dns;
mod fields;
mod firewall;
mod follow;
mod gateways;
mod kinds;
mod managers;
mod messaging;
mod network;
mod patch;
mod path;
mod plan;
mod private_link;
mod refuse;
mod remarks;
mod resolve;
mod services;
mod settings;
mod shape;
mod storage;
mod wan;
mod workspaces;

use super::{
    Session, Source,
    draft::{Matters, NotUnderstood, Standing},
    ids::ArmId,
    json::{self, Json},
    resources::Resource,
};
use crate::diag::FileId;
use choice::Assumed;
use kinds::Place;
use patch::{merge, part};
use plan::{Instance, Plan};
use refuse::{explained, refusal};
use remarks::{place_of, report, unknown_name, unread};
use resolve::Resolver;
use shape::Shaper;
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// The subscription of ids in a plan that names none.
const NO_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// Reads a plan or a state into the session.
pub(super) fn read(session: &mut Session, file: FileId, text: &str) {
    let problem = match json::read(file, text) {
        Err(problem) => Some(explained(text, problem)),
        Ok(json) => match refusal(&json) {
            Some(problem) => Some(problem),
            None => {
                import(session, &json);
                None
            }
        },
    };
    if let Some(problem) = problem {
        session.diagnostics.push(problem);
    }
}

/// A resource in Azure's form, under construction.
struct Body {
    id: String,
    body: Json,
    source: Source,
    is_data: bool,
}

/// What changes another resource: the id it names, and what to merge there.
struct Patch {
    target: String,
    body: Json,
    number: usize,
}

fn import(session: &mut Session, json: &Json) {
    let plan = Plan::new(json);
    let resolver = Resolver::new(&plan, subscription(json, &plan));
    let mut bodies: BTreeMap<String, Body> = BTreeMap::new();
    let mut patches: Vec<Patch> = Vec::new();
    for (number, instance) in plan.instances.iter().enumerate() {
        match shape(&resolver, number, instance, &mut bodies, &mut patches) {
            Err(why) => report(session, &resolver, number, instance, &why),
            Ok(()) => {
                unknown_name(session, instance);
                unread(session, &resolver, number, instance);
            }
        }
    }
    for patch in patches {
        let Some(instance) = plan.instances.get(patch.number) else { continue };
        match part(&mut bodies, &patch.target) {
            Some(target) => {
                merge(target, &patch.body);
                session.draft.count(&instance.kind, Standing::Understood, &instance.source());
            }
            None => {
                let last = patch.target.rsplit('/').next().unwrap_or_default();
                report(
                    session,
                    &resolver,
                    patch.number,
                    instance,
                    &format!("the plan does not hold {last}, which it sets"),
                );
            }
        }
    }
    assumptions(session, &resolver);
    for (_, body) in bodies {
        if let Some(id) = ArmId::parse(&body.id) {
            session.resources.push(Resource {
                id,
                full_id: body.id,
                body: body.body,
                source: body.source,
                existing: body.is_data,
                live: false,
                doubt: None,
                deployment: None,
            });
        }
    }
    for change in json.items_at("resource_changes") {
        let forgets = change.items_at("change.actions").iter().any(|a| a.as_str() == Some("forget"));
        let (Some(kind), true) = (change.str_at("type"), forgets) else { continue };
        if kinds::is_beside(kind) {
            continue;
        }
        let mut ids = BTreeSet::new();
        resolve::texts(change, &mut ids);
        session.draft.not_understood(NotUnderstood {
            kind: kind.to_owned(),
            name: change.str_at("name").unwrap_or_default().to_owned(),
            why: "the plan forgets it, and it stays in Azure as it is".to_owned(),
            source: Source { address: change.str_at("address").unwrap_or_default().to_owned(), span: change.span },
            matters: place_of(kind, &ids),
        });
    }
    if json.get("complete").and_then(Json::as_bool) == Some(false) {
        session.draft.not_understood(NotUnderstood {
            kind: "deferred changes".to_owned(),
            name: "plan".to_owned(),
            why: "the plan puts changes off until others are applied; plan again after that".to_owned(),
            source: Source { address: "complete".to_owned(), span: json.span },
            matters: Matters::Everywhere,
        });
    }
}

/// Says what was taken by the index of a loop: once for all rounds, and at each.
fn assumptions(session: &mut Session, resolver: &Resolver<'_>) {
    let mut lines = BTreeSet::new();
    for Assumed { who, what, rounds } in resolver.assumed.borrow().iter() {
        let loop_ = who.rsplit_once('[').map_or(who.as_str(), |(name, _)| name);
        lines.insert(format!(
            "each {loop_} takes the {what} of its own index, of {rounds}; a plan does not show what is reckoned with \
             `count.index`"
        ));
        let note = format!("The {what} of its own index is assumed.");
        session.draft.assumed_of.entry(who.clone()).or_default().insert(note);
    }
    session.draft.assumed.extend(lines);
}

/// The subscription: the provider's, else the one that most known ids are in.
fn subscription(json: &Json, plan: &Plan) -> String {
    let provider = json.at("configuration.provider_config.azurerm.expressions.subscription_id");
    if let Some(id) = provider.and_then(|p| plan.constant(p)) {
        return id;
    }
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for instance in plan.instances.iter().filter(|i| !i.is_data) {
        let mut found = BTreeSet::new();
        resolve::texts(&instance.values, &mut found);
        for id in &found {
            if let Some(name) = id.strip_prefix("/subscriptions/").and_then(|r| r.split('/').next()) {
                *uses.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    let most = uses.into_iter().max_by_key(|(name, n)| (*n, std::cmp::Reverse(name.clone())));
    most.map_or_else(|| NO_SUBSCRIPTION.to_owned(), |(name, _)| name)
}

/// Turns an instance into a resource, or into a change of one.
fn shape(
    resolver: &Resolver<'_>,
    number: usize,
    instance: &Instance,
    bodies: &mut BTreeMap<String, Body>,
    patches: &mut Vec<Patch>,
) -> Result<(), String> {
    let source = instance.source();
    if instance.kind.starts_with("azapi_") {
        if instance.is_data || instance.kind != "azapi_resource" && instance.kind != "azapi_update_resource" {
            return Err("only azapi_resource and azapi_update_resource are read".to_owned());
        }
        let values = resolver.full(number);
        let id = resolver.id(number).ok_or("its type, name or parent is not known before apply")?;
        let body = azapi::body(&values)?;
        if instance.kind == "azapi_update_resource" {
            patches.push(Patch { target: id.to_string(), body, number });
        } else {
            bodies.insert(id.to_lowercase(), Body { id: id.to_string(), body, source, is_data: false });
        }
        return Ok(());
    }
    if kinds::is_beside(&instance.kind) {
        return Err(String::new());
    }
    let Some(kind) = kinds::find(&instance.kind) else {
        return Err("its type is not modelled".to_owned());
    };
    let values = resolver.full(number);
    let span = values.span;
    let mut shaper = Shaper {
        resolver,
        number,
        id: resolver.id(number).unwrap_or_else(|| Rc::from("")),
        values,
        body: shape::object(Vec::new(), span),
        parts: Vec::new(),
    };
    for (path, word) in kind.implied {
        shaper.put_text(path, word);
    }
    shape::shape(&shaper.values.clone(), kind.head, &mut shaper.body);
    shape::shape(&shaper.values.clone(), kind.fields, &mut shaper.body);
    if let Some(more) = kind.more {
        more(&mut shaper);
    }
    match kind.place {
        Place::Own => {
            if shaper.id.is_empty() {
                return Err("its name or what it stands in is not known before apply".to_owned());
            }
            for (id, body) in std::mem::take(&mut shaper.parts) {
                bodies.insert(id.to_lowercase(), Body { id, body, source: source.clone(), is_data: instance.is_data });
            }
            let id = shaper.id.to_string();
            let body = Body {
                id: id.clone(),
                body: shaper.body,
                source,
                is_data: instance.is_data && !data::is_read(instance),
            };
            // A resource that the plan makes says more than a data source that reads it.
            if !(instance.is_data && bodies.contains_key(&id.to_lowercase())) {
                bodies.insert(id.to_lowercase(), body);
            }
            Ok(())
        }
        Place::In(parent, list) => {
            let parent = shaper.text(parent).ok_or_else(|| format!("its `{parent}` is not known before apply"))?;
            let id = Json::text(&shaper.id, span);
            shaper.put("id", id);
            let mut body = shape::object(Vec::new(), span);
            shape::put(&mut body, list, shaper.body);
            patches.push(Patch { target: parent, body, number });
            Ok(())
        }
        Place::Patch(target, inner) => {
            let mut id = match target {
                "azure_firewall_name" => classic_firewall(&shaper),
                _ => shaper.text(target),
            }
            .ok_or_else(|| format!("its `{target}` is not known before apply"))?;
            if let Some((segment, name)) = inner {
                let name = shaper.text(name).ok_or_else(|| format!("its `{name}` is not known before apply"))?;
                id = format!("{id}/{segment}/{name}");
            }
            patches.push(Patch { target: id, body: shaper.body, number });
            Ok(())
        }
    }
}

fn classic_firewall(shaper: &Shaper<'_, '_>) -> Option<String> {
    let (group, name) = (shaper.text("resource_group_name")?, shaper.text("azure_firewall_name")?);
    let subscription = &shaper.resolver.subscription;
    Some(format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/azureFirewalls/{name}"
    ))
}
