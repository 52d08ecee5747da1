use super::*;

#[test]
fn storage_has_one_name_and_address_for_each_sub_resource() {
    // DEF-05, DEF-06, PE-02, PE-03, PE-05
    for group in ["blob", "file", "queue", "table", "dfs", "web"] {
        let given = names(Cloud::Public, "microsoft.storage/STORAGEACCOUNTS", group, "staihcontoso");
        let name = format!("staihcontoso.{group}.core.windows.net");
        assert_eq!(rows(&given.names), [format!("{name} | privatelink.{group}.core.windows.net | staihcontoso | 0")]);
        assert_eq!(given.names[0].private, fqdn(&format!("staihcontoso.privatelink.{group}.core.windows.net")));
        assert_eq!((given.member_count, given.zones.len()), (1, 1));
        let ports = ports("Microsoft.Storage/storageAccounts", group);
        assert_eq!(ports, if group == "file" { "443,445" } else { "443" });
    }
    let secondary = names(Cloud::UsGov, "Microsoft.Storage/storageAccounts", "blob_secondary", "st");
    let zone = "privatelink.blob.core.usgovcloudapi.net";
    assert_eq!(
        rows(&secondary.names),
        [format!("st-secondary.blob.core.usgovcloudapi.net | {zone} | st-secondary | 0")]
    );
    let china = names(Cloud::China, "Microsoft.Storage/storageAccounts", "file", "st");
    assert_eq!(china.names[0].public, fqdn("st.file.core.chinacloudapi.cn"));
}

#[test]
fn a_vault_aliases_into_the_vaultcore_zone() {
    // DEF-06, FWD-05
    let given = names(Cloud::Public, "Microsoft.KeyVault/vaults", "vault", "kv-aih-contoso");
    let zone = "privatelink.vaultcore.azure.net";
    assert_eq!(rows(&given.names), [format!("kv-aih-contoso.vault.azure.net | {zone} | kv-aih-contoso | 0")]);
    assert_eq!(given.public_zones, [fqdn("vault.azure.net"), fqdn("vaultcore.azure.net")]);
    let china = names(Cloud::China, "Microsoft.KeyVault/vaults", "vault", "kv");
    assert_eq!(rows(&china.names), ["kv.vault.azure.cn | privatelink.vaultcore.azure.cn | kv | 0"]);
    let gov = names(Cloud::UsGov, "Microsoft.KeyVault/vaults", "vault", "kv");
    assert_eq!(rows(&gov.names), ["kv.vault.usgovcloudapi.net | privatelink.vaultcore.usgovcloudapi.net | kv | 0"]);
}

#[test]
fn a_registry_has_a_data_endpoint_for_each_region() {
    // PE-05, ACR-02
    let kind = "Microsoft.ContainerRegistry/registries";
    let given = names(Cloud::Public, kind, "registry", "craihcontoso");
    let zone = "privatelink.azurecr.io";
    let login = format!("craihcontoso.azurecr.io | {zone} | craihcontoso | 0");
    let data = format!("craihcontoso.eastus2.data.azurecr.io | {zone} | craihcontoso.eastus2.data | 1");
    assert_eq!(rows(&given.names), [login.clone(), data.clone()]);
    assert_eq!((given.member_count, given.zones), (2, vec![fqdn(zone)]));

    let replicas = ["West Europe".to_owned(), "eastus2".to_owned()];
    let values =
        NameValues { replica_regions: &replicas, region: Some("East US 2"), ..in_eastus2("craihcontoso", NONE) };
    let given = try_names(Cloud::Public, kind, "registry", &values).unwrap();
    let second = format!("craihcontoso.westeurope.data.azurecr.io | {zone} | craihcontoso.westeurope.data | 2");
    assert_eq!(rows(&given.names), [login, data, second]);
    assert_eq!(given.member_count, 3);

    let gov = names(Cloud::UsGov, kind, "registry", "cr");
    assert_eq!(gov.names[1].private, fqdn("cr.eastus2.data.privatelink.azurecr.us"));
    let nowhere = NameValues { region: None, ..in_eastus2("cr", NONE) };
    let missing = NameError::Missing(MissingValue::of("regionName"));
    assert_eq!(try_names(Cloud::Public, kind, "registry", &nowhere), Err(vec![missing]));
}

#[test]
fn an_account_has_three_names_and_addresses() {
    // DEF-06, COG-01, COG-02, MPE-04
    let kind = "Microsoft.CognitiveServices/accounts";
    let row = |family: &str, member| format!("ais-contoso.{family} | privatelink.{family} | ais-contoso | {member}");
    let given = names(Cloud::Public, kind, "account", "ais-contoso");
    let families = ["cognitiveservices.azure.com", "openai.azure.com", "services.ai.azure.com"];
    assert_eq!(rows(&given.names), [row(families[0], 0), row(families[1], 1), row(families[2], 2)]);
    assert_eq!(given.member_count, 3);
    let values = map(&[("customSubdomain", "chat")]);
    let given = try_names(Cloud::Public, kind, "account", &in_eastus2("ais-contoso", &values)).unwrap();
    assert_eq!(given.names[1].public, fqdn("chat.openai.azure.com"));
    for (of, family) in [("OpenAI", 1), ("openai", 1), ("FormRecognizer", 0), ("SpeechServices", 0)] {
        let values = NameValues { kind: Some(of), ..in_eastus2("ais-contoso", NONE) };
        let given = try_names(Cloud::Public, kind, "account", &values).unwrap();
        assert_eq!(rows(&given.names), [row(families[family], 0)], "{of}");
        assert_eq!(given.zones, [fqdn(&format!("privatelink.{}", families[family]))]);
        assert_eq!(given.member_count, 1);
    }
    let foundry = NameValues { kind: Some("AIServices"), ..in_eastus2("ais-contoso", NONE) };
    assert_eq!(try_names(Cloud::Public, kind, "account", &foundry).unwrap().names.len(), 3);
    let gov = names(Cloud::UsGov, kind, "account", "ais");
    assert_eq!(rows(&gov.names), ["ais.cognitiveservices.azure.us | privatelink.cognitiveservices.azure.us | ais | 0"]);
}

#[test]
fn search_sql_and_web_apps() {
    // DEF-06, SQL-01, APP-07, APP-08
    let given = names(Cloud::Public, "Microsoft.Search/searchServices", "searchService", "srch-contoso");
    let zone = "privatelink.search.windows.net";
    assert_eq!(rows(&given.names), [format!("srch-contoso.search.windows.net | {zone} | srch-contoso | 0")]);
    let gov = names(Cloud::UsGov, "Microsoft.Search/searchServices", "searchService", "srch");
    assert_eq!(rows(&gov.names), ["srch.search.azure.us | privatelink.search.azure.us | srch | 0"]);
    let sql = names(Cloud::China, "Microsoft.Sql/servers", "sqlServer", "sql1");
    let zone = "privatelink.database.chinacloudapi.cn";
    assert_eq!(rows(&sql.names), [format!("sql1.database.chinacloudapi.cn | {zone} | sql1 | 0")]);
    assert_eq!(ports("Microsoft.Sql/servers", "sqlServer"), "1433");
    for (cloud, suffix) in
        [(Cloud::Public, "azurewebsites.net"), (Cloud::UsGov, "azurewebsites.us"), (Cloud::China, "chinacloudsites.cn")]
    {
        for (group, host) in [("sites", "app"), ("sites-Staging", "app-staging")] {
            let given = names(cloud, "Microsoft.Web/sites", group, "app");
            let zone = format!("privatelink.{suffix}");
            let main = format!("{host}.{suffix} | {zone} | {host} | 0");
            assert_eq!(rows(&given.names), [main, format!("{host}.scm.{suffix} | {zone} | {host}.scm | 0")]);
            assert_eq!((given.member_count, given.zones), (1, vec![fqdn(&zone)]));
        }
    }
}

#[test]
fn a_database_account_has_a_name_for_each_region() {
    // PE-05, COSMOS-03
    let replicas = ["westus".to_owned()];
    let values = NameValues { replica_regions: &replicas, ..in_eastus2("c1", NONE) };
    let given = try_names(Cloud::Public, "Microsoft.DocumentDB/databaseAccounts", "Sql", &values).unwrap();
    let zone = "privatelink.documents.azure.com";
    let row = |host, member| format!("{host}.documents.azure.com | {zone} | {host} | {member}");
    assert_eq!(rows(&given.names), [row("c1", 0), row("c1-eastus2", 1), row("c1-westus", 2)]);
}

#[test]
fn names_that_do_not_follow_from_the_service_are_asked_for() {
    // AKS-01, AKS-02, PE-04
    let kind = "Microsoft.ContainerService/managedClusters";
    let errors = try_names(Cloud::Public, kind, "management", &in_eastus2("aks", NONE)).unwrap_err();
    assert!(errors.iter().any(|e| e.to_string().contains("`eastus2.azmk8s.io` under `name_values`")), "{errors:?}");
    let values = map(&[("eastus2.azmk8s.io", "aks-0a1b")]);
    let given = try_names(Cloud::Public, kind, "management", &in_eastus2("aks", &values)).unwrap();
    let zone = "privatelink.eastus2.azmk8s.io";
    assert_eq!(rows(&given.names), [format!("aks-0a1b.{zone} | {zone} | aks-0a1b | 0")]);
    assert_eq!(given.names[0].private, given.names[0].public);
    let values = map(&[("eastus2.azmk8s.io", "aks-0a1b"), ("subzone", "team")]);
    let given = try_names(Cloud::Public, kind, "management", &in_eastus2("aks", &values)).unwrap();
    assert_eq!(given.zones, [fqdn("team.privatelink.eastus2.azmk8s.io")]);

    // One endpoint, four zones: the storage names behind a cluster are its own affair until given.
    let given = names(Cloud::Public, "Microsoft.Kusto/Clusters", "cluster", "adx");
    let zone = "privatelink.eastus2.kusto.windows.net";
    assert_eq!(rows(&given.names), [format!("adx.eastus2.kusto.windows.net | {zone} | adx | 0")]);
    assert_eq!((given.zones.len(), given.member_count), (4, 4));
    let elastic = "Microsoft.ElasticSan/elasticSans";
    assert!(try_names(Cloud::Public, elastic, "volumegroup", &in_eastus2("es", NONE)).is_err());
}

#[test]
fn two_rows_of_one_sub_resource_are_alternatives() {
    let kind = "Microsoft.Cache/RedisEnterprise";
    let given = |key, value| {
        let values = map(&[(key, value)]);
        try_names(Cloud::Public, kind, "redisEnterprise", &in_eastus2("r", &values)).unwrap().zones
    };
    assert_eq!(given("eastus2.redis.azure.net", "r"), [fqdn("privatelink.redis.azure.net")]);
    assert_eq!(given("cachename", "r"), [fqdn("privatelink.redisenterprise.cache.azure.net")]);
    assert!(try_names(Cloud::Public, kind, "redisEnterprise", &in_eastus2("r", NONE)).is_err());
}

#[test]
fn service_tags_of_public_names() {
    let tags = |name: &str| KnownServices::get().tags_of_name(Cloud::Public, &fqdn(name));
    let tag = |name: &str| tags(name).certain;
    for kind in ["blob", "file", "queue", "table", "dfs", "web"] {
        assert_eq!(tag(&format!("st.{kind}.core.windows.net")), Some("Storage"));
    }
    assert_eq!(tag("kv.vault.azure.net"), Some("AzureKeyVault"));
    assert_eq!(tag("cr.eastus2.data.azurecr.io"), Some("AzureContainerRegistry"));
    for family in ["cognitiveservices.azure.com", "openai.azure.com", "services.ai.azure.com"] {
        assert_eq!(tag(&format!("ais.{family}")), Some("CognitiveServicesManagement"));
    }
    assert_eq!(tag("s.database.windows.net"), Some("Sql"));
    assert_eq!(tag("mi.0a1b.database.windows.net"), None);
    assert_eq!(tag("c.documents.azure.com"), Some("AzureCosmosDB"));
    assert_eq!(tag("app.scm.azurewebsites.net"), Some("AppService"));
    assert_eq!(tag("g.workspace.eastus2.api.azureml.ms"), Some("AzureMachineLearning"));
    assert_eq!(tag("ci.eastus2.instances.ml.azure.ms"), Some("AzureMachineLearning"));
    for unsure in ["ns.servicebus.windows.net", "srch.search.windows.net", "x.aznbcontent.net", "example.com"] {
        assert_eq!(tag(unsure), None, "{unsure}");
    }
    // One suffix of several services; a service whose tag may be another's.
    assert_eq!(tags("ns.servicebus.windows.net").perhaps, ["AzureIoTHub", "EventHub", "IoTCentral", "ServiceBus"]);
    assert_eq!(tags("pg.postgres.database.azure.com").perhaps, ["Sql"]);
    assert_eq!(tags("cfg.azconfig.io"), KnownTags { certain: Some("AppConfiguration"), perhaps: Vec::new() });
    assert!(tags("srch.search.windows.net").perhaps.is_empty());
    let gov = |name: &str| KnownServices::get().tags_of_name(Cloud::UsGov, &fqdn(name)).certain;
    assert_eq!(gov("st.blob.core.usgovcloudapi.net"), Some("Storage"));
    assert_eq!(gov("pg.postgres.database.usgovcloudapi.net"), None);
    assert_eq!(gov("st.blob.core.windows.net"), None);
}
