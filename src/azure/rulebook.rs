//! What the rules and assumptions that answers cite say, for `privreach explain`: data that is shipped with the crate.

use std::sync::OnceLock;

/// A rule of Azure's behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id, as `ROUTE-14`.
    pub id: String,
    /// What it says.
    pub meaning: &'static str,
    /// The page of Microsoft's documentation about its family.
    pub source: String,
}

/// What is taken to be so where the documentation leaves something open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumption {
    /// Its id, as `A-05` or `HUB-A10`; each page counts by itself, the hub's under its own name.
    pub id: &'static str,
    /// What is taken to be so.
    pub meaning: &'static str,
    /// How a file says otherwise.
    pub instead: &'static str,
}

/// Every rule, in the order of the specification.
pub fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let (mut family, mut page) = ("", "");
        let mut all = Vec::new();
        for line in include_str!("data/rules.txt").lines().filter(|l| !l.starts_with('#')) {
            let Some((first, rest)) = line.split_once(' ') else { continue };
            match first.strip_prefix('@') {
                Some(name) => (family, page) = (name, rest),
                None => all.push(Rule {
                    id: format!("{family}-{first}"),
                    meaning: rest,
                    source: format!("https://learn.microsoft.com/azure/{page}"),
                }),
            }
        }
        all
    })
}

/// Every assumption.
pub fn assumptions() -> &'static [Assumption] {
    static ASSUMPTIONS: OnceLock<Vec<Assumption>> = OnceLock::new();
    ASSUMPTIONS.get_or_init(|| {
        let lines = include_str!("data/assumptions.txt").lines().filter(|l| !l.starts_with('#'));
        let parsed = lines.filter_map(|line| {
            let mut parts = line.splitn(3, '|');
            Some(Assumption { id: parts.next()?, meaning: parts.next()?, instead: parts.next()? })
        });
        parsed.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_rule_is_said_once_in_a_sentence() {
        let ids: BTreeSet<_> = rules().iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids.len(), rules().len());
        let plain: Vec<_> = rules().iter().filter(|r| !r.meaning.ends_with('.') || r.meaning.len() < 25).collect();
        assert!(plain.is_empty(), "{plain:?}");
    }

    #[test]
    fn assumptions_say_what_to_do() {
        assert!(assumptions().len() > 30);
        assert!(assumptions().iter().all(|a| a.meaning.ends_with('.') && !a.instead.is_empty()));
    }
}
