//! Templates of names: fixed text with `{placeholders}`.

use super::{MissingValue, NameError, NameValues, ServiceName, supplements};
use crate::net::Fqdn;

/// Pattern of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameTemplate {
    /// What the service calls the member, if that is published.
    pub(super) label: String,
    /// The name clients use.
    pub(super) public: String,
    /// Its alias.
    pub(super) private: String,
    /// Which address serves it.
    pub(super) member: Member,
    /// The public suffix, where the labels left of it (`{host}`) are not known from the service's own name.
    pub(super) host_of: Option<String>,
}

/// Address, or addresses, behind a name template (PE-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// One address.
    One(usize),
    /// One name and address for each region, counted from here.
    PerRegion(usize),
}

impl NameTemplate {
    /// The name, its alias and the zone among `zones` that holds the record.
    pub(super) fn fill(&self, fill: &Fill<'_>, zones: &[Fqdn], member: usize) -> Result<ServiceName, NameError> {
        let host_of = self.host_of.as_deref().map(|suffix| fill.apply(suffix)).transpose()?;
        let fill = Fill { host_of: host_of.as_ref(), ..*fill };
        let (public, private) = (fill.apply(&self.public)?, fill.apply(&self.private)?);
        let holders = zones.iter().filter(|zone| private.is_under(zone));
        let zone = holders.max_by_key(|zone| zone.as_str().len()).cloned();
        let zone = zone.ok_or_else(|| MissingValue::alias(public.as_str()))?;
        Ok(ServiceName { public, record: private.clone(), private, zone, member })
    }
}

/// Fills placeholders.
#[derive(Clone, Copy)]
pub(super) struct Fill<'a> {
    values: &'a NameValues<'a>,
    region: Option<&'a str>,
    host_of: Option<&'a Fqdn>,
}

impl<'a> Fill<'a> {
    /// With the values of a service, in one of its regions.
    pub(super) fn new(values: &'a NameValues<'a>, region: Option<&'a str>) -> Self {
        Self { values, region, host_of: None }
    }

    /// The template as a domain name.
    pub(super) fn apply(&self, template: &str) -> Result<Fqdn, NameError> {
        let mut text = String::new();
        for piece in pieces(template) {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Placeholder(name) => text.push_str(self.value(name)?),
            }
        }
        Ok(text.parse()?)
    }

    fn value(&self, placeholder: &str) -> Result<&str, MissingValue> {
        if let ("host", Some(suffix)) = (placeholder, self.host_of) {
            let given = self.values.values.get(suffix.as_str());
            return given.map(String::as_str).ok_or_else(|| MissingValue::host(suffix));
        }
        if placeholder == "regionName" {
            return self.region.ok_or_else(|| MissingValue::of(placeholder));
        }
        if let Some(given) = self.values.values.get(placeholder) {
            return Ok(given);
        }
        let is_own_name = supplements::OWN_NAME_PLACEHOLDERS.contains(&placeholder);
        if is_own_name { Ok(self.values.name) } else { Err(MissingValue::of(placeholder)) }
    }
}

/// `East US 2` as `eastus2`.
pub(super) fn canonical_region(region: &str) -> String {
    region.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Part of a template.
pub(super) enum Piece<'a> {
    /// Literal text.
    Text(&'a str),
    /// Name of a placeholder.
    Placeholder(&'a str),
}

/// Splits `a.{b}.c`. An unclosed brace stays text, which is no domain name.
pub(super) fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            rest = after;
            return Some(Piece::Placeholder(name));
        }
        let end = rest.char_indices().skip(1).find(|(_, c)| *c == '{').map_or(rest.len(), |(i, _)| i);
        let (text, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        Some(Piece::Text(text))
    })
}
