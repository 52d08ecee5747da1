//! Which instance of several an expression means. References cut off what stands in brackets: `a.b[each.key].id` is
//! written as `a.b` and `each.key`, and `a.b[local.of[each.key]].id` as `a.b`, `local.of` and `each.key`. What is reckoned
//! with a number is cut off, too: `a.b[count.index]` and `a.b[count.index + 1]` look alike. The own index is taken only
//! where both run over the same indices, which a sum would leave; what turns them round (`element`, `%`, `-`) would not, so
//! that it is said.

use super::{
    path::Path,
    resolve::{Resolver, Scope, texts as texts_in},
};
use crate::import::json::{Json, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// How instances are chosen.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    /// All of them.
    All,
    /// The one with a key.
    Key(Option<String>),
    /// The one with the index of the loop, if that runs over the same indices; the number of its rounds.
    Index(Option<String>, usize),
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
            Self::Index(key, rounds) => Some(own(key)).filter(|found| *rounds == keys.len() && !found.is_empty()),
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
        let (mut own, mut counted, mut maps) = (false, false, false);
        for path in references.iter().filter(|p| !references.iter().any(|other| p.is_beginning_of(other))) {
            let value = match words(path) {
                (Some(root), Some(word)) if root == "each" && word == "key" || root == "count" => {
                    own = true;
                    counted |= root == "count";
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
        if counted {
            // A number may be added to the index, and a word may only be written beside what is chosen.
            let adds = keys.iter().any(|k| k.parse::<i64>().is_ok());
            return if adds { Choice::Unclear } else { Choice::Index(scope.own.clone(), self.rounds(scope)) };
        }
        match (own, maps) {
            (true, false) => Choice::Key(scope.own.clone()),
            (false, false) => Choice::All,
            (true, true) => Choice::First(keys.into_iter().chain(scope.own.clone()).collect()),
            (false, true) => Choice::First(keys),
        }
    }

    /// How many rounds the loop has that an expression stands in.
    fn rounds(&self, scope: &Scope<'_>) -> usize {
        match (scope.instance, &scope.call) {
            (Some(instance), _) => self.plan.find(&instance.modules, &instance.local_name()).len(),
            (None, Some(call)) => self.plan.module_keys(&scope.modules, call).len(),
            (None, None) => 0,
        }
    }

    /// The keys that are meant among those of something; nothing where that cannot be told. `ids` gives the ids of what
    /// the keys are those of, as far as there are any.
    pub(super) fn chosen(
        &self,
        choice: &Choice,
        keys: &[Option<String>],
        what: &str,
        ids: &dyn Fn() -> BTreeMap<String, Option<String>>,
        scope: &Scope<'_>,
    ) -> Option<Vec<Option<String>>> {
        let meant = choice.among(keys);
        let Choice::Index(own, rounds) = choice else { return meant };
        if keys.len() < 2 {
            return meant;
        }
        let meant = match self.others_take_their_own(ids, scope) {
            Some(true) => Some(keys.iter().filter(|k| *k == own).cloned().collect::<Vec<_>>()),
            Some(false) => return None,
            None => meant.inspect(|_| self.assume(what, *rounds, scope)),
        };
        meant.filter(|m| !m.is_empty())
    }

    /// Whether other rounds of the loop, of which the plan knows what they take, take what has their own index; nothing
    /// where it knows of none.
    fn others_take_their_own(
        &self,
        ids: &dyn Fn() -> BTreeMap<String, Option<String>>,
        scope: &Scope<'_>,
    ) -> Option<bool> {
        /// Rounds that are asked: one expression wrote them all.
        const MANY: usize = 16;
        let instance = scope.instance?;
        let rounds = self.plan.find(&instance.modules, &instance.local_name());
        let others = rounds.iter().filter_map(|n| self.plan.instances.get(*n)).filter(|o| o.key != instance.key);
        let mut known = others.take(MANY * 4).filter(|o| !knows_later(&o.unknown, &scope.want)).take(MANY).peekable();
        known.peek()?;
        let ids = ids();
        let mut told = None;
        for other in known {
            let mut texts = BTreeSet::new();
            texts_in(&other.values, &mut texts);
            for key in texts.iter().filter_map(|t| ids.get(&t.to_lowercase())) {
                if *key != other.key {
                    return Some(false);
                }
                told = Some(true);
            }
        }
        told
    }

    fn assume(&self, what: &str, rounds: usize, scope: &Scope<'_>) {
        let who = match (scope.instance, &scope.call) {
            (Some(instance), _) => instance.address.clone(),
            (None, Some(call)) => format!("module.{call}[{}]", scope.own.as_deref().unwrap_or_default()),
            (None, None) => return,
        };
        self.assumed.borrow_mut().insert(Assumed { who, what: what.to_owned(), rounds });
    }
}

/// A choice by the index of a loop that a plan does not tell from one that is reckoned with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Assumed {
    /// The address of what takes it.
    pub(super) who: String,
    /// What it is taken from.
    pub(super) what: String,
    /// The number of rounds.
    pub(super) rounds: usize,
}

/// Whether an attribute is known only after apply, wherever in an object of truth values it stands.
fn knows_later(marks: &Json, name: &str) -> bool {
    let own =
        |(key, mark): &(Rc<str>, Json)| &**key == name && mark.value == Value::Bool(true) || knows_later(mark, name);
    marks.fields().iter().any(own) || marks.items().iter().any(|item| knows_later(item, name))
}
