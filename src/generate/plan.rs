//! How large an estate is, where everything lies, and what each spoke is like.
//!
//! Every hub has a /13 of 10.0.0.0/8: its first /21 is the hub's own network, each further one a spoke's, with up to six
//! /24 for machines and the last for private endpoints.

use super::{
    random::{Random, Topic},
    services::{self, Access},
};
use std::net::Ipv4Addr;
use thiserror::Error;

/// Most hubs: a /13 each.
const MAX_HUBS: usize = 32;
/// Most spokes of a hub: a /21 each, without the hub's own.
const MAX_SPOKES_PER_HUB: usize = 255;
/// Subnets for machines in a spoke, by what they are for.
pub(super) const TIERS: [&str; 6] = ["web", "app", "data", "jobs", "edge", "lab"];
/// Most machines of a subnet: a /24 without what the platform keeps.
const MAX_MACHINES: usize = 250;
/// Most private endpoints of a subnet that the plan relies on.
const MAX_ENDPOINTS: usize = 250;
/// Most services of a spoke: each may have its endpoint there.
const MAX_SERVICES: usize = 200;
/// Most rules of a security group and direction.
const MAX_RULES: usize = 350;
/// Most NAT gateways: each has a public address of one documentation prefix.
const MAX_NAT_GATEWAYS: usize = 250;

/// What an estate is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A group per subnet, a few shared groups on interfaces, application groups, some rules for single machines.
    Typical,
    /// No groups on interfaces, no application groups, no rules for single machines: the most alike.
    Flat,
    /// As typical, with four rules of ten for single machines.
    Hosts,
    /// Every interface has a group of its own with rules for single machines: nothing is alike.
    Worst,
}

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Number of virtual machines.
    pub endpoints: usize,
    /// Number of PaaS services.
    pub services: usize,
    /// The same seed and numbers give the same estate.
    pub seed: u64,
    /// What the estate is like.
    pub shape: Shape,
    /// Number of hubs; grows with the spokes when absent.
    pub hubs: Option<usize>,
    /// Number of spokes; one for a hundred machines when absent.
    pub spokes: Option<usize>,
    /// Number of subnets for machines in each spoke; four when absent.
    pub subnets: Option<usize>,
    /// Rules of a security group in each direction; fifteen when absent.
    pub rules: Option<usize>,
}

impl Options {
    /// A typical estate of a size.
    #[must_use]
    pub fn new(endpoints: usize, services: usize, seed: u64) -> Self {
        let shape = Shape::Typical;
        Self { endpoints, services, seed, shape, hubs: None, spokes: None, subnets: None, rules: None }
    }
}

/// Why there is no such estate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GenerateError {
    /// Something must be at least one.
    #[error("an estate needs at least one of: {0}")]
    None(&'static str),
    /// The address plan has no room.
    #[error("{asked} {what} are more than the address plan holds; it has room for {room} with {with}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much was asked for.
        asked: usize,
        /// How much there may be.
        room: usize,
        /// What the room follows from.
        with: String,
    },
    /// The generator made something that the format refuses.
    #[error("the generated estate is refused: {0}")]
    Refused(String),
}

/// Where a spoke's routes lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Routes {
    /// 0.0.0.0/0 and 10.0.0.0/8 to the firewall.
    All,
    /// The same and the network's own prefix, so that even neighbours meet at the firewall.
    AllAndOwn,
    /// The same, with one public prefix straight to the internet.
    AllButPublic,
    /// 0.0.0.0/0 only.
    Default,
    /// 10.0.0.0/8 only.
    Private,
    /// No route table.
    None,
}

/// How a spoke sees private names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// All zones are linked.
    Linked,
    /// All but one: names of that kind are public there.
    AllBut(usize),
    /// None is linked.
    Unlinked,
    /// All are linked and fall back to public DNS.
    Fallback,
    /// The hub's firewall is asked.
    Firewall,
}

/// A spoke.
#[derive(Debug, Clone)]
pub(super) struct Spoke {
    pub(super) hub: usize,
    /// Number in its hub, from 0.
    pub(super) place: usize,
    pub(super) peered: bool,
    pub(super) routes: Routes,
    pub(super) names: Names,
    /// Number of its NAT gateway.
    pub(super) nat: Option<usize>,
}

/// Where a private endpoint lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Hub(usize),
    Spoke(usize),
}

/// A private endpoint of a service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) place: Place,
    pub(super) address: Ipv4Addr,
}

/// The plan of an estate.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) options: Options,
    pub(super) hubs: usize,
    pub(super) subnets: usize,
    pub(super) rules: usize,
    /// Machines in each hub.
    pub(super) shared: usize,
    pub(super) spokes: Vec<Spoke>,
    /// Subnets with service endpoints: spoke and number.
    pub(super) service_subnets: Vec<(usize, usize)>,
    /// Private endpoints of each service.
    pub(super) endpoints: Vec<Vec<Endpoint>>,
    widths: (usize, usize),
}

impl Plan {
    pub(super) fn new(options: Options) -> Result<Self, GenerateError> {
        let subnets = options.subnets.unwrap_or(4);
        let machines = options.endpoints;
        let spokes = options.spokes.unwrap_or_else(|| {
            machines.div_ceil((25 * subnets).max(1)).max(4.min(machines / 8).max(1)).max(options.services.div_ceil(50))
        });
        let hubs = options.hubs.unwrap_or_else(|| {
            (spokes.isqrt() / 4).max(spokes.div_ceil(MAX_SPOKES_PER_HUB)).max(if spokes > 2 { 2 } else { 1 })
        });
        let rules = options.rules.unwrap_or(15);
        for (what, number) in [("machines", machines), ("hubs", hubs), ("spokes", spokes), ("subnets", subnets)] {
            if number == 0 {
                return Err(GenerateError::None(what));
            }
        }
        let shared = (machines / 40 / hubs).min(2);
        let in_spokes = machines - shared * hubs;
        let bounds = [
            ("hubs", hubs, MAX_HUBS, "a /13 of 10.0.0.0/8 each".to_owned()),
            ("spokes", spokes, hubs.saturating_mul(MAX_SPOKES_PER_HUB), format!("{hubs} hubs")),
            ("subnets", subnets, TIERS.len(), "a /21 for each spoke".to_owned()),
            (
                "machines",
                in_spokes,
                spokes.saturating_mul(subnets).saturating_mul(MAX_MACHINES),
                format!("{spokes} spokes of {subnets} subnets"),
            ),
            ("services", options.services, spokes.saturating_mul(MAX_SERVICES), format!("{spokes} spokes")),
            ("rules", rules, MAX_RULES, "two directions in a group".to_owned()),
        ];
        for (what, asked, room, with) in bounds {
            if asked > room {
                return Err(GenerateError::TooMany { what, asked, room, with });
            }
        }
        let digits = |n: usize| n.to_string().len();
        let mut plan = Self {
            options,
            hubs,
            subnets,
            rules,
            shared,
            spokes: Vec::new(),
            service_subnets: Vec::new(),
            endpoints: Vec::new(),
            widths: (digits(hubs), digits(spokes)),
        };
        plan.place_spokes(spokes);
        plan.place_endpoints();
        Ok(plan)
    }

    fn place_spokes(&mut self, spokes: usize) {
        let (mut place, mut last, mut gateways) = (0, 0, 0);
        for number in 0..spokes {
            // Spokes of one hub stand together.
            let hub = number * self.hubs / spokes;
            place = if hub == last { place } else { 0 };
            last = hub;
            let mut random = self.random(Topic::Spoke, [number, 0]);
            let peered = !random.chance(2);
            let routes = random.weighted(
                Routes::None,
                &[
                    (65, Routes::All),
                    (10, Routes::AllAndOwn),
                    (10, Routes::AllButPublic),
                    (5, Routes::Default),
                    (4, Routes::Private),
                ],
            );
            let steered = peered && !matches!(routes, Routes::None | Routes::Private);
            let missing = Names::AllBut(random.below(4));
            let own = random.weighted(Names::Linked, &[(8, missing), (4, Names::Unlinked), (10, Names::Fallback)]);
            let names = if random.chance(15) && steered { Names::Firewall } else { own };
            let nat = (!steered && gateways < MAX_NAT_GATEWAYS && random.chance(60)).then_some(gateways);
            gateways += usize::from(nat.is_some());
            self.spokes.push(Spoke { hub, place, peered, routes, names, nat });
            place += 1;
            for subnet in 0..self.subnets {
                if self.random(Topic::Subnet, [number, subnet]).chance(12) {
                    self.service_subnets.push((number, subnet));
                }
            }
        }
    }

    /// Most services that few may reach publicly have an endpoint, most of these at home, the others in the hub; some have
    /// a second one in the next hub.
    fn place_endpoints(&mut self) {
        let mut in_hub = vec![0_usize; self.hubs];
        let mut in_spoke = vec![0_usize; self.spokes.len()];
        for service in 0..self.options.services {
            let mut random = self.random(Topic::Service, [service, 0]);
            let home = self.home(service);
            let hub = self.spokes.get(home).map_or(0, |s| s.hub);
            let mut places = Vec::new();
            let share = match services::access(self, service) {
                Access::Nobody | Access::Firewall => 94,
                Access::Everybody => 50,
                Access::Subnets => 10,
            };
            if random.chance(share) {
                let room = in_hub.get(hub).is_some_and(|n| *n < MAX_ENDPOINTS);
                places.push(if random.chance(30) && room { Place::Hub(hub) } else { Place::Spoke(home) });
                let next = (hub + 1) % self.hubs;
                let room = next != hub && in_hub.get(next).is_some_and(|n| *n + 1 < MAX_ENDPOINTS);
                if random.chance(10) && room && services::is_regional(service) {
                    places.push(Place::Hub(next));
                }
            }
            let mut made = Vec::new();
            for place in places {
                let count = match place {
                    Place::Hub(h) => in_hub.get_mut(h),
                    Place::Spoke(s) => in_spoke.get_mut(s),
                };
                let Some(count) = count else { continue };
                made.push(Endpoint { place, address: at(self.endpoint_subnet(place).0, 4 + *count) });
                *count += 1;
            }
            self.endpoints.push(made);
        }
    }

    /// A stream of numbers of this estate.
    pub(super) fn random(&self, topic: Topic, of: [usize; 2]) -> Random {
        Random::new(self.options.seed, topic, of)
    }

    /// The spoke a service belongs to.
    pub(super) fn home(&self, service: usize) -> usize {
        service % self.spokes.len().max(1)
    }

    pub(super) fn hub_name(&self, hub: usize) -> String {
        format!("hub{:0width$}", hub + 1, width = self.widths.0)
    }

    pub(super) fn spoke_name(&self, spoke: usize) -> String {
        format!("spoke{:0width$}", spoke + 1, width = self.widths.1)
    }

    /// Region of a hub and its spokes.
    pub(super) fn region(hub: usize) -> &'static str {
        REGIONS.get(hub).copied().unwrap_or("westeurope")
    }

    /// First address of a hub's prefix and its length.
    pub(super) fn hub_range(&self, hub: usize) -> Range {
        Range(at(Ipv4Addr::new(10, 0, 0, 0), hub << 19), 13)
    }

    /// The hub's own network.
    pub(super) fn hub_network(&self, hub: usize) -> Range {
        Range(self.hub_range(hub).0, 21)
    }

    /// The hub's subnet for shared machines.
    pub(super) fn shared_subnet(&self, hub: usize) -> Range {
        Range(at(self.hub_range(hub).0, 1 << 8), 24)
    }

    /// Address of a hub's firewall.
    pub(super) fn firewall(&self, hub: usize) -> Ipv4Addr {
        at(self.hub_range(hub).0, 4)
    }

    /// Public address of a hub's firewall.
    pub(super) fn firewall_public(hub: usize) -> Ipv4Addr {
        at(Ipv4Addr::new(203, 0, 113, 1), hub)
    }

    /// A spoke's network.
    pub(super) fn spoke_network(&self, spoke: usize) -> Range {
        let (hub, place) = self.spokes.get(spoke).map_or((0, 0), |s| (s.hub, s.place));
        Range(at(self.hub_range(hub).0, (place + 1) << 11), 21)
    }

    /// A spoke's subnet for machines.
    pub(super) fn subnet(&self, spoke: usize, subnet: usize) -> Range {
        Range(at(self.spoke_network(spoke).0, subnet << 8), 24)
    }

    /// The subnet for private endpoints.
    pub(super) fn endpoint_subnet(&self, place: Place) -> Range {
        match place {
            Place::Hub(hub) => Range(at(self.hub_range(hub).0, 2 << 8), 24),
            Place::Spoke(spoke) => Range(at(self.spoke_network(spoke).0, 7 << 8), 24),
        }
    }

    /// Number of machines in a subnet of a spoke.
    pub(super) fn machines(&self, spoke: usize, subnet: usize) -> usize {
        let subnets = self.spokes.len() * self.subnets;
        let all = self.options.endpoints - self.shared * self.hubs;
        let number = spoke * self.subnets + subnet;
        all / subnets.max(1) + usize::from(number < all % subnets.max(1))
    }

    /// A spoke, rather one of the same hub.
    pub(super) fn some_spoke(&self, near: usize, random: &mut Random) -> usize {
        let all = self.spokes.len();
        let (hub, place) = self.spokes.get(near).map_or((0, 0), |s| (s.hub, s.place));
        let first = near - place;
        let other = random.below(all);
        if random.chance(50) {
            // The hub's spokes are about as many as every hub's.
            let candidate = first + random.below(all / self.hubs);
            if self.spokes.get(candidate).is_some_and(|s| s.hub == hub) {
                return candidate;
            }
        }
        other
    }

    /// Address of some machine of a spoke.
    pub(super) fn some_machine(&self, spoke: usize, random: &mut Random) -> Ipv4Addr {
        let subnet = random.below(self.subnets);
        let number = random.below(self.machines(spoke, subnet).max(1));
        machine_address(self.subnet(spoke, subnet), number)
    }
}

/// A prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range(pub(super) Ipv4Addr, pub(super) u8);

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

/// Address of a machine of a subnet: the platform keeps the first four.
pub(super) fn machine_address(subnet: Range, number: usize) -> Ipv4Addr {
    at(subnet.0, 4 + number)
}

/// An address so many after another.
pub(super) fn at(base: Ipv4Addr, offset: usize) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(base).wrapping_add(u32::try_from(offset).unwrap_or(u32::MAX)))
}

/// Regions in the order in which hubs open.
const REGIONS: [&str; MAX_HUBS] = [
    "westeurope",
    "northeurope",
    "swedencentral",
    "francecentral",
    "germanywestcentral",
    "switzerlandnorth",
    "uksouth",
    "norwayeast",
    "italynorth",
    "polandcentral",
    "spaincentral",
    "eastus",
    "eastus2",
    "westus",
    "westus2",
    "westus3",
    "centralus",
    "southcentralus",
    "northcentralus",
    "canadacentral",
    "canadaeast",
    "brazilsouth",
    "southeastasia",
    "eastasia",
    "japaneast",
    "japanwest",
    "koreacentral",
    "australiaeast",
    "centralindia",
    "southindia",
    "uaenorth",
    "southafricanorth",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_and_every_machine_has_a_place() {
        let plan = Plan::new(Options::new(10_000, 700, 1)).unwrap();
        assert_eq!((plan.hubs, plan.spokes.len(), plan.subnets), (2, 100, 4));
        let placed: usize = (0..100).flat_map(|s| (0..4).map(move |k| (s, k))).map(|(s, k)| plan.machines(s, k)).sum();
        assert_eq!(placed + plan.shared * plan.hubs, 10_000);
        let mut networks: Vec<Ipv4Addr> =
            (0..100).map(|s| plan.spoke_network(s).0).chain((0..plan.hubs).map(|h| plan.hub_network(h).0)).collect();
        networks.sort();
        networks.dedup();
        assert_eq!(networks.len(), 102);
    }

    #[test]
    fn what_the_plan_does_not_hold_is_an_error() {
        let with = |change: fn(&mut Options)| {
            let mut options = Options::new(1_000, 10, 1);
            change(&mut options);
            Plan::new(options).map(|p| p.spokes.len()).map_err(|e| e.to_string())
        };
        assert!(with(|o| o.endpoints = 0).unwrap_err().contains("machines"));
        assert!(with(|o| o.hubs = Some(33)).unwrap_err().contains("room for 32"));
        assert!(with(|o| (o.hubs, o.spokes) = (Some(1), Some(256))).unwrap_err().contains("room for 255"));
        assert!(with(|o| o.subnets = Some(7)).unwrap_err().contains("room for 6"));
        assert!(with(|o| o.spokes = Some(0)).is_err());
        assert!(with(|o| o.endpoints = 100_000_000).unwrap_err().contains("more than the address plan holds"));
        assert!(with(|o| (o.services, o.spokes) = (401, Some(2))).unwrap_err().contains("room for 400"));
        assert_eq!(with(|o| (o.services, o.spokes) = (400, Some(2))), Ok(2));
    }
}
