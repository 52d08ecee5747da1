//! What only apps have: access restrictions by priority and site, and slots.

use super::super::defaults;
use super::network::Access;
use crate::document::{Map, Reference, Setting, Spanned, record};
use crate::net::Prefix;

record! {
    /// A rule of an app's access restrictions: the lowest priority that matches decides (APP-06). Exactly one of
    /// `ip_address`, `service_tag` and `virtual_network_subnet` says whom it matches.
    pub struct AccessRestriction {
        /// Lowest first.
        priority: Spanned<u32> = required,
        /// What happens on a match.
        action: Setting<Access> = Access::Allow,
        /// Public source prefix.
        ip_address: Option<Spanned<Prefix>>,
        /// Service tag of the source.
        service_tag: Option<Spanned<String>>,
        /// Subnet with a service endpoint for `Microsoft.Web`, as `vnet/subnet`.
        virtual_network_subnet: Option<Reference>,
    }
}

record! {
    /// A slot of an app: a site of its own, `<app>-<slot>`, and a sub-resource `sites-<slot>` of its own (APP-07).
    pub struct AppSlot {
        /// Whether its public endpoint accepts traffic at all (APP-05).
        public_network_access_enabled: Setting<bool> = defaults::PUBLIC_NETWORK_ACCESS,
        /// Rules of its main site.
        ip_restrictions: Map<AccessRestriction>,
        /// What happens to callers that no rule matches; `Deny` once there is a rule, else `Allow`, when absent.
        ip_restriction_default_action: Option<Spanned<Access>>,
        /// Rules of its deployment site.
        scm_ip_restrictions: Map<AccessRestriction>,
        /// The same for the deployment site.
        scm_ip_restriction_default_action: Option<Spanned<Access>>,
        /// Whether the deployment site follows the rules of the main one.
        scm_use_main_ip_restriction: Setting<bool> = defaults::SCM_FOLLOWS_MAIN,
    }
}
