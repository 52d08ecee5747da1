//! A suppression that suppresses nothing. Found by the run itself.

use crate::lint::{Category, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "PRL0001",
    name: "stale-suppression",
    level: Level::Warning,
    category: Category::Suppression,
    what: "A suppression that suppresses nothing.",
    why: "What it accepted is mended, or never stood there. Left in place it would silently accept the next mistake of that kind.",
    fix: "remove the suppression",
    covers: &[],
    sources: &["suppressions"],
    check: |_, _| {},
};
