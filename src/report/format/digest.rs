//! What a report comes to, for formats that know findings and test cases.

use crate::report::Place;

/// A report as suites of findings.
#[derive(Debug, Clone, Default)]
pub struct Digest {
    /// The command.
    pub command: &'static str,
    /// The result in a line.
    pub summary: String,
    /// Suites in order.
    pub suites: Vec<Suite>,
    /// Every code that an item names.
    pub codes: Vec<CodeText>,
}

/// Findings that belong together, for example those of one scenario.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    /// Name for people.
    pub name: String,
    /// Findings in order.
    pub items: Vec<Item>,
}

/// How an item came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// What was asked holds: a test that passes, no finding.
    Held,
    /// It does not.
    Failed,
    /// It cannot be decided.
    Undecided,
    /// A finding that the run does not fail for.
    Noted,
}

/// How much an item matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Probably a mistake.
    Warning,
    /// A mistake.
    Error,
}

impl Level {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding or test case.
#[derive(Debug, Clone)]
pub struct Item {
    /// Identity within its suite, stable from run to run.
    pub id: String,
    /// How it came out.
    pub status: Status,
    /// How much it matters.
    pub level: Level,
    /// The code it is an instance of.
    pub code: &'static str,
    /// What it is about, in a few words.
    pub title: String,
    /// What is wrong, in one line; empty for what holds.
    pub message: String,
    /// Further lines.
    pub details: Vec<String>,
    /// Where.
    pub place: Option<Place>,
    /// Other places, each with what it has to do with it.
    pub related: Vec<(Place, String)>,
    /// What to do.
    pub help: Vec<String>,
}

impl Item {
    /// Title and message in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match (self.title.is_empty(), self.message.is_empty()) {
            (_, true) => self.title.clone(),
            (true, false) => self.message.clone(),
            (false, false) => format!("{}: {}", self.title, self.message),
        }
    }
}

/// A code with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeText {
    /// The code.
    pub code: &'static str,
    /// A name for people, where it has one.
    pub name: &'static str,
    /// What it means.
    pub meaning: String,
}

impl Digest {
    /// Items that are findings, with their suite.
    pub fn findings(&self) -> impl Iterator<Item = (&Suite, &Item)> {
        self.suites.iter().flat_map(|s| s.items.iter().map(move |i| (s, i))).filter(|(_, i)| i.status != Status::Held)
    }

    /// Leaves a mere note of what the run does not fail for.
    #[must_use]
    pub fn judged(mut self, fails: impl Fn(&Item) -> bool) -> Self {
        for item in self.suites.iter_mut().flat_map(|s| &mut s.items) {
            if item.status != Status::Held && !fails(item) {
                item.status = Status::Noted;
            }
        }
        self
    }

    /// A mark for the whole: whether something fails, or is only worth a look.
    #[must_use]
    pub fn mark(&self) -> &'static str {
        match () {
            () if self.count(Status::Failed) + self.count(Status::Undecided) > 0 => "❌",
            () if self.count(Status::Noted) > 0 => "⚠️",
            () => "✅",
        }
    }

    /// Number of items that came out so.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.suites.iter().flat_map(|s| &s.items).filter(|i| i.status == status).count()
    }
}
