//! Tables of effective routes and rules that Azure's own tools printed for an interface.

use super::{
    ids::ArmId,
    json::{self, Json},
};
use crate::{
    diag::{Diagnostic, FileId, code},
    effective::{Evidence, SeenGroup, SeenRoute, SeenRule, SeenSide},
};

/// Evidence of a file, with whose it is.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The interface, subnet or machine: an id or a name. What no file says has to be said by the caller.
    pub at: Option<String>,
    /// What the tools printed.
    pub evidence: Evidence,
    /// Place of the first row.
    pub span: crate::diag::Span,
}

/// Whether an item of a list is a row of such a table.
pub(super) fn is_row(json: &Json) -> bool {
    let is_route = || ["nextHopType", "state", "source"].iter().filter(|k| json.get(k).is_some()).count() > 1;
    json.get("effectiveSecurityRules").is_some() || json.get("id").is_none() && is_route()
}

/// Adds a row to the evidence.
///
/// # Errors
/// If it lacks what its table always has.
pub(super) fn row(json: &Json, evidence: &mut Evidence) -> Result<(), Diagnostic> {
    match json.get("effectiveSecurityRules") {
        Some(rules) => evidence.groups.push(group(json, rules)?),
        None => evidence.routes.push(route(json)?),
    }
    Ok(())
}

/// Reads a file of effective routes or rules.
///
/// # Errors
/// If it is not JSON, or no such table; every error has its place.
pub fn evidence(file: FileId, text: &str) -> Result<Evidence, Vec<Diagnostic>> {
    let mut evidence = Evidence::default();
    let mut problems = Vec::new();
    let rest = json::read_items(file, text, &["value", "data"], &mut |item| {
        if is_row(&item) {
            row(&item, &mut evidence).unwrap_or_else(|problem| problems.push(problem));
        } else {
            problems.push(Diagnostic::error(code::IMPORT, item.span, "this is no effective route or rule").help(HELP));
        }
    });
    match rest {
        Err(problem) => return Err(vec![problem]),
        Ok(rest) if evidence.is_empty() && problems.is_empty() => {
            problems.push(
                Diagnostic::error(code::IMPORT, rest.span, "this is no table of effective routes or rules").help(HELP),
            );
        }
        Ok(_) => {}
    }
    problems.truncate(20);
    if problems.is_empty() { Ok(evidence) } else { Err(problems) }
}

const HELP: &str = "export it with `az network nic show-effective-route-table` or `az network nic list-effective-nsg`";

fn needed<'j>(json: &'j Json, key: &str, what: &str) -> Result<&'j str, Diagnostic> {
    json.str_at(key).ok_or_else(|| {
        Diagnostic::error(code::IMPORT, json.span, format!("this {what} has no `{key}`"))
            .help("export it again as JSON, with all its columns")
    })
}

fn texts(json: &Json, key: &str) -> Vec<String> {
    match json.at(key) {
        None => Vec::new(),
        Some(value) => match value.as_str() {
            Some(text) => vec![text.to_owned()],
            None => value.items().iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        },
    }
}

fn route(json: &Json) -> Result<SeenRoute, Diagnostic> {
    let prefixes = texts(json, "addressPrefix");
    if prefixes.is_empty() {
        needed(json, "addressPrefix", "route")?;
    }
    Ok(SeenRoute {
        prefixes,
        next_hop_type: needed(json, "nextHopType", "route")?.to_owned(),
        next_hop: texts(json, "nextHopIpAddress"),
        source: needed(json, "source", "route")?.to_owned(),
        active: needed(json, "state", "route")?.eq_ignore_ascii_case("Active"),
        span: json.span,
    })
}

fn group(json: &Json, rules: &Json) -> Result<SeenGroup, Diagnostic> {
    let id = needed(json, "networkSecurityGroup.id", "table of rules")?;
    let attached = ["association.networkInterface.id", "association.subnet.id"].iter().find_map(|p| json.str_at(p));
    Ok(SeenGroup {
        name: id.rsplit('/').next().unwrap_or_default().to_owned(),
        attached: attached.map(str::to_owned),
        rules: rules.items().iter().map(rule).collect::<Result<_, _>>()?,
        span: json.span,
    })
}

/// Tools put where a rule is from before its name.
fn plain(name: &str) -> &str {
    const ORIGINS: [&str; 4] = ["securityRules/", "defaultSecurityRules/", "UserRule_", "DefaultRule_"];
    ORIGINS.iter().find_map(|o| name.strip_prefix(o)).unwrap_or(name)
}

fn rule(json: &Json) -> Result<SeenRule, Diagnostic> {
    // One value and a list of values are printed beside each other; the list is the whole.
    let several = |one: &str, list: &str| match texts(json, list) {
        values if values.is_empty() => texts(json, one),
        values => values,
    };
    let side = |word: &str, capital: &str| SeenSide {
        written: several(&format!("{word}AddressPrefix"), &format!("{word}AddressPrefixes")),
        expanded: texts(json, &format!("expanded{capital}AddressPrefix")),
    };
    Ok(SeenRule {
        name: plain(needed(json, "name", "rule")?).to_owned(),
        priority: json.at("priority").and_then(Json::as_int).and_then(|n| u32::try_from(n).ok()),
        direction: needed(json, "direction", "rule")?.to_owned(),
        access: needed(json, "access", "rule")?.to_owned(),
        protocol: needed(json, "protocol", "rule")?.to_owned(),
        sources: side("source", "Source"),
        destinations: side("destination", "Destination"),
        source_ports: several("sourcePortRange", "sourcePortRanges"),
        ports: several("destinationPortRange", "destinationPortRanges"),
        span: json.span,
    })
}

/// The place of the first row.
pub(super) fn first(evidence: &Evidence) -> Option<crate::diag::Span> {
    evidence.routes.first().map(|r| r.span).or(evidence.groups.first().map(|g| g.span))
}

/// Whose effective rules these are, as far as they say: the interface, or the subnet of a file that names no interface.
pub(super) fn owner(evidence: &Evidence) -> Option<String> {
    let ids: Vec<&String> = evidence.groups.iter().filter_map(|g| g.attached.as_ref()).collect();
    let is_interface =
        |id: &&&String| ArmId::parse(id).is_some_and(|i| i.kind == "microsoft.network/networkinterfaces");
    ids.iter().find(is_interface).or_else(|| ids.first()).map(|id| (**id).clone())
}
