//! The program as users run it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use assert_cmd::Command;
use std::fs;

const MUTATIONS: &str = "scenarios/foundry-hub/mutations.yaml";
const FLAGSHIP: &str = "scenarios/foundry-hub/foundry-hub.yaml";

/// Exit code, standard output and standard error of a run.
fn run(args: &[&str]) -> (i32, String, String) {
    run_with(args, "", &[])
}

fn run_with(args: &[&str], input: &str, environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("privreach").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR").env("COLUMNS", "80");
    let output = command.args(args).envs(environment.iter().copied()).write_stdin(input).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A scenario in which `visitor` asks for a closed service; the expectation is given.
fn scenario(expectation: &str) -> String {
    format!(
        "services:\n  stsample: {{ type: Microsoft.Storage/storageAccounts, public_network_access_enabled: false }}\n\
         internet_clients:\n  visitor: {{ ip_address: 198.51.100.7 }}\nexpectations:\n  E1: {expectation}\n"
    )
}

#[test]
fn exit_codes() {
    let check = |expectation: &str| run_with(&["check", "-"], &scenario(expectation), &[]).0;
    assert_eq!(check("{ from: visitor, to: stsample.blob.core.windows.net, verdict: blocked, reason: PNA }"), 0);
    assert_eq!(check("{ from: visitor, to: stsample.blob.core.windows.net, verdict: public }"), 1);
    assert_eq!(check("{ from: visitor, to: nobody.example.com, verdict: public }"), 3);
    assert_eq!(check("{ from: visitor, to: nobody.example.com, verdict: unknown }"), 0);
    assert_eq!(check("{ from: nobody, to: stsample.blob.core.windows.net, verdict: public }"), 2);
    assert_eq!(check("{ from: visitor, verdict: public }"), 2);
    assert_eq!(check("{ from: visitor, to: stsample.blob.core.windows.net, never: public }"), 0);
    assert_eq!(check("{ from: visitor, to: nobody.example.com, never: public }"), 3);
    assert_eq!(check("{ from: kind:internet_client, to: kind:storage_account, never: public }"), 0);
    assert_eq!(check("{ from: kind:internet_client, to: kind:storage_account, never: blocked }"), 1);
    assert_eq!(check("{ from: kind:internet_client, to: nobody.example.com, never: public }"), 3);
    assert_eq!(check("{ from: kind:virtual_machine, to: kind:storage_account, never: public }"), 1);
    assert_eq!(check("{ from: kind:toaster, to: kind:storage_account, never: public }"), 2);
    assert_eq!(check("{ from: kind:internet_client, to: nobody, never: public }"), 2);
    let nothing = run_with(&["check", "-"], "virtual_networks: {}\n", &[]);
    assert!(nothing.0 == 2 && nothing.2.contains("E-NO-EXPECTATION"), "{nothing:?}");
    assert_eq!(run(&["check", "no/such/path"]).0, 2);
    assert_eq!(run(&[]).0, 2);
    assert_eq!(run(&["--help"]).0, 0);
    assert_eq!(run(&["frobnicate"]).0, 2);
}

#[test]
fn check_reports_failures_with_their_place_and_the_deciding_steps() {
    let text = scenario("{ from: visitor, to: stsample.blob.core.windows.net, verdict: public }");
    let (_, out, _) = run_with(&["check", "-"], &text, &[]);
    for part in ["failed E1", "verdict: expected public, found blocked", "<stdin>:6:3", "PNA", "1 fail"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
}

#[test]
fn check_as_json_is_versioned() {
    let (code, out, _) = run(&["check", "scenarios/quickstart", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &value["version"], &value["command"]), (0, &1.into(), &"check".into()));
    assert_eq!(value["result"]["scenarios"][0]["held"], 3);
}

#[test]
fn a_trace_names_all_blockers_with_their_place_and_what_to_change() {
    let args =
        ["trace", MUTATIONS, "--variant", "M02-search-rule-missing", "--from", "ci-alice", "--to", "srch-contoso"];
    let (code, out, _) = run(&args);
    assert_eq!(code, 0);
    for part in ["blocked", "EGRESS, PNA", "foundry-hub.yaml:", "ISO-03", "PAAS-01", "to fix", "MPE-05"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    let (_, json, _) = run(&[&args[..], &["--format", "json"]].concat());
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["result"]["verdict"], "blocked");
    assert_eq!(value["result"]["reasons"], serde_json::json!(["EGRESS", "PNA"]));
    assert!(value["result"]["steps"].as_array().unwrap().iter().any(|s| s["place"]["line"].as_u64() > Some(1)));
}

#[test]
fn targets_may_be_names_urls_and_addresses() {
    let to = |to: &str| run(&["trace", FLAGSHIP, "--from", "onprem-user", "--to", to]).1;
    assert!(to("srch-contoso").starts_with("private"));
    assert!(to("https://staihcontoso.blob.core.windows.net/container?x=1").starts_with("private"));
    assert!(to("staihcontoso.file.core.windows.net:445").starts_with("private"));
    assert!(to("staihcontoso.blob.core.windows.net:445").starts_with("blocked"));
    // The address of an endpoint connects, and is no name of the service (PE-17).
    assert!(to("10.0.3.15").starts_with("blocked"));
    assert!(to("192.168.30.20").starts_with("private"));
}

#[test]
fn mistakes_on_the_command_line_come_with_a_suggestion() {
    let fails = |args: &[&str], hint: &str| {
        let (code, _, err) = run(args);
        let err = err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == 2 && err.contains(hint), "{code} {err}");
    };
    fails(&["trace", FLAGSHIP, "--from", "ci-alic", "--to", "srch-contoso"], "did you mean `ci-alice`");
    fails(&["trace", FLAGSHIP, "--from", "ci-alice", "--to", "srch-contos"], "did you mean `srch-contoso`");
    fails(&["trace", FLAGSHIP, "--from", "ci-alice", "--to", "staihcontoso"], "staihcontoso.blob.core.windows.net");
    fails(&["trace", MUTATIONS, "--variant", "M2", "--from", "a", "--to", "b"], "has no variant");
    fails(&["explain", "PNAA"], "did you mean `PNA`");
    fails(&["trace", FLAGSHIP, "--from", "ci-alice", "--to", "srch-contoso:99999"], "not a port");
}

#[test]
fn resolve_walks_the_forwarders() {
    let (code, out, _) = run(&["resolve", FLAGSHIP, "--from", "onprem-user", "kv-aih-contoso.vault.azure.net"]);
    assert_eq!(code, 0);
    for part in ["10.0.3.9", "dns-dc1", "conditional_forwarder", "privatelink.vaultcore.azure.net"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    assert!(run(&["resolve", FLAGSHIP, "--from", "ci-alice", "sql01.corp.contoso.com"]).1.contains("NXDOMAIN"));
}

#[test]
fn the_graph_nests_clusters_and_balances() {
    let (_, out, _) = run(&["graph", FLAGSHIP]);
    assert_eq!(out.matches('{').count(), out.matches('}').count());
    assert!(out.matches("subgraph cluster_").count() >= 12);
    assert!(!out.contains("penwidth=3"));
    let (_, traced, _) = run(&["graph", FLAGSHIP, "--trace", "ci-alice", "artifactory.corp.contoso.com"]);
    assert!(traced.contains("penwidth=3"));
    let (code, _, err) = run_with(&["graph", FLAGSHIP, "--format", "svg", "--engine", "graphviz"], "", &[("PATH", "")]);
    assert!(code == 2 && err.contains("Graphviz"), "{err}");
    let (code, picture, _) = run_with(&["graph", FLAGSHIP, "--format", "svg"], "", &[("PATH", "")]);
    assert!(code == 0 && picture.starts_with("<svg"), "no other program is needed");
    // The ending of the output names the form.
    let directory = tempfile::tempdir().unwrap();
    for (name, start) in [("hub.svg", "<svg"), ("hub.mmd", "flowchart"), ("hub.gv", "digraph")] {
        let path = directory.path().join(name);
        assert_eq!(run(&["graph", FLAGSHIP, "--output", path.to_str().unwrap()]).0, 0);
        assert!(std::fs::read_to_string(&path).unwrap().trim_start().starts_with(start), "{name}");
    }
    let (code, _, err) = run(&["graph", FLAGSHIP, "--focus", "vnet-hup"]);
    assert!(code == 2 && err.contains("did you mean `vnet-hub`?"), "{err}");
}

#[test]
fn hostile_names_stay_inside_the_picture_and_the_terminal() {
    let text = "virtual_networks:\n  \"v\\\"]; \\e[31m<b>\":\n    address_space: [10.0.0.0/16]\n";
    let (code, out, _) = run_with(&["graph", "-"], text, &[]);
    assert!(code == 0 && out.contains("v\\\"];") && !out.contains('\u{1b}'), "{out}");
}

#[test]
fn explain_and_schema() {
    assert!(run(&["explain", "pna"]).1.contains("refuses"));
    assert!(run(&["explain", "E-UNKNOWN-KEY"]).1.contains("misspelt"));
    assert!(run(&["explain"]).1.contains("managed-private-endpoint"));
    assert!(run(&["explain", "services"]).1.contains("Microsoft.KeyVault/vaults"));
    let schema: serde_json::Value = serde_json::from_str(&run(&["schema"]).1).unwrap();
    assert!(schema["properties"]["private_endpoints"].is_object());
}

#[test]
fn output_colour_and_determinism() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("result.json");
    let name = file.to_str().unwrap();
    let (code, out, _) = run(&["check", "scenarios/quickstart", "--format", "json", "--output", name]);
    assert!(code == 0 && out.is_empty());
    assert_eq!(fs::read_to_string(&file).unwrap(), run(&["check", "scenarios/quickstart", "--format", "json"]).1);
    let args = ["check", "scenarios/quickstart", "--color"];
    let with = |colour: &str, env: &[(&str, &str)]| run_with(&[&args[..], &[colour]].concat(), "", env).1;
    assert!(with("always", &[]).contains('\u{1b}'));
    assert!(!with("auto", &[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!with("never", &[]).contains('\u{1b}'));
    assert_eq!(run(&["check", "scenarios", "-v"]), run(&["check", "scenarios", "-v"]));
}

#[test]
fn text_fits_a_terminal_of_80_columns() {
    for args in [&["check", "scenarios"][..], &["trace", FLAGSHIP, "--from", "onprem-user", "--to", "srch-contoso"]] {
        for line in run(args).1.lines() {
            let longest = line.split(' ').map(|w| w.chars().count()).max().unwrap_or(0);
            assert!(line.chars().count() <= 80 || longest > 40, "{line}");
        }
    }
}

/// `lint` fails at the level it is told to, and a suppression silences what it names until its last day.
#[test]
fn lint_fails_at_its_level() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("one-sided.yaml");
    let estate = |ignore: &str| {
        format!(
            "virtual_networks:\n  a: {{ address_space: [10.0.0.0/16] }}\n  b: {{ address_space: [10.1.0.0/16] }}\n\
             virtual_network_peerings:\n  a-to-b:\n    virtual_network: a\n    remote_virtual_network: b\n{ignore}"
        )
    };
    let run = |args: &[&str]| {
        let output =
            assert_cmd::Command::cargo_bin("privreach").unwrap().arg("lint").arg(&file).args(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    std::fs::write(&file, estate("")).unwrap();
    assert_eq!(run(&["--only", "peering-one-sided"]).0, 1);
    assert_eq!(run(&["--only", "prl0101", "--fail-on", "never"]).0, 0);
    assert_eq!(run(&["--ignore", "PRL0101"]).0, 0);
    assert_eq!(run(&["--only", "peering-onesided"]).0, 2);
    std::fs::write(
        &file,
        estate("    lint_ignore: [{ rule: peering-one-sided, reason: later, expires: 2027-01-31 }]\n"),
    )
    .unwrap();
    assert_eq!(run(&["--only", "peering-one-sided", "--today", "2027-01-31"]).0, 0);
    let (code, text) = run(&["--today", "2027-02-01"]);
    assert!(code == 1 && text.contains("PRL0002") && text.contains("reported again"), "{text}");
}

#[test]
fn generate_writes_a_scenario_that_loads_or_says_why_it_cannot() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("estate.json");
    let path = file.to_str().unwrap();
    let sizes = ["generate", "--endpoints", "30", "--services", "8", "--output", path];
    assert_eq!(run(&sizes).0, 0);
    assert!(fs::read_to_string(&file).unwrap().starts_with('{'));
    let (code, out, _) = run(&["resolve", path, "--from", "vm-spoke1-web-01", "linux.updates.example.com"]);
    assert!(code == 0 && out.contains("192.0.2.10"), "{out}");
    let (code, _, error) = run(&["generate", "--endpoints", "30", "--services", "8", "--hubs", "40"]);
    assert!(code == 2 && error.contains("more than the address plan holds"), "{error}");
}

const HUB: &str = "scenarios/hub-spoke-firewall/hub-spoke-firewall.yaml";

#[test]
fn matrix_in_every_format() {
    let (code, text, _) = run(&["matrix", HUB]);
    assert_eq!(code, 0);
    assert!(text.contains("pairs") && text.contains("e.g. --from"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    let (_, json, _) = run(&["matrix", HUB, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let result = &json["result"];
    let totals: u64 = result["totals"].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
    assert_eq!(totals, result["pairs"].as_u64().unwrap());
    let cells: u64 = result["cells"].as_array().unwrap().iter().map(|c| c["pairs"].as_u64().unwrap()).sum();
    assert_eq!(cells, totals);
    let (_, markdown, _) = run(&["matrix", HUB, "--format", "markdown"]);
    assert!(markdown.contains("| verdict | pairs |"));
    let (_, only, _) = run(&["matrix", HUB, "--format", "csv", "--only", "private"]);
    assert!(only.lines().count() > 1 && only.lines().skip(1).all(|l| l.contains(",private,")), "{only}");
}

#[test]
fn the_parts_of_a_matrix_make_the_whole() {
    let whole = run(&["matrix", HUB, "--format", "csv", "--expand"]).1;
    let parts: String =
        ["1/3", "2/3", "3/3"].map(|p| run(&["matrix", HUB, "--format", "csv", "--expand", "--shard", p]).1).concat();
    assert_eq!(whole, parts);
    assert_eq!(run(&["matrix", HUB, "--shard", "1/3"]).0, 2);
    let (code, _, error) = run(&["matrix", HUB, "--format", "csv", "--shard", "1/3"]);
    assert!(code == 2 && error.contains("add --expand"), "{error}");
    assert_eq!(run(&["matrix", HUB, "--format", "csv", "--shard", "4/3"]).0, 2);
}

/// What something unmodelled could change comes out as `privreach trace` says, in the matrix and on a picture.
#[test]
fn a_matrix_beside_something_unmodelled() {
    let file = "tests/expectations/unknown.yaml";
    let (code, text, error) = run(&["matrix", file, "--from", "vm-*", "--to", "db-1", "--expand"]);
    assert_eq!(code, 0, "{error}");
    let line = |from: &str| text.lines().find(|l| l.contains(&format!("{from} → db-1"))).unwrap_or_default();
    assert!(line("vm-1").contains("private") && line("vm-2").contains("unknown"), "{text}");
    assert!(text.contains("pairs were left to the step engine"), "{text}");
    assert_eq!(run(&["graph", file, "--flows", "private,unknown", "--format", "svg"]).0, 0);
}

#[test]
fn a_selector_that_selects_nothing_is_a_mistake() {
    let (code, _, error) = run(&["matrix", HUB, "--from", "kind:virtual_machin"]);
    assert!(code == 2 && error.contains("did you mean `virtual_machine`?"), "{error}");
    let (code, _, error) = run(&["matrix", HUB, "--from", "tag:nothing"]);
    assert!(code == 2 && error.contains("--from selects nothing: no client has a tag `nothing`"), "{error}");
    assert_eq!(run(&["matrix", HUB, "--from", "colour:red"]).0, 2);
    let (code, text, _) = run(&["matrix", FLAGSHIP, "--from", "kind:host", "--to", "kind:Microsoft.*", "-q"]);
    assert_eq!(code, 0, "{text}");
}

/// What people read fits a terminal of 80 columns, whatever its width is said to be elsewhere.
#[test]
fn text_fits_80_columns() {
    let hub = "scenarios/hub-spoke-firewall/hub-spoke-firewall.yaml";
    let bad = "tests/diagnostics/words-from-outside.yaml";
    for args in [
        &["--help"][..],
        &["check", "--help"],
        &["import", "arm", "--help"],
        &["fix", "--help"],
        &["explain"],
        &["explain", "PRL0413"],
        &["explain", "ROUTE-14"],
        &["explain", "A-05"],
        &["explain", "E-UNKNOWN-KEY"],
        &["routes", hub, "--at", "web"],
        &["routes", hub, "--at", "vnet-hub/AzureFirewallSubnet"],
        &["rules", hub, "--at", "web"],
        &["lint", FLAGSHIP],
        &["lint", MUTATIONS, "--variants"],
        &["impact", hub],
        &["matrix", hub],
        &["matrix", hub, "--expand"],
        &["check", MUTATIONS, "-v"],
        &["check", bad],
        &["trace", FLAGSHIP, "--from", "ci-alice", "--to", "srch-contoso", "-v"],
        &["diff", FLAGSHIP, "scenarios/foundry-hub/mutations.yaml#M24-endpoint-public"],
    ] {
        let (code, out, err) = run(args);
        assert!(code != 70, "{args:?}: {err}");
        let wide = out.lines().chain(err.lines()).filter(|l| l.chars().count() > 80);
        // An address is left whole, so that it can be followed.
        let wide: Vec<_> = wide.filter(|l| !l.contains("https://")).collect();
        assert!(wide.is_empty(), "{args:?}:\n{}", wide.join("\n"));
    }
}

#[test]
fn rules_and_assumptions_are_explained() {
    let (code, out, _) = run(&["explain", "pe-26"]);
    assert!(code == 0 && out.contains("PE-26 (rule of Azure)") && out.contains("https://learn.microsoft.com"), "{out}");
    let (code, out, _) = run(&["explain", "A-05"]);
    assert!(code == 0 && out.contains("allow_forwarded_traffic"), "{out}");
    // Two pages number an assumption alike: those of the hub's are named after it.
    assert!(run(&["explain", "A-10"]).1.matches("A-10 (assumption)").count() == 1);
    assert!(run(&["explain", "HUB-A10"]).1.contains("HUB-A10 (assumption)"));
    assert!(run(&["explain", "LINT-27"]).1.contains("(lint,"));
    assert!(run(&["explain", "PE-62"]).2.contains("did you mean"));
}

#[test]
fn errors_of_several_stages_come_in_one_run_and_count() {
    let text = "virtual_networks: { v: { address_space: [10.0.0.0/16], subnets: { s: { address_prefixes: [10.0.1.0/24] } } } }\n\
                virtual_machines: { a: { subnet: v/s, private_ip_address: 10.0.1.4 } }\n\
                expectations:\n  good: { from: a, to: 10.0.1.4, never: public }\n  \
                bad: { from: q, to: printer, verdict: private }\n";
    let (code, out, err) = run_with(&["check", "-"], text, &[]);
    assert!(code == 2 && out.contains("1 of 2 hold, 1 cannot be asked"), "{out}");
    assert!(err.contains("`q` is not a client") && err.contains("`printer` is not a target"), "{err}");
    let echo = text.replace("never: public", "protocol: icmp, port: 7, never: public");
    let (code, _, err) = run_with(&["check", "-"], &echo, &[]);
    assert!(code == 2 && err.contains("icmp has no ports") && err.contains("leave `port` away"), "{err}");
    // Nothing was evaluated, so there is nothing to say on standard output.
    let (code, out, err) = run_with(&["check", "-"], &text.replace("10.0.1.0/24", "10.0.1.0/33"), &[]);
    assert!(code == 2 && out.is_empty() && err.contains("E-PREFIX") && err.contains("`printer`"), "{out}{err}");
    let (_, _, err) = run(&["trace", FLAGSHIP, "--from", "ci-alice", "--to", "https://me:secret@printer:8443/"]);
    assert!(err.contains("`printer` is not a target") && !err.contains("secret"), "{err}");
}

#[test]
fn variants_and_sides_are_picked_by_name() {
    let (code, out, _) = run(&["check", MUTATIONS, "--variant", "M02-search-rule-missing"]);
    assert!(code == 0 && out.contains("1 scenario, 88 expectations: 88 hold"), "{out}");
    let (code, _, err) = run(&["check", MUTATIONS, "--variant", "M02-search-rule-mising"]);
    assert!(code == 2 && err.contains("`M02-search-rule-missing`?"), "{err}");
    let once = run(&["check", "scenarios/quickstart", "scenarios/quickstart/quickstart.yaml"]);
    assert_eq!(once.1, run(&["check", "scenarios/quickstart"]).1);
    assert!(run(&["diff", "-", "-"]).2.contains("can be read once"));
    let (code, out, _) = run(&["diff", FLAGSHIP, MUTATIONS, "--variant", "M24-endpoint-public"]);
    assert!(code == 0 && out.contains("moe-fraud"), "{out}");
    let (code, page, _) = run(&["man", "import", "arm"]);
    assert!(code == 0 && page.contains("TEMPLATE.json"), "{page}");
    assert_eq!(run(&["man", "import arm"]).1, page);
    assert!(run(&["man", "import", "bicep"]).2.contains("terraform, arm, azure"));
}

#[test]
fn files_that_are_no_text_are_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zeros.yaml");
    fs::write(&path, vec![0; 20_000_000]).unwrap();
    let started = std::time::Instant::now();
    let (code, _, err) = run(&["check", path.to_str().unwrap()]);
    assert!(code == 2 && err.contains("E-ENCODING"), "{err}");
    assert!(started.elapsed().as_secs() < 10);
    let path = directory.path().join("comma.json");
    fs::write(&path, "{\n  \"virtual_networks\": { \"v\": { \"address_space\": [\"10.0.0.0/16\"], } }\n}\n").unwrap();
    let (code, _, err) = run(&["check", path.to_str().unwrap()]);
    assert!(code == 2 && err.contains("E-SYNTAX") && err.contains("comma.json:2:"), "{err}");
}

/// Nothing passes because it was not looked at.
#[cfg(unix)]
#[test]
fn directories_are_walked_whole() {
    use std::os::unix::fs::symlink;
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = scenario("{ from: visitor, to: stsample.blob.core.windows.net, verdict: blocked }");
    let at = |name: &str| directory.path().join(name);
    fs::write(at("UPPER.YAML"), &text).unwrap();
    fs::write(elsewhere.path().join("linked.yaml"), &text).unwrap();
    symlink(elsewhere.path(), at("link")).unwrap();
    symlink(directory.path(), at("loop")).unwrap();
    let check = || run(&["check", directory.path().to_str().unwrap()]);
    let (code, out, _) = check();
    assert!(code == 0 && out.contains("2 scenarios, 2 expectations: 2 hold"), "{out}");
    symlink(at("nowhere"), at("dangling.yaml")).unwrap();
    let (code, _, error) = check();
    assert!(code == 2 && error.contains("dangling.yaml") && error.contains("E-IO"), "{error}");
}

#[test]
fn a_file_without_expectations_is_told_beside_others() {
    let directory = tempfile::tempdir().unwrap();
    let text = scenario("{ from: visitor, to: stsample.blob.core.windows.net, verdict: blocked }");
    fs::write(directory.path().join("asks.yaml"), text).unwrap();
    fs::write(directory.path().join("silent.yaml"), "virtual_networks: {}\n").unwrap();
    let (code, _, error) = run(&["check", directory.path().to_str().unwrap()]);
    assert!(code == 0 && error.contains("E-NO-EXPECTATION") && error.contains("silent.yaml"), "{error}");
}

#[test]
fn options_of_one_flow_are_refused_without_it() {
    for option in [["--verdict", "public"], ["--protocol", "udp"], ["--port", "22"]] {
        let (code, _, error) = run(&[&["fix", FLAGSHIP], &option[..]].concat());
        assert!(code == 2 && error.contains("--to"), "{error}");
    }
}

/// Two places of one long line are not drawn over all that lies between.
#[test]
fn findings_on_one_line_fit_the_terminal() {
    let subnets: String = (0..40).map(|i| format!("s{i}: {{address_prefixes: [10.0.{i}.0/24]}}, ")).collect();
    let text = format!(
        "{{virtual_networks: {{a: {{address_space: [10.0.0.0/16], subnets: {{{subnets}}}}}, b: {{address_space: [10.0.0.0/16]}}}},          virtual_network_peerings: {{p: {{virtual_network: a, remote_virtual_network: b}}}}}}"
    );
    for command in ["check", "lint"] {
        let (_, out, error) = run_with(&[command, "-"], &text, &[]);
        assert!((out.clone() + &error).contains("of the same line"), "{command}: {out}{error}");
        for line in out.lines().chain(error.lines()) {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

/// A result never replaces what it was made from.
#[test]
fn an_input_is_no_place_for_the_output() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("design.yaml");
    let text = scenario("{ from: visitor, to: stsample.blob.core.windows.net, verdict: blocked }");
    fs::write(&path, &text).unwrap();
    let name = path.to_str().unwrap();
    let side = format!("{name}#none");
    for args in [vec!["check", name, "-o", name], vec!["diff", "--output", name, FLAGSHIP, &side]] {
        let (code, _, error) = run(&args);
        assert!(code == 2 && error.contains("is an input"), "{args:?}: {error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    // An old result is replaced.
    let old = directory.path().join("old.txt");
    fs::write(&old, "").unwrap();
    assert_eq!(run(&["check", name, "-o", old.to_str().unwrap()]).0, 0);
}

/// What is no plain file stays what it is: writing to `/dev/null` must not put a file in its place.
#[cfg(unix)]
#[test]
fn links_and_pipes_are_written_into() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("report.json"), "old").unwrap();
    fs::set_permissions(at("report.json"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("report.json", at("link")).unwrap();
    let write = |name: &str| run(&["explain", "NOROUTE", "-o", at(name).to_str().unwrap()]);
    assert_eq!(write("link").0, 0);
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert!(fs::read_to_string(at("report.json")).unwrap().contains("NOROUTE"));
    assert_eq!(fs::metadata(at("report.json")).unwrap().permissions().mode() & 0o777, 0o640);

    // A link to what is not there yet makes that.
    std::os::unix::fs::symlink("later.json", at("ahead")).unwrap();
    assert_eq!(write("ahead").0, 0);
    assert!(fs::symlink_metadata(at("ahead")).unwrap().is_symlink() && at("later.json").is_file());

    // What others write to as well is not replaced.
    fs::write(at("log"), "before\n").unwrap();
    let log = fs::OpenOptions::new().append(true).open(at("log")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_privreach"));
    assert!(command.args(["explain", "NOROUTE", "-o", "/dev/stdout"]).stdout(log).status().unwrap().success());
    let text = fs::read_to_string(at("log")).unwrap();
    assert!(text.starts_with("before\n") && text.contains("NOROUTE"), "{text}");

    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = at("pipe");
        move || fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(write("pipe").0, 0);
    assert!(fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
    assert!(reader.join().unwrap().contains("NOROUTE"));

    let (code, _, error) = write("");
    assert!(code != 0 && error.contains("directory"), "{error}");
}

/// A place in an extended file is named as tools that annotate files find it.
#[test]
fn extended_files_have_plain_paths() {
    let directory = tempfile::tempdir().unwrap();
    for folder in ["a", "b"] {
        fs::create_dir(directory.path().join(folder)).unwrap();
    }
    let text = scenario("{ from: visitor, to: stsample.blob.core.windows.net, verdict: public }");
    fs::write(directory.path().join("a/base.yaml"), text).unwrap();
    let extending = directory.path().join("b/more.yaml");
    fs::write(&extending, "extends: ../a/base.yaml\n").unwrap();
    let (_, out, _) = run(&["check", extending.to_str().unwrap(), "--format", "github"]);
    assert!(out.contains("a/base.yaml,line=6") && !out.contains(".."), "{out}");
}

/// Imports declare nobody on the internet, who asks all the same, on every port that rules tell apart.
#[test]
fn the_internet_asks_of_what_is_imported() {
    let id = |kind: &str, name: &str| format!("{{\"id\":\"[resourceId('Microsoft.Network/{kind}','{name}')]\"}}");
    let subnet = id("virtualNetworks/subnets", "v','s");
    let template = format!(
        r#"{{"contentVersion":"1.0.0.0","resources":[
        {{"type":"Microsoft.Network/networkSecurityGroups","apiVersion":"2023-04-01","name":"n","location":"westeurope","properties":{{"securityRules":[{{"name":"rdp","properties":{{"priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"3389"}}}}]}}}},
        {{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2023-04-01","name":"v","location":"westeurope","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16"]}},"subnets":[{{"name":"s","properties":{{"addressPrefix":"10.0.1.0/24","networkSecurityGroup":{}}}}}]}}}},
        {{"type":"Microsoft.Network/publicIPAddresses","apiVersion":"2023-04-01","name":"pip","location":"westeurope","sku":{{"name":"Standard"}},"properties":{{"publicIPAllocationMethod":"Static"}}}},
        {{"type":"Microsoft.Network/networkInterfaces","apiVersion":"2023-04-01","name":"nic","location":"westeurope","properties":{{"ipConfigurations":[{{"name":"a","properties":{{"subnet":{subnet},"publicIPAddress":{}}}}}]}}}},
        {{"type":"Microsoft.Compute/virtualMachines","apiVersion":"2023-03-01","name":"vm","location":"westeurope","properties":{{"networkProfile":{{"networkInterfaces":[{}]}}}}}}]}}"#,
        id("networkSecurityGroups", "n"),
        id("publicIPAddresses", "pip"),
        id("networkInterfaces", "nic"),
    );
    let (code, out, err) = run_with(&["import", "arm", "-", "--run", "matrix", "--format", "csv"], &template, &[]);
    assert!(
        code == 0 && out.lines().any(|l| l.contains("internet") && l.contains("3389") && l.contains("public")),
        "{out}{err}"
    );
    let (code, out, err) = run_with(&["import", "arm", "-", "--expect"], &template, &[]);
    assert!(code == 0 && out.contains("from: internet") && out.contains("port: 3389"), "{out}{err}");
}
