//! Attributes that many resource types write alike.

use super::kinds::{
    Field,
    How::{Copy, Each, First, Id, Keyed, Words},
};

/// What every resource of a group has: where it is, its tags, and who it is when it calls others.
pub(super) const HEAD: &[Field] = &[LOCATION, TAGS, IDENTITY];

/// The same of a service, and whether its public endpoint answers.
pub(super) const SERVICE: &[Field] = &[LOCATION, TAGS, IDENTITY, PUBLIC];

/// Its price tier, which decides about private endpoints of some services.
pub(super) const SKU: &[Field] = &[("sku_name", "sku.name", Copy), ("sku", "sku.name", Copy)];

/// Whether the public endpoint answers.
pub(super) const PUBLIC: Field =
    ("public_network_access_enabled", "properties.publicNetworkAccess", Words("Enabled", "Disabled"));

/// The same as a word.
pub(super) const PUBLIC_WORD: Field = ("public_network_access", "properties.publicNetworkAccess", Copy);

/// Firewall rules as a block `network_acls` or `network_rules` writes them.
pub(super) const ACLS: &[Field] = &[
    ("default_action", "properties.networkAcls.defaultAction", Copy),
    ("bypass", "properties.networkAcls.bypass", Copy),
    ("ip_rules", "properties.networkAcls.ipRules", Keyed("value")),
    ("virtual_network_subnet_ids", "properties.networkAcls.virtualNetworkRules", Keyed("id")),
    ("virtual_network_rules", "properties.networkAcls.virtualNetworkRules", Each(&[("subnet_id", "id", Copy)])),
    (
        "private_link_access",
        "properties.networkAcls.resourceAccessRules",
        Each(&[("endpoint_resource_id", "resourceId", Copy), ("endpoint_tenant_id", "tenantId", Copy)]),
    ),
];

/// The block `network_acls`.
pub(super) const NETWORK_ACLS: Field = ("network_acls", "properties", First(ACLS));

/// Its name.
pub(super) const NAME: Field = ("name", "name", Copy);

/// Its region.
pub(super) const LOCATION: Field = ("location", "location", Copy);

/// Its tags.
pub(super) const TAGS: Field = ("tags", "tags", Copy);

/// Who it is when it calls others.
pub(super) const IDENTITY: Field = ("identity.type", "identity.type", Copy);

/// The subnet of an IP configuration.
pub(super) const SUBNET_OF: Field = ("subnet_id", "properties.subnet", Id);

/// The address of an IP configuration.
pub(super) const PRIVATE_ADDRESS: Field = ("private_ip_address", "properties.privateIPAddress", Copy);

/// How that address is chosen.
pub(super) const ALLOCATION: Field = ("private_ip_address_allocation", "properties.privateIPAllocationMethod", Copy);

/// The public address of an IP configuration.
pub(super) const PUBLIC_ADDRESS: Field = ("public_ip_address_id", "properties.publicIPAddress", Id);

/// Whether an IP configuration or interface is the first.
pub(super) const PRIMARY: Field = ("primary", "properties.primary", Copy);

/// What it speaks.
pub(super) const PROTOCOL: Field = ("protocol", "properties.protocol", Copy);

/// The port it listens on, or asks.
pub(super) const PORT: Field = ("port", "properties.port", Copy);

/// The security group of a subnet or interface.
pub(super) const SECURITY_GROUP: Field = ("network_security_group_id", "properties.networkSecurityGroup", Id);

/// Whether an interface forwards what is not for it.
pub(super) const FORWARDING: Field = ("ip_forwarding_enabled", "properties.enableIPForwarding", Copy);

/// The same in older versions of the provider.
pub(super) const OLD_FORWARDING: Field = ("enable_ip_forwarding", "properties.enableIPForwarding", Copy);

/// The DNS servers of an interface.
pub(super) const DNS_SERVERS: Field = ("dns_servers", "properties.dnsSettings.dnsServers", Copy);

/// The network that a link or resolver is for.
pub(super) const NETWORK: Field = ("virtual_network_id", "properties.virtualNetwork", Id);

/// The virtual hub that something stands in.
pub(super) const HUB: Field = ("virtual_hub_id", "properties.virtualHub", Id);

/// Whether a connection of a hub takes its default route.
pub(super) const INTERNET_SECURITY: Field = ("internet_security_enabled", "properties.enableInternetSecurity", Copy);
