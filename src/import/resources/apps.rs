//! Web apps: access restrictions, slots, names.

use super::{Mapper, Resource, outside, service_rules, services};
use crate::import::{
    draft::{Key, Matters, Node, Tree},
    ids::ArmId,
    json::{Json, Value},
};

/// Rules of the main site and of the deployment site, with what they become.
const RULES: [(&str, &str, &str, &str); 2] = [
    (
        "ipSecurityRestrictions",
        "ip_restrictions",
        "ipSecurityRestrictionsDefaultAction",
        "ip_restriction_default_action",
    ),
    (
        "scmIpSecurityRestrictions",
        "scm_ip_restrictions",
        "scmIpSecurityRestrictionsDefaultAction",
        "scm_ip_restriction_default_action",
    ),
];

/// What puts an app elsewhere.
pub(super) const ENVIRONMENT: &str = "hostingEnvironmentProfile";

const IN_ENVIRONMENT: &str =
    "it stands in an App Service Environment, which is not modelled: it answers and sends inside a network";

const PERHAPS_IN_ENVIRONMENT: &str =
    "its plan may be of an App Service Environment: the tier is known only after deployment";

/// The priority of the rule that stands for everybody else.
const LAST: i64 = 2_147_483_647;

/// Access restrictions of an app or slot, from its configuration.
pub(super) fn restrictions(configuration: &Json, resource: &Resource, app: &Key, mapper: &mut Mapper<'_>) {
    for (rules, field, default, default_field) in RULES {
        let mut found: Vec<(String, Node)> = Vec::new();
        let mut otherwise = configuration.at(default).and_then(Node::scalar);
        for (number, rule) in configuration.items_at(rules).iter().enumerate() {
            match restriction(rule) {
                Ok(Said::Otherwise(action)) => otherwise = Some(action),
                Ok(Said::Rules(list)) => {
                    let name = rule.str_at("name").map_or_else(|| format!("rule-{number}"), str::to_owned);
                    for fields in list {
                        let mut names = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}-{n}") });
                        let name = names.find(|n| found.iter().all(|(k, _)| k != n)).unwrap_or_default();
                        found.push((name, Node::map(fields, rule.span)));
                    }
                }
                Err(why) => mapper.unmodelled(resource, rules, why, Matters::PublicRules(app.clone())),
            }
        }
        let Some(item) = mapper.draft.get_mut(app) else { return };
        if !found.is_empty() {
            item.set(field, Node::new(Tree::Map(found), configuration.span));
        }
        item.set_some(default_field, otherwise);
    }
    let Some(item) = mapper.draft.get_mut(app) else { return };
    item.set_some(
        "scm_use_main_ip_restriction",
        configuration.at("scmIpSecurityRestrictionsUseMain").and_then(Node::scalar),
    );
}

type Fields = Vec<(&'static str, Node)>;

enum Said {
    /// What happens to everybody else.
    Otherwise(Node),
    Rules(Vec<Fields>),
}

fn restriction(rule: &Json) -> Result<Said, &'static str> {
    if rule.at("headers").is_some_and(|h| !h.fields().is_empty()) {
        return Err("restrictions by header are not modelled");
    }
    let action = rule.at("action").and_then(Node::scalar).unwrap_or_else(|| Node::text("Allow", rule.span));
    let priority = rule.at("priority").and_then(Json::as_int).unwrap_or(65_000);
    let head = || vec![("priority", Node::new(Tree::Number(priority), rule.span)), ("action", action.clone())];
    let with = |key: &'static str, node: Node| {
        let mut fields = head();
        fields.push((key, node));
        fields
    };
    if let Some(subnet) = rule.at("vnetSubnetResourceId").and_then(|s| Some((s.as_str()?, s.span))) {
        let node = Node::path_of(Key::new("subnets", subnet.0), subnet.1);
        return Ok(Said::Rules(vec![with("virtual_network_subnet", node)]));
    }
    if let Some(tag) = rule.at("serviceTag").and_then(Node::scalar) {
        return Ok(Said::Rules(vec![with("service_tag", tag)]));
    }
    let address = rule.at("ipAddress").ok_or("a rule names nobody")?;
    let text = address.as_str().ok_or("whom a rule names is known only after deployment")?;
    let is_tag = rule.str_at("tag").is_some_and(|t| t.eq_ignore_ascii_case("ServiceTag"));
    match text {
        "Any" | "any" if priority == LAST => Ok(Said::Otherwise(action.clone())),
        "Any" | "any" => {
            let families = ["0.0.0.0/0", "::/0"].map(|p| with("ip_address", Node::text(p, address.span)));
            Ok(Said::Rules(families.into()))
        }
        _ if is_tag => Ok(Said::Rules(vec![with("service_tag", Node::text(text, address.span))])),
        _ => {
            let several = text.split(',').map(str::trim).filter(|t| !t.is_empty());
            let rules = several.map(|t| with("ip_address", service_rules::prefix(Node::text(t, address.span))));
            Ok(Said::Rules(rules.collect()))
        }
    }
}

/// The configuration as a part of its own.
pub(super) fn configuration(resource: &Resource, mapper: &mut Mapper<'_>) {
    let Some(id) = resource.id.parent() else { return };
    if resource.id.name().eq_ignore_ascii_case("appsettings") {
        if let Some(settings) = resource.body.get("properties").cloned() {
            settle_servers(&settings, &Key::new("services", &id), mapper);
        }
        return;
    }
    if !resource.id.name().eq_ignore_ascii_case("web") {
        return;
    }
    let is_slot = ArmId::parse(&id).is_some_and(|i| i.kind.ends_with("/slots"));
    let key = Key::new(if is_slot { "slots" } else { "services" }, &id);
    let Some(properties) = resource.body.get("properties").cloned() else { return };
    restrictions(&properties, resource, &key, mapper);
    if let Some(item) = mapper.draft.get_mut(&key) {
        services::public_access(item, properties.at("publicNetworkAccess"));
    }
    if let Some(all) = properties.at("vnetRouteAllEnabled").and_then(|a| Some(Node::flag(a.as_bool()?, a.span))) {
        integration(&key, "route_all_enabled", all, mapper);
    }
}

/// DNS servers of an app's own: its configuration, or the settings that stood for it before.
pub(super) fn own_servers(resource: &Resource, app: &Key, mapper: &mut Mapper<'_>) {
    let configured = super::servers(resource.prop("dnsConfiguration.dnsServers"));
    if let Some(servers) = configured {
        return integration(app, "dns_servers", servers, mapper);
    }
    if let Some(settings) = resource.prop("siteConfig.appSettings").cloned() {
        settle_servers(&settings, app, mapper);
    }
}

/// Settings by name, as a list of names and values or as an object.
fn settle_servers(settings: &Json, app: &Key, mapper: &mut Mapper<'_>) {
    let get = |name: &str| match settings.items() {
        [] => settings.get(name),
        items => items.iter().find(|i| i.str_at("name").is_some_and(|n| n.eq_ignore_ascii_case(name)))?.get("value"),
    };
    let servers = ["WEBSITE_DNS_SERVER", "WEBSITE_DNS_ALT_SERVER"].iter().filter_map(|n| Node::scalar(get(n)?));
    if let Some(servers) = super::list_of(servers) {
        integration(app, "dns_servers", servers, mapper);
    }
    let all = get("WEBSITE_VNET_ROUTE_ALL").and_then(|v| Some((v.as_str()? == "1", v.span)));
    if let Some((true, span)) = all {
        integration(app, "route_all_enabled", Node::flag(true, span), mapper);
    }
}

fn integration(app: &Key, field: &str, node: Node, mapper: &mut Mapper<'_>) {
    let Some(item) = mapper.draft.get_mut(app) else { return };
    let known = item.fields.iter_mut().find(|(k, _)| k == "virtual_network_integration");
    let Some((_, Node { tree: Tree::Map(fields), .. })) = known else { return };
    fields.retain(|(k, _)| k != field);
    fields.push((field.to_owned(), node));
}

/// A slot is a site of its own.
pub(super) fn slot(resource: &Resource, mapper: &mut Mapper<'_>) {
    let item = mapper.child(resource, "slots", "services", "slots");
    let access = resource.prop("publicNetworkAccess").or_else(|| resource.prop("siteConfig.publicNetworkAccess"));
    services::public_access(item, access);
    if let Some(configuration) = resource.prop("siteConfig").cloned() {
        restrictions(&configuration, resource, &resource.key("slots"), mapper);
    }
}

/// Whether an app stands in an App Service Environment by its plan: the plan names it, or is of a tier that only they
/// have.
fn is_isolated(plan: &Resource) -> bool {
    let tiers = ["sku.tier", "sku.name"].iter().filter_map(|p| plan.body.str_at(p)).map(str::to_lowercase);
    let names = |tier: &str| {
        let number = tier.strip_prefix('i').map(|t| t.trim_end_matches("v2"));
        tier.starts_with("isolated")
            || number.is_some_and(|n| !n.is_empty() && n.trim_end_matches('m').bytes().all(|b| b.is_ascii_digit()))
    };
    plan.prop(ENVIRONMENT).is_some_and(|p| !matches!(p.value, Value::Null)) || tiers.into_iter().any(|t| names(&t))
}

/// Settings of an app that are not modelled.
pub(super) fn doubts(resource: &Resource, mapper: &Mapper<'_>) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let own = ["hostingEnvironmentProfile.id", "hostingEnvironmentProfile.name"];
    let plan = resource.str("serverFarmId").and_then(|id| mapper.find(id));
    if own.iter().any(|path| resource.prop(path).is_some()) || plan.is_some_and(is_isolated) {
        found.push((ENVIRONMENT, IN_ENVIRONMENT));
    }
    if plan.is_some_and(outside::tier_told_later) {
        found.push((ENVIRONMENT, PERHAPS_IN_ENVIRONMENT));
    }
    let usual = format!("{}.azurewebsites.", resource.id.name().to_lowercase());
    let unusual = resource.str("defaultHostName").is_some_and(|h| !h.to_lowercase().starts_with(&usual));
    if unusual || resource.prop("autoGeneratedDomainNameLabelScope").is_some() {
        found.push(("defaultHostName", "it has a name that Azure made unique, and not that of the app"));
    }
    found
}
