//! Filters as ranges of sources and columns.

use super::{
    super::{
        Column, Names as Resolve,
        model::{Fast, Model},
    },
    bits::{self, Span, mask_of, settle, within, words},
    layout::{Layout, TagLanes, minus},
};
use crate::{
    dataplane::{Action, Direction, Endpoint, Filter, FilterRule, Firewall, Id, Names},
    net::{PortSet, Prefix, Transport},
};

/// A rule for some ports.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) allow: bool,
    /// Whether it is an application rule, so that the device asks by itself.
    pub(super) by_name: bool,
    /// Whether even a match cannot be decided.
    pub(super) unsure: bool,
    pub(super) rows: Vec<Span>,
    pub(super) lanes: Vec<Span>,
    pub(super) maybe: Vec<Span>,
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
            for (bit, lanes) in single.iter().enumerate().filter(|(b, _)| combinations >> b & 1 == 1) {
                let _ = bit;
                mask.iter_mut().zip(lanes).for_each(|(m, l)| *m |= l);
            }
            masks.push(mask);
            masks.len() as u32 - 1
        })
    }

    pub(super) fn word(&self, ports: u32, word: usize) -> u64 {
        self.masks[ports as usize][word]
    }
}

/// What compiling a filter needs.
pub(super) struct Compiler<'c, 'p> {
    pub(super) model: &'c Model<'p>,
    pub(super) layout: &'c Layout,
    pub(super) tags: &'c TagLanes,
    pub(super) columns: &'c [Column],
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
            let rows = self.layout.rows_of(&rule.from);
            if rows.is_empty() {
                continue;
            }
            let (lanes, maybe) = self.destinations(rule, device, &mut odd);
            let any_port = rule.source_ports == PortSet::all();
            let whole =
                if any_port { vec![(portless | others, false)] } else { vec![(portless, false), (others, true)] };
            for (combinations, unsure) in whole.into_iter().filter(|(c, _)| *c != 0) {
                rules.push(Rule {
                    allow: rule.action != Action::Deny,
                    by_name: matches!(rule.names, Names::Application(_)),
                    unsure,
                    rows: rows.clone(),
                    lanes: lanes.clone(),
                    maybe: maybe.clone(),
                    combinations,
                    ports: 0,
                });
            }
        }
        (rules, odd)
    }

    fn destinations(
        &self,
        rule: &FilterRule,
        device: Option<(&Firewall, Id<Endpoint>)>,
        odd: &mut bool,
    ) -> (Vec<Span>, Vec<Span>) {
        let all = (0, self.layout.width());
        match &rule.names {
            Names::Ignored => self.layout.lanes_of(&rule.to, self.tags),
            Names::Application(patterns) => {
                let named = (0_u32..).zip(&self.layout.lanes).filter(|(_, l)| {
                    let name = self.columns[l.column as usize].name.as_ref();
                    name.is_some_and(|n| patterns.iter().any(|p| p.matches(n)))
                });
                (settle(named.map(|(i, _)| (i, i + 1)).collect()), Vec::new())
            }
            Names::Resolved(names) => {
                let (to, perhaps) = self.layout.lanes_of(&rule.to, self.tags);
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
                let maybe = if unknown { minus(vec![all], &yes) } else { Vec::new() };
                let either = settle(yes.iter().chain(&maybe).copied().collect());
                let sure = common(&to, &yes);
                let open = common(&settle(to.into_iter().chain(perhaps).collect()), &either);
                let open = minus(open, &sure);
                (sure, open)
            }
        }
    }
}

fn common(a: &[Span], b: &[Span]) -> Vec<Span> {
    let mut found = Vec::new();
    for one in a {
        found.extend(b.iter().map(|two| (one.0.max(two.0), one.1.min(two.1))).filter(|s| s.0 < s.1));
    }
    settle(found)
}

/// What rules make of lanes: let through, undecided, or let through by name; the rest is stopped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ruling {
    pub(super) open: u64,
    pub(super) soft: u64,
    pub(super) named: u64,
}

/// The first match decides; one that cannot be decided matters where what follows disagrees with it.
pub(super) fn decide<'r>(word: usize, mut live: u64, ports: &Ports, rules: impl Iterator<Item = &'r Rule>) -> Ruling {
    let mut found = Ruling::default();
    let (mut perhaps_allowed, mut perhaps_denied) = (0, 0);
    for rule in rules {
        if live == 0 {
            return found;
        }
        let here = ports.word(rule.ports, word) & live;
        if here == 0 {
            continue;
        }
        let mut sure = mask_of(word, &rule.lanes) & here;
        let mut unsure = if rule.maybe.is_empty() { 0 } else { mask_of(word, &rule.maybe) & here };
        if rule.unsure {
            unsure |= sure;
            sure = 0;
        }
        if rule.allow {
            let open = sure & !perhaps_denied;
            found.soft |= sure & perhaps_denied;
            if rule.by_name {
                found.named |= open
            } else {
                found.open |= open
            }
            perhaps_allowed |= unsure & !sure;
        } else {
            found.soft |= sure & perhaps_allowed;
            perhaps_denied |= unsure & !sure;
        }
        live &= !sure;
    }
    found.soft |= live & perhaps_allowed;
    found
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
    let mut found = Rulings { open: vec![0; words(width)], ..Rulings::default() };
    let (mut soft, mut named) = (vec![0; words(width)], vec![0; words(width)]);
    for word in 0..words(width) {
        let live = bits::mask(word, (0, width as u32));
        let ruling = decide(word, live, ports, chosen.iter().copied());
        (found.open[word], soft[word], named[word]) = (ruling.open, ruling.soft, ruling.named);
    }
    found.soft = soft.iter().any(|w| *w != 0).then_some(soft);
    found.named = named.iter().any(|w| *w != 0).then_some(named);
    found
}
