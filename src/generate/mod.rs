//! Synthetic estates: realistic hubs and spokes of any size, the same for the same seed.
//!
//! Hubs with firewalls that hand on to each other; spokes whose routes lead there, or not; security groups with service
//! tags, application groups and rules for single machines; private endpoints with and without network policies; private
//! zones that some spokes do not see; services that are closed, open, or open to a firewall or a subnet. Machines and
//! benches need such estates by the hundred thousand, and people need to read them, so names and order are stable.
//!
//! Each file here writes one family of resources, into a `sink`: a tree that decodes like a file, or text.

mod filters;
mod firewalls;
mod machines;
mod networks;
mod plan;
mod random;
mod services;
mod sink;

pub use plan::{GenerateError, Options, Shape};
pub use sink::Format;

use crate::{
    azure::model::Estate,
    diag::SourceMap,
    document::{Context, Decode},
    scenario::Scenario,
};
use plan::Plan;
use sink::{Out, Text, Tree};
use std::sync::Arc;

/// The text of a scenario file.
///
/// # Errors
/// If the address plan has no room for the estate.
pub fn text(options: &Options, format: Format) -> Result<String, GenerateError> {
    let plan = Plan::new(*options)?;
    let mut sink = Text::new(format);
    let mut out = Out(&mut sink);
    out.text("name", name(&plan));
    out.text("description", description(&plan));
    emit(&plan, &mut out);
    Ok(sink.finish())
}

/// The same estate without text. Places in it count values: there is no file they could lie in.
///
/// # Errors
/// If the address plan has no room for the estate.
pub fn estate(options: &Options) -> Result<Estate, GenerateError> {
    let plan = Plan::new(*options)?;
    let mut tree = Tree::new(SourceMap::default().add("generated", ""));
    emit(&plan, &mut Out(&mut tree));
    let node = tree.finish();
    let mut context = Context::default();
    let estate = Estate::decode(&node, &mut context);
    match (estate, context.diagnostics.as_slice().first()) {
        (Some(estate), None) => Ok(estate),
        (_, problem) => Err(GenerateError::Refused(problem.map_or_else(String::new, |p| p.message.clone()))),
    }
}

/// The estate as a scenario that expects nothing, ready to compile.
///
/// # Errors
/// If the address plan has no room for the estate.
pub fn scenario(options: &Options) -> Result<Scenario, GenerateError> {
    let plan = Plan::new(*options)?;
    Ok(Scenario {
        file: "generated".to_owned(),
        name: name(&plan),
        variant: None,
        description: Some(description(&plan)),
        estate: estate(options)?,
        // No file declares it, so there is nothing to compare or patch.
        document: Arc::default(),
        designed: Vec::new(),
        service_tags: None,
        expectations: Vec::new(),
        expected_diagnostics: Vec::new(),
        suppressions: Vec::new(),
    })
}

fn name(plan: &Plan) -> String {
    format!("synthetic-{}x{}-{}", plan.options.endpoints, plan.options.services, plan.options.seed)
}

fn description(plan: &Plan) -> String {
    let Options { endpoints, services, seed, shape, .. } = plan.options;
    let shape = format!("{shape:?}").to_lowercase();
    format!(
        "machines: {endpoints}, services: {services}, hubs: {}, spokes: {}, subnets in each: {}, shape: {shape}, seed: {seed}",
        plan.hubs,
        plan.spokes.len(),
        plan.subnets
    )
}

fn emit(plan: &Plan, out: &mut Out<'_>) {
    networks::emit(plan, out);
    filters::emit(plan, out);
    firewalls::emit(plan, out);
    services::emit(plan, out);
    machines::emit(plan, out);
}
