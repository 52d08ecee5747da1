//! Runs every rule over scenarios, and applies the suppressions of their files.

use super::{Finding, Findings, RULES, Rule, View, find, nearest, rules};
use crate::{diag::Span, document::Date, scenario::Suppression, snapshot::Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// A finding that its file accepts.
#[derive(Debug, Clone)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// Place of the suppression.
    pub place: Span,
}

/// What linting gave.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Findings, ordered by place.
    pub findings: Vec<Finding>,
    /// Findings that the files accept, ordered by place.
    pub suppressed: Vec<Suppressed>,
    /// Scenarios that were looked at.
    pub scenarios: usize,
}

/// Runs every rule over every scenario. What several scenarios show (a file and its variants) is one finding. A
/// suppression is stale if it suppresses nothing in any of them; one whose last day lies before `today` has no effect.
#[must_use]
pub fn lint(snapshots: &[Snapshot], today: Date) -> Outcome {
    let mut open: BTreeMap<Key, Finding> = BTreeMap::new();
    let mut accepted: BTreeMap<Key, Suppressed> = BTreeMap::new();
    let mut ignores: BTreeMap<Span, &Suppression> = BTreeMap::new();
    let mut used: BTreeSet<Span> = BTreeSet::new();
    for snapshot in snapshots {
        let title = snapshot.scenario.title();
        let suppressions = &snapshot.scenario.suppressions;
        ignores.extend(suppressions.iter().map(|s| (s.fields.rule.span, s)));
        let mut of_rule: BTreeMap<&str, Vec<&Suppression>> = BTreeMap::new();
        for suppression in suppressions {
            if let Some(rule) = find(&suppression.fields.rule.value) {
                of_rule.entry(rule.code).or_default().push(suppression);
            }
        }
        for mut finding in check(snapshot) {
            finding.scenarios.push(title.clone());
            let named = of_rule.get(finding.rule.code).into_iter().flatten().copied();
            let by = named.into_iter().find(|s| s.scope.contains(&finding.place));
            let by = by.inspect(|s| {
                used.insert(s.fields.rule.span);
            });
            let key = (finding.place, finding.rule.code, finding.message.clone());
            match by.filter(|s| !expired(s, today)) {
                Some(s) => {
                    let reason = s.fields.reason.value.clone();
                    let made = Suppressed { finding, reason, place: s.fields.rule.span };
                    merge(accepted.entry(key), made, |s| &mut s.finding.scenarios);
                }
                None => merge(open.entry(key), finding, |f| &mut f.scenarios),
            }
        }
    }
    for (span, suppression) in ignores {
        let rule = &suppression.fields.rule.value;
        let Some(known) = find(rule) else {
            let hint = nearest(rule).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            add(&mut open, &rules::UNKNOWN, span, format!("no lint rule is called `{rule}`{hint}"));
            continue;
        };
        if expired(suppression, today) {
            let day = suppression.fields.expires.as_ref().map(|e| e.value.to_string()).unwrap_or_default();
            let at = suppression.fields.expires.as_ref().map_or(span, |e| e.span);
            let still =
                if used.contains(&span) { "; the finding is reported again" } else { "; it suppressed nothing" };
            add(&mut open, &rules::EXPIRED, at, format!("the suppression of `{}` ended on {day}{still}", known.name));
        } else if !used.contains(&span) {
            add(&mut open, &rules::STALE, span, format!("nothing here is found by `{}`", known.name));
        }
    }
    Outcome {
        findings: open.into_values().collect(),
        suppressed: accepted.into_values().collect(),
        scenarios: snapshots.len(),
    }
}

type Key = (Span, &'static str, String);

fn add(open: &mut BTreeMap<Key, Finding>, rule: &'static Rule, place: Span, message: String) {
    let mut findings = Findings::new(rule);
    findings.at(place, message);
    open.extend(findings.into_list().into_iter().map(|f| ((f.place, f.rule.code, f.message.clone()), f)));
}

fn merge<T>(
    entry: std::collections::btree_map::Entry<'_, Key, T>,
    mut new: T,
    scenarios: fn(&mut T) -> &mut Vec<String>,
) {
    match entry {
        std::collections::btree_map::Entry::Vacant(vacant) => {
            vacant.insert(new);
        }
        std::collections::btree_map::Entry::Occupied(mut old) => {
            let more = std::mem::take(scenarios(&mut new));
            let list = scenarios(old.get_mut());
            list.extend(more.into_iter().filter(|m| !list.contains(m)).collect::<Vec<_>>());
        }
    }
}

fn expired(suppression: &Suppression, today: Date) -> bool {
    suppression.fields.expires.as_ref().is_some_and(|last| last.value < today)
}

/// What every rule finds in one scenario.
fn check(snapshot: &Snapshot) -> Vec<Finding> {
    let view = View::new(snapshot);
    let mut found = Vec::new();
    for rule in RULES {
        let mut findings = Findings::new(rule);
        (rule.check)(&view, &mut findings);
        found.extend(findings.into_list());
    }
    found
}
