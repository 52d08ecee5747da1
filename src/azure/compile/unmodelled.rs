//! What exists beyond the model: where it could matter.

use super::Compiler;
use crate::{
    dataplane::{Member, Origin, Resolver, Unmodelled, UnmodelledScope},
    diag::{Diagnostic, code, nearest},
};
use std::collections::BTreeSet;

impl Compiler<'_> {
    /// Comes last, because it refers to the names of everything else.
    pub(super) fn unmodelled(&mut self) {
        let estate = self.estate;
        let mut found = Vec::new();
        for (name, entry) in estate.unmodelled.iter() {
            let what = &entry.value;
            let subnet = what.subnet.as_ref().map(|s| (self.subnet(s), s));
            let mut elements = BTreeSet::new();
            let known = self.plane.element_names();
            for element in &what.affects {
                if known.contains(element.value.as_str()) {
                    elements.insert(element.value.clone());
                    continue;
                }
                let text = format!("nothing that a path can meet is named `{}`", element.value);
                let near = nearest(&element.value, known.iter().copied());
                let help =
                    near.map_or("name it as `privreach trace` does".to_owned(), |n| format!("did you mean `{n}`?"));
                self.diagnostics.push(Diagnostic::error(code::REFERENCE, element.span, text).help(help));
            }
            let scope = match subnet {
                Some((Some(segment), _)) => {
                    let network = self.plane.segments.get(segment).network;
                    elements.insert(self.plane.segments.get(segment).origin.name.clone());
                    elements.insert(self.plane.networks.get(network).origin.name.clone());
                    UnmodelledScope::Owners(elements)
                }
                Some((None, _)) => continue,
                None if !what.names.is_empty() => UnmodelledScope::Names(self.names(&what.names)),
                None if what.affects.is_empty() => UnmodelledScope::Everything,
                None if what.names_assumed.value => UnmodelledScope::Elements(self.with_askers(elements)),
                None => UnmodelledScope::Elements(self.with_inhabitants(elements)),
            };
            let text = format!("{} {name} is not modelled: {}", what.type_.value, what.reason.value);
            found.push(Unmodelled {
                origin: Origin::new("unmodelled", name, entry.span),
                text,
                scope,
                address_assumed: what.address_assumed.value,
                ports: what.ports.iter().map(|p| (p.value.transport, p.value.ports.clone())).collect(),
                place_assumed: what.place_assumed.value,
                names_assumed: what.names_assumed.value,
                calls_only: what.calls_only.value,
            });
        }
        self.plane.unmodelled.extend(found);
    }

    /// Elements with whoever asks for names as they say: clients, and pools of gateways whose members are names.
    fn with_askers(&self, mut elements: BTreeSet<String>) -> BTreeSet<String> {
        // Servers of a member's own are told by their place.
        let of_network = |at: &Origin| {
            let network = self.estate.virtual_networks.get(&at.name);
            network.is_none_or(|n| n.value.dns_servers.first().is_some_and(|s| Some(s.span) == at.span))
        };
        let asks = |resolver: &Resolver| match resolver {
            Resolver::Platform(view) => elements.contains(&self.plane.dns.views.get(*view).origin.name),
            Resolver::Servers { origin, .. } => elements.contains(&origin.name) && of_network(origin),
            Resolver::Public => false,
        };
        let clients = self.plane.clients.iter().map(|(_, c)| c).filter(|c| asks(&c.resolver)).map(|c| &c.origin);
        let gateways = self.plane.proxies.iter().map(|(_, p)| p).filter(|p| asks(&p.resolver));
        let by_name = |m: &Member| matches!(m, Member::Name(_));
        let pools = gateways.flat_map(|p| &p.rules).map(|r| &r.backend).filter(|b| b.members.iter().any(by_name));
        let askers: Vec<String> = clients.chain(pools.map(|b| &b.origin)).map(|o| o.name.clone()).collect();
        elements.extend(askers);
        elements
    }

    /// Elements with their parts, and with everything that has an address in those of them that are networks or subnets.
    fn with_inhabitants(&self, mut elements: BTreeSet<String>) -> BTreeSet<String> {
        let is_part =
            |name: &str| name.match_indices('/').any(|(at, _)| name.get(..at).is_some_and(|n| elements.contains(n)));
        let parts: Vec<String> =
            self.plane.element_names().into_iter().filter(|n| is_part(n)).map(str::to_owned).collect();
        elements.extend(parts);
        // Parts of a gateway go by their own names.
        let own = self.plane.proxies.iter().filter(|(_, p)| elements.contains(&p.origin.name));
        let own =
            own.flat_map(|(_, p)| p.frontends.iter().map(|f| &f.origin).chain(p.listeners.iter().map(|l| &l.origin)));
        let own: Vec<String> = own.map(|o| o.name.clone()).collect();
        elements.extend(own);
        for (_, endpoint) in self.plane.endpoints.iter() {
            let Some(segment) = endpoint.segment.map(|s| self.plane.segments.get(s)) else { continue };
            let network = self.plane.networks.get(segment.network);
            if elements.contains(&segment.origin.name) || elements.contains(&network.origin.name) {
                elements.insert(endpoint.origin.name.clone());
            }
        }
        elements
    }
}
