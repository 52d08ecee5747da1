//! Placeholders for what Azure computes from texts, and Base64.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// FNV-1a: nothing secret is hashed, the result only has to be the same in every run.
fn hash(texts: &[String], seed: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    for byte in texts.iter().flat_map(|t| t.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// Stands for `uniqueString`: 13 letters and digits that depend on the texts. Azure's own function is not published.
pub(super) fn unique(texts: &[String]) -> String {
    let mut rest = hash(texts, 0);
    (0..13)
        .map(|_| {
            let digit = u8::try_from(rest % 32).unwrap_or(0);
            rest = (rest / 32).rotate_left(1) ^ (rest >> 60);
            char::from(if digit < 26 { b'a' + digit } else { b'2' + digit - 26 })
        })
        .collect()
}

/// Stands for `guid`.
pub(super) fn guid(texts: &[String]) -> String {
    let (a, b) = (hash(texts, 1), hash(texts, 2));
    let (a, b) = (format!("{a:016x}"), format!("{b:016x}"));
    let part = |s: &str, r: std::ops::Range<usize>| s.get(r).unwrap_or_default().to_owned();
    format!("{}-{}-{}-{}-{}", part(&a, 0..8), part(&a, 8..12), part(&a, 12..16), part(&b, 0..4), part(&b, 4..16))
}

/// Base64 of bytes.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let get = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let all = get(0) << 16 | get(1) << 8 | get(2);
        for n in 0..4 {
            let index = (all >> (18 - 6 * n) & 63) as usize;
            out.push(if n <= chunk.len() { LETTERS.get(index).map_or('=', |b| char::from(*b)) } else { '=' });
        }
    }
    out
}

/// Bytes of Base64.
pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut all: u32 = 0;
    let mut bits = 0;
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let digit = LETTERS.iter().position(|l| *l == byte)?;
        all = all << 6 | u32::try_from(digit).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(all >> bits & 0xFF).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back() {
        for text in ["", "a", "ab", "abc", "hello, world"] {
            assert_eq!(unbase64(&base64(text.as_bytes())).unwrap(), text.as_bytes());
        }
        assert_eq!(base64(b"hello"), "aGVsbG8=");
    }

    #[test]
    fn placeholders_depend_on_every_text() {
        let of = |texts: &[&str]| unique(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["ab"]));
        assert_eq!(of(&["a"]).len(), 13);
        assert_eq!(guid(&["a".to_owned()]).len(), 36);
    }
}
