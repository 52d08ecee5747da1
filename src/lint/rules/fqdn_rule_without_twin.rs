//! A wildcard without the name above it, or the reverse.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0420",
    name: "fqdn-rule-without-twin",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "An FQDN outbound rule for one of two names that are needed together, without a rule for the other.",
    why: "A wildcard does not match the name it hangs under, and that name does not match what is below it.",
    fix: "add the other form",
    covers: &["LINT-25"],
    sources: &["FQDN-03"],
    check,
};

/// Names of the documented presets that need both forms.
const TWINS: [&str; 1] = ["anaconda.com"];

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs() {
        let hosts: Vec<_> = hub
            .rules(OutboundRuleType::Fqdn)
            .filter_map(|(n, r)| Some((n, r.value.destination_fqdn.as_ref()?)))
            .collect();
        for name in TWINS {
            let below = format!("*.{name}");
            let find = |wanted: &str| hosts.iter().find(|(_, h)| h.value.eq_ignore_ascii_case(wanted));
            let (lonely, missing) = match (find(name), find(&below)) {
                (Some(one), None) => (one, below.as_str()),
                (None, Some(one)) => (one, name),
                _ => continue,
            };
            findings
                .at(lonely.1.span, format!("rule `{}` of `{}` needs a twin for {missing}", lonely.0, hub.name))
                .fix(format!("add an FQDN rule for {missing}"));
        }
    }
}
