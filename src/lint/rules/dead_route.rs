//! A user route that never wins.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::lint::{SubnetView, UserRoute};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0178",
    name: "dead-route",
    level: Level::Warning,
    category: Category::Routing,
    what: "A user route whose whole prefix is taken by longer routes of its own table, or whose service tag is taken by a service endpoint of every subnet that uses it.",
    why: "The longest prefix wins, and routes of service endpoints cannot be overridden, so the route decides nothing.",
    fix: "remove the route, or correct its prefix",
    covers: &[],
    sources: &["ROUTE-12", "ROUTE-15"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut tables: BTreeMap<&str, Vec<&SubnetView<'_>>> = BTreeMap::new();
    for subnet in &view.subnets {
        if let Some((name, _)) = view.table(subnet) {
            tables.entry(name).or_default().push(subnet);
        }
    }
    for subnets in tables.values() {
        let Some(first) = subnets.first() else { continue };
        let routes: Vec<UserRoute<'_>> = view.user_routes(first).collect();
        for route in &routes {
            if let Some(prefix) = route.prefix {
                // Halves of a prefix take all of it: count the addresses that longer, disjoint routes hold.
                let longer: Vec<_> =
                    routes.iter().filter_map(|r| r.prefix).filter(|p| *p != prefix && prefix.covers(*p)).collect();
                let outermost = longer.iter().filter(|p| !longer.iter().any(|o| o != *p && o.covers(**p)));
                let share: f64 =
                    outermost.map(|p| 0.5_f64.powi(i32::from(p.length()) - i32::from(prefix.length()))).sum();
                if share >= 1.0 {
                    findings.at(route.entry.span, format!("longer routes of `{}` take all of {prefix}", route.table));
                }
                continue;
            }
            let tag = &route.entry.value.address_prefix.value;
            let base = tag.split('.').next().unwrap_or(tag);
            let taken = |s: &&SubnetView<'_>| {
                view.segment(s).service_endpoints.iter().any(|e| e.tag.eq_ignore_ascii_case(base))
            };
            if subnets.iter().all(taken) {
                findings
                    .at(
                        route.entry.span,
                        format!("a service endpoint takes what is for {tag} in every subnet of `{}`", route.table),
                    )
                    .related(first.entry.value.service_endpoints.first().map(|e| e.span), "a service endpoint");
            }
        }
    }
}
