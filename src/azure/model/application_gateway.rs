//! Application Gateway, as a file declares it.

use super::super::defaults;
use crate::document::{Map, PortRanges, Reference, Setting, Spanned, choice, record};
use std::net::IpAddr;

record! {
    /// An Application Gateway (`azurerm_application_gateway`).
    pub struct ApplicationGateway {
        /// SKU; private link needs a v2 one (AGW-04).
        sku_name: Spanned<AgwSku> = required,
        /// Its dedicated subnet, as `vnet/subnet` (AGW-20).
        subnet: Reference = required,
        /// Whether it was made with the network-isolation feature (AGW-19).
        network_isolation_enabled: Setting<bool> = defaults::AGW_NETWORK_ISOLATION,
        /// Frontends by name; a managed private endpoint needs `appGwPrivateFrontendIpIPv4` (AGW-05).
        frontend_ip_configurations: Map<FrontendIpConfiguration>,
        /// Private-link configurations by name (AGW-07).
        private_link_configurations: Map<PrivateLinkConfiguration>,
        /// Listener certificates by name (AGW-12).
        ssl_certificates: Map<SslCertificate>,
        /// Listeners by name (AGW-11).
        http_listeners: Map<HttpListener>,
        /// Backend pools by name (AGW-15).
        backend_address_pools: Map<BackendAddressPool>,
        /// Backend settings by name.
        backend_http_settings: Map<BackendHttpSettings>,
        /// Health probes by name (AGW-16).
        probes: Map<Probe>,
        /// Routing rules by name.
        request_routing_rules: Map<RequestRoutingRule>,
        /// Labels for selectors.
        tags: crate::document::Tags,
    }
}

choice! {
    /// SKU of an application gateway.
    pub enum AgwSku {
        StandardV2 = "Standard_v2",
        WafV2 = "WAF_v2",
        BasicV2 = "Basic",
        StandardSmall = "Standard_Small",
        StandardMedium = "Standard_Medium",
        StandardLarge = "Standard_Large",
        WafMedium = "WAF_Medium",
        WafLarge = "WAF_Large",
    }
}

record! {
    /// A frontend: exactly one of a public and a private address.
    pub struct FrontendIpConfiguration {
        /// Public address by name (see `public_ips`).
        public_ip_address: Option<Reference>,
        /// Private address, static, from the gateway's subnet (AGW-05).
        private_ip_address: Option<Spanned<IpAddr>>,
        /// Name of the private-link configuration attached to it (AGW-07).
        private_link_configuration: Option<Reference>,
    }
}

record! {
    /// A private-link configuration (AGW-07).
    pub struct PrivateLinkConfiguration {
        /// Its subnet, apart from the gateway's.
        subnet: Reference = required,
        /// Its source addresses; the first usable of the subnet when empty (HUB-A10).
        ip_addresses: Vec<Spanned<IpAddr>>,
    }
}

record! {
    /// A listener certificate.
    pub struct SslCertificate {
        /// Names it is valid for; `*.name` covers one label.
        subject_alternative_names: Vec<Spanned<String>> = required,
        /// Whether the gateway can read it from its key vault (AGW-12).
        key_vault_accessible: Setting<bool> = defaults::CERTIFICATE_ACCESSIBLE,
    }
}

record! {
    /// A listener (AGW-11).
    pub struct HttpListener {
        /// Name of the frontend it listens on.
        frontend_ip_configuration: Reference = required,
        /// Port.
        frontend_port: Spanned<u16> = required,
        /// Protocol.
        protocol: Spanned<ListenerProtocol> = required,
        /// Host names; a basic listener without any takes every host.
        host_names: Vec<Spanned<String>>,
        /// Certificate of an HTTPS listener.
        ssl_certificate: Option<Reference>,
    }
}

choice! {
    /// Protocol of a listener or backend.
    pub enum ListenerProtocol {
        Http = "Http",
        Https = "Https",
        Tcp = "Tcp",
        Tls = "Tls",
    }
}

record! {
    /// A backend pool.
    pub struct BackendAddressPool {
        /// Member addresses.
        ip_addresses: Vec<Spanned<IpAddr>>,
        /// Member names, resolved with the gateway network's DNS (AGW-15).
        fqdns: Vec<Spanned<String>>,
    }
}

record! {
    /// Backend settings.
    pub struct BackendHttpSettings {
        /// Port at the members.
        port: Spanned<u16> = required,
        /// Protocol to the members.
        protocol: Spanned<ListenerProtocol> = required,
        /// Health probe; the default probe when absent (AGW-16).
        probe: Option<Reference>,
        /// Names of private certificate authorities it trusts (AGW-13).
        trusted_root_certificates: Vec<Spanned<String>>,
    }
}

record! {
    /// A health probe.
    pub struct Probe {
        /// Host header.
        host: Option<Spanned<String>>,
        /// Path.
        path: Option<Spanned<String>>,
        /// Healthy status codes.
        match_status_codes: Setting<PortRanges> = defaults::probe_status_codes(),
    }
}

record! {
    /// A routing rule: listener to pool.
    pub struct RequestRoutingRule {
        /// Lowest first (AGW-11).
        priority: Spanned<u16> = required,
        /// Listener.
        http_listener: Reference = required,
        /// Pool.
        backend_address_pool: Reference = required,
        /// Settings.
        backend_http_settings: Reference = required,
    }
}
