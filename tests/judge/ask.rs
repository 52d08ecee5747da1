//! Estates loaded and flows asked.

use super::families::{Family, Flow};
use privreach::{
    diag::Severity,
    forward::Step,
    net::Transport,
    scenario::load_text,
    snapshot::Snapshot,
    trace::{Judgement, Question, Trace, trace},
};

/// Seeds of a run: as given, or in proportion to what `PRIVREACH_SEEDS` says beside its default of 300.
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    let first = number("PRIVREACH_FIRST_SEED").unwrap_or(0);
    first..first + number("PRIVREACH_SEEDS").map_or(usual, |n| (n * usual).div_ceil(300))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|s| s.parse().ok())
}

/// The scenarios of a text, base first; none if the platform refuses it.
pub(crate) fn load(text: &str) -> Vec<Snapshot> {
    let loaded = load_text("random.yaml", text);
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    let snapshots: Vec<_> = loaded.scenarios.into_iter().map(Snapshot::new).collect();
    let usable = |s: &Snapshot| s.is_usable();
    if snapshots.iter().all(usable) { snapshots } else { Vec::new() }
}

/// The estate of a seed, which is always a usable one.
pub(crate) fn estate(family: &Family, seed: u64) -> (String, Snapshot) {
    let text = (family.text)(seed);
    let snapshot = load(&text).pop();
    (text.clone(), snapshot.unwrap_or_else(|| panic!("{} {seed} is refused\n{text}", family.name)))
}

pub(crate) fn ask(snapshot: &Snapshot, (from, to, port): Flow) -> Trace {
    let question = Question { from: from.to_owned(), to: to.to_owned(), port, transport: Transport::Tcp };
    trace(&snapshot.plane, &question).unwrap_or_else(|e| panic!("{from} to {to}: {e}"))
}

/// Verdict, and path or deciding reason.
pub(crate) fn words(judged: &Judgement) -> (String, String) {
    let why = judged.via.map(|v| v.to_string()).or_else(|| judged.reason().map(|r| r.to_string()));
    (judged.verdict.to_string(), why.unwrap_or_default())
}

/// Every step of a trace, those of alternatives and of journeys inside included.
pub(crate) fn steps(trace: &Trace) -> Vec<&Step> {
    fn collect<'t>(steps: &'t [Step], into: &mut Vec<&'t Step>) {
        for step in steps {
            into.push(step);
            collect(&step.inner, into);
        }
    }
    let mut all = Vec::new();
    collect(&trace.steps, &mut all);
    trace.alternatives.iter().for_each(|(_, steps)| collect(steps, &mut all));
    all
}

/// What a trace says, for the message of a failure.
pub(crate) fn told(trace: &Trace) -> String {
    let line = |s: &Step| format!("  {} {} {:?}\n", s.stage.label(), s.text, s.outcome);
    let mut out: String = trace.steps.iter().map(line).collect();
    for (name, steps) in &trace.alternatives {
        out += &format!(" alternative {name}\n{}", steps.iter().map(line).collect::<String>());
    }
    out
}
