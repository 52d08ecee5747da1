//! Functions about resources and deployments: ids, references, the deployment's surroundings.

use super::{
    deployments::is_deployment,
    engine::{Engine, Env, Outcome, Slot, circle, json_text, runtime_only},
    expression::Expression,
    values::{described, list, object, show, text},
};
use crate::{
    diag::{Diagnostic, Span},
    import::{
        ids::join,
        json::{Json, Value},
    },
};
use std::rc::Rc;

fn obj(fields: Vec<(&str, Value)>, span: Span) -> Json {
    Json::new(object(fields.into_iter().map(|(k, v)| (Rc::from(k), Json::new(v, span))).collect()), span)
}

impl Engine<'_> {
    /// Functions that ask about resources or the deployment.
    pub(super) fn about_resources(
        &mut self,
        name: &str,
        values: &[Json],
        env: &Env,
        span: Span,
    ) -> Result<Option<Json>, Diagnostic> {
        if name.starts_with("list") || name == "getsecret" {
            return Ok(Some(Json::new(Value::Secret, span)));
        }
        let target = self.scope(env.scope).map(|s| s.target.clone()).unwrap_or_default();
        let mut parts = target.trim_start_matches('/').split('/').skip(1).step_by(2);
        let own_subscription = parts.next().map_or_else(|| self.settings.subscription.clone(), str::to_owned);
        let own_group = parts.next().map_or_else(|| self.settings.group.clone(), str::to_owned);
        let subscription_id = format!("/subscriptions/{own_subscription}");
        Ok(Some(match name {
            "resourceid"
            | "subscriptionresourceid"
            | "tenantresourceid"
            | "extensionresourceid"
            | "managementgroupresourceid" => {
                return self.resource_id(name, values, (&target, &own_subscription, &own_group), span).map(Some);
            }
            "reference" => return self.reference(values, env, span).map(Some),
            "references" => {
                let symbol = values.first().map(show).unwrap_or_default().to_ascii_lowercase();
                let all = self.scope(env.scope).and_then(|s| s.symbols.get(&symbol)).cloned().unwrap_or_default();
                let full = values.iter().any(|v| v.as_str() == Some("full"));
                let items: Result<Vec<_>, _> = all.into_iter().map(|id| self.state_of(id, full, span)).collect();
                Json::new(list(items?), span)
            }
            // What a symbol stands for, without what it sets.
            "resourceinfo" => {
                let what = values.first().map(show).unwrap_or_default();
                let Some(found) = self.find(&what, env).and_then(|id| self.declarations.get(id)) else {
                    return Ok(Some(runtime_only("resourceInfo", span)));
                };
                let name = crate::import::ids::ArmId::parse(&found.full_id).map(|i| i.names.join("/"));
                obj(
                    vec![
                        ("id", text(&found.full_id)),
                        ("name", text(&name.unwrap_or_default())),
                        ("type", text(&found.kind)),
                    ],
                    span,
                )
            }
            "resourcegroup" => {
                let id = format!("{subscription_id}/resourceGroups/{own_group}");
                let location = text(&self.settings.location.clone());
                obj(
                    vec![
                        ("id", text(&id)),
                        ("name", text(&own_group)),
                        ("location", location),
                        ("type", text("Microsoft.Resources/resourceGroups")),
                        ("tags", object(Vec::new())),
                    ],
                    span,
                )
            }
            "subscription" => obj(
                vec![
                    ("id", text(&subscription_id)),
                    ("subscriptionId", text(&own_subscription)),
                    ("tenantId", text("00000000-0000-0000-0000-00000000aaaa")),
                    ("displayName", text("subscription")),
                ],
                span,
            ),
            "tenant" => obj(
                vec![("tenantId", text("00000000-0000-0000-0000-00000000aaaa")), ("displayName", text("tenant"))],
                span,
            ),
            "managementgroup" => obj(
                vec![("id", text("/providers/Microsoft.Management/managementGroups/group")), ("name", text("group"))],
                span,
            ),
            "deployment" => self.deployment(env, span),
            "environment" => environment(span),
            "deployer" => obj(
                vec![
                    ("objectId", text("00000000-0000-0000-0000-00000000bbbb")),
                    ("tenantId", text("00000000-0000-0000-0000-00000000aaaa")),
                    ("userPrincipalName", text("deployer")),
                ],
                span,
            ),
            "pickzones" => Json::new(list(vec![json_text("1", span)]), span),
            "providers" => obj(
                vec![
                    ("apiVersions", list(vec![json_text("2024-01-01", span)])),
                    ("locations", list(vec![json_text(&self.settings.location.clone(), span)])),
                ],
                span,
            ),
            "fail" => {
                return Err(self
                    .fault(
                        span,
                        format!(
                            "the template refuses its parameters: {}",
                            values.first().map(show).unwrap_or_default()
                        ),
                    )
                    .help("give other parameters"));
            }
            _ => return Ok(None),
        }))
    }

    fn deployment(&self, env: &Env, span: Span) -> Json {
        let name = self.scope(env.scope).map_or("deployment", |s| s.name.as_str());
        let base = self.scope(env.scope).map_or("", |s| s.base.as_str());
        let link = obj(vec![("uri", text(&format!("{}{base}azuredeploy.json", super::ROOT)))], span);
        let properties = obj(
            vec![
                ("templateLink", link.value),
                ("template", obj(vec![("contentVersion", text("1.0.0.0"))], span).value),
            ],
            span,
        );
        obj(
            vec![("name", text(name)), ("location", text(&self.settings.location)), ("properties", properties.value)],
            span,
        )
    }

    fn resource_id(&mut self, name: &str, values: &[Json], own: (&str, &str, &str), span: Span) -> Outcome {
        if let Some(stop) = values.iter().find(|v| v.is_withheld()) {
            return Ok(Json::new(stop.value.clone(), span));
        }
        let words: Vec<String> = values.iter().map(show).collect();
        let at = words.iter().position(|w| w.contains('/') && w.contains('.') && !w.starts_with('/'));
        let Some((before, [kind, names @ ..])) = at.and_then(|at| words.split_at_checked(at)) else {
            return Err(self
                .fault(span, format!("`{name}` has no resource type among its arguments"))
                .help("write a type such as Microsoft.Network/virtualNetworks"));
        };
        let kind = kind.trim_end_matches('/');
        let names: Vec<String> = names.iter().flat_map(|n| n.split('/')).map(str::to_owned).collect();
        if names.len() != kind.matches('/').count() {
            let text = format!("`{name}` has {} names for the type `{kind}`", names.len());
            return Err(self.fault(span, text).help("give one name a segment of the type"));
        }
        let (target, subscription, group) = own;
        let scope = match (name, before) {
            ("extensionresourceid", [scope]) => scope.clone(),
            ("tenantresourceid", _) => String::new(),
            ("managementgroupresourceid", _) => "/providers/Microsoft.Management/managementGroups/group".to_owned(),
            ("subscriptionresourceid", [other]) => format!("/subscriptions/{other}"),
            ("subscriptionresourceid", _) => format!("/subscriptions/{subscription}"),
            (_, [other, group]) => format!("/subscriptions/{other}/resourceGroups/{group}"),
            (_, [group]) => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
            _ if target.contains("/resourceGroups/") => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
            _ => target.to_owned(),
        };
        Ok(json_text(&join(&scope, kind, &names), span))
    }

    /// The declaration that a `reference` means: by id, by symbol, or by name.
    fn find(&self, what: &str, env: &Env) -> Option<usize> {
        if let Some(id) = self.by_id.get(&what.trim_end_matches('/').to_lowercase()) {
            return Some(*id);
        }
        let mut scope = Some(env.scope);
        while let Some(here) = scope.and_then(|s| self.scope(s)) {
            let (symbol, index) = match what.strip_suffix(']').and_then(|w| w.split_once('[')) {
                Some((symbol, index)) => (symbol, index.parse().unwrap_or(0)),
                None => (what, 0),
            };
            if let Some(found) = here.symbols.get(&symbol.to_lowercase()).and_then(|all| all.get(index)) {
                return Some(*found);
            }
            scope = here.outer.as_ref().map(|o| o.scope);
        }
        let mut named = self.called(what, env.scope).into_iter();
        named.next().filter(|_| named.next().is_none())
    }

    /// The declarations that a name without a type can mean: those of the template itself before all others.
    fn called(&self, name: &str, scope: usize) -> Vec<usize> {
        let is_named = |id: &str| {
            let own = id.rsplit("/providers/").next().unwrap_or_default();
            own.split('/').skip(2).step_by(2).eq(name.split('/').map(str::to_lowercase))
        };
        let all = self.by_id.iter().filter(|(id, _)| is_named(id)).map(|(_, n)| *n);
        let all: Vec<usize> = all.collect();
        let here = |n: &usize| self.declarations.get(*n).is_some_and(|d| d.env.scope == scope);
        let own: Vec<usize> = all.iter().copied().filter(here).collect();
        if own.is_empty() { all } else { own }
    }

    fn reference(&mut self, values: &[Json], env: &Env, span: Span) -> Outcome {
        let Some(what) = values.first() else {
            return Err(self.fault(span, "`reference` names no resource").help("give an id or a name"));
        };
        let Some(what) = what.as_str().map(str::to_owned) else { return Ok(Json::new(what.value.clone(), span)) };
        let full = values.iter().any(|v| v.as_str().is_some_and(|t| t.eq_ignore_ascii_case("Full")));
        match self.find(&what, env) {
            Some(id) => self.state_of(id, full, span),
            None if self.called(&what, env.scope).len() > 1 => {
                let why = format!("several resources are called {what}, and which of them is meant is not told");
                Ok(Json::new(Value::Unknown(why.into()), span))
            }
            None => match self.interface_of_endpoint(&what, full, span) {
                Some(interface) => Ok(described(&interface)),
                None => self.part(&what, full, span),
            },
        }
    }

    /// A part that stands inside the resource that it belongs to, as subnets do.
    fn part(&mut self, id: &str, full: bool, span: Span) -> Outcome {
        let unknown = Json::new(Value::Unknown(format!("{id} is not declared in the template").into()), span);
        let parsed = crate::import::ids::ArmId::parse(id);
        let owner = parsed.as_ref().and_then(|p| p.parent()).and_then(|p| self.by_id.get(&p.to_lowercase()).copied());
        let owner = owner.filter(|o| self.declarations.get(*o).is_some_and(|d| !d.existing && !is_deployment(&d.kind)));
        let (Some(owner), Some(parsed)) = (owner, parsed) else { return Ok(unknown) };
        let body = self.body(owner, span)?;
        let part = part_of(&body, &parsed).cloned();
        Ok(match part {
            Some(part) if full => described(&part),
            Some(part) => part.get("properties").map_or(unknown, described),
            None => unknown,
        })
    }

    /// What a resource looks like once deployed, as far as the template tells.
    fn state_of(&mut self, id: usize, full: bool, span: Span) -> Outcome {
        let Some(declaration) = self.declarations.get(id) else { return Ok(runtime_only("reference", span)) };
        if declaration.existing {
            let deployed = self.by_id.get(&declaration.full_id.to_lowercase()).copied().filter(|other| *other != id);
            if let Some(deployed) = deployed {
                return self.state_of(deployed, full, span);
            }
            let id = &declaration.full_id;
            return Ok(self.interface_of_endpoint(id, full, span).map(|i| described(&i)).unwrap_or_else(|| {
                Json::new(Value::Unknown(format!("{id} exists already and is not described").into()), span)
            }));
        }
        if is_deployment(&declaration.kind) {
            let mut problems = Vec::new();
            let Some(scope) = self.nested(id, &mut problems)? else { return Ok(runtime_only("outputs", span)) };
            if let Some(problem) = problems.pop() {
                return Err(problem);
            }
            let names: Vec<String> = self.scope(scope).map(|s| s.outputs.keys().cloned().collect()).unwrap_or_default();
            let mut outputs = Vec::new();
            for name in names {
                let value = self.slot(scope, &name, span, "output", |s| &mut s.outputs)?;
                outputs.push((Rc::from(name), obj(vec![("value", value.value)], span)));
            }
            let state = obj(vec![("outputs", object(outputs)), ("provisioningState", text("Succeeded"))], span);
            return Ok(if full { obj(vec![("properties", state.value)], span) } else { state });
        }
        // A nested deployment that sets a resource again reads it as it was before.
        let again = matches!(self.declarations.get(id).map(|d| &d.body), Some(Slot::Busy)) && self.is_nested(id);
        let body = if again { self.before(id, span)? } else { self.body(id, span)? };
        if full || matches!(body.value, Value::Unknown(_)) {
            return Ok(described(&body));
        }
        let properties = body.get("properties").cloned().unwrap_or_else(|| obj(Vec::new(), span));
        Ok(described(&self.with_runtime(id, properties)))
    }

    fn is_nested(&self, id: usize) -> bool {
        let scope = self.declarations.get(id).and_then(|d| self.scope(d.env.scope));
        scope.is_some_and(|s| s.parent.is_some())
    }

    /// A resource as another deployment, or the resource that it is part of, declares it.
    fn before(&mut self, id: usize, span: Span) -> Outcome {
        let unknown = |why: &str| Ok(Json::new(Value::Unknown(Rc::from(why)), span));
        let Some(full_id) = self.declarations.get(id).map(|d| d.full_id.clone()) else {
            return unknown("it is not declared");
        };
        let ready = |d: &super::engine::Declaration| !d.existing && d.deployed && !matches!(d.body, Slot::Busy);
        let same = |d: &super::engine::Declaration, id: &str| d.full_id.eq_ignore_ascii_case(id) && ready(d);
        if let Some(other) = self.declarations.iter().position(|d| same(d, &full_id)) {
            return self.body(other, span);
        }
        let parsed = crate::import::ids::ArmId::parse(&full_id);
        let parent = parsed.as_ref().and_then(|p| p.parent());
        let owner = parent.and_then(|parent| self.declarations.iter().position(|d| same(d, &parent)));
        let (Some(owner), Some(parsed)) = (owner, parsed) else {
            return unknown("it exists already, and what it was before is not in the template");
        };
        match part_of(&self.body(owner, span)?, &parsed) {
            Some(part) => Ok(part.clone()),
            None => unknown("what it was before is not in the template"),
        }
    }

    /// A resource's object, evaluated once.
    pub(super) fn body(&mut self, id: usize, span: Span) -> Outcome {
        let Some(declaration) = self.declarations.get_mut(id) else { return Ok(runtime_only("reference", span)) };
        let (json, env) = match std::mem::replace(&mut declaration.body, Slot::Busy) {
            Slot::Done(value) => {
                declaration.body = Slot::Done(value.clone());
                return Ok(value);
            }
            Slot::Busy => return Err(circle(span, &declaration.full_id.clone())),
            Slot::Todo(json, env) => (json, env),
        };
        let value = self.evaluate(&json, &env).and_then(|v| self.with_addresses(id, v));
        let value = match value {
            Ok(value) => value,
            Err(problem) => {
                let unknown = Json::new(Value::Unknown("it could not be evaluated".into()), json.span);
                if let Some(declaration) = self.declarations.get_mut(id) {
                    declaration.body = Slot::Done(unknown);
                }
                return Err(problem);
            }
        };
        if let Some(declaration) = self.declarations.get_mut(id) {
            declaration.body = Slot::Done(value.clone());
        }
        Ok(value)
    }

    /// `reference(deployment).outputs.name…` evaluates that output alone, because outputs may depend on each other's
    /// resources.
    pub(super) fn output_of(&mut self, whole: &Expression, env: &Env, span: Span) -> Result<Option<Json>, Diagnostic> {
        let mut keys: Vec<Rc<str>> = Vec::new();
        let mut base = whole;
        while let Expression::Key(inner, key) = base {
            keys.push(Rc::clone(key));
            base = inner;
        }
        keys.reverse();
        let (Expression::Call(name, arguments, _), [first, output, last]) = (base, keys.as_slice()) else {
            return Ok(None);
        };
        let is_output = name.eq_ignore_ascii_case("reference")
            && first.eq_ignore_ascii_case("outputs")
            && last.eq_ignore_ascii_case("value");
        let (true, Some(argument)) = (is_output, arguments.first()) else { return Ok(None) };
        let what = self.expression(argument, env, span)?;
        let Some(id) = what.as_str().and_then(|w| self.find(w, env)) else { return Ok(None) };
        if self.declarations.get(id).is_none_or(|d| !is_deployment(&d.kind) || d.existing) {
            return Ok(None);
        }
        let mut problems = Vec::new();
        let scope = self.nested(id, &mut problems)?;
        if let Some(problem) = problems.pop() {
            return Err(problem);
        }
        match scope {
            Some(scope) => self.slot(scope, output, span, "output", |s| &mut s.outputs).map(Some),
            None => Ok(Some(runtime_only(output, span))),
        }
    }
}

/// The part with an id in the lists of what it belongs to.
fn part_of<'b>(owner: &'b Json, part: &crate::import::ids::ArmId) -> Option<&'b Json> {
    let list = part.kind.rsplit('/').next().unwrap_or_default();
    let mut parts = owner.items_at(&format!("properties.{list}")).iter();
    parts.find(|p| p.str_at("name").is_some_and(|n| n.eq_ignore_ascii_case(part.name())))
}

fn environment(span: Span) -> Json {
    let suffixes = [
        ("acrLoginServer", ".azurecr.io"),
        ("keyvaultDns", ".vault.azure.net"),
        ("sqlServerHostname", ".database.windows.net"),
        ("storage", "core.windows.net"),
        ("azureDatalakeStoreFileSystem", "azuredatalakestore.net"),
        ("azureFrontDoorEndpointSuffix", "azurefd.net"),
    ];
    let suffixes = suffixes.iter().map(|(k, v)| (*k, text(v))).collect();
    let authentication = vec![
        ("loginEndpoint", text("https://login.microsoftonline.com/")),
        ("tenant", text("common")),
        ("audiences", list(vec![json_text("https://management.azure.com/", span)])),
    ];
    obj(
        vec![
            ("name", text("AzureCloud")),
            ("suffixes", obj(suffixes, span).value),
            ("authentication", obj(authentication, span).value),
            ("resourceManager", text("https://management.azure.com/")),
            ("portal", text("https://portal.azure.com")),
            ("graph", text("https://graph.windows.net/")),
            ("batch", text("https://batch.core.windows.net/")),
            ("gallery", text("https://gallery.azure.com/")),
            ("sqlManagement", text("https://management.core.windows.net:8443/")),
            ("activeDirectoryDataLake", text("https://datalake.azure.net/")),
            ("vmImageAliasDoc", text("")),
            ("media", text("https://rest.media.azure.net")),
            ("graphAudience", text("https://graph.windows.net/")),
        ],
        span,
    )
}
