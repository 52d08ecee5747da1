//! Load balancers and application gateways.

use super::kinds::{
    How::{Copy, Each, Id, Ids, Words},
    Kind, Shaper, list, put,
};
use crate::import::json::Json;

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_lb",
        "Microsoft.Network/loadBalancers",
        &[
            ("location", "location", Copy),
            ("sku", "sku.name", Copy),
            ("sku_tier", "sku.tier", Copy),
            (
                "frontend_ip_configuration",
                "properties.frontendIPConfigurations",
                Each(&[
                    ("name", "name", Copy),
                    ("subnet_id", "properties.subnet", Id),
                    ("private_ip_address", "properties.privateIPAddress", Copy),
                    ("private_ip_address_allocation", "properties.privateIPAllocationMethod", Copy),
                    ("public_ip_address_id", "properties.publicIPAddress", Id),
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
        &[("name", "name", Copy), ("virtual_network_id", "properties.virtualNetwork", Id)],
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
        &[
            ("name", "name", Copy),
            ("protocol", "properties.protocol", Copy),
            ("port", "properties.port", Copy),
            ("request_path", "properties.requestPath", Copy),
        ],
    ),
    Kind::part(
        "azurerm_lb_rule",
        "Microsoft.Network/loadBalancers/loadBalancingRules",
        "loadbalancer_id",
        "properties.loadBalancingRules[]",
        &[
            ("name", "name", Copy),
            ("protocol", "properties.protocol", Copy),
            ("frontend_port", "properties.frontendPort", Copy),
            ("backend_port", "properties.backendPort", Copy),
            ("backend_address_pool_ids", "properties.backendAddressPools", Ids),
            ("probe_id", "properties.probe", Id),
            ("enable_floating_ip", "properties.enableFloatingIP", Copy),
            ("floating_ip_enabled", "properties.enableFloatingIP", Copy),
            ("disable_outbound_snat", "properties.disableOutboundSnat", Copy),
        ],
    )
    .with(rule),
    Kind::part(
        "azurerm_lb_outbound_rule",
        "Microsoft.Network/loadBalancers/outboundRules",
        "loadbalancer_id",
        "properties.outboundRules[]",
        &[
            ("name", "name", Copy),
            ("protocol", "properties.protocol", Copy),
            ("backend_address_pool_id", "properties.backendAddressPool", Id),
        ],
    )
    .with(outbound),
    Kind::part(
        "azurerm_lb_nat_rule",
        "Microsoft.Network/loadBalancers/inboundNatRules",
        "loadbalancer_id",
        "properties.inboundNatRules[]",
        &[
            ("name", "name", Copy),
            ("protocol", "properties.protocol", Copy),
            ("frontend_port", "properties.frontendPort", Copy),
            ("backend_port", "properties.backendPort", Copy),
            ("backend_address_pool_id", "properties.backendAddressPool", Id),
            ("enable_floating_ip", "properties.enableFloatingIP", Copy),
            ("floating_ip_enabled", "properties.enableFloatingIP", Copy),
        ],
    )
    .with(frontend_by_name),
    Kind::group(
        "azurerm_web_application_firewall_policy",
        "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
        &[
            ("location", "location", Copy),
            ("policy_settings.enabled", "properties.policySettings.state", Words("Enabled", "Disabled")),
            ("policy_settings.mode", "properties.policySettings.mode", Copy),
            (
                "custom_rules",
                "properties.customRules",
                Each(&[
                    ("name", "name", Copy),
                    ("enabled", "state", Words("Enabled", "Disabled")),
                    ("priority", "priority", Copy),
                    ("rule_type", "ruleType", Copy),
                    ("action", "action", Copy),
                    (
                        "match_conditions",
                        "matchConditions",
                        Each(&[
                            ("operator", "operator", Copy),
                            ("negation_condition", "negationConditon", Copy),
                            ("match_values", "matchValues", Copy),
                            ("match_variables", "matchVariables", Each(&[("variable_name", "variableName", Copy)])),
                        ]),
                    ),
                ]),
            ),
        ],
    ),
    Kind::group(
        "azurerm_application_gateway",
        "Microsoft.Network/applicationGateways",
        &[
            ("location", "location", Copy),
            ("sku.name", "properties.sku.name", Copy),
            ("sku.tier", "properties.sku.tier", Copy),
            ("firewall_policy_id", "properties.firewallPolicy", Id),
            (
                "gateway_ip_configuration",
                "properties.gatewayIPConfigurations",
                Each(&[("name", "name", Copy), ("subnet_id", "properties.subnet", Id)]),
            ),
            (
                "frontend_ip_configuration",
                "properties.frontendIPConfigurations",
                Each(&[
                    ("name", "name", Copy),
                    ("subnet_id", "properties.subnet", Id),
                    ("private_ip_address", "properties.privateIPAddress", Copy),
                    ("private_ip_address_allocation", "properties.privateIPAllocationMethod", Copy),
                    ("public_ip_address_id", "properties.publicIPAddress", Id),
                    ("private_link_configuration_name", "properties.privateLinkConfiguration", Id),
                ]),
            ),
            (
                "private_link_configuration",
                "properties.privateLinkConfigurations",
                Each(&[
                    ("name", "name", Copy),
                    (
                        "ip_configuration",
                        "properties.ipConfigurations",
                        Each(&[
                            ("name", "name", Copy),
                            ("subnet_id", "properties.subnet", Id),
                            ("private_ip_address", "properties.privateIPAddress", Copy),
                            ("private_ip_address_allocation", "properties.privateIPAllocationMethod", Copy),
                            ("primary", "properties.primary", Copy),
                        ]),
                    ),
                ]),
            ),
            (
                "frontend_port",
                "properties.frontendPorts",
                Each(&[("name", "name", Copy), ("port", "properties.port", Copy)]),
            ),
            (
                "ssl_certificate",
                "properties.sslCertificates",
                Each(&[("name", "name", Copy), ("key_vault_secret_id", "properties.keyVaultSecretId", Copy)]),
            ),
            (
                "http_listener",
                "properties.httpListeners",
                Each(&[
                    ("name", "name", Copy),
                    ("frontend_ip_configuration_name", "properties.frontendIPConfiguration", Id),
                    ("frontend_port_name", "properties.frontendPort", Id),
                    ("protocol", "properties.protocol", Copy),
                    ("host_name", "properties.hostName", Copy),
                    ("host_names", "properties.hostNames", Copy),
                    ("ssl_certificate_name", "properties.sslCertificate", Id),
                    ("firewall_policy_id", "properties.firewallPolicy", Id),
                ]),
            ),
            (
                "backend_address_pool",
                "properties.backendAddressPools",
                Each(&[
                    ("name", "name", Copy),
                    ("fqdns", "properties.backendAddresses", super::kinds::How::Keyed("fqdn")),
                    ("ip_addresses", "properties.addresses", super::kinds::How::Keyed("ipAddress")),
                ]),
            ),
            (
                "backend_http_settings",
                "properties.backendHttpSettingsCollection",
                Each(&[
                    ("name", "name", Copy),
                    ("port", "properties.port", Copy),
                    ("protocol", "properties.protocol", Copy),
                    ("probe_name", "properties.probe", Id),
                    ("host_name", "properties.hostName", Copy),
                    ("pick_host_name_from_backend_address", "properties.pickHostNameFromBackendAddress", Copy),
                    ("trusted_root_certificate_names", "properties.trustedRootCertificates", Ids),
                ]),
            ),
            ("trusted_root_certificate", "properties.trustedRootCertificates", Each(&[("name", "name", Copy)])),
            (
                "probe",
                "properties.probes",
                Each(&[
                    ("name", "name", Copy),
                    ("protocol", "properties.protocol", Copy),
                    ("host", "properties.host", Copy),
                    ("path", "properties.path", Copy),
                    ("match.status_code", "properties.match.statusCodes", Copy),
                ]),
            ),
            (
                "url_path_map",
                "properties.urlPathMaps",
                Each(&[
                    ("name", "name", Copy),
                    ("default_backend_address_pool_name", "properties.defaultBackendAddressPool", Id),
                    ("default_backend_http_settings_name", "properties.defaultBackendHttpSettings", Id),
                    (
                        "path_rule",
                        "properties.pathRules",
                        Each(&[
                            ("name", "name", Copy),
                            ("paths", "properties.paths", Copy),
                            ("backend_address_pool_name", "properties.backendAddressPool", Id),
                            ("backend_http_settings_name", "properties.backendHttpSettings", Id),
                            ("firewall_policy_id", "properties.firewallPolicy", Id),
                        ]),
                    ),
                ]),
            ),
            (
                "redirect_configuration",
                "properties.redirectConfigurations",
                Each(&[("name", "name", Copy), ("redirect_type", "properties.redirectType", Copy)]),
            ),
            (
                "request_routing_rule",
                "properties.requestRoutingRules",
                Each(&[
                    ("name", "name", Copy),
                    ("rule_type", "properties.ruleType", Copy),
                    ("priority", "properties.priority", Copy),
                    ("http_listener_name", "properties.httpListener", Id),
                    ("backend_address_pool_name", "properties.backendAddressPool", Id),
                    ("backend_http_settings_name", "properties.backendHttpSettings", Id),
                    ("url_path_map_name", "properties.urlPathMap", Id),
                    ("redirect_configuration_name", "properties.redirectConfiguration", Id),
                ]),
            ),
            ("tags", "tags", Copy),
        ],
    )
    .with(gateway),
];

/// The segment of the id that a reference by name leads to.
const SEGMENTS: &[(&str, &str)] = &[
    ("frontendIPConfiguration", "frontendIPConfigurations"),
    ("privateLinkConfiguration", "privateLinkConfigurations"),
    ("frontendPort", "frontendPorts"),
    ("sslCertificate", "sslCertificates"),
    ("probe", "probes"),
    ("trustedRootCertificates", "trustedRootCertificates"),
    ("httpListener", "httpListeners"),
    ("backendAddressPool", "backendAddressPools"),
    ("defaultBackendAddressPool", "backendAddressPools"),
    ("backendHttpSettings", "backendHttpSettingsCollection"),
    ("defaultBackendHttpSettings", "backendHttpSettingsCollection"),
    ("urlPathMap", "urlPathMaps"),
    ("redirectConfiguration", "redirectConfigurations"),
];

/// Parts of a gateway name each other; Azure's model writes the ids of those parts.
fn gateway(shaper: &mut Shaper<'_, '_>) {
    use crate::import::json::Value;
    use std::rc::Rc;
    fn named(json: &Json, key: &str, id: &str) -> Json {
        match &json.value {
            Value::Object(fields) => {
                let segment = SEGMENTS.iter().find(|(k, _)| *k == key).map(|(_, s)| *s);
                let name = json.str_at("id").filter(|n| !n.contains('/') && fields.len() == 1);
                if let (Some(segment), Some(name)) = (segment, name) {
                    return super::kinds::identified(Json::text(&format!("{id}/{segment}/{name}"), json.span));
                }
                let fields = fields.iter().map(|(k, v)| (k.clone(), named(v, k, id)));
                Json::new(Value::Object(Rc::new(fields.collect())), json.span)
            }
            Value::List(items) => {
                let items = items.iter().map(|i| named(i, key, id));
                Json::new(Value::List(Rc::new(items.collect())), json.span)
            }
            _ => json.clone(),
        }
    }
    let mut body = named(&shaper.body, "", &shaper.id);
    // Names and addresses of a pool stand in one list.
    if let Some(pools) = body.at("properties.backendAddressPools").cloned() {
        let pools = pools.items().iter().map(|pool| {
            let mut pool = pool.clone();
            let both = [pool.items_at("properties.backendAddresses"), pool.items_at("properties.addresses")].concat();
            let span = pool.span;
            put(&mut pool, "properties.backendAddresses", list(both, span));
            put(&mut pool, "properties.addresses", Json::new(Value::Null, span));
            pool
        });
        let pools = list(pools.collect(), body.span);
        put(&mut body, "properties.backendAddressPools", pools);
    }
    shaper.body = body;
    certificates(shaper);
}

/// Providers mark all certificates as sensitive because some of their values are. Their names stand in the listeners,
/// too, and no more is needed of them.
fn certificates(shaper: &mut Shaper<'_, '_>) {
    let names: Vec<String> = shaper
        .body
        .items_at("properties.httpListeners")
        .iter()
        .filter_map(|l| Some(l.str_at("properties.sslCertificate.id")?.rsplit('/').next()?.to_owned()))
        .collect();
    let known = shaper.body.items_at("properties.sslCertificates").to_vec();
    let span = shaper.values.span;
    let mut all = known;
    for name in names {
        if !all.iter().any(|c| c.str_at("name") == Some(&name)) {
            let mut item = super::kinds::object(Vec::new(), span);
            put(&mut item, "name", Json::text(&name, span));
            all.push(item);
        }
    }
    if !all.is_empty() {
        shaper.put("properties.sslCertificates", list(all, span));
    }
}

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
    let mut item = super::kinds::object(Vec::new(), shaper.values.span);
    let fields: [(&str, &str, super::kinds::How); 3] = [
        ("name", "name", Copy),
        ("ip_address", "properties.ipAddress", Copy),
        ("virtual_network_id", "properties.virtualNetwork", Id),
    ];
    super::kinds::shape(&shaper.values, &fields, &mut item);
    let span = shaper.values.span;
    shaper.put("properties.loadBalancerBackendAddresses", list(vec![item], span));
}
