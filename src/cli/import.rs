//! `privreach import`.

use super::{
    args::{FailOn, Format, Global, Import, ImportFormat, Lint, Matrix, MatrixFormat, Run},
    check,
    exit::{Exit, Failure},
    input, lint, matrix, output, trace,
};
use crate::{
    diag::{Diagnostic, Severity, SourceMap, code, decode},
    effective,
    import::{Imported, Inputs, Matters, Session},
    report::{self, EvidenceReport},
    scenario::selector,
    select::Selector,
    snapshot::Snapshot,
    verdict::Word,
    verify::baseline,
};
use std::{
    fmt::Write as _,
    io::{Read, Write as _},
    path::{Path, PathBuf},
};

/// Largest file that is read, in bytes: places are 32-bit offsets.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// What to do where nothing is asserted: there is no file yet that could hold expectations.
const NO_FILE: &str =
    "add `--expect`, which asserts today's verdicts; or write the scenario, and add `expectations` to it";

pub(super) fn run(args: &Import, global: &Global) -> Result<Exit, Failure> {
    let mut session = Session::default();
    let title = read(args, &mut session, global)?;
    let mut imported =
        session.finish(&title).map_err(|(sources, problems)| input::failure(&sources, &problems, global))?;
    let mut kept = None;
    let wrong = imported.accept_refusals(|loaded| {
        let Some(scenario) = loaded.scenarios.into_iter().next() else { return Vec::new() };
        let snapshot = Snapshot::new(scenario);
        let found = snapshot.diagnostics.clone();
        kept = Some(Kept { sources: loaded.sources, remarks: loaded.diagnostics, snapshot, shown: false });
        found
    });
    // What the platform refuses is accepted in the file only now, so that it has to be loaded once more.
    let mut kept = kept.filter(Kept::is_usable);
    if !global.quiet {
        let _ = anstream::stderr().write_all(summary(&imported, global.verbose).as_bytes());
    }
    let contradicted = evidence(&mut imported, &mut kept, global)?;
    if contradicted {
        kept = None;
    }
    if args.expect {
        let today = baseline(&Kept::of(&mut kept, &imported, global)?.snapshot);
        if today.is_empty() {
            return Err(input::mistake(
                "the design has nobody who asks, or nothing to ask for, so nothing can be expected",
            ));
        }
        for flow in today {
            let how = [("via", flow.via.map(Word::as_str)), ("reason", flow.reason.map(Word::as_str))];
            let asked = &flow.question;
            imported.expect((&asked.from, &asked.to), (asked.transport, asked.port), flow.verdict.as_str(), how);
        }
    }
    match args.run {
        None => {
            // What is written must be of use: the loader and the compiler have to take it, and took it just now.
            if wrong.is_empty() && !contradicted {
                output::write(global, &imported.yaml())?;
                return Ok(Exit::Holds);
            }
            let loaded = imported.load();
            let errors: Vec<_> = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned().collect();
            let result = match errors.is_empty() {
                true => input::usable(loaded, &Global { quiet: true, ..global.clone() })
                    .map(|_| if contradicted { Exit::Failed } else { Exit::Holds }),
                false => Err(input::failure(&loaded.sources, &errors, global)),
            };
            output::write(global, &imported.yaml())?;
            result
        }
        Some(Run::Check) => match kept {
            Some(Kept { sources, remarks, mut snapshot, .. }) => {
                snapshot.scenario.expectations = imported.expectations();
                check::evaluate_compiled(sources, remarks, &snapshot, (args.format, NO_FILE), global)
            }
            None => check::evaluate(imported.load(), (args.format, NO_FILE), global),
        },
        Some(Run::Lint) => {
            let options = Lint {
                paths: Vec::new(),
                variants: false,
                variant: None,
                fail_on: FailOn::Error,
                only: Vec::new(),
                ignore: Vec::new(),
                today: None,
                format: args.format,
            };
            lint::evaluate(imported.load(), &options, global)
        }
        Some(Run::Matrix) => {
            let Kept { sources, snapshot, .. } = Kept::of(&mut kept, &imported, global)?;
            matrix::show(sources, snapshot, &matrix_options(args)?, global)
        }
        Some(Run::Trace) => {
            let (Some(from), Some(to)) = (&args.from, &args.to) else {
                return Err(input::mistake("`--run trace` needs `--from NAME` and `--to TARGET`"));
            };
            let Kept { sources, snapshot, .. } = Kept::of(&mut kept, &imported, global)?;
            let format = match args.format {
                report::Format::Text => Format::Text,
                report::Format::Json => Format::Json,
                _ => return Err(input::mistake("`--run trace` prints text or JSON")),
            };
            trace::explain(sources, snapshot, (from, to, args.protocol), format, global)
        }
    }
}

/// What the import was loaded and compiled as, so that it is not done twice.
struct Kept {
    sources: SourceMap,
    remarks: Vec<Diagnostic>,
    snapshot: Snapshot,
    /// Whether the remarks were shown.
    shown: bool,
}

impl Kept {
    fn is_usable(&self) -> bool {
        self.snapshot.is_usable() && self.remarks.iter().all(|d| d.severity != Severity::Error)
    }

    /// What is kept, or what the import loads as now; its warnings are shown once.
    fn of<'k>(kept: &'k mut Option<Self>, imported: &Imported, global: &Global) -> Result<&'k Self, Failure> {
        let ready = match kept.take() {
            Some(known) if known.shown => known,
            Some(known) => {
                input::remark(&known.sources, known.remarks.clone(), &known.snapshot, global);
                Self { shown: true, ..known }
            }
            None => {
                let loaded = imported.load();
                let remarks = loaded.diagnostics.clone();
                let (sources, snapshot) = input::usable(loaded, global)?;
                Self { sources, remarks, snapshot, shown: true }
            }
        };
        Ok(kept.insert(ready))
    }
}

/// Compares what tools printed with what the design comes to, and puts what is contradicted in doubt. Gives whether
/// anything was.
fn evidence(imported: &mut Imported, kept: &mut Option<Kept>, global: &Global) -> Result<bool, Failure> {
    if imported.observed.is_empty() {
        return Ok(false);
    }
    let quiet = Global { quiet: true, ..global.clone() };
    let loaded = if kept.is_none() { Some(input::usable(imported.load(), &quiet)?) } else { None };
    let known = kept.as_ref().map(|k| (&k.sources, &k.snapshot)).or(loaded.as_ref().map(|(s, n)| (s, n)));
    let Some((sources, snapshot)) = known else { return Ok(false) };
    let mut contradicted = false;
    for observed in std::mem::take(&mut imported.observed) {
        let word = observed.at.as_deref().unwrap_or_default();
        let place = imported.name_of(word).unwrap_or(word).to_owned();
        let comparison = effective::compare(&snapshot.plane, &place, &observed.evidence).map_err(|error| {
            let at = Diagnostic::error(code::IMPORT, observed.span, error.to_string());
            let help = "import the interface and its machine, too, or name the machine: `--evidence NAME=FILE`";
            input::failure(sources, &[at.help(help)], global)
        })?;
        let report = EvidenceReport::new(sources, &place, &comparison);
        if !global.quiet {
            let style = report::Style { colour: false, ..output::style(global) };
            let _ = anstream::stderr().write_all(report::evidence_text(&report, style).as_bytes());
        }
        let first = comparison.differences.first();
        let at = first.and_then(|d| d.seen.as_ref().and_then(|s| s.span)).unwrap_or(observed.span);
        if let Some(first) = first {
            contradicted = true;
            let more = comparison.differences.len() - 1;
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let why = format!("what Azure printed for it differs from the design: {}{rest}", first.about);
            imported.doubt(&place, &why, at);
        }
    }
    Ok(contradicted)
}

/// What `privreach matrix` would have been told.
fn matrix_options(args: &Import) -> Result<Matrix, Failure> {
    let selectors = |text: &Option<String>| -> Result<Vec<Selector>, Failure> {
        text.iter().map(|t| selector(t).map_err(|e| input::mistake(&format!("`{t}` selects nothing: {e}")))).collect()
    };
    let format = match args.format {
        report::Format::Text => MatrixFormat::Text,
        report::Format::Json => MatrixFormat::Json,
        report::Format::Csv => MatrixFormat::Csv,
        report::Format::Markdown => MatrixFormat::Markdown,
        _ => return Err(input::mistake("`--run matrix` prints text, JSON, CSV or Markdown")),
    };
    let (from, to) = (selectors(&args.from)?, selectors(&args.to)?);
    let file = PathBuf::new();
    Ok(Matrix {
        file,
        from,
        to,
        only: Vec::new(),
        expand: false,
        every_way: true,
        totals: false,
        shard: None,
        variant: None,
        format,
    })
}

/// Reads the files of a format; gives a name for the result.
fn read(args: &Import, session: &mut Session, global: &Global) -> Result<String, Failure> {
    match &args.source {
        ImportFormat::Arm { file, parameters, parameter, subscription, resource_group, location, with } => {
            let mut inputs = Inputs::default();
            for path in parameters {
                inputs.parameter_files.push((shown(path), text(path, global)?));
            }
            for one in parameter {
                let pair = one.split_once('=').filter(|(name, _)| !name.trim().is_empty()).ok_or_else(|| {
                    input::mistake(&format!(
                        "`--parameter {one}` lacks a name or a value; write `--parameter name=value`"
                    ))
                })?;
                inputs.parameters.push((pair.0.trim().to_owned(), pair.1.to_owned()));
            }
            let settings = &mut inputs.settings;
            let choose = |own: &mut String, given: &Option<String>| given.iter().for_each(|g| own.clone_from(g));
            choose(&mut settings.subscription, subscription);
            choose(&mut settings.group, resource_group);
            choose(&mut settings.location, location);
            let beside = file.parent().unwrap_or(Path::new("")).to_path_buf();
            session
                .arm(&shown(file), &text(file, global)?, &inputs, &|linked| linked_template(&beside, linked, global));
            for path in with {
                let text = text(path, global)?;
                session.azure(&shown(path), &text);
            }
            Ok(title(Some(file)))
        }
        ImportFormat::Terraform { files } => {
            for path in files {
                let text = text(path, global)?;
                session.terraform(&shown(path), &text);
            }
            Ok(title(files.first()))
        }
        ImportFormat::Azure { files, evidence } => {
            for path in files {
                let text = text(path, global)?;
                session.azure(&shown(path), &text);
            }
            for word in evidence {
                let (at, path) = match word.split_once('=') {
                    Some((at, path)) if !Path::new(word).exists() => (Some(at), path),
                    _ => (None, word.as_str()),
                };
                let text = text(Path::new(path), global)?;
                session.evidence(path, &text, at);
            }
            Ok(title(files.first()))
        }
    }
}

/// A linked template beside the template: under its own relative path, or under the end of a URL's path.
fn linked_template(beside: &Path, linked: &str, global: &Global) -> Option<(String, String)> {
    let path = linked.split_once("://").map_or(linked, |(_, rest)| rest);
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    let is_url = path.len() != linked.len();
    // Nothing outside the template's own directory and the one above it is read.
    if parts.iter().skip(1).any(|p| *p == "..") {
        return None;
    }
    // Of a URL, the more of its end the better; the name alone could be that of any template.
    let least = if is_url { 2 } else { parts.len() };
    let most = if is_url { parts.len().min(4) } else { parts.len() };
    (least.max(1)..=most).rev().find_map(|n| {
        let relative: PathBuf = parts.get(parts.len() - n..)?.iter().collect();
        let path = beside.join(relative);
        path.is_file().then(|| text(&path, global).ok()).flatten().map(|t| (shown(&path), t))
    })
}

pub(super) fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// The name of the result: that of the first file.
fn title(path: Option<&PathBuf>) -> String {
    let stem = path.and_then(|p| p.file_stem()).map(|s| s.to_string_lossy().into_owned());
    stem.filter(|s| s != "-").unwrap_or_else(|| "imported".to_owned())
}

/// A whole text file, or why it cannot be read and what to do.
pub(super) fn text(path: &Path, global: &Global) -> Result<String, Failure> {
    let unusable = |code, message: String, help: &str| {
        let problem = Diagnostic::error(code, None, message).help(help);
        input::failure(&SourceMap::default(), &[problem], global)
    };
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        let help = match error.kind() {
            std::io::ErrorKind::IsADirectory => "name the files in it, or `DIRECTORY/*.json`",
            std::io::ErrorKind::PermissionDenied => "check who may read it",
            _ => "check the path",
        };
        unusable(code::IO, format!("cannot read {}: {error}", shown(path)), help)
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unusable(code::LIMIT, format!("{} is larger than 1 GiB", shown(path)), "split the export"));
    }
    decode(bytes).map_err(|why| unusable(code::ENCODING, format!("{}: {}", shown(path), why.message), why.help))
}

/// What was understood, and what was not, with places.
fn summary(imported: &Imported, verbose: bool) -> String {
    let mut out = String::new();
    let shares = imported.shares();
    for (file, count) in shares.iter().filter(|_| shares.len() > 1) {
        let all = count.understood + count.beside + count.not_understood;
        let share = (count.understood + count.beside) * 100 / all.max(1);
        let plural = if all == 1 { "" } else { "s" };
        let _ = writeln!(out, "{file}: {all} resource{plural} ({share} % understood)");
    }
    let (mut known, mut beside, mut not) = (0, 0, 0);
    for (_, count) in &shares {
        known += count.understood;
        beside += count.beside;
        not += count.not_understood;
    }
    let all = known + beside + not;
    let share = (known + beside) * 100 / all.max(1);
    let doubts = match imported.doubts() {
        0 => String::new(),
        1 => ", one setting in doubt".to_owned(),
        n => format!(", {n} settings in doubt"),
    };
    let _ = writeln!(
        out,
        "{all} resource{}: {known} imported, {beside} without a part in reachability, {not} not understood ({share} % understood{doubts})",
        if all == 1 { "" } else { "s" }
    );
    let limit = if verbose { usize::MAX } else { 20 };
    let assumed = imported.assumptions();
    for text in assumed.iter().take(limit) {
        let _ = writeln!(out, "  assumed: {text}");
    }
    if let Some(more @ 1..) = assumed.len().checked_sub(limit) {
        let _ = writeln!(out, "  and {more} more assumptions (-v lists all)");
    }
    let mut left = imported.not_understood().iter();
    for what in left.by_ref().take(limit) {
        let place = imported.sources.locate(what.source.span);
        let matters = match &what.matters {
            Matters::No => "no flow of this estate depends on it",
            Matters::Itself => "flows to it come out unknown, and no others",
            _ => "flows that it could change come out unknown",
        };
        let _ = writeln!(
            out,
            "  {} {}: {}; {matters}\n    {place}  {}",
            what.kind, what.name, what.why, what.source.address
        );
    }
    let more = left.count();
    if more > 0 {
        let _ = writeln!(out, "  and {more} more (-v lists all)");
    }
    for note in imported.notes() {
        let _ = writeln!(out, "  {note}");
    }
    out
}
