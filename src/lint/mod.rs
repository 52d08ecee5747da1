//! Findings about a design: one file per rule, and a registry.
//!
//! A rule reads a [`View`] of an estate and says what is wrong at which place. It says nothing about what the user did
//! not declare. How findings are written is not known here.

mod changes;
mod cover;
mod hubs;
mod index;
mod model;
pub mod rules;
mod rules_of;
mod run;
mod view;

pub use changes::{Changes, changes};
pub use hubs::{Dependency, HubView};
pub use model::{Category, Finding, Findings, Level, Rule};
pub use rules::RULES;
pub use rules_of::{Acting, FirewallRulePart, FirewallRuleView, SecurityRuleView};
pub use run::{Outcome, Suppressed, lint};
pub use view::{Device, Flow, SubnetView, UserRoute, View, place};

/// The rule of a code or name, read without regard to case.
#[must_use]
pub fn find(word: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|r| r.code.eq_ignore_ascii_case(word) || r.name.eq_ignore_ascii_case(word))
}

/// The rule whose code or name is nearest to a misspelt word.
#[must_use]
pub fn nearest(word: &str) -> Option<&'static str> {
    crate::diag::nearest(word, RULES.iter().flat_map(|r| [r.name, r.code]))
}

/// The index of all rules in Markdown.
#[must_use]
pub fn index_page() -> String {
    use std::fmt::Write;
    let mut page = String::from(
        "# Lint rules\n\nGenerated from the registry; a test keeps it true. `privreach lint` reports findings, `privreach explain CODE` prints \
         one of these texts. A finding that is accepted is silenced next to the resource, with a reason and perhaps a last day:\n\n\
         ```yaml\nlint_ignore:\n  - { rule: nsg-shadowed-rule, reason: kept for the migration, expires: 2027-01-31 }\n```\n\n\
         The number of a code means nothing; numbers are never used again. Levels: `error` breaks or is refused, `warning` probably does \
         not do what was meant, `info` is worth knowing.\n",
    );
    for category in Category::ALL {
        let rules: Vec<_> = RULES.iter().filter(|r| r.category == *category).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## {}\n\n| code | name | level | finds |\n|---|---|---|---|\n", category.title());
        for rule in &rules {
            let _ = writeln!(
                page,
                "| `{}` | [{}](#{}) | {} | {} |",
                rule.code, rule.name, rule.name, rule.level, rule.what
            );
        }
    }
    for rule in RULES {
        let _ = write!(
            page,
            "\n### {}\n\n`{}`, {}. {}\n\n{}\n\n*Fix:* {}\n\n*Source:* {}.\n",
            rule.name,
            rule.code,
            rule.level,
            rule.what,
            rule.why,
            rule.fix,
            rule.source()
        );
    }
    page
}
