//! How kinds, relations and verdicts look. Colours are told apart without colour vision by shape, dash and label, too.

use crate::{
    azure::topology::{Kind, Relation},
    verdict::Verdict,
};

/// Outline of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outline {
    Box,
    Rounded,
    Hexagon,
    Octagon,
    Trapezium,
    Cylinder,
    House,
    Ellipse,
    Note,
}

/// How a kind is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// What it is called.
    pub(super) title: &'static str,
    /// Outline.
    pub(super) outline: Outline,
    /// Fill.
    pub(super) fill: &'static str,
    /// Column of the picture it belongs to when nothing holds it.
    pub(super) lane: usize,
}

/// Whether things of a kind hold others.
pub(super) fn holds(kind: Kind) -> bool {
    matches!(kind, Kind::Site | Kind::VirtualNetwork | Kind::Subnet | Kind::ManagedNetwork | Kind::VirtualHub)
}

/// The look of a kind.
pub(super) fn look(kind: Kind) -> Look {
    let (title, outline, fill, lane) = match kind {
        Kind::Site => ("on-premises", Outline::Box, "#f3f3f3", 0),
        Kind::Host => ("host", Outline::Box, "#ffffff", 0),
        Kind::Internet => ("internet", Outline::Ellipse, "#ffffff", 0),
        Kind::VpnClient => ("VPN client", Outline::Ellipse, "#ffffff", 0),
        Kind::VirtualNetwork => ("virtual network", Outline::Rounded, "#eaf3fb", 2),
        Kind::VirtualHub => ("virtual hub", Outline::Rounded, "#dcebf7", 1),
        Kind::Subnet => ("subnet", Outline::Rounded, "#ffffff", 2),
        Kind::ManagedNetwork => ("managed network", Outline::Rounded, "#fdf3e1", 2),
        Kind::Compute => ("compute", Outline::Box, "#ffffff", 2),
        Kind::ManagedEndpoint => ("managed private endpoint", Outline::Hexagon, "#f9d7a0", 2),
        Kind::Machine => ("virtual machine", Outline::Box, "#ffffff", 2),
        Kind::Gateway => ("gateway", Outline::Trapezium, "#c9dff2", 1),
        Kind::Firewall => ("firewall", Outline::Octagon, "#f2c6c6", 1),
        Kind::ApplicationGateway => ("application gateway", Outline::House, "#d9cdec", 2),
        Kind::LoadBalancer => ("load balancer", Outline::Trapezium, "#e3dcf3", 2),
        Kind::NatGateway => ("NAT gateway", Outline::Trapezium, "#e8e8e8", 1),
        Kind::RouteServer => ("Route Server", Outline::Octagon, "#dfe9d8", 1),
        Kind::PrivateLinkService => ("private link service", Outline::Hexagon, "#d5ecd9", 2),
        Kind::Resolver => ("DNS", Outline::Ellipse, "#e4e4e4", 1),
        Kind::PrivateEndpoint => ("private endpoint", Outline::Hexagon, "#a6d3f5", 2),
        Kind::Service => ("service", Outline::Cylinder, "#cfe8cf", 3),
        Kind::Workspace => ("workspace", Outline::Cylinder, "#bfe0d4", 3),
        Kind::Perimeter => ("security perimeter", Outline::Note, "#f6e3ee", 3),
        Kind::Zone => ("private DNS zones", Outline::Note, "#fffbe6", 3),
    };
    Look { title, outline, fill, lane }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    /// What it means.
    pub(super) title: &'static str,
    /// Colour, of a palette that is safe for colour-blind readers.
    pub(super) colour: &'static str,
    /// Dash pattern of SVG; empty for a solid line.
    pub(super) dash: &'static str,
    /// Width in points.
    pub(super) width: f64,
    /// Whether it has a direction.
    pub(super) arrow: bool,
}

/// The line of a relation; none where nesting shows it.
pub(super) fn stroke(relation: Relation) -> Option<Stroke> {
    let (title, colour, dash, width, arrow) = match relation {
        Relation::Contains => return None,
        Relation::Peers => ("peering", "#333333", "", 1.6, false),
        Relation::Connects => ("connection", "#333333", "", 2.4, false),
        Relation::Targets => ("private link", "#009e73", "", 1.3, true),
        Relation::Links => ("zone link", "#888888", "1 3", 1.2, false),
        Relation::RoutesVia => ("route", "#d55e00", "6 3", 1.2, true),
        Relation::Bridges => ("backend", "#7a4fa3", "", 1.6, true),
        Relation::Forwards => ("DNS forwarding", "#666666", "2 2", 1.2, true),
        Relation::Uses => ("uses", "#999999", "2 2", 1.0, true),
        Relation::Encloses => ("perimeter", "#cc79a7", "4 2", 1.2, false),
    };
    Some(Stroke { title, colour, dash, width, arrow })
}

/// The line of a verdict.
pub(super) fn verdict(verdict: Verdict) -> Stroke {
    let (title, colour, dash) = match verdict {
        Verdict::Private => ("private", "#0072b2", ""),
        Verdict::Backbone => ("backbone", "#009e73", "9 3"),
        Verdict::Public => ("public", "#e69f00", "9 3 2 3"),
        Verdict::Partial => ("partial", "#cc79a7", "5 3"),
        Verdict::Blocked => ("blocked", "#b00020", "2 3"),
        Verdict::Unsupported => ("unsupported", "#8c6d31", "2 5"),
        Verdict::Unknown => ("unknown", "#777777", "1 4"),
    };
    Stroke { title, colour, dash, width: 2.6, arrow: true }
}
