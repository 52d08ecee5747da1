//! Whole rows of a solution against the step engine: every service for some clients.

use privreach::{
    dataplane::Plane,
    matrix::{Asker, Problem, Service},
    reach::Bulk,
    trace::{Question, trace},
};

/// Prints how many pairs of evenly spread clients the step engine answers as the solver does, and the first few that it
/// does not.
pub(crate) fn compare(
    plane: &Plane,
    problem: &Problem<'_>,
    bulk: &Bulk,
    askers: &[Asker<'_>],
    services: &[Service],
    rows: usize,
) {
    let (mut pairs, mut left, mut differ) = (0_u64, 0_u64, Vec::new());
    let step = (askers.len() / rows.max(1)).max(1);
    for (client, asker) in askers.iter().enumerate().skip(step / 2).step_by(step).take(rows) {
        for (number, service) in services.iter().enumerate() {
            let Some(solved) = problem.column(client, number).and_then(|column| bulk.verdict(client, column)) else {
                left += 1;
                continue;
            };
            let question = Question {
                from: asker.name.clone(),
                to: service.to.clone(),
                port: service.port,
                transport: service.transport,
            };
            let traced = trace(plane, &question).map(|t| t.judgement.verdict);
            pairs += 1;
            if traced.as_ref().ok() != Some(&solved) {
                differ.push(format!("{} to {service}: {solved:?}, traced {traced:?}", asker.name));
            }
        }
    }
    println!(
        "  whole rows of {rows} clients: {pairs} pairs traced, {} differ; {left} left to the step engine",
        differ.len()
    );
    differ.iter().take(10).for_each(|d| println!("    {d}"));
}
