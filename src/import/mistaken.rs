//! Files of another kind than an import reads: what they are, and what to do.

use super::json::Json;

/// What is wrong, and what to do.
type Told = (&'static str, &'static str);

const PAGE: Told = (
    "this is a web page or XML, not JSON",
    "a proxy or a sign-in answered in place of Azure; export again with `-o json`",
);
const COLOURED: Told = ("this is text for a terminal, with colours", "export it with `-o json`, which has none");
const ERROR: Told = ("this is the error of a tool, not its output", "run the command again until it succeeds");
const WARNING: Told = (
    "this begins with messages of a tool",
    "keep its standard output alone: `az … -o json > export.json`, without `2>&1`",
);
const VALUES: Told = ("this is a Bicep parameter file", "make JSON of it with `bicep build-params`");
const BICEP: Told =
    ("this is Bicep", "make a template of it with `bicep build`, and read that with `privreach import arm`");
const TERRAFORM: Told = (
    "this is configuration of Terraform",
    "make a plan with `terraform plan -out PLAN`, print it with `terraform show -json PLAN`, and read that with \
     `privreach import terraform`",
);
const YAML: Told =
    ("this is YAML, not JSON", "export it with `-o json`; a scenario needs no import: `privreach check FILE` reads it");
const TABLE: Told = ("this is a table, not JSON", "export it with `-o json`");

/// What a text is that does not begin as JSON does.
pub(super) fn text(text: &str) -> Option<Told> {
    let text = text.trim_start();
    let mut lines = text.lines().map(str::trim_end).filter(|l| !l.is_empty() && !l.starts_with(['#', '/', '*']));
    let first = lines.next().unwrap_or_default();
    let mut words = first.split_whitespace();
    let word = words.next().unwrap_or_default();
    let (second, third) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let begins = |list: &[&str]| list.iter().any(|w| text.starts_with(w));
    Some(match word {
        _ if text.starts_with(['{', '[', '"']) => return None,
        _ if text.starts_with('\u{1b}') => COLOURED,
        _ if text.starts_with('<') => PAGE,
        _ if begins(&["ERROR", "Error", "Traceback", "usage:", "az: "]) => ERROR,
        _ if begins(&["WARNING", "Warning"]) => WARNING,
        "using" if second.starts_with('\'') => VALUES,
        "resource" | "module" if third.starts_with('\'') => BICEP,
        "param" | "var" | "targetScope" | "metadata" => BICEP,
        _ if word.starts_with('@') => BICEP,
        "resource" | "module" | "variable" | "provider" | "data" | "output" if second.starts_with('"') => TERRAFORM,
        "terraform" | "locals" if second == "{" => TERRAFORM,
        "---" | "-" => YAML,
        _ if word.ends_with(':') => YAML,
        _ if first.contains(',') || lines.next().is_some_and(|l| l.starts_with("--")) => TABLE,
        _ => return None,
    })
}

/// What a document is that is none of what an import reads, with what to do.
pub(super) fn document(json: &Json) -> Option<(String, &'static str)> {
    let schema = json.str_at("$schema").unwrap_or_default().to_lowercase();
    let has = |keys: &[&str]| keys.iter().any(|k| json.get(k).is_some());
    let (what, help) = match () {
        () if schema.contains("deploymentparameters.json") => {
            ("a parameter file", "read its template with `privreach import arm TEMPLATE --parameters FILE`")
        }
        () if schema.contains("deploymenttemplate.json") => ("an ARM template", "read it with `privreach import arm`"),
        () if has(&["planned_values"]) || has(&["values"]) && has(&["terraform_version", "format_version"]) => {
            ("a plan or state of Terraform", "read it with `privreach import terraform`")
        }
        () if has(&["lineage"]) || has(&["terraform_version"]) && has(&["version"]) => (
            "a state as Terraform keeps it",
            "print it with `terraform show -json`, and read that with `privreach import terraform`",
        ),
        () if has(&["virtual_networks", "expectations", "extends"]) => {
            ("a scenario", "it needs no import: `privreach check FILE` reads it")
        }
        () => {
            let code = json.str_at("error.code")?;
            return Some((
                format!("an error that Azure answered ({code})"),
                "mend what it says, and export again: the account may lack rights",
            ));
        }
    };
    Some((what.to_owned(), help))
}

/// The same for what is read as a template or a plan: an export of resources is none.
pub(super) fn document_or_export(json: &Json) -> Option<(String, &'static str)> {
    let list = ["data", "value"].iter().find_map(|k| json.get(k)).unwrap_or(json);
    let is_export = list.items().first().is_some_and(|i| i.get("id").is_some()) || json.get("id").is_some();
    document(json)
        .or_else(|| is_export.then(|| ("an export of resources".to_owned(), "read it with `privreach import azure`")))
}
