//! A suppression whose last day has passed. Found by the run itself.

use crate::lint::{Category, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "PRL0002",
    name: "expired-suppression",
    level: Level::Warning,
    category: Category::Suppression,
    what: "A suppression whose last day has passed; it has no effect any more.",
    why: "Whoever accepted the finding did so until a day, and that day is over.",
    fix: "mend what it accepted and remove it, or argue for a later day",
    covers: &[],
    sources: &["suppressions"],
    check: |_, _| {},
};
