//! Load balancers.

use super::fields::{ALLOCATION, NAME, NETWORK, PORT, PRIVATE_ADDRESS, PROTOCOL, PUBLIC_ADDRESS, SUBNET_OF};
use super::kinds::{
    Field,
    How::{Copy, Each, Id, Ids},
    Kind,
};
use super::shape::{Shaper, list};

const FRONTEND_PORT: Field = ("frontend_port", "properties.frontendPort", Copy);
const BACKEND_PORT: Field = ("backend_port", "properties.backendPort", Copy);
const POOL: Field = ("backend_address_pool_id", "properties.backendAddressPool", Id);

/// Whether machines keep the address that a client asked.
const FLOATING: Field = ("floating_ip_enabled", "properties.enableFloatingIP", Copy);

/// The same in older versions of the provider.
const OLD_FLOATING: Field = ("enable_floating_ip", "properties.enableFloatingIP", Copy);

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_lb",
        "Microsoft.Network/loadBalancers",
        &[
            ("sku", "sku.name", Copy),
            ("sku_tier", "sku.tier", Copy),
            (
                "frontend_ip_configuration",
                "properties.frontendIPConfigurations",
                Each(&[
                    NAME,
                    SUBNET_OF,
                    PRIVATE_ADDRESS,
                    ALLOCATION,
                    PUBLIC_ADDRESS,
                    ("gateway_load_balancer_frontend_ip_configuration_id", "properties.gatewayLoadBalancer", Id),
                ]),
            ),
        ],
    ),
    Kind::part(
        "azurerm_lb_backend_address_pool",
        "Microsoft.Network/loadBalancers/backendAddressPools",
        "loadbalancer_id",
        "properties.backendAddressPools[]",
        &[NAME, NETWORK],
    ),
    Kind::patch(
        "azurerm_lb_backend_address_pool_address",
        "backend_address_pool_id",
        None,
        &[("name", "properties.loadBalancerBackendAddresses[]", Copy)],
    )
    .with(pool_address),
    Kind::part(
        "azurerm_lb_probe",
        "Microsoft.Network/loadBalancers/probes",
        "loadbalancer_id",
        "properties.probes[]",
        &[NAME, PROTOCOL, PORT, ("request_path", "properties.requestPath", Copy)],
    ),
    Kind::part(
        "azurerm_lb_rule",
        "Microsoft.Network/loadBalancers/loadBalancingRules",
        "loadbalancer_id",
        "properties.loadBalancingRules[]",
        &[
            NAME,
            PROTOCOL,
            FRONTEND_PORT,
            BACKEND_PORT,
            ("backend_address_pool_id", "properties.backendAddressPools[]", Id),
            ("backend_address_pool_ids", "properties.backendAddressPools", Ids),
            ("probe_id", "properties.probe", Id),
            OLD_FLOATING,
            FLOATING,
            ("disable_outbound_snat", "properties.disableOutboundSnat", Copy),
        ],
    )
    .with(rule),
    Kind::part(
        "azurerm_lb_outbound_rule",
        "Microsoft.Network/loadBalancers/outboundRules",
        "loadbalancer_id",
        "properties.outboundRules[]",
        &[NAME, PROTOCOL, POOL],
    )
    .with(outbound),
    Kind::part(
        "azurerm_lb_nat_rule",
        "Microsoft.Network/loadBalancers/inboundNatRules",
        "loadbalancer_id",
        "properties.inboundNatRules[]",
        &[NAME, PROTOCOL, FRONTEND_PORT, BACKEND_PORT, POOL, OLD_FLOATING, FLOATING],
    )
    .with(frontend_by_name),
];

fn frontend_by_name(shaper: &mut Shaper<'_, '_>) {
    if let (Some(balancer), Some(frontend)) =
        (shaper.text("loadbalancer_id"), shaper.text("frontend_ip_configuration_name"))
    {
        let reference = shaper.reference(&format!("{balancer}/frontendIPConfigurations/{frontend}"));
        shaper.put("properties.frontendIPConfiguration", reference);
    }
}

fn rule(shaper: &mut Shaper<'_, '_>) {
    frontend_by_name(shaper);
    let first = shaper.body.items_at("properties.backendAddressPools").first().cloned();
    if let Some(first) = first {
        shaper.put("properties.backendAddressPool", first);
    }
}

fn outbound(shaper: &mut Shaper<'_, '_>) {
    let Some(balancer) = shaper.text("loadbalancer_id") else { return };
    let Some(frontends) = shaper.get("frontend_ip_configuration") else { return };
    for name in frontends.items().iter().filter_map(|f| f.str_at("name")) {
        let reference = shaper.reference(&format!("{balancer}/frontendIPConfigurations/{name}"));
        shaper.put("properties.frontendIPConfigurations[]", reference);
    }
}

fn pool_address(shaper: &mut Shaper<'_, '_>) {
    let mut item = super::shape::object(Vec::new(), shaper.values.span);
    let fields: [(&str, &str, super::kinds::How); 3] = [NAME, ("ip_address", "properties.ipAddress", Copy), NETWORK];
    super::shape::shape(&shaper.values, &fields, &mut item);
    let span = shaper.values.span;
    shaper.put("properties.loadBalancerBackendAddresses", list(vec![item], span));
}
