//! Resource ids of Azure Resource Manager.

/// A resource id, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmId {
    /// Everything before the last `/providers/`, in lower case: subscription and resource group, or an extended resource.
    pub scope: String,
    /// Full type in lower case, for example `microsoft.network/virtualnetworks/subnets`.
    pub kind: String,
    /// One name a segment of the type.
    pub names: Vec<String>,
}

impl ArmId {
    /// Takes an id apart; nothing if it is none.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let lower = id.to_ascii_lowercase();
        let at = lower.rfind("/providers/")?;
        let rest = id.get(at + "/providers/".len()..)?;
        let mut parts = rest.trim_end_matches('/').split('/');
        let mut kind = parts.next()?.to_ascii_lowercase();
        let mut names = Vec::new();
        while let Some(segment) = parts.next() {
            kind.push('/');
            kind.push_str(&segment.to_ascii_lowercase());
            names.push(parts.next()?.to_owned());
        }
        (!names.is_empty()).then(|| Self { scope: lower.get(..at).unwrap_or_default().to_owned(), kind, names })
    }

    /// The last name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// The resource group, if there is one.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        let rest = self.scope.split_once("/resourcegroups/")?.1;
        rest.split('/').next()
    }

    /// The id of the resource that this one is part of.
    #[must_use]
    pub fn parent(&self) -> Option<String> {
        let (kind, _) = self.kind.rsplit_once('/')?;
        let names = self.names.len().checked_sub(1).filter(|n| *n > 0)?;
        Some(join(&self.scope, kind, self.names.get(..names)?))
    }
}

/// An id from its parts.
#[must_use]
pub(super) fn join(scope: &str, kind: &str, names: &[String]) -> String {
    let mut segments = kind.split('/');
    let mut id = format!("{}/providers/{}", scope.trim_end_matches('/'), segments.next().unwrap_or_default());
    for (segment, name) in segments.zip(names) {
        id.push('/');
        id.push_str(segment);
        id.push('/');
        id.push_str(name);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_apart_and_together() {
        let id = "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Network/virtualNetworks/V/subnets/Sn";
        let parsed = ArmId::parse(id).unwrap();
        assert_eq!((parsed.kind.as_str(), parsed.name()), ("microsoft.network/virtualnetworks/subnets", "Sn"));
        assert_eq!(parsed.group(), Some("rg"));
        let parent = "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/virtualnetworks/V";
        assert_eq!(parsed.parent().as_deref(), Some(parent));
        assert_eq!(ArmId::parse("10.0.0.0/16"), None);
        assert_eq!(ArmId::parse("/subscriptions/s"), None);
    }
}
