//! Hubs and workspaces: names, doors and gates (HUB-01, IN-01 to IN-05, MOE-02).

use super::{Compiler, NamedDoor, Target};
use crate::{
    azure::{
        known_services::{ServiceName, WORKSPACE_TYPE, WorkspaceNames},
        model::{
            service::{AccountKind, IdentityType},
            workspace::{IsolationMode, MachineLearningWorkspace, WorkspaceKind},
        },
    },
    dataplane::{Absence, Door, DoorName, FurtherName, Gate, Id, Origin, Recognises, Resource, Setting},
    diag::{Diagnostic, code},
    net::{Fqdn, FqdnPattern, PortSet},
    verdict::Reason,
};
use std::sync::Arc;

impl Compiler<'_> {
    pub(super) fn workspaces(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.machine_learning_workspaces.iter() {
            let workspace = &entry.value;
            let has_identity = workspace.identity.as_ref().is_some_and(|i| i.type_.value != IdentityType::None);
            let resource = self.plane.resources.push(Resource {
                origin: Origin::new("workspace", name, entry.span),
                kind: WORKSPACE_TYPE.to_owned(),
                names: Vec::new(),
                gate: None,
                has_identity,
                own_identity: workspace.identity.as_ref().is_some_and(|i| i.type_.value.is_own()),
                shared_links: Vec::new(),
                outbound: None,
            });
            if self.resources.insert(name.to_owned(), resource).is_some() {
                self.error(
                    code::CONFLICT,
                    entry.span,
                    format!("a service and a workspace are both named `{name}`"),
                    "references by name need distinct names",
                );
            }
        }
        for (name, entry) in estate.machine_learning_workspaces.iter() {
            self.workspace_references(&entry.value);
            match entry.value.kind.value {
                WorkspaceKind::Project => self.project(name, &entry.value, entry.span),
                WorkspaceKind::Hub | WorkspaceKind::Default => self.hub(name, &entry.value, entry.span),
            }
        }
        self.service_doors();
    }

    fn workspace_references(&mut self, workspace: &MachineLearningWorkspace) {
        let estate = self.estate;
        for reference in
            [&workspace.storage_account, &workspace.key_vault, &workspace.container_registry].into_iter().flatten()
        {
            self.declared("service", reference, &estate.services);
        }
        if let Some(compute) = &workspace.image_build_compute_name {
            self.declared("compute", compute, &workspace.compute);
        }
        for (_, connection) in workspace.connections.iter() {
            let names = self.resources.clone();
            self.find("service or workspace", &connection.value.target, &names);
        }
    }

    /// A project is reached by its hub's names and has no network of its own (HUB-02).
    fn project(&mut self, name: &str, workspace: &MachineLearningWorkspace, span: crate::diag::Span) {
        let estate = self.estate;
        match &workspace.hub {
            Some(hub) => {
                self.declared("hub", hub, &estate.machine_learning_workspaces);
            }
            None => self.error(code::MISSING_KEY, span, format!("project `{name}` names no hub"), "add hub"),
        }
        let hub = workspace.hub.as_ref();
        let of = hub.and_then(|h| estate.machine_learning_workspaces.get(&h.value));
        if let (Some(hub), Some(of)) = (hub, of)
            && of.value.kind.value != WorkspaceKind::Hub
        {
            let text = format!("`{}`, the hub of project `{name}`, is none (HUB-02)", hub.value);
            let error = Diagnostic::error(code::CONFLICT, hub.span, text).related(of.span, "declared here");
            self.diagnostics.push(error.help("name a workspace of kind Hub").refused());
        }
        let own = [&workspace.storage_account, &workspace.key_vault, &workspace.container_registry];
        if let Some(service) = own.into_iter().flatten().next() {
            let text = format!("project `{name}` uses the services of its hub, and names `{}` (HUB-02)", service.value);
            let error = Diagnostic::error(code::CONFLICT, service.span, text).refused();
            self.diagnostics.push(error.help("connect the hub to it"));
        }
        if workspace.managed_network.is_some()
            || !workspace.compute.is_empty()
            || !workspace.online_endpoints.is_empty()
        {
            self.error(
                code::CONFLICT,
                span,
                format!("project `{name}` declares a managed network, compute or endpoints of its own (HUB-02)"),
                "declare them on the hub",
            );
        }
        // Its access is its hub's (HUB-02).
        let access = workspace.public_network_access_enabled.span;
        let keys = [
            ("public_network_access_enabled", access),
            ("ip_rules", workspace.ip_rules.first().map(|r| r.span)),
            ("public_ip_address", workspace.public_ip_address.as_ref().map(|a| a.span)),
        ];
        for (key, span) in keys.into_iter().filter_map(|(key, span)| Some((key, span?))) {
            let text = format!("project `{name}` has the access of its hub; `{key}` says nothing here (HUB-02)");
            let error = Diagnostic::error(code::CONFLICT, span, text).refused();
            self.diagnostics.push(error.help(format!("declare `{key}` on the hub")));
        }
    }

    /// What a hub needs, and what only projects have (HUB-02, HUB-03).
    fn check_hub(&mut self, name: &str, workspace: &MachineLearningWorkspace, span: crate::diag::Span) {
        if let Some(hub) = &workspace.hub {
            let text = format!("workspace `{name}` names a hub, and is no project (HUB-02)");
            let error = Diagnostic::error(code::CONFLICT, hub.span, text).refused();
            self.diagnostics.push(error.help("remove `hub`, or set `kind: Project`"));
        }
        if workspace.kind.value != WorkspaceKind::Hub {
            return;
        }
        let needs = [
            (workspace.storage_account.is_none(), "storage account, without which none is made", "storage_account"),
            (workspace.key_vault.is_none(), "key vault; only some hubs keep secrets elsewhere", "key_vault"),
        ];
        // HUB-08: neither premium, nor for blobs only.
        let storage = workspace.storage_account.as_ref();
        let special = storage.filter(|s| {
            let declared = self.estate.services.get(&s.value).and_then(|s| s.value.account_kind.as_ref());
            declared.is_some_and(|k| !matches!(k.value, AccountKind::StorageV2 | AccountKind::Storage))
        });
        if let Some(storage) = special {
            let text =
                format!("the storage account `{}` of hub `{name}` is not for general purpose (HUB-08)", storage.value);
            let error = Diagnostic::error(code::CONFLICT, storage.span, text).refused();
            self.diagnostics.push(error.help("use an account of kind StorageV2"));
        }
        for (_, what, key) in needs.into_iter().filter(|(missing, ..)| *missing) {
            let text = format!("hub `{name}` has no {what} (HUB-03)");
            self.diagnostics.push(Diagnostic::warning(code::MISSING_KEY, span, text).help(format!("add {key}")));
        }
    }

    fn hub(&mut self, name: &str, workspace: &MachineLearningWorkspace, span: crate::diag::Span) {
        self.check_hub(name, workspace, span);
        let Some(resource) = self.resources.get(name).copied() else {
            return;
        };
        let (id, region) = match (&workspace.workspace_id, self.region(workspace.location.as_ref())) {
            (Some(id), Some(region)) => (id.value.clone(), region),
            (id, region) => {
                if id.is_none() {
                    self.error(
                        code::MISSING_KEY,
                        span,
                        format!("workspace `{name}` needs its workspace_id: its names contain it (IN-04)"),
                        "add workspace_id",
                    );
                }
                if region.is_none() {
                    self.error(
                        code::MISSING_KEY,
                        span,
                        format!("workspace `{name}` needs a region: its names contain it (IN-04)"),
                        "add location here or for the whole scenario",
                    );
                }
                return;
            }
        };
        let names = match WorkspaceNames::new(self.cloud, name, &id, &region) {
            Ok(names) => names,
            Err(error) => {
                self.diagnostics.push(Diagnostic::error(code::VALUE, span, error.to_string()));
                return;
            }
        };
        let origin = Origin::new("workspace", name, span);
        let api_gate = self.workspace_gate(
            &origin,
            workspace,
            Setting {
                value: workspace.public_network_access_enabled.value,
                span: workspace.public_network_access_enabled.span,
            },
        );
        let address = |compiler: &mut Self| {
            workspace.public_ip_address.as_ref().map_or_else(|| compiler.undeclared_public(), |a| a.value)
        };
        let mut target = Target { members: WorkspaceNames::MEMBER_COUNT, ..Target::default() };
        target.records = names.records().iter().map(|r| (r.name.clone(), r.member)).collect();
        let known = self.known.service(self.cloud, WORKSPACE_TYPE).map(|k| k.tags.clone()).unwrap_or_default();
        let mut add = |compiler: &mut Self,
                       label: &str,
                       gate: Gate,
                       list: Vec<(ServiceName, Option<Absence>)>,
                       ports: PortSet|
         -> Id<Door> {
            let at = address(compiler);
            let mut tags = known.clone();
            if !label.contains("inference") {
                tags.perhaps.clear();
            }
            let door = compiler.public_door(
                Some(resource),
                &origin,
                label.to_owned(),
                ports,
                gate,
                at,
                &tags,
                Some(region.clone()),
            );
            for (named, requires) in list {
                compiler
                    .plane
                    .door_names
                    .insert(named.public.clone(), DoorName { door, requires, zone: Some(named.zone.clone()) });
                target.names.push(NamedDoor {
                    public: named.public,
                    private: named.private,
                    record: named.record,
                    member: named.member,
                    door,
                });
            }
            door
        };
        let web = || PortSet::one(443);
        add(
            self,
            "amlworkspace (API)",
            api_gate.clone(),
            vec![(names.api.clone(), None), (names.cert.clone(), None)],
            web(),
        );
        add(self, "amlworkspace (notebooks)", api_gate.clone(), vec![(names.notebooks.clone(), None)], web());
        // Tools on a compute instance need the private endpoint; the public way is not supported (IN-15).
        let mut instances = Vec::new();
        let mut shells: Vec<FurtherName> = Vec::new();
        for (compute, entry) in workspace.compute.iter() {
            if entry.value.type_.value == crate::azure::model::workspace::ComputeType::ComputeInstance {
                match names.compute_instance(compute).and_then(|n| Ok((n, names.compute_instance_ssh(compute)?))) {
                    Ok((both, ssh)) => {
                        let absence = self.compute_absence(name, compute, entry.span);
                        shells.extend(ssh.map(|n| FurtherName {
                            pattern: FqdnPattern::Exact(n),
                            requires: absence.clone(),
                            rules: &["IN-04", "IN-07"],
                        }));
                        instances.extend(both.into_iter().map(|n| (n, absence.clone())));
                    }
                    Err(error) => self.diagnostics.push(Diagnostic::error(code::VALUE, entry.span, error.to_string())),
                }
            }
        }
        let instance_gate = Gate {
            unsupported: self.has_endpoint(name, workspace).then_some((
                Reason::CiPublic,
                "tools of a compute instance are not supported over the public endpoint",
                &["IN-15"],
            )),
            ..api_gate.clone()
        };
        let ports = ["443", "8787", "18881"]
            .iter()
            .filter_map(|p| p.parse().ok())
            .map(|p| crate::net::PortRange { first: p, last: p });
        let door = add(self, "amlworkspace (compute instances)", instance_gate, instances, PortSet::of(ports));
        self.plane.doors.get_mut(door).further = shells;
        for (endpoint, entry) in workspace.online_endpoints.iter() {
            let own = Setting {
                value: entry.value.public_network_access_enabled.value,
                span: entry.value.public_network_access_enabled.span,
            };
            let gate = Gate {
                rules: &["MOE-02"],
                ..self.workspace_gate(&Origin::new("online_endpoint", endpoint, entry.span), workspace, own)
            };
            match names.online_endpoint(endpoint) {
                Ok(named) => {
                    let absence = self.compute_absence(name, endpoint, entry.span);
                    add(self, &format!("amlworkspace (inference of {endpoint})"), gate, vec![(named, absence)], web());
                }
                Err(error) => self.diagnostics.push(Diagnostic::error(code::VALUE, entry.span, error.to_string())),
            }
        }
        if let Some(pattern) = WorkspaceNames::serverless(self.cloud) {
            let door = add(self, "amlworkspace (serverless API)", api_gate, Vec::new(), web());
            let further = FurtherName { pattern, requires: None, rules: &["IN-04", "MOE-07"] };
            self.plane.doors.get_mut(door).further.push(further);
            // Which of the addresses it is, is not said; the record that somebody writes decides.
            target.unnamed = (0..WorkspaceNames::MEMBER_COUNT).map(|member| (member, door)).collect();
        }
        let usual: Vec<Fqdn> = vec![names.api.public.clone(), names.notebooks.public.clone()];
        self.plane.resources.get_mut(resource).names.push(("amlworkspace".to_owned(), usual));
        self.targets.insert((name.to_owned(), "amlworkspace".to_owned()), target);
    }

    /// Whether some private endpoint to the hub exists, in a customer network or in its own.
    fn has_endpoint(&self, name: &str, workspace: &MachineLearningWorkspace) -> bool {
        let customers = self.estate.private_endpoints.iter();
        let managed = workspace.managed_network.as_ref();
        let rules = managed.into_iter().flat_map(|m| m.outbound_rules.iter());
        managed.is_some_and(|m| m.isolation_mode.value == IsolationMode::AllowOnlyApprovedOutbound)
            || customers
                .map(|(_, e)| &e.value.private_service_connection)
                .any(|c| c.private_connection_resource.value == name)
            || rules.filter_map(|(_, r)| r.value.service_resource.as_ref()).any(|target| target.value == name)
    }

    /// Compute of a network that is not provisioned cannot exist yet (MVNET-01, MVNET-03).
    pub(super) fn compute_absence(&self, workspace: &str, compute: &str, span: crate::diag::Span) -> Option<Absence> {
        let managed = self.managed.get(workspace).filter(|m| !m.provisioned)?;
        let network = &self.plane.networks.get(managed.network).origin;
        Some(Absence {
            reason: Reason::Unprov,
            origin: Origin::new("compute", compute, network.span.or(Some(span))),
            text: format!("{compute} cannot exist yet: the {network} is not provisioned"),
            fix: format!(
                "provision the managed network of {workspace} (az ml workspace provision-network), or create a compute instance"
            ),
            rules: &["MVNET-01", "MVNET-03"],
        })
    }

    /// IN-01: disabled, open, or selected addresses, none of which is that of managed compute (IN-16).
    fn workspace_gate(&self, origin: &Origin, workspace: &MachineLearningWorkspace, enabled: Setting<bool>) -> Gate {
        let first = workspace.ip_rules.first().map(|r| r.span);
        Gate {
            origin: origin.clone(),
            enabled,
            default_allow: Setting { value: workspace.ip_rules.is_empty(), span: first },
            ordered: None,
            addresses: workspace.ip_rules.iter().map(|r| (r.value, Some(r.span))).collect(),
            recognises: Recognises::Everyone,
            segments: Vec::new(),
            instances: Vec::new(),
            bypass: None,
            trusted: Arc::default(),
            bypass_rule: None,
            cloud: None,
            trust_unmodelled: false,
            closed_by: None,
            perimeter: None,
            perimeter_only: false,
            service_tag: None,
            unsupported: None,
            rules: &["IN-01"],
        }
    }
}
