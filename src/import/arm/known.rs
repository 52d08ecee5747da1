//! Names of the functions that templates may call, as their reference spells them, for suggestions.

use crate::diag::nearest;

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "add", "and", "array", "base64", "base64ToJson", "base64ToString", "bool", "cidrHost", "cidrSubnet", "coalesce",
    "concat", "contains", "copyIndex", "createArray", "createObject", "dataUri", "dateTimeAdd", "dateTimeFromEpoch",
    "dateTimeToEpoch", "deployer", "deployment", "div", "empty", "endsWith", "environment", "equals",
    "extensionResourceId", "fail", "false", "filter", "first", "flatten", "float", "format", "getSecret", "greater",
    "greaterOrEquals", "groupBy", "guid", "if", "indexFromEnd", "indexOf", "int", "intersection", "items", "join",
    "json", "lambda", "lambdaVariables", "last", "lastIndexOf", "length", "less", "lessOrEquals", "listKeys",
    "managementGroup", "managementGroupResourceId", "map", "mapValues", "max", "min", "mod", "mul", "newGuid", "not",
    "null", "objectKeys", "or", "padLeft", "parameters", "parseCidr", "pickZones", "providers", "range", "reduce",
    "reference", "references", "replace", "resourceGroup", "resourceId", "resourceInfo", "shallowMerge", "skip",
    "sort", "split", "startsWith", "string", "sub", "subscription", "subscriptionResourceId", "substring", "take",
    "tenant", "tenantResourceId", "toLower", "toObject", "toUpper", "trim", "true", "tryGet", "union", "uniqueString",
    "uri", "uriComponent", "uriComponentToString", "utcNow", "variables",
];

/// The function that was probably meant.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    nearest(name, NAMES.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name is one that is evaluated, and every function that is evaluated by its arguments alone has its name here.
    #[test]
    fn names_are_those_that_are_evaluated() {
        let functions = include_str!("functions.rs");
        let all =
            [functions, include_str!("calls.rs"), include_str!("references.rs"), include_str!("lambdas.rs")].concat();
        for name in NAMES {
            let lower = name.to_lowercase();
            assert!(all.contains(&format!("\"{lower}\"")) || lower == "listkeys" || lower == "lambda", "{name}");
        }
        let arms = functions.lines().filter_map(|l| l.trim().strip_prefix('"')?.split_once("\" =>"));
        for name in arms.flat_map(|(names, _)| names.split("\" | \"")) {
            assert!(NAMES.iter().any(|n| n.to_lowercase() == name), "{name}");
        }
    }

    #[test]
    fn misspelt_names_are_told() {
        assert_eq!(meant("cidrSubnt"), Some("cidrSubnet"));
        assert_eq!(meant("conact"), Some("concat"));
        assert_eq!(meant("somethingElse"), None);
    }
}
