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
    peering_out_of_sync,
    half_a_transit_pair,
    overlapping_networks,
    forwarded_traffic_refused,
    peering_is_not_transitive,
    next_hop_owned_by_nobody,
    next_hop_out_of_reach,
    next_hop_does_not_forward,
    next_hop_in_own_subnet_loops,
    peering_beside_firewall_default,
    gateway_does_not_steer,
    learned_route_past_firewall,
    default_route_on_gateway_subnet,
    propagation_off_on_gateway_subnet,
    nsg_on_special_subnet,
    small_gateway_subnet,
    firewall_without_direct_default,
    route_table_on_special_subnet,
    route_to_expressroute_gateway,
    route_to_absent_gateway,
    own_subnet_captured,
    public_ip_behind_firewall_default,
    nsg_shadowed_rule,
    nsg_redundant_rule,
    nsg_allow_at_interface_only,
    probe_denied,
    asg_without_members_here,
    bastion_nsg_incomplete,
    virtual_network_tag_widened,
    management_port_open_to_everyone,
    nsg_at_both_gates,
    admin_rule_contradicts,
    admin_rules_skipped,
    // Private link, names and services: PRL03xx. Hubs and managed networks: PRL04xx.
}
