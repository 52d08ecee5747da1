//! A subnet of a resolver endpoint that is not its own.

use crate::dataplane::Role;
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0157",
    name: "resolver-subnet-shared",
    level: Level::Error,
    category: Category::Subnet,
    what: "An endpoint of a DNS private resolver in a subnet that is delegated to another service, is outside /28 to /24, or holds anything else.",
    why: "An endpoint takes a whole subnet, delegated to Microsoft.Network/dnsResolvers; the platform refuses any other.",
    fix: "give every endpoint a subnet of its own, from /28 to /24",
    covers: &["LINT-NET-52", "LINT-DNS-25"],
    sources: &["RESOLVER-03", "SUB-01"],
    check,
};

/// A delegated subnet of another size is refused by the loader. One without a delegation is taken as delegated, as the
/// platform does it when the endpoint is made by hand.
fn check(view: &View<'_>, findings: &mut Findings) {
    let mut users: Vec<(String, &crate::document::Reference)> = Vec::new();
    for (resolver, entry) in view.estate.private_dns_resolvers.iter() {
        users.extend(entry.value.inbound_endpoints.iter().map(|(n, e)| (format!("{resolver}/{n}"), &e.value.subnet)));
        users.extend(entry.value.outbound_endpoints.iter().map(|(n, e)| (format!("{resolver}/{n}"), &e.value.subnet)));
    }
    for (i, (name, reference)) in users.iter().enumerate() {
        let Some(subnet) = view.subnet(&reference.value) else { continue };
        if let Some(delegation) = &subnet.entry.value.delegation
            && !delegation.value.eq_ignore_ascii_case("Microsoft.Network/dnsResolvers")
        {
            findings
                .at(
                    reference.span,
                    format!("`{}` of endpoint `{name}` is delegated to {}", subnet.full, delegation.value),
                )
                .related(delegation.span, "the delegation");
            continue;
        }
        let odd = subnet.entry.value.address_prefixes.iter().find(|p| !(24..=28).contains(&p.value.length()));
        if let Some(odd) = odd {
            findings.at(odd.span, format!("`{}` of endpoint `{name}` is a /{}", subnet.full, odd.value.length()));
            continue;
        }
        let twin =
            users.iter().take(i).find(|(_, s)| s.value == reference.value).map(|(n, s)| (n.clone(), Some(s.span)));
        let guest = view
            .members(subnet)
            .find(|(_, e)| !matches!(e.role, Role::Resolver))
            .map(|(_, e)| (e.origin.to_string(), e.origin.span));
        if let Some((other, at)) = twin.or(guest) {
            findings
                .at(reference.span, format!("endpoint `{name}` shares `{}` with {other}", subnet.full))
                .related(at, "the other");
        }
    }
}
