//! Extended DNS errors: what a server says of an answer that it does not give (RFC 8914).

use hickory_resolver::proto::{
    op::Edns,
    rr::rdata::opt::{EdnsCode, EdnsOption},
};

/// The option's number.
const CODE: u16 = 15;

/// The longest text that is sent; a datagram has to hold it.
const LONGEST: usize = 200;

/// Names of the errors by their number (RFC 8914, section 4, and the registry that it begins).
const NAMES: [&str; 30] = [
    "other error",
    "unsupported DNSKEY algorithm",
    "unsupported DS digest type",
    "stale answer",
    "forged answer",
    "DNSSEC indeterminate",
    "DNSSEC bogus",
    "signature expired",
    "signature not yet valid",
    "DNSKEY missing",
    "RRSIGs missing",
    "no zone key bit set",
    "NSEC missing",
    "cached error",
    "not ready",
    "blocked",
    "censored",
    "filtered",
    "prohibited",
    "stale NXDOMAIN answer",
    "not authoritative",
    "not supported",
    "no reachable authority",
    "network error",
    "invalid data",
    "signature expired before valid",
    "too early",
    "unsupported NSEC3 iterations value",
    "unable to conform to policy",
    "synthesized",
];

/// Adds a reason that has no number of its own.
pub(super) fn put(edns: &mut Edns, why: &str) {
    let text: String = why.chars().take(LONGEST).collect();
    edns.options_mut().insert(EdnsOption::Unknown(CODE, [&[0, 0], text.as_bytes()].concat()));
}

/// Every reason that a response gives, for people.
pub(super) fn all(edns: Option<&Edns>) -> Vec<String> {
    let options = edns.map(|e| e.options().get_all(EdnsCode::Unknown(CODE))).unwrap_or_default();
    options.into_iter().filter_map(read).collect()
}

fn read(option: &EdnsOption) -> Option<String> {
    let EdnsOption::Unknown(CODE, data) = option else { return None };
    let (number, text) = data.split_first_chunk::<2>()?;
    let number = u16::from_be_bytes(*number);
    let text = String::from_utf8_lossy(text);
    // A trailing zero byte is allowed, and means nothing.
    let text = text.trim_end_matches('\0').trim();
    let name = NAMES.get(usize::from(number)).map_or_else(|| format!("extended error {number}"), ToString::to_string);
    Some(match (number, text) {
        (_, "") => name,
        (0, text) => text.to_owned(),
        _ => format!("{name}: {text}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_name_and_text() {
        let read = |bytes: &[u8]| read(&EdnsOption::Unknown(CODE, bytes.to_vec()));
        assert_eq!(read(&[0, 0]).as_deref(), Some("other error"));
        assert_eq!(read(b"\0\0the zone is not linked").as_deref(), Some("the zone is not linked"));
        assert_eq!(read(&[0, 15]).as_deref(), Some("blocked"));
        assert_eq!(read(b"\0\x16upstream 10.0.0.4\0").as_deref(), Some("no reachable authority: upstream 10.0.0.4"));
        assert_eq!(read(b"\xff\xff\xff").as_deref(), Some("extended error 65535: \u{fffd}"));
        assert_eq!(read(&[0]), None);
    }

    #[test]
    fn what_is_put_is_read() {
        let mut edns = Edns::new();
        assert!(all(Some(&edns)).is_empty() && all(None).is_empty());
        put(&mut edns, "no DNS server answers");
        assert_eq!(all(Some(&edns)), ["no DNS server answers"]);
    }
}
