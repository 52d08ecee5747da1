//! Exports of large estates: from the text to a scenario that is loaded, compiled and solved, beside what a plain JSON
//! reader takes for the text alone.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use privreach::{
    import::Session,
    matrix::{Matrix, clients, services},
    snapshot::Snapshot,
};
use std::{fmt::Write, hint::black_box};

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups";

/// Machines in each spoke; a spoke has a security group, a route table, a storage account and a private endpoint, too.
const MACHINES: usize = 100;

fn resource(out: &mut String, group: &str, kind: &str, name: &str, properties: &str) {
    let comma = if out.ends_with('[') { "" } else { "," };
    let _ = write!(
        out,
        "{comma}\n{{\"id\":\"{SUBSCRIPTION}/{group}/providers/{kind}/{name}\",\"name\":\"{name}\",\"type\":\"{kind}\",\
         \"tenantId\":\"00000000-0000-0000-0000-00000000000a\",\"kind\":\"\",\"location\":\"westeurope\",\
         \"resourceGroup\":\"{group}\",\"subscriptionId\":\"00000000-0000-0000-0000-000000000001\",\"managedBy\":\"\",\
         \"sku\":null,\"plan\":null,\"tags\":{{\"env\":\"prod\",\"costCenter\":\"4711\",\"owner\":\"team-{group}\"}},\
         \"identity\":null,\"zones\":null,\"extendedLocation\":null,\"properties\":{properties}}}"
    );
}

/// An export with this many spokes, as Resource Graph gives it.
fn export(spokes: usize) -> String {
    let mut out = String::from("{\"count\":0,\"data\":[");
    let id = |group: &str, rest: &str| format!("{SUBSCRIPTION}/{group}/providers/{rest}");
    let zone = "privatelink.blob.core.windows.net";
    let hub = id("hub", "Microsoft.Network/virtualNetworks/hub");
    let mut peerings = String::new();
    for n in 0..spokes {
        let remote = id(&format!("rg-{n}"), &format!("Microsoft.Network/virtualNetworks/spoke-{n}"));
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            peerings,
            "{comma}{{\"name\":\"to-{n}\",\"properties\":{{\"provisioningState\":\"Succeeded\",\"peeringState\":\"Connected\",\
             \"remoteVirtualNetwork\":{{\"id\":\"{remote}\"}},\"allowVirtualNetworkAccess\":true,\"allowForwardedTraffic\":true}}}}"
        );
    }
    resource(
        &mut out,
        "hub",
        "Microsoft.Network/virtualNetworks",
        "hub",
        &format!(
            "{{\"provisioningState\":\"Succeeded\",\"addressSpace\":{{\"addressPrefixes\":[\"10.255.0.0/16\"]}},\
             \"subnets\":[{{\"name\":\"AzureFirewallSubnet\",\"properties\":{{\"addressPrefix\":\"10.255.0.0/24\"}}}}],\
             \"virtualNetworkPeerings\":[{peerings}]}}"
        ),
    );
    resource(
        &mut out,
        "hub",
        "Microsoft.Network/azureFirewalls",
        "firewall",
        &format!(
            "{{\"provisioningState\":\"Succeeded\",\"ipConfigurations\":[{{\"name\":\"c\",\"properties\":{{\
             \"subnet\":{{\"id\":\"{hub}/subnets/AzureFirewallSubnet\"}},\"privateIPAddress\":\"10.255.0.4\"}}}}],\
             \"networkRuleCollections\":[{{\"name\":\"all\",\"properties\":{{\"priority\":100,\"action\":{{\"type\":\"Allow\"}},\
             \"rules\":[{{\"name\":\"https\",\"protocols\":[\"TCP\"],\"sourceAddresses\":[\"10.0.0.0/8\"],\
             \"destinationAddresses\":[\"10.0.0.0/8\"],\"destinationPorts\":[\"443\"]}}]}}}}]}}"
        ),
    );
    resource(&mut out, "hub", "Microsoft.Network/privateDnsZones", zone, "{\"provisioningState\":\"Succeeded\"}");
    for n in 0..spokes {
        spoke(&mut out, n, &hub, zone);
    }
    out.push_str("]}");
    out
}

fn spoke(out: &mut String, n: usize, hub: &str, zone: &str) {
    let group = format!("rg-{n}");
    let id = |rest: &str| format!("{SUBSCRIPTION}/{group}/providers/{rest}");
    let net = |host: usize| format!("10.{}.{}.{host}", n / 250, n % 250);
    let network = id(&format!("Microsoft.Network/virtualNetworks/spoke-{n}"));
    let subnet = format!("{network}/subnets/app");
    let (rules, table) = (format!("nsg-{n}"), format!("rt-{n}"));
    let done = "\"provisioningState\":\"Succeeded\",\"resourceGuid\":\"00000000-0000-0000-0000-0000000000aa\"";
    resource(
        out,
        &group,
        "Microsoft.Network/virtualNetworks",
        &format!("spoke-{n}"),
        &format!(
            "{{{done},\"addressSpace\":{{\"addressPrefixes\":[\"{0}/24\"]}},\"subnets\":[{{\"name\":\"app\",\"properties\":{{\
             \"addressPrefix\":\"{0}/24\",\"networkSecurityGroup\":{{\"id\":\"{1}\"}},\"routeTable\":{{\"id\":\"{2}\"}}}}}}],\
             \"virtualNetworkPeerings\":[{{\"name\":\"hub\",\"properties\":{{\"peeringState\":\"Connected\",\
             \"remoteVirtualNetwork\":{{\"id\":\"{hub}\"}},\"allowVirtualNetworkAccess\":true,\"allowForwardedTraffic\":true}}}}]}}",
            net(0),
            id(&format!("Microsoft.Network/networkSecurityGroups/{rules}")),
            id(&format!("Microsoft.Network/routeTables/{table}")),
        ),
    );
    let mut list = String::new();
    for r in 0..10 {
        let comma = if r == 0 { "" } else { "," };
        let _ = write!(
            list,
            "{comma}{{\"name\":\"rule-{r}\",\"properties\":{{\"provisioningState\":\"Succeeded\",\"protocol\":\"Tcp\",\
             \"sourcePortRange\":\"*\",\"destinationPortRange\":\"{}\",\"sourceAddressPrefix\":\"10.0.0.0/8\",\
             \"destinationAddressPrefix\":\"*\",\"access\":\"Deny\",\"priority\":{},\"direction\":\"Inbound\"}}}}",
            8000 + r,
            100 + r
        );
    }
    resource(
        out,
        &group,
        "Microsoft.Network/networkSecurityGroups",
        &rules,
        &format!("{{{done},\"securityRules\":[{list}]}}"),
    );
    resource(
        out,
        &group,
        "Microsoft.Network/routeTables",
        &table,
        &format!(
            "{{{done},\"disableBgpRoutePropagation\":true,\"routes\":[{{\"name\":\"all\",\"properties\":{{\
             \"addressPrefix\":\"0.0.0.0/0\",\"nextHopType\":\"VirtualAppliance\",\"nextHopIpAddress\":\"10.255.0.4\"}}}}]}}"
        ),
    );
    for m in 0..MACHINES {
        let nic = id(&format!("Microsoft.Network/networkInterfaces/nic-{n}-{m}"));
        resource(
            out,
            &group,
            "Microsoft.Network/networkInterfaces",
            &format!("nic-{n}-{m}"),
            &format!(
                "{{{done},\"macAddress\":\"00-0D-3A-00-00-00\",\"nicType\":\"Standard\",\"enableIPForwarding\":false,\
                 \"dnsSettings\":{{\"dnsServers\":[],\"appliedDnsServers\":[]}},\"ipConfigurations\":[{{\"name\":\"c\",\
                 \"properties\":{{\"provisioningState\":\"Succeeded\",\"privateIPAddress\":\"{}\",\"primary\":true,\
                 \"privateIPAllocationMethod\":\"Dynamic\",\"privateIPAddressVersion\":\"IPv4\",\
                 \"subnet\":{{\"id\":\"{subnet}\"}}}}}}]}}",
                net(10 + m)
            ),
        );
        resource(
            out,
            &group,
            "Microsoft.Compute/virtualMachines",
            &format!("vm-{n}-{m}"),
            &format!(
                "{{\"vmId\":\"00000000-0000-0000-0000-0000000000bb\",\"provisioningState\":\"Succeeded\",\
                 \"hardwareProfile\":{{\"vmSize\":\"Standard_D4s_v5\"}},\"storageProfile\":{{\"imageReference\":{{\
                 \"publisher\":\"Canonical\",\"offer\":\"ubuntu-24_04-lts\",\"sku\":\"server\",\"version\":\"latest\"}},\
                 \"osDisk\":{{\"osType\":\"Linux\",\"name\":\"disk-{n}-{m}\",\"createOption\":\"FromImage\",\
                 \"caching\":\"ReadWrite\",\"managedDisk\":{{\"storageAccountType\":\"Premium_LRS\",\"id\":\"{}\"}},\
                 \"deleteOption\":\"Delete\",\"diskSizeGB\":128}},\"dataDisks\":[]}},\"osProfile\":{{\
                 \"computerName\":\"vm-{n}-{m}\",\"adminUsername\":\"azureuser\",\"linuxConfiguration\":{{\
                 \"disablePasswordAuthentication\":true,\"provisionVMAgent\":true}}}},\"networkProfile\":{{\
                 \"networkInterfaces\":[{{\"id\":\"{nic}\",\"properties\":{{\"primary\":true}}}}]}},\
                 \"extended\":{{\"instanceView\":{{\"powerState\":{{\"code\":\"PowerState/running\"}}}}}}}}",
                id(&format!("Microsoft.Compute/disks/disk-{n}-{m}"))
            ),
        );
    }
    let account = format!("st{n}");
    let storage = id(&format!("Microsoft.Storage/storageAccounts/{account}"));
    resource(
        out,
        &group,
        "Microsoft.Storage/storageAccounts",
        &account,
        "{\"provisioningState\":\"Succeeded\",\"publicNetworkAccess\":\"Disabled\",\"minimumTlsVersion\":\"TLS1_2\",\
         \"networkAcls\":{\"defaultAction\":\"Deny\",\"bypass\":\"None\",\"ipRules\":[],\"virtualNetworkRules\":[]}}",
    );
    resource(
        out,
        &group,
        "Microsoft.Network/privateEndpoints",
        &format!("pe-{n}"),
        &format!(
            "{{\"provisioningState\":\"Succeeded\",\"subnet\":{{\"id\":\"{subnet}\"}},\"privateLinkServiceConnections\":[{{\
             \"name\":\"c\",\"properties\":{{\"privateLinkServiceId\":\"{storage}\",\"groupIds\":[\"blob\"],\
             \"privateLinkServiceConnectionState\":{{\"status\":\"Approved\"}}}}}}],\"customDnsConfigs\":[{{\
             \"fqdn\":\"{account}.blob.core.windows.net\",\"ipAddresses\":[\"{}\"]}}]}}",
            net(250)
        ),
    );
    let zone_id = format!("{SUBSCRIPTION}/hub/providers/Microsoft.Network/privateDnsZones/{zone}");
    resource(
        out,
        &group,
        "Microsoft.Network/privateEndpoints",
        &format!("pe-{n}/privateDnsZoneGroups/default"),
        &format!(
            "{{\"privateDnsZoneConfigs\":[{{\"name\":\"c\",\"properties\":{{\"privateDnsZoneId\":\"{zone_id}\"}}}}]}}"
        ),
    );
    resource(
        out,
        "hub",
        "Microsoft.Network/privateDnsZones",
        &format!("{zone}/virtualNetworkLinks/link-{n}"),
        &format!("{{\"registrationEnabled\":false,\"virtualNetwork\":{{\"id\":\"{network}\"}}}}"),
    );
}

fn import(text: &str) -> Option<privreach::import::Imported> {
    let mut session = Session::default();
    session.azure("export.json", text);
    session.finish("export").ok()
}

fn snapshot(text: &str) -> Option<Snapshot> {
    import(text)?.load().scenarios.pop().map(Snapshot::new)
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("import");
    group.sample_size(10);
    for (size, spokes) in [("10 MB", 50), ("100 MB", 500)] {
        let text = export(spokes);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("naive: {size} as a plain JSON tree"), |b| {
            b.iter_with_large_drop(|| serde_json::from_str::<serde_json::Value>(black_box(&text)).ok());
        });
        group.bench_function(format!("import {size}"), |b| b.iter_with_large_drop(|| import(black_box(&text))));
        group.bench_function(format!("import, load and compile {size}"), |b| {
            b.iter_with_large_drop(|| snapshot(black_box(&text)));
        });
        let Some(snapshot) = snapshot(&text) else { return };
        let doubts: Vec<&str> = snapshot.plane.unmodelled.iter().map(|u| u.text.as_str()).take(3).collect();
        assert!(doubts.is_empty(), "the whole export is understood: {doubts:?}");
        group.bench_function(format!("solve all pairs of {size}"), |b| {
            b.iter_with_large_drop(|| {
                Matrix::new(&snapshot.plane, clients(&snapshot.plane), services(&snapshot.plane)).totals
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
