//! Plans of Terraform as cases write them: what is known only after apply stands in the configuration alone.
//!
//! `{"after": [REFERENCE, …]}` is a value that an expression with these references gives, known only after apply, and
//! without references one that the platform computes; `{"known": VALUE, "from": [REFERENCE, …]}` is one that the plan
//! knows. `dynamic NAME` are blocks that a loop makes, which no configuration shows, and `shuffled NAME` blocks that the
//! plan lists in another order than the configuration.

use serde_json::{Map, Value, json};

/// A value as a plan shows it: the value itself, what of it is unknown, and the expression of the configuration.
struct Shown {
    value: Value,
    unknown: Value,
    expression: Option<Value>,
}

/// A reference with all that Terraform writes beside it: what it begins with, down to a resource or module.
fn references(marks: &Value) -> Value {
    let mut all = Vec::new();
    for reference in marks.as_array().unwrap() {
        let mut rest = reference.as_str().unwrap();
        while rest.contains('.') {
            all.push(rest.to_owned());
            rest = &rest[..rest.rfind(['.', '[']).unwrap()];
        }
    }
    json!({ "references": all })
}

fn shown(value: &Value) -> Shown {
    let plain = |value: &Value, expression| Shown { value: value.clone(), unknown: json!(false), expression };
    match value {
        Value::Object(fields) if fields.contains_key("after") => {
            let known = fields["after"].as_array().is_some_and(|r| !r.is_empty());
            Shown { value: Value::Null, unknown: json!(true), expression: known.then(|| references(&fields["after"])) }
        }
        Value::Object(fields) if fields.contains_key("known") => {
            plain(&fields["known"], Some(references(&fields["from"])))
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let all: Vec<Shown> = items.iter().map(|i| i.as_object().map_or_else(|| shown(i), block)).collect();
            let of = |f: fn(&Shown) -> Value| Value::Array(all.iter().map(f).collect());
            let expression = of(|s| s.expression.clone().unwrap_or_else(|| json!({})));
            Shown { value: of(|s| s.value.clone()), unknown: of(|s| s.unknown.clone()), expression: Some(expression) }
        }
        _ => plain(value, Some(json!({ "constant_value": value }))),
    }
}

/// A block, or a whole resource.
fn block(fields: &Map<String, Value>) -> Shown {
    let (mut values, mut unknown, mut expressions) = (Map::new(), Map::new(), Map::new());
    for (key, value) in fields {
        let (way, name) = key.split_once(' ').unwrap_or(("", key));
        let mut own = shown(value);
        if own.unknown != json!(true) {
            values.insert(name.to_owned(), own.value);
        }
        unknown.insert(name.to_owned(), own.unknown);
        if let (Some(Value::Array(blocks)), "shuffled") = (&mut own.expression, way) {
            blocks.reverse();
        }
        if let Some(expression) = own.expression.filter(|_| way != "dynamic") {
            expressions.insert(name.to_owned(), expression);
        }
    }
    Shown { value: values.into(), unknown: unknown.into(), expression: Some(expressions.into()) }
}

/// A plan of resources by `TYPE.NAME`, or `TYPE.NAME["KEY"]` of a loop over a local value, or `TYPE.NAME[0]` of a count.
pub(crate) fn document(resources: impl Iterator<Item = (String, Map<String, Value>)>) -> Value {
    let (mut planned, mut changes, mut configured) = (Vec::new(), Vec::new(), Vec::new());
    for (address, mut body) in resources {
        let (kind, name) = address.split_once('.').unwrap();
        let (name, inside) = name.split_once('[').map_or((name, None), |(n, k)| (n, k.strip_suffix(']')));
        let key = inside.map(|k| serde_json::from_str::<Value>(k).unwrap());
        body.entry("resource_group_name").or_insert("rg".into());
        body.entry("name").or_insert(name.into());
        let own = block(&body);
        let provider = "registry.terraform.io/hashicorp/azurerm";
        let mut instance = json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "provider_name": provider, "values": own.value, "sensitive_values": {}});
        instance.as_object_mut().unwrap().extend(key.clone().map(|k| ("index".to_owned(), k)));
        planned.push(instance);
        changes.push(json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "change": {"actions": ["create"], "after_unknown": own.unknown}}));
        let local = format!("{kind}.{name}");
        if configured.iter().all(|c: &Value| c["address"] != local.as_str()) {
            let runs =
                if key.as_ref().is_some_and(Value::is_number) { "count_expression" } else { "for_each_expression" };
            configured.push(json!({"address": local, "mode": "managed", "type": kind, "name": name,
                "expressions": own.expression, runs: key.map(|_| references(&json!(["local.all"])))}));
        }
    }
    json!({"format_version": "1.2", "terraform_version": "1.9.8",
        "planned_values": {"root_module": {"resources": planned}}, "resource_changes": changes,
        "configuration": {"provider_config": {"azurerm": {"name": "azurerm", "expressions":
            {"subscription_id": {"constant_value": "00000000-0000-0000-0000-000000000001"}}}},
            "root_module": {"resources": configured}}})
}
