//! Domain names and left-wildcard patterns.

use std::{fmt, str::FromStr};
use thiserror::Error;

/// A domain name: lower case, no final dot, labels of 1 to 63 characters, at most 253 in all. The leftmost label may
/// be `*` (a wildcard record).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fqdn(String);

/// Why a text is not a domain name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` is not a domain name: {why}")]
pub struct FqdnError {
    /// The text.
    pub name: String,
    /// The rule it breaks.
    pub why: &'static str,
}

impl Fqdn {
    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Labels from left to right.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether the name equals `suffix` or lies below it.
    #[must_use]
    pub fn is_under(&self, suffix: &Self) -> bool {
        self.relative_to(suffix).is_some()
    }

    /// The part of the name left of `zone`; empty at the apex; `None` outside the zone.
    #[must_use]
    pub fn relative_to(&self, zone: &Self) -> Option<&str> {
        let rest = self.0.strip_suffix(zone.as_str())?;
        if rest.is_empty() { Some("") } else { rest.strip_suffix('.') }
    }

    /// The name without its leftmost label.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, rest)| Self(rest.to_owned()))
    }

    /// `label.self`.
    ///
    /// # Errors
    /// If the result is not a domain name.
    pub fn prepend(&self, relative: &str) -> Result<Self, FqdnError> {
        if relative.is_empty() || relative == "@" { Ok(self.clone()) } else { format!("{relative}.{}", self.0).parse() }
    }
}

impl FromStr for Fqdn {
    type Err = FqdnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let fail = |why| Err(FqdnError { name: text.to_owned(), why });
        if name.is_empty() || name.len() > 253 {
            return fail("a name has 1 to 253 characters");
        }
        for (i, label) in name.split('.').enumerate() {
            if label.is_empty() || label.len() > 63 {
                return fail("each label has 1 to 63 characters");
            }
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if !(label.chars().all(allowed) || i == 0 && label == "*") {
                return fail("labels hold letters, digits, `-` and `_`");
            }
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Fqdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name, or every name below a suffix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FqdnPattern {
    /// Exactly this name.
    Exact(Fqdn),
    /// Any depth below the suffix, not the suffix itself (FQDN-03).
    Below(Fqdn),
    /// Every name.
    Any,
}

impl FqdnPattern {
    /// Whether the name matches.
    #[must_use]
    pub fn matches(&self, name: &Fqdn) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Below(suffix) => name != suffix && name.is_under(suffix),
            Self::Any => true,
        }
    }

    /// Whether a certificate for this pattern is valid for the name: a wildcard covers one label only.
    #[must_use]
    pub fn covers_host(&self, name: &Fqdn) -> bool {
        match self {
            Self::Below(suffix) => name.parent().as_ref() == Some(suffix),
            other => other.matches(name),
        }
    }
}

impl FromStr for FqdnPattern {
    type Err = FqdnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match text.strip_prefix("*.") {
            Some(suffix) if !suffix.contains('*') => suffix.parse().map(Self::Below),
            _ if text.contains('*') => Err(FqdnError {
                name: text.to_owned(),
                why: "a wildcard stands only at the left, as in `*.example.com`",
            }),
            _ => text.parse().map(Self::Exact),
        }
    }
}

impl fmt::Display for FqdnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Below(suffix) => write!(f, "*.{suffix}"),
            Self::Any => f.write_str("*"),
        }
    }
}

/// A host of a listener: `*` stands for any characters of a name, the dot included, and `?` for one (AGW-11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(String);

impl HostPattern {
    /// Whether the name matches.
    #[must_use]
    pub fn matches(&self, name: &Fqdn) -> bool {
        // Where the last `*` was, and how much of the name it has taken.
        let (mut pattern, mut rest) = (self.0.as_bytes(), name.as_str().as_bytes());
        let mut star: Option<(&[u8], &[u8])> = None;
        loop {
            match (pattern.split_first(), rest.split_first()) {
                (Some((b'*', after)), _) => {
                    star = Some((after, rest));
                    pattern = after;
                }
                (Some((p, after)), Some((c, further))) if *p == b'?' || p == c => {
                    (pattern, rest) = (after, further);
                }
                (None, None) => return true,
                _ => {
                    let Some((after, [_, further @ ..])) = star else { return false };
                    star = Some((after, further));
                    (pattern, rest) = (after, further);
                }
            }
        }
    }
}

impl FromStr for HostPattern {
    type Err = FqdnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self(text.to_owned()));
        }
        // Wildcards stand for letters, at least.
        let filled = text.replace(['*', '?'], "x");
        filled.parse::<Fqdn>().map_err(|e| FqdnError { name: text.to_owned(), ..e })?;
        Ok(Self(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Fqdn {
        text.parse().unwrap()
    }

    #[test]
    fn a_wildcard_covers_any_depth_but_not_the_suffix() {
        // FQDN-03
        let pattern: FqdnPattern = "*.pythonhosted.org".parse().unwrap();
        assert!(pattern.matches(&name("files.pythonhosted.org")));
        assert!(pattern.matches(&name("a.b.pythonhosted.org")));
        assert!(!pattern.matches(&name("pythonhosted.org")));
        assert!(!pattern.matches(&name("notpythonhosted.org")));
        assert!("a.*.org".parse::<FqdnPattern>().is_err() && "*.*.org".parse::<FqdnPattern>().is_err());
    }

    #[test]
    fn hosts_of_listeners_hold_wildcards_anywhere() {
        let serves = |pattern: &str, host: &str| pattern.parse::<HostPattern>().unwrap().matches(&name(host));
        assert!(serves("*.contoso.com", "app.contoso.com") && serves("*.contoso.com", "app.eu.contoso.com"));
        assert!(!serves("*.contoso.com", "contoso.com"));
        assert!(serves("*.contoso-*.com", "a.contoso-b.com") && serves("shop?.contoso.com", "shop1.contoso.com"));
        assert!(!serves("shop?.contoso.com", "shop.contoso.com") && !serves("Shop.com", "shop.com.org"));
        assert!(serves("Shop.com", "shop.com") && serves("*a*b", "xaxbxb") && !serves("*a*b", "xaxbx"));
        assert!("a b.com".parse::<HostPattern>().is_err() && "".parse::<HostPattern>().is_err());
    }

    #[test]
    fn relative_names() {
        assert_eq!(name("a.b.c").relative_to(&name("b.c")), Some("a"));
        assert_eq!(name("b.c").relative_to(&name("b.c")), Some(""));
        assert_eq!(name("xb.c").relative_to(&name("b.c")), None);
        assert_eq!(name("A.B.").as_str(), "a.b");
    }
}
