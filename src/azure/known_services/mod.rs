//! What Azure's services are called: the sub-resources of every known resource type, the names they answer to, the
//! privatelink zones behind those names, and the ports and service tags that go with them (DEF-05 to DEF-07).
//!
//! The facts come from the shipped data file `azure/data/private_link_zones.json`, Microsoft's published table of
//! private endpoint zones; what that page leaves out is in `supplements`, each entry with its source.

mod data;
mod names;
mod supplements;
mod template;
#[cfg(test)]
mod tests;
mod workspace_names;

pub use names::{Instantiated, MissingValue, NameError, NameValues, ServiceName, SubResource, ZoneRecord};
pub use workspace_names::WorkspaceNames;

use crate::net::Fqdn;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    sync::LazyLock,
};

/// Resource type of AI Foundry hubs and machine learning workspaces.
pub const WORKSPACE_TYPE: &str = "Microsoft.MachineLearningServices/workspaces";

/// Azure cloud whose names and zones apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cloud {
    /// Azure commercial.
    Public,
    /// Azure Government.
    UsGov,
    /// Azure operated by 21Vianet.
    China,
}

impl FromStr for Cloud {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "public" => Ok(Self::Public),
            "usgov" => Ok(Self::UsGov),
            "china" => Ok(Self::China),
            _ => Err(format!("`{text}` is not a cloud; use public, usgov or china")),
        }
    }
}

/// Kinds of AI services accounts, as azurerm lists them.
pub const ACCOUNT_KINDS: [&str; 36] = [
    "Academic",
    "AIServices",
    "AnomalyDetector",
    "Bing.Autosuggest",
    "Bing.Autosuggest.v7",
    "Bing.CustomSearch",
    "Bing.Search",
    "Bing.Search.v7",
    "Bing.Speech",
    "Bing.SpellCheck",
    "Bing.SpellCheck.v7",
    "CognitiveServices",
    "ComputerVision",
    "ContentModerator",
    "ContentSafety",
    "CustomSpeech",
    "CustomVision.Prediction",
    "CustomVision.Training",
    "Emotion",
    "Face",
    "FormRecognizer",
    "ImmersiveReader",
    "LUIS",
    "LUIS.Authoring",
    "MetricsAdvisor",
    "OpenAI",
    "Personalizer",
    "QnAMaker",
    "Recommendations",
    "SpeakerRecognition",
    "Speech",
    "SpeechServices",
    "SpeechTranslation",
    "TextAnalytics",
    "TextTranslation",
    "WebLM",
];

/// Kinds of Cosmos DB accounts.
pub const DATABASE_KINDS: [&str; 3] = ["GlobalDocumentDB", "MongoDB", "Parse"];

/// The address that a rule names to admit every address of Azure, whoever has it.
pub const ALL_OF_AZURE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Whether a rule for [`ALL_OF_AZURE`] does that at a type, or at parts of it, in lower case; no page says so of others.
#[must_use]
pub fn admits_all_of_azure(kind: &str) -> bool {
    ["microsoft.sql/", "microsoft.dbfor", "microsoft.synapse/", "microsoft.documentdb/"]
        .iter()
        .any(|k| kind.starts_with(k))
}

/// The label by which names of an account of a kind are known, without regard to case (COG-02); none for the kinds that
/// have all names, and for what is no kind.
#[must_use]
pub fn account_family(kind: &str) -> Option<&'static str> {
    let known = ACCOUNT_KINDS.iter().find(|k| k.eq_ignore_ascii_case(kind))?;
    match *known {
        "AIServices" => None,
        "OpenAI" => Some("openai"),
        _ => Some("cognitiveservices"),
    }
}

/// Every service of the shipped table.
#[derive(Debug, Default)]
pub struct KnownServices {
    /// By cloud and lower-case resource type.
    services: BTreeMap<(Cloud, String), KnownService>,
    /// Service tags of public suffixes.
    tags: BTreeMap<(Cloud, Fqdn), SuffixTags>,
}

/// Service tags of the services that share a public suffix.
#[derive(Debug, Default)]
struct SuffixTags {
    /// Each of them holds the addresses of one of the services.
    certain: BTreeSet<&'static str>,
    /// Each of them may hold those of one.
    perhaps: BTreeSet<&'static str>,
}

/// Service tags of a public name or of a resource type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownTags {
    /// The tag that holds its public addresses.
    pub certain: Option<&'static str>,
    /// Tags of which Microsoft's list does not say whether they do.
    pub perhaps: Vec<&'static str>,
}

/// One resource type in one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownService {
    /// Resource type in Azure's own spelling.
    pub resource_type: String,
    /// What private endpoints can connect to (PE-02).
    pub sub_resources: Vec<SubResource>,
    /// Service tags of its public addresses.
    pub tags: KnownTags,
}

static TABLE: LazyLock<Result<KnownServices, String>> = LazyLock::new(|| data::parse(data::EMBEDDED));
static EMPTY: KnownServices = KnownServices { services: BTreeMap::new(), tags: BTreeMap::new() };

/// Placeholders of names that a service's own name fills.
#[must_use]
pub fn own_name_placeholders() -> &'static [&'static str] {
    &supplements::OWN_NAME_PLACEHOLDERS
}

impl KnownServices {
    /// The shipped table. The file is compiled in and a test proves that it parses; were it broken, the table would
    /// know no service.
    #[must_use]
    pub fn get() -> &'static Self {
        TABLE.as_ref().unwrap_or(&EMPTY)
    }

    /// Resource types of a cloud, sorted without regard to case.
    pub fn resource_types(&self, cloud: Cloud) -> impl Iterator<Item = &str> {
        self.services.iter().filter(move |((c, _), _)| *c == cloud).map(|(_, service)| service.resource_type.as_str())
    }

    /// The resource type, without regard to case.
    #[must_use]
    pub fn service(&self, cloud: Cloud, resource_type: &str) -> Option<&KnownService> {
        self.services.get(&(cloud, resource_type.to_ascii_lowercase()))
    }

    /// Whether some service of a cloud registers private endpoints in a zone of this name.
    #[must_use]
    pub fn knows_zone(&self, cloud: Cloud, zone: &str) -> bool {
        let services = self.services.iter().filter(|((c, _), _)| *c == cloud);
        let templates = services.flat_map(|(_, service)| &service.sub_resources).flat_map(|s| &s.zones);
        templates.into_iter().any(|template| {
            let (known, asked) = (template.split('.'), zone.split('.'));
            let same = |(known, asked): (&str, &str)| known.contains('{') || known.eq_ignore_ascii_case(asked);
            known.clone().count() == asked.clone().count() && known.zip(asked).all(same)
        })
    }

    /// The two-label domains of every zone in the table, of all clouds: names below them are Azure's own (RESOLVER-10).
    #[must_use]
    pub fn own_domains(&self) -> BTreeSet<Fqdn> {
        let parts = self.services.values().flat_map(|service| &service.sub_resources);
        let zones = parts.flat_map(|s| s.zones.iter().chain(&s.public_zones));
        zones
            .filter_map(|zone| {
                let (rest, last) = zone.rsplit_once('.')?;
                let label = rest.rsplit_once('.').map_or(rest, |(_, label)| label);
                format!("{label}.{last}").parse().ok()
            })
            .collect()
    }

    /// Public suffixes of every service of a cloud that has a sub-resource of that group id, as far as they depend on
    /// nothing: names below them may be those of an endpoint's target that is not known.
    #[must_use]
    pub fn public_suffixes(&self, cloud: Cloud, group_id: &str) -> BTreeSet<&str> {
        let services = self.services.iter().filter(|((c, _), _)| *c == cloud).map(|(_, service)| service);
        let parts = services.flat_map(|s| &s.sub_resources).filter(|s| s.name.eq_ignore_ascii_case(group_id));
        let fixed = |zone: &'_ str| zone.rfind('}').map_or(0, |at| at + 1);
        parts
            .flat_map(|s| &s.public_zones)
            .filter_map(|zone| Some(zone.get(fixed(zone)..)?.trim_start_matches('.')))
            .collect()
    }

    /// Service tags of the public addresses of a public name; none outside the known public zones. A suffix that services
    /// with different tags share has none for certain.
    #[must_use]
    pub fn tags_of_name(&self, cloud: Cloud, name: &Fqdn) -> KnownTags {
        let mut above = std::iter::successors(Some(name.clone()), Fqdn::parent);
        let found = above.find_map(|suffix| {
            let depth = name.labels().count() - suffix.labels().count();
            self.tags.get(&(cloud, suffix)).map(|tags| (depth, tags))
        });
        let Some((depth, found)) = found else { return KnownTags::default() };
        let mut all = found.certain.iter();
        // Deeper names under the suffix of SQL servers are managed instances and other databases.
        let sure = |tag: &&&str| !found.perhaps.contains(**tag) && (**tag != "Sql" || depth == 1);
        let certain = all.next().filter(|_| all.next().is_none()).filter(sure).copied();
        // Others that have names below the suffix have them at addresses of the one that it belongs to.
        let rest = found.certain.union(&found.perhaps).filter(|_| certain.is_none());
        KnownTags { certain, perhaps: rest.copied().collect() }
    }
}

impl KnownService {
    /// The sub-resource of that group id, without regard to case. `sites-<slot>` is the slot of a web app (APP-07).
    #[must_use]
    pub fn sub_resource(&self, group_id: &str) -> Option<Cow<'_, SubResource>> {
        if let Some(found) = self.sub_resources.iter().find(|s| s.name.eq_ignore_ascii_case(group_id)) {
            return Some(Cow::Borrowed(found));
        }
        let (group, slot) = group_id.split_once('-')?;
        let sites = self.sub_resources.iter().find(|s| s.name == "sites" && group.eq_ignore_ascii_case("sites"))?;
        (!slot.is_empty()).then(|| Cow::Owned(sites.of_slot(slot)))
    }
}
