//! A shared private link that indexers do not use.

use crate::azure::model::service::{ConnectionStatus, ExecutionEnvironment};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0329",
    name: "shared-link-not-in-use",
    level: Level::Warning,
    category: Category::Service,
    what: "A shared private link of a search service is not approved, or indexers run in the multitenant environment.",
    why: "Indexers use shared private links only in the private environment, and only once the target's owner has approved them.",
    fix: "approve the link, and set execution_environment to private",
    covers: &["LINT-PAAS-10"],
    sources: &["SPL-01", "SPL-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, service) in view.estate.services.iter() {
        let environment = &service.value.execution_environment;
        for (link, entry) in service.value.shared_private_links.iter() {
            let status = &entry.value.status;
            if status.value != ConnectionStatus::Approved {
                findings.at(
                    crate::lint::place(status, entry.span),
                    format!("shared private link `{link}` of `{name}` is {}", status.value.as_str()),
                );
            } else if environment.value == ExecutionEnvironment::Multitenant {
                findings.at(
                    crate::lint::place(environment, entry.span),
                    format!("indexers of `{name}` run where `{link}` is not used"),
                );
            }
        }
    }
}
