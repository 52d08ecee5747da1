//! What was not understood, as entries of `unmodelled`: where it could matter, in names that paths can meet.

use super::{
    draft::{Draft, Item, Key, Matters, Node, Style, Tree},
    finish::written,
    scope,
};
use crate::net::Fqdn;
use std::collections::{BTreeMap, BTreeSet};

/// Names of items, and of all that a path can meet.
struct Names<'d> {
    draft: &'d Draft,
    names: &'d BTreeMap<Key, String>,
    /// What a path can meet.
    elements: &'d BTreeSet<String>,
    /// Items that refer to others by these fields, by what they refer to.
    users: BTreeMap<(&'static str, &'d Key), Vec<&'d Key>>,
    /// Items that refer to what acts through them, in whatever field, by that.
    through: BTreeMap<&'d Key, BTreeSet<&'d Key>>,
}

/// Collections of what acts through what refers to it.
const THROUGH: [&str; 3] = ["public_ips", "application_security_groups", "virtual_wans"];

/// References by which what is shared acts on those that use it.
const USES: [(&str, &str); 4] = [
    ("route_tables", "route_table"),
    ("nat_gateways", "nat_gateway"),
    ("network_security_groups", "network_security_group"),
    ("firewall_policies", "firewall_policy"),
];

/// The reference by which a policy takes the rules of another.
const INHERITS: &str = "base_policy";

/// References by which something that no path meets itself acts on something that it can meet.
const ACTS_ON: [&str; 7] = [
    "virtual_network",
    "virtual_network_gateway",
    "virtual_hub",
    "subnet",
    "remote_virtual_network",
    "outbound_endpoints",
    "on_premises_site",
];

/// The entries, in the order in which things were met.
pub(super) fn entries(
    draft: &Draft,
    names: &BTreeMap<Key, String>,
    elements: &BTreeSet<String>,
) -> Vec<(String, Node)> {
    let mut users: BTreeMap<_, Vec<&Key>> = BTreeMap::new();
    for (key, item) in &draft.items {
        for field in USES.iter().map(|(_, field)| *field).chain([INHERITS]) {
            if let Some(to) = item.get(field).and_then(Node::target) {
                users.entry((field, to)).or_default().push(key);
            }
        }
    }
    let mut through: BTreeMap<&Key, BTreeSet<&Key>> = BTreeMap::new();
    for (key, item) in &draft.items {
        item.fields.iter().for_each(|(_, node)| {
            node.references(&mut |to| {
                if THROUGH.contains(&to.collection) {
                    through.entry(to).or_default().insert(key);
                }
            });
        });
    }
    let names = Names { draft, names, elements, users, through };
    let mut entries: Vec<(String, Node)> = Vec::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for what in &scope::plain(draft) {
        let span = what.source.span;
        let mut fields =
            vec![("type", Node::text(what.kind.clone(), span)), ("reason", Node::text(what.why.clone(), span))];
        let list = |texts: Vec<String>| Node::list(texts.into_iter().map(|t| Node::text(t, span)).collect(), span);
        match &what.matters {
            Matters::No => continue,
            Matters::Itself => {
                let own = Some(what.name.clone()).filter(|n| n.parse::<Fqdn>().is_ok());
                let stand_in = || format!("{}.invalid", what.kind.replace(['.', '/', '_'], "-"));
                fields.push(("names", list(vec![own.unwrap_or_else(stand_in)])));
            }
            Matters::Everywhere => {}
            Matters::SomeSubnet => fields.push(("subnet_unknown", Node::flag(true, span))),
            Matters::Names(names) | Matters::PrivateNames(names) if names.is_empty() => continue,
            // What is no name can only be said to matter anywhere.
            Matters::Names(names) if names.iter().all(|n| n.parse::<Fqdn>().is_ok()) => {
                fields.push(("names", list(names.clone())));
            }
            Matters::PrivateNames(names) if names.iter().all(|n| n.parse::<Fqdn>().is_ok()) => {
                fields.push(("names", list(names.clone())));
                fields.push(("concerns", list(vec!["names".to_owned()])));
            }
            Matters::Names(_) | Matters::PrivateNames(_) => {}
            Matters::Subnet(subnet) if draft.items.contains_key(subnet) => {
                fields.push(("subnet", Node::text(written(subnet, Style::Path, draft, names.names), span)));
            }
            Matters::Item(key) if names.zone(key).is_some() => {
                fields.push(("names", list(names.zone(key).into_iter().collect())));
                fields.push(("concerns", list(vec!["names".to_owned()])));
            }
            Matters::Item(key) if draft.items.contains_key(key) => match names.of_all(key) {
                Some(affected) if affected.is_empty() => continue,
                Some(affected) => fields.push(("affects", list(affected))),
                None => {}
            },
            Matters::Ports(key, ports) if draft.items.contains_key(key) => match names.of(key, 0) {
                Some(affected) if affected.is_empty() => continue,
                Some(affected) => {
                    fields.push(("affects", list(affected)));
                    fields.push(("ports", list(vec![ports.clone()])));
                }
                None => {}
            },
            Matters::Pool(gateway, pool) if draft.items.contains_key(gateway) => {
                // Without a rule that uses it, nobody asks its members.
                if !elements.contains(pool) {
                    continue;
                }
                fields.push(("affects", list(vec![pool.clone()])));
            }
            other => {
                // What it is about was left out itself, and that was reported with its own place.
                let Some((key, concerns)) = names.concerned(other).filter(|(key, _)| draft.items.contains_key(*key))
                else {
                    continue;
                };
                let affected = match other {
                    Matters::Routes(_) => names.of_led(key),
                    _ => names.of_all(key),
                };
                match affected {
                    Some(affected) if affected.is_empty() => continue,
                    Some(affected) => {
                        fields.push(("affects", list(affected)));
                        fields.push(("concerns", list(concerns.iter().map(|word| (*word).to_owned()).collect())));
                    }
                    None => {}
                }
            }
        }
        let plain = if what.name.is_empty() { what.kind.clone() } else { what.name.clone() };
        let mut name = plain.clone();
        while taken.contains_key(&name) {
            let count = taken.entry(plain.clone()).or_insert(1);
            *count += 1;
            name = format!("{plain}-{count}");
        }
        taken.insert(name.clone(), 1);
        entries.push((name, Node::map(fields, span).comment(what.source.address.clone())));
    }
    entries
}

impl Names<'_> {
    /// The item of which only some things are in doubt, and which; nothing for what is said in another way.
    fn concerned<'m>(&self, matters: &'m Matters) -> Option<(&'m Key, &'static [&'static str])> {
        Some(match matters {
            Matters::Address(key) => (key, &["address"]),
            Matters::Place(key) => (key, &["place"]),
            Matters::Answers(key) => (key, &["names"]),
            Matters::Links(key) => (key, &["links"]),
            // No hub leads what stays inside a network.
            Matters::Routes(key) if self.hub(key).is_some() => (key, &["links", "routes"]),
            Matters::Routes(key) => (key, &["routes"]),
            Matters::Calls(key) => (key, &["calls"]),
            Matters::CallsElsewhere(key) => (key, &["place", "calls"]),
            Matters::Public(key) => (key, &["public_access"]),
            Matters::PublicRules(key) => (key, &["public_rules"]),
            // Written by themselves, if what they are about is there; places in sum are plain ones by now.
            Matters::No
            | Matters::Itself
            | Matters::Everywhere
            | Matters::Subnet(_)
            | Matters::SomeSubnet
            | Matters::Item(_)
            | Matters::Ports(..)
            | Matters::Pool(..)
            | Matters::Names(_)
            | Matters::PrivateNames(_)
            | Matters::Target(..)
            | Matters::Rules(_)
            | Matters::Gateways
            | Matters::AnyOf(_)
            | Matters::SomeAddress
            | Matters::SomePool
            | Matters::All(_) => return None,
        })
    }

    /// The zone that an item is or belongs to.
    fn zone(&self, key: &Key) -> Option<String> {
        let parent = |k: &Key| self.draft.items.get(k).and_then(|i| i.parent.as_ref()).map(|(p, _)| p.clone());
        let root = std::iter::successors(Some(key.clone()), parent).last()?;
        let item = self.draft.items.get(&root).filter(|_| root.collection == "private_dns_zones")?;
        item.name.parse::<Fqdn>().is_ok().then(|| item.name.clone())
    }

    /// The same of an item and of those that are like it.
    fn of_all(&self, key: &Key) -> Option<Vec<String>> {
        let alike = self.draft.alike.get(key).map_or(&[][..], Vec::as_slice);
        let all: Option<Vec<Vec<String>>> = std::iter::once(key).chain(alike).map(|k| self.of(k, 0)).collect();
        all.map(|a| a.concat())
    }

    /// The item that an item is a part of, if it is one of a collection.
    fn root<'k>(&'k self, key: &'k Key, collection: &str) -> Option<&'k Key> {
        let parent = |k: &&'k Key| self.draft.items.get(*k).and_then(|i| i.parent.as_ref()).map(|(p, _)| p);
        std::iter::successors(Some(key), parent).find(|k| k.collection == collection)
    }

    /// The hub that an item is, or is a part of.
    fn hub<'k>(&'k self, key: &'k Key) -> Option<&'k Key> {
        self.root(key, "virtual_hubs")
    }

    /// The same of what leads packets on, and of the networks and sites that learn its routes: those joined to a hub or to
    /// another one of its WAN, and those that use the gateways of a Route Server's network (VWAN-04, GW-03).
    fn of_led(&self, key: &Key) -> Option<Vec<String>> {
        let field = |item: &'_ Item, field: &str| item.get(field).and_then(Node::target).cloned();
        let all = |collection: &'static str| self.draft.items.iter().filter(move |(k, _)| k.collection == collection);
        let mut found = self.of_all(key)?;
        let mut learn = Vec::new();
        if let Some(hub) = self.hub(key) {
            let wan = self.draft.items.get(hub).and_then(|h| field(h, "virtual_wan"));
            let beside = |(k, h): &(&Key, &Item)| *k == hub || wan.is_some() && field(h, "virtual_wan") == wan;
            let hubs: BTreeSet<&Key> = all("virtual_hubs").filter(beside).map(|(k, _)| k).collect();
            learn.extend(hubs.iter().map(|k| (*k).clone()));
            for (_, link) in all("virtual_hub_connections").chain(all("virtual_hub_branches")) {
                if field(link, "virtual_hub").is_some_and(|h| hubs.contains(&h)) {
                    learn.extend(["remote_virtual_network", "on_premises_site"].iter().filter_map(|f| field(link, f)));
                }
            }
        } else if let Some(server) = self.root(key, "route_servers") {
            let home = self.draft.items.get(server).and_then(|s| field(s, "virtual_network"));
            let uses =
                |(_, p): &(&Key, &Item)| p.get("use_remote_gateways").is_some_and(|n| n.tree == Tree::Bool(true));
            let there = |(_, p): &(&Key, &Item)| home.is_some() && field(p, "remote_virtual_network") == home;
            let users = all("virtual_network_peerings").filter(uses).filter(there);
            learn.extend(users.filter_map(|(_, p)| field(p, "virtual_network")));
        }
        for key in learn {
            found.extend(self.of(&key, 0)?.into_iter().filter(|n| !found.contains(n)).collect::<Vec<_>>());
        }
        Some(found)
    }

    /// What paths can meet of the elements that an item decides about: none if nobody uses it, nothing if there is no
    /// telling.
    fn of(&self, key: &Key, depth: usize) -> Option<Vec<String>> {
        const MAX_DEPTH: usize = 6;
        let item = self.draft.items.get(key)?;
        if depth > MAX_DEPTH {
            return None;
        }
        let path = |k: &Key| written(k, Style::Path, self.draft, self.names);
        if let Some((_, field)) = USES.iter().find(|(collection, _)| *collection == key.collection) {
            let users = self.users.get(&(*field, key)).map_or(&[][..], Vec::as_slice);
            let met: Vec<Option<Vec<String>>> = users.iter().map(|u| self.met(u, path(u), depth)).collect();
            let heirs = self.users.get(&(INHERITS, key)).map_or(&[][..], Vec::as_slice);
            let met = met.into_iter().chain(heirs.iter().map(|heir| self.of(heir, depth + 1)));
            let met: Option<Vec<Vec<String>>> = met.collect();
            // What blocks there is a rule or a route of its own, told by its name.
            let own = Some(path(key)).filter(|name| !users.is_empty() && self.elements.contains(name));
            return met.map(|m| m.concat().into_iter().chain(own).collect());
        }
        match (key.collection, &item.parent) {
            ("subnets", _) => self.met(key, path(key), depth),
            (collection, _) if THROUGH.contains(&collection) => {
                let users = self.through.get(key).into_iter().flatten();
                // Whom a public address belongs to may be what is not in the scenario.
                let own = Some(path(key)).filter(|name| self.elements.contains(name));
                Some(users.filter_map(|user| self.of(user, depth + 1)).flatten().chain(own).collect())
            }
            // A part that paths meet by its own name does what is in doubt itself.
            (_, Some((parent, _))) => {
                let own = Some(path(key)).filter(|name| self.elements.contains(name));
                self.of(parent, depth + 1).map(|of| of.into_iter().chain(own).collect())
            }
            (_, None) => self.met(key, path(key), depth),
        }
    }

    /// The name if a path can meet it, else that of what the item acts on.
    fn met(&self, key: &Key, name: String, depth: usize) -> Option<Vec<String>> {
        // A link may be met where it refuses only; what it joins is met in any case.
        let own = self.elements.contains(&name).then_some(name);
        if own.is_some() && !scope::LINKS.contains(&key.collection) {
            return own.map(|name| vec![name]);
        }
        let item = self.draft.items.get(key)?;
        let named = ACTS_ON.iter().filter_map(|f| item.get(f));
        let references =
            named.flat_map(|node| node.target().into_iter().chain(node.items().iter().filter_map(Node::target)));
        let mut found: Vec<String> = own.into_iter().collect();
        found.extend(references.filter_map(|to| self.of(to, depth + 1)).flatten());
        // Nothing that a path meets belongs to it, and it may still do something that is not read.
        (!found.is_empty()).then_some(found)
    }
}
