//! ARM templates, and what `bicep build` makes: every expression is evaluated.
//!
//! What only a deployment can tell stays unknown and says so; secrets are never read. A resource of the template becomes
//! a [`Resource`] in the same form as one of an export, so that both have one mapping.

mod calls;
mod cidr;
mod deployments;
mod encode;
mod engine;
mod expression;
mod functions;
mod known;
mod lambdas;
mod names;
mod parameters;
mod references;
mod runtime;
mod template;
mod values;

pub use engine::{Loader, Settings};

use self::deployments::{Deployment, is_deployment};
use super::{
    Session, Source,
    ids::ArmId,
    json::{self, Json, Value},
    mistaken,
    resources::Resource,
};
use crate::diag::{Diagnostic, FileId, Span, code};
use engine::{Engine, Env};
use std::collections::BTreeMap;

/// Stands for the place that linked templates are relative to.
const ROOT: &str = "https://template.invalid/";

/// What is given beside the template.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Parameter files: name and text.
    pub parameter_files: Vec<(String, String)>,
    /// Single parameters; they win over files. A value that is JSON is read as JSON, any other is text.
    pub parameters: Vec<(String, String)>,
    /// What stands for the surroundings of the deployment.
    pub settings: Settings,
}

/// Reads a template into the session.
pub(super) fn read(session: &mut Session, name: &str, text: &str, inputs: &Inputs, load: &Loader<'_>) {
    let mut given = BTreeMap::new();
    let mut wrong = false;
    let env = Env::of(0);
    for (name, text) in &inputs.parameter_files {
        let Some(json) = session.json(name, text) else {
            wrong = true;
            continue;
        };
        if !matches!(json.value, Value::Object(_)) {
            let text = format!("this is {}, and no parameter file", json.kind());
            session.diagnostics.push(
                Diagnostic::error(code::IMPORT, json.span, text)
                    .help("a parameter file holds `\"parameters\": { \"name\": { \"value\": … } }`"),
            );
            wrong = true;
            continue;
        }
        if parameters::is_template(&json) {
            session.diagnostics.push(Diagnostic::error(code::IMPORT, json.span, "this is a template, not a parameter file").help(
                "name the template before `--parameters`; a parameter file holds `\"parameters\": { \"name\": { \"value\": … } }`",
            ));
            wrong = true;
            continue;
        }
        let all = json.get("parameters").unwrap_or(&json);
        for (key, value) in all.fields().iter().filter(|(k, _)| !k.starts_with('$') && &**k != "contentVersion") {
            let value = match (value.get("value"), value.get("reference")) {
                (Some(value), _) => value.clone(),
                (None, Some(_)) => Json::new(Value::Secret, value.span),
                (None, None) => value.clone(),
            };
            given.insert(key.to_ascii_lowercase(), (value, env.clone()));
        }
    }
    for (key, value) in &inputs.parameters {
        let file = session.sources.add_withheld(format!("--parameter {key}"), value.clone());
        let span = Span { file, start: 0, end: 0 };
        let is_text =
            !value.trim_start().starts_with(['{', '[', '"']) && !matches!(value.as_str(), "true" | "false" | "null");
        let read = if is_text && value.parse::<i64>().is_err() { None } else { json::read(file, value).ok() };
        given.insert(key.to_ascii_lowercase(), (read.unwrap_or_else(|| Json::text(value, span)), env.clone()));
    }
    let file = session.file(name, text);
    match json::read(file, text) {
        Err(problem) => session.diagnostics.push(problem),
        // What is missing of the parameters would be told of every one.
        Ok(_) if wrong => {}
        Ok(template) => expand(session, file, template, given, inputs, load),
    }
}

fn expand(
    session: &mut Session,
    file: FileId,
    template: Json,
    mut given: BTreeMap<String, (Json, Env)>,
    inputs: &Inputs,
    load: &Loader<'_>,
) {
    let schema = template.str_at("$schema").unwrap_or_default().to_lowercase();
    let is_template = schema.contains("deploymenttemplate.json");
    if let Some((what, help)) =
        mistaken::document_or_export(&template).filter(|_| !is_template && !schema.contains("deploymentparameters"))
    {
        let text = format!("this is {what}, and no template");
        session.diagnostics.push(Diagnostic::error(code::IMPORT, template.span, text).help(help));
        return;
    }
    if template.get("resources").is_none() {
        let what = if schema.contains("deploymentparameters") { "a parameter file" } else { "no template" };
        let text = format!("this is {what}: it has no `resources`");
        session.diagnostics.push(Diagnostic::error(code::IMPORT, template.span, text).help(
            "name the template; parameter files follow `--parameters`, exports are read by `privreach import azure`",
        ));
        return;
    }
    let settings = &inputs.settings;
    let target = match () {
        () if schema.contains("/subscriptiondeploymenttemplate") => format!("/subscriptions/{}", settings.subscription),
        () if schema.contains("/managementgroupdeploymenttemplate") => {
            "/providers/Microsoft.Management/managementGroups/group".to_owned()
        }
        () if schema.contains("/tenantdeploymenttemplate") => String::new(),
        () => format!("/subscriptions/{}/resourceGroups/{}", settings.subscription, settings.group),
    };
    session.draft.deployed = Some((settings.subscription.to_lowercase(), settings.group.to_lowercase()));
    parameters::check(session, &template, &mut given, inputs);
    parameters::tell_unset(session, &template, &given);
    let mut problems = Vec::new();
    let mut engine = Engine::new(settings, load, &mut session.sources);
    engine.literals = engine.sources.file(file).map(|f| addresses(&f.text)).unwrap_or_default();
    let deployment = Deployment {
        template,
        path: String::new(),
        name: "deployment".to_owned(),
        target,
        given,
        rest: None,
        outer: None,
        parent: None,
        base: String::new(),
        doubt: None,
        problems: &mut problems,
    };
    let scope = engine.open(deployment);
    let resources = if problems.is_empty() { collect(&mut engine, scope, &mut problems) } else { Vec::new() };
    let not_understood = std::mem::take(&mut engine.not_understood);
    session.resources.extend(resources);
    not_understood.into_iter().for_each(|n| session.draft.not_understood(n));
    problems.into_iter().for_each(|p| session.diagnostics.push(p));
}

/// Evaluates every resource, deployment by deployment; problems of one do not hide those of the others.
fn collect(engine: &mut Engine<'_>, scope: usize, problems: &mut Vec<Diagnostic>) -> Vec<Resource> {
    if let Err(problem) = engine.declare(scope) {
        problems.push(problem);
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut id = 0;
    // Opening a nested deployment adds declarations at the end.
    while let Some(declaration) = engine.declarations.get(id) {
        let (span, kind, deployed) = (declaration.json.span, declaration.kind.clone(), declaration.deployed);
        if deployed && is_deployment(&kind) && !declaration.existing {
            if let Err(problem) = engine.nested(id, problems) {
                problems.push(problem);
            }
        } else if deployed {
            match engine.body(id, span) {
                Ok(body) => found.extend(resource(engine, id, body)),
                Err(problem) => problems.push(problem),
            }
        }
        id += 1;
    }
    found
}

fn resource(engine: &Engine<'_>, id: usize, body: Json) -> Option<Resource> {
    let declaration = engine.declarations.get(id)?;
    let source = Source { address: declaration.address.clone(), span: declaration.json.span };
    let full_id = declaration.full_id.clone();
    let id = ArmId::parse(&full_id).unwrap_or_else(|| ArmId {
        scope: String::new(),
        kind: declaration.kind.clone(),
        names: vec![full_id.rsplit('/').next().unwrap_or_default().to_owned()],
    });
    let doubt = declaration.doubt.clone();
    let deployment = Some(declaration.env.scope);
    Some(Resource { id, full_id, body, source, existing: declaration.existing, live: false, doubt, deployment })
}

/// Addresses that a text writes out in quotes.
fn addresses(text: &str) -> std::collections::BTreeSet<String> {
    text.split(['"', '\'']).filter(|t| t.parse::<std::net::IpAddr>().is_ok()).map(str::to_owned).collect()
}
