//! Calls of services to each other, and of apps (TRUST-01 to TRUST-12, NSP-04, SPL-01, SPL-02, APP-02 to APP-04).

use super::{Answer, Open, Reading, To, blocked};
use privreach::azure::model::{
    network::Access,
    service::{
        Bypass, ConnectionStatus, ExecutionEnvironment, IdentityType, PublicNetworkAccess, SharedPrivateLink,
        VirtualNetworkIntegration,
    },
};

/// A service that calls with an identity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'e> {
    kind: &'e str,
    identity: IdentityType,
    /// The resource, by name.
    resource: &'e str,
}

const WORKSPACE: &str = "Microsoft.MachineLearningServices/workspaces";

impl<'e> Reading<'e> {
    /// Who calls under a name.
    pub(crate) fn caller(&self, name: &str) -> Option<Caller<'e>> {
        if let Some((resource, p)) = self.e.platform_callers.iter().find(|(n, _)| *n == name) {
            return Some(Caller { kind: &p.value.type_.value, identity: *p.value.identity, resource });
        }
        for (resource, s) in self.e.services.iter() {
            if let Some(identity) = &s.value.identity
                && identity.name.as_ref().is_some_and(|n| n.value == name)
            {
                return Some(Caller { kind: &s.value.type_.value, identity: *identity.type_, resource });
            }
        }
        let mut workspaces = self.e.machine_learning_workspaces.iter();
        workspaces.find_map(|(resource, w)| {
            let identity = w.value.identity.as_ref()?;
            let own = identity.name.as_ref().is_some_and(|n| n.value == name);
            own.then_some(Caller { kind: WORKSPACE, identity: *identity.type_, resource })
        })
    }

    /// A call to a service, judged by the service's own exceptions: no network lies between (HUB-11).
    pub(crate) fn call(&self, caller: Caller<'e>, asked: &str) -> Open<Answer> {
        // Asked for as a whole, a service stands for its first sub-resource.
        let member = self.member_named(asked).or_else(|| self.members().into_iter().find(|m| m.service == asked));
        let (name, group) = member.map_or((asked, ""), |m| (m.service, m.group));
        let Some(target) = self.e.services.get(name) else { return Err(super::Stop::Unknown("NOT-MODELLED")) };
        let target = &target.value;
        if let Some(answer) = self.shared_link(caller, name, group) {
            return answer;
        }
        let (perimeter, enforced) = self.perimeter(name);
        // NSP-02: what a caller in a perimeter may call.
        if !self.same_perimeter(caller.resource, name) && self.outbound_closed(caller.resource) {
            return blocked("NSP-OUT");
        }
        // NSP-04, NSP-03.
        if perimeter.is_some() && self.same_perimeter(caller.resource, name) && caller.identity != IdentityType::None {
            return Ok(Answer("backbone", "perimeter"));
        }
        if enforced {
            return blocked("PNA");
        }
        let rules = target.network_rules.as_ref();
        if self.public_access(name, target) && rules.is_none_or(|r| *r.default_action == Access::Allow) {
            return Ok(Answer("public", "public-endpoint"));
        }
        // PAAS-01, step 2.
        if target.public_network_access.as_ref().is_some_and(|a| a.value == PublicNetworkAccess::SecuredByPerimeter) {
            return blocked("PNA");
        }
        // TRUST-07.
        if rules.is_some_and(|r| r.private_link_access.iter().any(|a| a.value == caller.resource)) {
            return Ok(Answer("backbone", "resource-instance"));
        }
        let kind = target.type_.value.as_str();
        let declared = rules.and_then(|r| r.bypass.as_ref());
        let bypass = match declared {
            Some(list) => list.iter().any(|b| b.value == Bypass::AzureServices),
            // TRUST-02.
            None => {
                kind.starts_with("Microsoft.Storage/")
                    || kind.starts_with("Microsoft.KeyVault/")
                    || kind.starts_with("Microsoft.ContainerRegistry/")
            }
        };
        // SE-09.
        let restricted = kind.starts_with("Microsoft.ContainerRegistry/")
            && rules.is_some_and(|r| !r.virtual_network_subnets.is_empty());
        if bypass && !restricted && trusted(kind, group, caller) {
            return Ok(Answer("backbone", "trusted-service"));
        }
        blocked("TRUSTED-OFF")
    }

    /// NSP-02, outbound: the perimeter's rules alone where it is enforced, or where the caller is secured by it.
    fn outbound_closed(&self, caller: &str) -> bool {
        let Some(service) = self.e.services.get(caller) else { return false };
        let secured = service.value.public_network_access.as_ref();
        secured.is_some_and(|a| a.value == PublicNetworkAccess::SecuredByPerimeter) || self.perimeter(caller).1
    }

    pub(crate) fn integration(&self, app: &str) -> Option<&'e VirtualNetworkIntegration> {
        self.e.services.get(app)?.value.virtual_network_integration.as_ref()
    }

    /// APP-03: everything with route all, else private destinations and what the subnet has a service endpoint for.
    pub(crate) fn enters_network(&self, app: &'e str, to: &To) -> bool {
        self.integration(app).is_some_and(|i| {
            let (net, subnet) = Self::split(&i.subnet.value);
            let private = to.address.is_some_and(|a| !self.is_public(a));
            *i.route_all_enabled || private || self.has_service_endpoint(net, subnet, to)
        })
    }

    fn same_perimeter(&self, a: &str, b: &str) -> bool {
        self.e.network_security_perimeters.iter().any(|(_, p)| {
            let member = |name: &str| {
                let mut all = p.value.associations.iter();
                all.any(|(key, a)| a.value.resource.as_ref().map_or(key, |r| r.value.as_str()) == name)
            };
            member(a) && member(b)
        })
    }

    /// SPL-01, DNS-08: whether a search service has an approved link to a service, of this sub-resource if it matters.
    pub(crate) fn linked(&self, target: &str, group: Option<&str>) -> bool {
        let links = self.e.services.iter().flat_map(|(_, s)| s.value.shared_private_links.iter());
        links.map(|(_, l)| &l.value).any(|l| {
            let fits = group.is_none_or(|g| l.group_id.value.eq_ignore_ascii_case(g));
            l.target.value == target && fits && *l.status == ConnectionStatus::Approved
        })
    }

    /// SPL-01, SPL-02: to one sub-resource, and only from the private environment.
    fn shared_link(&self, caller: Caller<'e>, target: &str, group: &str) -> Option<Open<Answer>> {
        let service = &self.e.services.get(caller.resource)?.value;
        if *service.execution_environment != ExecutionEnvironment::Private {
            return None;
        }
        let fits = |l: &SharedPrivateLink| l.target.value == target && l.group_id.value.eq_ignore_ascii_case(group);
        let (_, link) = service.shared_private_links.iter().find(|(_, l)| fits(&l.value))?;
        Some(match *link.value.status {
            ConnectionStatus::Approved => Ok(Answer("private", "private-endpoint")),
            ConnectionStatus::Pending => blocked("PE-PENDING"),
            _ => blocked("PE-INACTIVE"),
        })
    }
}

/// TRUST-05 to TRUST-12: who counts depends on the pair.
fn trusted(target: &str, group: &str, caller: Caller) -> bool {
    let managed = caller.identity != IdentityType::None;
    let is = |kind: &str| caller.kind == kind;
    let (search, cognitive) = (is("Microsoft.Search/searchServices"), is("Microsoft.CognitiveServices/accounts"));
    let backup = is("Microsoft.RecoveryServices/vaults");
    match target {
        // TRUST-08: search as itself only, and blobs only.
        "Microsoft.Storage/storageAccounts" => {
            backup || search && caller.identity.is_own() && group == "blob" || managed && (cognitive || is(WORKSPACE))
        }
        "Microsoft.KeyVault/vaults" => backup || is(WORKSPACE) || is("Microsoft.Compute/disks"),
        "Microsoft.ContainerRegistry/registries" => {
            managed && (is(WORKSPACE) || is("Microsoft.ContainerInstance/containerGroups"))
        }
        "Microsoft.CognitiveServices/accounts" => managed && (cognitive || search || is(WORKSPACE)),
        "Microsoft.Search/searchServices" => managed && (cognitive || is(WORKSPACE)),
        _ => false,
    }
}
