//! The step engine against the naive reading, family by family.

use super::{
    ask,
    families::{self, Family},
    reading::{Answer, Reading},
};
use std::collections::BTreeMap;

/// What the reading says of a flow: one answer, or several that differ.
fn told(answers: &[Answer]) -> (String, String) {
    let first = answers[0];
    if answers.iter().all(|a| a.0 == first.0) {
        return (first.0.to_owned(), first.1.to_owned());
    }
    let verdict = if answers.iter().any(|a| a.0 == "unknown") { "unknown" } else { "partial" };
    (verdict.to_owned(), String::new())
}

fn compare(family: &Family, usual: u64) {
    let mut different: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for seed in ask::seeds(usual) {
        let (text, snapshot) = ask::estate(family, seed);
        let reading = Reading::new(&snapshot.scenario.estate);
        for flow in (family.flows)() {
            let answers = reading.judge(flow.0, flow.1, flow.2);
            let expected = told(&answers);
            let trace = ask::ask(&snapshot, flow);
            let found = ask::words(&trace.judgement);
            // Alternatives that agree in the verdict may differ in why.
            let same = answers.iter().all(|a| *a == answers[0]);
            if found.0 != expected.0 || (same && found.1 != expected.1) {
                let kind = format!("rules say {} {}, engine says {} {}", expected.0, expected.1, found.0, found.1);
                let place = || format!("{} {seed}: {flow:?} {answers:?}\n{}{text}", family.name, ask::told(&trace));
                different.entry(kind).or_insert_with(|| (0, place())).0 += 1;
            }
        }
    }
    for (kind, (count, example)) in &different {
        eprintln!("{count} times: {kind}; first at {example}");
    }
    let kinds: Vec<_> = different.iter().map(|(kind, (count, _))| format!("{count} times {kind}")).collect();
    assert!(different.is_empty(), "the judges differ on {}: {kinds:#?}", family.name);
}

fn family(name: &str) -> &'static Family {
    families::ALL.iter().find(|f| f.name == name).unwrap()
}

macro_rules! compared {
    ($($name:ident: $seeds:literal,)*) => {$(
        #[test]
        fn $name() {
            compare(family(stringify!($name)), $seeds);
        }
    )*};
}

compared! {
    store: 30,
    hybrid: 30,
    filters: 36,
    balance: 30,
    guard: 36,
    links: 36,
    dual: 30,
    names: 36,
    doors: 36,
    wan: 36,
}
