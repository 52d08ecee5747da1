//! Reads and checks the embedded table.

use super::template::{Member, NameTemplate, Piece, pieces};
use super::{
    Cloud, KnownService, KnownServices, KnownTags, SubResource, SuffixTags, WORKSPACE_TYPE, WorkspaceNames, supplements,
};
use crate::net::Fqdn;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The shipped file.
pub(super) const EMBEDDED: &str = include_str!("../data/private_link_zones.json");

#[derive(Deserialize)]
struct File {
    rows: Vec<RawRow>,
    extras: Vec<RawExtra>,
}

/// One resource type and sub-resource in one cloud.
#[derive(Deserialize)]
pub(super) struct RawRow {
    pub(super) id: String,
    pub(super) cloud: String,
    pub(super) resource_type: String,
    pub(super) subresource: String,
    pub(super) deploy_zones: Vec<String>,
    pub(super) pairs: Vec<RawPair>,
    #[serde(default)]
    pub(super) pairs_basis: String,
    pub(super) members: Option<Vec<RawMember>>,
    pub(super) duplicate_of: Option<String>,
    #[serde(default)]
    zones_are_alternatives: bool,
}

/// A public suffix and the zone its names alias into.
#[derive(Deserialize)]
pub(super) struct RawPair {
    pub(super) public: String,
    pub(super) private: Option<String>,
}

/// One published name.
#[derive(Deserialize)]
pub(super) struct RawMember {
    #[serde(default)]
    pub(super) member: String,
    pub(super) public_fqdn: String,
    pub(super) alias: Option<String>,
    pub(super) ip: String,
}

/// A sub-resource that the zone page does not list.
#[derive(Deserialize)]
struct RawExtra {
    id: String,
    cloud: String,
    resource_type: String,
    subresource: Option<String>,
    private_zones: Vec<String>,
    public_zones: Vec<String>,
}

/// Reads the table and checks every template in it.
pub(super) fn parse(text: &str) -> Result<KnownServices, String> {
    let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut table = KnownServices::default();
    for row in file.rows.into_iter().filter(|row| row.duplicate_of.is_none()) {
        add(&mut table, &row).map_err(|why| format!("{}: {why}", row.id))?;
    }
    for row in file.extras.into_iter().filter_map(RawExtra::into_row) {
        let known = table.service(row.cloud.parse()?, &row.resource_type);
        if known.and_then(|service| service.sub_resource(&row.subresource)).is_none() {
            add(&mut table, &row).map_err(|why| format!("{}: {why}", row.id))?;
        }
    }
    Ok(table)
}

impl RawExtra {
    /// The extra as a row, if it names a sub-resource with zones.
    fn into_row(self) -> Option<RawRow> {
        let subresource = self.subresource.filter(|name| !name.is_empty() && !name.contains('{'))?;
        if self.private_zones.is_empty() {
            return None;
        }
        let pairs = self.public_zones.iter().zip(&self.private_zones);
        let pairs = pairs.map(|(public, z)| RawPair { public: public.clone(), private: Some(z.clone()) }).collect();
        Some(RawRow {
            id: self.id,
            cloud: self.cloud,
            resource_type: self.resource_type,
            subresource,
            deploy_zones: self.private_zones,
            pairs,
            pairs_basis: String::new(),
            members: None,
            duplicate_of: None,
            zones_are_alternatives: false,
        })
    }
}

fn add(table: &mut KnownServices, row: &RawRow) -> Result<(), String> {
    let cloud: Cloud = row.cloud.parse()?;
    let sub_resource = sub_resource(cloud, row)?;
    check(&sub_resource)?;
    let tags = KnownTags {
        certain: supplements::tag(&row.resource_type),
        perhaps: supplements::perhaps(&row.resource_type).to_vec(),
    };
    tag_suffixes(&mut table.tags, cloud, row, &tags)?;
    let key = (cloud, row.resource_type.to_ascii_lowercase());
    let new = || KnownService { resource_type: row.resource_type.clone(), sub_resources: Vec::new(), tags };
    let known = &mut table.services.entry(key).or_insert_with(new).sub_resources;
    match known.iter_mut().find(|s| s.name.eq_ignore_ascii_case(&sub_resource.name)) {
        None => known.push(sub_resource),
        Some(same) if *same == sub_resource => {}
        // Two rows for one sub-resource: which of them applies is seen from the values given.
        Some(other) => {
            other.alternatives = true;
            other.zones.extend(sub_resource.zones);
            other.public_zones.extend(sub_resource.public_zones);
            other.names.extend(sub_resource.names);
        }
    }
    Ok(())
}

fn sub_resource(cloud: Cloud, row: &RawRow) -> Result<SubResource, String> {
    let is_workspace = row.resource_type == WORKSPACE_TYPE;
    let alternatives = row.zones_are_alternatives || row.pairs_basis == "alternatives";
    let names = match supplements::members(&row.cloud, &row.resource_type, &row.subresource) {
        _ if is_workspace => Vec::new(),
        Some(members) => members.iter().filter_map(published).collect(),
        None => match &row.members {
            Some(members) => members.iter().filter_map(published).collect(),
            None => derived(row, alternatives),
        },
    };
    let mut public_zones: Vec<String> = Vec::new();
    for pair in &row.pairs {
        if !public_zones.contains(&pair.public) {
            public_zones.push(pair.public.clone());
        }
    }
    Ok(SubResource {
        name: row.subresource.clone(),
        ports: supplements::ports(&row.resource_type, &row.subresource).parse()?,
        zones: row.deploy_zones.clone(),
        public_zones,
        names,
        alternatives,
        workspace_in: is_workspace.then_some(cloud),
    })
}

/// The published name. Regional endpoints of a registry are an option that is not modelled (PE-05).
fn published(member: &RawMember) -> Option<NameTemplate> {
    let index = match member.ip.as_str() {
        "ip2" => Member::One(1),
        "ip3" => Member::One(2),
        "one per replica region" | "one per account region" => Member::PerRegion(1),
        "one per replica region, only with regional endpoints enabled" => return None,
        _ => Member::One(0),
    };
    let private = member.alias.clone()?;
    Some(NameTemplate {
        label: member.member.clone(),
        public: member.public_fqdn.clone(),
        private,
        member: index,
        host_of: None,
    })
}

/// Names of a row without published ones: one for each pair that follows the alias rule, each with an address of its
/// own \[background\].
fn derived(row: &RawRow, alternatives: bool) -> Vec<NameTemplate> {
    let resource_type = row.resource_type.to_ascii_lowercase();
    let group_id = row.subresource.to_ascii_lowercase();
    let named = |(t, g): &(&str, &str)| *t == resource_type && (*g == "*" || *g == group_id);
    let mut names: Vec<NameTemplate> = Vec::new();
    for pair in &row.pairs {
        let Some(private_zone) = &pair.private else { continue };
        let own = names.is_empty() && supplements::NAMED_BY_RESOURCE.iter().any(named);
        let is_cluster = resource_type == "microsoft.containerservice/managedclusters";
        let member = Member::One(if alternatives { 0 } else { names.len() });
        let label = if own { "{name}" } else { "{host}" };
        // The first label of some published suffixes is the service's own.
        let whole = pair.public.starts_with("{cachename}") || pair.public.starts_with("{workspaceName}");
        let (public, private) = if is_cluster {
            // A private cluster's name lies in the zone itself (AKS-01).
            (format!("{label}.{private_zone}"), Some(format!("{label}.{private_zone}")))
        } else if whole {
            (pair.public.clone(), alias(&pair.public, private_zone))
        } else {
            let public = format!("{label}.{}", widen(&pair.public, private_zone));
            (public.clone(), alias(&public, private_zone))
        };
        let known = |private: &str| names.iter().any(|n| n.private == private);
        let Some(private) = private.filter(|private| !known(private)) else {
            continue;
        };
        let host_of = (!own && !whole).then(|| public.trim_start_matches("{host}.").to_owned());
        let host_of = if is_cluster { Some(pair.public.clone()) } else { host_of };
        names.push(NameTemplate { label: String::new(), public, private, member, host_of });
    }
    names
}

/// The alias of a public name: X is put before the zone's public suffix S (meta.alias_rule, DNS-07).
pub(super) fn alias(public: &str, private_zone: &str) -> Option<String> {
    let (link, suffix) = split(private_zone)?;
    let host = public.strip_suffix(suffix)?.strip_suffix('.')?;
    Some(format!("{host}.{link}.{suffix}"))
}

/// The public suffix, or the zone's own where that is the longer one and lies below it.
fn widen(public: &str, private_zone: &str) -> String {
    match split(private_zone) {
        Some((_, suffix)) if suffix.ends_with(&format!(".{public}")) => suffix.to_owned(),
        _ => public.to_owned(),
    }
}

/// `privatelink` or `privatelink-global`, and the public suffix it stands before.
fn split(private_zone: &str) -> Option<(&'static str, &str)> {
    let after = |link: &str| private_zone.split_once(&format!("{link}.")).map(|(_, suffix)| suffix);
    let global = after("privatelink-global").map(|suffix| ("privatelink-global", suffix));
    global.or_else(|| after("privatelink").map(|suffix| ("privatelink", suffix)))
}

fn tag_suffixes(
    all: &mut BTreeMap<(Cloud, Fqdn), SuffixTags>,
    cloud: Cloud,
    row: &RawRow,
    tags: &KnownTags,
) -> Result<(), String> {
    // Whether the tag holds the addresses of inference names is not stated.
    let sure = |public: &&str| !public.contains('{') && !public.starts_with("inference.");
    let known = row.pairs.iter().filter(|pair| pair.private.is_some()).map(|pair| pair.public.as_str());
    let instances =
        if row.resource_type == WORKSPACE_TYPE { WorkspaceNames::instance_suffixes(cloud) } else { [""; 2] };
    for public in known.chain(instances).filter(|s| !s.is_empty()).filter(sure) {
        let suffix = public.parse().map_err(|e| format!("{e}"))?;
        if tags.certain.is_some() || !tags.perhaps.is_empty() {
            let own: &mut SuffixTags = all.entry((cloud, suffix)).or_default();
            own.certain.extend(tags.certain);
            own.perhaps.extend(&tags.perhaps);
        }
    }
    Ok(())
}

/// Every template must be a domain name once its placeholders have values.
fn check(sub_resource: &SubResource) -> Result<(), String> {
    let names = sub_resource.names.iter().flat_map(|n| [&n.public, &n.private]);
    for template in sub_resource.zones.iter().chain(&sub_resource.public_zones).chain(names) {
        let part = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Placeholder(_) => "x",
        };
        let filled: String = pieces(template).map(part).collect();
        filled.parse::<Fqdn>().map_err(|e| format!("{template}: {e}"))?;
    }
    Ok(())
}
