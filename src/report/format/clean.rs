//! Text from files must not drive what shows it.

/// Text without control characters and without characters that reorder what surrounds them.
#[must_use]
pub(in crate::report) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
}

/// Neither a control character nor a line separator, nor one of the marks, embeddings, overrides and isolates of
/// bidirectional text.
pub(super) fn is_printable(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !reorders
}

/// What the drawing library made: it replaces escapes of the source but leaves other control characters.
#[must_use]
pub(in crate::report) fn drawn(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) || matches!(c, '\n' | '\u{1b}') { c } else { '\u{fffd}' }).collect()
}
