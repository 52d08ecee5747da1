//! Callers that services admit as such: by type, by name, and those of the platform (TRUST-01 to TRUST-13).

use super::Compiler;
use crate::{
    azure::model::service::{IdentityType, NetworkRules},
    dataplane::{Id, Origin, Resource},
    diag::{Diagnostic, Span, code},
};
use std::{collections::BTreeSet, sync::Arc};

pub(super) const STORAGE: &str = "microsoft.storage/storageaccounts";
const VAULT: &str = "microsoft.keyvault/vaults";
pub(super) const REGISTRY: &str = "microsoft.containerregistry/registries";
pub(super) const ACCOUNTS: &str = "microsoft.cognitiveservices/accounts";
pub(super) const SEARCH: &str = "microsoft.search/searchservices";
const WORKSPACES: &str = "microsoft.machinelearningservices/workspaces";

/// A type, whether AI Search reads what is asked of it, and the number of resources there were.
pub(super) type Asked = (String, bool, usize);

/// What AI Search reads of a storage account as one of the trusted (TRUST-08).
const SEARCHED: &[&str] = &["blob", "dfs", "blob_secondary", "dfs_secondary"];

/// Types on storage's list that need no identity, in the same tenant (TRUST-05). Namespaces stand for all their types.
const STORAGE_TENANT: &[&str] = &[
    "microsoft.recoveryservices",
    "microsoft.databox",
    "microsoft.kusto",
    "microsoft.devtestlab",
    "microsoft.eventgrid",
    "microsoft.eventhub",
    "microsoft.storagesync",
    "microsoft.hdinsight",
    "microsoft.importexport",
    "microsoft.insights",
    "microsoft.network",
    "microsoft.siterecovery",
];

/// Types on storage's list that call with a managed identity (TRUST-06).
const STORAGE_IDENTITY: &[&str] = &[
    "microsoft.agfoodplatform/farmbeats",
    "microsoft.apimanagement/service",
    "microsoft.autonomoussystems/workspaces",
    "microsoft.cache/redis",
    SEARCH,
    ACCOUNTS,
    "microsoft.costmanagementexports",
    "microsoft.databricks/accessconnectors",
    "microsoft.datafactory/factories",
    "microsoft.kusto/clusters",
    "microsoft.dataprotection/backupvaults",
    "microsoft.datashare/accounts",
    "microsoft.dbforpostgresql",
    "microsoft.deviceregistry/schemaregistries",
    "microsoft.devices/iothubs",
    "microsoft.devtestlab/labs",
    "microsoft.eventgrid",
    "microsoft.fabric",
    "microsoft.healthcareapis",
    "microsoft.iotcentral/iotapps",
    "microsoft.keyvault/managedhsms",
    "microsoft.logic/integrationaccounts",
    "microsoft.logic/workflows",
    "microsoft.machinelearning/registries",
    "microsoft.machinelearningservices",
    "microsoft.media/mediaservices",
    "microsoft.migrate/migrateprojects",
    "microsoft.network/expressrouteports",
    "microsoft.powerplatform/enterprisepolicies",
    "microsoft.projectarcadia/workspaces",
    "microsoft.projectbabylon/accounts",
    "microsoft.purview/accounts",
    "microsoft.recoveryservices/vaults",
    "microsoft.security/datascanners",
    "microsoft.singularity/accounts",
    "microsoft.storageactions/storagetasks",
    "microsoft.sql/servers",
    "microsoft.streamanalytics",
    "microsoft.synapse/workspaces",
    "microsoft.videoindexer/accounts",
];

/// Key Vault's list, as resource types (TRUST-09).
const VAULT_LIST: &[&str] = &[
    "microsoft.apimanagement/service",
    "microsoft.network/applicationgateways",
    "microsoft.recoveryservices/vaults",
    "microsoft.dataprotection/backupvaults",
    "microsoft.batch/batchaccounts",
    "microsoft.botservice/botservices",
    "microsoft.cdn/profiles",
    REGISTRY,
    "microsoft.datafactory/factories",
    "microsoft.datalakestore/accounts",
    "microsoft.agfoodplatform/farmbeats",
    "microsoft.dbformysql/servers",
    "microsoft.dbformysql/flexibleservers",
    "microsoft.dbforpostgresql/servers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.databricks/workspaces",
    "microsoft.compute/diskencryptionsets",
    "microsoft.compute/disks",
    "microsoft.eventhub/namespaces",
    "microsoft.network/expressrouteports",
    "microsoft.network/firewallpolicies",
    "microsoft.network/frontdoors",
    "microsoft.importexport/jobs",
    WORKSPACES,
    "microsoft.insights/components",
    "microsoft.netapp/netappaccounts",
    "microsoft.resources/deployments",
    "microsoft.servicebus/namespaces",
    "microsoft.sql/servers",
    STORAGE,
    "microsoft.synapse/workspaces",
    "microsoft.purview/accounts",
    "microsoft.powerplatform/enterprisepolicies",
];

/// A registry's list: with a managed identity, and without any (TRUST-10).
const REGISTRY_IDENTITY: &[&str] = &["microsoft.containerinstance/containergroups", WORKSPACES];
const REGISTRY_ANY: &[&str] = &["microsoft.security/pricings", REGISTRY];

impl Compiler<'_> {
    /// Callers that a service type trusts: by type, and where its list asks for one, with an identity (TRUST-05, TRUST-06,
    /// TRUST-08, TRUST-09, TRUST-10, TRUST-11, TRUST-12). Where it is asked for as a whole, storage stands for its blobs.
    pub(super) fn trusted_by(&mut self, kind: &str, sub: Option<&str>) -> Arc<BTreeSet<Id<Resource>>> {
        let searched = kind != STORAGE || sub.is_none_or(|sub| SEARCHED.contains(&sub));
        let key = (kind.to_owned(), searched, self.plane.resources.len());
        if let Some(known) = self.trusted.get(&key) {
            return known.clone();
        }
        let trusts = |r: &Resource| {
            let caller = r.kind.to_lowercase();
            match kind {
                // Search reads blobs only, and as itself only (TRUST-08).
                STORAGE if caller == SEARCH => searched && r.own_identity,
                STORAGE => listed(STORAGE_TENANT, &caller) || listed(STORAGE_IDENTITY, &caller) && r.has_identity,
                VAULT => listed(VAULT_LIST, &caller),
                REGISTRY => listed(REGISTRY_ANY, &caller) || listed(REGISTRY_IDENTITY, &caller) && r.has_identity,
                ACCOUNTS => [WORKSPACES, ACCOUNTS, SEARCH].contains(&caller.as_str()) && r.has_identity,
                SEARCH => [WORKSPACES, ACCOUNTS].contains(&caller.as_str()) && r.has_identity,
                _ => false,
            }
        };
        let trusted: BTreeSet<_> = self.plane.resources.iter().filter(|(_, r)| trusts(r)).map(|(id, _)| id).collect();
        self.trusted.entry(key).or_insert_with(|| Arc::new(trusted)).clone()
    }

    /// Callers admitted by name: a matter of storage, for callers of the types on its list that have an identity
    /// (TRUST-07).
    pub(super) fn instances(&mut self, kind: &str, origin: &Origin, rules: &NetworkRules) -> Vec<(Id<Resource>, Span)> {
        let names = std::mem::take(&mut self.resources);
        let mut found = Vec::new();
        for reference in &rules.private_link_access {
            let Some(resource) = self.find("service or workspace", reference, &names) else { continue };
            let caller = self.plane.resources.get(resource);
            let (caller, has_identity) = (caller.kind.to_lowercase(), caller.has_identity);
            if kind != STORAGE {
                let text = format!("{origin} takes no resource-instance rules; storage accounts do (TRUST-07)");
                let error = Diagnostic::error(code::CONFLICT, reference.span, text);
                self.diagnostics.push(error.help("remove private_link_access; use a private endpoint").refused());
            } else if !listed(STORAGE_IDENTITY, &caller) || !has_identity {
                let text = format!(
                    "the rule for `{}` admits nobody: rules name callers of the listed types, with an identity (TRUST-07)",
                    reference.value
                );
                let warning = Diagnostic::warning(code::IGNORED, reference.span, text);
                self.diagnostics.push(warning.help("use a private endpoint, or the service endpoint of its subnet"));
            } else {
                found.push((resource, reference.span));
            }
        }
        self.resources = names;
        found
    }

    /// Services of the platform that only call (TRUST-01).
    pub(super) fn platform_callers(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.platform_callers.iter() {
            let caller = &entry.value;
            let kind = caller.type_.value.to_lowercase();
            let known = [STORAGE_TENANT, STORAGE_IDENTITY, VAULT_LIST, REGISTRY_IDENTITY, REGISTRY_ANY].concat();
            let namespace = kind.split_once('/').map_or(kind.as_str(), |(n, _)| n);
            if !known.iter().any(|k| *k == kind || *k == namespace) {
                self.diagnostics.push(
                    Diagnostic::warning(
                        code::IGNORED,
                        caller.type_.span,
                        format!("no service is known to trust `{}`", caller.type_.value),
                    )
                    .help("its calls are admitted only where everybody, or its perimeter, is"),
                );
            }
            let resource = self.plane.resources.push(Resource {
                origin: Origin::new("platform_caller", name, entry.span),
                kind: caller.type_.value.clone(),
                names: Vec::new(),
                gate: None,
                has_identity: caller.identity.value != IdentityType::None,
                own_identity: caller.identity.value.is_own(),
                shared_links: Vec::new(),
                outbound: None,
            });
            let origin = Origin::new("platform_caller", name, entry.span);
            self.identity_client(&origin, resource);
            if self.resources.insert(name.to_owned(), resource).is_some() {
                self.error(
                    code::CONFLICT,
                    entry.span,
                    format!("a service is named `{name}`, too"),
                    "references by name need distinct names",
                );
            }
        }
    }
}

/// Whether a list names a type, or its whole namespace.
fn listed(list: &[&str], kind: &str) -> bool {
    list.iter().any(|l| *l == kind || kind.split_once('/').is_some_and(|(namespace, _)| namespace == *l))
}

/// Whether trusted services bypass a service's firewall when nothing is declared (TRUST-02, HUB-A11).
pub(super) fn bypass_default(kind: &str) -> Option<bool> {
    match kind {
        "microsoft.storage/storageaccounts"
        | "microsoft.keyvault/vaults"
        | "microsoft.containerregistry/registries" => Some(true),
        "microsoft.cognitiveservices/accounts" | "microsoft.search/searchservices" => Some(false),
        _ => None,
    }
}
