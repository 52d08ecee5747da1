//! Text from files must not drive what shows it.

use crate::diag::is_printable;

/// Text without control characters and without characters that reorder what surrounds them.
#[must_use]
pub(in crate::report) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
}

/// What the drawing library made: it replaces escapes of the source but leaves other control characters.
#[must_use]
pub(in crate::report) fn drawn(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) || matches!(c, '\n' | '\u{1b}') { c } else { '\u{fffd}' }).collect()
}
