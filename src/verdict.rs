//! The vocabulary of answers: verdicts, the ways private or public traffic gets through, and the reasons it does not.
//!
//! Three closed lists, shared by every engine and by everything that users read. A fourth kind of no, a
//! [`Diagnostic`](crate::diag::Diagnostic), is about the file and never about the network.

use std::{fmt, str::FromStr};

/// A member of a closed list that users meet by name.
pub trait Word: Sized + Copy + 'static {
    /// Every member, in documented order.
    const ALL: &'static [Self];
    /// Every spelling, in the same order.
    const WORDS: &'static [&'static str];
    /// What the list is called.
    const KIND: &'static str;
    /// The spelling.
    fn as_str(self) -> &'static str;
    /// What it means, in a sentence or two.
    fn meaning(self) -> &'static str;

    /// The member of that name, without regard to case.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|w| w.as_str().eq_ignore_ascii_case(text))
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident ($kind:literal) { $($variant:ident = $text:literal, $meaning:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $(#[doc = $meaning] $variant,)* }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];
            const WORDS: &'static [&'static str] = &[$($text,)*];
            const KIND: &'static str = $kind;

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text).ok_or_else(|| {
                    let near = crate::diag::nearest(text, Self::ALL.iter().map(|w| w.as_str()));
                    let all = || Self::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(", ");
                    match near {
                        Some(near) => format!("`{text}` is not a {}; did you mean `{near}`?", $kind),
                        None => format!("`{text}` is not a {}; one of {}", $kind, all()),
                    }
                })
            }
        }
    };
}

pub(crate) use words;

words! {
    /// The answer for one flow (design: every flow gets exactly one).
    pub enum Verdict ("verdict") {
        Private = "private", "The name answered with a private address of that very resource, and every hop there and back is open.";
        Backbone = "backbone", "Admitted at the service's public address, but only on the strength of the caller's subnet or identity.";
        Public = "public", "Admitted at a public address that is open to some or all of the internet.";
        Partial = "partial", "Some equal alternatives work and others do not; both are named.";
        Blocked = "blocked", "It cannot get there, or cannot get back; the reasons say why.";
        Unsupported = "unsupported", "The platform does not support an element on the path; a deployment may half-work.";
        Unknown = "unknown", "An input is missing or a feature is not modelled; the trace names what.";
    }
}

words! {
    /// How an admitted flow gets through.
    pub enum Via ("path") {
        PrivateEndpoint = "private-endpoint", "An approved private endpoint in a customer virtual network.";
        ManagedPrivateEndpoint = "managed-private-endpoint", "An active private endpoint rule of a managed virtual network.";
        PrivateLinkService = "private-link-service", "A private endpoint to a customer's own private link service.";
        ApplicationGateway = "application-gateway", "A gateway that bridges to the target.";
        Routed = "routed", "Plain routing to the target's own private address.";
        ServiceEndpoint = "service-endpoint", "The service's public address, admitted by the caller's subnet.";
        TrustedService = "trusted-service", "The service's public address, admitted by the exception for trusted services.";
        ResourceInstance = "resource-instance", "The service's public address, admitted by a rule that names the caller.";
        Perimeter = "perimeter", "The service's public address, admitted by a network security perimeter.";
        PublicEndpoint = "public-endpoint", "A public address that is open to the caller.";
        ServiceTagRule = "service-tag-rule", "A public address, let out by a service tag rule of a managed virtual network.";
        FqdnRule = "fqdn-rule", "A public address, let out by an FQDN rule of a managed virtual network.";
    }
}

words! {
    /// Why a flow is blocked, unsupported or unknown.
    pub enum Reason ("reason") {
        Unprov = "UNPROV", "The managed network is not provisioned, so the compute (source or target) cannot exist yet (MVNET-01). Provision the network, or create a compute instance.";
        Stopped = "STOPPED", "The machine that would send or answer is not running (`running: false`).";
        Refused = "REFUSED", "The platform refuses something on the path, as the file expects under `expected_diagnostics`: it does not exist as declared.";
        Spark = "SPARK", "Serverless Spark is not provisioned for this managed network, or cannot use this destination (MVNET-08).";
        DnsNxdomain = "DNS-NXDOMAIN", "The name does not exist in the client's DNS view: a linked private zone holds no such record (ZONE-08), or no server knows it.";
        DnsFail = "DNS-FAIL", "No DNS server that the client asks can be reached or answers (DNS-05, FWD-01, FWD-06).";
        DnsLoop = "DNS-LOOP", "The query runs in a circle between forwarders or aliases.";
        DnsUndeclared = "DNS-UNDECLARED", "The name is public and the scenario declares nothing about it. Add it under `public_hosts`, or its suffix under `public_dns.absent`.";
        Egress = "EGRESS", "The managed network allows only approved outbound traffic and no active rule matches (ISO-03).";
        EgressStorageFqdn = "EGRESS-STORAGE-FQDN", "An FQDN rule names a storage account, which has no effect in AllowOnlyApprovedOutbound (FQDN-05). Use a private endpoint rule.";
        NoRoute = "NOROUTE", "No route leads to the address from here; a managed network has no route to any customer network (ROUTE-21, ISO-06).";
        UdrNone = "UDR-NONE", "A user route with next hop None drops the traffic (ROUTE-21).";
        NextHop = "NEXTHOP", "The next hop of a route is not there, or does not forward (ROUTE-21, UDR-02).";
        IpForwarding = "IPFWD", "The appliance's interface lacks IP forwarding (NVA-01).";
        NoEgress = "NO-EGRESS", "The source has no outbound method to the internet (NAT-01, NVA-04).";
        RouteLoop = "LOOP", "The route leads back to a place it has already passed.";
        NoHost = "NO-HOST", "The address lies in a network of the scenario but nothing there owns it.";
        PeerState = "PEER-STATE", "The peering is not connected: a link is missing on one side, or a side was deleted (PEER-01).";
        PeerAccess = "PEER-ACCESS", "A link of the peering keeps the other network out, and no security group on the path says otherwise (PEER-06, assumption A-04).";
        PeerSync = "PEER-SYNC", "The range was added after the networks were peered, and the link was not synchronised (PEER-12).";
        PeerSubnet = "PEER-SUBNET", "The peering joins some subnets only, and not this pair (PEER-14).";
        PeerGlobalBasic = "PEER-GLOBAL-BASIC", "The frontend of a Basic load balancer is not reached over a global peering (PEER-11).";
        PeerFwd = "PEER-FWD", "The receiving side of a peering does not accept forwarded traffic (PEER-07).";
        GwDown = "GW-DOWN", "The gateway has no connection that is up towards the destination (GW-12).";
        GwTransit = "GW-TRANSIT", "The traffic crosses a peering and a gateway without the pair of transit settings (PEER-08).";
        GwNoadv = "GW-NOADV", "The far end of the gateway was never told of that prefix (GW-13, PEER-09).";
        HostName = "HOST-NAME", "The service answers only to its own name, not to a bare address or a privatelink name (PE-17).";
        Asym = "ASYM", "A stateful device sees only one direction of the flow (ASYM-01).";
        NoInbound = "NO-INBOUND", "A Standard public address takes no unsolicited traffic unless a security group allows it (NSG-03, LB-08).";
        LbNoRule = "LB-NORULE", "The load balancer has no rule for that frontend, protocol and port (LB-01).";
        LbProbe = "LB-PROBE", "No member of the load balancer's pool answers its probe (LB-03, LB-04).";
        LbHairpin = "LB-HAIRPIN", "The flow of a pool member through its own frontend comes back to itself (LB-06).";
        Avnm = "AVNM", "A security admin rule of a network manager denies the flow (AVNM-02).";
        Nva = "NVA", "The rules of a network appliance deny the flow.";
        Nsg = "NSG", "A network security group denies the flow (NSG-04).";
        Fw = "FW", "A customer's Azure Firewall denies the flow (FW-02).";
        FwTi = "FW-TI", "Threat intelligence of an Azure Firewall denies the flow before any rule (FW-14).";
        OnpremFw = "ONPREM-FW", "The edge firewall of an on-premises site denies the flow.";
        PePending = "PE-PENDING", "The private endpoint connection awaits approval (PE-11, APPR-01).";
        PeInactive = "PE-INACTIVE", "The private endpoint, or the outbound rule that makes it, is not active: rejected, disconnected, failed or switched off (PE-11, OUT-03).";
        Port = "PORT", "The private endpoint, service or host does not serve that port (DEF-05).";
        Overlap = "OVERLAP", "Where the packet arrives, the target's address belongs to something else, or where a reply arrives, the sender's: address spaces overlap (ADDR-07).";
        PeTarget = "PE-TARGET", "The address belongs to a private endpoint of another resource or sub-resource than the name (PE-01, PE-02).";
        ProxyProtocol = "PROXY-PROTOCOL", "A private link service and the machines behind it disagree about the proxy protocol (PLS-07).";
        Pna = "PNA", "The request reached the public endpoint and the service refuses it (PAAS-01).";
        SePolicy = "SE-POLICY", "A service endpoint policy of the subnet lets other storage accounts through, not this one (SE-11).";
        NspOut = "NSP-OUT", "The caller is in a network security perimeter whose outbound rules do not name the target (NSP-02, NSP-07).";
        TrustedOff = "TRUSTED-OFF", "A call between services: public access is closed and neither a bypass for trusted services nor a resource-instance rule admits the caller (TRUST-01).";
        Listener = "LISTENER", "The gateway has no listener for that frontend, port and host (AGW-11).";
        TlsName = "TLS-NAME", "The certificate of the listener does not name the requested host (AGW-12).";
        Backend502 = "BACKEND-502", "The gateway has no healthy backend for the request (AGW-16).";
        AgwPrivateOnly = "AGW-PRIVATE-ONLY", "Private link is not supported on an application gateway without a public frontend (AGW-06).";
        AgwUdr = "AGW-UDR", "A default route on the subnet of a classic v2 gateway must lead to the internet (AGW-18).";
        AgwNsg = "AGW-NSG", "The security group of the gateway subnet denies infrastructure traffic that the gateway needs (AGW-17).";
        GwSubnet = "GW-SUBNET", "The GatewaySubnet carries a default route, or its propagation is off, which breaks its gateway (SUB-02).";
        FwTunnel = "FW-TUNNEL", "The firewall's own default route does not lead to the internet, and it has no management interface (UDR-11, FW-15).";
        FwDnatTunnel = "FW-DNAT-TUNNEL", "Translation of inbound traffic is not supported on a firewall under forced tunnelling (FW-11).";
        UdrVng = "UDR-VNG", "A user route names a gateway that is, or shares its network with, an ExpressRoute gateway (UDR-04).";
        CoexArs = "COEX-ARS", "Transit between VPN and ExpressRoute needs an active-active VPN gateway with ASN 65515 beside the Route Server (COEX-02).";
        CiPublic = "CI-PUBLIC", "Compute-instance tools over the public endpoint are not supported while the hub has a private endpoint or public access is on (IN-15).";
        L4Hub = "L4-HUB", "TCP and TLS listeners are not supported for hubs (AGW-03).";
        ComputePeer = "COMPUTE-PEER", "Deployments of one managed network do not reach each other, and no source says whether its other computes do (MVNET-10).";
        Address = "ADDRESS", "A rule, route or record names some of the addresses that something may have which declares none, and the answer depends on which it has (ADDR-03).";
        Tag = "TAG", "Whether a service tag or public prefix contains an undeclared address cannot be decided. Declare the host's `ip_address`, `service_tags` or `location`.";
        MultiNic = "MULTI-NIC", "Replies of a secondary interface to other subnets depend on routes inside the guest (ADDR-09). Declare `guest_routes_enabled`.";
        UdrLocalForeign = "UDR-LOCAL-FOREIGN", "What a user route with next hop VnetLocal does to addresses outside the network is not documented (UDR-05).";
        P2sP2s = "P2S-P2S", "The documentation disagrees with itself about point-to-site clients of one gateway (GW-10).";
        P2sPeer = "P2S-PEER", "A peered network without the transit pair has no documented way back to point-to-site clients (GW-09, assumption A-09).";
        RegionUndeclared = "REGION-UNDECLARED", "A mesh joins networks of one region only, and one of the two declares no location (AVNM-09). Declare it.";
        FastPath = "FASTPATH", "With FastPath, routes of the GatewaySubnet may not apply (ER-06).";
        BgpDefaultPrivate = "BGP-DEFAULT-PRIVATE", "Whether a learned default route carries unknown private addresses is not documented (assumption A-02).";
        NotModelled = "NOT-MODELLED", "The path uses a feature that privreach does not model; the step names it.";
    }
}

impl Verdict {
    /// How far what is admitted with this verdict is exposed: `private` least.
    fn exposure(self) -> u8 {
        match self {
            Self::Private => 0,
            Self::Backbone => 1,
            Self::Public => 2,
            Self::Partial | Self::Blocked | Self::Unsupported | Self::Unknown => 3,
        }
    }
}

/// What two admissions on one path make together: a path is as private as its most exposed stretch. Of two that expose
/// alike, the later one says how.
#[must_use]
pub fn more_exposed(first: (Verdict, Via), later: (Verdict, Via)) -> (Verdict, Via) {
    if first.0.exposure() > later.0.exposure() { first } else { later }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_unique_and_parse_back() {
        fn check<W: Word + PartialEq + fmt::Debug>() {
            for word in W::ALL {
                assert_eq!(W::parse(word.as_str()), Some(*word));
                assert_eq!(W::ALL.iter().filter(|w| w.as_str() == word.as_str()).count(), 1);
            }
        }
        check::<Verdict>();
        check::<Via>();
        check::<Reason>();
        assert!("pirvate".parse::<Verdict>().unwrap_err().contains("did you mean `private`"));
    }
}
