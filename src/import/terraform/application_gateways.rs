//! Application gateways and their web application firewalls.

use super::fields::{ALLOCATION, NAME, PORT, PRIMARY, PRIVATE_ADDRESS, PROTOCOL, PUBLIC_ADDRESS, SUBNET_OF};
use super::kinds::{
    How::{Copy, Each, Id, Ids, Keyed, Words},
    Kind,
};
use super::shape::{Shaper, list, put};
use crate::import::json::Json;

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_web_application_firewall_policy",
        "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
        &[
            ("policy_settings.enabled", "properties.policySettings.state", Words("Enabled", "Disabled")),
            ("policy_settings.mode", "properties.policySettings.mode", Copy),
            (
                "custom_rules",
                "properties.customRules",
                Each(&[
                    NAME,
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
            ("sku.name", "properties.sku.name", Copy),
            ("sku.tier", "properties.sku.tier", Copy),
            ("firewall_policy_id", "properties.firewallPolicy", Id),
            ("gateway_ip_configuration", "properties.gatewayIPConfigurations", Each(&[NAME, SUBNET_OF])),
            (
                "frontend_ip_configuration",
                "properties.frontendIPConfigurations",
                Each(&[
                    NAME,
                    SUBNET_OF,
                    PRIVATE_ADDRESS,
                    ALLOCATION,
                    PUBLIC_ADDRESS,
                    ("private_link_configuration_name", "properties.privateLinkConfiguration", Id),
                ]),
            ),
            (
                "private_link_configuration",
                "properties.privateLinkConfigurations",
                Each(&[
                    NAME,
                    (
                        "ip_configuration",
                        "properties.ipConfigurations",
                        Each(&[NAME, SUBNET_OF, PRIVATE_ADDRESS, ALLOCATION, PRIMARY]),
                    ),
                ]),
            ),
            ("frontend_port", "properties.frontendPorts", Each(&[NAME, PORT])),
            (
                "ssl_certificate",
                "properties.sslCertificates",
                Each(&[NAME, ("key_vault_secret_id", "properties.keyVaultSecretId", Copy)]),
            ),
            (
                "http_listener",
                "properties.httpListeners",
                Each(&[
                    NAME,
                    ("frontend_ip_configuration_name", "properties.frontendIPConfiguration", Id),
                    ("frontend_port_name", "properties.frontendPort", Id),
                    PROTOCOL,
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
                    NAME,
                    ("fqdns", "properties.backendAddresses", Keyed("fqdn")),
                    ("ip_addresses", "properties.addresses", Keyed("ipAddress")),
                ]),
            ),
            (
                "backend_http_settings",
                "properties.backendHttpSettingsCollection",
                Each(&[
                    NAME,
                    PORT,
                    PROTOCOL,
                    ("probe_name", "properties.probe", Id),
                    ("host_name", "properties.hostName", Copy),
                    ("pick_host_name_from_backend_address", "properties.pickHostNameFromBackendAddress", Copy),
                    ("trusted_root_certificate_names", "properties.trustedRootCertificates", Ids),
                ]),
            ),
            ("trusted_root_certificate", "properties.trustedRootCertificates", Each(&[NAME])),
            (
                "probe",
                "properties.probes",
                Each(&[
                    NAME,
                    PROTOCOL,
                    ("host", "properties.host", Copy),
                    PORT,
                    ("path", "properties.path", Copy),
                    ("match.status_code", "properties.match.statusCodes", Copy),
                ]),
            ),
            (
                "url_path_map",
                "properties.urlPathMaps",
                Each(&[
                    NAME,
                    ("default_backend_address_pool_name", "properties.defaultBackendAddressPool", Id),
                    ("default_backend_http_settings_name", "properties.defaultBackendHttpSettings", Id),
                    (
                        "path_rule",
                        "properties.pathRules",
                        Each(&[
                            NAME,
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
                Each(&[NAME, ("redirect_type", "properties.redirectType", Copy)]),
            ),
            (
                "request_routing_rule",
                "properties.requestRoutingRules",
                Each(&[
                    NAME,
                    ("rule_type", "properties.ruleType", Copy),
                    ("priority", "properties.priority", Copy),
                    ("http_listener_name", "properties.httpListener", Id),
                    ("backend_address_pool_name", "properties.backendAddressPool", Id),
                    ("backend_http_settings_name", "properties.backendHttpSettings", Id),
                    ("url_path_map_name", "properties.urlPathMap", Id),
                    ("redirect_configuration_name", "properties.redirectConfiguration", Id),
                ]),
            ),
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
                    return super::shape::identified(Json::text(&format!("{id}/{segment}/{name}"), json.span));
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
            let mut both = Vec::new();
            for path in ["properties.backendAddresses", "properties.addresses"] {
                both.extend(pool.items_at(path).iter().cloned());
                both.extend(pool.at(path).filter(|all| super::shape::is_unknown(all)).cloned());
            }
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
            let mut item = super::shape::object(Vec::new(), span);
            put(&mut item, "name", Json::text(&name, span));
            all.push(item);
        }
    }
    if !all.is_empty() {
        shaper.put("properties.sslCertificates", list(all, span));
    }
}
