mod services;
mod workspace;

use super::data::{EMBEDDED, RawRow, alias, parse};
use super::*;
use serde::Deserialize;

const ID: &str = "11111111-2222-3333-4444-555555555555";
const NONE: &BTreeMap<String, String> = &BTreeMap::new();

fn fqdn(text: &str) -> Fqdn {
    text.parse().unwrap()
}

fn map(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn in_eastus2<'a>(name: &'a str, values: &'a BTreeMap<String, String>) -> NameValues<'a> {
    NameValues { name, region: Some("eastus2"), replica_regions: &[], kind: None, values }
}

fn try_names(
    cloud: Cloud,
    resource_type: &str,
    group_id: &str,
    values: &NameValues<'_>,
) -> Result<Instantiated, Vec<NameError>> {
    let service = KnownServices::get().service(cloud, resource_type).unwrap();
    service.sub_resource(group_id).unwrap().instantiate(values)
}

fn names(cloud: Cloud, resource_type: &str, group_id: &str, name: &str) -> Instantiated {
    try_names(cloud, resource_type, group_id, &in_eastus2(name, NONE)).unwrap()
}

/// `public | zone | record | member` for each name.
fn rows(names: &[ServiceName]) -> Vec<String> {
    let row = |n: &ServiceName| {
        format!("{} | {} | {} | {}", n.public, n.zone, n.record.relative_to(&n.zone).unwrap(), n.member)
    };
    names.iter().map(row).collect()
}

/// `record | zone | member` for each record.
fn records(records: &[ZoneRecord]) -> Vec<String> {
    records.iter().map(|r| format!("{} | {} | {}", r.name.relative_to(&r.zone).unwrap(), r.zone, r.member)).collect()
}

fn ports(resource_type: &str, group_id: &str) -> String {
    let service = KnownServices::get().service(Cloud::Public, resource_type).unwrap();
    service.sub_resource(group_id).unwrap().ports.to_string()
}

#[derive(Deserialize)]
struct Raw {
    rows: Vec<RawRow>,
}

#[test]
fn the_embedded_file_parses() {
    let table = parse(EMBEDDED).unwrap();
    for (cloud, count) in [(Cloud::Public, 72), (Cloud::UsGov, 39), (Cloud::China, 26)] {
        assert_eq!(table.resource_types(cloud).count(), count, "{cloud:?}");
    }
    assert!(parse("{}").is_err());
    let broken = EMBEDDED.replace("\"privatelink.azurecr.io\"", "\"privatelink..io\"");
    assert!(parse(&broken).is_err_and(|e| e.contains("plz-pub-028")));
}

#[test]
fn every_row_gives_names_or_says_what_is_missing() {
    let raw: Raw = serde_json::from_str(EMBEDDED).unwrap();
    for row in &raw.rows {
        let cloud = row.cloud.parse().unwrap();
        let mut values = BTreeMap::new();
        // Every missing value can be given, except an alias that nobody published (DNS-07).
        let given = loop {
            let seen = values.len();
            match try_names(cloud, &row.resource_type, &row.subresource, &in_eastus2("thing", &values)) {
                Ok(given) => break Some(given),
                Err(errors) => {
                    for error in errors {
                        let NameError::Missing(missing) = error else { panic!("{}: {error}", row.id) };
                        values.insert(missing.placeholder, "x1".to_owned());
                    }
                }
            }
            if values.len() == seen {
                break None;
            }
        };
        let Some(given) = given else {
            assert_eq!(row.resource_type, "Microsoft.ElasticSan/elasticSans", "{}", row.id);
            continue;
        };
        assert_eq!(given.records.len(), given.names.len() + usize::from(row.resource_type == WORKSPACE_TYPE));
        for record in &given.records {
            assert!(record.member < given.member_count && record.name.is_under(&record.zone), "{}", row.id);
            assert!(given.zones.contains(&record.zone), "{}", row.id);
        }
    }
}

#[test]
fn published_aliases_follow_the_rule_where_it_applies() {
    // DNS-07, meta.alias_rule
    let raw: Raw = serde_json::from_str(EMBEDDED).unwrap();
    for row in &raw.rows {
        for member in row.members.iter().flatten() {
            let follows = |zone: &String| alias(&member.public_fqdn, zone).is_none_or(|a| Some(a) == member.alias);
            assert!(row.deploy_zones.iter().all(follows), "{}: {}", row.id, member.public_fqdn);
        }
    }
}
