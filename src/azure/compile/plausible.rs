//! Words that stand for something outside the file: regions, names that the platform takes, known threats.

use super::Compiler;
use crate::{
    azure::{regions, resource_names::broken_rule},
    diag::{Diagnostic, code},
    document::Spanned,
    net::{FqdnPattern, Prefix},
};
use std::net::IpAddr;

impl Compiler<'_> {
    /// Reports words that mean nothing outside the file, and would be taken as if they did.
    pub(super) fn plausible(&mut self) {
        self.locations();
        self.service_names();
        self.known_threats();
    }

    fn locations(&mut self) {
        let estate = self.estate;
        let all = estate
            .location
            .iter()
            .chain(estate.virtual_networks.iter().filter_map(|(_, e)| e.value.location.as_ref()))
            .chain(estate.virtual_hubs.iter().filter_map(|(_, e)| e.value.location.as_ref()))
            .chain(estate.services.iter().filter_map(|(_, e)| e.value.location.as_ref()))
            .chain(estate.services.iter().flat_map(|(_, e)| &e.value.replica_locations))
            .chain(estate.kubernetes_clusters.iter().filter_map(|(_, e)| e.value.location.as_ref()))
            .chain(estate.machine_learning_workspaces.iter().filter_map(|(_, e)| e.value.location.as_ref()))
            .chain(estate.public_hosts.iter().filter_map(|(_, e)| e.value.location.as_ref()));
        // Large estates name the same few regions over and over.
        let mut last: Option<&str> = None;
        for location in all {
            if last == Some(location.value.as_str()) {
                continue;
            }
            last = Some(&location.value);
            let listed = self.published.is_some_and(|p| p.has_region(&regions::short(&location.value)));
            if let Some((text, help)) = regions::problem(estate.cloud.value, &location.value).filter(|_| !listed) {
                last = None;
                self.error(code::VALUE, location.span, text, help);
            }
        }
    }

    /// Names that Azure refuses. A warning: what the model calls something need not be what it is called at deployment.
    fn service_names(&mut self) {
        let services = self.estate.services.iter().map(|(name, e)| (name, e.span, e.value.type_.value.as_str()));
        let workspaces = self.estate.machine_learning_workspaces.iter();
        let workspaces = workspaces.map(|(name, e)| (name, e.span, "Microsoft.MachineLearningServices/workspaces"));
        let mut warnings = Vec::new();
        for (name, span, kind) in services.chain(workspaces) {
            if let Some(rule) = broken_rule(kind, name) {
                let text = format!("Azure takes no {kind} of the name `{name}`");
                warnings.push(Diagnostic::warning(code::NAME, span, text).help(format!("a name has {rule}")));
            }
        }
        warnings.into_iter().for_each(|w| self.diagnostics.push(w));
    }

    /// What the feed of threat intelligence holds: addresses, prefixes, names and patterns of names (FW-14).
    fn known_threats(&mut self) {
        let estate = self.estate;
        let allowed = estate.firewall_policies.iter().flat_map(|(_, p)| &p.value.threat_intelligence_allowlist);
        for threat in estate.known_threats.iter().chain(allowed) {
            if !is_threat(threat) {
                let text = format!("`{}` is no address, no prefix and no domain name", threat.value);
                self.error(code::VALUE, threat.span, text, "write `198.51.100.7`, `198.51.100.0/24` or `bad.example`");
            }
        }
    }
}

fn is_threat(threat: &Spanned<String>) -> bool {
    let text = threat.value.as_str();
    // Four numbers are an address or a mistake, never a name.
    let numbers = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '/' | ':'));
    let address = text.parse::<IpAddr>().is_ok() || text.parse::<Prefix>().is_ok();
    address || !numbers && text.parse::<FqdnPattern>().is_ok()
}
