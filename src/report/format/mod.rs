//! Formats of results: one renderer file each, one line in the registry.
//!
//! A report knows how it reads as text; its JSON is its own fields; every other format is written from its
//! [`Digest`]. A new kind of report therefore gets all formats with one `impl`.

mod clean;
mod csv;
mod digest;
mod github;
mod json;
mod junit;
mod markdown;
mod sarif;

pub(super) use clean::{drawn, printable};
pub use csv::row as csv_row;
pub use digest::{CodeText, Digest, Item, Level, Status, Suite};
pub use json::{REPORTS, json_reference, json_schema, to_json};
pub use markdown::{code as markdown_code, text as markdown_text};

use super::Style;
use schemars::JsonSchema;
use serde::Serialize;

/// A result that users read.
pub trait Report: Serialize + JsonSchema {
    /// The command that makes it, as it stands in JSON output.
    const COMMAND: &'static str;

    /// For people, on a terminal.
    fn text(&self, style: Style) -> String;

    /// What formats for machines and reviewers are written from.
    fn digest(&self) -> Digest;

    /// For reviews; a report with more to say than its digest overrides this.
    fn markdown(&self, digest: &Digest) -> String {
        markdown::render(digest)
    }
}

/// A renderer of digests.
type Renderer = fn(&Digest) -> String;

macro_rules! formats {
    ($($variant:ident = $word:literal, $meaning:literal, $renderer:expr;)*) => {
        /// Form of a result.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Format { $(#[doc = $meaning] $variant,)* }

        impl Format {
            /// Every format, in documented order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The spelling on the command line.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it is for.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            fn renderer(self) -> Option<Renderer> {
                match self { $(Self::$variant => $renderer,)* }
            }
        }
    };
}

formats! {
    Text = "text", "For people", None;
    Json = "json", "For programs, versioned (docs/json.md)", None;
    Junit = "junit", "JUnit XML, for test reports of CI systems", Some(junit::render);
    Sarif = "sarif", "SARIF 2.1.0, for code scanning and editors", Some(sarif::render);
    Github = "github", "Annotations of GitHub Actions", Some(github::render);
    Markdown = "markdown", "For pull-request comments and job summaries", Some(markdown::render);
    Csv = "csv", "One row per finding, for spreadsheets", Some(csv::render);
}

/// A report in a format; every finding of it is a failure.
#[must_use]
pub fn render<R: Report>(report: &R, format: Format, style: Style) -> String {
    judged(report, format, style, |_| true)
}

/// A report in a format, in which only some findings are failures: a test report must not be red where the run passes.
#[must_use]
pub fn judged<R: Report>(report: &R, format: Format, style: Style, fails: impl Fn(&Item) -> bool) -> String {
    match (format, format.renderer()) {
        (Format::Text, _) => report.text(style),
        (Format::Markdown, _) => report.markdown(&report.digest().judged(fails)),
        (Format::Json, _) | (_, None) => to_json(R::COMMAND, report),
        (_, Some(renderer)) => renderer(&report.digest().judged(fails)),
    }
}
