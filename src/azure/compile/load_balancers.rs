//! Load balancers and NAT gateways (LB-01 to LB-12, NAT-01 to NAT-05).

use super::{Compiler, machines::endpoint};
use crate::{
    azure::model::{
        load_balancer::{LoadBalancer, LoadBalancerProtocol},
        network::Sku,
    },
    dataplane::{Balancer, BalancerProbe, BalancerRule, Endpoint, Id, NatGateway, Origin, Role},
    diag::{Diagnostic, Span, code},
    document::{Entry, Reference},
    net::{PortRange, PortSet, Protocol, Transport},
};

impl Compiler<'_> {
    pub(super) fn load_balancers(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.load_balancers.iter() {
            self.frontends_of(name, entry);
            self.balancer_rules(name, entry);
        }
        self.nat_gateways();
    }

    /// Frontends own their addresses: private ones in a subnet, public ones outside.
    fn frontends_of(&mut self, name: &str, entry: &Entry<LoadBalancer>) {
        for (front, declared) in entry.value.frontend_ip_configurations.iter() {
            let full = format!("{name}/{front}");
            let configuration = &declared.value;
            let role =
                Role::Balancer(Box::new(Balancer { basic: entry.value.sku.value == Sku::Basic, rules: Vec::new() }));
            let origin = Origin::new("load_balancer", &full, declared.span);
            let made = match (&configuration.subnet, &configuration.public_ip_address) {
                (Some(subnet), None) => {
                    let Some(segment) = self.subnet(subnet) else { continue };
                    let address = match &configuration.private_ip_address {
                        Some(address) => Some(address.value),
                        None => self.allocate(segment),
                    };
                    endpoint(origin, Some(segment), address.into_iter().collect(), role)
                }
                (None, Some(public)) => {
                    let Some(address) = self.public_ip(public) else { continue };
                    if self.sku(public) != entry.value.sku.value {
                        self.error(
                            code::CONFLICT,
                            public.span,
                            format!("`{}` and load balancer `{name}` are of different SKUs", public.value),
                            "use one SKU for both",
                        );
                    }
                    endpoint(origin, None, vec![address], role)
                }
                _ => {
                    self.error(
                        code::CONFLICT,
                        declared.span,
                        format!("frontend `{full}` needs exactly one of subnet and public_ip_address"),
                        "a frontend is private or public",
                    );
                    continue;
                }
            };
            let id = self.plane.add_endpoint(made);
            if configuration.subnet.as_ref().is_some_and(|s| self.undelegated(s, "a frontend of a load balancer")) {
                self.refuse(id);
            }
            self.frontends.insert(full, id);
        }
    }

    fn members(&mut self, balancer: &LoadBalancer, pool: &Reference) -> Vec<Id<Endpoint>> {
        let machines = self.machines.clone();
        let Some(declared) = self.declared("backend address pool", pool, &balancer.backend_address_pools) else {
            return Vec::new();
        };
        let mut members = Vec::new();
        for reference in &declared.virtual_machines {
            let Some(id) = self.find("virtual_machine", reference, &machines) else { continue };
            let elsewhere = members.first().is_some_and(|m| self.plane.network_of(*m) != self.plane.network_of(id));
            if elsewhere && self.reported.insert(reference.span) {
                let text = format!("`{}` is in another network than the rest of the pool (LB-09)", reference.value);
                let error = Diagnostic::error(code::CONFLICT, reference.span, text);
                self.diagnostics.push(error.help("a pool holds machines of one virtual network").refused());
            }
            members.push(id);
        }
        members
    }

    fn balancer_rules(&mut self, name: &str, entry: &Entry<LoadBalancer>) {
        let balancer = &entry.value;
        for (rule_name, declared) in balancer.rules.iter() {
            let rule = &declared.value;
            let members = self.members(balancer, &rule.backend_address_pool);
            // A Standard frontend inside takes default outbound access from its members; a Basic one does not (NAT-10).
            let front = self.frontends.get(&format!("{name}/{}", rule.frontend_ip_configuration.value)).copied();
            let front = front.map(|f| self.plane.endpoints.get(f)).filter(|f| f.segment.is_some());
            let inside = front.map(|f| f.origin.clone()).filter(|_| balancer.sku.value == Sku::Standard);
            if let Some(origin) = inside {
                members.iter().for_each(|m| self.plane.endpoints.get_mut(*m).internal_pool = Some(origin.clone()));
            }
            let home = self.frontends.get(&format!("{name}/{}", rule.frontend_ip_configuration.value));
            let home = home.and_then(|f| self.plane.network_of(*f));
            // A pool of two networks is told of where it is declared.
            let apart = home.is_some() && members.iter().all(|m| self.plane.network_of(*m) != home);
            let stranger = members.first().filter(|_| apart).copied();
            if let Some(member) = stranger {
                let member = self.plane.endpoints.get(member).origin.clone();
                let front = &rule.frontend_ip_configuration;
                if self.reported.insert(front.span) {
                    let text = format!("frontend `{name}/{}` is in another network than {member} (LB-09)", front.value);
                    let error = Diagnostic::error(code::CONFLICT, front.span, text);
                    let help = "a private frontend takes machines of its own virtual network";
                    self.diagnostics.push(error.help(help).refused());
                }
                if let Some(id) = self.frontends.get(&format!("{name}/{}", front.value)).copied() {
                    self.refuse(id);
                }
            }
            let probe = rule.probe.as_ref().and_then(|reference| {
                let probe = self.declared("probe", reference, &balancer.probes)?;
                let origin = Origin::new("probe", &reference.value, probe.port.span);
                Some(BalancerProbe { origin, port: probe.port.value })
            });
            let all = rule.protocol.value == LoadBalancerProtocol::All;
            if all != (rule.frontend_port.value == 0) || all != (rule.backend_port.value == 0) {
                self.error(
                    code::CONFLICT,
                    rule.frontend_port.span,
                    format!("rule `{rule_name}`: protocol All goes with port 0, and no other does (LB-05)"),
                    "use protocol All with both ports 0 for HA ports",
                );
            }
            let front = &rule.frontend_ip_configuration;
            self.declared("frontend", front, &balancer.frontend_ip_configurations);
            let Some(id) = self.frontends.get(&format!("{name}/{}", front.value)).copied() else { continue };
            let public = self.plane.endpoints.get(id).segment.is_none();
            if all && (public || balancer.sku.value == Sku::Basic) {
                let text =
                    format!("rule `{rule_name}`: HA ports need a private frontend of a Standard balancer (LB-05)");
                let error = Diagnostic::error(code::CONFLICT, rule.protocol.span, text);
                self.diagnostics.push(error.help("use port rules, or a private Standard frontend").refused());
            }
            let port = rule.frontend_port.value;
            // HA ports balance flows of TCP and UDP, and nothing else (LB-05).
            let protocols: &[Transport] = match rule.protocol.value {
                LoadBalancerProtocol::Tcp => &[Transport::Tcp],
                LoadBalancerProtocol::Udp => &[Transport::Udp],
                LoadBalancerProtocol::All => &[Transport::Tcp, Transport::Udp],
            };
            let made = protocols.iter().map(|transport| BalancerRule {
                origin: Origin::new("rule", rule_name, declared.span),
                protocol: Protocol::Only(*transport),
                ports: if all { PortSet::all() } else { PortSet::of([PortRange { first: port, last: port }]) },
                backend_port: (!all).then_some(rule.backend_port.value),
                floating: rule.floating_ip_enabled.value,
                members: members.clone(),
                probe: probe.clone(),
            });
            if let Role::Balancer(balancer) = &mut self.plane.endpoints.get_mut(id).role {
                balancer.rules.extend(made);
            }
        }
        for (_, declared) in balancer.outbound_rules.iter() {
            let rule = &declared.value;
            let members = self.members(balancer, &rule.backend_address_pool);
            let front = &rule.frontend_ip_configuration;
            self.declared("frontend", front, &balancer.frontend_ip_configurations);
            let id = self.frontends.get(&format!("{name}/{}", front.value)).copied();
            let address = id
                .filter(|i| self.plane.endpoints.get(*i).segment.is_none())
                .and_then(|i| self.plane.endpoints.get(i).addresses.first().copied());
            let Some(address) = address else {
                self.error(
                    code::CONFLICT,
                    front.span,
                    "an outbound rule needs a public frontend (NAT-10)",
                    "name a public frontend",
                );
                continue;
            };
            for member in members {
                self.plane.endpoints.get_mut(member).balanced_source = Some(address);
            }
        }
    }

    /// A NAT gateway translates what leaves its subnets for the internet (NAT-02).
    fn nat_gateways(&mut self) {
        let estate = self.estate;
        let mut addresses = std::collections::BTreeMap::new();
        for (name, entry) in estate.nat_gateways.iter() {
            for reference in &entry.value.public_ips {
                if self.sku(reference) == Sku::Basic {
                    let text =
                        format!("NAT gateway `{name}` cannot use the Basic address `{}` (NAT-04)", reference.value);
                    self.error(code::CONFLICT, reference.span, text, "use a Standard public address");
                }
            }
            let mut own: Vec<_> = entry.value.public_ips.iter().filter_map(|r| self.public_ip(r)).collect();
            // Nothing that comes from outside is taken at its addresses (NAT-03).
            for address in &own {
                if self.plane.public_owner(*address).is_none() {
                    let origin = Origin::new("nat_gateway", name, entry.span);
                    self.plane.add_endpoint(endpoint(origin, None, vec![*address], Role::Unattached));
                }
            }
            if own.is_empty() {
                own.push(self.undeclared_public());
            }
            let origin = Origin::new("nat_gateway", name, entry.span);
            addresses.insert(name, NatGateway { origin, addresses: own });
        }
        let mut homes: std::collections::BTreeMap<&str, (&str, Span)> = std::collections::BTreeMap::new();
        for (vnet, entry) in estate.virtual_networks.iter() {
            for (subnet, declared) in entry.value.subnets.iter() {
                let Some(reference) = &declared.value.nat_gateway else { continue };
                self.declared("nat_gateway", reference, &estate.nat_gateways);
                let (home, first) = *homes.entry(&reference.value).or_insert((vnet, reference.span));
                if home != vnet && self.reported.insert(reference.span) {
                    let text =
                        format!("NAT gateway `{}` serves subnets of `{home}` and `{vnet}` (NAT-04)", reference.value);
                    let error = Diagnostic::error(code::CONFLICT, reference.span, text).related(first, "here, too");
                    self.diagnostics.push(error.help("give each network a gateway of its own").refused());
                }
                let segment = self.subnets.get(&format!("{vnet}/{subnet}")).copied();
                if let (Some(segment), Some(nat)) = (segment, addresses.get(reference.value.as_str())) {
                    self.plane.segments.get_mut(segment).nat = Some(nat.clone());
                }
            }
        }
    }
}
