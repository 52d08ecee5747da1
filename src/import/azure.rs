//! Exports of live estates: Resource Graph query results, `az … show` and `az … list` output.

use super::{
    Matters, NotUnderstood, Session, Source,
    evidence::{self, Observed},
    ids::ArmId,
    json::{self, Json},
    mistaken,
    resources::{Resource, is_beside, is_service, target},
};
use crate::{
    diag::{Diagnostic, FileId, code},
    effective::Evidence,
};

/// Keys under which tools put the list of resources.
const BULK: [&str; 3] = ["data", "value", "resources"];

/// Reads an export into the session. Resources are handed over one by one, so that what is not a resource is not kept.
pub(super) fn read(session: &mut Session, file: FileId, text: &str) {
    let mut found = Vec::new();
    let mut others = Vec::new();
    let mut number = 0;
    let mut seen = Evidence::default();
    let mut first = None;
    let mut problems = Vec::new();
    let mut bare = Vec::new();
    let rest = json::read_items(file, text, &BULK, &mut |item| {
        match resource(&item) {
            Some(resource) => {
                if item.get("properties").is_none() && resource.prop_count() == 0 {
                    bare.push((resource.id.clone(), resource.full_id.clone(), resource.source.clone()));
                }
                found.push(resource);
            }
            None if item.get("configurationIds").is_some() => found.extend(deployment(&item, number)),
            None if evidence::is_row(&item) => {
                first.get_or_insert(item.span);
                evidence::row(&item, &mut seen).unwrap_or_else(|problem| problems.push(problem));
            }
            None => others.push((number, item.span, item.kind())),
        }
        number += 1;
    });
    match rest {
        Err(problem) => session.diagnostics.push(problem),
        Ok(rest) => {
            if let Some(page) = page(&rest, number) {
                session.draft.not_understood(NotUnderstood {
                    kind: "pages of a query".to_owned(),
                    name: "export".to_owned(),
                    why: "this is one page of a query's results; ask for the others, too (`--first 1000`, `--skip-token`)"
                        .to_owned(),
                    source: Source { address: "export".to_owned(), span: page },
                    matters: Matters::Everywhere,
                });
            }
            if let Some(one) = resource(&rest) {
                found.push(one);
            } else if let (true, None, Some((what, help))) = (found.is_empty(), first, mistaken::document(&rest)) {
                let text = format!("this is {what}, and no export of resources");
                session.diagnostics.push(Diagnostic::error(code::IMPORT, rest.span, text).help(help));
                return;
            } else if found.is_empty() && others.is_empty() && first.is_none() && is_empty(&rest) {
                session.empty.push(rest.span);
            } else if found.is_empty() && others.is_empty() && first.is_none() {
                session.diagnostics.push(
                    Diagnostic::error(code::IMPORT, rest.span, "this is no export of resources").help(
                        "export with `az graph query`, `az resource list` or `az <type> show`; a template is read by \
                         `privreach import arm`",
                    ),
                );
            }
            for (number, span, kind) in others.into_iter().take(20) {
                let text = format!("item {number} is {kind} without the `id` of a resource");
                session.diagnostics.push(
                    Diagnostic::error(code::IMPORT, span, text)
                        .help("project at least id, name, type, location and properties in the query"),
                );
            }
            session.resources.append(&mut found);
            for (id, full_id, source) in bare {
                session.draft.not_understood(NotUnderstood {
                    why: "the export has none of its properties; project `properties` in the query".to_owned(),
                    matters: match id.kind.as_str() {
                        kind if is_beside(kind) => Matters::No,
                        kind if is_service(kind) && !kind.starts_with("microsoft.network/") => {
                            Matters::Item(target(&full_id))
                        }
                        _ => Matters::Everywhere,
                    },
                    name: id.name().to_owned(),
                    kind: id.kind,
                    source,
                });
            }
            problems.into_iter().for_each(|problem| session.diagnostics.push(problem));
            if let Some(span) = first {
                session.observed.push(Observed { at: evidence::owner(&seen), evidence: seen, span });
            }
        }
    }
}

/// Whether a file is the answer of nothing to a query or a list; one of these keys was taken out as the list.
fn is_empty(rest: &Json) -> bool {
    const BESIDE: [&str; 8] =
        ["count", "total_records", "totalRecords", "resultTruncated", "facets", "skip_token", "$skipToken", "nextLink"];
    match &rest.value {
        json::Value::List(_) => true,
        json::Value::Object(fields) => {
            fields.iter().all(|(key, _)| BESIDE.contains(&&**key)) && rest.span.end > rest.span.start + 2
        }
        _ => false,
    }
}

/// Where a file says that it is not all there is.
fn page(rest: &Json, read: usize) -> Option<crate::diag::Span> {
    let token = ["skip_token", "skipToken", "$skipToken", "nextLink", "odata.nextLink"];
    let next = token.iter().find_map(|k| rest.get(k)).filter(|t| t.as_str().is_some_and(|t| !t.is_empty()));
    let total = ["total_records", "totalRecords"].iter().find_map(|k| rest.get(k));
    let more = total.filter(|t| t.as_int().and_then(|n| usize::try_from(n).ok()).is_some_and(|n| n > read));
    let cut = rest.get("resultTruncated").filter(|t| t.as_bool() == Some(true));
    next.or(more).or(cut).map(|j| j.span)
}

/// A row of `az network manager list-deploy-status`: what of a network manager's configurations is in force.
fn deployment(item: &Json, number: usize) -> Option<Resource> {
    let done = item.str_at("deploymentStatus").is_some_and(|s| s.eq_ignore_ascii_case("Deployed"));
    let first = item.items_at("configurationIds").first().and_then(Json::as_str).filter(|_| done)?;
    let manager = ArmId::parse(first)?.parent()?;
    let full_id = format!("{manager}/commits/{number}");
    let properties = ("properties".into(), item.clone());
    let body = Json::new(json::Value::Object(std::rc::Rc::new(vec![properties])), item.span);
    let source = Source { address: full_id.clone(), span: item.span };
    Some(Resource {
        id: ArmId::parse(&full_id)?,
        full_id,
        body,
        source,
        existing: false,
        live: true,
        doubt: None,
        deployment: None,
    })
}

/// A resource, if the object has the id of one.
fn resource(json: &Json) -> Option<Resource> {
    let full_id = json.str_at("id")?.to_owned();
    let id = ArmId::parse(&full_id)?;
    let source = Source { address: full_id.clone(), span: json.span };
    let body = flattened(json);
    let body = if id.kind.starts_with("microsoft.compute/") { without_bulk(body) } else { body };
    Some(Resource { id, full_id, body, source, existing: false, live: true, doubt: None, deployment: None })
}

/// What machines run inside has no part in reachability, and is most of a large export.
fn without_bulk(json: Json) -> Json {
    const BULK: [&str; 6] =
        ["osProfile", "storageProfile", "hardwareProfile", "diagnosticsProfile", "extensionProfile", "securityProfile"];
    let json::Value::Object(fields) = &json.value else { return json };
    let fields = fields.iter().map(|(key, value)| match &value.value {
        json::Value::Object(inner) if key.eq_ignore_ascii_case("properties") => {
            let kept = inner.iter().filter(|(k, _)| !BULK.iter().any(|b| b.eq_ignore_ascii_case(k)));
            let mut kept: Vec<_> = kept.cloned().collect();
            // Its name in zones.
            if let Some(host) = value.at("osProfile.computerName") {
                let profile = vec![("computerName".into(), host.clone())];
                kept.push(("osProfile".into(), Json::new(json::Value::Object(std::rc::Rc::new(profile)), host.span)));
            }
            (key.clone(), Json::new(json::Value::Object(std::rc::Rc::new(kept)), value.span))
        }
        _ => (key.clone(), value.clone()),
    });
    Json::new(json::Value::Object(std::rc::Rc::new(fields.collect())), json.span)
}

/// `az <type> show` lifts the keys of `properties` up beside `id`; put them back.
fn flattened(json: &Json) -> Json {
    const OWN: [&str; 16] = [
        "id",
        "name",
        "type",
        "location",
        "tags",
        "sku",
        "kind",
        "identity",
        "zones",
        "etag",
        "properties",
        "plan",
        "extendedLocation",
        "managedBy",
        "resourceGroup",
        "subscriptionId",
    ];
    let lacks = |p: &Json| matches!(p.value, json::Value::Null) || p.kind() == "an object" && p.fields().is_empty();
    if json.get("properties").is_some_and(|p| !lacks(p)) {
        return json.clone();
    }
    let (own, lifted): (Vec<_>, Vec<_>) =
        json.fields().iter().cloned().partition(|(k, _)| OWN.iter().any(|o| o.eq_ignore_ascii_case(k)));
    let mut fields: Vec<_> = own.into_iter().filter(|(k, _)| !k.eq_ignore_ascii_case("properties")).collect();
    let lifted = lifted.into_iter().map(|(k, v)| (k, lifted_parts(&v))).collect();
    fields.push(("properties".into(), Json::new(json::Value::Object(std::rc::Rc::new(lifted)), json.span)));
    Json::new(json::Value::Object(std::rc::Rc::new(fields)), json.span)
}

/// Parts in lists are lifted in the same way.
fn lifted_parts(json: &Json) -> Json {
    match &json.value {
        json::Value::List(items) => {
            let part =
                |i: &Json| if i.str_at("id").and_then(ArmId::parse).is_some() { flattened(i) } else { i.clone() };
            Json::new(json::Value::List(std::rc::Rc::new(items.iter().map(part).collect())), json.span)
        }
        _ => json.clone(),
    }
}
