//! Values outside of the properties of a resource: what its type reads there, and which of them are known.

use super::{Mapper, Resource, services};
use crate::{
    azure::known_services::{ACCOUNT_KINDS, DATABASE_KINDS},
    import::{
        draft::{Matters, NotUnderstood, Source},
        json::{Json, REST, Value},
    },
};

/// A value that is read outside of the properties.
struct Read {
    /// The path to it.
    path: &'static str,
    /// Words that are known, without regard to case; none where what it becomes is checked by the scenario.
    known: &'static [&'static str],
}

const TIERS: &[&str] = &["Basic", "Standard", "Premium"];

/// Types, and what is read of them there.
const READ: &[(&str, Read)] = &[
    ("microsoft.cognitiveservices/accounts", Read { path: "kind", known: &ACCOUNT_KINDS }),
    ("microsoft.documentdb/databaseaccounts", Read { path: "kind", known: &DATABASE_KINDS }),
    (
        "microsoft.storage/storageaccounts",
        Read { path: "kind", known: &["Storage", "StorageV2", "BlobStorage", "BlockBlobStorage", "FileStorage"] },
    ),
    (
        "microsoft.storage/storageaccounts",
        Read {
            path: "sku.name",
            known: &[
                "Standard_LRS",
                "Standard_GRS",
                "Standard_RAGRS",
                "Standard_ZRS",
                "Standard_GZRS",
                "Standard_RAGZRS",
                "Premium_LRS",
                "Premium_ZRS",
                "StandardV2_LRS",
                "StandardV2_GRS",
                "StandardV2_ZRS",
                "StandardV2_GZRS",
                "PremiumV2_LRS",
                "PremiumV2_ZRS",
            ],
        },
    ),
    (
        "microsoft.machinelearningservices/workspaces",
        Read { path: "kind", known: &["Default", "Hub", "Project", "FeatureStore"] },
    ),
    (
        "microsoft.containerregistry/registries",
        Read { path: "sku.name", known: &["Classic", "Basic", "Standard", "Premium"] },
    ),
    (
        "microsoft.search/searchservices",
        Read {
            path: "sku.name",
            known: &[
                "free",
                "basic",
                "standard",
                "standard2",
                "standard3",
                "storage_optimized_l1",
                "storage_optimized_l2",
                "serverless",
            ],
        },
    ),
    ("microsoft.servicebus/namespaces", Read { path: "sku.name", known: TIERS }),
    ("microsoft.eventhub/namespaces", Read { path: "sku.name", known: TIERS }),
    (
        "microsoft.appconfiguration/configurationstores",
        Read { path: "sku.name", known: &["Free", "Developer", "Standard", "Premium"] },
    ),
    ("microsoft.network/loadbalancers", Read { path: "sku.name", known: &[] }),
    ("microsoft.network/publicipaddresses", Read { path: "sku.name", known: &[] }),
    ("microsoft.network/applicationgateways", Read { path: "sku.name", known: &[] }),
    ("microsoft.compute/virtualmachinescalesets", Read { path: "sku.capacity", known: &[] }),
];

/// Words for the identities that a resource has.
const IDENTITIES: &[&str] =
    &["None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned", "SystemAssigned, UserAssigned"];

/// Reports values outside of the properties that only a deployment tells, or that nobody knows.
pub(super) fn doubts(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    let kind = resource.id.kind.as_str();
    // Names and endpoints of a service follow from what it is.
    let own = match matters {
        Matters::Item(key) if ["services", "machine_learning_workspaces"].contains(&key.collection) => {
            Matters::Place(key.clone())
        }
        other => other.clone(),
    };
    let read = READ.iter().filter(|(of, _)| *of == kind).map(|(_, read)| (read, own.clone()));
    let identity = Read { path: "identity.type", known: IDENTITIES };
    let calls = match matters {
        Matters::Item(key) if services::is_service(kind) => Some((&identity, Matters::Calls(key.clone()))),
        _ => None,
    };
    for (Read { path, known }, matters) in read.chain(calls) {
        let Some((path, why, span)) = doubt(&resource.body, path, known) else { continue };
        mapper.draft.not_understood(NotUnderstood {
            kind: format!("{kind} {path}"),
            name: resource.id.name().to_owned(),
            why,
            source: Source { address: format!("{}.{path}", resource.source.address), span },
            matters,
        });
    }
    if told_later(resource.body.get("location")).is_some() {
        mapper.draft.unlocated = true;
    }
}

/// Why a value is known only after deployment, if it is.
pub(super) fn told_later(json: Option<&Json>) -> Option<String> {
    match &json?.value {
        Value::Unknown(why) => Some(why.to_string()),
        Value::Secret => Some("it is secret, and is not read".to_owned()),
        _ => None,
    }
}

/// What is in doubt of the value at a path: where, why, and its place.
fn doubt(body: &Json, path: &str, known: &[&str]) -> Option<(String, String, crate::diag::Span)> {
    let (mut here, mut walked) = (body, Vec::new());
    for key in path.split('.') {
        let Some(next) = here.get(key) else {
            // What may be added to an object may be this.
            let rest = here.get(REST).filter(|r| !walked.is_empty() && !r.is_added())?;
            return Some((path.to_owned(), told_later(Some(rest))?, rest.span));
        };
        here = next;
        walked.push(key);
        if let Some(why) = told_later(Some(here)) {
            return Some((walked.join("."), why, here.span));
        }
    }
    let fits = |text: &str| text.is_empty() || known.iter().any(|k| k.eq_ignore_ascii_case(text));
    if known.is_empty() || here.value == Value::Null || here.as_str().is_some_and(fits) {
        return None;
    }
    let what = here.as_str().map_or_else(|| "this value".to_owned(), |text| format!("`{text}`"));
    Some((path.to_owned(), format!("{what} is none that is known here, and it could matter"), here.span))
}

/// Whether the tier of a plan of apps is known only after deployment.
pub(super) fn tier_told_later(plan: &Resource) -> bool {
    let tiers = ["sku.name", "sku.tier"];
    tiers.iter().all(|path| plan.body.str_at(path).is_none())
        && tiers.iter().any(|path| doubt(&plan.body, path, &[]).is_some())
}
