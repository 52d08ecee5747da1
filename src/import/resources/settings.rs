//! Settings that the mapping does not read. Each type lists what its mapping reads, and what has no part in
//! reachability; what is set beyond that is said, and puts what it belongs to in doubt.

use super::{Mapper, Resource, services};
use crate::import::{
    draft::{Matters, NotUnderstood, Source},
    json::{Json, Value},
};

/// A type with its properties: those that are read, and those that have no part in reachability.
struct Settings {
    kind: &'static str,
    read: &'static [&'static str],
    beside: &'static [&'static str],
}

/// What the platform adds to every resource.
const EVERYWHERE: &[&str] = &[
    "provisioningstate",
    "resourceguid",
    "etag",
    "uniqueid",
    "systemdata",
    "creationtime",
    "createdtime",
    "createdat",
    "timecreated",
    "lastmodifiedtime",
    "lastmodifiedat",
    "statuschangetime",
    "description",
    "name",
    "id",
    "location",
    "allocatedbyimport",
    "virtualmachinemigration",
    "migrationphase",
    "diagnosticsettings",
];

const fn settings(kind: &'static str, read: &'static [&'static str], beside: &'static [&'static str]) -> Settings {
    Settings { kind, read, beside }
}

/// Types whose properties are known one by one.
const TYPES: &[Settings] = &[
    settings(
        "microsoft.network/virtualnetworks",
        &["addressspace", "dhcpoptions", "subnets", "virtualnetworkpeerings"],
        &[
            "enableddosprotection",
            "ddosprotectionplan",
            "flowtimeoutinminutes",
            "flowlogs",
            "defaultpublicnataddress",
            "ipallocations",
            "bgpcommunities",
            "enablevmprotection",
            "privateendpointvnetpolicies",
        ],
    ),
    settings(
        "microsoft.network/virtualnetworks/subnets",
        &[
            "addressprefix",
            "addressprefixes",
            "networksecuritygroup",
            "routetable",
            "natgateway",
            "delegations",
            "serviceendpoints",
            "privateendpointnetworkpolicies",
            "privatelinkservicenetworkpolicies",
            "defaultoutboundaccess",
            "serviceendpointpolicies",
        ],
        &[
            "ipconfigurations",
            "ipconfigurationprofiles",
            "privateendpoints",
            "purpose",
            "resourcenavigationlinks",
            "serviceassociationlinks",
            "applicationgatewayipconfigurations",
            "ipallocations",
            "interfaceendpoints",
            "networkintentpolicies",
            "sharingscope",
        ],
    ),
    settings(
        "microsoft.network/virtualnetworks/virtualnetworkpeerings",
        &[
            "remotevirtualnetwork",
            "allowvirtualnetworkaccess",
            "allowforwardedtraffic",
            "allowgatewaytransit",
            "useremotegateways",
            "peeringstate",
            "peercompletevnets",
            "localsubnetnames",
            "remotesubnetnames",
            "peeringsynclevel",
            "remoteaddressspace",
        ],
        // Spaces are those of the networks; a gateway that is not verified is one of another tenant.
        &[
            "donotverifyremotegateways",
            "localaddressspace",
            "localvirtualnetworkaddressspace",
            "remotevirtualnetworkaddressspace",
            "remotebgpcommunities",
            "remotegateways",
            "routeservicevips",
            "remotevirtualnetworkencryption",
        ],
    ),
    settings(
        "microsoft.network/networksecuritygroups",
        &["securityrules"],
        &["defaultsecurityrules", "networkinterfaces", "subnets", "flowlogs", "flushconnection"],
    ),
    settings(
        "microsoft.network/networksecuritygroups/securityrules",
        &[
            "priority",
            "direction",
            "access",
            "protocol",
            "sourceaddressprefix",
            "sourceaddressprefixes",
            "sourceapplicationsecuritygroups",
            "sourceportrange",
            "sourceportranges",
            "destinationaddressprefix",
            "destinationaddressprefixes",
            "destinationapplicationsecuritygroups",
            "destinationportrange",
            "destinationportranges",
        ],
        &[],
    ),
    settings("microsoft.network/applicationsecuritygroups", &[], &[]),
    settings("microsoft.network/routetables", &["disablebgproutepropagation", "routes"], &["subnets"]),
    settings(
        "microsoft.network/routetables/routes",
        &["addressprefix", "nexthoptype", "nexthopipaddress"],
        &["hasbgpoverride"],
    ),
    settings(
        "microsoft.network/publicipaddresses",
        &["ipaddress"],
        &[
            "publicipallocationmethod",
            "publicipaddressversion",
            "idletimeoutinminutes",
            "dnssettings",
            "iptags",
            "ipconfiguration",
            "publicipprefix",
            "ddossettings",
            "natgateway",
            "deleteoption",
            "linkedpublicipaddress",
            "servicepublicipaddress",
        ],
    ),
    settings(
        "microsoft.network/natgateways",
        &["publicipaddresses", "publicipprefixes"],
        &["idletimeoutinminutes", "subnets", "sourcevirtualnetwork"],
    ),
    settings(
        "microsoft.network/loadbalancers",
        &[
            "frontendipconfigurations",
            "backendaddresspools",
            "probes",
            "loadbalancingrules",
            "outboundrules",
            "inboundnatrules",
        ],
        &[],
    ),
    settings(
        "microsoft.network/networkinterfaces",
        &["ipconfigurations", "networksecuritygroup", "dnssettings", "enableipforwarding", "privateendpoint"],
        &[
            "primary",
            "macaddress",
            "virtualmachine",
            "enableacceleratednetworking",
            "disabletcpstatetracking",
            "hostedworkloads",
            "nictype",
            "vnetencryptionsupported",
            "auxiliarymode",
            "auxiliarysku",
            "dscpconfiguration",
            "workloadtype",
            "privatelinkservice",
            "defaultoutboundconnectivityenabled",
            "kind",
        ],
    ),
    settings(
        "microsoft.network/privateendpoints",
        &[
            "subnet",
            "privatelinkserviceconnections",
            "manualprivatelinkserviceconnections",
            "customdnsconfigs",
            "ipconfigurations",
            "applicationsecuritygroups",
        ],
        &["networkinterfaces", "customnetworkinterfacename", "ipversiontype"],
    ),
    settings("microsoft.network/privateendpoints/privatednszonegroups", &["privatednszoneconfigs"], &[]),
    settings(
        "microsoft.network/privatelinkservices",
        &["loadbalancerfrontendipconfigurations", "ipconfigurations", "enableproxyprotocol"],
        &[
            "visibility",
            "autoapproval",
            "fqdns",
            "networkinterfaces",
            "privateendpointconnections",
            "alias",
            "accessmode",
        ],
    ),
    settings(
        "microsoft.network/privatednszones",
        &[],
        &[
            "maxnumberofrecordsets",
            "maxnumberofvirtualnetworklinks",
            "maxnumberofvirtualnetworklinkswithregistration",
            "numberofrecordsets",
            "numberofvirtualnetworklinks",
            "numberofvirtualnetworklinkswithregistration",
            "internalid",
        ],
    ),
    settings(
        "microsoft.network/privatednszones/virtualnetworklinks",
        &["virtualnetwork", "registrationenabled", "resolutionpolicy"],
        &["virtualnetworklinkstate"],
    ),
    settings("microsoft.network/dnsresolvers", &["virtualnetwork"], &["dnsresolverstate"]),
    settings("microsoft.network/dnsresolvers/inboundendpoints", &["ipconfigurations"], &[]),
    settings("microsoft.network/dnsresolvers/outboundendpoints", &["subnet"], &[]),
    settings("microsoft.network/dnsforwardingrulesets", &["dnsresolveroutboundendpoints"], &[]),
    settings(
        "microsoft.network/dnsforwardingrulesets/forwardingrules",
        &["domainname", "targetdnsservers", "forwardingrulestate"],
        &["metadata"],
    ),
    settings("microsoft.network/dnsforwardingrulesets/virtualnetworklinks", &["virtualnetwork"], &["metadata"]),
    settings(
        "microsoft.network/azurefirewalls",
        &[
            "ipconfigurations",
            "virtualhub",
            "managementipconfiguration",
            "hubipaddresses",
            "firewallpolicy",
            "natrulecollections",
            "networkrulecollections",
            "applicationrulecollections",
            "threatintelmode",
        ],
        &["sku", "ipgroups", "autoscaleconfiguration"],
    ),
    settings(
        "microsoft.network/firewallpolicies",
        &["basepolicy", "dnssettings", "snat", "threatintelmode", "threatintelwhitelist", "explicitproxy"],
        &[
            "sku",
            "rulecollectiongroups",
            "childpolicies",
            "firewalls",
            "insights",
            "intrusiondetection",
            "transportsecurity",
            "sql",
            "size",
        ],
    ),
    settings(
        "microsoft.network/firewallpolicies/rulecollectiongroups",
        &["priority", "rulecollections", "rules"],
        &["size"],
    ),
    settings(
        "microsoft.network/virtualnetworkgateways",
        &[
            "ipconfigurations",
            "gatewaytype",
            "vpntype",
            "activeactive",
            "bgpsettings",
            "vpnclientconfiguration",
            "allowremotevnettraffic",
            "natrules",
        ],
        &[
            "sku",
            "vpngatewaygeneration",
            "enablebgp",
            "inbounddnsforwardingendpoint",
            "enableprivateipaddress",
            "enabledatapathclass",
            "packetcapturediagnosticstate",
            "disableipsecreplayprotection",
            "adminstate",
            "allowvirtualwantraffic",
            "autoscaleconfiguration",
            "resiliencymodel",
            "virtualnetworkgatewaypolicygroups",
            "highbandwidthgateway",
            "enablehighbandwidthvpngateway",
        ],
    ),
    settings(
        "microsoft.network/localnetworkgateways",
        &["localnetworkaddressspace"],
        &["gatewayipaddress", "fqdn", "bgpsettings"],
    ),
    settings(
        "microsoft.network/connections",
        &[
            "virtualnetworkgateway1",
            "virtualnetworkgateway2",
            "localnetworkgateway2",
            "peer",
            "expressroutegatewaybypass",
            "routingweight",
            "enablebgp",
            "connectionstatus",
        ],
        &[
            "connectiontype",
            "connectionprotocol",
            "connectionmode",
            "sharedkey",
            "authorizationkey",
            "ipsecpolicies",
            "dpdtimeoutseconds",
            "egressbytestransferred",
            "ingressbytestransferred",
            "tunnelconnectionstatus",
            "uselocalazureipaddress",
            "gatewaycustombgpipaddresses",
            "authenticationtype",
            "tunnelproperties",
        ],
    ),
    settings(
        "microsoft.network/virtualwans",
        &["allowbranchtobranchtraffic"],
        &[
            "type",
            "virtualhubs",
            "vpnsites",
            "office365localbreakoutcategory",
            "disablevpnencryption",
            "allowvnettovnettraffic",
        ],
    ),
    settings(
        "microsoft.network/virtualhubs",
        &["virtualwan", "addressprefix", "hubroutingpreference", "allowbranchtobranchtraffic"],
        &[
            "sku",
            "routingstate",
            "virtualrouterasn",
            "virtualrouterips",
            "virtualrouterautoscaleconfiguration",
            "virtualhubroutetablev2s",
            "azurefirewall",
            "vpngateway",
            "p2svpngateway",
            "expressroutegateway",
            "securitypartnerprovider",
            "securityprovidername",
            "preferredroutinggateway",
            "ipconfigurations",
            "bgpconnections",
            "routemaps",
            "routetable",
            "kind",
            "hubvirtualnetworkconnections",
            "virtualnetworkconnections",
        ],
    ),
    settings(
        "microsoft.network/virtualhubs/hubvirtualnetworkconnections",
        &["remotevirtualnetwork", "enableinternetsecurity", "routingconfiguration"],
        &["allowhubtoremotevnettransit", "allowremotevnettousehubvnetgateways"],
    ),
    settings(
        "microsoft.network/virtualhubs/hubroutetables",
        &["routes", "labels"],
        &["associatedconnections", "propagatingconnections"],
    ),
    settings("microsoft.network/virtualhubs/routingintent", &["routingpolicies"], &[]),
];

/// Words in names of settings that speak of the network: what a service sets by them, and its mapping does not read, may
/// decide who reaches it.
const WORDS: &[&str] = &[
    "network",
    "vnet",
    "subnet",
    "firewall",
    "privateendpoint",
    "privatelink",
    "publicaccess",
    "ipaddress",
    "iprange",
    "iprule",
    "ipfilter",
    "outbound",
    "inbound",
    "egress",
    "dns",
    "route",
    "proxy",
    "perimeter",
    "gateway",
    "peering",
];

/// Settings of services with such words that are read, or have no part in who reaches them.
const SERVICES: &[&str] = &[
    // Read by the mapping.
    "publicnetworkaccess",
    "networkacls",
    "networkruleset",
    "networkrulesets",
    "networkrulebypassoptions",
    "virtualnetworksubnetid",
    "vnetrouteallenabled",
    "networkinjections",
    "virtualnetworkrules",
    "iprules",
    "networkaclbypass",
    "isvirtualnetworkfilterenabled",
    "managednetwork",
    "ipallowlist",
    "outboundvnetrouting",
    "provisionnetworknow",
    // What the platform tells of itself.
    "privateendpointconnections",
    "privateendpoints",
    "outboundipaddresses",
    "possibleoutboundipaddresses",
    "inboundipaddress",
    "possibleinboundipaddresses",
    "inboundipv6address",
    "possibleinboundipv6addresses",
    "outboundipv6addresses",
    "possibleoutboundipv6addresses",
    "publicipaddresses",
    "privateipaddresses",
    "outboundpublicipaddresses",
    "sharedprivatelinkresources",
    "privatelinkserviceconnections",
    "dnsprefix",
    "dnsconfiguration",
    "networkaclbypassresourceids",
    "reversedns",
    "gatewayurl",
    "gatewayregionalurl",
    "dnsendpointtype",
    "routingpreference",
    "allowcrosstenantreplication",
    "fqdnoutboundrules",
    "vnetbackuprestoreenabled",
    "vnetcontentshareenabled",
    "vnetimagepullenabled",
    "ipmode",
];

/// Reports what a resource sets and its mapping does not read.
pub(super) fn unread(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    let Some(properties) = resource.body.get("properties") else { return };
    let kind = resource.id.kind.as_str();
    let row = TYPES.iter().find(|t| t.kind == kind);
    let service = row.is_none() && services::is_service(kind);
    if row.is_none() && !service {
        return;
    }
    for (name, value) in properties.fields() {
        let word = name.to_lowercase();
        let said = match row {
            Some(row) => {
                let known = [EVERYWHERE, row.read, row.beside].iter().any(|list| list.contains(&word.as_str()));
                !known && !is_empty(value) && !is_off(value)
            }
            None => {
                let known = EVERYWHERE.contains(&word.as_str()) || SERVICES.contains(&word.as_str());
                !known && WORDS.iter().any(|w| word.contains(w)) && !is_empty(value) && !is_off(value)
            }
        };
        if said {
            mapper.draft.not_understood(NotUnderstood {
                kind: format!("{kind} properties.{name}"),
                name: resource.id.name().to_owned(),
                why: "this setting is not read, and it could matter".to_owned(),
                source: Source { address: format!("{}.properties.{name}", resource.source.address), span: value.span },
                matters: matters.clone(),
            });
        }
    }
}

/// Whether a value sets nothing.
fn is_empty(value: &Json) -> bool {
    match &value.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        // Encryption that lets everything else pass, too, decides about nothing.
        Value::Object(_) if value.str_at("enforcement") == Some("AllowUnencrypted") => true,
        Value::Object(_) if value.at("enabled").and_then(Json::as_bool) == Some(false) => true,
        Value::Object(fields) => fields.iter().all(|(_, v)| is_empty(v)),
        // What only a deployment tells, and what is secret, is reported with its own reason.
        Value::Unknown(_) | Value::Secret => true,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

/// Whether a value turns something off.
fn is_off(value: &Json) -> bool {
    match &value.value {
        Value::Bool(on) => !on,
        Value::Text(text) => ["disabled", "none", "false", "notspecified"].contains(&text.to_lowercase().as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A property stands in one list of its type, in lower case, and every type of the network has its lists.
    #[test]
    fn lists_are_whole_and_disjoint() {
        let mut kinds = BTreeSet::new();
        for row in TYPES {
            assert!(kinds.insert(row.kind), "{} is listed twice", row.kind);
            let all: Vec<&str> = [EVERYWHERE, row.read, row.beside].concat();
            let distinct: BTreeSet<&str> = all.iter().copied().collect();
            assert_eq!(all.len(), distinct.len(), "{} lists a property twice", row.kind);
            assert!(
                all.iter().all(|p| p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())),
                "{}",
                row.kind
            );
        }
        assert!(kinds.iter().all(|k| super::super::FAMILIES.iter().any(|f| f.iter().any(|(t, _)| t == k))));
    }
}
