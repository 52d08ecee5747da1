//! Tables that Azure's own tools printed for an interface, beside what the design comes to.
//!
//! `az network nic show-effective-route-table` and `list-effective-nsg` print what the platform really applies. Where
//! that differs from the design, either the deployment has drifted or the model is wrong; both are worth knowing.

use super::{PlaceError, RouteRow, RuleRow, routes, rules};
use crate::{
    dataplane::Plane,
    diag::Span,
    net::{Prefix, is_public},
};
use std::collections::{BTreeMap, BTreeSet};

mod words;

/// What a file of evidence holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Effective routes, in the order of the file.
    pub routes: Vec<SeenRoute>,
    /// Security groups with their effective rules.
    pub groups: Vec<SeenGroup>,
}

/// A route that the platform applies, or one that another replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRoute {
    /// Destinations, as printed.
    pub prefixes: Vec<String>,
    /// Next hop type, as printed.
    pub next_hop_type: String,
    /// Addresses of the next hop.
    pub next_hop: Vec<String>,
    /// `Default`, `User`, `VirtualNetworkGateway`.
    pub source: String,
    /// Whether it acts.
    pub active: bool,
    /// Its place.
    pub span: Span,
}

/// A security group that filters an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenGroup {
    /// Its name.
    pub name: String,
    /// Id of the subnet or interface it is attached to.
    pub attached: Option<String>,
    /// Its rules.
    pub rules: Vec<SeenRule>,
    /// Its place.
    pub span: Span,
}

/// A rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRule {
    /// Its name, without the prefix that tools put before it.
    pub name: String,
    /// Its number.
    pub priority: Option<u32>,
    /// `Inbound` or `Outbound`.
    pub direction: String,
    /// `Allow` or `Deny`.
    pub access: String,
    /// `Tcp`, `Udp`, `All` or another.
    pub protocol: String,
    /// Sources as written, and the prefixes that they stand for where the tool printed them.
    pub sources: SeenSide,
    /// Destinations.
    pub destinations: SeenSide,
    /// Source ports as ranges.
    pub source_ports: Vec<String>,
    /// Destination ports as ranges.
    pub ports: Vec<String>,
    /// Its place.
    pub span: Span,
}

/// One side of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenSide {
    /// Prefixes and tags.
    pub written: Vec<String>,
    /// Prefixes that tags stand for.
    pub expanded: Vec<String>,
}

/// How evidence and design contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contrast {
    /// Both have it, with other contents.
    Differs,
    /// The design has it, and the evidence does not.
    Missing,
    /// The evidence has it, and the design does not.
    Unexpected,
}

impl Contrast {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::Missing => "missing",
            Self::Unexpected => "unexpected",
        }
    }
}

/// One side of a difference: what it says, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// In words.
    pub text: String,
    /// Its place; none for what the platform adds by itself.
    pub span: Option<Span>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The destination or the rule it is about.
    pub about: String,
    /// How the two contrast.
    pub contrast: Contrast,
    /// What the design comes to.
    pub designed: Option<Said>,
    /// What the evidence says.
    pub seen: Option<Said>,
}

/// What the comparison of one place comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Routes and rules that were compared and agree.
    pub agreeing: usize,
    /// Public destinations that the platform keeps to itself by routes to nowhere: no design declares them.
    pub reserved: usize,
    /// Differences, routes first.
    pub differences: Vec<Difference>,
}

impl Evidence {
    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty() && self.groups.is_empty()
    }
}

/// Compares evidence of a place with what a design comes to there.
///
/// # Errors
/// If nothing of that name has routes or rules.
pub fn compare(plane: &Plane, at: &str, evidence: &Evidence) -> Result<Comparison, PlaceError> {
    let mut result = Comparison::default();
    if !evidence.routes.is_empty() {
        compare_routes(&routes(plane, at)?, &evidence.routes, &mut result);
    }
    if !evidence.groups.is_empty() {
        compare_rules(&rules(plane, at)?, &evidence.groups, &mut result);
    }
    Ok(result)
}

/// What a route does, in comparable words.
#[derive(PartialEq, Eq)]
struct Hop {
    kind: String,
    addresses: BTreeSet<String>,
    source: String,
}

impl Hop {
    fn text(&self) -> String {
        let addresses: Vec<&str> = self.addresses.iter().map(String::as_str).collect();
        let to = if addresses.is_empty() { String::new() } else { format!(" {}", addresses.join(", ")) };
        format!("{}{to} ({})", self.kind, self.source)
    }
}

/// Service endpoints are routes to all prefixes of a tag, which tools list and a design names by the tag.
const ENDPOINTS: &str = "VirtualNetworkServiceEndpoint";

fn compare_routes(designed: &[RouteRow], seen: &[SeenRoute], result: &mut Comparison) {
    let mut ours: BTreeMap<String, (Hop, Option<Span>)> = BTreeMap::new();
    for row in designed.iter().filter(|r| r.state == "Active") {
        let about = if row.next_hop_type == ENDPOINTS { "service endpoints" } else { row.prefix.as_str() };
        ours.entry(words::prefix(about)).or_insert_with(|| {
            let addresses = row.next_hop.iter().map(ToString::to_string).collect();
            let hop = Hop { kind: words::hop(row.next_hop_type), addresses, source: row.source.to_owned() };
            (hop, row.origin.span)
        });
    }
    let mut theirs: BTreeMap<String, (Hop, Span)> = BTreeMap::new();
    for route in seen.iter().filter(|r| r.active) {
        for prefix in &route.prefixes {
            let endpoint = words::same(&route.next_hop_type, ENDPOINTS);
            let about = if endpoint { "service endpoints".to_owned() } else { words::prefix(prefix) };
            theirs.entry(about).or_insert_with(|| {
                let addresses = route.next_hop.iter().map(|a| a.trim().to_owned()).collect();
                (Hop { kind: words::hop(&route.next_hop_type), addresses, source: route.source.clone() }, route.span)
            });
        }
    }
    for (about, (hop, span)) in &ours {
        let designed = Some(Said { text: hop.text(), span: *span });
        match theirs.get(about) {
            Some((other, _)) if hop.agrees(other) => result.agreeing += 1,
            Some((other, at)) => result.differences.push(Difference {
                about: about.clone(),
                contrast: Contrast::Differs,
                designed,
                seen: Some(Said { text: other.text(), span: Some(*at) }),
            }),
            None => result.differences.push(Difference {
                about: about.clone(),
                contrast: Contrast::Missing,
                designed,
                seen: None,
            }),
        }
    }
    for (about, (hop, at)) in theirs.iter().filter(|(about, _)| !ours.contains_key(*about)) {
        // The platform drops ranges of its own, and what would lead back to the machine.
        let loops = |p: &Prefix| p.network().is_loopback();
        let own = |p: Prefix| (is_public(p.network()) || loops(&p)) && !p.is_default();
        let public = about.parse::<Prefix>().is_ok_and(own);
        if public && hop.kind == "None" && words::same(&hop.source, "Default") {
            result.reserved += 1;
            continue;
        }
        let seen = Some(Said { text: hop.text(), span: Some(*at) });
        result.differences.push(Difference {
            about: about.clone(),
            contrast: Contrast::Unexpected,
            designed: None,
            seen,
        });
    }
}

impl Hop {
    /// A gateway's address is printed by some tools and left out by others.
    fn agrees(&self, other: &Self) -> bool {
        let addresses = self.kind != "VirtualAppliance" || self.addresses == other.addresses;
        words::same(&self.kind, &other.kind) && words::same(&self.source, &other.source) && addresses
    }
}

fn compare_rules(designed: &[RuleRow], seen: &[SeenGroup], result: &mut Comparison) {
    let mut ours: BTreeMap<(String, String, String), &RuleRow> = BTreeMap::new();
    for row in designed.iter().filter(|r| r.filter.kind == "network_security_group") {
        let key = (row.filter.name.to_lowercase(), row.direction.to_lowercase(), own(&row.name.name));
        ours.entry(key).or_insert(row);
    }
    let mut theirs: BTreeMap<(String, String, String), (&SeenGroup, &SeenRule)> = BTreeMap::new();
    for group in seen {
        for rule in &group.rules {
            let key = (group.name.to_lowercase(), rule.direction.to_lowercase(), rule.name.to_lowercase());
            theirs.entry(key).or_insert((group, rule));
        }
    }
    for (key, row) in &ours {
        let about = format!("{} {} {}", row.filter.name, row.direction, plain(&row.name.name));
        let designed = |text: String| Some(Said { text, span: row.name.span });
        match theirs.get(key) {
            None => result.differences.push(Difference {
                about,
                contrast: Contrast::Missing,
                designed: designed(words::designed(row)),
                seen: None,
            }),
            Some((_, rule)) => {
                let unlike = words::unlike(row, rule);
                if unlike.is_empty() {
                    result.agreeing += 1;
                    continue;
                }
                let ours: Vec<String> = unlike.iter().map(|u| format!("{} {}", u.what, u.designed)).collect();
                let theirs: Vec<String> = unlike.iter().map(|u| format!("{} {}", u.what, u.seen)).collect();
                result.differences.push(Difference {
                    about,
                    contrast: Contrast::Differs,
                    designed: designed(ours.join("; ")),
                    seen: Some(Said { text: theirs.join("; "), span: Some(rule.span) }),
                });
            }
        }
    }
    for (_, (group, rule)) in theirs.iter().filter(|(key, _)| !ours.contains_key(*key)) {
        result.differences.push(Difference {
            about: format!("{} {} {}", group.name, rule.direction, rule.name),
            contrast: Contrast::Unexpected,
            designed: None,
            seen: Some(Said { text: words::seen(rule), span: Some(rule.span) }),
        });
    }
}

/// A rule's own name: designs put the group's before it.
fn plain(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn own(name: &str) -> String {
    plain(name).to_lowercase()
}
