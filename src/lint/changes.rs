//! What one design is found guilty of and another is not.

use super::{Finding, Outcome, rules};
use std::collections::BTreeMap;

/// Findings of two designs that differ.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Findings that are new.
    pub added: Vec<Finding>,
    /// Findings that are gone.
    pub removed: Vec<Finding>,
}

/// Compares what lint found in two designs. A finding is the same if its rule, its level and its words are, wherever
/// they stand now; what a side's file accepts is no finding of that side. Whether a suppression is stale depends on all
/// variants of a file, so that is left to linting whole files.
#[must_use]
pub fn changes(before: &Outcome, after: &Outcome) -> Changes {
    let key = |f: &Finding| (f.rule.code, f.level, f.message.clone());
    let told = |f: &&Finding| f.rule.code != rules::STALE.code;
    let mut known: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    // The last one first, so that the first is taken first.
    for finding in before.findings.iter().rev().filter(told) {
        known.entry(key(finding)).or_default().push(finding);
    }
    let mut is_new = |f: &Finding| known.get_mut(&key(f)).and_then(Vec::pop).is_none();
    let added = after.findings.iter().filter(told).filter(|f| is_new(f)).cloned().collect();
    let mut removed: Vec<Finding> = known.into_values().flatten().cloned().collect();
    removed.sort_by(|a, b| (a.place, a.rule.code, &a.message).cmp(&(b.place, b.rule.code, &b.message)));
    Changes { added, removed }
}
