//! Which region is paired with which (SE-06).
//!
//! Source: Microsoft's documentation, azure-docs `articles/reliability/regions-paired.md` and the list of regions beside
//! it. Names are in the short lower-case form of service tags.

/// A region and the one paired with it. Pairing is not always mutual: where two regions name one pair, that one names
/// another.
const PAIRS: &[(&str, &str)] = &[
    ("australiacentral", "australiacentral2"),
    ("australiacentral2", "australiacentral"),
    ("australiaeast", "australiasoutheast"),
    ("australiasoutheast", "australiaeast"),
    ("brazilsouth", "southcentralus"),
    ("brazilsoutheast", "brazilsouth"),
    ("canadacentral", "canadaeast"),
    ("canadaeast", "canadacentral"),
    ("centralindia", "southindia"),
    ("centralus", "eastus2"),
    ("chinaeast", "chinanorth"),
    ("chinaeast2", "chinanorth2"),
    ("chinaeast3", "chinanorth3"),
    ("chinanorth", "chinaeast"),
    ("chinanorth2", "chinaeast2"),
    ("chinanorth3", "chinaeast3"),
    ("eastasia", "southeastasia"),
    ("eastus", "westus"),
    ("eastus2", "centralus"),
    ("francecentral", "francesouth"),
    ("francesouth", "francecentral"),
    ("germanynorth", "germanywestcentral"),
    ("germanywestcentral", "germanynorth"),
    ("japaneast", "japanwest"),
    ("japanwest", "japaneast"),
    ("koreacentral", "koreasouth"),
    ("koreasouth", "koreacentral"),
    ("northcentralus", "southcentralus"),
    ("northeurope", "westeurope"),
    ("norwayeast", "norwaywest"),
    ("norwaywest", "norwayeast"),
    ("southafricanorth", "southafricawest"),
    ("southafricawest", "southafricanorth"),
    ("southcentralus", "northcentralus"),
    ("southeastasia", "eastasia"),
    ("southindia", "centralindia"),
    ("swedencentral", "swedensouth"),
    ("swedensouth", "swedencentral"),
    ("switzerlandnorth", "switzerlandwest"),
    ("switzerlandwest", "switzerlandnorth"),
    ("uaecentral", "uaenorth"),
    ("uaenorth", "uaecentral"),
    ("uksouth", "ukwest"),
    ("ukwest", "uksouth"),
    ("usdodcentral", "usdodeast"),
    ("usdodeast", "usdodcentral"),
    ("usgovarizona", "usgovtexas"),
    ("usgovtexas", "usgovvirginia"),
    ("usgovvirginia", "usgovtexas"),
    ("westcentralus", "westus2"),
    ("westeurope", "northeurope"),
    ("westindia", "southindia"),
    ("westus", "eastus"),
    ("westus2", "westcentralus"),
    ("westus3", "eastus"),
];

/// Regions that have no pair.
const ALONE: &[&str] = &[
    "austriaeast",
    "belgiumcentral",
    "chilecentral",
    "indonesiacentral",
    "israelcentral",
    "italynorth",
    "malaysiawest",
    "mexicocentral",
    "newzealandnorth",
    "polandcentral",
    "qatarcentral",
    "spaincentral",
];

/// What is known of a region's pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    /// The paired region.
    With(&'static str),
    /// It has none.
    Alone,
    /// The table does not know the region.
    Unknown,
}

/// Every region of the table, with a pair and without.
pub(super) fn regions() -> impl Iterator<Item = &'static str> {
    PAIRS.iter().map(|(own, _)| *own).chain(ALONE.iter().copied())
}

/// The pair of a region, in the short lower-case form.
pub(super) fn pair_of(region: &str) -> Pair {
    match PAIRS.binary_search_by(|(own, _)| (*own).cmp(region)) {
        Ok(at) => PAIRS.get(at).map_or(Pair::Unknown, |(_, pair)| Pair::With(pair)),
        Err(_) if ALONE.contains(&region) => Pair::Alone,
        Err(_) => Pair::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_leads_to_itself() {
        assert!(PAIRS.is_sorted_by(|a, b| a.0 < b.0));
        for (own, pair) in PAIRS {
            assert_eq!(pair_of(own), Pair::With(pair));
            assert_ne!(pair_of(pair), Pair::Unknown, "{pair}");
        }
        assert_eq!(pair_of("italynorth"), Pair::Alone);
        assert_eq!(pair_of("atlantis"), Pair::Unknown);
    }
}
