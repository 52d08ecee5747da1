//! What a scenario expects.

use crate::{
    azure::defaults,
    diag::Span,
    document::{Context, Decode, Node, Setting, Shape, Spanned, Value, record},
    net::Transport,
    verdict::{Reason, Verdict, Via, Word},
};

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

/// One text or several.
#[derive(Debug, Clone, Default)]
pub struct OneOrMany(pub Vec<Spanned<String>>);

impl Decode for OneOrMany {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match node.value {
            Value::Sequence(_) => Decode::decode(node, context).map(Self),
            _ => Spanned::decode(node, context).map(|one| Self(vec![one])),
        }
    }

    fn shape() -> Shape {
        Shape::List(<Spanned<String>>::shape)
    }
}

record! {
    /// A flow and what must hold for it.
    pub struct ExpectationFields {
        /// Name of the client: a machine, host, compute, `endpoint/deployment`, identity, gateway or internet client.
        from: Spanned<String> = required,
        /// A resource name, domain name, URL or address.
        to: Spanned<String> = required,
        /// Destination port.
        port: Setting<u16> = defaults::EXPECTATION_PORT,
        /// Transport.
        protocol: Setting<Transport> = Transport::Tcp,
        /// The verdict.
        verdict: Spanned<Verdict> = required,
        /// How it gets through.
        via: Option<Spanned<Via>>,
        /// The deciding reason.
        reason: Option<Spanned<Reason>>,
        /// All reasons, in any order.
        reasons: Option<Vec<Spanned<Reason>>>,
        /// Addresses that the name answers, or `NXDOMAIN`.
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
        /// `User`, `VirtualNetworkGateway` or `Default`.
        source: Option<Spanned<String>>,
        /// Next hop type, for example `VirtualAppliance`.
        next_hop_type: Option<Spanned<String>>,
        /// Addresses of the next hop.
        next_hop_in_ip_address: Option<OneOrMany>,
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

/// Keys that say which flow is meant; a variant inherits them.
pub(super) const FLOW_KEYS: [&str; 4] = ["from", "to", "port", "protocol"];
