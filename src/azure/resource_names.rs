//! What names Azure takes, for the kinds of services whose name is part of a domain name.
//!
//! Source: Microsoft's documentation, "Naming rules and restrictions for Azure resources"
//! (`azure-resource-manager/management/resource-name-rules`).

use Edge::{Alphanumeric, Anything, Letter};
use Letters::{Any, Lower};

/// Letters that a name may hold, beside digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    Lower,
    Any,
}

/// What stands at an end of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Anything,
    Alphanumeric,
    Letter,
}

/// A rule for names.
struct Rule {
    /// Type of the resources.
    kind: &'static str,
    /// Least and greatest length.
    length: (usize, usize),
    letters: Letters,
    /// Characters that may stand between letters and digits.
    others: &'static str,
    first: Edge,
    last: Edge,
    /// Whether two hyphens may follow each other.
    hyphens_in_a_row: bool,
}

const fn rule(
    kind: &'static str,
    length: (usize, usize),
    letters: Letters,
    others: &'static str,
    (first, last): (Edge, Edge),
    hyphens_in_a_row: bool,
) -> Rule {
    Rule { kind, length, letters, others, first, last, hyphens_in_a_row }
}

const ENDS: (Edge, Edge) = (Alphanumeric, Alphanumeric);

const RULES: &[Rule] = &[
    rule("Microsoft.ApiManagement/service", (1, 50), Any, "-", (Letter, Alphanumeric), true),
    rule("Microsoft.AppConfiguration/configurationStores", (5, 50), Any, "-", (Anything, Anything), true),
    rule("Microsoft.Automation/automationAccounts", (6, 50), Any, "-", (Letter, Alphanumeric), true),
    rule("Microsoft.Batch/batchAccounts", (3, 24), Lower, "", ENDS, true),
    rule("Microsoft.Cache/Redis", (1, 63), Any, "-", ENDS, false),
    rule("Microsoft.CognitiveServices/accounts", (2, 64), Any, "-", ENDS, true),
    rule("Microsoft.ContainerRegistry/registries", (5, 50), Any, "", ENDS, true),
    rule("Microsoft.DBforMySQL/flexibleServers", (3, 63), Lower, "-", ENDS, true),
    rule("Microsoft.DBforMySQL/servers", (3, 63), Lower, "-", ENDS, true),
    rule("Microsoft.DBforPostgreSQL/flexibleServers", (3, 63), Lower, "-", ENDS, true),
    rule("Microsoft.DBforPostgreSQL/servers", (3, 63), Lower, "-", ENDS, true),
    rule("Microsoft.DataFactory/factories", (3, 63), Any, "-", ENDS, true),
    rule("Microsoft.Devices/IotHubs", (3, 50), Any, "-", (Anything, Alphanumeric), true),
    rule("Microsoft.DocumentDB/databaseAccounts", (3, 44), Lower, "-", (Alphanumeric, Anything), true),
    rule("Microsoft.EventGrid/domains", (3, 50), Any, "-", (Anything, Anything), true),
    rule("Microsoft.EventGrid/topics", (3, 50), Any, "-", (Anything, Anything), true),
    rule("Microsoft.EventHub/namespaces", (6, 50), Any, "-", (Letter, Alphanumeric), true),
    rule("Microsoft.KeyVault/managedHSMs", (3, 24), Any, "-", (Letter, Alphanumeric), false),
    rule("Microsoft.KeyVault/vaults", (3, 24), Any, "-", (Letter, Alphanumeric), false),
    rule("Microsoft.Kusto/clusters", (4, 22), Lower, "", (Letter, Alphanumeric), true),
    rule("Microsoft.MachineLearningServices/workspaces", (3, 33), Any, "-_", (Alphanumeric, Anything), true),
    rule("Microsoft.Relay/namespaces", (6, 50), Any, "-", (Letter, Alphanumeric), true),
    rule("Microsoft.Search/searchServices", (2, 60), Lower, "-", ENDS, false),
    rule("Microsoft.ServiceBus/namespaces", (6, 50), Any, "-", (Letter, Alphanumeric), true),
    rule("Microsoft.SignalRService/SignalR", (3, 63), Any, "-", (Letter, Alphanumeric), true),
    rule("Microsoft.SignalRService/WebPubSub", (3, 63), Any, "-", (Letter, Alphanumeric), true),
    rule("Microsoft.Sql/managedInstances", (1, 63), Lower, "-", ENDS, true),
    rule("Microsoft.Sql/servers", (1, 63), Lower, "-", ENDS, true),
    rule("Microsoft.Storage/storageAccounts", (3, 24), Lower, "", ENDS, true),
    rule("Microsoft.Web/sites", (2, 60), Any, "-", ENDS, true),
];

impl Rule {
    fn admits(&self, name: &str) -> bool {
        let length = name.chars().count();
        let plain = |c: char| match self.letters {
            Lower => c.is_ascii_lowercase() || c.is_ascii_digit(),
            Any => c.is_ascii_alphanumeric(),
        };
        let edge = |edge: Edge, c: Option<char>| match edge {
            Anything => true,
            Alphanumeric => c.is_some_and(plain),
            Letter => c.is_some_and(|c| c.is_ascii_alphabetic()),
        };
        (self.length.0..=self.length.1).contains(&length)
            && name.chars().all(|c| plain(c) || self.others.contains(c))
            && edge(self.first, name.chars().next())
            && edge(self.last, name.chars().next_back())
            && (self.hyphens_in_a_row || !name.contains("--"))
    }

    fn words(&self) -> String {
        let mut text = format!(
            "{} to {} {}letters, digits",
            self.length.0,
            self.length.1,
            if self.letters == Lower { "lower-case " } else { "" }
        );
        for other in self.others.chars() {
            text.push_str(&format!(" and `{other}`"));
        }
        match (self.first, self.last) {
            _ if self.others.is_empty() && self.first != Letter => {}
            (Letter, _) => text.push_str(", beginning with a letter and ending with a letter or digit"),
            (Alphanumeric, Alphanumeric) => text.push_str(", beginning and ending with a letter or digit"),
            (Alphanumeric, _) => text.push_str(", beginning with a letter or digit"),
            (_, Alphanumeric) => text.push_str(", ending with a letter or digit"),
            _ => {}
        }
        if !self.hyphens_in_a_row {
            text.push_str(", no two hyphens in a row");
        }
        text
    }
}

/// What names of a type of resources look like, if this is none of them.
pub(super) fn broken_rule(kind: &str, name: &str) -> Option<String> {
    let rule = RULES.iter().find(|r| r.kind.eq_ignore_ascii_case(kind))?;
    (!rule.admits(name)).then(|| rule.words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::known_services::{Cloud, KnownServices};

    #[test]
    fn names_are_held_against_the_rule_of_their_type() {
        for (kind, name) in [
            ("Microsoft.Storage/storageAccounts", "st_bad"),
            ("Microsoft.Storage/storageAccounts", "stUPPER"),
            ("Microsoft.Storage/storageAccounts", "st"),
            ("Microsoft.KeyVault/vaults", "kv--a"),
            ("Microsoft.KeyVault/vaults", "1kv"),
            ("microsoft.keyvault/vaults", "kv-a-name-that-is-far-too-long"),
            ("Microsoft.ContainerRegistry/registries", "acr-prod"),
            ("Microsoft.Search/searchServices", "srch-"),
        ] {
            assert!(broken_rule(kind, name).is_some(), "{kind} {name}");
        }
        for (kind, name) in [
            ("Microsoft.Storage/storageAccounts", "stcontoso01"),
            ("Microsoft.KeyVault/vaults", "kv-contoso-01"),
            ("Microsoft.ContainerRegistry/registries", "crContoso"),
            ("Microsoft.Sql/servers", "sql-contoso"),
            ("Contoso.Own/things", "any thing_at all"),
        ] {
            assert_eq!(broken_rule(kind, name), None, "{kind} {name}");
        }
    }

    #[test]
    fn the_rule_is_said_in_words() {
        let words = |kind, name| broken_rule(kind, name).unwrap_or_default();
        assert_eq!(words("Microsoft.Storage/storageAccounts", "A"), "3 to 24 lower-case letters, digits");
        assert_eq!(
            words("Microsoft.KeyVault/vaults", "a_b"),
            "3 to 24 letters, digits and `-`, beginning with a letter and ending with a letter or digit, no two hyphens in a row"
        );
    }

    /// A rule for a type that no service can have would never act.
    #[test]
    fn rules_are_about_known_types() {
        let known = KnownServices::get();
        let unknown: Vec<_> =
            RULES.iter().map(|r| r.kind).filter(|k| known.service(Cloud::Public, k).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
