//! `privreach explain`.

use super::{
    args::{Explain, Global},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    azure::rulebook,
    diag::{CODES, nearest},
    live::Drift,
    report::wrapped,
    verdict::{Reason, Verdict, Via, Word},
};
use std::fmt::Write;

/// Every word that can be explained: what list it is in, its spelling, its meaning.
fn words() -> Vec<(&'static str, &'static str, &'static str)> {
    fn list<W: Word>() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        W::ALL.iter().map(|w| (W::KIND, w.as_str(), w.meaning()))
    }
    let codes = CODES.iter().map(|c| ("diagnostic", c.code.as_str(), c.explanation));
    // Not everything that a live comparison says is drift.
    let live = Drift::ALL.iter().map(|w| {
        let kind = match w {
            Drift::Agrees => "live DNS, as designed",
            w if w.is_drift() => "live DNS, drift",
            _ => "live DNS, undecided",
        };
        (kind, w.as_str(), w.meaning())
    });
    list::<Verdict>().chain(list::<Via>()).chain(list::<Reason>()).chain(live).chain(codes).collect()
}

pub(super) fn run(args: &Explain, global: &Global) -> Result<Exit, Failure> {
    let width = output::style(global).width;
    let text = match args.code.as_deref() {
        Some("services") => services(),
        Some(code) => one(code, width).ok_or_else(|| unknown(code))?,
        None => list(width),
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}

fn services() -> String {
    let known = crate::azure::known_services::KnownServices::get();
    known.resource_types(crate::azure::known_services::Cloud::Public).map(|kind| format!("{kind}\n")).collect()
}

/// Everything of a name; some stand for two things.
fn one(code: &str, width: usize) -> Option<String> {
    let same = |word: &str| word.eq_ignore_ascii_case(code);
    let paragraph = |text: &str| format!("{}\n\n", wrapped(text, 0, 0, width));
    let mut text = String::new();
    for (kind, word, meaning) in words().iter().filter(|(_, word, _)| same(word)) {
        let _ = write!(text, "{word} ({kind})\n\n{}", paragraph(meaning));
    }
    let covering = crate::lint::RULES.iter().copied().filter(|r| r.covers.iter().any(|c| same(c)));
    for rule in crate::lint::find(code).into_iter().chain(covering) {
        let _ = write!(text, "{} {} (lint, {})\n\n", rule.code, rule.name, rule.level);
        for part in [rule.what, rule.why, &format!("Fix: {}", rule.fix), &format!("Source: {}", rule.source())] {
            text.push_str(&paragraph(part));
        }
    }
    for rule in rulebook::rules().iter().filter(|r| same(&r.id)) {
        let _ = write!(text, "{} (rule of Azure)\n\n{}Source: {}\n\n", rule.id, paragraph(rule.meaning), rule.source);
    }
    for taken in rulebook::assumptions().iter().filter(|a| same(a.id)) {
        let _ =
            write!(text, "{} (assumption)\n\n{}", taken.id, paragraph(&format!("Taken to be so: {}", taken.meaning)));
        text.push_str(&paragraph(&format!("Otherwise: {}", taken.instead)));
    }
    (!text.is_empty()).then(|| format!("{}\n", text.trim_end()))
}

fn unknown(code: &str) -> Failure {
    let words = words();
    let rules = rulebook::rules().iter().map(|r| r.id.as_str());
    let known = words.iter().map(|(_, w, _)| *w).chain(rules).chain(rulebook::assumptions().iter().map(|a| a.id));
    let near = nearest(code, known).or_else(|| crate::lint::nearest(code));
    let hint = near.map_or("run `privreach explain` for the list".to_owned(), |n| format!("did you mean `{n}`?"));
    input::mistake(&format!("nothing is called `{code}`; {hint}"))
}

fn list(width: usize) -> String {
    let mut text = String::new();
    let mut last = "";
    let line = |text: &mut String, lead: &str, meaning: &str| {
        let lead = format!("  {lead:<26} ");
        let first = lead.chars().count();
        let _ = writeln!(text, "{lead}{}", wrapped(meaning.trim_end_matches('.'), first, 29, width));
    };
    for (kind, word, meaning) in &words() {
        if *kind != last {
            let _ = writeln!(text, "{}{kind}:", if last.is_empty() { "" } else { "\n" });
            last = kind;
        }
        line(&mut text, word, meaning.split_once(". ").map_or(*meaning, |(first, _)| first));
    }
    text.push_str("\nassumption:\n");
    rulebook::assumptions().iter().for_each(|a| line(&mut text, a.id, a.meaning));
    text.push_str("\nlint:\n");
    for rule in crate::lint::RULES {
        line(&mut text, &format!("{} {}", rule.code, rule.name), rule.what);
    }
    text.push_str("\nrule of Azure:\n");
    rulebook::rules().iter().for_each(|r| line(&mut text, &r.id, r.meaning));
    text.push_str("\nservices: `privreach explain services` lists the known service types\n");
    text
}
