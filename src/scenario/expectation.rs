//! What a scenario expects.

use super::End;
use crate::{
    azure::defaults,
    diag::{Code, Diagnostic, Span, code},
    document::{Context, Decode, Node, Setting, Shape, Spanned, Value, choice, record},
    net::{Prefix, Transport},
    verdict::{Reason, Verdict, Via, Word},
};
use std::{collections::BTreeSet, net::IpAddr};

impl<W: Word> Decode for W {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let options: Vec<_> = W::ALL.iter().map(|w| (w.as_str(), *w)).collect();
        crate::document::choice_value(node, &options, context)
    }

    fn shape() -> Shape {
        Shape::Choice(W::WORDS)
    }

    fn written(&self) -> String {
        self.as_str().to_owned()
    }
}

/// One value or several.
#[derive(Debug, Clone, Default)]
pub struct OneOrMany<T = String>(pub Vec<Spanned<T>>);

impl<T: Decode> Decode for OneOrMany<T> {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match &node.value {
            Value::Sequence(items) => {
                let found: Vec<Spanned<T>> = Decode::decode(node, context)?;
                (!found.is_empty() || items.is_empty()).then_some(Self(found))
            }
            _ => Spanned::decode(node, context).map(|one| Self(vec![one])),
        }
    }

    fn shape() -> Shape {
        Shape::List(<Spanned<T>>::shape)
    }
}

record! {
    /// A flow and what must hold for it, `verdict` or `never` at least; or many flows, each of which must come out so.
    pub struct ExpectationFields {
        /// Name of the client: a machine, host, compute, `endpoint/deployment`, identity, gateway or internet client. Or a selection of clients; one that selects nothing fails.
        from: End = required,
        /// A resource name, domain name, URL or address. Or a selection of services.
        to: End = required,
        /// Destination port. Where services are selected and no port is written, each is asked for on the ports it serves.
        port: Setting<u16> = defaults::EXPECTATION_PORT,
        /// Transport.
        protocol: Setting<Transport> = Transport::Tcp,
        /// The verdict.
        verdict: Option<Spanned<Verdict>>,
        /// Verdicts that must not come out: one or a list. A flow that is `partial` must not come out so by any of its alternatives, and one that is `unknown` is undecided.
        never: Option<OneOrMany<Verdict>>,
        /// How it gets through.
        via: Option<Spanned<Via>>,
        /// The deciding reason.
        reason: Option<Spanned<Reason>>,
        /// All reasons, in any order.
        reasons: Option<Vec<Spanned<Reason>>>,
        /// Addresses that the name answers, or `NXDOMAIN`; for one target only.
        dns: Option<OneOrMany>,
        /// The route by which the client sends first.
        route: Option<RouteFields>,
        /// Elements that the path must pass.
        through: Vec<Spanned<String>>,
        /// Elements that the path must not pass.
        not_through: Vec<Spanned<String>>,
    }
}

record! {
    /// The winning route of a flow's first hop, in the columns of `privreach routes`.
    pub struct RouteFields {
        /// Destination prefix or service tag.
        prefix: Option<Spanned<String>>,
        /// Who brought the route in.
        source: Option<Spanned<RouteOrigin>>,
        /// Where it leads.
        next_hop_type: Option<Spanned<HopType>>,
        /// Addresses of the next hop.
        next_hop_in_ip_address: Option<OneOrMany<IpAddr>>,
    }
}

choice! {
    /// The source of an effective route, as Azure's own tools name it.
    pub enum RouteOrigin {
        User = "User",
        Gateway = "VirtualNetworkGateway",
        Default = "Default",
    }
}

choice! {
    /// The type of a next hop, as Azure's own tools name it.
    pub enum HopType {
        Appliance = "VirtualAppliance",
        ConnectedGroup = "ConnectedGroup",
        Drop = "None",
        Endpoint = "InterfaceEndpoint",
        Gateway = "VirtualNetworkGateway",
        GlobalPeering = "VNetGlobalPeering",
        Internet = "Internet",
        Local = "VnetLocal" | "VirtualNetwork",
        Peering = "VNetPeering",
        ServiceEndpoint = "VirtualNetworkServiceEndpoint",
    }
}

/// An expectation with its name.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// Name in the file.
    pub id: String,
    /// Place of its name.
    pub span: Span,
    /// What is expected.
    pub fields: ExpectationFields,
}

impl ExpectationFields {
    /// Whether it is about many flows.
    #[must_use]
    pub fn selects(&self) -> bool {
        self.from.selects() || self.to.selects()
    }

    /// Reports what does not go together.
    pub(super) fn check(&self, place: Span, context: &mut Context) {
        let mut report = |code: Code, span: Span, text: &str, help: &str| {
            context.diagnostics.push(Diagnostic::error(code, span, text).help(help));
        };
        match (&self.verdict, &self.never) {
            (None, None) => {
                report(code::MISSING_KEY, place, "missing key `verdict`", "add `verdict:` or `never:` here")
            }
            (Some(_), Some(never)) => {
                let span = never.0.first().map_or(place, |v| v.span);
                let help = "keep `verdict`, which excludes every other, or `never` alone";
                report(code::CONFLICT, span, "`never` beside `verdict` says nothing more", help);
            }
            _ => {}
        }
        if self.never.as_ref().is_some_and(|n| n.0.is_empty()) {
            report(code::VALUE, place, "`never` is empty", "name at least one verdict");
        }
        if let Some(dns) = self.dns.as_ref().filter(|_| self.to.selects()) {
            let span = dns.0.first().map_or(place, |d| d.span);
            let help = "name one target under `to`, or assert `verdict` and `via`";
            report(code::CONFLICT, span, "`dns` is the answer for one name, but `to` selects services", help);
        }
        self.impossible(&mut report);
        self.unreadable(&mut report);
    }

    /// What no flow can ever come out as.
    fn impossible(&self, report: &mut impl FnMut(Code, Span, &str, &str)) {
        let reason = self.reason.as_ref().map(|r| r.span);
        let reason = reason.or_else(|| self.reasons.iter().flatten().next().map(|r| r.span));
        if let (Some(verdict), Some(span)) = (self.verdict.as_ref().filter(|v| is_admitted(v.value)), reason) {
            let text = format!("a flow that is {} has no reason against it", verdict.value);
            report(code::CONFLICT, span, &text, "remove the reason, or expect the verdict that it leads to");
        }
        let refused = self.verdict.as_ref().filter(|v| !is_admitted(v.value));
        if let (Some(verdict), Some(via)) = (refused, &self.via) {
            let text = format!("a flow that is {} gets through by no path", verdict.value);
            let help = "remove `via`, or expect the verdict that it goes with";
            report(code::CONFLICT, via.span, &text, help);
        }
        let passed: BTreeSet<&str> = self.through.iter().map(|e| e.value.as_str()).collect();
        for both in self.not_through.iter().filter(|e| passed.contains(e.value.as_str())) {
            let text = format!("`{}` stands under `through`, too", both.value);
            report(code::CONFLICT, both.span, &text, "keep one of the two");
        }
    }

    /// Texts that no answer and no route is ever like.
    fn unreadable(&self, report: &mut impl FnMut(Code, Span, &str, &str)) {
        for answer in self.dns.iter().flat_map(|d| &d.0) {
            if answer_of(&answer.value).is_none() {
                let text = format!("`{}` is no answer: neither an address nor NXDOMAIN", answer.value);
                report(code::VALUE, answer.span, &text, "write addresses, as `[10.0.0.4]`, or `NXDOMAIN`");
            }
        }
        let prefix = self.route.as_ref().and_then(|r| r.prefix.as_ref());
        if let Some(prefix) = prefix.filter(|p| p.value.parse::<Prefix>().is_err() && !is_tag(&p.value)) {
            let text = format!("`{}` is no destination of a route", prefix.value);
            let help = "write a prefix, as `10.0.0.0/16`, or a service tag, as `Storage.WestEurope`";
            report(code::VALUE, prefix.span, &text, help);
        }
    }
}

/// An answer of a name in its canonical form.
#[must_use]
pub fn answer_of(text: &str) -> Option<String> {
    if text.eq_ignore_ascii_case("NXDOMAIN") {
        return Some("NXDOMAIN".to_owned());
    }
    text.parse::<IpAddr>().ok().map(|a| a.to_string())
}

/// Whether a verdict says that the flow gets through by a path.
fn is_admitted(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Private | Verdict::Backbone | Verdict::Public)
}

/// Whether a word may be a service tag, or the service of a service endpoint.
fn is_tag(word: &str) -> bool {
    crate::azure::service_tags::check(word).is_ok() || word.starts_with("Microsoft.")
}

/// Keys that say which flow is meant; a variant inherits them.
pub(super) const FLOW_KEYS: [&str; 4] = ["from", "to", "port", "protocol"];
