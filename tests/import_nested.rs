//! Nothing inside a resource is passed over in silence: into every object of the fixtures a setting is put that nobody
//! knows, turned on and turned off, and the import has to name each of them with its place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::import::{Inputs, Session};
use serde_json::Value;
use std::fs;

/// Folders of fixtures, by format.
const FOLDERS: [(&str, &str); 4] = [
    ("arm", "tests/import/designs"),
    ("arm", "tests/import/arm"),
    ("azure", "tests/import/azure"),
    ("terraform", "tests/import/terraform"),
];

/// Objects that have no part in reachability: what stands in them does not matter.
const BESIDE: [&str; 17] = [
    "autoapproval",
    "copy",
    "hardwareprofile",
    "identity",
    "intrusion_detection",
    "instanceview",
    "intrusiondetection",
    "metadata",
    "os_disk",
    "osprofile",
    "publicips",
    "sku",
    "virtualwan",
    "visibility",
    "vpnsitelink",
    "vpnsitelinks",
    "link",
];

/// Types that have no part in reachability.
const BESIDE_TYPES: [&str; 8] = [
    "azurerm_application_insights",
    "azurerm_express_route_circuit",
    "azurerm_resource_group",
    "microsoft.insights/components",
    "microsoft.strange/things",
    "microsoft.web/serverfarms",
    "random_id",
    "azapi_resource",
];

/// Puts a setting of a name of its own into every object, and remembers where.
fn mark(value: &mut Value, path: &str, with: &Value, marks: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut().filter(|(k, _)| !BESIDE.contains(&k.to_lowercase().as_str())) {
                mark(inner, &format!("{path}.{key}"), with, marks);
            }
            fields.insert(name_of(marks.len()), with.clone());
            marks.push(path.to_owned());
        }
        Value::Array(items) => {
            for (number, item) in items.iter_mut().enumerate() {
                mark(item, &format!("{path}[{number}]"), with, marks);
            }
        }
        _ => {}
    }
}

/// A name that speaks of the network, which is what counts of services.
fn name_of(number: usize) -> String {
    format!("unheard_network{number}x")
}

/// The settings of every resource of a document.
fn resources<'v>(format: &str, value: &'v mut Value, found: &mut Vec<(String, &'v mut Value)>) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            let key = if format == "terraform" { "values" } else { "properties" };
            let is_resource = kind.contains('/') || format == "terraform" && fields.contains_key("address");
            let is_deployment = kind.eq_ignore_ascii_case("Microsoft.Resources/deployments");
            let of_data = fields.get("mode").is_some_and(|m| m == "data");
            for (name, inner) in fields.iter_mut() {
                match inner {
                    Value::Object(_) if name == key && is_resource && !is_deployment && !of_data => {
                        found.push((kind.clone(), inner));
                    }
                    _ => resources(format, inner, found),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|i| resources(format, i, found)),
        _ => {}
    }
}

/// All that an import says of a document.
fn said(format: &str, path: &str, text: &str) -> Result<String, String> {
    let mut session = Session::default();
    match format {
        "arm" => {
            let mut inputs = Inputs::default();
            let parameters = path.replace(".json", ".parameters.json");
            if let Ok(text) = fs::read_to_string(&parameters) {
                inputs.parameter_files.push((parameters, text));
            }
            session.arm(path, text, &inputs, &|_| None);
        }
        "azure" => session.azure(path, text),
        _ => session.terraform(path, text),
    }
    let imported = session.finish("marked").map_err(|(_, problems)| format!("{problems:?}"))?;
    let all = imported.not_understood().iter();
    Ok(all.map(|n| format!("{} {} {}\n", n.kind, n.why, n.source.address)).collect())
}

#[test]
fn every_object_of_every_fixture_is_read_whole() {
    read_whole(&FOLDERS, &"network".into());
}

#[test]
fn what_is_unknown_and_off_is_read_too() {
    read_whole(&FOLDERS[..3], &false.into());
}

fn read_whole(folders: &[(&str, &str)], with: &Value) {
    let (mut silent, mut count) = (Vec::new(), 0);
    for (format, folder) in folders {
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for file in files.iter().map(|f| f.to_string_lossy().into_owned()) {
            if !file.ends_with(".json") || file.ends_with(".parameters.json") {
                continue;
            }
            let Ok(mut document) = serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap()) else { continue };
            let mut places = Vec::new();
            let mut found = Vec::new();
            let whole = if *format == "terraform" { document.get_mut("planned_values") } else { Some(&mut document) };
            let Some(whole) = whole else { continue };
            resources(format, whole, &mut found);
            for (kind, properties) in found {
                match properties.get_mut("body") {
                    Some(body) if kind == "azapi_resource" => mark(body, &kind, with, &mut places),
                    _ if BESIDE_TYPES.contains(&kind.to_lowercase().as_str()) => {}
                    _ => mark(properties, &kind, with, &mut places),
                }
            }
            if places.is_empty() {
                continue;
            }
            match said(format, &file, &document.to_string()) {
                Ok(said) => {
                    count += places.len();
                    let unsaid = places.iter().enumerate().filter(|(n, _)| !said.contains(&name_of(*n)));
                    silent.extend(unsaid.map(|(_, place)| format!("{file}: {place}")));
                }
                Err(problems) => silent.push(format!("{file} does not import: {problems}")),
            }
        }
    }
    assert!(count > 800, "{count}");
    assert!(silent.is_empty(), "{} of {count} are silent:\n{}", silent.len(), silent.join("\n"));
}
