//! `privreach explain`.

use super::{
    args::{Explain, Global},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    diag::{CODES, nearest},
    live::Drift,
    verdict::{Reason, Verdict, Via, Word},
};
use std::fmt::Write;

/// Every word that can be explained: what list it is in, its spelling, its meaning.
fn words() -> Vec<(&'static str, &'static str, &'static str)> {
    fn list<W: Word>() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        W::ALL.iter().map(|w| (W::KIND, w.as_str(), w.meaning()))
    }
    let codes = CODES.iter().map(|c| ("diagnostic", c.code.as_str(), c.explanation));
    list::<Verdict>().chain(list::<Via>()).chain(list::<Reason>()).chain(list::<Drift>()).chain(codes).collect()
}

pub(super) fn run(args: &Explain, global: &Global) -> Result<Exit, Failure> {
    let words = words();
    let mut text = String::new();
    match &args.code {
        Some(code) if code == "services" => {
            let known = crate::azure::known_services::KnownServices::get();
            for kind in known.resource_types(crate::azure::known_services::Cloud::Public) {
                let _ = writeln!(text, "{kind}");
            }
        }
        Some(code) => {
            if let Some(rule) = crate::lint::find(code) {
                let source = rule.source();
                let _ = writeln!(
                    text,
                    "{} {} (lint, {})\n\n{}\n\n{}\n\nFix: {}\n\nSource: {source}",
                    rule.code, rule.name, rule.level, rule.what, rule.why, rule.fix
                );
                output::write(global, &text)?;
                return Ok(Exit::Holds);
            }
            let Some((kind, word, meaning)) = words.iter().find(|(_, w, _)| w.eq_ignore_ascii_case(code)) else {
                let near = nearest(code, words.iter().map(|(_, w, _)| *w)).or_else(|| crate::lint::nearest(code));
                let hint =
                    near.map_or("run `privreach explain` for the list".to_owned(), |n| format!("did you mean `{n}`?"));
                return Err(input::mistake(&format!("nothing is called `{code}`; {hint}")));
            };
            let _ = writeln!(text, "{word} ({kind})\n\n{meaning}");
        }
        None => {
            let mut last = "";
            for (kind, word, meaning) in &words {
                if *kind != last {
                    let _ = writeln!(text, "{}{kind}:", if last.is_empty() { "" } else { "\n" });
                    last = kind;
                }
                let first = meaning.split_once(". ").map_or(*meaning, |(first, _)| first);
                let _ = writeln!(text, "  {word:<26} {}", first.trim_end_matches('.'));
            }
            text.push_str("\nlint:\n");
            for rule in crate::lint::RULES {
                let _ = writeln!(text, "  {} {:<34} {}", rule.code, rule.name, rule.what.trim_end_matches('.'));
            }
            text.push_str("\nservices: `privreach explain services` lists the known service types\n");
        }
    }
    output::write(global, &text)?;
    Ok(Exit::Holds)
}
