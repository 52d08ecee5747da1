//! Microsoft's published list of service tags, for rules and routes by address (TAG-04).

use crate::net::Prefix;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A published list.
#[derive(Debug, Clone, Default)]
pub struct PublishedTags {
    /// Prefixes by tag in lower case.
    prefixes: BTreeMap<String, Vec<Prefix>>,
    /// Number of the list's edition.
    pub change_number: u64,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "changeNumber", default)]
    change_number: u64,
    values: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "addressPrefixes")]
    address_prefixes: Vec<String>,
}

impl PublishedTags {
    /// Reads the text of a `ServiceTags_*.json` file.
    ///
    /// # Errors
    /// If it is not of that form, with the line and column, or holds something that is no prefix.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let mut prefixes = BTreeMap::new();
        for tag in file.values {
            let list: Result<Vec<Prefix>, _> = tag.properties.address_prefixes.iter().map(|p| p.parse()).collect();
            let list = list.map_err(|e: crate::net::PrefixError| format!("tag {}: {e}", tag.name))?;
            prefixes.insert(tag.name.to_lowercase(), list);
        }
        Ok(Self { prefixes, change_number: file.change_number })
    }

    /// The prefixes of a tag.
    #[must_use]
    pub fn prefixes(&self, tag: &str) -> Option<&[Prefix]> {
        self.prefixes.get(&tag.to_lowercase()).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_without_regard_to_case() {
        let text = r#"{"changeNumber": 7, "cloud": "Public", "values": [{"name": "Storage.WestEurope", "id": "x",
            "properties": {"region": "westeurope", "addressPrefixes": ["20.38.108.0/23", "2603:1020::/47"]}}]}"#;
        let tags = PublishedTags::parse(text).unwrap();
        assert_eq!(tags.prefixes("storage.westeurope").unwrap().len(), 2);
        assert_eq!((tags.change_number, tags.prefixes("Sql")), (7, None));
        assert!(PublishedTags::parse("{}").unwrap_err().contains("line 1"));
        assert!(PublishedTags::parse(&text.replace("/23", "/99")).unwrap_err().contains("Storage.WestEurope"));
    }
}
