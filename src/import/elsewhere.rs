//! Where the input holds something of a type and name that is asked for in another subscription or resource group.

use super::draft::{Draft, Key};
use std::collections::BTreeMap;

/// Where templates are taken to be deployed: subscription and resource group, in lower case.
pub(super) type Deployed = (String, String);

/// Ids of what is declared, by collection and what follows the resource group.
pub(super) struct Elsewhere<'d> {
    ids: BTreeMap<(&'static str, String), String>,
    deployed: Option<&'d Deployed>,
}

/// An id in lower case, taken apart: subscription, resource group, and what follows.
fn parts(id: &str) -> Option<(&str, &str, &str)> {
    let (subscription, rest) = id.strip_prefix("/subscriptions/")?.split_once('/')?;
    let (group, rest) = rest.strip_prefix("resourcegroups/")?.split_once('/')?;
    Some((subscription, group, rest))
}

impl<'d> Elsewhere<'d> {
    pub(super) fn new(draft: &'d Draft) -> Self {
        let declared = draft.items.iter().filter(|(_, i)| !i.is_stub).map(|(key, _)| key).chain(&draft.gone);
        let known = declared.filter_map(|key| Some(((key.collection, parts(&key.id)?.2.to_owned()), key.id.clone())));
        Self { ids: known.collect(), deployed: draft.deployed.as_ref() }
    }

    /// What to do about a reference to something that the input does not hold.
    pub(super) fn help(&self, to: &Key) -> String {
        let other = parts(&to.id).and_then(|(subscription, group, rest)| {
            let other = self.ids.get(&(to.collection, rest.to_owned()))?;
            let (other_subscription, other_group, _) = parts(other)?;
            Some([(subscription, other_subscription), (group, other_group)])
        });
        let Some([subscriptions, groups]) = other else {
            return "import the file that declares it, too".to_owned();
        };
        let holds =
            format!("it holds one of that name in subscription {}, resource group {}", subscriptions.1, groups.1);
        // The end that stands where the template is taken to be deployed may stand elsewhere.
        let (subscription, group) = self.deployed.map_or(("", ""), |(s, g)| (s.as_str(), g.as_str()));
        let option = |name: &str, (wanted, held): (&str, &str), deployed: &str| match (wanted, held) {
            _ if wanted == held => Some(String::new()),
            (wanted, held) if wanted == deployed => Some(format!("{name} {held}")),
            (wanted, held) if held == deployed => Some(format!("{name} {wanted}")),
            _ => None,
        };
        let options = option("--subscription", subscriptions, subscription)
            .zip(option("--resource-group", groups, group))
            .map(|(s, g)| [s, g].join(" ").trim().to_owned());
        match options {
            Some(options) => format!("{holds}; if that is meant, say where the template is deployed: `{options}`"),
            None => format!("{holds}; import the file that declares the other, too"),
        }
    }
}
