//! Images that are built without a way to packages.

use crate::azure::model::workspace::OutboundRuleType;
use crate::lint::{Category, Findings, Level, Rule, View};
use crate::net::{Fqdn, FqdnPattern};

pub(super) static RULE: Rule = Rule {
    code: "PRL0418",
    name: "no-package-source",
    level: Level::Warning,
    category: Category::ManagedNetwork,
    what: "A hub that allows approved destinations only builds images and has no FQDN rule for Python packages.",
    why: "Package installs are denied, so that image builds and jobs fail.",
    fix: "add FQDN rules for pypi.org and *.pythonhosted.org, or a private index with a rule of its own",
    covers: &["LINT-22"],
    sources: &["FQDN-09"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for hub in view.hubs().filter(|h| h.approved_only()) {
        let Some(build) = &hub.entry.value.image_build_compute_name else { continue };
        let allows = |name: &str| {
            let Ok(name) = name.parse::<Fqdn>() else { return false };
            hub.rules(OutboundRuleType::Fqdn).any(|(_, r)| {
                let text = r.value.destination_fqdn.as_ref().map(|f| f.value.as_str()).unwrap_or_default();
                text.parse::<FqdnPattern>().is_ok_and(|p| p.matches(&name))
            })
        };
        if !allows("pypi.org") && !allows("repo.anaconda.com") {
            findings.at(
                build.span,
                format!("`{}` builds images of `{}`, and no FQDN rule leads to packages", build.value, hub.name),
            );
        }
    }
}
