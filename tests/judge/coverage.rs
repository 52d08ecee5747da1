//! What the random estates show: every stage, verdict, path and reason that the step engine can report.

use super::{ask, families};
use privreach::verdict::{Reason, Verdict, Via, Word};
use std::collections::BTreeMap;

/// Stages of a journey, by label.
const STAGES: [&str; 12] = [
    "exists", "name", "egress", "route", "filter", "firewall", "balancer", "endpoint", "service", "listener",
    "backend", "return",
];

/// Reasons that random estates do not show, why, and the case file that does.
const EXEMPT: &[(Reason, &str, &str)] = &[
    (Reason::SePolicy, "no random estate has a service endpoint policy", "tests/cases/private/c8-outbound.yaml"),
    (
        Reason::RegionUndeclared,
        "every random estate declares its region",
        "tests/cases/core/mesh-of-an-undeclared-region.yaml",
    ),
    (
        Reason::Address,
        "random estates declare the addresses that their rules name",
        "tests/cases/private/undeclared-addresses-of-endpoints.yaml",
    ),
    (Reason::Refused, "random estates are accepted whole", "tests/cases/core/overlapping-static-sites.yaml"),
];

#[test]
fn every_stage_verdict_path_and_reason_occurs() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |word: &str| *seen.entry(word.to_owned()).or_default() += 1;
    for family in families::ALL {
        for seed in ask::seeds(30) {
            let (_, snapshot) = ask::estate(family, seed);
            for flow in (family.flows)() {
                let trace = ask::ask(&snapshot, flow);
                count(trace.judgement.verdict.as_str());
                trace.judgement.via.iter().for_each(|via| count(via.as_str()));
                // A reason counts where it decides, not where it is only listed.
                trace.judgement.reason().iter().for_each(|reason| count(reason.as_str()));
                ask::steps(&trace).iter().for_each(|step| count(step.stage.label()));
            }
        }
    }
    let exempt = |word: &str| EXEMPT.iter().any(|(reason, ..)| reason.as_str() == word);
    let words = Verdict::WORDS.iter().chain(Via::WORDS).chain(Reason::WORDS).chain(&STAGES);
    let missing: Vec<_> = words.filter(|w| !seen.contains_key(**w) && !exempt(w)).collect();
    assert!(missing.is_empty(), "no random estate shows {missing:?}; seen {seen:#?}");
    for (reason, why, case) in EXEMPT {
        assert!(!seen.contains_key(reason.as_str()), "{reason} does occur, although {why}");
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(case);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert!(text.contains(reason.as_str()), "{case} does not show {reason}");
    }
    if std::env::var_os("PRIVREACH_SHOW").is_some() {
        eprintln!("{seen:#?}");
    }
}
