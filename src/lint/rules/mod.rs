//! The registry: one line adds a rule. A rule that is taken away leaves its number unused.

macro_rules! rules {
    ($($module:ident,)*) => {
        $(mod $module;)*
        /// Every rule, in order of registration.
        pub static RULES: &[&Rule] = &[$(&$module::RULE,)*];
    };
}

use super::Rule;
pub(super) use expired_suppression::RULE as EXPIRED;
pub(super) use stale_suppression::RULE as STALE;
pub(super) use unknown_rule_in_suppression::RULE as UNKNOWN;

rules! {
    stale_suppression,
    expired_suppression,
    unknown_rule_in_suppression,
    // Networks: PRL01xx and PRL02xx.
    peering_one_sided,
    peering_disconnected,
    // Private link, names and services: PRL03xx. Hubs and managed networks: PRL04xx.
}
