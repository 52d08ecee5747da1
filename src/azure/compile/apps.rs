//! Apps as clients: regional virtual network integration, or none (APP-02 to APP-04).

use super::{
    Compiler,
    machines::{endpoint, host},
};
use crate::{
    azure::model::service::Service,
    dataplane::{Client, ClientKind, Endpoint, Id, Listens, Origin, Resolver, Role},
    diag::{Diagnostic, Span, code},
    document::Reference,
};

/// What subnets of apps are delegated to: the app service, or container apps for functions that run there.
const INTEGRATIONS: [&str; 2] = ["Microsoft.Web/serverFarms", "Microsoft.App/environments"];

impl Compiler<'_> {
    pub(super) fn app_clients(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.services.iter() {
            let service = &entry.value;
            let app = service.type_.value.eq_ignore_ascii_case("Microsoft.Web/sites");
            if let Some(integration) = service.virtual_network_integration.as_ref().filter(|_| !app) {
                let text = format!("`{name}` is no app and has no virtual network integration (APP-02)");
                self.error(code::CONFLICT, integration.subnet.span, text, "remove virtual_network_integration");
                continue;
            }
            if app {
                self.app_client(name, service, entry.span);
            }
        }
    }

    /// An app with integration has the names and routes of its network, one without has neither (APP-02, APP-04).
    fn app_client(&mut self, name: &str, service: &Service, span: Span) {
        let outside = self.outside_endpoint(name, span);
        let origin = Origin::new("service", name, span);
        let inside = service.virtual_network_integration.as_ref().and_then(|i| {
            let segment = self.subnet(&i.subnet)?;
            let address = self.free_address(segment);
            let role = Role::Host(host(Listens::Only(Vec::new())));
            let made =
                endpoint(Origin::new("app", name, i.subnet.span), Some(segment), address.into_iter().collect(), role);
            let id = self.plane.add_endpoint(made);
            let shared = self.machine_in(&i.subnet);
            if self.delegated_to_other(&i.subnet, "an app", &INTEGRATIONS) || shared {
                self.refuse(id);
            }
            self.anywhere(id);
            Some((id, i))
        });
        let client = match inside {
            // Without integration an app asks Azure DNS in no network's name (DNS-01).
            None => Client {
                origin: origin.clone(),
                kind: ClientKind::Endpoint(outside),
                resolver: Resolver::Public,
                outside: None,
                absence: None,
                limited: false,
                unsupported: Vec::new(),
            },
            Some((inside, integration)) => {
                let vnet = integration.subnet.value.split_once('/').map_or("", |(v, _)| v);
                Client {
                    origin: origin.clone(),
                    kind: ClientKind::Endpoint(inside),
                    resolver: self.network_resolver(vnet, &integration.dns_servers),
                    outside: (!integration.route_all_enabled.value).then_some(outside),
                    absence: None,
                    limited: false,
                    unsupported: Vec::new(),
                }
            }
        };
        self.insert_client(&origin, client);
    }

    /// Integration delegates its subnet to the app service, so that no machine can be in it (SUB-08); whether one is.
    fn machine_in(&mut self, subnet: &Reference) -> bool {
        let machines = self.estate.virtual_machines.iter().flat_map(|(name, m)| {
            let further = m.value.secondary_network_interfaces.iter().map(|(_, n)| &n.value.subnet);
            std::iter::once(&m.value.subnet).chain(further).map(move |s| (name, s))
        });
        let Some((machine, at)) = machines.into_iter().find(|(_, s)| s.value == subnet.value) else { return false };
        let delegated = subnet.value.split_once('/').is_some_and(|(v, s)| {
            let network = self.estate.virtual_networks.get(v);
            network.and_then(|n| n.value.subnets.get(s)).is_some_and(|s| s.value.delegation.is_some())
        });
        // In a delegated subnet the machine is refused itself.
        if !delegated {
            let text =
                format!("an app integrates into `{}`, where virtual machine `{machine}` is (SUB-08)", subnet.value);
            let error = Diagnostic::error(code::DELEGATION, subnet.span, text).related(at.span, "the machine");
            self.diagnostics.push(error.help("give apps a subnet of their own").refused());
        }
        !delegated
    }

    /// Where the platform sends from what does not enter a network; the address is not the app's own.
    fn outside_endpoint(&mut self, name: &str, span: Span) -> Id<Endpoint> {
        let address = self.undeclared_public();
        let role = Role::Host(host(Listens::Only(Vec::new())));
        let mut made = endpoint(Origin::new("app_outbound", name, span), None, vec![address], role);
        made.tags.names = vec!["AppService".to_owned(), "AzureCloud".to_owned()];
        self.plane.add_endpoint(made)
    }
}
