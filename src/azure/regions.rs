//! The regions of Azure's clouds, by their programmatic names.
//!
//! Source: Microsoft's documentation, azure-docs `articles/reliability/regions-list.md`, and the lists of the clouds of
//! the US Government and of 21Vianet. Regions that have a pair stand in `region_pairs`; here are all others, regions that
//! are announced or in preview among them.

use super::{model::Cloud, region_pairs};
use crate::diag::nearest;

/// Regions without a pair that the table of pairs does not hold.
const FURTHER: &[&str] = &[
    "brazilus",
    "centraluseuap",
    "denmarkeast",
    "eastus2euap",
    "eastusstg",
    "israelnorthwest",
    "jioindiacentral",
    "jioindiawest",
    "malaysiasouth",
    "southcentralus2",
    "southcentralusstg",
    "southeastus",
    "southeastus3",
    "southeastus5",
    "southwestus",
    "taiwannorth",
    "taiwannorthwest",
    "usgoviowa",
];

/// The location of what is in no region, as DNS zones and traffic managers.
const EVERYWHERE: &str = "global";

/// A location in the short lower-case form of service tags: `West Europe` is `westeurope`.
pub(super) fn short(location: &str) -> String {
    location.to_lowercase().replace(' ', "")
}

/// Every region, each once, in order.
fn all() -> Vec<&'static str> {
    let mut all: Vec<_> = region_pairs::regions().chain(FURTHER.iter().copied()).collect();
    all.sort_unstable();
    all
}

/// The cloud of a region.
fn cloud_of(region: &str) -> Cloud {
    match region {
        _ if region.starts_with("usgov") || region.starts_with("usdod") => Cloud::UsGov,
        _ if region.starts_with("china") => Cloud::China,
        _ => Cloud::Public,
    }
}

/// What is wrong with a location in a cloud, and what to write instead.
pub(super) fn problem(cloud: Cloud, location: &str) -> Option<(String, String)> {
    let region = short(location);
    if region == EVERYWHERE {
        return None;
    }
    let all = all();
    if all.binary_search(&region.as_str()).is_ok() {
        let home = cloud_of(&region);
        if home == cloud {
            return None;
        }
        let text = format!(
            "`{location}` is a region of the cloud `{}`, and this estate is in `{}`",
            home.as_str(),
            cloud.as_str()
        );
        return Some((text, format!("name a region of that cloud, or write `cloud: {}`", home.as_str())));
    }
    let here = all.into_iter().filter(|r| cloud_of(r) == cloud);
    let help = match nearest(&region, here) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write the programmatic name, as `westeurope`; a region that is newer than this table is known once a \
                 published list of service tags names it (`service_tags_file`)"
            .to_owned(),
    };
    Some((format!("Azure has no region `{location}`"), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_each_region_once() {
        assert!(all().is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn locations_are_read_as_azure_reads_them() {
        for right in ["westeurope", "West Europe", "EASTUS2", "global", "italynorth"] {
            assert_eq!(problem(Cloud::Public, right), None, "{right}");
        }
        assert_eq!(problem(Cloud::UsGov, "usgovvirginia"), None);
        let help = |cloud, text| problem(cloud, text).map(|(_, help)| help).unwrap_or_default();
        assert_eq!(help(Cloud::Public, "westeuroppe"), "did you mean `westeurope`?");
        assert!(help(Cloud::Public, "chinaeast2").contains("cloud: china"));
        assert!(help(Cloud::Public, "mars").contains("programmatic name"));
    }
}
