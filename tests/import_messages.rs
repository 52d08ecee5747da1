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
