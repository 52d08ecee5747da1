//! A management port that everyone may reach.

use crate::dataplane::{Action, Direction};
use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0132",
    name: "management-port-open-to-everyone",
    level: Level::Warning,
    category: Category::Filter,
    what: "An inbound rule that allows a management port (22, 3389, 5985, 5986) from any address, the internet or AzureCloud.",
    why: "AzureCloud holds the machines of every customer; the ports are scanned all the time.",
    fix: "name the prefixes that administer the machines, or use Bastion",
    covers: &["LINT-NET-55"],
    sources: &["TAG-05"],
    check,
};

const PORTS: [u16; 4] = [22, 3389, 5985, 5986];

fn check(view: &View<'_>, findings: &mut Findings) {
    for rule in view.security_rules() {
        let Some(compiled) = rule.acting.first().map(|a| a.rule) else { continue };
        if compiled.action != Action::Allow || compiled.direction != Some(Direction::Inbound) {
            continue;
        }
        let everyone = |text: &str| {
            let text = text.to_ascii_lowercase();
            matches!(text.as_str(), "*" | "any" | "internet" | "0.0.0.0/0" | "::/0")
                || text == "azurecloud"
                || text.starts_with("azurecloud.")
        };
        let declared = &rule.entry.value;
        let source =
            declared.source_address_prefix.iter().chain(&declared.source_address_prefixes).find(|s| everyone(&s.value));
        // A rule for every port is meant for something else; it is as open.
        let port = PORTS.iter().find(|p| compiled.ports.contains(**p));
        let tcp = compiled.protocol.matches(crate::net::Transport::Tcp);
        if let (Some(source), Some(port), true) = (source, port, tcp) {
            findings.at(source.span, format!("`{}/{}` opens tcp/{port} to `{}`", rule.group, rule.name, source.value));
        }
    }
}
