//! What users of `import` meet when a file, a parameter or an option is not what it should be: one message, that says what
//! it is and what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::{fs, path::Path, process::Command};

const VNET: &str = r#"{ "id": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet", "name": "vnet", "type": "microsoft.network/virtualnetworks", "location": "westeurope", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } }"#;

/// A template of a network, with parameters and a name.
fn template(parameters: &str, name: &str) -> String {
    format!(
        r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "parameters": {{ {parameters} }}, "resources": [ {{
            "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "{name}",
            "location": "westeurope", "properties": {{ "addressSpace": {{ "addressPrefixes": ["10.0.0.0/16"] }} }} }} ] }}"#
    )
}

/// A run in a directory: the exit code and both outputs in words.
fn run(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_privreach")).current_dir(directory).args(arguments).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Runs that fail with exactly one error, with what it has to say.
#[test]
fn one_mistake_is_one_message() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let write = |name: &str, bytes: &[u8]| fs::write(here.join(name), bytes).unwrap();
    let parameters = r#""a": { "type": "string" }, "b": { "type": "bool" }, "c": { "type": "array" }"#;
    let name = "[if(parameters('b'), parameters('a'), parameters('c')[0])]";
    write("main.json", template(parameters, name).as_bytes());
    let given = |b: &str| {
        format!(r#"{{ "parameters": {{ "a": {{ "value": "x" }}, "b": {{ "value": {b} }}, "c": {{ "value": [] }} }} }}"#)
    };
    write("wrong.json", given("\"yes\"").as_bytes());
    write("misspelt.json", template("", "[cidrSubnt('10.0.0.0/8', 16, 0)]").as_bytes());
    write("vnet.json", VNET.as_bytes());
    write("object.json", b"{}");
    write("list.json", b"[]");
    write("query.json", br#"{ "count": 0, "data": [], "skip_token": null, "total_records": 0 }"#);
    write("none.json", b"");
    write("blank.json", b" \n\t\n");
    write("zeros.json", &[0; 5000]);
    write("zero.json", b"{\"a\":\0 1}");
    write("latin1.json", b"{\"a\": \"caf\xe9\"}");
    write("tfplan", b"PK\x03\x04\x14\0\x08\0");
    write(
        "main.bicep",
        b"// a comment\nparam location string\nresource v 'Microsoft.Network/virtualNetworks@2024-05-01' = {\n}\n",
    );
    write("main.bicepparam", b"using './main.bicep'\nparam a = 'x'\n");
    write("main.tf", b"resource \"azurerm_virtual_network\" \"v\" {\n}\n");
    write("scenario.yaml", b"virtual_networks:\n  v: { address_space: [10.0.0.0/16] }\n");
    write("scenario.json", br#"{ "virtual_networks": { "v": { "address_space": ["10.0.0.0/16"] } } }"#);
    write("list.yaml", b"- id: x\n  name: vnet\n");
    write("table.txt", b"Name    ResourceGroup\n------  ------\nvnet    rg\n");
    write("table.csv", b"id,name,type\nx,vnet,y\n");
    write("page.html", b"<!DOCTYPE html><html></html>");
    write("error.txt", b"ERROR: (AuthorizationFailed) The client may not\n");
    write("warned.json", b"WARNING: The command is in preview.\n[]");
    write("refused.json", br#"{ "error": { "code": "AuthorizationFailed", "message": "The client may not" } }"#);
    write("coloured.json", b"\x1b[32m[]\x1b[0m");
    write("lines.json", format!("{VNET}\n{VNET}\n").as_bytes());
    write("plan.json", br#"{ "format_version": "1.2", "planned_values": { "root_module": { "resources": [] } } }"#);
    write("state.json", br#"{ "version": 4, "terraform_version": "1.9.5", "lineage": "x", "resources": [ {}, {} ] }"#);
    write("template.json", template("", "vnet").as_bytes());
    fs::create_dir(here.join("dir")).unwrap();
    let cases: &[(&str, &[&str])] = &[
        (
            "arm main.json --parameters main.json",
            &["this is a template, not a parameter file", "name the template before"],
        ),
        ("arm main.json --parameters wrong.json", &["the parameter `b` is text, and the template takes bool"]),
        ("arm misspelt.json", &["`cidrSubnt` is not known", "did you mean `cidrSubnet`?"]),
        ("azure object.json", &["this is no export of resources", "az graph query"]),
        ("azure list.json", &["holds no resources", "az account show", "--subscriptions"]),
        ("azure query.json list.json", &["holds no resources", "az account show"]),
        ("azure vnet.json --evidence object.json", &["no table of effective routes", "show-effective-route-table"]),
        ("azure vnet.json --evidence vnet.json", &["no table of effective routes", "show-effective-route-table"]),
        ("azure none.json", &["the file is empty"]),
        ("azure blank.json", &["the file is empty"]),
        ("terraform none.json", &["the file is empty"]),
        ("arm none.json", &["the file is empty"]),
        ("azure zeros.json", &["zero bytes, as no text does", "= help:"]),
        ("azure zero.json", &["zero bytes, as no text does", "= help:"]),
        ("azure latin1.json", &["not UTF-8 text (byte 11)", "save the file as UTF-8"]),
        ("terraform tfplan", &["ZIP archive", "terraform show -json"]),
        ("arm main.bicep", &["this is Bicep", "bicep build"]),
        ("terraform main.bicep", &["this is Bicep", "bicep build"]),
        ("arm template.json --parameters main.bicepparam", &["Bicep parameter file", "bicep build-params"]),
        ("arm template.json --parameters list.json", &["this is a list, and no parameter file"]),
        ("arm main.tf", &["configuration of Terraform", "privreach import terraform"]),
        ("azure scenario.yaml", &["this is YAML", "privreach check"]),
        ("azure scenario.json", &["this is a scenario", "privreach check"]),
        ("azure list.yaml", &["this is YAML", "-o json"]),
        ("azure table.txt", &["this is a table", "-o json"]),
        ("azure table.csv", &["this is a table", "-o json"]),
        ("azure page.html", &["a web page", "sign-in"]),
        ("azure error.txt", &["error of a tool"]),
        ("azure warned.json", &["messages of a tool", "2>&1"]),
        ("azure refused.json", &["an error that Azure answered (AuthorizationFailed)"]),
        ("azure coloured.json", &["with colours", "-o json"]),
        ("azure lines.json", &["one JSON document a file", "jq -s ."]),
        ("azure plan.json", &["a plan or state of Terraform", "privreach import terraform"]),
        ("azure state.json", &["a state as Terraform keeps it", "terraform show -json"]),
        ("azure template.json", &["an ARM template", "privreach import arm"]),
        ("arm vnet.json", &["an export of resources", "privreach import azure"]),
        ("arm plan.json", &["a plan or state of Terraform", "privreach import terraform"]),
        ("arm state.json", &["a state as Terraform keeps it", "terraform show -json"]),
        ("terraform template.json", &["an ARM template", "privreach import arm"]),
        ("terraform vnet.json", &["an export of resources", "privreach import azure"]),
        ("azure absent.json", &["cannot read absent.json", "check the path"]),
        ("azure dir", &["cannot read dir", "name the files in it"]),
    ];
    let mut wrong = Vec::new();
    for (line, parts) in cases {
        let arguments: Vec<&str> = std::iter::once("import").chain(line.split(' ')).collect();
        let (code, text) = run(here, &arguments);
        if code != 2 || !text.contains("1 error in the input") || parts.iter().any(|p| !text.contains(p)) {
            wrong.push(format!("{line}: {code} {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn options_that_do_nothing_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    fs::write(here.join("vnet.json"), VNET).unwrap();
    let vnet = ["import", "azure", "vnet.json"];
    for option in [["--format", "json"], ["--protocol", "udp"], ["--from", "a"]] {
        let (code, text) = run(here, &[vnet.as_slice(), &option].concat());
        assert!(code == 2 && text.contains("--run"), "{code} {text}");
    }
    let (code, text) = run(here, &[vnet.as_slice(), &["--run", "check"]].concat());
    assert!(code == 2 && text.contains("E-NO-EXPECTATION") && text.contains("add `--expect`"), "{code} {text}");
    let (code, text) = run(here, &[vnet.as_slice(), &["--output", "absent/x.yaml"]].concat());
    assert!(code == 2 && text.contains("cannot write absent/x.yaml") && text.contains("make its directory"), "{text}");
    let (code, text) = run(here, &[vnet.as_slice(), &["--output", "."]].concat());
    assert!(code == 2 && text.contains("name a file in it"), "{text}");
}

/// UTF-16, as PowerShell's `>` writes it, is read, and places count its characters.
#[test]
fn exports_may_be_utf_16() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let wide =
        |text: &str| -> Vec<u8> { format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect() };
    fs::write(here.join("wide.json"), wide(&VNET.replace("\"vnet\"", "\"vnet-é\""))).unwrap();
    let (code, text) = run(here, &["import", "azure", "wide.json"]);
    assert!(code == 0 && text.contains("1 imported"), "{code} {text}");
    fs::write(here.join("fault.json"), wide("{ \"é\": 1,\n \"é\" 2 }")).unwrap();
    let (code, text) = run(here, &["import", "azure", "fault.json"]);
    assert!(code == 2 && text.contains("fault.json:2:6"), "{code} {text}");
}

/// What was taken to be so is said beside the result.
#[test]
fn the_summary_says_what_was_assumed() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let parameters = r#""key": { "type": "securestring" }, "pass": { "type": "secureString" }, "known": { "type": "securestring", "defaultValue": "" }"#;
    fs::write(here.join("main.json"), template(parameters, "vnet")).unwrap();
    fs::write(here.join("list.json"), "[]").unwrap();
    fs::write(here.join("vnet.json"), VNET).unwrap();
    let (code, text) = run(here, &["import", "arm", "main.json"]);
    assert!(code == 0 && text.contains("secret parameters without a value, taken as unknown: key, pass"), "{text}");
    let (code, text) = run(here, &["import", "arm", "main.json", "--parameter", "key=1", "--parameter", "pass=2"]);
    assert!(code == 0 && !text.contains("without a value"), "{text}");
    let (code, text) = run(here, &["import", "azure", "vnet.json", "list.json"]);
    assert!(code == 0 && text.contains("list.json: this export holds no resources"), "{text}");
}

/// A line of megabytes is not walked again and again.
#[test]
fn faults_behind_long_lines_are_told_quickly() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let blanks = " ".repeat(3_000_000);
    fs::write(here.join("blanks.json"), &blanks).unwrap();
    fs::write(here.join("fault.json"), format!("{{ \"resources\": [{blanks}}}")).unwrap();
    fs::write(here.join("fault.yaml"), format!("virtual_networks: {{{blanks}}}}}")).unwrap();
    for arguments in
        [["import", "arm", "blanks.json"], ["import", "arm", "fault.json"], ["trace", "fault.yaml", "--from=a"]]
    {
        let begin = std::time::Instant::now();
        let more: &[&str] = if arguments[0] == "trace" { &["--to=b"] } else { &[] };
        let (code, text) = run(here, &[arguments.as_slice(), more].concat());
        assert!(code == 2 && text.len() < 2000, "{code} {text}");
        assert!(arguments[2] == "blanks.json" || text.contains(":1:30000"), "{text}");
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{arguments:?}: {:?}", begin.elapsed());
    }
}
