//! What a resource type of the providers is in Azure: its type there, how its id is made, and where its attributes go.
//!
//! Each family of types has a file with a table; attributes are translated to the properties of Azure's own resource
//! model, so that one mapping serves plans, templates and exports alike.

use super::{
    application_gateways, apps, azapi, balance, beside, compute, containers, databases, dns,
    fields::{HEAD, SERVICE},
    firewall, gateways, managers, messaging, network,
    path::Path,
    plan::Instance,
    private_link,
    resolve::Resolver,
    services,
    shape::Shaper,
    storage, wan, workspaces,
};
use crate::import::ids::ArmId;
use std::{collections::BTreeMap, rc::Rc, sync::OnceLock};

/// How an attribute is written in Azure's model.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// As it is.
    Copy,
    /// A truth value turned round.
    Not,
    /// A truth value as one of two words.
    Words(&'static str, &'static str),
    /// An id as `{ "id": … }`.
    Id,
    /// Ids as a list of `{ "id": … }`.
    Ids,
    /// One value as a list of one.
    Listed,
    /// Each text as an object with this key.
    Keyed(&'static str),
    /// Blocks as a list of objects.
    Each(&'static [Field]),
    /// The fields of the first block, into the same object.
    First(&'static [Field]),
}

/// An attribute, where it goes, and how.
pub(super) type Field = (&'static str, &'static str, How);

/// How the id of a resource is made.
#[derive(Clone, Copy)]
pub(super) enum Identity {
    /// In its resource group, by name.
    Group,
    /// In its resource group, by the names of what it stands in, then its own.
    Within(&'static [&'static str]),
    /// Below the resource whose id this attribute holds.
    Under(&'static str),
    /// Below the resource whose id the first attribute holds, or whose name the second does in older versions.
    Either(&'static str, &'static [&'static str]),
    /// It is no resource in Azure: it sets something in the resource whose id this attribute holds.
    None,
}

/// Where the translation goes.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// It is a resource of its own.
    Own,
    /// An object in a list of the resource whose id this attribute holds.
    In(&'static str, &'static str),
    /// Fields of the resource, or part of one, whose id this attribute holds; `Some((segment, name))` for a part that is
    /// named by another attribute.
    Patch(&'static str, Option<(&'static str, &'static str)>),
}

/// A resource type.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// Type in Terraform.
    pub(super) name: &'static str,
    /// Type in Azure.
    pub(super) arm: &'static str,
    pub(super) identity: Identity,
    pub(super) place: Place,
    /// Attributes that it shares with most types.
    pub(super) head: &'static [Field],
    /// Its own.
    pub(super) fields: &'static [Field],
    /// Values that the type implies.
    pub(super) implied: &'static [(&'static str, &'static str)],
    /// What a table cannot say.
    pub(super) more: Option<fn(&mut Shaper<'_, '_>)>,
}

impl Kind {
    /// A resource of a resource group.
    pub(super) const fn group(name: &'static str, arm: &'static str, fields: &'static [Field]) -> Self {
        let (identity, place) = (Identity::Group, Place::Own);
        Self { name, arm, identity, place, head: HEAD, fields, implied: &[], more: None }
    }

    /// A service with a public endpoint that can be switched off.
    pub(super) const fn service(name: &'static str, arm: &'static str, fields: &'static [Field]) -> Self {
        Self { head: SERVICE, ..Self::group(name, arm, fields) }
    }

    /// A resource that stands in another, or sets something there.
    const fn inner(name: &'static str, arm: &'static str, fields: &'static [Field]) -> Self {
        Self { head: &[], ..Self::group(name, arm, fields) }
    }

    /// The type of what it stands in, in lower case, if nothing tells which one that is.
    pub(super) fn unknown_parent(&self, text: impl Fn(&str) -> Option<String>) -> Option<String> {
        let known = |names: &[&str]| names.iter().all(|n| text(n).is_some());
        let told = match self.identity {
            Identity::Group | Identity::None => true,
            Identity::Within(parents) => known(parents),
            Identity::Under(parent) => known(&[parent]),
            Identity::Either(parent, names) => known(&[parent]) || known(names),
        };
        let (parent, _) = self.arm.rsplit_once('/')?;
        (!told).then(|| parent.to_lowercase())
    }

    /// All attributes that its tables read.
    pub(super) fn table(&self) -> impl Iterator<Item = &'static Field> {
        self.head.iter().chain(self.fields)
    }

    /// A resource inside others that are named.
    pub(super) const fn within(
        name: &'static str,
        arm: &'static str,
        parents: &'static [&'static str],
        fields: &'static [Field],
    ) -> Self {
        Self { identity: Identity::Within(parents), ..Self::inner(name, arm, fields) }
    }

    /// A resource inside another whose id an attribute holds.
    pub(super) const fn under(
        name: &'static str,
        arm: &'static str,
        parent: &'static str,
        fields: &'static [Field],
    ) -> Self {
        Self { identity: Identity::Under(parent), ..Self::inner(name, arm, fields) }
    }

    /// The same, of a type whose older versions name it.
    pub(super) const fn either(
        name: &'static str,
        arm: &'static str,
        parent: &'static str,
        older: &'static [&'static str],
        fields: &'static [Field],
    ) -> Self {
        Self { identity: Identity::Either(parent, older), ..Self::inner(name, arm, fields) }
    }

    /// A part that Azure writes inside its parent.
    pub(super) const fn part(
        name: &'static str,
        arm: &'static str,
        parent: &'static str,
        list: &'static str,
        fields: &'static [Field],
    ) -> Self {
        Self { identity: Identity::Under(parent), place: Place::In(parent, list), ..Self::inner(name, arm, fields) }
    }

    /// Settings of another resource.
    pub(super) const fn patch(
        name: &'static str,
        target: &'static str,
        part: Option<(&'static str, &'static str)>,
        fields: &'static [Field],
    ) -> Self {
        Self { identity: Identity::None, place: Place::Patch(target, part), ..Self::inner(name, "", fields) }
    }

    pub(super) const fn implies(mut self, implied: &'static [(&'static str, &'static str)]) -> Self {
        self.implied = implied;
        self
    }

    pub(super) const fn with(mut self, more: fn(&mut Shaper<'_, '_>)) -> Self {
        self.more = Some(more);
        self
    }
}

const FAMILIES: [&[Kind]; 17] = [
    network::KINDS,
    balance::KINDS,
    application_gateways::KINDS,
    firewall::KINDS,
    gateways::KINDS,
    wan::KINDS,
    private_link::KINDS,
    dns::KINDS,
    compute::KINDS,
    containers::KINDS,
    storage::KINDS,
    databases::KINDS,
    messaging::KINDS,
    services::KINDS,
    apps::KINDS,
    workspaces::KINDS,
    managers::KINDS,
];

/// All kinds.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static Kind> {
    FAMILIES.iter().flat_map(|f| f.iter())
}

/// The kind of a Terraform type.
pub(super) fn find(name: &str) -> Option<&'static Kind> {
    static INDEX: OnceLock<BTreeMap<&'static str, &'static Kind>> = OnceLock::new();
    let index = INDEX.get_or_init(|| FAMILIES.iter().flat_map(|f| f.iter()).map(|k| (k.name, k)).collect());
    index.get(name).copied()
}

/// Whether a type has no part in reachability.
pub(super) fn is_beside(name: &str) -> bool {
    beside::is_beside(name)
}

/// The id of an instance: its own if the plan knows it, else from its names.
pub(super) fn id(resolver: &Resolver<'_>, number: usize, instance: &Instance) -> Option<Rc<str>> {
    if instance.kind.starts_with("azapi_") {
        return azapi::id(resolver, number, instance);
    }
    let text = |name: &str| resolver.text(number, name);
    let known = instance.values.str_at("id").filter(|i| i.to_ascii_lowercase().contains("/subscriptions/"));
    if instance.kind == "azurerm_resource_group" {
        let made = || Some(format!("/subscriptions/{}/resourceGroups/{}", resolver.subscription, text("name")?));
        return known.map(str::to_owned).or_else(made).map(Rc::from);
    }
    let kind = find(&instance.kind)?;
    if let (Some(known), true) = (known, !matches!(kind.identity, Identity::None)) {
        return Some(Rc::from(known));
    }
    let group = || {
        let name = text("resource_group_name").unwrap_or_else(|| "unknown".to_owned());
        Some(format!("/subscriptions/{}/resourceGroups/{name}/providers/", resolver.subscription))
    };
    let mut segments = kind.arm.split('/');
    let identity = match kind.identity {
        Identity::Either(parent, _) if text(parent).is_some() => Identity::Under(parent),
        Identity::Either(_, names) => Identity::Within(names),
        other => other,
    };
    let made = match identity {
        Identity::Group => format!("{}{}/{}", group()?, kind.arm, text("name")?),
        Identity::Within(parents) => {
            let mut id = format!("{}{}", group()?, segments.next()?);
            let names = parents.iter().chain(&["name"]);
            for (segment, name) in segments.zip(names) {
                id.push_str(&format!("/{segment}/{}", text(name)?));
            }
            id
        }
        Identity::Under(parent) => {
            // The attribute may hold the id of a part of what it stands in.
            let depth = kind.arm.matches('/').count().saturating_sub(1);
            let own = text(parent)?;
            let mut outer = std::iter::successors(Some(own.clone()), |id| ArmId::parse(id)?.parent());
            let outer = outer.find(|id| ArmId::parse(id).is_none_or(|i| i.names.len() <= depth));
            format!("{}/{}/{}", outer.unwrap_or(own), kind.arm.rsplit('/').next()?, text("name")?)
        }
        // A project stands in the group of its hub.
        Identity::None if instance.kind == "azurerm_ai_foundry_project" => {
            let hub = text("ai_services_hub_id")?;
            format!("{}/{}", hub.rsplit_once('/')?.0, text("name")?)
        }
        Identity::None | Identity::Either(..) => return None,
    };
    Some(Rc::from(made))
}

/// What the platform computes and a plan cannot know, where its documentation says how: parts of a resource get ids by
/// their names, a firewall takes the first address of its subnet, and services have names by theirs.
pub(super) fn computed(resolver: &Resolver<'_>, number: usize, rest: &Path) -> Option<String> {
    let instance = resolver.plan.instances.get(number)?;
    let words: Vec<&str> = (0..rest.0.len()).filter_map(|n| rest.word(n)).collect();
    let name = || resolver.text(number, "name");
    match (instance.kind.as_str(), words.as_slice()) {
        ("azurerm_lb", ["frontend_ip_configuration", "id"]) => {
            let full = resolver.full(number);
            let at = rest.key(1).and_then(|k| k.parse::<usize>().ok()).unwrap_or(0);
            let name = full.items_at("frontend_ip_configuration").get(at)?.str_at("name")?.to_owned();
            Some(format!("{}/frontendIPConfigurations/{name}", resolver.id(number)?))
        }
        ("azurerm_firewall", ["ip_configuration", "private_ip_address"]) => firewall::private_address(resolver, number),
        ("azurerm_network_interface", ["private_ip_address"]) => {
            Some(resolver.full(number).items_at("ip_configuration").first()?.str_at("private_ip_address")?.to_owned())
        }
        (kind, ["private_ip_address"]) if kind.ends_with("_virtual_machine") => {
            let first = resolver.full(number).items_at("network_interface_ids").first()?.as_str()?.to_owned();
            let mut interfaces = resolver.all("azurerm_network_interface");
            let own = interfaces.find(|n| resolver.id(*n).is_some_and(|id| id.eq_ignore_ascii_case(&first)))?;
            computed(resolver, own, rest)
        }
        (_, ["name"]) => name(),
        ("azurerm_storage_account", [host]) => {
            let service = host.strip_prefix("primary_")?.strip_suffix("_host")?;
            Some(format!("{}.{service}.core.windows.net", name()?))
        }
        (kind, ["default_hostname"]) if kind.ends_with("_web_app") || kind.ends_with("_function_app") => {
            Some(format!("{}.azurewebsites.net", name()?))
        }
        ("azurerm_container_registry", ["login_server"]) => Some(format!("{}.azurecr.io", name()?.to_lowercase())),
        ("azurerm_mssql_server", ["fully_qualified_domain_name"]) => Some(format!("{}.database.windows.net", name()?)),
        _ => None,
    }
}
