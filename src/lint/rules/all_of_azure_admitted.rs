//! A rule that admits every address of Azure.

use crate::{
    dataplane::Origin,
    diag::Span,
    lint::{Category, Findings, Level, Rule, View},
};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0341",
    name: "all-of-azure-admitted",
    level: Level::Warning,
    category: Category::Service,
    what: "A rule for 0.0.0.0 admits every address of Azure to a database.",
    why: "Machines and services of all customers have such addresses, so that only the password is left to keep others out.",
    fix: "remove the rule, and admit subnets or addresses of your own, or use a private endpoint",
    covers: &[],
    sources: &["PAAS-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    // A database has a door for each of its names, and one rule for all.
    let gates = view.plane.doors.iter().map(|(_, door)| &door.gate).filter(|gate| gate.enabled.value);
    let rules: BTreeMap<Span, &Origin> =
        gates.filter_map(|gate| Some((gate.cloud.as_ref()?.span, &gate.origin))).collect();
    for (span, origin) in rules {
        findings.at(span, format!("{origin} admits every address of Azure, other customers' included"));
    }
}
