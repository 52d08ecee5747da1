//! The registry of diagnostic codes: one entry each, read by `privreach explain`.

/// A diagnostic code such as `E-UNKNOWN-KEY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The text of the code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// A code with its explanation.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// What it means and what to do.
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $explanation:literal;)*) => {
        /// The codes as constants.
        pub mod code {
            use super::Code;
            $(#[doc = $explanation] pub const $name: Code = Code($text);)*
        }
        /// Every code, in order of definition.
        pub static CODES: &[CodeInfo] = &[$(CodeInfo { code: code::$name, explanation: $explanation },)*];
    };
}

codes! {
    IO = "E-IO", "A file or directory could not be read. Check the path and its permissions.";
    ENCODING = "E-ENCODING", "A file that is read must be text, in UTF-8 or UTF-16.";
    SYNTAX = "E-SYNTAX", "The file is not well-formed YAML 1.2 (or JSON).";
    LIMIT = "E-LIMIT", "The file exceeds a limit on nesting, values or alias expansion. The limits keep a hostile file from exhausting memory.";
    EMPTY = "E-EMPTY", "The file holds no scenario.";
    USAGE = "E-USAGE", "The command line names something that is not there: a variant, a client, a target, a lint rule. The message says what there is.";
    NO_SCENARIO = "E-NO-SCENARIO", "No scenario file was found under the given path. A check that evaluates nothing does not pass.";
    NO_EXPECTATION = "E-NO-EXPECTATION", "No scenario under the given paths expects anything: an error, since a check that asserts nothing does not pass. A single scenario without expectations beside others is a warning. Use `trace` to ask, or add `expectations`.";
    DUPLICATE_KEY = "E-DUPLICATE-KEY", "A key occurs twice in one mapping, or two names of resources differ only by upper and lower case, which Azure does not tell apart. Remove or rename one of the two.";
    MERGE_KEY = "E-MERGE-KEY", "The YAML merge key `<<` is not part of YAML 1.2 and is not supported. Write the values out, or use `extends` and `patch`.";
    UNKNOWN_KEY = "E-UNKNOWN-KEY", "The format has no such key here. Nothing is ever skipped silently, so a misspelt key is an error.";
    NOT_MODELLED = "E-NOT-MODELLED", "The provider knows this, and privreach does not model it. An answer that left it out could be wrong, so the file is refused; the help says what to declare in its place.";
    MISSING_KEY = "E-MISSING-KEY", "A required key is absent.";
    TYPE = "E-TYPE", "A value has the wrong type, for example a list where text is expected.";
    VALUE = "E-VALUE", "A value is outside what the format or the platform allows.";
    PREFIX = "E-PREFIX", "A text is not a canonical address prefix. Host bits must be zero.";
    OVERLAP = "E-OVERLAP", "Two prefixes or addresses that must be disjoint overlap.";
    REFERENCE = "E-REFERENCE", "A name refers to nothing that is declared in the scenario.";
    PLACEMENT = "E-PLACEMENT", "An address or subnet lies outside the network that must contain it.";
    CONFLICT = "E-CONFLICT", "Two declarations exclude each other.";
    PRIORITY = "E-PRIORITY", "A priority is used twice, or lies outside its range.";
    EXTENDS = "E-EXTENDS", "The scenario named by `extends` cannot be used: it is missing, or the chain runs in a circle.";
    TRANSIT = "E-TRANSIT", "A link uses a remote gateway without what that needs: the other link's consent, a gateway there, none of its own, and one such link only (PEER-08).";
    ROUTING_INTENT = "E-RI", "A hub with a routing intent has no custom route tables and no static routes to connections (VWAN-18).";
    ASG_VNET = "E-ASG-VNET", "All members of an application security group are in one virtual network (ASG-01).";
    ASG_PAIR = "E-ASG-PAIR", "The application security groups of one rule have their members in one virtual network (ASG-02).";
    FW_FQDN = "E-FW-FQDN", "Names in network rules need the firewall's DNS proxy, and are no patterns (FW-07, FW-08).";
    ADDR_FORBIDDEN = "E-ADDR-FORBIDDEN", "The range is one that no virtual network may use (ADDR-01).";
    ADDR_RESERVED = "E-ADDR-RESERVED", "The address is one of the five that the platform reserves in every subnet (ADDR-03).";
    SUBNET = "E-SUBNET", "The subnet has a size, a name or a resource that the platform refuses (ADDR-02, SUB-01 to SUB-09).";
    DELEGATION = "E-DELEGATION", "A delegated subnet takes only instances of its service (SUB-08).";
    PATCH = "E-PATCH", "A patch removes something that the base does not have, so it has no effect.";
    UNSUPPORTED_TARGET = "E-PE-TARGET", "The target cannot have a private endpoint of that sub-resource.";
    PE_SKU = "E-PE-SKU", "The SKU of the target does not support private endpoints; the platform refuses the connection.";
    MVNET_PEER = "E-MVNET-PEER", "A managed virtual network cannot be peered, linked, routed or filtered by the customer (MVNET-09). The platform refuses it; use a private endpoint rule or the application gateway bridge.";
    RULE_MODE = "E-RULE-MODE", "Service tag and FQDN outbound rules exist only in AllowOnlyApprovedOutbound (ISO-02, FQDN-06).";
    RULE_DUPLICATE = "E-RULE-DUPLICATE", "A private endpoint rule to the same target and sub-resource exists already (OUT-05).";
    RULE_NAME = "E-RULE-NAME", "Names that begin with `__SYS_` are reserved for the platform's own rules (OUT-04).";
    ALIAS_LABELS = "E-ALIAS-LABELS", "An alias of an application gateway rule needs at least three labels (AGW-10).";
    PLC_SUBNET = "E-PLC-SUBNET", "A private-link configuration needs a subnet of its own with private-link-service network policies disabled (AGW-07).";
    JSON = "E-JSON", "A file to import is not JSON, or is cut off. Comments, trailing commas and raw line breaks are accepted, as Azure accepts them.";
    IMPORT = "E-IMPORT", "A file to import is not what the format expects, or nothing in it could be imported.";
    TEMPLATE = "E-TEMPLATE", "An expression of a template cannot be evaluated: its syntax, a function or its arguments are not known.";
    TEMPLATE_CYCLE = "E-TEMPLATE-CYCLE", "Values of a template refer to each other in a circle.";
    TEMPLATE_PARAMETER = "E-TEMPLATE-PARAMETER", "A template has a parameter without a value, or a value is given for one that it does not have. Give values with `--parameters FILE` or `--parameter name=value`.";
    NAME = "W-NAME", "Azure refuses the name: its length, its characters, or how it begins or ends. The verdicts hold for the design; its deployment under that name does not work.";
    IGNORED = "W-IGNORED", "A value has no effect where it stands.";
}
