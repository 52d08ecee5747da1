//! The HTML page in a real browser: what a person sees and does with the keyboard. Needs Chromium; where it is not
//! installed the test says so and passes, unless `PRIVREACH_REQUIRE_BROWSER` is set, as `.ci/run` does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("PRIVREACH_BROWSER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known = ["chromium", "chromium-browser", "google-chrome"];
    named.or_else(|| std::env::split_paths(&path).flat_map(|d| known.map(|k| d.join(k))).find(|p| p.is_file()))
}

/// The page of a scenario, written by the program.
fn page(scenario: &str, directory: &Path) -> String {
    let file = directory.join("page.html");
    let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
        .args(["matrix", scenario, "--format", "html", "--output"])
        .arg(&file)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(file).unwrap()
}

/// Opens a page with a script added that acts as a reader would and writes what it found; gives what it wrote.
fn act(browser: &Path, page: &str, script: &str, directory: &Path) -> serde_json::Value {
    let script = format!(
        "<script>addEventListener('load', () => {{ let found; try {{ found = (() => {{ {script} }})(); }} \
         catch (error) {{ found = {{ error: String(error.stack) }}; }} \
         const out = document.createElement('output'); out.id = 'found'; \
         out.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found)))); document.body.append(out); }});</script></body>"
    );
    let file = directory.join("acted.html");
    fs::write(&file, page.replacen("</body>", &script, 1)).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--window-size=1400,1000", "--virtual-time-budget=4000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", directory.join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = dom.split("id=\"found\">").nth(1).and_then(|t| t.split('<').next());
    let found = found.unwrap_or_else(|| panic!("the page did not load: {}", &dom[..dom.len().min(400)]));
    let decoded = decode(found);
    serde_json::from_slice(&decoded).unwrap()
}

/// Base64, as `btoa` writes it.
fn decode(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut out = Vec::new();
    let mut bits = 0_u32;
    let mut held = 0;
    for c in text.bytes().filter(|c| *c != b'=') {
        bits = (bits << 6) | u32::from(value(c));
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    out
}

const TOUR: &str = r##"
  const $ = (id) => document.getElementById(id);
  const press = (key, on = document.activeElement, more = {}) =>
    on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  const found = { ready: document.body.dataset.ready, title: $("title").textContent, totals: $("totals").textContent };
  found.boxes = document.querySelectorAll("#canvas g[data-box]").length;
  found.levels = $("level").options.length;
  const grid = $("grid");
  grid.focus();
  found.first = $("cell").textContent;
  press("ArrowDown", grid);
  press("ArrowRight", grid);
  found.second = $("cell").textContent;
  press("Enter", grid);
  found.open = !$("detail").hidden;
  found.heading = $("detail-title").textContent;
  found.steps = document.querySelectorAll("#explanation .steps > li").length;
  found.focused = document.activeElement.id;
  found.marked = document.querySelectorAll("#canvas g.hit").length;
  press("Escape");
  found.closed = $("detail").hidden;
  found.back = document.activeElement.id;
  press("/", document.body);
  found.filter = document.activeElement.id;
  $("row-filter").value = "no such client";
  $("row-filter").dispatchEvent(new Event("input"));
  found.none = $("shown").textContent;
  $("reset").click();
  found.all = $("shown").textContent;
  for (const box of document.querySelectorAll("#verdicts input")) if (box.value !== "private") box.click();
  found.onlyPrivate = $("shown").textContent;
  $("reset").click();
  document.querySelector("#canvas g[data-box]").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
  $("theme").click();
  found.dark = document.body.classList.contains("dark");
  found.findings = document.querySelectorAll("#finding-list > li").length;
  found.outside = [...document.querySelectorAll("[src],link[href],a[href]")]
    .map((n) => n.getAttribute("src") || n.getAttribute("href")).filter((u) => !u.startsWith("#"));
  return found;
"##;

#[test]
fn a_person_finds_their_way_with_the_keyboard() {
    let Some(browser) = browser() else {
        assert!(std::env::var_os("PRIVREACH_REQUIRE_BROWSER").is_none(), "no Chromium is installed");
        eprintln!("skipped: no Chromium on the path, so the HTML page was not opened");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let page = page("scenarios/foundry-hub/foundry-hub.yaml", directory.path());
    let found = act(&browser, &page, TOUR, directory.path());
    assert_eq!(found["error"], serde_json::Value::Null, "{found:#}");
    assert_eq!(found["ready"], "true");
    assert!(found["totals"].as_str().unwrap().contains("private"), "{found:#}");
    assert!(found["boxes"].as_u64().unwrap() > 30 && found["levels"].as_u64().unwrap() >= 2, "{found:#}");
    assert_ne!(found["first"], found["second"]);
    assert_eq!((&found["open"], &found["focused"]), (&true.into(), &"detail-title".into()), "{found:#}");
    assert!(found["steps"].as_u64().unwrap() >= 1 && found["marked"].as_u64().unwrap() > 0, "{found:#}");
    assert_eq!(
        (&found["closed"], &found["back"], &found["filter"]),
        (&true.into(), &"grid".into(), &"row-filter".into())
    );
    assert!(found["none"].as_str().unwrap().starts_with("0 of"), "{found:#}");
    assert_ne!(found["all"], found["none"]);
    assert!(found["dark"].is_boolean() && found["findings"].as_u64().unwrap() >= 1);
    assert_eq!(found["outside"], serde_json::json!([]), "the page loads nothing");
}

#[test]
fn names_are_text_in_the_page() {
    let Some(browser) = browser() else {
        assert!(std::env::var_os("PRIVREACH_REQUIRE_BROWSER").is_none(), "no Chromium is installed");
        eprintln!("skipped: no Chromium on the path, so the HTML page was not opened");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let scenario = directory.path().join("hostile.yaml");
    let name = "x</script><img src=x onerror=document.title=1>";
    fs::write(
        &scenario,
        format!(
            "name: '{name}'\nvirtual_networks: {{ v: {{ address_space: [10.0.0.0/16], subnets: {{ s: {{ address_prefixes: [10.0.0.0/24] }} }} }} }}\n\
             virtual_machines: {{ '{name}': {{ subnet: v/s, private_ip_address: 10.0.0.4 }}, b: {{ subnet: v/s, private_ip_address: 10.0.0.5 }} }}\n"
        ),
    )
    .unwrap();
    let page = page(scenario.to_str().unwrap(), directory.path());
    let script = "return { images: document.images.length, title: document.title, cell: document.getElementById('cell').textContent };";
    let found = act(&browser, &page, script, directory.path());
    assert_eq!(found["images"], 0, "{found:#}");
    assert!(found["cell"].as_str().unwrap().contains(name), "{found:#}");
}
