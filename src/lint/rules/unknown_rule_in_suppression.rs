//! A suppression of a rule that does not exist. Found by the run itself.

use crate::lint::{Category, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "PRL0003",
    name: "unknown-rule-in-suppression",
    level: Level::Error,
    category: Category::Suppression,
    what: "A suppression of a rule that does not exist.",
    why: "A misspelt name suppresses nothing.",
    fix: "write the code or name of a rule; docs/lints.md lists them",
    covers: &[],
    sources: &["suppressions"],
    check: |_, _| {},
};
