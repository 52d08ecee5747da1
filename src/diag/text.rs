//! Bytes of a file as text: one rule for every file that is read.

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotText {
    /// What is text before the fault.
    pub good: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

/// How the units of UTF-16 are put into bytes.
type Unit = fn([u8; 2]) -> u16;

/// Reads UTF-8, and UTF-16 as the editors and shells of Windows write it. A byte order mark says which it is, and is no part
/// of the text; UTF-16 without one is told by its zero bytes.
///
/// # Errors
/// If the bytes are neither, or hold zero bytes, as no text does.
pub fn decode(bytes: Vec<u8>) -> Result<String, NotText> {
    const ARCHIVE: &str = "unpack it first; what `terraform plan -out` writes is printed by `terraform show -json`";
    let told = |message: &str, help| Err(NotText { good: String::new(), message: message.to_owned(), help });
    match *bytes.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => told("the file is UTF-32 text", "save the file as UTF-8"),
        [0xff, 0xfe, ref rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, ref rest @ ..] => wide(rest, u16::from_be_bytes),
        [1..=255, 0, 1..=255, 0, ..] => wide(&bytes, u16::from_le_bytes),
        [0, 1..=255, 0, 1..=255, ..] => wide(&bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, ref rest @ ..] => narrow(rest.to_vec()),
        [b'P', b'K', 3, 4, ..] => told("the file is a ZIP archive, not text", ARCHIVE),
        [0x1f, 0x8b, ..] => told("the file is compressed by gzip, not text", "unpack it first"),
        _ => narrow(bytes),
    }
}

fn narrow(bytes: Vec<u8>) -> Result<String, NotText> {
    match String::from_utf8(bytes) {
        Ok(text) => zero_free(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let good = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default()).into_owned();
            let message = format!("the file is not UTF-8 text (byte {})", valid + 1);
            Err(NotText { good, message, help: "save the file as UTF-8" })
        }
    }
}

fn wide(bytes: &[u8], unit: Unit) -> Result<String, NotText> {
    let pairs = bytes.chunks_exact(2);
    let odd = !pairs.remainder().is_empty();
    let units = pairs.filter_map(|pair| Some(unit(pair.try_into().ok()?)));
    let mut good = String::with_capacity(bytes.len() / 2);
    let mut broken = odd;
    for read in char::decode_utf16(units) {
        match read {
            Ok(read) => good.push(read),
            Err(_) => {
                broken = true;
                break;
            }
        }
    }
    if broken {
        let message = "the file is UTF-16 text, and cut off or broken".to_owned();
        return Err(NotText {
            good,
            message,
            help: "write it again, as UTF-8: `| Out-File -Encoding utf8` in PowerShell",
        });
    }
    zero_free(good)
}

/// The text, unless it holds zero bytes.
///
/// # Errors
/// If it does.
pub fn zero_free(text: String) -> Result<String, NotText> {
    let Some(at) = text.as_bytes().iter().position(|byte| *byte == 0) else { return Ok(text) };
    // The rest is no text either, and may be very long.
    let good = text.get(..at).unwrap_or_default().to_owned();
    let message = "the file holds zero bytes, as no text does".to_owned();
    Err(NotText { good, message, help: "save it as UTF-8: binary files hold such bytes" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn both_encodings_are_read() {
        let text = "{\"a\": \"grün 🚀\"}";
        let marked = format!("\u{feff}{text}");
        assert_eq!(decode(text.into()).as_deref(), Ok(text));
        assert_eq!(decode(marked.clone().into()).as_deref(), Ok(text));
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(decode(utf16(&marked, bytes)).as_deref(), Ok(text));
            assert_eq!(decode(utf16(text, bytes)).as_deref(), Ok(text));
        }
        assert_eq!(decode(Vec::new()).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_told() {
        let told = |bytes: &[u8]| decode(bytes.to_vec()).unwrap_err();
        assert_eq!(told(b"ab\xffcd").good, "ab");
        assert!(told(b"ab\xffcd").message.contains("not UTF-8 text (byte 3)"));
        assert!(told(b"a: 1\nb\0\0").message.contains("zero bytes"));
        assert_eq!(told(b"a: 1\nb\0\0").good, "a: 1\nb");
        assert!(told(&[0; 100]).message.contains("zero bytes"));
        assert!(told(b"\xff\xfea\0b").message.contains("UTF-16"));
        assert!(told(b"\xff\xfe\0\xd8a\0").message.contains("broken"));
        assert!(told(b"\xff\xfe\0\0a\0\0\0").message.contains("UTF-32"));
        assert!(told(b"PK\x03\x04tfplan").help.contains("terraform show -json"));
        assert!(told(b"\x1f\x8b\x08").message.contains("gzip"));
    }
}
