//! An app outside the network of the private endpoint it needs.

use crate::lint::{Category, Findings, Level, Rule, View};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    code: "PRL0340",
    name: "app-without-integration",
    level: Level::Warning,
    category: Category::Service,
    what: "A flow from an app without virtual network integration is expected to be private.",
    why: "Without integration an app sends from the platform's public addresses and resolves public names.",
    fix: "integrate the app with a network that sees the private endpoint",
    covers: &["LINT-PAAS-13"],
    sources: &["APP-04", "APP-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for flow in view.wanted() {
        let fields = &flow.expectation.fields;
        let app = view.estate.services.iter().find(|(name, s)| {
            let identity = s.value.identity.as_ref().and_then(|i| i.name.as_ref());
            *name == fields.from.value || identity.is_some_and(|i| i.value == fields.from.value)
        });
        let outside = app.filter(|(_, s)| {
            s.value.type_.value.eq_ignore_ascii_case("Microsoft.Web/sites")
                && s.value.virtual_network_integration.is_none()
        });
        let wanted = fields.verdict.as_ref().is_some_and(|v| v.value == Verdict::Private)
            && flow.trace.judgement.verdict != Verdict::Private;
        if let (Some((name, app)), true) = (outside, wanted) {
            findings
                .at(fields.from.span, format!("`{name}` is in no network, so `{}` is not private", flow.expectation.id))
                .related(app.span, "the app");
        }
    }
}
