//! A link that does not know the other network's prefixes.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0103",
    name: "peering-out-of-sync",
    level: Level::Warning,
    category: Category::Peering,
    what: "A peering link whose remote address space differs from the other network's.",
    why: "Prefixes that were added after the peering was made have no route until the link is synchronised; removed ones are still routed.",
    fix: "synchronise the link, and drop remote_address_space or correct it",
    covers: &["LINT-NET-04"],
    sources: &["PEER-12"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, link) in view.estate.virtual_network_peerings.iter() {
        let Some(known) = &link.value.remote_address_space else { continue };
        let remote = &link.value.remote_virtual_network.value;
        let actual = view.prefixes(remote);
        let missing: Vec<_> = actual.iter().filter(|p| known.iter().all(|k| k.value != **p)).collect();
        let gone: Vec<_> = known.iter().filter(|k| !actual.contains(&k.value)).collect();
        let place = known.first().map_or(link.span, |k| k.span);
        if let Some(missing) = missing.first() {
            findings.at(place, format!("link `{name}` does not know {missing} of `{remote}`"));
        } else if let Some(gone) = gone.first() {
            findings.at(gone.span, format!("link `{name}` knows {}, which `{remote}` does not have", gone.value));
        }
    }
}
