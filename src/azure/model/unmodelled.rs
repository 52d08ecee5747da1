//! What an estate holds beyond the model, as a file declares it.

use crate::document::{ListenPort, Reference, Setting, Spanned, record};

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
        /// Whether what is in doubt is the address of what it affects: then what rules and routes by address block comes out `unknown`, too.
        address_assumed: Setting<bool> = false,
        /// Ports at the affected balancers that rules of theirs may carry which are not in the file: then only what no other rule carries there is in doubt.
        ports: Vec<Spanned<ListenPort>>,
        /// Whether it is in doubt where what it affects stands: then whatever blocks its flows comes out `unknown`, too.
        place_assumed: Setting<bool> = false,
        /// Whether what is in doubt is who answers names to what it affects, for example the DNS servers of a network: then whatever stops a flow after it asked for a name comes out `unknown`.
        names_assumed: Setting<bool> = false,
        /// Whether what is in doubt is where packets go from what it affects, for example the route table of a subnet: then whatever stops a flow that meets it comes out `unknown`, from its first route on.
        routes_assumed: Setting<bool> = false,
        /// Whether what is in doubt is only how the affected networks are joined to others, for example a peering: then flows that stay inside one of them are not concerned.
        links_assumed: Setting<bool> = false,
        /// Whether only what the affected elements call themselves is in doubt, and not who reaches them.
        calls_only: Setting<bool> = false,
        /// Whether only whom the affected services let in at their public address is in doubt: flows by private endpoints stay certain.
        public_only: Setting<bool> = false,
        /// Whether only the rules by which the affected services let callers in at their public address are in doubt: flows by private endpoints stay certain, and so does what `public_network_access_enabled: false` refuses.
        public_rules_only: Setting<bool> = false,
    }
}
