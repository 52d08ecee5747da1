//! Names of an AI Foundry hub or machine learning workspace (IN-03 to IN-05, DEF-07).

use super::template::canonical_region;
use super::{Cloud, MissingValue, NameError, NameValues, ServiceName, ZoneRecord};
use crate::net::{Fqdn, FqdnError, FqdnPattern};

/// Longest label of a domain name.
const LABEL_MAX: usize = 63;

/// Public suffixes of a cloud (DEF-07); each zone is `privatelink.` and the suffix.
struct Suffixes {
    api: &'static str,
    notebooks: &'static str,
    inference: &'static str,
}

fn suffixes(cloud: Cloud) -> Suffixes {
    match cloud {
        Cloud::Public => {
            Suffixes { api: "api.azureml.ms", notebooks: "notebooks.azure.net", inference: "inference.ml.azure.com" }
        }
        Cloud::UsGov => Suffixes {
            api: "api.ml.azure.us",
            notebooks: "notebooks.usgovcloudapi.net",
            inference: "inference.ml.azure.us",
        },
        Cloud::China => Suffixes {
            api: "api.ml.azure.cn",
            notebooks: "notebooks.chinacloudapi.cn",
            inference: "inference.ml.azure.cn",
        },
    }
}

/// The names that the private endpoint of one workspace serves (IN-04). Its addresses are, in order, API with
/// certificate, notebooks, and inference (IN-03).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceNames {
    /// `<id>.workspace.<region>.api…`.
    pub api: ServiceName,
    /// `<id>.workspace.<region>.cert.api…`, on the API's address.
    pub cert: ServiceName,
    /// `ml-<name>-<region>-<id>.<region>.notebooks…`.
    pub notebooks: ServiceName,
    /// The record that answers for every online endpoint: `*.<id>.inference.<region>`.
    pub inference: ZoneRecord,
    cloud: Cloud,
    region: String,
}

impl WorkspaceNames {
    /// Addresses of its private endpoint (IN-03).
    pub const MEMBER_COUNT: usize = 3;

    /// Names of the workspace `name` with the identifier `id` in `region`.
    ///
    /// # Errors
    /// If a value makes a name that is none.
    pub fn new(cloud: Cloud, name: &str, id: &str, region: &str) -> Result<Self, FqdnError> {
        let suffixes = suffixes(cloud);
        let region = canonical_region(region);
        let api_zone: Fqdn = format!("privatelink.{}", suffixes.api).parse()?;
        let notebooks_zone: Fqdn = format!("privatelink.{}", suffixes.notebooks).parse()?;
        let label = notebooks_label(name, &region, id);
        Ok(Self {
            api: named(&format!("{id}.workspace.{region}"), suffixes.api, &api_zone, 0)?,
            cert: named(&format!("{id}.workspace.{region}.cert"), suffixes.api, &api_zone, 0)?,
            notebooks: named(&format!("{label}.{region}"), suffixes.notebooks, &notebooks_zone, 1)?,
            inference: ZoneRecord {
                name: api_zone.prepend(&format!("*.{id}.inference.{region}"))?,
                zone: api_zone,
                member: 2,
            },
            cloud,
            region,
        })
    }

    /// The same from what is known of a service; the identifier is the value of `workspaceGuid`.
    pub(super) fn of_values(cloud: Cloud, values: &NameValues<'_>) -> Result<Self, Vec<NameError>> {
        let missing = |name| NameError::from(MissingValue::of(name));
        let regions = values.regions();
        match (values.values.get("workspaceGuid"), regions.first()) {
            (Some(id), Some(region)) => Self::new(cloud, values.name, id, region).map_err(|e| vec![e.into()]),
            (id, region) => {
                let id = id.is_none().then(|| missing("workspaceGuid"));
                Err(id.into_iter().chain(region.is_none().then(|| missing("regionName"))).collect())
            }
        }
    }

    /// Public suffixes of compute instances. Microsoft's pages spell them in two ways; both are served, the first is
    /// the usual one (HUB-A5). The second spelling for China is inferred from the other clouds.
    #[must_use]
    pub fn instance_suffixes(cloud: Cloud) -> [&'static str; 2] {
        match cloud {
            Cloud::Public => ["instances.azureml.ms", "instances.ml.azure.ms"],
            Cloud::UsGov => ["instances.azureml.us", "instances.ml.azure.us"],
            Cloud::China => ["instances.azureml.cn", "instances.ml.azure.cn"],
        }
    }

    /// Names of serverless APIs, where the cloud has them; no page says which address of the endpoint serves them (IN-04,
    /// MOE-07).
    #[must_use]
    pub fn serverless(cloud: Cloud) -> Option<FqdnPattern> {
        (cloud == Cloud::Public).then(|| "*.models.ai.azure.com".parse().ok()).flatten()
    }

    /// Names of a compute instance, in both spellings. They have no record of their own: they end at the API's
    /// (IN-04, ML-02).
    ///
    /// # Errors
    /// If the instance's name makes a name that is none.
    pub fn compute_instance(&self, instance: &str) -> Result<[ServiceName; 2], FqdnError> {
        let [usual, newer] = self.instance_names(instance)?;
        Ok([ServiceName { public: usual, ..self.api.clone() }, ServiceName { public: newer, ..self.api.clone() }])
    }

    /// Names for SSH to a compute instance, in both spellings. No alias leads them anywhere private: each needs a
    /// record, in a zone of its own, that holds the API's address (IN-04, IN-07).
    ///
    /// # Errors
    /// If the instance's name makes a name that is none.
    pub fn compute_instance_ssh(&self, instance: &str) -> Result<[Fqdn; 2], FqdnError> {
        self.instance_names(&format!("{instance}-22"))
    }

    /// Name of an online endpoint; the wildcard record answers for its alias (IN-04, ML-03).
    ///
    /// # Errors
    /// If the endpoint's name makes a name that is none.
    pub fn online_endpoint(&self, endpoint: &str) -> Result<ServiceName, FqdnError> {
        let ZoneRecord { name: record, zone, member } = self.inference.clone();
        let parent = record.as_str().trim_start_matches("*.");
        Ok(ServiceName {
            public: format!("{endpoint}.{}.{}", self.region, suffixes(self.cloud).inference).parse()?,
            private: format!("{endpoint}.{parent}").parse()?,
            zone,
            record,
            member,
        })
    }

    /// The records of its zones, in member order.
    #[must_use]
    pub fn records(&self) -> Vec<ZoneRecord> {
        let [api, cert, notebooks] = [&self.api, &self.cert, &self.notebooks].map(ServiceName::zone_record);
        vec![api, cert, notebooks, self.inference.clone()]
    }

    fn instance_names(&self, label: &str) -> Result<[Fqdn; 2], FqdnError> {
        let [usual, newer] = Self::instance_suffixes(self.cloud);
        let name = |suffix: &str| format!("{label}.{}.{suffix}", self.region).parse();
        Ok([name(usual)?, name(newer)?])
    }
}

/// `relative` under the public suffix, and its record in the zone.
fn named(relative: &str, suffix: &str, zone: &Fqdn, member: usize) -> Result<ServiceName, FqdnError> {
    let private = zone.prepend(relative)?;
    let public = format!("{relative}.{suffix}").parse()?;
    Ok(ServiceName { public, record: private.clone(), private, zone: zone.clone(), member })
}

/// `ml-<name>-<region>-<id>`, with the name cut so that the label fits (IN-05).
fn notebooks_label(name: &str, region: &str, id: &str) -> String {
    let room = LABEL_MAX.saturating_sub("ml---".len() + region.len() + id.len());
    let name: String = name.chars().take(room).collect();
    format!("ml-{name}-{region}-{id}")
}
