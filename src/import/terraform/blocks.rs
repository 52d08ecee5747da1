//! Blocks of a plan, and the expressions of the configuration that wrote them.
//!
//! A plan lists the blocks of a set in an order of its own, and a configuration does not show blocks that a loop makes.
//! Which expression a block comes from is told by what both say, or not at all.

use crate::import::json::{Json, Value};
use std::rc::Rc;

/// Blocks whose order providers do not keep.
const SETS: [&str; 21] = [
    "backend_address_pool",
    "backend_http_settings",
    "capabilities",
    "exposed_port",
    "frontend_port",
    "geo_location",
    "http_listener",
    "ip_rule",
    "network_rules",
    "ports",
    "private_link_configuration",
    "probe",
    "redirect_configuration",
    "request_routing_rule",
    "route",
    "security_rule",
    "ssl_certificate",
    "subnet",
    "virtual_network",
    "virtual_network_rule",
    "virtual_network_rules",
];

/// What the platform fills in inside blocks where nobody sets it.
const PLATFORM: [&str; 17] = [
    "associated_route_table_id",
    "bypass",
    "endpoint_tenant_id",
    "fqdn",
    "gateway_load_balancer_frontend_ip_configuration_id",
    "id",
    "labels",
    "member_name",
    "name",
    "node_count",
    "primary",
    "principal_id",
    "private_ip_address_allocation",
    "private_ip_address_version",
    "public_ip_prefix_id",
    "route_table_ids",
    "tenant_id",
];

/// Types whose blocks always set the address.
const ADDRESSED: [&str; 2] = ["azurerm_private_endpoint", "azurerm_private_link_service"];

/// Where a block comes from.
pub(super) enum Writer {
    /// From this.
    Known(Json),
    /// From one of several, or from a loop: what they have in common.
    Unsure(Option<Json>),
}

/// Where a block among others comes from.
pub(super) fn writer(expressions: Option<&Json>, called: &str, number: usize, items: &[Json]) -> Writer {
    let Some(expressions) = expressions else { return Writer::Unsure(None) };
    // One expression for all of them.
    if expressions.get("references").is_some() {
        return Writer::Known(expressions.clone());
    }
    let (written, Some(item)) = (expressions.items(), items.get(number)) else { return Writer::Unsure(None) };
    if written.len() == items.len()
        && (items.len() == 1 || !SETS.contains(&called))
        && let Some(own) = written.get(number)
    {
        return Writer::Known(own.clone());
    }
    let able: Vec<&Json> = written.iter().filter(|w| may_write(w, item)).collect();
    let alone = |w: &Json| items.iter().filter(|i| may_write(w, i)).count() == 1;
    match able.as_slice() {
        [one] if alone(one) => Writer::Known((*one).clone()),
        // Some come from a loop.
        _ if written.len() < items.len() => Writer::Unsure(None),
        [] => Writer::Unsure(None),
        [first, others @ ..] => {
            let common = first
                .fields()
                .iter()
                .filter(|(key, value)| others.iter().all(|o| o.get(key).is_some_and(|v| same_expression(v, value))));
            Writer::Unsure(Some(Json::new(Value::Object(Rc::new(common.cloned().collect())), first.span)))
        }
    }
}

/// Whether a block may come from an expression: nothing that the expression sets to a constant is something else there.
fn may_write(expression: &Json, block: &Json) -> bool {
    expression.fields().iter().all(|(key, inner)| match (inner.get("constant_value"), block.get(key)) {
        (Some(constant), Some(value)) => match (&constant.value, &value.value) {
            (Value::Text(a), Value::Text(b)) => a.eq_ignore_ascii_case(b),
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            _ => true,
        },
        _ => true,
    })
}

/// Whether two expressions say the same, wherever they stand.
fn same_expression(one: &Json, other: &Json) -> bool {
    match (&one.value, &other.value) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_expression(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| other.get(k).is_some_and(|o| same_expression(v, o)))
        }
        (a, b) => a == b,
    }
}

/// Whether the platform may fill in an attribute of a block that nobody set.
pub(super) fn is_platforms(kind: &str, key: &str, block: &[(Rc<str>, Json)]) -> bool {
    let has = |key: &str| block.iter().any(|(k, v)| &**k == key && v.value != Value::Null);
    match key {
        "private_ip_address" => !ADDRESSED.contains(&kind),
        // A frontend has one of the two.
        "subnet_id" => kind == "azurerm_lb" && has("public_ip_address_id"),
        "public_ip_address_id" => kind == "azurerm_lb" && has("subnet_id"),
        _ => PLATFORM.contains(&key),
    }
}
