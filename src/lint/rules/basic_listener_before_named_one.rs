//! A listener for every host that comes before one for some.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0442",
    name: "basic-listener-before-named-one",
    level: Level::Warning,
    category: Category::ApplicationGateway,
    what: "A basic listener whose rule has a smaller priority number than the rule of a listener with host names on the same frontend and port.",
    why: "It takes the requests for those hosts, too.",
    fix: "give the rule of the listener without host names the largest priority number",
    covers: &["LINT-62"],
    sources: &["AGW-11"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (gateway, entry) in view.estate.application_gateways.iter() {
        let rules: Vec<_> = entry
            .value
            .request_routing_rules
            .iter()
            .filter_map(|(n, r)| Some((n, r, entry.value.http_listeners.get(&r.value.http_listener.value)?)))
            .collect();
        for (name, rule, basic) in rules.iter().filter(|(_, _, l)| l.value.host_names.is_empty()) {
            let swallowed = rules.iter().find(|(_, r, l)| {
                !l.value.host_names.is_empty()
                    && l.value.frontend_ip_configuration.value == basic.value.frontend_ip_configuration.value
                    && l.value.frontend_port.value == basic.value.frontend_port.value
                    && r.value.priority.value > rule.value.priority.value
            });
            if let Some((other, later, _)) = swallowed {
                findings
                    .at(
                        rule.value.priority.span,
                        format!("rule `{name}` of `{gateway}` takes every host before rule `{other}`"),
                    )
                    .related(later.value.priority.span, "comes later");
            }
        }
    }
}
