//! What the decoder promises: defaulting, leniency, and silence about content.

#![allow(clippy::needless_pass_by_value)] // `json!` makes values, and references would only be noise.

use serde_json::{Value, json};

use super::{DecodeError, key, object, value};
use crate::model::{
    IngressBackend, Kind, METADATA_NAME, NetworkPolicy, Object, Phase, Pod, PolicyPeer, PortMatch, Protocol, Selector,
    Service, ServiceType, TargetPort,
};

fn decoded(kind: Kind, mut json: Value) -> Object {
    named(&mut json);
    let from_value = value(kind, &json).unwrap();
    assert_eq!(object(kind, json.to_string().as_bytes()).unwrap(), from_value, "both ways are one");
    from_value
}

fn refused(kind: Kind, mut json: Value) -> DecodeError {
    named(&mut json);
    object(kind, json.to_string().as_bytes()).unwrap_err()
}

fn named(json: &mut Value) {
    if json.get("metadata").is_none() {
        json["metadata"] = json!({"name": "x", "namespace": "shop"});
    }
}

fn policy(spec: Value) -> NetworkPolicy {
    match decoded(Kind::NetworkPolicy, json!({"spec": spec})) {
        Object::NetworkPolicy(policy) => (*policy).clone(),
        other => panic!("{other:?}"),
    }
}

fn pod(json: Value) -> Pod {
    match decoded(Kind::Pod, json) {
        Object::Pod(pod) => (*pod).clone(),
        other => panic!("{other:?}"),
    }
}

fn service(spec: Value) -> Service {
    match decoded(Kind::Service, json!({"spec": spec})) {
        Object::Service(service) => (*service).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_kind_is_decoded_from_a_name_alone() {
    for kind in Kind::all().filter(|kind| *kind != Kind::Ingress) {
        let rest = json!({"template": {}, "someday": [1, {"x": null}], "tier": "Admin", "priority": 1, "subject": {"pods": {}}});
        let object = decoded(kind, json!({"spec": rest, "status": null}));
        assert_eq!(object.kind(), kind);
        assert_eq!(object.meta().namespace.is_some(), kind.info().namespaced);
    }
}

#[test]
fn policy_types_default_to_ingress_and_to_egress_when_there_are_egress_rules() {
    let isolates = |spec: Value| {
        let policy = policy(spec);
        (policy.isolates_ingress, policy.isolates_egress, policy.empty_egress_ignored)
    };
    assert_eq!(isolates(json!({})), (true, false, false));
    assert_eq!(isolates(json!({"policyTypes": []})), (true, false, false));
    assert_eq!(isolates(json!({"policyTypes": null, "egress": null})), (true, false, false));
    assert_eq!(isolates(json!({"egress": []})), (true, false, true));
    assert_eq!(isolates(json!({"egress": [{}]})), (true, true, false));
    assert_eq!(isolates(json!({"policyTypes": ["Egress"], "ingress": [{}]})), (false, true, false));
    assert_eq!(isolates(json!({"policyTypes": ["Egress"], "egress": []})), (false, true, false));
    assert_eq!(isolates(json!({"policyTypes": ["Ingress"], "egress": []})), (true, false, false));
    assert_eq!(isolates(json!({"policyTypes": ["Ingress"], "egress": [{}]})), (true, false, false));
}

#[test]
fn a_missing_selector_selects_every_pod() {
    assert!(policy(json!({})).pod_selector.is_everything());
    assert!(policy(json!({"podSelector": null})).pod_selector.is_everything());
    assert!(policy(json!({"podSelector": {"matchLabels": {}, "matchExpressions": []}})).pod_selector.is_everything());
}

#[test]
fn peers_and_ports_that_are_missing_or_empty_admit_everything() {
    let rules = policy(json!({"ingress": [{}, {"from": [], "ports": []}, null, {"from": null}]})).ingress;
    assert_eq!(rules.len(), 4);
    assert!(rules.iter().all(|rule| rule.peers.is_none() && rule.ports.is_none()));
}

#[test]
fn ports_of_a_policy_are_tcp_unless_they_say_otherwise() {
    let ports = json!([{}, {"port": 80}, {"protocol": "UDP", "port": 1, "endPort": 9}, {"port": "web"}, null]);
    let rule = &policy(json!({"ingress": [{"ports": ports}]})).ingress[0];
    let ports: Vec<_> = rule.ports.iter().flatten().map(|port| (port.protocol, port.port.clone())).collect();
    let expected = [
        (Protocol::Tcp, PortMatch::Every),
        (Protocol::Tcp, PortMatch::Range(80, 80)),
        (Protocol::Udp, PortMatch::Range(1, 9)),
        (Protocol::Tcp, PortMatch::Named("web".into())),
        (Protocol::Tcp, PortMatch::Every),
    ];
    assert_eq!(ports, expected);
}

#[test]
fn a_peer_tells_its_own_namespace_from_all_namespaces() {
    let from = json!([{"podSelector": {}}, {"namespaceSelector": {}}, {"ipBlock": {"cidr": "10.0.0.5/8"}}]);
    let peers = policy(json!({"ingress": [{"from": from}]})).ingress[0].peers.clone().unwrap();
    assert_eq!(peers[0], PolicyPeer::Pods { namespaces: None, pods: Selector::everything() });
    let everything = Some(Selector::everything());
    assert_eq!(peers[1], PolicyPeer::Pods { namespaces: everything, pods: Selector::everything() });
    assert_eq!(peers[2], PolicyPeer::IpBlock { cidr: "10.0.0.5/8".parse().unwrap(), except: vec![] });
}

#[test]
fn a_policy_that_cannot_be_understood_is_undecodable_and_never_guessed() {
    let at = |spec: Value| refused(Kind::NetworkPolicy, json!({"spec": spec})).path.to_string();
    assert_eq!(at(json!({"policyTypes": ["Ingress", "Sideways"]})), "spec.policyTypes[1]");
    assert_eq!(at(json!({"policyTypes": [null]})), "spec.policyTypes[0]");
    assert_eq!(at(json!({"ingress": [{"ports": [{"protocol": "ICMP"}]}]})), "spec.ingress[0].ports[0].protocol");
    assert_eq!(at(json!({"ingress": [{"ports": [{"port": 70000}]}]})), "spec.ingress[0].ports[0].port");
    assert_eq!(at(json!({"ingress": [{"ports": [{"port": 9, "endPort": 1}]}]})), "spec.ingress[0].ports[0]");
    assert_eq!(at(json!({"egress": [{"to": [{}]}]})), "spec.egress[0].to[0]");
    assert_eq!(at(json!({"egress": [{"to": [null]}]})), "spec.egress[0].to[0]");
    assert_eq!(at(json!({"egress": [{"to": [{"ipBlock": {"cidr": "10"}}]}]})), "spec.egress[0].to[0].ipBlock.cidr");
    let unknown = json!({"podSelector": {"matchExpressions": [{"key": "a", "operator": "Like", "values": ["b"]}]}});
    assert_eq!(at(unknown), "spec.podSelector.matchExpressions[0]");
    assert_eq!(at(json!({"podSelector": {"matchLabels": {"a.b/c": 1}}})), r#"spec.podSelector.matchLabels["a.b/c"]"#);
}

#[test]
fn errors_name_the_field_and_never_the_content() {
    for json in [
        json!({"spec": {"hostNetwork": "hunter2"}}),
        json!({"spec": {"containers": [{"ports": [{"containerPort": "hunter2, expected"}]}]}}),
        json!({"metadata": {"name": "x", "deletionTimestamp": "hunter2 at line 1"}}),
    ] {
        let error = refused(Kind::Pod, json);
        assert!(error.message.starts_with("expected ") && !error.message.contains("hunter2"), "{error}");
        assert_ne!(error.path.as_str(), "");
    }
    let error = object(Kind::Pod, b"{\"metadata\": hunter2}").unwrap_err();
    assert!(error.message.starts_with("not JSON") && !error.message.contains("hunter2"), "{error}");
    assert!(object(Kind::Pod, b"{\"metadata\": {\"name\": \"x\"}} {}").is_err());
    assert!(object(Kind::Pod, b"\xff").is_err() && object(Kind::Pod, b"").is_err());
}

#[test]
fn fields_that_nobody_reads_can_hold_anything() {
    let pod = pod(json!({"spec": {"containers": [
        {"image": 7, "resources": {"limits": {"cpu": "rubbish"}}, "env": "none", "ports": [{"containerPort": 80}]}
    ], "volumes": 3}, "status": {"phase": "Running", "conditions": {}}}));
    assert_eq!(pod.facts.ports.len(), 1);
}

#[test]
fn ports_of_containers_and_of_native_sidecars_know_where_they_are_declared() {
    let pod = pod(json!({"spec": {
        "containers": [{"ports": [{"containerPort": 1}, {"containerPort": 2, "name": "b", "protocol": "UDP"}]}],
        "initContainers": [
            {"ports": [{"containerPort": 3}]},
            {"restartPolicy": "Always", "ports": [{"containerPort": 4, "hostPort": 40}]}
        ]
    }}));
    let ports: Vec<_> = pod.facts.ports.iter().map(|port| (port.number, &*port.at, port.host_port)).collect();
    let expected = [
        (1, "spec.containers[0].ports[0]", None),
        (2, "spec.containers[0].ports[1]", None),
        (4, "spec.initContainers[1].ports[0]", Some(40)),
    ];
    assert_eq!(ports, expected);
    assert_eq!((pod.facts.ports[1].protocol, pod.facts.ports[0].protocol), (Protocol::Udp, Protocol::Tcp));
}

#[test]
fn a_host_port_that_kubernetes_filled_in_is_none() {
    let ports = json!([{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 0}]);
    let on_host = pod(json!({"spec": {"hostNetwork": true, "containers": [{"ports": ports}]}}));
    assert!(on_host.facts.host_network && on_host.facts.ports.iter().all(|port| port.host_port.is_none()));
    let forwarded = pod(json!({"spec": {"containers": [{"ports": ports}]}}));
    assert_eq!(forwarded.facts.ports[0].host_port, Some(80));
}

#[test]
fn the_service_account_defaults_and_has_an_old_name() {
    let account = |spec: Value| pod(json!({"spec": spec})).facts.service_account.to_string();
    assert_eq!(account(json!({})), "default");
    assert_eq!(account(json!({"serviceAccount": "old"})), "old");
    assert_eq!(account(json!({"serviceAccount": "old", "serviceAccountName": "new"})), "new");
}

#[test]
fn a_pods_phase_marks_and_owners_are_read() {
    let ended = pod(json!({"status": {"phase": "Succeeded"}}));
    assert_eq!(ended.phase, Phase::Ended);
    assert_eq!(pod(json!({"status": {"phase": "Someday"}})).phase, Phase::Active);
    let marked = pod(json!({"metadata": {
        "generateName": "web-", "labels": {"app": "web"}, "finalizers": ["x", "orphan"],
        "annotations": {
            "kubernetes.io/config.mirror": "1", "helm.sh/hook": "pre-install", "kubectl.kubernetes.io/last": "big"
        },
        "deletionTimestamp": "2026-11-01T00:00:00Z",
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "w", "uid": "u", "controller": true}]
    }}));
    assert!(
        marked.mirror && marked.meta.is_terminating() && marked.meta.finalizers.orphan && marked.meta.finalizers.other
    );
    assert_eq!(marked.hook.as_deref(), Some("pre-install"));
    assert_eq!(marked.meta.name, "web-");
    assert_eq!(marked.meta.annotations.iter().count(), 2);
    assert_eq!(marked.meta.controller().unwrap().name, "w");
    assert!(marked.facts.labels.has("app"));
}

#[test]
fn templates_are_found_where_each_kind_has_them() {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"hostNetwork": true}});
    for kind in Kind::all().filter(|kind| kind.is_workload()) {
        let spec = match kind {
            Kind::CronJob => json!({"jobTemplate": {"spec": {"template": template}}}),
            _ => json!({"template": template}),
        };
        let Object::Workload(workload) = decoded(kind, json!({"spec": spec})) else { panic!("{kind}") };
        assert!(workload.template.host_network && workload.template.labels.has("app"), "{kind}");
        assert_eq!(workload.kind, kind);
    }
}

#[test]
fn a_namespace_carries_its_name_as_a_label() {
    let namespace = |json: Value| match decoded(Kind::Namespace, json) {
        Object::Namespace(namespace) => namespace,
        other => panic!("{other:?}"),
    };
    let plain = namespace(json!({"metadata": {"name": "shop"}}));
    assert_eq!(plain.meta.labels.value(METADATA_NAME).map(|name| &**name), Some("shop"));
    assert!(!plain.terminating && plain.meta.namespace.is_none());
    assert!(namespace(json!({"status": {"phase": "Terminating"}})).terminating);
    let deleted = json!({"metadata": {"name": "a", "deletionTimestamp": "2026-11-01T00:00:00Z"}});
    assert!(namespace(deleted).terminating);
}

#[test]
fn a_services_target_is_its_port_and_its_type_cluster_ip() {
    let ports = json!([{"port": 80}, {"port": 81, "targetPort": 0}, {"port": 82, "targetPort": "web"}, {"port": 83, "targetPort": 8080}]);
    let service = service(json!({"ports": ports, "type": "Someday", "selector": {"app": "web"}}));
    let targets: Vec<_> = service.ports.iter().map(|port| port.target.clone()).collect();
    let expected =
        [TargetPort::Number(80), TargetPort::Number(81), TargetPort::Named("web".into()), TargetPort::Number(8080)];
    assert_eq!(targets, expected);
    assert_eq!((service.exposure, service.ports[0].protocol), (ServiceType::ClusterIp, Protocol::Tcp));
}

#[test]
fn an_ingress_names_its_backends_by_service_or_resource() {
    let spec = json!({
        "ingressClassName": "", "rules": [
            {"http": {"paths": [
                {"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}},
                {"backend": {"service": {"name": "web", "port": {"name": "http"}}}},
                {"backend": {"resource": {"apiGroup": "k8s.example.com", "kind": "Bucket", "name": "b"}}}
            ]}},
            {"host": "a.example.com"}, {"host": "", "http": null}
        ],
        "tls": [{"hosts": ["a.example.com"], "secretName": "s"}, {}]
    });
    let Object::Ingress(ingress) = decoded(Kind::Ingress, json!({"spec": spec})) else { panic!() };
    let service = |port: &str| IngressBackend::Service { name: "web".into(), port: Some(port.into()) };
    let backends: Vec<_> = ingress.rules[0].paths.iter().map(|path| path.backend.clone()).collect();
    let bucket = IngressBackend::Resource { kind: "Bucket".into(), name: "b".into() };
    assert_eq!(backends, [service("80"), service("http"), bucket]);
    assert!(ingress.class_name.is_none() && ingress.rules[2].host.is_none() && ingress.rules[1].paths.is_empty());
    assert!(ingress.tls[1].hosts.is_empty() && ingress.tls[1].secret_name.is_none());
    assert_eq!(refused(Kind::Ingress, json!({"spec": {"defaultBackend": {}}})).path.as_str(), "spec.defaultBackend");
}

#[test]
fn the_default_class_is_marked_by_its_annotation() {
    let class = |annotations: Value| {
        let json = json!({"metadata": {"name": "c", "annotations": annotations}, "spec": {"controller": "a.b/c"}});
        match decoded(Kind::IngressClass, json) {
            Object::IngressClass(class) => class.is_default,
            other => panic!("{other:?}"),
        }
    };
    assert!(class(json!({"ingressclass.kubernetes.io/is-default-class": "true"})));
    assert!(!class(json!({"ingressclass.kubernetes.io/is-default-class": "false"})) && !class(json!({})));
}

#[test]
fn an_object_without_a_name_is_refused() {
    assert_eq!(refused(Kind::Pod, json!({"metadata": {}})).path.as_str(), "metadata.name");
    assert!(object(Kind::Pod, b"null").is_err() && object(Kind::Pod, b"[]").is_err());
}

#[test]
fn what_cannot_be_decoded_can_still_be_named() {
    let broken = br#"{"metadata": {"name": "web", "namespace": "shop", "labels": 5}, "spec": []}"#;
    assert!(object(Kind::NetworkPolicy, broken).is_err());
    assert_eq!(key(Kind::NetworkPolicy, broken).unwrap().to_string(), "NetworkPolicy shop/web");
    assert_eq!(key(Kind::Namespace, broken).unwrap().to_string(), "Namespace web");
    assert_eq!(key(Kind::Pod, br#"{"metadata": {"name": 5}}"#), None);
    assert_eq!(key(Kind::Pod, b"rubbish"), None);
}

#[test]
fn what_a_service_is_reached_by_is_read() {
    let plain = service(json!({"ports": [{"port": 80}]}));
    assert!(plain.cluster_ips.is_empty() && !plain.headless && !plain.external_traffic_local);
    assert_eq!((plain.ports[0].node_port, plain.load_balancer_ips.len()), (None, 0));
    assert!(service(json!({"clusterIP": "None"})).headless && service(json!({"clusterIPs": ["None"]})).headless);
    let exposed = decoded(
        Kind::Service,
        json!({
            "spec": {
                "type": "LoadBalancer", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"],
                "externalTrafficPolicy": "Local", "ports": [{"port": 80, "nodePort": 30080}],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example.com"}]}},
        }),
    );
    let Object::Service(exposed) = exposed else { panic!("{exposed:?}") };
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<std::net::IpAddr>>();
    assert_eq!(exposed.cluster_ips.to_vec(), addresses(&["10.96.0.7", "fd00::7"]));
    assert_eq!(exposed.load_balancer_ips.to_vec(), addresses(&["192.0.2.1"]));
    assert!(exposed.external_traffic_local && exposed.ports[0].node_port == Some(30080));
}

#[test]
fn a_route_names_its_gateways_and_the_services_that_it_leads_to_with_their_places() {
    let route = decoded(
        Kind::HTTPRoute,
        json!({"spec": {
            "parentRefs": [{"name": "edge", "namespace": "infra"}, {"name": "own"}, {"group": "", "kind": "Service", "name": "mesh"}],
            "rules": [
                {"matches": [{"path": {"value": "/"}}]},
                {
                    "backendRefs": [
                        {"name": "web", "port": 80, "weight": 3},
                        {"name": "api", "namespace": "other", "port": 8080, "group": "", "kind": "Service"},
                        {"name": "bucket", "group": "example.com", "kind": "Bucket"},
                    ],
                    "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "shadow", "port": 81}}}],
                },
            ],
        }}),
    );
    let Object::Route(route) = route else { panic!("{route:?}") };
    let gateways: Vec<_> = route.parents.iter().map(|parent| parent.object.to_string()).collect();
    assert_eq!(gateways, ["Gateway infra/edge", "Gateway shop/own"]);
    let backends: Vec<_> =
        route.backends.iter().map(|it| (it.service.to_string(), it.port, it.at.to_string())).collect();
    assert_eq!(
        backends,
        [
            (
                "Service shop/shadow".to_owned(),
                Some(81),
                "spec.rules[1].filters[0].requestMirror.backendRef".to_owned()
            ),
            ("Service shop/web".to_owned(), Some(80), "spec.rules[1].backendRefs[0]".to_owned()),
            ("Service other/api".to_owned(), Some(8080), "spec.rules[1].backendRefs[1]".to_owned()),
        ]
    );
}

#[test]
fn webhooks_that_are_called_through_a_service_are_read_with_their_port() {
    let configuration = decoded(
        Kind::ValidatingWebhookConfiguration,
        json!({"metadata": {"name": "x"}, "webhooks": [
            {"name": "a", "clientConfig": {"url": "https://example.com"}},
            {"name": "b", "clientConfig": {"service": {"namespace": "guard", "name": "checker", "path": "/check"}}},
            {"name": "c", "clientConfig": {"service": {"namespace": "guard", "name": "checker", "port": 8443}}},
        ]}),
    );
    let Object::WebhookConfiguration(configuration) = configuration else { panic!("{configuration:?}") };
    let read: Vec<_> = configuration.webhooks.iter().map(|it| (it.name.as_str(), it.port, it.at.as_str())).collect();
    assert_eq!(read, [("b", 443, "webhooks[1].clientConfig.service"), ("c", 8443, "webhooks[2].clientConfig.service")]);
    assert!(configuration.webhooks.iter().all(|it| it.service.to_string() == "Service guard/checker"));
}
