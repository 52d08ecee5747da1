//! What a rule is, and what it finds.

use super::View;
use crate::diag::Span;
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Probably does not do what was meant.
    Warning,
    /// Breaks, or is refused at deployment.
    Error,
}

impl Level {
    /// Every level, the least first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! categories {
    ($($(#[doc = $doc:literal])* $name:ident = $title:literal;)*) => {
        /// What a rule is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Category { $($(#[doc = $doc])* $name,)* }

        impl Category {
            /// Every category, in the order of the index.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its title.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

categories! {
    /// Suppressions themselves.
    Suppression = "Suppressions";
    /// Address plans.
    Addressing = "Addresses";
    /// Peerings.
    Peering = "Peerings";
    /// Route tables and effective routes.
    Routing = "Routes";
    /// Subnets with a special purpose.
    Subnet = "Special subnets";
    /// VPN and ExpressRoute gateways, sites, Route Servers.
    Hybrid = "Gateways and sites";
    /// Security groups and security admin rules.
    Filter = "Security groups and admin rules";
    /// Azure Firewall.
    Firewall = "Azure Firewall";
    /// Ways to the internet.
    Outbound = "Ways to the internet";
    /// Load balancers.
    Balancer = "Load balancers";
    /// Virtual WAN.
    VirtualWan = "Virtual WAN";
    /// Private endpoints and private link services.
    PrivateLink = "Private endpoints and private link services";
    /// Names.
    Dns = "Names";
    /// Firewalls of services.
    Service = "Services and their firewalls";
    /// AI Foundry hubs, workspaces and managed networks.
    ManagedNetwork = "Hubs, workspaces and managed networks";
    /// Application gateways.
    ApplicationGateway = "Application gateways";
    /// Objects that nothing uses.
    Unused = "Unused objects";
}

/// A rule: what it is called, what it means, and how it is checked.
#[derive(Debug)]
pub struct Rule {
    /// Code, `PRL` and a number that means nothing.
    pub code: &'static str,
    /// Name in kebab case; it names the pattern, so that it reads well after “allow”.
    pub name: &'static str,
    /// How bad its findings are.
    pub level: Level,
    /// What it is about.
    pub category: Category,
    /// What it finds, one sentence.
    pub what: &'static str,
    /// Why that breaks.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Entries of the catalogue of mistakes that it covers.
    pub covers: &'static [&'static str],
    /// Rules of the platform it rests on.
    pub sources: &'static [&'static str],
    /// The check.
    pub check: fn(&View<'_>, &mut Findings),
}

impl Rule {
    /// The rule ids it rests on, and the entries of the catalogue.
    #[must_use]
    pub fn source(&self) -> String {
        self.sources.iter().chain(self.covers).copied().collect::<Vec<_>>().join(", ")
    }
}

/// Something a rule found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is.
    pub level: Level,
    /// One sentence, about this very case.
    pub message: String,
    /// The place to look at first.
    pub place: Span,
    /// Other places that matter, with a word each.
    pub related: Vec<(Span, String)>,
    /// What to do here.
    pub fix: String,
    /// Scenarios and variants that show it, as `file` or `file [variant]`.
    pub scenarios: Vec<String>,
}

impl Finding {
    /// Adds another place.
    pub fn related(&mut self, span: impl Into<Option<Span>>, label: impl Into<String>) -> &mut Self {
        if let Some(span) = span.into() {
            self.related.push((span, label.into()));
        }
        self
    }

    /// Says what to do here, where more is known than the rule says in general.
    pub fn fix(&mut self, fix: impl Into<String>) -> &mut Self {
        self.fix = fix.into();
        self
    }

    /// Sets a level that differs from the rule's.
    pub fn level(&mut self, level: Level) -> &mut Self {
        self.level = level;
        self
    }
}

/// Where a rule puts its findings.
#[derive(Debug)]
pub struct Findings {
    rule: &'static Rule,
    list: Vec<Finding>,
    last: Option<Finding>,
}

impl Findings {
    pub(super) fn new(rule: &'static Rule) -> Self {
        Self { rule, list: Vec::new(), last: None }
    }

    /// Adds a finding at a place.
    pub fn at(&mut self, place: Span, message: impl Into<String>) -> &mut Finding {
        self.list.extend(self.last.take());
        self.last.insert(Finding {
            rule: self.rule,
            level: self.rule.level,
            message: message.into(),
            place,
            related: Vec::new(),
            fix: self.rule.fix.to_owned(),
            scenarios: Vec::new(),
        })
    }

    pub(super) fn into_list(mut self) -> Vec<Finding> {
        self.list.extend(self.last.take());
        self.list
    }
}
