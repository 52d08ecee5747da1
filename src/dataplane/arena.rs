//! Typed indices and the vectors they index.

use std::marker::PhantomData;

/// A typed index into an [`Arena`].
#[derive(Debug)]
pub struct Id<T>(usize, PhantomData<fn() -> T>);

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A vector that grows only and is indexed by [`Id`]s of its own making.
#[derive(Debug, Clone)]
pub struct Arena<T>(Vec<T>);

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[allow(clippy::indexing_slicing, reason = "an id is made by `push` of the same arena, which never shrinks")]
impl<T> Arena<T> {
    /// Adds a value.
    pub fn push(&mut self, value: T) -> Id<T> {
        self.0.push(value);
        Id(self.0.len() - 1, PhantomData)
    }

    /// The value of an id.
    #[must_use]
    pub fn get(&self, id: Id<T>) -> &T {
        &self.0[id.0]
    }

    /// The value of an id, to change.
    pub fn get_mut(&mut self, id: Id<T>) -> &mut T {
        &mut self.0[id.0]
    }
}

impl<T> Arena<T> {
    /// All values with their ids, in order of addition.
    pub fn iter(&self) -> impl Iterator<Item = (Id<T>, &T)> {
        self.0.iter().enumerate().map(|(i, v)| (Id(i, PhantomData), v))
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
