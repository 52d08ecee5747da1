//! Security groups at subnet and interface.

use crate::lint::{Category, Findings, Level, Rule, View};

pub(super) static RULE: Rule = Rule {
    code: "PRL0133",
    name: "nsg-at-both-gates",
    level: Level::Info,
    category: Category::Filter,
    what: "A machine with a security group at its interface in a subnet that has one, too.",
    why: "Both must allow what comes and goes, which is easily overlooked when one of them is changed.",
    fix: "keep one of the two groups",
    covers: &["LINT-NET-91"],
    sources: &["NSG-14"],
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for (name, machine) in view.estate.virtual_machines.iter() {
        let further = machine.value.secondary_network_interfaces.iter();
        let all = further.map(|(_, i)| (&i.value.network_security_group, &i.value.subnet));
        for (group, subnet) in
            std::iter::once((&machine.value.network_security_group, &machine.value.subnet)).chain(all)
        {
            let outer = view.subnet(&subnet.value).and_then(|s| s.entry.value.network_security_group.as_ref());
            if let (Some(group), Some(outer)) = (group, outer) {
                findings
                    .at(group.span, format!("`{name}` has `{}` beside `{}` of its subnet", group.value, outer.value))
                    .related(outer.span, "the group of the subnet");
            }
        }
    }
}
