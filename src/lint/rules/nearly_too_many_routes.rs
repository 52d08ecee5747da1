//! A route table near its limit.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0176",
    name: "nearly-too-many-routes",
    level: Level::Info,
    category: Category::Routing,
    what: "A route table with more than 360 of the 400 routes it can hold.",
    why: "The platform refuses the next routes.",
    fix: "summarise prefixes, or split the table",
    covers: &["LINT-NET-90"],
    sources: &["ROUTE-23", "VWAN-23"],
    check,
};

const LIMIT: usize = 400;

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, table) in view.estate.route_tables.iter() {
        let count = table.value.routes.len();
        if count * 10 > LIMIT * 9 {
            let finding = findings.at(table.span, format!("`{name}` has {count} routes, and a table holds {LIMIT}"));
            if count > LIMIT {
                finding.level(Level::Error);
            }
        }
    }
}
