//! A network that registers its machines in two zones.

use crate::lint::{Category, Findings, Level, Rule, View};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "PRL0337",
    name: "two-registration-zones",
    level: Level::Error,
    category: Category::Dns,
    what: "A network with registration links to two private zones.",
    why: "The platform refuses the second link.",
    fix: "keep registration on one of the links",
    covers: &["LINT-DNS-30"],
    sources: &["ZONE-04"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut seen: BTreeMap<&str, (&str, crate::diag::Span)> = BTreeMap::new();
    for (zone, entry) in view.estate.private_dns_zones.iter() {
        for (link, declared) in
            entry.value.virtual_network_links.iter().filter(|(_, l)| l.value.registration_enabled.value)
        {
            let vnet = declared.value.virtual_network.as_ref().map_or(link, |v| v.value.as_str());
            if let Some((other, at)) = seen.get(vnet) {
                findings
                    .at(
                        crate::lint::place(&declared.value.registration_enabled, declared.span),
                        format!("`{vnet}` registers its machines in `{other}` already"),
                    )
                    .related(*at, "the other link");
            } else {
                seen.insert(vnet, (zone, declared.span));
            }
        }
    }
}
