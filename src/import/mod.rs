//! Real designs into scenarios: Terraform plans, ARM templates, exports of live estates.
//!
//! Every format fills one [`Draft`]; names, references, what is left out and what stays unknown are settled in one place
//! for all of them, so that several files of several formats make one estate. Nothing is dropped: what is not understood
//! is listed, and stands under `unmodelled` wherever it could matter.

mod arm;
mod azure;
mod dangling;
mod draft;
mod elsewhere;
mod evidence;
mod finish;
mod ids;
mod json;
mod leave_out;
mod listed;
mod mistaken;
mod naming;
mod resources;
mod scope;
mod terraform;
mod unmodelled;
mod write;

pub use arm::{Inputs, Loader, Settings};
pub use draft::{Count, Draft, Item, Key, Matters, Node, NotUnderstood, Source, Standing, Style, Tree};
pub use evidence::{Observed, evidence};
pub use finish::Finished;
pub use json::{Json, Value};
pub use resources::Resource;

use crate::{
    azure::compile::compile,
    diag::{Diagnostic, Diagnostics, FileId, Severity, SourceMap, Span, code},
    net::Transport,
    scenario::{Expectation, Loaded, load_document},
};
use std::{collections::BTreeSet, fmt::Write as _};

/// Rounds of leaving out what does not load: leaving something out may leave something else without what it needs.
const MAX_ROUNDS: usize = 16;

/// An import under way: files go in, one estate comes out.
#[derive(Debug, Default)]
pub struct Session {
    /// Files read so far.
    pub sources: SourceMap,
    /// What is wrong with them.
    pub diagnostics: Diagnostics,
    /// The scenario so far.
    pub draft: Draft,
    /// Resources in ARM's form, mapped once all files are read.
    pub resources: Vec<Resource>,
    /// Effective routes and rules that tools printed, to be compared with what the design comes to.
    pub observed: Vec<Observed>,
    /// For people: what was taken to be so.
    notes: Vec<String>,
    /// Exports that hold nothing.
    empty: Vec<Span>,
    first: Option<FileId>,
    /// Exports, plans and states read so far.
    read: Vec<FileId>,
}

/// An estate that was imported.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The files it was imported from.
    pub sources: SourceMap,
    /// What it is called.
    pub title: String,
    /// Effective routes and rules that tools printed.
    pub observed: Vec<Observed>,
    notes: Vec<String>,
    finished: Finished,
    span: Span,
    /// What the scenario loads as, while nothing has changed since.
    loaded: Option<Loaded>,
}

impl Session {
    /// Adds a template, of which lines are shown.
    pub fn file(&mut self, name: &str, text: &str) -> FileId {
        let file = self.sources.add(name, text);
        self.first.get_or_insert(file);
        file
    }

    /// Adds a file that may hold secrets: a plan, an export, parameters.
    pub fn withheld(&mut self, name: &str, text: &str) -> FileId {
        let file = self.sources.add_withheld(name, text);
        self.first.get_or_insert(file);
        file
    }

    /// Reads a whole JSON document that may hold secrets; what is wrong with it is remembered.
    pub fn json(&mut self, name: &str, text: &str) -> Option<Json> {
        let text = unmarked(text);
        let file = self.withheld(name, text);
        json::read(file, text).map_err(|problem| self.diagnostics.push(problem)).ok()
    }

    /// Reads an export of a live estate: Resource Graph results, `az … show` and `az … list` output.
    pub fn azure(&mut self, name: &str, text: &str) {
        let text = unmarked(text);
        let file = self.withheld(name, text);
        if !self.is_repeated(file, text) {
            azure::read(self, file, text);
        }
    }

    /// Reads effective routes or rules that tools printed for an interface, a machine or a subnet: an id or a name.
    pub fn evidence(&mut self, name: &str, text: &str, at: Option<&str>) {
        let text = unmarked(text);
        let file = self.withheld(name, text);
        match evidence::evidence(file, text) {
            Ok(evidence) => {
                let at = at.map(str::to_owned).or_else(|| evidence::owner(&evidence));
                let span = evidence::first(&evidence).unwrap_or(Span { file, start: 0, end: 0 });
                self.observed.push(Observed { at, evidence, span });
            }
            Err(problems) => problems.into_iter().for_each(|problem| self.diagnostics.push(problem)),
        }
    }

    /// Reads an ARM template, or what `bicep build` makes. `load` gives linked templates by their path relative to it.
    pub fn arm(&mut self, name: &str, text: &str, inputs: &Inputs, load: &Loader<'_>) {
        arm::read(self, name, unmarked(text), inputs, load);
    }

    /// Reads a plan or a state of Terraform, as `terraform show -json` prints it.
    pub fn terraform(&mut self, name: &str, text: &str) {
        let text = unmarked(text);
        let file = self.withheld(name, text);
        if !self.is_repeated(file, text) {
            terraform::read(self, file, text);
        }
    }

    /// Whether a file was given before; that is said.
    fn is_repeated(&mut self, file: FileId, text: &str) -> bool {
        let same = |id: &&FileId| self.sources.file(**id).is_some_and(|f| f.text == text);
        let before = self.read.iter().find(same).and_then(|id| self.sources.file(*id)).map(|f| f.name.clone());
        self.read.push(file);
        let (Some(before), Some(again)) = (before, self.sources.file(file)) else { return false };
        self.draft.not_understood(NotUnderstood {
            kind: "file".to_owned(),
            name: again.name.clone(),
            why: format!("it holds the same as {before}, and is read once"),
            source: Source { address: String::new(), span: Span { file, start: 0, end: 0 } },
            matters: Matters::No,
        });
        true
    }

    /// Settles everything that was read.
    ///
    /// # Errors
    /// If a file cannot be used, with the files that the places point into.
    pub fn finish(mut self, title: &str) -> Result<Imported, (SourceMap, Vec<Diagnostic>)> {
        if self.diagnostics.has_errors() {
            return Err((self.sources, self.diagnostics.into_sorted()));
        }
        if let Some(nobody) = self.observed.iter().find(|o| o.at.is_none()) {
            let text = "these effective routes do not say whose they are";
            let problem = Diagnostic::error(code::IMPORT, nobody.span, text)
                .help("name the interface or machine before the file: `--evidence NAME=FILE`");
            return Err((self.sources, vec![problem]));
        }
        resources::map(&self.resources, &mut self.draft);
        self.resources = Vec::new();
        let Some(file) = self.first.filter(|_| !self.draft.counts.is_empty()) else {
            let first = self.draft.not_understood.first();
            if let (Some(empty), None) = (self.empty.first(), first) {
                let problem = Diagnostic::error(code::IMPORT, *empty, NOTHING).help(WHY_NOTHING);
                return Err((self.sources, vec![problem]));
            }
            let text = first.map_or_else(
                || "nothing in the input is a resource".to_owned(),
                |n| format!("nothing in the input could be imported: {} {}: {}", n.kind, n.name, n.why),
            );
            let problem = Diagnostic::error(code::IMPORT, first.map(|n| n.source.span), text)
                .help("name a template, a plan or an export that holds resources");
            return Err((self.sources, vec![problem]));
        };
        for empty in &self.empty {
            self.notes.push(format!("{}: {NOTHING}", self.sources.locate(*empty).file));
        }
        let span = Span { file, start: 0, end: 0 };
        let mut imported = Imported {
            notes: self.notes,
            finished: finish::finish(self.draft.clone(), title, span, None),
            sources: self.sources,
            observed: self.observed,
            title: title.to_owned(),
            span,
            loaded: None,
        };
        // What the scenario cannot say is left out with its reason, as long as that helps.
        let mut elements = BTreeSet::new();
        for _ in 0..MAX_ROUNDS {
            let (errors, met, loaded) = imported.errors();
            elements = met;
            if !leave_out::leave_out(&mut self.draft, &errors) {
                imported.loaded = Some(loaded);
                break;
            }
            imported.finished = finish::finish(self.draft.clone(), title, span, None);
        }
        if !imported.finished.not_understood.is_empty() {
            imported.finished = finish::finish(self.draft, title, span, Some(&elements));
            imported.loaded = None;
        }
        Ok(imported)
    }
}

/// What is said of an export that holds nothing, and why that may be.
const NOTHING: &str = "this export holds no resources: the query or the list found nothing";
const WHY_NOTHING: &str = "either the account that asked may not read the resources (`az account show` says which it is), \
     another subscription or tenant was asked (`--subscriptions`), or the query's conditions match nothing";

/// A text without its byte order mark, so that places count from its first character.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl Imported {
    /// What keeps the scenario from loading, apart from what the platform refuses; and the names of all that a path can
    /// meet in it.
    fn errors(&self) -> (Vec<Diagnostic>, BTreeSet<String>, Loaded) {
        let loaded = self.load();
        let mut problems = loaded.diagnostics.clone();
        let mut elements = BTreeSet::new();
        for scenario in &loaded.scenarios {
            let (plane, found) = compile(&scenario.estate, None);
            problems.extend(found.into_sorted());
            elements.extend(plane.element_names().into_iter().map(str::to_owned));
        }
        problems.retain(|d| d.severity == Severity::Error && !d.refused);
        (problems, elements, loaded)
    }

    /// The scenario file: stable order, the source address of every resource as a comment.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        write::yaml(&self.finished.fields, &mut out);
        out
    }

    /// The scenario, loaded; places point into the files that were imported.
    #[must_use]
    pub fn load(&self) -> Loaded {
        let document = write::document(&self.finished.fields, self.span);
        load_document(&self.title, document, self.sources.clone())
    }

    /// Lists what the platform refuses of the design under `expected_diagnostics`, so that the rest can be evaluated:
    /// the file says so in a remark, and loading repeats it as a warning. `compile` gives the diagnostics of a scenario.
    ///
    /// Gives what remains wrong with it: nothing, as a rule.
    pub fn accept_refusals(&mut self, compile: impl FnOnce(Loaded) -> Vec<Diagnostic>) -> Vec<Diagnostic> {
        let loaded = self.loaded.take().unwrap_or_else(|| self.load());
        let mut wrong: Vec<Diagnostic> =
            loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned().collect();
        let (refused, others): (Vec<Diagnostic>, Vec<Diagnostic>) =
            compile(loaded).into_iter().partition(|d| d.refused);
        wrong.extend(others.into_iter().filter(|d| d.severity == Severity::Error));
        let mut codes: Vec<Node> = Vec::new();
        let mut remarks =
            vec!["The platform refuses parts of this design; they are left out of every answer:".to_owned()];
        for problem in refused {
            // An entry stands for one refusal.
            codes.push(Node::text(problem.code.as_str(), self.span));
            remarks.push(format!("- {}: {}", problem.code, problem.message));
        }
        if !codes.is_empty() {
            let mut node = Node::list(codes, self.span);
            node.comments = remarks;
            self.finished.fields.push(("expected_diagnostics".to_owned(), node));
        }
        wrong
    }

    /// Adds an expectation of the flow between two ends; `how` holds further keys with their values.
    pub fn expect<'t>(
        &mut self,
        (from, to): (&str, &str),
        (transport, port): (Transport, u16),
        verdict: &str,
        how: impl IntoIterator<Item = (&'t str, Option<&'t str>)>,
    ) {
        let at = self.span;
        let mut fields = vec![("from", Node::text(from, at)), ("to", Node::text(to, at))];
        let mut name = format!("{from} to {to}");
        if port != 443 && transport != Transport::Icmp {
            fields.push(("port", Node::new(Tree::Number(port.into()), at)));
            let _ = write!(name, " {port}");
        }
        if transport != Transport::Tcp {
            fields.push(("protocol", Node::text(transport.to_string(), at)));
            let _ = write!(name, " {transport}");
        }
        fields.push(("verdict", Node::text(verdict, at)));
        fields.extend(how.into_iter().filter_map(|(k, v)| Some((k, Node::text(v?, at)))));
        let flow = Node::map(fields, at);
        if self.finished.fields.last().is_none_or(|(k, _)| k != "expectations") {
            let node = Node::new(Tree::Map(Vec::new()), at).comment("What held when this was imported.");
            self.finished.fields.push(("expectations".to_owned(), node));
        }
        if let Some((_, Node { tree: Tree::Map(flows), .. })) = self.finished.fields.last_mut() {
            flows.push((name, flow));
        }
    }

    /// The expectations alone, for a design that was loaded before they were added.
    #[must_use]
    pub fn expectations(&self) -> Vec<Expectation> {
        let own = self.finished.fields.iter().filter(|(k, _)| ["name", "expectations"].contains(&k.as_str()));
        let document = write::document(&own.cloned().collect::<Vec<_>>(), self.span);
        let loaded = load_document(&self.title, document, self.sources.clone());
        loaded.scenarios.into_iter().flat_map(|s| s.expectations).collect()
    }

    /// What the scenario calls something: the item with an id in the source, or the only one whose id ends in a name.
    #[must_use]
    pub fn name_of(&self, word: &str) -> Option<&str> {
        let word = word.trim_end_matches('/').to_lowercase();
        let places = &self.finished.places;
        if let Some(name) = places.get(&word) {
            return Some(name);
        }
        let named = |id: &str| id.rsplit('/').next() == Some(word.as_str());
        let mut found = places.iter().filter(|(id, _)| named(id)).map(|(_, name)| name.as_str());
        found.next().filter(|first| found.all(|other| other == *first))
    }

    /// Makes what a place decides unknown, because evidence says otherwise.
    pub fn doubt(&mut self, place: &str, why: &str, at: Span) {
        let fields = vec![
            ("type", Node::text("effective routes and rules", at)),
            ("reason", Node::text(why, at)),
            ("affects", Node::list(vec![Node::text(place, at)], at)),
        ];
        let entry = Node::map(fields, at);
        let known = self.finished.fields.iter_mut().find(|(k, _)| k == "unmodelled");
        if let Some((_, Node { tree: Tree::Map(entries), .. })) = known {
            let mut names = (1..).map(|n| if n == 1 { place.to_owned() } else { format!("{place}-{n}") });
            let name = names.find(|n| entries.iter().all(|(k, _)| k != n)).unwrap_or_default();
            entries.push((name, entry));
            return;
        }
        let node = Node::new(Tree::Map(vec![(place.to_owned(), entry)]), at);
        self.finished.fields.push(("unmodelled".to_owned(), node.comment("What evidence contradicts.")));
    }

    /// For people: what was taken to be so.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What was not understood.
    #[must_use]
    pub fn not_understood(&self) -> &[NotUnderstood] {
        &self.finished.not_understood
    }

    /// What was taken for granted of the design, in words; comments in the scenario say it, too.
    #[must_use]
    pub fn assumptions(&self) -> &[String] {
        &self.finished.assumed
    }

    /// How many settings of resources in the scenario are in doubt.
    #[must_use]
    pub fn doubts(&self) -> usize {
        self.finished.doubts
    }

    /// Resources by file, in the order in which files were read.
    #[must_use]
    pub fn shares(&self) -> Vec<(String, Count)> {
        let name = |id: &FileId| self.sources.file(*id).map(|f| f.name.clone()).unwrap_or_default();
        self.finished.shares.iter().map(|(id, count)| (name(id), *count)).collect()
    }

    /// Resources by type.
    pub fn counts(&self) -> impl Iterator<Item = (&str, Count)> {
        self.finished.counts.iter().map(|(k, c)| (k.as_str(), *c))
    }
}
