//! How many pairs come to each verdict, without saying which.

use super::{Asker, Matrix, Problem, Service};
use crate::{
    dataplane::Plane,
    reach::Totals,
    trace::{Question, trace},
};

/// Totals over all pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Number of clients.
    pub clients: usize,
    /// Number of services, each on one port.
    pub services: usize,
    /// Exact totals, pairs that were left to the step engine included.
    pub totals: Totals,
    /// Pairs that were left to the step engine.
    pub delegated: u64,
}

/// Pairs, spread over all of them, that are traced to see that the solver and the step engine agree.
const SAMPLED: usize = 200;

/// Counts all pairs of the given clients and services by verdict.
///
/// # Errors
/// With a question about which the solver and the step engine disagree; one of the two is wrong then.
pub fn count(plane: &Plane, clients: Vec<Asker<'_>>, services: Vec<Service>) -> Result<Count, Question> {
    let (rows, columns) = (clients.len(), services.len());
    if plane.unmodelled.is_empty() {
        let problem = Problem::new(plane, &clients, &services);
        let bulk = problem.solve_bulk();
        let totals = problem.totals(&bulk);
        if totals.delegated == 0 {
            for n in 0..SAMPLED.min(rows * columns) {
                // A step that shares no factor with most sizes meets many of both.
                let (c, s) = ((n * 7_919 + n * rows / SAMPLED) % rows, (n * 104_729 + n * columns / SAMPLED) % columns);
                let (Some(client), Some(service)) = (clients.get(c), services.get(s)) else { continue };
                let (to, port, transport) = (service.to.clone(), service.port, service.transport);
                let question = Question { from: client.name.clone(), to, port, transport };
                let traced = trace(plane, &question).ok().map(|t| t.judgement.verdict);
                let solved = problem.column(c, s).and_then(|column| bulk.verdict(c, column));
                if traced != solved {
                    return Err(question);
                }
            }
            return Ok(Count { clients: rows, services: columns, totals, delegated: 0 });
        }
    }
    // What the step engine decides it decides for classes, one by one.
    let matrix = Matrix::new(plane, clients, services);
    Ok(Count { clients: rows, services: columns, totals: matrix.totals, delegated: matrix.delegated })
}
