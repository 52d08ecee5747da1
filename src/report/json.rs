//! JSON, with a version that changes when a field changes its meaning or goes away.

use serde::Serialize;
use serde_json::json;

/// Version of the JSON output.
const VERSION: u32 = 1;

/// A report as JSON text.
#[must_use]
pub fn to_json<R: Serialize>(command: &str, report: &R) -> String {
    let value = json!({ "version": VERSION, "command": command, "result": report });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    text.push('\n');
    text
}
