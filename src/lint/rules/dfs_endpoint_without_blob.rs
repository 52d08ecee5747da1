//! A Data Lake account with half of its endpoints.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0301",
    name: "dfs-endpoint-without-blob",
    level: Level::Warning,
    category: Category::PrivateLink,
    what: "A storage account has a private endpoint to dfs in a network and none to blob there.",
    why: "Operations on one of the two names are redirected to the other, which then takes the public path or fails.",
    fix: "add a private endpoint to blob in the same network",
    covers: &["LINT-PL-03"],
    sources: &["PE-02"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for name in view.estate.services.keys() {
        let all: Vec<_> = view.endpoints_to(name).collect();
        for (endpoint, entry, vnet, _) in all.iter().filter(|(.., sub)| sub.eq_ignore_ascii_case("dfs")) {
            if !all.iter().any(|(.., v, sub)| v == vnet && sub.eq_ignore_ascii_case("blob")) {
                findings.at(
                    entry.span,
                    format!("`{endpoint}` leads to dfs of `{name}`, and `{vnet}` has no endpoint to its blobs"),
                );
            }
        }
    }
}
