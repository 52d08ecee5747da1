//! Filters as ranges of sources and columns.

use super::{
    super::{
        Column, Names as Resolve,
        model::{Fast, Model},
    },
    bits::{self, Span, Spans, common, settle, within, words},
    layout::{Layout, TagLanes, minus},
};
use crate::{
    dataplane::{Action, Direction, Endpoint, Filter, FilterRule, Firewall, Id, Names},
    net::{Fqdn, FqdnPattern, Prefix, Transport},
};
use std::sync::OnceLock;

/// A rule for some ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) allow: bool,
    /// Whether it is an application rule, so that the device asks by itself.
    pub(super) by_name: bool,
    /// Whether even a match cannot be decided.
    pub(super) unsure: bool,
    pub(super) rows: Spans,
    pub(super) lanes: Spans,
    pub(super) maybe: Spans,
    /// Transports and ports, as bits and as a mask of lanes.
    pub(super) combinations: u64,
    pub(super) ports: u32,
}

/// Lanes by sets of transports and ports.
#[derive(Debug)]
pub(super) struct Ports {
    /// Lanes of each transport and port.
    single: Vec<Vec<u64>>,
    known: Fast<u64, u32>,
    masks: Vec<Vec<u64>>,
}

impl Ports {
    pub(super) fn new(layout: &Layout) -> Self {
        let mut single = vec![vec![0_u64; words(layout.lanes.len())]; layout.combinations.len()];
        for (i, lane) in (0_u32..).zip(&layout.lanes) {
            super::bits::set(&mut single[lane.combination as usize], i);
        }
        Self { single, known: Fast::default(), masks: Vec::new() }
    }

    pub(super) fn id(&mut self, combinations: u64) -> u32 {
        let Self { single, known, masks } = self;
        *known.entry(combinations).or_insert_with(|| {
            let mut mask = vec![0_u64; single.first().map_or(0, Vec::len)];
            for (_, lanes) in single.iter().enumerate().filter(|(b, _)| combinations >> b & 1 == 1) {
                mask.iter_mut().zip(lanes).for_each(|(m, l)| *m |= l);
            }
            masks.push(mask);
            masks.len() as u32 - 1
        })
    }
}

/// What compiling a filter needs.
pub(super) struct Compiler<'c, 'p> {
    pub(super) model: &'c Model<'p>,
    pub(super) layout: &'c Layout,
    pub(super) tags: &'c TagLanes,
    pub(super) columns: &'c [Column],
    /// Made when the first rule looks at names.
    pub(super) named: OnceLock<NameLanes>,
}

/// Lanes by the names that were asked for, in order of the names read backwards, so that those below one are neighbours.
#[derive(Debug)]
pub(super) struct NameLanes(Vec<(Box<[u8]>, Vec<u32>)>);

impl NameLanes {
    fn new(layout: &Layout, columns: &[Column]) -> Self {
        let mut known: Fast<&Fqdn, Vec<u32>> = Fast::default();
        for (number, lane) in (0_u32..).zip(&layout.lanes) {
            if let Some(name) = &columns[lane.column as usize].name {
                known.entry(name).or_default().push(number);
            }
        }
        let mut all: Vec<(Box<[u8]>, Vec<u32>)> = known.into_iter().map(|(n, lanes)| (backwards(n), lanes)).collect();
        all.sort_unstable();
        Self(all)
    }

    /// Lanes whose name matches one of some patterns.
    fn of(&self, patterns: &[FqdnPattern]) -> Vec<Span> {
        let mut found: Vec<Span> = Vec::new();
        for pattern in patterns {
            let here = match pattern {
                FqdnPattern::Any => 0..self.0.len(),
                FqdnPattern::Exact(name) => {
                    let name = backwards(name);
                    let at = self.0.partition_point(|(n, _)| *n < name);
                    at..at + usize::from(self.0.get(at).is_some_and(|(n, _)| *n == name))
                }
                FqdnPattern::Below(suffix) => {
                    let start: Vec<u8> = backwards(suffix).iter().copied().chain([b'.']).collect();
                    let at = self.0.partition_point(|(n, _)| **n < *start);
                    at..at + self.0[at..].partition_point(|(n, _)| n.starts_with(&start))
                }
            };
            found.extend(self.0[here].iter().flat_map(|(_, lanes)| lanes).map(|lane| (*lane, lane + 1)));
        }
        settle(found)
    }
}

fn backwards(name: &Fqdn) -> Box<[u8]> {
    name.as_str().bytes().rev().collect()
}

/// A filter's rules of one direction before their ports have masks.
pub(super) type Draft = Vec<Rule>;

impl Compiler<'_, '_> {
    /// The rules of one direction; `device` resolves the names of its rules. The flag tells whether a name's answer
    /// depends on equal alternatives.
    pub(super) fn draft(
        &self,
        filter: &Filter,
        way: Direction,
        device: Option<(&Firewall, Id<Endpoint>)>,
    ) -> (Draft, bool) {
        let mut odd = false;
        let mut rules = Vec::new();
        let (mut rows, mut lanes, mut maybe) = (Vec::new(), Vec::new(), Vec::new());
        for rule in filter.rules.iter().filter(|r| r.direction.is_none_or(|d| d == way)) {
            let (mut portless, mut others) = (0_u64, 0_u64);
            for (bit, (transport, port)) in self.layout.combinations.iter().enumerate() {
                let icmp = *transport == Transport::Icmp;
                if rule.protocol.matches(*transport) && (icmp || rule.ports.contains(*port)) {
                    *(if icmp { &mut portless } else { &mut others }) |= 1 << bit;
                }
            }
            if portless | others == 0 {
                continue;
            }
            self.layout.rows_of(&rule.from, &mut rows);
            if rows.is_empty() {
                continue;
            }
            self.destinations(rule, device, &mut odd, &mut lanes, &mut maybe);
            let made = Rule {
                allow: rule.action != Action::Deny,
                by_name: matches!(rule.names, Names::Application(_)),
                unsure: false,
                rows: rows.as_slice().into(),
                lanes: lanes.as_slice().into(),
                maybe: maybe.as_slice().into(),
                combinations: portless | others,
                ports: 0,
            };
            if rule.takes_any_client() {
                rules.push(made);
                continue;
            }
            if portless != 0 {
                rules.push(Rule { combinations: portless, ..made.clone() });
            }
            if others != 0 {
                rules.push(Rule { combinations: others, unsure: true, ..made });
            }
        }
        (rules, odd)
    }

    /// Lanes that a rule surely means, and those that it may mean.
    fn destinations(
        &self,
        rule: &FilterRule,
        device: Option<(&Firewall, Id<Endpoint>)>,
        odd: &mut bool,
        lanes: &mut Vec<Span>,
        maybe: &mut Vec<Span>,
    ) {
        match &rule.names {
            Names::Ignored => self.layout.lanes_of(&rule.to, self.tags, lanes, maybe),
            Names::Application(patterns) => {
                let named = self.named.get_or_init(|| NameLanes::new(self.layout, self.columns));
                *lanes = named.of(patterns);
                maybe.clear();
            }
            Names::Resolved(names) => {
                let (mut to, mut perhaps) = (Vec::new(), Vec::new());
                self.layout.lanes_of(&rule.to, self.tags, &mut to, &mut perhaps);
                let (mut yes, mut unknown) = (Vec::new(), false);
                for name in names {
                    let asked = device
                        .filter(|(f, _)| f.answers_names)
                        .map(|(f, id)| Resolve::resolve(self.model.names, &f.resolver, id, name));
                    *odd |= asked.as_ref().is_some_and(|n| n.forked);
                    match asked.and_then(|n| n.addresses) {
                        Some(all) => yes.extend(all.into_iter().map(|a| self.layout.lanes_in(Prefix::host(a)))),
                        None => unknown = true,
                    }
                }
                let yes = settle(yes);
                let unsure = if unknown { minus(vec![(0, self.layout.width())], &yes) } else { Vec::new() };
                let either = settle(yes.iter().chain(&unsure).copied().collect());
                *lanes = common(&to, &yes);
                let open = common(&settle(to.into_iter().chain(perhaps).collect()), &either);
                *maybe = minus(open, lanes);
            }
        }
    }
}

/// What rules make of lanes: let through, undecided, or let through by name; the rest is stopped. The first match decides;
/// one that cannot be decided matters where what follows disagrees with it.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) open: Vec<u64>,
    pub(super) soft: Vec<u64>,
    pub(super) named: Vec<u64>,
    live: Vec<u64>,
    perhaps_allowed: Vec<u64>,
    perhaps_denied: Vec<u64>,
    /// Whether any match could not be decided.
    unsure: bool,
}

impl Decided {
    /// What rules make of a range of lanes; words outside it are left as they are.
    pub(super) fn run<'r>(&mut self, width: usize, span: Span, ports: &Ports, rules: impl Iterator<Item = &'r Rule>) {
        let window = bits::touched(span);
        let Self { open, soft, named, live, perhaps_allowed, perhaps_denied, unsure } = self;
        for row in [&mut *open, &mut *soft, &mut *named, &mut *live, &mut *perhaps_allowed, &mut *perhaps_denied] {
            row.resize(words(width), 0);
            row[window.clone()].fill(0);
        }
        *unsure = false;
        let most = (0, width as u32);
        window.clone().for_each(|word| live[word] = bits::mask(word, most));
        for rule in rules {
            let mask = &ports.masks[rule.ports as usize];
            let sure = if rule.unsure { &[][..] } else { &*rule.lanes };
            // What is perhaps meant first: it bears on what follows only.
            let perhaps = rule.maybe.iter().chain(if rule.unsure { &*rule.lanes } else { &[] });
            let mut noted: Vec<(usize, u64)> = Vec::new();
            for lanes in perhaps {
                for word in clipped(*lanes, &window) {
                    noted.push((word, bits::mask(word, *lanes) & mask[word] & live[word]));
                }
            }
            let first = sure.partition_point(|s| s.1 as usize <= window.start * 64);
            for lanes in sure[first..].iter().take_while(|s| (s.0 as usize) < window.end * 64) {
                let words = clipped(*lanes, &window);
                if !*unsure {
                    // Nothing before was in doubt, as in most filters.
                    let into = rule.allow.then_some(if rule.by_name { &mut *named } else { &mut *open });
                    take(live, into.map(Vec::as_mut_slice), mask, *lanes, words);
                    continue;
                }
                for word in words {
                    let here = bits::mask(word, *lanes) & mask[word] & live[word];
                    if here == 0 {
                        continue;
                    }
                    live[word] &= !here;
                    if !rule.allow {
                        soft[word] |= here & perhaps_allowed[word];
                        continue;
                    }
                    soft[word] |= here & perhaps_denied[word];
                    let into = if rule.by_name { &mut *named } else { &mut *open };
                    into[word] |= here & !perhaps_denied[word];
                }
            }
            *unsure |= !noted.is_empty();
            for (word, lanes) in noted {
                let into = if rule.allow { &mut *perhaps_allowed } else { &mut *perhaps_denied };
                into[word] |= lanes & live[word];
            }
        }
        if *unsure {
            window.for_each(|word| soft[word] |= live[word] & perhaps_allowed[word]);
        }
    }
}

/// Takes the lanes of a range and a mask from those that are left, into another row if there is one.
fn take(live: &mut [u64], into: Option<&mut [u64]>, mask: &[u64], lanes: Span, words: std::ops::Range<usize>) {
    // Only the words at both ends are not taken whole.
    let inner = lanes.0.div_ceil(64) as usize..lanes.1 as usize / 64;
    let inner = inner.start.clamp(words.start, words.end)..inner.end.clamp(words.start, words.end);
    let inner = if inner.start < inner.end { inner } else { words.end..words.end };
    let edges = (words.start..inner.start).chain(inner.end..words.end);
    match into {
        None => {
            edges.for_each(|word| live[word] &= !(bits::mask(word, lanes) & mask[word]));
            live[inner.clone()].iter_mut().zip(&mask[inner]).for_each(|(live, mask)| *live &= !mask);
        }
        Some(into) => {
            for word in edges {
                let here = bits::mask(word, lanes) & mask[word] & live[word];
                live[word] &= !here;
                into[word] |= here;
            }
            let rows = into[inner.clone()].iter_mut().zip(&mut live[inner.clone()]).zip(&mask[inner]);
            for ((into, live), mask) in rows {
                *into |= *live & mask;
                *live &= !mask;
            }
        }
    }
}

/// Words of a range of lanes within others.
fn clipped(lanes: Span, window: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let touched = bits::touched(lanes);
    let start = touched.start.max(window.start);
    start..touched.end.min(window.end).max(start)
}

/// What rules make of sources on their way to one lane, as runs of sources: 1 lets through, 2 is undecided. Several
/// filters must all let through.
pub(super) fn runs(height: u32, filters: &[Vec<(&Rule, bool)>]) -> Vec<(u32, u32, u8)> {
    let mut cuts: Vec<u32> = vec![0, height];
    for (rule, _) in filters.iter().flatten() {
        cuts.extend(rule.rows.iter().flat_map(|s| [s.0, s.1]));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut found: Vec<(u32, u32, u8)> = Vec::new();
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let value = filters.iter().map(|f| first(f, from)).fold(1, |a: u8, b| match (a, b) {
            (0, _) | (_, 0) => 0,
            (2, _) | (_, 2) => 2,
            _ => 1,
        });
        match found.last_mut() {
            Some(last) if last.1 == from && last.2 == value => last.1 = to,
            _ if value != 0 => found.push((from, to, value)),
            _ => {}
        }
    }
    found
}

fn first(rules: &[(&Rule, bool)], row: u32) -> u8 {
    let (mut perhaps_allowed, mut perhaps_denied) = (false, false);
    for (rule, sure) in rules.iter().filter(|(r, _)| within(&r.rows, row)) {
        match (*sure && !rule.unsure, rule.allow) {
            (true, true) => return if perhaps_denied { 2 } else { 1 },
            (true, false) => return if perhaps_allowed { 2 } else { 0 },
            (false, true) => perhaps_allowed = true,
            (false, false) => perhaps_denied = true,
        }
    }
    if perhaps_allowed { 2 } else { 0 }
}

/// What rules make of all columns.
#[derive(Debug, Default)]
pub(super) struct Rulings {
    pub(super) open: Vec<u64>,
    pub(super) soft: Option<Vec<u64>>,
    pub(super) named: Option<Vec<u64>>,
}

/// What the chosen rules make of all lanes.
pub(super) fn rulings(rules: &[Rule], active: &[u64], width: usize, ports: &Ports) -> Rulings {
    let chosen: Vec<&Rule> = bits::ones(active).map(|r| &rules[r as usize]).collect();
    let mut decided = Decided::default();
    decided.run(width, (0, width as u32), ports, chosen.into_iter());
    let Decided { open, soft, named, .. } = decided;
    let mut found = Rulings { open, ..Rulings::default() };
    found.soft = soft.iter().any(|w| *w != 0).then_some(soft);
    found.named = named.iter().any(|w| *w != 0).then_some(named);
    found
}
