use super::*;

#[test]
fn the_flagship_hub() {
    // IN-03, IN-04, DEF-06
    let hub = WorkspaceNames::new(Cloud::Public, "aih-contoso", ID, "eastus2").unwrap();
    assert_eq!(hub.api.public, fqdn(&format!("{ID}.workspace.eastus2.api.azureml.ms")));
    assert_eq!(hub.cert.public, fqdn(&format!("{ID}.workspace.eastus2.cert.api.azureml.ms")));
    let label = format!("ml-aih-contoso-eastus2-{ID}");
    assert_eq!(label.len(), 59);
    assert_eq!(hub.notebooks.public, fqdn(&format!("{label}.eastus2.notebooks.azure.net")));
    assert_eq!(
        records(&hub.records()),
        [
            format!("{ID}.workspace.eastus2 | privatelink.api.azureml.ms | 0"),
            format!("{ID}.workspace.eastus2.cert | privatelink.api.azureml.ms | 0"),
            format!("{label}.eastus2 | privatelink.notebooks.azure.net | 1"),
            format!("*.{ID}.inference.eastus2 | privatelink.api.azureml.ms | 2"),
        ]
    );
    let values = map(&[("workspaceGuid", ID)]);
    let hub_values = in_eastus2("aih-contoso", &values);
    let given = try_names(Cloud::Public, WORKSPACE_TYPE, "amlworkspace", &hub_values).unwrap();
    assert_eq!(given.names, [hub.api.clone(), hub.cert.clone(), hub.notebooks.clone()]);
    assert_eq!((given.records, given.member_count, given.public_zones.len()), (hub.records(), 3, 5));
    assert_eq!(given.zones, [fqdn("privatelink.api.azureml.ms"), fqdn("privatelink.notebooks.azure.net")]);
    let errors = try_names(Cloud::Public, WORKSPACE_TYPE, "amlworkspace", &in_eastus2("hub", NONE)).unwrap_err();
    assert_eq!(errors, [NameError::Missing(MissingValue::of("workspaceGuid"))]);
}

#[test]
fn compute_instances_and_online_endpoints_of_the_flagship() {
    // IN-04, ML-02, ML-03, HUB-A5
    let hub = WorkspaceNames::new(Cloud::Public, "aih-contoso", ID, "eastus2").unwrap();
    let [usual, newer] = hub.compute_instance("ci-alice").unwrap();
    assert_eq!(usual.public, fqdn("ci-alice.eastus2.instances.azureml.ms"));
    assert_eq!(newer.public, fqdn("ci-alice.eastus2.instances.ml.azure.ms"));
    assert_eq!((&usual.private, &usual.record, usual.member), (&hub.api.private, &hub.api.record, 0));
    let [usual, _] = hub.compute_instance_ssh("ci-alice").unwrap();
    assert_eq!(usual, fqdn("ci-alice-22.eastus2.instances.azureml.ms"));
    let endpoint = hub.online_endpoint("moe-fraud").unwrap();
    assert_eq!(endpoint.public, fqdn("moe-fraud.eastus2.inference.ml.azure.com"));
    assert_eq!(endpoint.private, fqdn(&format!("moe-fraud.{ID}.inference.eastus2.privatelink.api.azureml.ms")));
    assert_eq!((endpoint.record, endpoint.member), (hub.inference.name.clone(), 2));
    assert!(hub.online_endpoint("two words").is_err());
}

#[test]
fn a_long_notebooks_label_is_cut_to_fit() {
    // IN-05
    let name = "abcdefghijklmnopqrstuvwxyz0123";
    let hub = WorkspaceNames::new(Cloud::Public, name, ID, "southeastasia").unwrap();
    let label = hub.notebooks.public.labels().next().unwrap().to_owned();
    assert_eq!(label, format!("ml-abcdefghi-southeastasia-{ID}"));
    assert_eq!(label.len(), 63);
    assert_eq!(hub.notebooks.record.labels().next(), Some(label.as_str()));
}

#[test]
fn workspace_names_agree_with_the_published_rows() {
    // DEF-07, IN-04: in every cloud
    let raw: Raw = serde_json::from_str(EMBEDDED).unwrap();
    let mut seen = 0;
    for row in raw.rows.iter().filter(|row| row.resource_type == WORKSPACE_TYPE) {
        let cloud = row.cloud.parse().unwrap();
        let hub = WorkspaceNames::new(cloud, "hub", ID, "r1").unwrap();
        let ours = [hub.api.clone(), hub.cert.clone(), hub.notebooks.clone(), hub.online_endpoint("ep").unwrap()];
        let fill = |text: &str| {
            let text = text.replace("{workspaceGuid}", ID).replace("{regionName}", "r1");
            fqdn(&text.replace("{workspaceName}", "hub").replace("{endpointName}", "ep"))
        };
        let members = row.members.as_ref().unwrap();
        assert_eq!(members.len(), ours.len());
        for (member, name) in members.iter().zip(&ours) {
            assert_eq!(fill(&member.public_fqdn), name.public);
            assert_eq!(fill(member.alias.as_ref().unwrap()), name.private);
            assert_eq!(member.ip, format!("ip{}", name.member + 1));
            assert!(row.deploy_zones.contains(&name.zone.to_string()));
        }
        let [usual, _] = WorkspaceNames::instance_suffixes(cloud);
        assert!(row.pairs.iter().any(|pair| pair.public == usual));
        seen += 1;
    }
    assert_eq!(seen, 3);
}
