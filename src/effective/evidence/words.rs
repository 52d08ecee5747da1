//! Words of two tools made comparable.

use super::{SeenRule, SeenSide};
use crate::{
    effective::{RuleRow, Side},
    net::{AddressSet, PLATFORM_ADDRESS, PortSet, Prefix},
};
use std::collections::BTreeSet;

/// Whether two words are one, without regard to case and blanks.
pub(super) fn same(a: &str, b: &str) -> bool {
    let plain = |t: &str| t.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    plain(a) == plain(b)
}

/// A next hop type, in the spelling of the interface's own table.
pub(super) fn hop(word: &str) -> String {
    const WORDS: [&str; 10] = [
        "VnetLocal",
        "VNetPeering",
        "VNetGlobalPeering",
        "Internet",
        "None",
        "VirtualAppliance",
        "VirtualNetworkGateway",
        "VirtualNetworkServiceEndpoint",
        "InterfaceEndpoint",
        "ConnectedGroup",
    ];
    if same(word, "VirtualNetwork") {
        return "VnetLocal".to_owned();
    }
    WORDS.iter().find(|w| same(w, word)).map_or_else(|| word.to_owned(), |w| (*w).to_owned())
}

/// A destination in canonical form: a prefix where it is one, else a lower-case word.
pub(super) fn prefix(text: &str) -> String {
    let text = text.trim();
    match (text, text.parse::<Prefix>(), text.parse()) {
        ("*" | "0.0.0.0/0" | "::/0" | "Any" | "any", ..) => "0.0.0.0/0".to_owned(),
        (_, Ok(prefix), _) => prefix.to_string(),
        (_, _, Ok(address)) => Prefix::host(address).to_string(),
        _ => text.to_lowercase(),
    }
}

/// A rule of the design, in words.
pub(super) fn designed(row: &RuleRow) -> String {
    let side = |s: &Side| s.written.join(", ");
    format!(
        "{} {} {} {} → {} {}",
        row.priority.map_or(String::new(), |p| p.to_string()),
        row.access,
        row.protocol,
        side(&row.sources),
        side(&row.destinations),
        row.ports
    )
}

/// A rule of the evidence, in words.
pub(super) fn seen(rule: &SeenRule) -> String {
    format!(
        "{} {} {} {} → {} {}",
        rule.priority.map_or(String::new(), |p| p.to_string()),
        rule.access,
        protocol(&rule.protocol),
        words(&rule.sources),
        words(&rule.destinations),
        ports_text(&rule.ports)
    )
}

/// Tools print a single prefix twice: by itself and as a list.
fn words(side: &SeenSide) -> String {
    let mut words: Vec<&str> = side.written.iter().map(String::as_str).collect();
    words.dedup();
    words.join(", ")
}

fn protocol(word: &str) -> String {
    match word.to_lowercase().as_str() {
        "all" | "any" | "*" => "*".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        other => other.to_owned(),
    }
}

fn ports(ranges: &[String]) -> Option<PortSet> {
    let sets: Option<Vec<PortSet>> = ranges.iter().map(|r| r.parse().ok()).collect();
    Some(PortSet::of(sets?.iter().flat_map(|s| s.ranges().to_vec())))
}

fn ports_text(ranges: &[String]) -> String {
    ports(ranges).map_or_else(|| ranges.join(","), |p| p.to_string())
}

/// Something that two rules of one name say differently.
pub(super) struct Unlike {
    pub(super) what: &'static str,
    pub(super) designed: String,
    pub(super) seen: String,
}

/// What two rules of one name say differently.
pub(super) fn unlike(row: &RuleRow, rule: &SeenRule) -> Vec<Unlike> {
    let mut found = Vec::new();
    let mut both = |designed: String, seen: String, what: &'static str| {
        if !same(&designed, &seen) {
            found.push(Unlike { what, designed, seen });
        }
    };
    let number = |n: Option<u32>| n.map_or("none".to_owned(), |n| n.to_string());
    both(number(row.priority), number(rule.priority), "priority");
    both(row.access.to_owned(), rule.access.clone(), "access");
    both(row.protocol.clone(), protocol(&rule.protocol), "protocol");
    both(row.source_ports.to_string(), ports_text(&rule.source_ports), "source ports");
    both(row.ports.to_string(), ports_text(&rule.ports), "ports");
    for (ours, theirs, what) in
        [(&row.sources, &rule.sources, "sources"), (&row.destinations, &rule.destinations, "destinations")]
    {
        if let Some((ours, theirs)) = unlike_sides(ours, theirs) {
            found.push(Unlike { what, designed: ours, seen: theirs });
        }
    }
    found
}

/// Sides differ if their words do; a tag whose contents both know is compared by its contents, too. Groups of
/// applications are known by their contents only.
fn unlike_sides(ours: &Side, theirs: &SeenSide) -> Option<(String, String)> {
    let canonical = |list: &[String]| -> BTreeSet<String> { list.iter().map(|w| prefix(w)).collect() };
    let (our_words, their_words) = (canonical(&ours.written), canonical(&theirs.written));
    let text = |words: &BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(", ");
    if our_words == their_words {
        let known = ours.written.iter().any(|w| same(w, "VirtualNetwork")) && !theirs.expanded.is_empty();
        let (our_set, their_set) = (set(&ours.expanded), set(&theirs.expanded));
        return (known && !equal(&our_set, &their_set))
            .then(|| (text(&canonical(&ours.expanded)), text(&canonical(&theirs.expanded))));
    }
    let all = |words: &BTreeSet<String>, more: &[String]| -> Option<AddressSet> {
        let literal: Vec<String> = words.iter().filter(|w| w.parse::<Prefix>().is_ok()).cloned().collect();
        // A word that is no prefix counts only by what it stands for.
        (literal.len() == words.len() || !more.is_empty()).then(|| set(&[literal, more.to_vec()].concat()))
    };
    let sets = all(&our_words, &ours.expanded).zip(all(&their_words, &theirs.expanded));
    if sets.is_some_and(|(a, b)| equal(&a, &b)) {
        return None;
    }
    Some((text(&our_words), text(&their_words)))
}

fn set(list: &[String]) -> AddressSet {
    let mut set = AddressSet::default();
    list.iter().filter_map(|w| prefix(w).parse().ok()).for_each(|p| set.insert(p));
    set
}

/// Whether two sets hold the same addresses; some tools leave the platform's own address out.
fn equal(a: &AddressSet, b: &AddressSet) -> bool {
    let own = Prefix::host(PLATFORM_ADDRESS);
    let inside =
        |a: &AddressSet, b: &AddressSet| a.prefixes().iter().filter(|p| **p != own).all(|p| covered(*p, b.prefixes()));
    inside(a, b) && inside(b, a)
}

/// Whether prefixes together hold every address of one.
fn covered(prefix: Prefix, by: &[Prefix]) -> bool {
    if by.iter().any(|b| b.covers(prefix)) {
        return true;
    }
    let parts: Vec<Prefix> = by.iter().copied().filter(|b| prefix.covers(*b)).collect();
    // Prefixes nest or are apart, so the outermost parts add up to their shares of the whole.
    let outer = parts.iter().filter(|p| !parts.iter().any(|q| q != *p && q.covers(**p)));
    let share: f64 = outer.map(|p| 0.5_f64.powi(i32::from(p.length()) - i32::from(prefix.length()))).sum();
    share >= 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_compared_by_their_addresses() {
        let set = |list: &[&str]| set(&list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert!(equal(&set(&["10.0.0.0/16"]), &set(&["10.0.0.0/17", "10.0.128.0/17", "168.63.129.16"])));
        assert!(!equal(&set(&["10.0.0.0/16"]), &set(&["10.0.0.0/17", "10.0.128.0/18"])));
        assert!(!equal(&set(&["10.0.0.0/16"]), &set(&["10.0.0.0/15"])));
    }

    #[test]
    fn words_of_two_tools_are_one() {
        assert_eq!(hop("Virtual network gateway"), "VirtualNetworkGateway");
        assert_eq!(prefix("10.0.0.4"), "10.0.0.4/32");
        assert_eq!(
            (prefix("*"), prefix("Storage.WestEurope")),
            ("0.0.0.0/0".to_owned(), "storage.westeurope".to_owned())
        );
        assert_eq!(ports_text(&["0-65535".to_owned()]), PortSet::all().to_string());
    }
}
