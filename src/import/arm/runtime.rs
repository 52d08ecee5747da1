//! What Azure adds to a resource on deployment, as far as it can be told: addresses that it allocates, names of services.

use super::{
    engine::{Engine, runtime_only},
    values::{list, object, text},
};
use crate::{
    diag::{Diagnostic, Span},
    import::{
        ids::ArmId,
        json::{Json, Value},
    },
    net::Prefix,
};
use std::{net::IpAddr, rc::Rc};

/// Resource types whose IP configurations get an address from their subnet, and where the configurations stand.
const ADDRESSED: [(&str, &str); 5] = [
    ("microsoft.network/networkinterfaces", "ipConfigurations"),
    (FIREWALLS, "ipConfigurations"),
    ("microsoft.network/loadbalancers", "frontendIPConfigurations"),
    ("microsoft.network/dnsresolvers/inboundendpoints", "ipConfigurations"),
    ("microsoft.network/applicationgateways", "frontendIPConfigurations"),
];

const FIREWALLS: &str = "microsoft.network/azurefirewalls";

impl Engine<'_> {
    /// Gives IP configurations without an address the first free one of their subnet, as Azure does. The scenario says
    /// that it was allocated here.
    pub(super) fn with_addresses(&mut self, id: usize, body: Json) -> Result<Json, Diagnostic> {
        let Some(kind) = self.declarations.get(id).map(|d| d.kind.clone()) else { return Ok(body) };
        let Some((_, path)) = ADDRESSED.iter().find(|(k, _)| *k == kind) else { return Ok(body) };
        let Some(properties) = body.get("properties").cloned() else { return Ok(body) };
        let Some(configurations) = properties.get(path).cloned() else { return Ok(body) };
        let mut changed = Vec::new();
        // What the same resource gives its other configurations is taken.
        for one in configurations.items() {
            let inner = one.get("properties").unwrap_or(one);
            let given = inner.str_at("privateIPAddress").or_else(|| inner.str_at("privateIpAddress"));
            if let (Some(given), Some(subnet)) = (given, inner.str_at("subnet.id")) {
                let key = subnet.trim_end_matches('/').to_lowercase();
                self.addresses.entry(key).or_default().push(given.to_owned());
            }
        }
        for one in configurations.items() {
            let inner = one.get("properties").unwrap_or(one);
            let given = inner.at("privateIPAddress").or_else(|| inner.at("privateIpAddress"));
            let subnet = inner.str_at("subnet.id").map(str::to_owned);
            let free = match (given, subnet) {
                (None, Some(subnet)) => self.allocate(&subnet, kind == FIREWALLS)?,
                _ => None,
            };
            changed.push(match free {
                Some(address) => {
                    let address = Json::text(&address.to_string(), one.span);
                    let mut fields = inner.fields().to_vec();
                    fields.push(("privateIPAddress".into(), address));
                    fields.push(("allocatedByImport".into(), Json::new(Value::Bool(true), one.span)));
                    let inner = Json::new(object(fields), inner.span);
                    match one.get("properties") {
                        Some(_) => with(one, "properties", inner),
                        None => inner,
                    }
                }
                None => one.clone(),
            });
        }
        let configurations = Json::new(list(changed), configurations.span);
        Ok(with(&body, "properties", with(&properties, path, configurations)))
    }

    /// The first free address of a subnet. What the template names elsewhere may be another's, and is passed over; but a
    /// firewall has its subnet to itself, and gets the first address whatever names it.
    fn allocate(&mut self, subnet: &str, alone: bool) -> Result<Option<IpAddr>, Diagnostic> {
        let key = subnet.trim_end_matches('/').to_lowercase();
        let Some(prefix) = self.prefix_of(&key)? else { return Ok(None) };
        let taken = self.addresses.get(&key).cloned().unwrap_or_default();
        let free = prefix.usable().take(4096).find(|a| {
            let shown = a.to_string();
            !taken.contains(&shown) && (alone || !self.literals.contains(&shown))
        });
        if let Some(address) = free {
            self.addresses.entry(key).or_default().push(address.to_string());
        }
        Ok(free)
    }

    /// The first prefix of a subnet of the template.
    fn prefix_of(&mut self, subnet: &str) -> Result<Option<Prefix>, Diagnostic> {
        let first = |json: &Json| {
            let one = json
                .str_at("addressPrefix")
                .or_else(|| json.items_at("addressPrefixes").first().and_then(Json::as_str));
            one.and_then(|p| p.parse::<Prefix>().ok())
        };
        if let Some(id) = self.by_id.get(subnet).copied() {
            let span = self.declarations.get(id).map(|d| d.json.span);
            let Some(span) = span else { return Ok(None) };
            return Ok(self.body(id, span)?.get("properties").and_then(first));
        }
        let Some(parsed) = ArmId::parse(subnet) else { return Ok(None) };
        let owner = parsed.parent().unwrap_or_default().to_lowercase();
        let Some(id) = self.by_id.get(&owner).copied() else { return Ok(None) };
        let Some(span) = self.declarations.get(id).map(|d| d.json.span) else { return Ok(None) };
        let body = self.body(id, span)?;
        let subnets = body.items_at("properties.subnets").iter();
        let mut named = subnets.filter(|s| s.str_at("name").is_some_and(|n| n.eq_ignore_ascii_case(parsed.name())));
        Ok(named.next().and_then(|s| s.get("properties")).and_then(first))
    }

    /// The interface that Azure makes for a private endpoint of the template, of which the address is what counts.
    pub(super) fn interface_of_endpoint(&self, id: &str, full: bool, span: Span) -> Option<Json> {
        let id = id.trim_end_matches('/').to_lowercase();
        let endpoint = id.strip_suffix(".nic")?.replace("/networkinterfaces/", "/privateendpoints/");
        let declaration = self.declarations.get(*self.by_id.get(&endpoint)?)?;
        let one = |key: &str, value: Json| Json::new(object(vec![(Rc::from(key), value)]), span);
        let address = one("privateIPAddress", Json::address_of(&declaration.full_id, span));
        let configuration = one("properties", address);
        let state = one("ipConfigurations", Json::new(list(vec![configuration]), span));
        Some(if full { one("properties", state) } else { state })
    }

    /// Properties with what a deployment would add and the name tells.
    pub(super) fn with_runtime(&self, id: usize, properties: Json) -> Json {
        let Some(declaration) = self.declarations.get(id) else { return properties };
        let name = declaration.full_id.rsplit('/').next().unwrap_or_default().to_lowercase();
        let span = properties.span;
        let url = |host: String| Json::text(&format!("https://{host}/"), span);
        let added: Vec<(&str, Json)> = match declaration.kind.as_str() {
            "microsoft.storage/storageaccounts" => {
                let parts = ["blob", "file", "queue", "table", "dfs"];
                let mut fields: Vec<_> =
                    parts.iter().map(|p| (Rc::from(*p), url(format!("{name}.{p}.core.windows.net")))).collect();
                fields.push((Rc::from("web"), runtime_only("web", span)));
                vec![("primaryEndpoints", Json::new(object(fields), span))]
            }
            "microsoft.keyvault/vaults" => vec![("vaultUri", url(format!("{name}.vault.azure.net")))],
            "microsoft.web/sites" => vec![("defaultHostName", Json::text(&format!("{name}.azurewebsites.net"), span))],
            "microsoft.containerregistry/registries" => {
                vec![("loginServer", Json::text(&format!("{name}.azurecr.io"), span))]
            }
            "microsoft.documentdb/databaseaccounts" => {
                vec![("documentEndpoint", Json::text(&format!("https://{name}.documents.azure.com:443/"), span))]
            }
            "microsoft.sql/servers" => {
                vec![("fullyQualifiedDomainName", Json::text(&format!("{name}.database.windows.net"), span))]
            }
            "microsoft.network/privateendpoints" => {
                let parent = declaration.full_id.to_lowercase();
                let nic = parent.replace("/privateendpoints/", "/networkinterfaces/") + ".nic";
                let one = Json::new(object(vec![("id".into(), Json::new(text(&nic), span))]), span);
                let address = Json::address_of(&declaration.full_id, span);
                let addresses = Json::new(list(vec![address]), span);
                let names =
                    object(vec![("fqdn".into(), runtime_only("fqdn", span)), ("ipAddresses".into(), addresses)]);
                vec![
                    ("networkInterfaces", Json::new(list(vec![one]), span)),
                    ("customDnsConfigs", Json::new(list(vec![Json::new(names, span)]), span)),
                ]
            }
            "microsoft.network/publicipaddresses" => vec![("ipAddress", Json::address_of(&declaration.full_id, span))],
            _ => Vec::new(),
        };
        let properties = with_ids(&properties, &declaration.full_id);
        let mut fields = properties.fields().to_vec();
        for (key, value) in added {
            if properties.get(key).is_none() {
                fields.push((Rc::from(key), value));
            }
        }
        Json::new(object(fields), span)
    }
}

fn with(json: &Json, key: &str, value: Json) -> Json {
    let mut fields = json.fields().to_vec();
    match fields.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(key)) {
        Some((_, old)) => *old = value,
        None => fields.push((Rc::from(key), value)),
    }
    Json::new(object(fields), json.span)
}

/// Azure gives parts that have a name an id by it.
fn with_ids(properties: &Json, id: &str) -> Json {
    let part = |key: &str, item: &Json| match item.str_at("name") {
        Some(name) if item.get("id").is_none() && item.get("properties").is_some() => {
            let mut fields = item.fields().to_vec();
            fields.push(("id".into(), Json::text(&format!("{id}/{key}/{name}"), item.span)));
            Json::new(object(fields), item.span)
        }
        _ => item.clone(),
    };
    let fields = properties.fields().iter().map(|(key, value)| {
        let value = match &value.value {
            Value::List(items) => Json::new(list(items.iter().map(|i| part(key, i)).collect()), value.span),
            _ => value.clone(),
        };
        (Rc::clone(key), value)
    });
    Json::new(object(fields.collect()), properties.span)
}
