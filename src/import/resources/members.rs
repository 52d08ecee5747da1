//! Which address of a private endpoint serves which member of its target, and what exports tell of the target's names.

use super::{Mapper, Resource, id_of};
use crate::{
    azure::known_services::{Cloud, KnownServices, NameValues, SubResource},
    import::{
        draft::{Item, Key, Node, Tree},
        json::Json,
        naming::Naming,
    },
    net::Fqdn,
};

/// An address with what is said of it.
struct Hint {
    address: Node,
    /// What the target calls the member that it serves.
    label: Option<String>,
    /// Names that it answers.
    names: Vec<String>,
}

/// The addresses of an endpoint in the order of its target's members, and whether that order is known.
pub(super) fn addresses(
    resource: &Resource,
    target: Option<&Key>,
    group: Option<&str>,
    mapper: &mut Mapper<'_>,
) -> (Vec<Node>, bool) {
    let mut hints = hints(resource, mapper);
    let several = hints.len() > 1;
    let placed = target.zip(group).and_then(|(target, group)| members(target, group, &hints, mapper));
    let known = match placed {
        Some(order) => {
            let mut pairs: Vec<(usize, Hint)> = order.into_iter().zip(hints).collect();
            pairs.sort_by_key(|(member, _)| *member);
            hints = pairs.into_iter().map(|(_, h)| h).collect();
            true
        }
        None => !several,
    };
    (hints.into_iter().map(|h| h.address).collect(), known)
}

/// Whether an endpoint has one address: that of a link service or gateway, or of a target whose group has one member.
pub(super) fn has_one_address(endpoint: &Item, mapper: &Mapper<'_>) -> bool {
    let Some(Node { tree: Tree::Map(connection), .. }) = endpoint.get("private_service_connection") else {
        return false;
    };
    let field = |key: &str| connection.iter().find(|(k, _)| k == key).map(|(_, n)| n);
    let Some(target) = field("private_connection_resource").and_then(Node::target) else { return false };
    if target.collection != "services" {
        return ["private_link_services", "application_gateways"].contains(&target.collection);
    }
    let group = field("subresource_names").and_then(|n| n.items().first()?.as_text());
    let count = || {
        let naming = Naming::of(mapper.draft.get(target)?);
        let service = KnownServices::get().service(Cloud::Public, mapper.draft.get(target)?.get("type")?.as_text()?)?;
        Some(service.sub_resource(group?)?.instantiate(&naming.known()).ok()?.member_count)
    };
    count() == Some(1)
}

/// What the endpoint and its interfaces say: declared addresses, those of its interfaces, and those it has records for.
fn hints(resource: &Resource, mapper: &Mapper<'_>) -> Vec<Hint> {
    let text = |json: &Json, path: &str| json.str_at(path).map(str::to_owned);
    let inner = |c: &Json| c.get("properties").unwrap_or(c).clone();
    let declared = resource.items("ipConfigurations").iter().map(inner).filter_map(|c| {
        Some(Hint {
            address: c.at("privateIPAddress").and_then(Node::scalar)?,
            label: text(&c, "memberName"),
            names: Vec::new(),
        })
    });
    let mut found: Vec<Hint> = declared.collect();
    let mut add = |hint: Hint, new: bool| match found.iter_mut().find(|h| h.address.tree == hint.address.tree) {
        Some(known) => {
            known.label = known.label.take().or(hint.label);
            known.names.extend(hint.names);
        }
        None if new => found.push(hint),
        None => {}
    };
    let alone = resource.items("ipConfigurations").is_empty();
    let interfaces = resource.items("networkInterfaces").iter().filter_map(|i| mapper.find(id_of(Some(i))?.0));
    for configuration in interfaces.flat_map(|i| i.items("ipConfigurations")).map(inner) {
        let Some(address) = configuration.at("privateIPAddress").and_then(Node::scalar) else { continue };
        let told = configuration.at("privateLinkConnectionProperties");
        let names = told.map_or(&[][..], |t| t.items_at("fqdns")).iter().filter_map(Json::as_str);
        let names = names.map(str::to_owned).collect();
        add(Hint { address, label: told.and_then(|t| text(t, "requiredMemberName")), names }, alone);
    }
    for record in resource.items("customDnsConfigs") {
        for address in record.items_at("ipAddresses").iter().filter_map(Node::scalar) {
            add(Hint { address, label: None, names: text(record, "fqdn").into_iter().collect() }, alone);
        }
    }
    found
}

/// The member of each address. Names that do not follow from the target's own are told to it on the way.
fn members(target: &Key, group: &str, hints: &[Hint], mapper: &mut Mapper<'_>) -> Option<Vec<usize>> {
    let item = mapper.draft.get(target).filter(|_| target.collection == "services")?;
    let service = KnownServices::get().service(Cloud::Public, item.get("type")?.as_text()?)?;
    let sub = service.sub_resource(group)?;
    let mut naming = Naming::of(item);
    let span = item.source.span;
    for suffix in sub.open_suffixes() {
        let all = hints.iter().flat_map(|h| &h.names);
        let labels = all.filter_map(|n| n.strip_suffix(suffix)?.strip_suffix('.'));
        if let Some(labels) = labels.min_by_key(|l| l.len()) {
            naming.values.insert(suffix.to_owned(), labels.to_owned());
        }
    }
    let told: Vec<(String, Node)> = naming
        .values
        .iter()
        .filter(|(k, _)| k.contains('.'))
        .map(|(k, v)| (k.clone(), Node::text(v.clone(), span)))
        .collect();
    let known = naming.known();
    let order = hints.iter().map(|h| member(&sub, &known, h)).collect::<Option<Vec<usize>>>();
    if let Some(item) = mapper.draft.get_mut(target).filter(|_| !told.is_empty()) {
        match item.fields.iter_mut().find(|(k, _)| k == "name_values") {
            Some((_, Node { tree: Tree::Map(old), .. })) => {
                let new = told.into_iter().filter(|(k, _)| old.iter().all(|(o, _)| o != k)).collect::<Vec<_>>();
                old.extend(new);
            }
            _ => item.set("name_values", Node::new(Tree::Map(told), span)),
        }
    }
    // Every member has an address of its own.
    let order = order?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    (sorted.iter().enumerate().all(|(n, m)| n == *m)).then_some(order)
}

/// The member that an address serves, by what is said of it.
fn member(sub: &SubResource, known: &NameValues<'_>, hint: &Hint) -> Option<usize> {
    let by_label = hint.label.as_ref().and_then(|label| sub.member_of(label, known));
    let by_name = || {
        let names = sub.instantiate(known).ok()?.names;
        let told: Vec<Fqdn> = hint.names.iter().filter_map(|n| n.parse().ok()).collect();
        names.iter().find(|n| told.contains(&n.public) || told.contains(&n.private)).map(|n| n.member)
    };
    by_label.or_else(by_name)
}
