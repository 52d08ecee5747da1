//! Plans of Terraform: what they become, and what is said of those that cannot be used.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    import::{Imported, Session},
    scenario::load_file,
    snapshot::Snapshot,
    verify::{Outcome, verify},
};
use std::{fs, path::Path};

const FIXTURES: &str = "tests/import/terraform";

fn import(name: &str) -> Imported {
    let text = fs::read_to_string(Path::new(FIXTURES).join(name)).unwrap();
    import_text(name, &text)
}

fn import_text(name: &str, text: &str) -> Imported {
    let mut session = Session::default();
    session.terraform(name, text);
    session.finish("imported").unwrap_or_else(|(_, problems)| panic!("{problems:?}"))
}

/// What a plan that cannot be used is refused with: code, message and help in one text.
fn refused(text: &str) -> String {
    let mut session = Session::default();
    session.terraform("plan.json", text);
    let (sources, problems) = session.finish("imported").expect_err("it was imported");
    problems
        .iter()
        .map(|p| {
            let place = p.span.map_or(String::new(), |s| sources.locate(s).to_string());
            format!("{place} {} {} {}\n", p.code, p.message, p.help.as_deref().unwrap_or_default())
        })
        .collect()
}

/// Evaluates what was imported together with an overlay that extends it.
fn check(imported: &Imported, overlay: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("imported.yaml"), imported.yaml()).unwrap();
    let file = directory.path().join("overlay.yaml");
    fs::write(&file, format!("extends: imported.yaml\n{overlay}")).unwrap();
    let loaded = load_file(&file, None);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
    assert!(snapshot.is_usable(), "{:?}", snapshot.diagnostics);
    let verification = verify(&snapshot);
    assert!(!verification.checked.is_empty() && verification.problems.is_empty(), "{:?}", verification.problems);
    verification
        .checked
        .iter()
        .filter(|c| c.outcome != Outcome::Held)
        .map(|c| format!("{}: {}", c.id, c.differences.join("; ")))
        .collect()
}

/// Modules, `count`, `for_each`; references through variables, outputs, loops and to what the platform computes.
#[test]
fn references_are_followed_through_modules_and_loops() {
    let imported = import("modules.json");
    assert!(imported.not_understood().is_empty(), "{:?}", imported.not_understood());
    let failed = check(
        &imported,
        "patch:
  public_hosts: { updates.example.com: {}, elsewhere.example.com: {} }
expectations:
  through-the-firewall: { from: vm-a, to: vm-b, verdict: private, via: routed, through: [afw] }
  other-port: { from: vm-a, to: vm-b, port: 80, verdict: blocked, reason: FW }
  other-direction: { from: vm-b, to: vm-a, verdict: blocked, reason: FW }
  updates: { from: vm-a, to: updates.example.com, verdict: public, through: [afw] }
  elsewhere: { from: vm-b, to: elsewhere.example.com, verdict: blocked, reason: FW }
",
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn places_point_into_the_plan_and_addresses_stand_above_resources() {
    let imported = import("modules.json");
    let yaml = imported.yaml();
    assert!(yaml.contains("# module.spoke[\"b\"].azurerm_subnet.this[1]"), "{yaml}");
    let loaded = imported.load();
    let estate = &loaded.scenarios[0].estate;
    let place = loaded.sources.locate(estate.virtual_networks.get("vnet-b").unwrap().value.address_space[0].span);
    let text = fs::read_to_string(Path::new(FIXTURES).join("modules.json")).unwrap();
    assert!(place.file.ends_with("modules.json"), "{place}");
    assert!(text.lines().nth(place.line - 1).unwrap().contains("10.2.0.0/16"), "{place}");
}

/// Whatever is marked as sensitive, by the provider or by the configuration, stays out of everything that is written.
#[test]
fn secrets_never_reach_the_output() {
    let text = fs::read_to_string(Path::new(FIXTURES).join("foundry-hub.json")).unwrap();
    assert!(text.contains("c2VjcmV0LWtleS1vZi1hLXRlc3Q="));
    let plan = serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let mut outputs = vec![import_text("plan.json", &text)];
    // The same with a marked location, address and whole block: what they decide becomes unknown, and they are not shown.
    let marked = r#"{"format_version":"1.2","planned_values":{"root_module":{"resources":[
      {"address":"azurerm_virtual_network.v","mode":"managed","type":"azurerm_virtual_network","name":"v",
       "values":{"name":"vnet","resource_group_name":"rg","address_space":["10.66.0.0/16"]},"sensitive_values":{"address_space":true}},
      {"address":"azurerm_network_security_group.n","mode":"managed","type":"azurerm_network_security_group","name":"n",
       "values":{"name":"nsg","resource_group_name":"rg","security_rule":[{"name":"hidden-rule","priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","source_address_prefix":"10.77.0.1"}]},
       "sensitive_values":{"security_rule":[{"source_address_prefix":true}]}},
      {"address":"azurerm_storage_account.s","mode":"managed","type":"azurerm_storage_account","name":"s",
       "values":{"name":"hiddenname","resource_group_name":"rg"},"sensitive_values":{"name":true}}]}}}"#;
    let hidden = import_text("marked.json", marked);
    let why = format!("{:?}", hidden.not_understood());
    assert!(why.matches("marked as sensitive").count() == 2, "{why}");
    outputs.push(hidden);
    for imported in outputs {
        let said = format!("{}{:?}", imported.yaml(), imported.not_understood());
        for secret in ["c2VjcmV0", "10.66.0", "10.77.0.1", "hiddenname", "Sup3rSecret"] {
            assert!(!said.contains(secret), "{secret} is in\n{said}");
        }
    }
    assert!(plan["planned_values"].is_object());
}

#[test]
fn what_is_no_plan_of_azure_is_refused_with_its_place() {
    let cases = [
        ("{\"planned_values\": {\"root_module\": {\"resources\": [", "E-JSON", "cut off"),
        ("", "E-JSON", "the file is empty"),
        ("resource \"azurerm_subnet\" \"a\" {\n}", "E-JSON", "terraform show -json"),
        ("PK\u{3}\u{4}tfplan", "E-JSON", "terraform show -json"),
        (
            "{\"@level\":\"info\",\"@message\":\"Terraform 1.9\"}\n{\"@level\":\"info\"}",
            "E-JSON",
            "terraform show -json",
        ),
        (
            "{\"version\":4,\"terraform_version\":\"1.9.5\",\"serial\":1,\"lineage\":\"x\",\"resources\":[]}",
            "E-IMPORT",
            "terraform show -json",
        ),
        ("{\"a\": 1}", "E-IMPORT", "planned_values"),
        ("[]", "E-IMPORT", "planned_values"),
        (
            "{\"planned_values\":{\"root_module\":{\"resources\":[{\"address\":\"aws_vpc.a\",\"type\":\"aws_vpc\",\"name\":\"a\",\"values\":{}}]}}}",
            "E-IMPORT",
            "1 of aws",
        ),
        ("{\"errored\":true,\"planned_values\":{\"root_module\":{}}}", "E-IMPORT", "incomplete"),
        ("{\"planned_values\":{\"root_module\":{}}}", "E-IMPORT", "nothing in the input"),
    ];
    for (text, code, hint) in cases {
        let said = refused(text);
        assert!(said.contains(code) && said.contains(hint), "{text}\n{said}");
    }
}

/// Cut anywhere, a plan is refused or, where the rest is white space, read; never a panic, never half of it.
#[test]
fn a_truncated_plan_is_refused() {
    let text = fs::read_to_string(Path::new(FIXTURES).join("modules.json")).unwrap();
    let end = text.trim_end().len();
    for cut in (1..end).step_by(997).filter(|c| text.is_char_boundary(*c)) {
        assert!(refused(&text[..cut]).contains("E-JSON"), "{cut}");
    }
}

/// Plans that refer in circles, or hold other types than one expects, end.
#[test]
fn odd_plans_do_not_hang_or_panic() {
    let resource = |values: &str| {
        format!(
            "{{\"planned_values\":{{\"root_module\":{{\"resources\":[{{\"address\":\"azurerm_subnet.a\",\"mode\":\"managed\",\"type\":\"azurerm_subnet\",\"name\":\"a\",\"values\":{values}}}]}}}},\"configuration\":{{\"root_module\":{{\"resources\":[{{\"address\":\"azurerm_subnet.a\",\"mode\":\"managed\",\"type\":\"azurerm_subnet\",\"name\":\"a\",\"expressions\":{{\"virtual_network_name\":{{\"references\":[\"azurerm_subnet.a.virtual_network_name\",\"azurerm_subnet.a\"]}},\"route_table_id\":{{\"references\":[\"var.x\"]}}}}}}],\"module_calls\":{{\"m\":{{\"expressions\":{{\"x\":{{\"references\":[\"module.m.x\",\"module.m\"]}}}},\"module\":{{\"outputs\":{{\"x\":{{\"expression\":{{\"references\":[\"var.x\"]}}}}}}}}}}}}}}}}}}"
        )
    };
    for values in [
        "{\"name\":\"s\"}",
        "null",
        "[]",
        "{\"name\":7,\"address_prefixes\":\"x\",\"delegation\":{\"a\":[1]}}",
        "\"x\"",
    ] {
        let mut session = Session::default();
        session.terraform("odd.json", &resource(values));
        let _ = session.finish("odd").map(|i| i.yaml());
    }
}

/// What exists already is read from data sources; what they do not tell is said, and in doubt.
#[test]
fn data_sources_are_read_as_far_as_they_tell() {
    let imported = import("data-sources.json");
    let failed = check(
        &imported,
        "expectations:
  inside: { from: vm-app, to: vm-other, verdict: private }
  # Peerings of a network that is only read may lead elsewhere; its rules are known.
  to-what-exists: { from: vm-app, to: vm-shared, verdict: unknown, reason: NOT-MODELLED }
  # Whether the zone is linked to the network is not in the plan.
  by-a-zone-that-exists: { from: vm-app, to: stdata.blob.core.windows.net, verdict: unknown, reasons: [PNA, NOT-MODELLED] }
  # No zone answers for the vault, and its public access is disabled, as its data source tells.
  vault: { from: vm-app, to: kv-shared.vault.azure.net, verdict: blocked, reason: PNA }
",
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let counts: Vec<_> = imported.counts().filter(|(_, c)| c.not_understood > 0).collect();
    assert!(counts.is_empty(), "{counts:?}");
}

/// An attribute that no table reads, and that could matter, is said with its place, and puts its resource in doubt.
#[test]
fn attributes_that_are_not_read_are_said() {
    let text = fs::read_to_string(Path::new(FIXTURES).join("data-sources.json")).unwrap();
    for (old, new, attribute, place) in [
        (
            "\"encryption\": []".to_owned(),
            "\"encryption\": [{\"enforcement\": \"DropUnencrypted\"}]".to_owned(),
            "azurerm_virtual_network encryption",
            "azurerm_virtual_network.app.encryption",
        ),
        (
            "\"service_endpoint_policy_ids\": []".to_owned(),
            "\"service_endpoint_policy_ids\": [], \"new_attribute\": \"on\"".to_owned(),
            "azurerm_subnet new_attribute",
            "azurerm_subnet.app.new_attribute",
        ),
    ] {
        assert!(text.contains(&old), "{old}");
        let imported = import_text("plan.json", &text.replace(&old, &new));
        let said = imported.not_understood().iter().find(|n| n.kind == attribute);
        assert!(said.is_some_and(|n| n.source.address == place), "{:?}", imported.not_understood());
        let failed = check(
            &imported,
            "expectations:\n  inside: { from: vm-app, to: vm-other, verdict: unknown, reason: NOT-MODELLED }\n",
        );
        assert!(failed.is_empty(), "{attribute}: {}", failed.join("\n"));
    }
    // What lets everything pass is no setting.
    let allowed = text.replace("\"encryption\": []", "\"encryption\": [{\"enforcement\": \"AllowUnencrypted\"}]");
    let (open, plain) = (import_text("plan.json", &allowed), import("data-sources.json"));
    assert_eq!(open.not_understood().len(), plain.not_understood().len());
}

/// Without a zone group, a record takes the address of the endpoint by reference.
#[test]
fn records_take_the_addresses_of_endpoints() {
    let text = fs::read_to_string(Path::new(FIXTURES).join("record-of-endpoint.json")).unwrap();
    let imported = import_text("record-of-endpoint.json", &text);
    assert!(imported.not_understood().is_empty(), "{:?}", imported.not_understood());
    let failed = check(
        &imported,
        "expectations:
  by-the-record: { from: vm, to: kvrecord.vault.azure.net, verdict: private, via: private-endpoint }
",
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What azapi sends beside its body is in no plan, and puts the resource in doubt.
#[test]
fn bodies_that_are_withheld_are_said() {
    let plan = |more: &str| {
        format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.9.8", "planned_values": {{"root_module": {{"resources": [
            {{"address": "azapi_resource.st", "mode": "managed", "type": "azapi_resource", "name": "st",
              "provider_name": "registry.terraform.io/azure/azapi", "sensitive_values": {{}}, "values": {{
              "type": "Microsoft.Storage/storageAccounts@2023-05-01", "name": "stwithheld", "location": "westeurope",
              "parent_id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg",
              "body": {{"properties": {{"publicNetworkAccess": "Disabled"}}}}, "sensitive_body": null}}}}]}}}},
            "configuration": {{"root_module": {{"resources": [{{"address": "azapi_resource.st", "mode": "managed",
              "type": "azapi_resource", "name": "st", "expressions": {{{more}}}}}]}}}}}}"#
        )
    };
    let said =
        |text: &str| import_text("plan.json", text).not_understood().iter().map(|n| n.kind.clone()).collect::<Vec<_>>();
    assert_eq!(said(&plan("")), Vec::<String>::new());
    assert_eq!(said(&plan(r#""sensitive_body": {"references": ["var.more"]}"#)), ["azapi_resource sensitive_body"]);
}

/// NAT rules name the firewall's public IP by an attribute that only a deployment tells.
#[test]
fn translations_of_public_ips_are_known_by_whose_they_are() {
    let text = fs::read_to_string(Path::new(FIXTURES).join("translation-of-unknown-address.json")).unwrap();
    let imported = import_text("translation-of-unknown-address.json", &text);
    assert!(imported.not_understood().is_empty(), "{:?}", imported.not_understood());
    let failed = check(
        &imported,
        "patch: { internet_clients: { visitor: { ip_address: 198.51.100.9 } } }
expectations:
  translated: { from: visitor, to: pip-fw, verdict: public, through: [fw] }
  another-port: { from: visitor, to: pip-fw, port: 22, verdict: blocked, reason: FW }
",
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
