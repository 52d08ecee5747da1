//! Attributes that no list knows, in plans of Terraform: whatever their value, they are said, and what they belong to is
//! in doubt. Into every object of the fixtures an attribute of a name of its own is put, with values that turn something
//! on, that turn something off, and that could mean either.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::import::Session;
use serde_json::{Value, json};
use std::fs;

const FIXTURES: &str = "tests/import/terraform";

/// Types without a part in reachability.
const BESIDE_TYPES: [&str; 5] =
    ["azurerm_application_insights", "azurerm_resource_group", "azapi_resource", "random_id", "azurerm_service_plan"];

/// Blocks without a part in reachability: nothing inside them matters.
const BESIDE: [&str; 7] = ["app_settings", "identity", "intrusion_detection", "link", "os_disk", "sku", "tags"];

/// Of these whole services, most attributes are about other things than the network: only those count whose names speak
/// of it. Blocks of theirs that are read are read whole, and so is all else.
const SERVICES: [&str; 20] = [
    "azurerm_ai_foundry",
    "azurerm_ai_foundry_project",
    "azurerm_ai_services",
    "azurerm_api_management",
    "azurerm_cognitive_account",
    "azurerm_container_registry",
    "azurerm_cosmosdb_account",
    "azurerm_databricks_workspace",
    "azurerm_eventhub_namespace",
    "azurerm_iothub",
    "azurerm_key_vault",
    "azurerm_linux_function_app",
    "azurerm_linux_web_app",
    "azurerm_machine_learning_workspace",
    "azurerm_mssql_server",
    "azurerm_postgresql_flexible_server",
    "azurerm_search_service",
    "azurerm_servicebus_namespace",
    "azurerm_storage_account",
    "azurerm_windows_web_app",
];

/// Blocks of services that are not about the network.
const LOOSE: [&str; 5] =
    ["blob_properties", "consistency_policy", "delete_retention_policy", "share_properties", "storage_profile"];

/// What has to be said: the name that was put in, and where.
type Mark = (String, String);

/// Puts an attribute into every object, and remembers it.
fn mark(word: &str, new: &Value, value: &mut Value, path: &str, loose: bool, marks: &mut Vec<Mark>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut().filter(|(k, _)| !BESIDE.contains(&k.as_str())) {
                let loose = LOOSE.contains(&key.as_str()) && loose;
                mark(word, new, inner, &format!("{path}.{key}"), loose, marks);
            }
            let name = format!("{word}{}x", marks.len());
            fields.insert(name.clone(), new.clone());
            // Names that do not speak of the network count where nothing else is expected.
            marks.push((if loose && !word.contains("network") { String::new() } else { name }, path.to_owned()));
        }
        Value::Array(items) => {
            for (number, item) in items.iter_mut().enumerate() {
                mark(word, new, item, &format!("{path}[{number}]"), loose, marks);
            }
        }
        _ => {}
    }
}

/// The attributes of every resource, below planned values.
fn resources<'v>(value: &'v mut Value, found: &mut Vec<(String, &'v mut Value)>) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            let counts = fields.get("mode").is_some_and(|m| m == "managed") && !BESIDE_TYPES.contains(&kind.as_str());
            for (name, inner) in fields.iter_mut() {
                match inner {
                    Value::Object(_) if name == "values" && counts => found.push((kind.clone(), inner)),
                    _ => resources(inner, found),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|i| resources(i, found)),
        _ => {}
    }
}

fn said(path: &str, document: &Value) -> String {
    let mut session = Session::default();
    session.terraform(path, &document.to_string());
    let imported = session.finish("marked").unwrap_or_else(|(_, problems)| panic!("{path}: {problems:?}"));
    imported.not_understood().iter().map(|n| format!("{} {} {}\n", n.kind, n.name, n.why)).collect()
}

/// Documents with an attribute of one name and value in every object, and what has to be said of them.
fn marked(word: &str, new: &Value) -> Vec<(String, Value, Vec<Mark>)> {
    let mut files: Vec<_> = fs::read_dir(FIXTURES).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let file = file.to_string_lossy().into_owned();
        let mut document: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let mut marks = Vec::new();
        let mut found = Vec::new();
        let key = if document.get("planned_values").is_some() { "planned_values" } else { "values" };
        resources(document.get_mut(key).unwrap(), &mut found);
        for (kind, values) in found {
            let loose = SERVICES.contains(&kind.as_str());
            mark(word, new, values, &kind, loose, &mut marks);
        }
        all.push((file, document, marks));
    }
    all
}

#[test]
fn attributes_that_no_list_knows_are_said_whatever_their_value() {
    let (mut silent, mut count) = (Vec::new(), 0);
    let on = [json!(true), json!("Allow"), json!([{ "x": "Allow" }])];
    let off = [json!(false), json!(0), json!("Deny"), json!("Disabled"), json!("None"), json!([{ "x": false }])];
    for new in on.iter().chain(&off) {
        for word in ["unheard_network", "zz"] {
            for (file, document, marks) in marked(word, new) {
                let said = said(&file, &document);
                count += marks.len();
                let unsaid = marks.iter().filter(|(name, _)| !name.is_empty() && !said.contains(name.as_str()));
                silent.extend(unsaid.map(|(name, place)| format!("{file}: {place}.{name} = {new}")));
            }
        }
    }
    assert!(count > 5000, "{count}");
    assert!(silent.is_empty(), "{} of {count} are silent:\n{}", silent.len(), silent.join("\n"));
}

/// Providers write every attribute into a plan, also those that nobody set.
#[test]
fn attributes_without_a_value_are_nothing() {
    for new in [json!(null), json!(""), json!([]), json!({}), json!([{ "x": null }])] {
        for (file, document, _) in marked("unheard_network", &new) {
            let said = said(&file, &document);
            assert!(!said.contains("unheard_network"), "{file}: {new}\n{said}");
        }
    }
}
