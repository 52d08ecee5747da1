//! Machines, interfaces, scale sets, bastions.

use super::fields::{
    ALLOCATION, DNS_SERVERS, FORWARDING, NAME, OLD_FORWARDING, PRIMARY, PRIVATE_ADDRESS, PUBLIC_ADDRESS,
    SECURITY_GROUP, SUBNET_OF,
};
use super::kinds::{
    Field,
    How::{Copy, Each, First, Id, Ids},
    Kind,
};
use super::shape::Shaper;

const MACHINE: &[Field] = &[
    ("network_interface_ids", "properties.networkProfile.networkInterfaces", Ids),
    ("primary_network_interface_id", "properties.networkProfile.primary", Copy),
    ("computer_name", "properties.osProfile.computerName", Copy),
    ("os_profile.computer_name", "properties.osProfile.computerName", Copy),
];

const SCALE_SET: &[Field] = &[
    ("instances", "sku.capacity", Copy),
    ("computer_name_prefix", "properties.virtualMachineProfile.osProfile.computerNamePrefix", Copy),
    (
        "network_interface",
        "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations",
        Each(&[
            NAME,
            PRIMARY,
            SECURITY_GROUP,
            DNS_SERVERS,
            OLD_FORWARDING,
            FORWARDING,
            (
                "ip_configuration",
                "properties.ipConfigurations",
                Each(&[
                    NAME,
                    PRIMARY,
                    SUBNET_OF,
                    ("load_balancer_backend_address_pool_ids", "properties.loadBalancerBackendAddressPools", Ids),
                    (
                        "application_gateway_backend_address_pool_ids",
                        "properties.applicationGatewayBackendAddressPools",
                        Ids,
                    ),
                    ("application_security_group_ids", "properties.applicationSecurityGroups", Ids),
                    (
                        "public_ip_address",
                        "properties.publicIPAddressConfiguration",
                        First(&[("name", "properties.publicIPAddressConfiguration.name", Copy)]),
                    ),
                ]),
            ),
        ]),
    ),
];

const MACHINES: &str = "Microsoft.Compute/virtualMachines";
const SCALE_SETS: &str = "Microsoft.Compute/virtualMachineScaleSets";

pub(super) const KINDS: &[Kind] = &[
    Kind::group("azurerm_linux_virtual_machine", MACHINES, MACHINE),
    Kind::group("azurerm_windows_virtual_machine", MACHINES, MACHINE),
    Kind::group("azurerm_virtual_machine", MACHINES, MACHINE).with(primary),
    Kind::group(
        "azurerm_network_interface",
        "Microsoft.Network/networkInterfaces",
        &[
            DNS_SERVERS,
            OLD_FORWARDING,
            FORWARDING,
            (
                "ip_configuration",
                "properties.ipConfigurations",
                Each(&[
                    NAME,
                    PRIMARY,
                    SUBNET_OF,
                    PRIVATE_ADDRESS,
                    ALLOCATION,
                    ("private_ip_address_version", "properties.privateIPAddressVersion", Copy),
                    PUBLIC_ADDRESS,
                ]),
            ),
        ],
    ),
    Kind::patch(
        "azurerm_network_interface_security_group_association",
        "network_interface_id",
        None,
        &[SECURITY_GROUP],
    ),
    Kind::patch("azurerm_network_interface_application_security_group_association", "network_interface_id", None, &[])
        .with(security_group),
    Kind::patch(
        "azurerm_network_interface_backend_address_pool_association",
        "network_interface_id",
        Some(("ipConfigurations", "ip_configuration_name")),
        &[("backend_address_pool_id", "properties.loadBalancerBackendAddressPools[]", Id)],
    ),
    Kind::patch(
        "azurerm_network_interface_application_gateway_backend_address_pool_association",
        "network_interface_id",
        Some(("ipConfigurations", "ip_configuration_name")),
        &[("backend_address_pool_id", "properties.applicationGatewayBackendAddressPools[]", Id)],
    ),
    Kind::patch(
        "azurerm_network_interface_nat_rule_association",
        "network_interface_id",
        Some(("ipConfigurations", "ip_configuration_name")),
        &[("nat_rule_id", "properties.loadBalancerInboundNatRules[]", Id)],
    ),
    Kind::group("azurerm_linux_virtual_machine_scale_set", SCALE_SETS, SCALE_SET),
    Kind::group("azurerm_windows_virtual_machine_scale_set", SCALE_SETS, SCALE_SET),
    Kind::group("azurerm_orchestrated_virtual_machine_scale_set", SCALE_SETS, SCALE_SET),
    Kind::group(
        "azurerm_bastion_host",
        "Microsoft.Network/bastionHosts",
        &[
            ("sku", "sku.name", Copy),
            ("ip_configuration", "properties.ipConfigurations", Each(&[NAME, SUBNET_OF, PUBLIC_ADDRESS])),
        ],
    ),
];

/// The first interface is the primary one, unless another is named.
fn primary(shaper: &mut Shaper<'_, '_>) {
    let Some(named) = shaper.text("primary_network_interface_id") else { return };
    let interfaces = shaper.body.items_at("properties.networkProfile.networkInterfaces").to_vec();
    let span = shaper.values.span;
    let marked = interfaces.into_iter().map(|mut interface| {
        let is_it = interface.str_at("id").is_some_and(|id| id.eq_ignore_ascii_case(&named));
        let truth = crate::import::json::Value::Bool(is_it);
        super::shape::put(&mut interface, "properties.primary", crate::import::json::Json::new(truth, span));
        interface
    });
    let marked = super::shape::list(marked.collect(), span);
    shaper.put("properties.networkProfile.networkInterfaces", marked);
}

/// In Azure's model every configuration of an interface names the application security groups.
fn security_group(shaper: &mut Shaper<'_, '_>) {
    if let Some(group) = shaper.text("application_security_group_id") {
        let reference = shaper.reference(&group);
        shaper.put("properties.ipConfigurations.*.properties.applicationSecurityGroups[]", reference);
    }
}
