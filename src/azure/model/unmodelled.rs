//! What an estate holds beyond the model, as a file declares it.

use crate::document::{ListenPort, Reference, Setting, Spanned, choice, record};

record! {
    /// Something that exists and is not modelled. Verdicts that it could change come out `unknown`: with `subnet`, those that meet an address nobody owns there, with `subnet_unknown` those that meet one anywhere; with `affects`, those that meet one of the elements; with `names`, those of names at or below them; with none of these, all. Remove an entry once you know that it does not matter.
    pub struct Unmodelled {
        /// Resource type, or what it is.
        type_: Spanned<String> = required,
        /// What is not understood, and why it could matter.
        reason: Spanned<String> = required,
        /// The subnet it stands in, as `vnet/subnet`.
        subnet: Option<Reference>,
        /// Whether it stands in a subnet that is not known, so that any address which nobody owns may be its own.
        subnet_unknown: Setting<bool> = false,
        /// Names of elements whose behaviour it could change, as traces name them.
        affects: Vec<Reference>,
        /// Domain names that it could answer, each with everything below it.
        names: Vec<Spanned<String>>,
        /// Ports at the affected balancers that rules of theirs may carry which are not in the file: then only what no other rule carries there is in doubt.
        ports: Vec<Spanned<ListenPort>>,
        /// What of the affected elements is in doubt, if that is not all they do.
        concerns: Vec<Spanned<Concern>>,
    }
}

choice! {
    /// What of an element is in doubt. `address`: the address that it has, and what rules and routes by address do to it. `place`: where it stands, so that whatever blocks its flows may be beside the point. `names`: who answers names to it, for example the DNS servers of a network; what stops a flow after it asked for a name comes out `unknown`. Beside the key `names`: that only private DNS may answer these, which clients on the internet do not ask. `routes`: where packets go from it, for example by the route table of a subnet; what stops a flow that meets it comes out `unknown`, from its first route on. `links`: how networks are joined to others, for example by a peering; flows that stay inside one of them are not concerned. `calls`: what it calls itself, not who reaches it. `public_access`: whom a service lets in at its public address; flows by private endpoints stay certain. `public_rules`: the same, where `public_network_access_enabled: false` refuses for certain.
    pub enum Concern {
        Address = "address",
        Place = "place",
        Names = "names",
        Routes = "routes",
        Links = "links",
        Calls = "calls",
        PublicAccess = "public_access",
        PublicRules = "public_rules",
    }
}
