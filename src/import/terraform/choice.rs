//! Which instance of several an expression means. References cut off what stands in brackets: `a.b[each.key].id` is
//! written as `a.b` and `each.key`, and `a.b[local.of[each.key]].id` as `a.b`, `local.of` and `each.key`.

use super::{
    path::Path,
    resolve::{Resolver, Scope},
};
use crate::import::json::Value;

/// How instances are chosen.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    /// All of them.
    All,
    /// The one with a key.
    Key(Option<String>),
    /// The one with the first key that there is, else all.
    First(Vec<String>),
    /// One, or some: which hangs on values that no plan shows.
    Unclear,
}

impl Choice {
    /// The keys that are meant among several; nothing where that cannot be told.
    pub(super) fn among(&self, keys: &[Option<String>]) -> Option<Vec<Option<String>>> {
        let own = |key: &Option<String>| keys.iter().filter(|k| *k == key).cloned().collect::<Vec<_>>();
        match self {
            _ if keys.len() < 2 => Some(keys.to_vec()),
            Self::All => Some(keys.to_vec()),
            Self::Key(key) => Some(own(key)),
            Self::First(wanted) => {
                let mut found: Vec<_> = wanted.iter().flat_map(|w| own(&Some(w.clone()))).collect();
                found.dedup();
                match found.len() {
                    0 => Some(keys.to_vec()),
                    1 => Some(found),
                    _ => None,
                }
            }
            Self::Unclear => None,
        }
    }
}

impl Resolver<'_> {
    /// How the references of one expression choose among instances.
    pub(super) fn choice(&self, references: &[Path], scope: &Scope<'_>) -> Choice {
        let words = |p: &Path| (p.word(0).map(str::to_owned), p.word(1).map(str::to_owned));
        let mut keys = Vec::new();
        let (mut own, mut maps) = (false, false);
        for path in references.iter().filter(|p| !references.iter().any(|other| p.is_beginning_of(other))) {
            let value = match words(path) {
                (Some(root), Some(word)) if root == "each" && word == "key" || root == "count" => {
                    own = true;
                    continue;
                }
                (Some(root), _) if root == "each" => self.each(path, scope),
                (Some(root), _) if root == "var" => self.scalar(path, scope),
                (Some(root), _) if root == "local" => Vec::new(),
                _ => continue,
            };
            maps = true;
            match value.as_slice() {
                [one] => match &one.value {
                    Value::Text(text) => keys.push(text.to_string()),
                    Value::Int(number) => keys.push(number.to_string()),
                    Value::Bool(_) => {}
                    _ => return Choice::Unclear,
                },
                _ => return Choice::Unclear,
            }
        }
        match (own, maps) {
            (true, false) => Choice::Key(scope.own.clone()),
            (false, false) => Choice::All,
            (true, true) => Choice::First(keys.into_iter().chain(scope.own.clone()).collect()),
            (false, true) => Choice::First(keys),
        }
    }
}
