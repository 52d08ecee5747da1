//! Characters of files that may be shown as they are.

/// Neither a control character nor a line separator, nor one of the marks, embeddings, overrides and isolates of
/// bidirectional text.
#[must_use]
pub fn is_printable(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !reorders
}
