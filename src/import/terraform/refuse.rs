//! Files that are no plan or state that could be used, and what to do about each.

use crate::{
    diag::{Diagnostic, code},
    import::{json::Json, mistaken},
};
use std::collections::BTreeMap;

/// What else a file may be that is no JSON.
pub(super) fn explained(text: &str, problem: Diagnostic) -> Diagnostic {
    let help = if text.starts_with("PK") {
        "this is a saved plan; print it with `terraform show -json PLAN > plan.json`"
    } else if mistaken::text(text).is_some() {
        return problem;
    } else if text.trim_start().starts_with(['#', 'r', 't', 'p', 'v', 'm', 'd', 'l']) {
        "this looks like configuration; make a plan with `terraform plan -out PLAN` and print it with \
         `terraform show -json PLAN`"
    } else if text.contains("\"@level\"") {
        "this is the log of a run; print the plan itself with `terraform show -json PLAN`"
    } else {
        return problem;
    };
    Diagnostic { help: Some(help.to_owned()), ..problem }
}

/// Why a document cannot be used.
pub(super) fn refusal(json: &Json) -> Option<Diagnostic> {
    let error = |text: String, help: &str| Some(Diagnostic::error(code::IMPORT, json.span, text).help(help));
    if json.get("@level").is_some() {
        return error(
            "this is the log of a run, and no plan".to_owned(),
            "print the plan with `terraform show -json PLAN`",
        );
    }
    if json.get("terraform_version").is_some() && json.get("lineage").is_some() {
        return error(
            "this is a state file in Terraform's own form".to_owned(),
            "print it with `terraform show -json > state.json`",
        );
    }
    let values = json.at("planned_values").or_else(|| json.at("values"));
    let Some(values) = values else {
        if let Some((what, help)) = mistaken::document_or_export(json) {
            return error(format!("this is {what}, and no plan"), help);
        }
        return error(
            "this is no plan or state: it has neither `planned_values` nor `values`".to_owned(),
            "print a plan or state with `terraform show -json`",
        );
    };
    if json.get("errored").and_then(Json::as_bool) == Some(true) {
        return error(
            "the plan is incomplete: an error ended it".to_owned(),
            "mend the configuration until `terraform plan` succeeds",
        );
    }
    let mut providers: BTreeMap<String, usize> = BTreeMap::new();
    count_providers(values.at("root_module"), &mut providers);
    if !providers.is_empty() && !providers.keys().any(|p| p == "azurerm" || p == "azapi") {
        let list: Vec<String> = providers.iter().map(|(p, n)| format!("{n} of {p}")).collect();
        return error(
            format!("no resource of the plan is of azurerm or azapi: it has {}", list.join(", ")),
            "privreach models Azure; name a plan of the providers azurerm or azapi",
        );
    }
    None
}

fn count_providers(module: Option<&Json>, found: &mut BTreeMap<String, usize>) {
    let Some(module) = module else { return };
    for resource in module.items_at("resources") {
        let kind = resource.str_at("type").unwrap_or_default();
        *found.entry(kind.split('_').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    module.items_at("child_modules").iter().for_each(|m| count_providers(Some(m), found));
}
