//! From paths to scenarios: reading, `extends`, `patch`, `variants`.

use super::{
    Anything, Expectation, ExpectationFields, Loaded, Scenario, ScenarioKeys, Variant, expectation::FLOW_KEYS,
    lint_ignore, read::MAX_BYTES,
};
use crate::{
    azure::{model::Estate, not_modelled::gap, service_tags::PublishedTags},
    diag::{Diagnostic, Diagnostics, Severity, SourceMap, Span, code, decode, nearest},
    document::{Context, Decode, Entry, MAX_SUGGESTIONS, Mapping, Node, Shape, Spanned, Value, overlay},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

/// Most values that the scenarios of one file may hold together: each variant holds an estate of its own, so their
/// number and the size of the estate multiply.
const MAX_VALUES: usize = 5_000_000;

/// Loads every scenario under the paths with all its variants; directories are walked in order of name, `-` is
/// standard input.
#[must_use]
pub fn load_paths(paths: &[PathBuf]) -> Loaded {
    let mut loader = Loader::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        let before = loader.diagnostics.as_slice().len();
        let mut files = Vec::new();
        if path.as_os_str() == "-" || path.is_file() {
            files.push(path.clone());
        } else {
            loader.walk(path, &mut files, &mut vec![canonical(path)]);
            if files.is_empty() && loader.diagnostics.as_slice().len() == before {
                loader.problem(
                    code::NO_SCENARIO,
                    format!("no scenario file (*.yaml, *.yml, *.json) under {}", path.display()),
                    "name a file or directory with scenarios",
                );
            }
        }
        for file in files {
            // A file that several paths lead to is one file.
            if seen.insert(canonical(&file)) {
                loader.file(&file, &Wanted::All);
            }
        }
    }
    loader.finish()
}

/// Loads one file: its scenario as it stands, or one of its variants.
#[must_use]
pub fn load_file(path: &Path, variant: Option<&str>) -> Loaded {
    let mut loader = Loader::default();
    loader.file(path, &variant.map_or(Wanted::Base, |v| Wanted::Variant(v.to_owned())));
    loader.finish()
}

/// Loads a text with all its variants.
#[must_use]
pub fn load_text(name: &str, text: &str) -> Loaded {
    let mut loader = Loader::default();
    if let Some(node) = loader.parse(name, text) {
        loader.document(Path::new(name), node, &Wanted::All, 0);
    }
    loader.finish()
}

/// Loads a document that something else made, with the files that its places point into.
#[must_use]
pub fn load_document(name: &str, node: Node, sources: SourceMap) -> Loaded {
    let mut loader = Loader { sources, ..Loader::default() };
    loader.document(Path::new(name), node, &Wanted::Base, 0);
    loader.finish()
}

enum Wanted {
    All,
    Base,
    Variant(String),
}

/// A file with everything it extends merged in, still a tree.
struct Merged {
    name: Option<String>,
    description: Option<String>,
    estate: Mapping,
    expectations: Mapping,
    /// Expectations of the extended file that this one writes anew.
    designed: Mapping,
    expected: Vec<Spanned<String>>,
    variants: Vec<(String, Span, Variant)>,
    span: Span,
}

#[derive(Default)]
pub(super) struct Loader {
    pub(super) sources: SourceMap,
    scenarios: Vec<Scenario>,
    partial: Vec<Scenario>,
    pub(super) diagnostics: Diagnostics,
    /// Published lists of service tags that were read, or could not be.
    tags: BTreeMap<PathBuf, Option<Arc<PublishedTags>>>,
}

impl Loader {
    fn finish(self) -> Loaded {
        Loaded {
            sources: self.sources,
            scenarios: self.scenarios,
            partial: self.partial,
            diagnostics: self.diagnostics.into_sorted(),
        }
    }

    pub(super) fn problem(&mut self, code: crate::diag::Code, message: String, help: &str) {
        self.diagnostics.push(Diagnostic::error(code, None, message).help(help));
    }

    /// Finds the scenario files below a directory; `above` are the directories on the way, which a link may lead back to.
    fn walk(&mut self, path: &Path, files: &mut Vec<PathBuf>, above: &mut Vec<PathBuf>) {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                return self.problem(code::IO, format!("cannot read {}: {error}", path.display()), "check the path");
            }
        };
        let mut paths: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            // Published lists of service tags lie beside scenarios and are none.
            let hidden = name.starts_with('.') || name.starts_with("ServiceTags_");
            let known = path
                .extension()
                .is_some_and(|e| matches!(e.to_string_lossy().to_ascii_lowercase().as_str(), "yaml" | "yml" | "json"));
            match () {
                () if hidden => {}
                () if path.is_dir() => {
                    let real = canonical(&path);
                    if !above.contains(&real) {
                        above.push(real);
                        self.walk(&path, files, above);
                        above.pop();
                    }
                }
                // A link that leads nowhere is reported when it is read.
                () if known => files.push(path),
                () => {}
            }
        }
    }

    fn file(&mut self, path: &Path, wanted: &Wanted) {
        let before = self.diagnostics.as_slice().len();
        if let Some(node) = self.read(path, None) {
            self.document(path, node, wanted, before);
        }
    }

    /// Whether something since then makes the input unusable.
    fn failed_since(&self, before: usize) -> bool {
        self.diagnostics.as_slice().iter().skip(before).any(|d| d.severity == Severity::Error && !d.refused)
    }

    /// Gives the scenarios of a document that was read without errors; `before` is where its diagnostics begin. The
    /// rest is decoded all the same, to report everything in one run.
    fn document(&mut self, path: &Path, node: Node, wanted: &Wanted, before: usize) {
        let mut seen = vec![canonical(path)];
        let Some(mut merged) = self.merge_extends(path, node, &mut seen) else {
            return;
        };
        let usable = !self.failed_since(before);
        let known: Vec<_> = merged.variants.iter().map(|(n, ..)| n.as_str()).collect();
        if let Wanted::Variant(name) = wanted
            && !known.contains(&name.as_str())
        {
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "the file declares no variants".to_owned(),
                None => format!("variants: {}", known.join(", ")),
            };
            self.diagnostics.push(
                Diagnostic::error(code::REFERENCE, merged.span, format!("{} has no variant `{name}`", path.display()))
                    .help(help),
            );
            return;
        }
        let estate = std::mem::take(&mut merged.estate);
        let estate = if matches!(wanted, Wanted::All | Wanted::Base) {
            let (description, expected) = (merged.description.clone(), merged.expected.clone());
            self.scenario(path, None, description, &merged, estate, &merged.expectations, expected, usable)
        } else {
            Arc::new(estate)
        };
        let size = |m: &Mapping| m.0.iter().map(|(.., n)| n.size()).sum::<usize>();
        let own = size(&estate) + size(&merged.expectations);
        let mut values = own;
        for (name, at, variant) in &merged.variants {
            match wanted {
                Wanted::All => {}
                Wanted::Variant(only) if only == name => {}
                _ => continue,
            }
            values += own + variant.patch.as_ref().map_or(0, |p| p.0.size());
            if values > MAX_VALUES {
                self.diagnostics.push(
                    Diagnostic::error(
                        code::LIMIT,
                        *at,
                        format!("the variants up to here hold more than {MAX_VALUES} values together"),
                    )
                    .help("spread the variants over several files that extend the scenario"),
                );
                return;
            }
            let start = self.diagnostics.as_slice().len();
            let patched = variant.patch.as_ref().map(|p| self.patched(&estate, p));
            let mut expectations = merged.expectations.clone();
            if let Some(Anything(node)) = &variant.expectations {
                expectations = self.inherit(&merged.expectations, node);
            }
            let description = variant.description.as_ref().map(|d| d.value.clone());
            let expected = variant.expected_diagnostics.clone();
            let usable = usable && !self.failed_since(start);
            self.scenario(
                path,
                Some(name.clone()),
                description,
                &merged,
                patched.unwrap_or_else(|| Mapping::clone(&estate)),
                &expectations,
                expected,
                usable,
            );
        }
    }

    fn patched(&mut self, estate: &Mapping, patch: &Anything) -> Mapping {
        match &patch.0.value {
            Value::Mapping(changes) => overlay(estate, changes, &mut self.diagnostics),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(code::TYPE, patch.0.span, "a patch is a mapping of estate keys")
                        .help("write keys such as `private_endpoints:` under it"),
                );
                estate.clone()
            }
        }
    }

    /// Splits a file into its own keys and the estate's, and merges what it extends.
    fn merge_extends(&mut self, path: &Path, node: Node, seen: &mut Vec<PathBuf>) -> Option<Merged> {
        let place = node.span;
        let Value::Mapping(mapping) = node.value else {
            self.diagnostics.push(
                Diagnostic::error(code::TYPE, place, "a scenario file is a mapping")
                    .help("start with `virtual_networks:`"),
            );
            return None;
        };
        let (own, mut estate): (Vec<_>, Vec<_>) =
            mapping.0.into_iter().partition(|(k, ..)| SCENARIO_KEYS.contains(&k.as_str()));
        let own_keys = Mapping(own);
        let mut context = Context::default();
        let expectations = match own_keys.get("expectations").map(|n| &n.value) {
            Some(Value::Mapping(m)) => m.clone(),
            None | Some(Value::Null) => Mapping::default(),
            Some(_) => {
                if let Some(node) = own_keys.get("expectations") {
                    context.wrong_type(node, "a mapping by name");
                }
                Mapping::default()
            }
        };
        // Expectations are decoded once merged, so they are left out here.
        let rest = own_keys.0.iter().filter(|(k, ..)| k != "expectations").cloned().collect();
        let keys = scenario_keys(rest, place, &mut context);
        self.diagnostics.extend(context.diagnostics);
        let keys = keys?;
        let known = estate_keys();
        for (key, span, _) in &estate {
            if !known.contains(&key.as_str()) {
                if let Some(gap) = gap("Estate", key) {
                    self.diagnostics.push(gap.refusal(key, *span));
                    continue;
                }
                let help = match nearest(key, known.iter().copied().chain(SCENARIO_KEYS)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "see docs/format.md for the keys of a scenario".to_owned(),
                };
                self.diagnostics
                    .push(Diagnostic::error(code::UNKNOWN_KEY, *span, format!("unknown key `{key}`")).help(help));
            }
        }
        estate.retain(|(k, ..)| known.contains(&k.as_str()));
        let mut merged = Merged {
            name: keys.name.as_ref().map(|n| n.value.clone()),
            description: keys.description.as_ref().map(|d| d.value.clone()),
            estate: Mapping(estate),
            expectations,
            designed: Mapping::default(),
            expected: keys.expected_diagnostics.clone(),
            variants: keys
                .variants
                .iter()
                .map(|(n, e): (&str, &Entry<Variant>)| (n.to_owned(), e.span, e.value.clone()))
                .collect(),
            span: place,
        };
        let Some(extends) = &keys.extends else {
            if let Some(patch) = &keys.patch {
                self.diagnostics.push(
                    Diagnostic::error(code::CONFLICT, patch.0.span, "`patch` needs `extends`")
                        .help("name the file to patch, or write the keys at the top level"),
                );
            }
            return Some(merged);
        };
        if let Some((_, span, _)) = merged.estate.0.first() {
            self.diagnostics.push(
                Diagnostic::error(
                    code::CONFLICT,
                    *span,
                    "a file that extends another declares its changes under `patch`",
                )
                .help("move the key under `patch:`"),
            );
        }
        let base_path = tidy(&path.parent().unwrap_or(Path::new("")).join(&extends.value));
        if seen.contains(&canonical(&base_path)) {
            self.diagnostics.push(
                Diagnostic::error(
                    code::EXTENDS,
                    extends.span,
                    format!("`{}` extends itself in a circle", extends.value),
                )
                .help("remove one `extends`"),
            );
            return None;
        }
        seen.push(canonical(&base_path));
        let base_node = self.read(&base_path, Some(extends.span))?;
        let base = self.merge_extends(&base_path, base_node, seen)?;
        merged.estate = match &keys.patch {
            Some(patch) => self.patched(&base.estate, patch),
            None => base.estate,
        };
        let own = Node { value: Value::Mapping(merged.expectations), span: place };
        merged.expectations = self.inherit(&base.expectations, &own);
        merged.designed = overridden(&base.expectations, &merged.expectations);
        merged.expected = if keys.expected_diagnostics.is_empty() { base.expected } else { merged.expected };
        Some(merged)
    }

    /// An expectation of the same name inherits the flow and replaces everything expected of it.
    fn inherit(&mut self, base: &Mapping, changes: &Node) -> Mapping {
        let Value::Mapping(changes) = &changes.value else {
            self.diagnostics.push(Diagnostic::error(code::TYPE, changes.span, "expectations are a mapping by name"));
            return base.clone();
        };
        let (in_base, in_changes) = (base.index(), changes.index());
        let mut kept = Mapping::default();
        for (id, span, old) in &base.0 {
            match in_changes.get(id.as_str()).copied() {
                None => kept.0.push((id.clone(), *span, old.clone())),
                Some((_, change)) if change.is_null() => {}
                Some((at, change)) => kept.0.push((id.clone(), at, with_flow_of(old, change))),
            }
        }
        for (id, span, node) in &changes.0 {
            if in_base.contains_key(id.as_str()) {
                continue;
            }
            if node.is_null() {
                let few = self.diagnostics.as_slice().len() < MAX_SUGGESTIONS;
                let help = few
                    .then(|| nearest(id, base.0.iter().map(|(k, ..)| k.as_str())))
                    .flatten()
                    .map_or("remove the line".to_owned(), |n| format!("did you mean `{n}`?"));
                self.diagnostics.push(
                    Diagnostic::error(
                        code::PATCH,
                        *span,
                        format!("`{id}` is removed, but the base does not expect it"),
                    )
                    .help(help),
                );
            } else {
                kept.0.push((id.clone(), *span, node.clone()));
            }
        }
        kept
    }

    /// Decodes a scenario, and gives back its document.
    #[allow(clippy::too_many_arguments, reason = "the parts of one scenario")]
    fn scenario(
        &mut self,
        path: &Path,
        variant: Option<String>,
        description: Option<String>,
        merged: &Merged,
        estate: Mapping,
        expectations: &Mapping,
        expected: Vec<Spanned<String>>,
        usable: bool,
    ) -> Arc<Mapping> {
        let designed = match &variant {
            None => merged.designed.clone(),
            Some(_) => overridden(&merged.expectations, expectations),
        };
        let mut context = Context { suppressible: true, caseless: true, gaps: Some(gap), ..Context::default() };
        let mut suppressions = lint_ignore::collect(&estate, &mut context);
        suppressions.extend(lint_ignore::collect(expectations, &mut context));
        let (estate, document) = decode_estate(estate, merged.span, &mut context);
        let document = Arc::new(document);
        let list = decode_expectations(expectations, &mut context);
        // The base's own loading reports what is wrong with it.
        let designed = decode_expectations(&designed, &mut Context::default());
        let usable = usable && !context.diagnostics.has_errors();
        self.diagnostics.extend(context.diagnostics);
        let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        let estate = estate.or_else(|| readable_estate(&document, merged.span));
        if let Some(estate) = estate {
            let named = estate.service_tags_file.as_ref();
            let service_tags = named.and_then(|named| self.published_tags(named));
            let usable = usable && service_tags.is_some() == named.is_some();
            let into = if usable { &mut self.scenarios } else { &mut self.partial };
            into.push(Scenario {
                service_tags,
                file: path.display().to_string(),
                name: merged.name.clone().unwrap_or(stem),
                variant,
                description,
                estate,
                document: document.clone(),
                expectations: list,
                designed,
                expected_diagnostics: expected,
                suppressions,
            });
        }
        document
    }
}

impl Loader {
    /// A published list of service tags, read once, from beside the file that names it.
    fn published_tags(&mut self, named: &Spanned<String>) -> Option<Arc<PublishedTags>> {
        let beside = PathBuf::from(&self.sources.locate(named.span).file);
        let path = beside.parent().unwrap_or(Path::new("")).join(&named.value);
        if let Some(known) = self.tags.get(&path) {
            return known.clone();
        }
        let mut bytes = Vec::new();
        let read = std::fs::File::open(&path)
            .and_then(|f| f.take(MAX_BYTES).read_to_end(&mut bytes))
            .map_err(|e| e.to_string())
            .and_then(|_| decode(bytes).map_err(|why| why.message));
        let parsed = read.and_then(|text| PublishedTags::parse(&text));
        let tags = parsed.map(Arc::new).map_err(|why| {
            self.diagnostics.push(
                Diagnostic::error(code::IO, named.span, format!("cannot use {}: {why}", path.display()))
                    .help("name a ServiceTags_….json file as Microsoft publishes it"),
            );
        });
        self.tags.insert(path, tags.clone().ok());
        tags.ok()
    }
}

/// A changed expectation with the flow keys that it does not write itself.
fn with_flow_of(old: &Node, change: &Node) -> Node {
    let mut changed = change.clone();
    if let (Value::Mapping(old), Value::Mapping(new)) = (&old.value, &mut changed.value) {
        for entry in old.0.iter().filter(|(k, ..)| FLOW_KEYS.contains(&k.as_str())) {
            if new.get(&entry.0).is_none() {
                new.0.push(entry.clone());
            }
        }
    }
    changed
}

/// The estate of a document, and the document again: it may be large, so it is not copied.
pub(super) fn decode_estate(document: Mapping, span: Span, context: &mut Context) -> (Option<Estate>, Mapping) {
    let node = Node { value: Value::Mapping(document), span };
    let estate = Estate::decode(&node, context);
    match node.value {
        Value::Mapping(document) => (estate, document),
        _ => (estate, Mapping::default()),
    }
}

/// What can be read of an estate that cannot be read whole.
fn readable_estate(document: &Mapping, span: Span) -> Option<Estate> {
    let decode = |entries| {
        let mut silent = Context { suppressible: true, caseless: true, gaps: Some(gap), ..Context::default() };
        decode_estate(Mapping(entries), span, &mut silent).0
    };
    let readable = document.0.iter().filter(|entry| decode(vec![(*entry).clone()]).is_some());
    decode(readable.cloned().collect())
}

fn decode_expectations(mapping: &Mapping, context: &mut Context) -> Vec<Expectation> {
    let decoded = mapping.0.iter().map(|(id, span, node)| {
        let fields = ExpectationFields::decode(node, context)?;
        fields.check(node.span, context);
        Some(Expectation { id: id.clone(), span: *span, fields })
    });
    decoded.flatten().collect()
}

/// Expectations of a base that something on top of it writes anew.
fn overridden(base: &Mapping, changed: &Mapping) -> Mapping {
    let index = changed.index();
    let anew = |(id, _, node): &&(String, Span, Node)| index.get(id.as_str()).is_some_and(|(_, n)| *n != node);
    Mapping(base.0.iter().filter(anew).cloned().collect())
}

/// Keys of a scenario file that are not the estate's.
const SCENARIO_KEYS: [&str; 7] =
    ["name", "description", "extends", "patch", "variants", "expectations", "expected_diagnostics"];

/// The scenario's own keys. One that cannot be read is reported and left out, so that it does not hide problems of
/// the others and of the estate.
fn scenario_keys(entries: Vec<(String, Span, Node)>, span: Span, context: &mut Context) -> Option<ScenarioKeys> {
    let of = |entries| Node { value: Value::Mapping(Mapping(entries)), span };
    let node = of(entries);
    if let Some(keys) = ScenarioKeys::decode(&node, context) {
        return Some(keys);
    }
    let Value::Mapping(mapping) = node.value else { return None };
    let mut reported = Context::default();
    let mut readable = mapping.0;
    readable.retain(|entry| ScenarioKeys::decode(&of(vec![entry.clone()]), &mut reported).is_some());
    ScenarioKeys::decode(&of(readable), &mut reported)
}

fn estate_keys() -> Vec<&'static str> {
    match Estate::shape() {
        Shape::Record(info) => (info().fields)().iter().map(|f| f.key).collect(),
        _ => Vec::new(),
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// A path without `..` behind a name, as tools that annotate files expect it; as it is where that leads elsewhere, as it may
/// behind a link.
fn tidy(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        let named = matches!(short.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::ParentDir if named => drop(short.pop()),
            Component::CurDir => {}
            part => short.push(part),
        }
    }
    if canonical(&short) == canonical(path) { short } else { path.to_path_buf() }
}
