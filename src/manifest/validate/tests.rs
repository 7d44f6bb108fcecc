//! One object after the other that the API server would refuse, and its neighbours that it would not.

#![allow(clippy::needless_pass_by_value)] // `json!` makes values, and references would only be noise.

use serde_json::{Value, json};

use super::{names, validate};
use crate::model::Kind;

/// `path: reason` of each fault of an object of that kind.
fn faults(kind: Kind, mut object: Value) -> Vec<String> {
    if object.get("metadata").is_none() {
        object["metadata"] = json!({"name": "x"});
    }
    validate(kind, &object).into_iter().map(|fault| format!("{}: {}", fault.path, fault.reason)).collect()
}

#[track_caller]
fn fine(kind: Kind, object: Value) {
    assert_eq!(faults(kind, object), Vec::<String>::new());
}

/// There is exactly one fault, and it is at that path.
#[track_caller]
fn wrong(kind: Kind, object: Value, path: &str) {
    let found = faults(kind, object);
    assert!(found.len() == 1 && found[0].starts_with(&format!("{path}: ")), "{path} in {found:?}");
}

fn rule(peer: Value) -> Value {
    json!({"spec": {"ingress": [{"from": [peer]}]}})
}

fn port(port: Value) -> Value {
    json!({"spec": {"egress": [{"ports": [port]}]}})
}

fn pod_spec() -> Value {
    json!({"containers": [{"name": "a", "image": "b"}]})
}

fn pod_with(container: Value) -> Value {
    let mut merged = json!({"name": "a", "image": "b"});
    merged.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    json!({"spec": {"containers": [merged]}})
}

fn deployment(spec: Value) -> Value {
    let mut merged = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec()}
    });
    merged.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"spec": merged})
}

fn ingress(path: Value) -> Value {
    let mut merged =
        json!({"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}});
    merged.as_object_mut().unwrap().extend(path.as_object().unwrap().clone());
    json!({"spec": {"rules": [{"host": "a.example.com", "http": {"paths": [merged]}}]}})
}

fn host(host: &str) -> Value {
    json!({"spec": {"rules": [{"host": host}]}})
}

#[test]
fn a_misspelt_field_is_refused_and_the_right_one_suggested() {
    let object = json!({"metadata": {"name": "x"}, "spec": {"podSelecter": {"matchLabels": {"app": "web"}}}});
    let faults = validate(Kind::NetworkPolicy, &object);
    assert_eq!(faults[0].path.as_str(), "spec.podSelecter");
    assert_eq!(faults[0].suggestion.as_deref(), Some("did you mean podSelector?"));
    let object = json!({"metadata": {"name": "x"}, "podSelector": {}});
    let suggestion = validate(Kind::NetworkPolicy, &object)[0].suggestion.clone();
    assert_eq!(suggestion.as_deref(), Some("it is a field of NetworkPolicySpec: check the indentation"));
}

#[test]
fn unknown_fields_are_refused_at_every_level_that_is_modelled() {
    wrong(Kind::Namespace, json!({"metadata": {"name": "x", "lables": {}}}), "metadata.lables");
    wrong(Kind::Pod, json!({"spec": {"hostNetworks": true, "containers": []}}), "spec.hostNetworks");
    wrong(Kind::Pod, pod_with(json!({"port": []})), "spec.containers[0].port");
    wrong(Kind::Pod, pod_with(json!({"ports": [{"port": 1}]})), "spec.containers[0].ports[0].port");
    wrong(Kind::Deployment, deployment(json!({"tempalte": {}})), "spec.tempalte");
    wrong(Kind::Service, json!({"spec": {"port": []}}), "spec.port");
    wrong(Kind::Ingress, json!({"spec": {"tls": [{"host": "a"}]}}), "spec.tls[0].host");
    wrong(Kind::IngressClass, json!({"spec": {"controler": "a/b"}}), "spec.controler");
    fine(Kind::Pod, pod_with(json!({"resources": {"limits": {"made-up": "x"}}, "livenessProbe": {"x": 1}})));
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    wrong(
        Kind::Pod,
        pod_with(json!({"ports": [{"containerPort": "80"}]})),
        "spec.containers[0].ports[0].containerPort",
    );
    wrong(Kind::Pod, json!({"spec": {"containers": {}}}), "spec.containers");
    wrong(Kind::Namespace, json!({"metadata": {"name": "x", "labels": {"a": true}}}), "metadata.labels.a");
    wrong(Kind::NetworkPolicy, json!({"spec": {"podSelector": []}}), "spec.podSelector");
    wrong(Kind::NetworkPolicy, port(json!({"port": 1.5})), "spec.egress[0].ports[0].port");
    let object = json!({"metadata": {"name": "x", "labels": {"a": true}}});
    assert_eq!(validate(Kind::Namespace, &object)[0].suggestion.as_deref(), Some("put the value into quotes"));
}

#[test]
fn every_object_has_a_proper_name_and_proper_labels() {
    wrong(Kind::Pod, json!({"metadata": {}, "spec": pod_spec()}), "metadata.name");
    fine(Kind::Pod, json!({"metadata": {"generateName": "web-"}, "spec": pod_spec()}));
    wrong(Kind::Namespace, json!({"metadata": {"name": "a.b"}}), "metadata.name");
    fine(Kind::NetworkPolicy, json!({"metadata": {"name": "a.b"}}));
    wrong(Kind::NetworkPolicy, json!({"metadata": {"name": "A"}}), "metadata.name");
    wrong(Kind::Namespace, json!({"metadata": {"name": "a", "namespace": "b"}}), "metadata.namespace");
    let labels = json!({"metadata": {"name": "a", "labels": {"app": "two words"}}});
    wrong(Kind::Namespace, labels, "metadata.labels.app");
    let annotations = json!({"metadata": {"name": "a", "annotations": {"b/c/d": ""}}});
    wrong(Kind::Namespace, annotations, r#"metadata.annotations["b/c/d"]"#);
    let owners =
        json!({"metadata": {"name": "a", "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "y"}]}});
    wrong(Kind::Namespace, owners, "metadata.ownerReferences[0].uid");
    assert!(names::dns_label("").is_some());
}

#[test]
fn a_peer_is_selectors_or_one_block() {
    fine(Kind::NetworkPolicy, rule(json!({"podSelector": {}, "namespaceSelector": {}})));
    wrong(Kind::NetworkPolicy, rule(json!({})), "spec.ingress[0].from[0]");
    let both = rule(json!({"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}));
    wrong(Kind::NetworkPolicy, both, "spec.ingress[0].from[0]");
    let key = json!({"matchExpressions": [{"key": "a", "operator": "In"}]});
    let path = "spec.ingress[0].from[0].podSelector.matchExpressions[0].values";
    wrong(Kind::NetworkPolicy, rule(json!({"podSelector": key})), path);
    let operator = json!({"matchExpressions": [{"key": "a", "operator": "in", "values": ["b"]}]});
    wrong(
        Kind::NetworkPolicy,
        json!({"spec": {"podSelector": operator}}),
        "spec.podSelector.matchExpressions[0].operator",
    );
    let value = json!({"matchLabels": {"app": "a b"}});
    wrong(Kind::NetworkPolicy, json!({"spec": {"podSelector": value}}), "spec.podSelector.matchLabels.app");
}

#[test]
fn an_exception_is_a_strict_part_of_its_block() {
    let block = |cidr: &str, except: &str| rule(json!({"ipBlock": {"cidr": cidr, "except": [except]}}));
    fine(Kind::NetworkPolicy, block("10.0.0.0/8", "10.1.0.0/16"));
    fine(Kind::NetworkPolicy, block("10.0.0.5/8", "10.1.2.3/16"));
    for (cidr, except) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/8", "11.0.0.0/16"),
        ("10.0.0.0/16", "10.0.0.0/8"),
        ("10.0.0.0/8", "fd00::/16"),
        ("10.0.0.0/8", "10.1.0.0"),
    ] {
        wrong(Kind::NetworkPolicy, block(cidr, except), "spec.ingress[0].from[0].ipBlock.except[0]");
    }
    wrong(Kind::NetworkPolicy, rule(json!({"ipBlock": {"cidr": "10.0.0.1"}})), "spec.ingress[0].from[0].ipBlock.cidr");
    wrong(Kind::NetworkPolicy, rule(json!({"ipBlock": {}})), "spec.ingress[0].from[0].ipBlock.cidr");
}

#[test]
fn ports_of_a_policy_are_numbers_ranges_or_names() {
    for good in [
        json!({}),
        json!({"port": 80}),
        json!({"port": "http"}),
        json!({"port": 1, "endPort": 65535}),
        json!({"port": 5, "endPort": 5, "protocol": "SCTP"}),
    ] {
        fine(Kind::NetworkPolicy, port(good));
    }
    for (bad, field) in [
        (json!({"port": 0}), "port"),
        (json!({"port": 65536}), "port"),
        (json!({"port": "80"}), "port"),
        (json!({"port": "Http"}), "port"),
        (json!({"port": "a-name-too-long-by-far"}), "port"),
        (json!({"port": 80, "endPort": 79}), "endPort"),
        (json!({"port": 80, "endPort": 65536}), "endPort"),
        (json!({"port": "http", "endPort": 90}), "endPort"),
        (json!({"endPort": 90}), "endPort"),
        (json!({"protocol": "tcp"}), "protocol"),
        (json!({"protocol": "ICMP"}), "protocol"),
    ] {
        wrong(Kind::NetworkPolicy, port(bad), &format!("spec.egress[0].ports[0].{field}"));
    }
}

#[test]
fn policy_types_are_two_at_most_and_known() {
    fine(Kind::NetworkPolicy, json!({"spec": {"policyTypes": ["Ingress", "Ingress"]}}));
    fine(Kind::NetworkPolicy, json!({"spec": {"policyTypes": ["Ingress"], "egress": [{}]}}));
    wrong(Kind::NetworkPolicy, json!({"spec": {"policyTypes": ["ingress"]}}), "spec.policyTypes[0]");
    wrong(Kind::NetworkPolicy, json!({"spec": {"policyTypes": ["Ingress", "Egress", "Egress"]}}), "spec.policyTypes");
}

#[test]
fn a_pod_has_containers_with_names_and_images() {
    fine(Kind::Pod, json!({"spec": pod_spec()}));
    wrong(Kind::Pod, json!({}), "spec");
    wrong(Kind::Pod, json!({"spec": {}}), "spec.containers");
    wrong(Kind::Pod, json!({"spec": {"containers": [{"image": "b"}]}}), "spec.containers[0].name");
    wrong(Kind::Pod, json!({"spec": {"containers": [{"name": "a"}]}}), "spec.containers[0].image");
    let twice = json!([{"name": "a", "image": "b"}, {"name": "a", "image": "b"}]);
    wrong(Kind::Pod, json!({"spec": {"containers": twice}}), "spec.containers[1].name");
}

#[test]
fn ports_of_a_container_are_in_range_and_their_names_differ() {
    let ports = |ports: Value| pod_with(json!({"ports": ports}));
    fine(Kind::Pod, ports(json!([{"containerPort": 80, "name": "http", "hostPort": 8080}])));
    wrong(Kind::Pod, ports(json!([{}])), "spec.containers[0].ports[0].containerPort");
    wrong(Kind::Pod, ports(json!([{"containerPort": 65536}])), "spec.containers[0].ports[0].containerPort");
    wrong(Kind::Pod, ports(json!([{"containerPort": 1, "hostPort": -1}])), "spec.containers[0].ports[0].hostPort");
    wrong(Kind::Pod, ports(json!([{"containerPort": 1, "name": "a_b"}])), "spec.containers[0].ports[0].name");
    let twice = json!([{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]);
    wrong(Kind::Pod, ports(twice), "spec.containers[0].ports[1].name");
    let conflict = json!([{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]);
    wrong(Kind::Pod, ports(conflict), "spec.containers[0].ports[1].hostPort");
    let mut on_host = ports(json!([{"containerPort": 1, "hostPort": 2}]));
    on_host["spec"]["hostNetwork"] = json!(true);
    wrong(Kind::Pod, on_host, "spec.containers[0].ports[0].hostPort");
}

#[test]
fn a_workloads_selector_matches_its_template() {
    for kind in [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet] {
        fine(kind, deployment(json!({})));
        wrong(kind, deployment(json!({"selector": null})), "spec.selector");
        wrong(kind, deployment(json!({"selector": {}})), "spec.selector");
        wrong(kind, deployment(json!({"selector": {"matchLabels": {"app": "api"}}})), "spec.selector");
        wrong(kind, deployment(json!({"template": null})), "spec.template");
    }
    let expression = json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]});
    fine(Kind::Deployment, deployment(json!({"selector": expression})));
    fine(Kind::ReplicationController, deployment(json!({"selector": {"app": "web"}})));
    fine(Kind::ReplicationController, deployment(json!({"selector": null})));
    wrong(Kind::ReplicationController, deployment(json!({"selector": {"app": "api"}})), "spec.selector");
}

#[test]
fn the_restart_policy_fits_the_workload() {
    let with = |policy: Value| {
        let mut spec = pod_spec();
        spec["restartPolicy"] = policy;
        json!({"spec": spec})
    };
    let job = |policy: Value| json!({"spec": {"template": with(policy)}});
    let path = "spec.template.spec.restartPolicy";
    fine(Kind::Job, job(json!("Never")));
    wrong(Kind::Job, job(json!("Always")), path);
    wrong(Kind::Job, job(Value::Null), path);
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": with(json!("Never"))["spec"]});
    wrong(Kind::Deployment, deployment(json!({"template": template})), path);
    let cron = |job: Value| json!({"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job["spec"]}}});
    fine(Kind::CronJob, cron(job(json!("OnFailure"))));
    wrong(Kind::CronJob, cron(job(Value::Null)), "spec.jobTemplate.spec.template.spec.restartPolicy");
    let mut selected = job(json!("Never"));
    selected["spec"]["selector"] = json!({"matchLabels": {"a": "b"}});
    wrong(Kind::Job, selected, "spec.selector");
}

#[test]
fn a_service_has_ports_with_names_that_tell_them_apart() {
    let ports = |ports: Value| json!({"spec": {"ports": ports}});
    fine(Kind::Service, ports(json!([{"port": 80, "targetPort": "http"}])));
    wrong(Kind::Service, ports(json!([])), "spec.ports");
    fine(Kind::Service, json!({"spec": {"clusterIP": "None"}}));
    fine(Kind::Service, json!({"spec": {"type": "ExternalName", "externalName": "db.example.com."}}));
    wrong(Kind::Service, json!({"spec": {"type": "ExternalName"}}), "spec.externalName");
    wrong(Kind::Service, ports(json!([{}])), "spec.ports[0].port");
    wrong(Kind::Service, ports(json!([{"port": 80}, {"port": 81, "name": "b"}])), "spec.ports[0].name");
    let twice = json!([{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]);
    wrong(Kind::Service, ports(twice), "spec.ports[1].port");
    let protocols = json!([{"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP"}]);
    fine(Kind::Service, ports(protocols));
    wrong(Kind::Service, ports(json!([{"port": 80, "targetPort": "8080"}])), "spec.ports[0].targetPort");
    wrong(Kind::Service, ports(json!([{"port": 80, "nodePort": 30000}])), "spec.ports[0].nodePort");
    wrong(Kind::Service, json!({"spec": {"type": "Nodeport", "ports": [{"port": 1}]}}), "spec.type");
}

#[test]
fn an_ingress_host_is_a_name() {
    for good in ["", "example.com", "*.example.com"] {
        fine(Kind::Ingress, host(good));
    }
    for bad in ["10.0.0.1", "*", "a.*.com", "example.com:80", "Example.com", "http://example.com", "a_b.com"] {
        wrong(Kind::Ingress, host(bad), "spec.rules[0].host");
    }
    let tls = |host: &str| json!({"spec": {"defaultBackend": {"service": {"name": "w", "port": {"name": "http"}}}, "tls": [{"hosts": [host]}]}});
    fine(Kind::Ingress, tls("*.example.com"));
    wrong(Kind::Ingress, tls("*"), "spec.tls[0].hosts[0]");
    wrong(Kind::Ingress, tls(""), "spec.tls[0].hosts[0]");
}

#[test]
fn an_ingress_path_has_a_type_and_one_backend() {
    let path = "spec.rules[0].http.paths[0]";
    let at = |field: &str| format!("{path}.{field}");
    fine(Kind::Ingress, ingress(json!({})));
    wrong(Kind::Ingress, json!({"spec": {}}), "spec");
    wrong(Kind::Ingress, ingress(json!({"pathType": null})), &at("pathType"));
    wrong(Kind::Ingress, ingress(json!({"pathType": "prefix"})), &at("pathType"));
    wrong(Kind::Ingress, ingress(json!({"path": "a"})), &at("path"));
    wrong(Kind::Ingress, ingress(json!({"path": "/a//b"})), &at("path"));
    fine(Kind::Ingress, ingress(json!({"path": "/a//b", "pathType": "ImplementationSpecific"})));
    wrong(Kind::Ingress, ingress(json!({"backend": null})), &at("backend"));
    wrong(Kind::Ingress, ingress(json!({"backend": {}})), &at("backend"));
    let both =
        json!({"backend": {"service": {"name": "a", "port": {"number": 1}}, "resource": {"kind": "A", "name": "b"}}});
    wrong(Kind::Ingress, ingress(both), &at("backend"));
    let ports = json!({"backend": {"service": {"name": "a", "port": {"number": 1, "name": "b"}}}});
    wrong(Kind::Ingress, ingress(ports), &at("backend.service.port"));
    let no_port = json!({"backend": {"service": {"name": "a"}}});
    wrong(Kind::Ingress, ingress(no_port), &at("backend.service.port"));
    wrong(Kind::Ingress, json!({"spec": {"rules": [{"http": {}}]}}), "spec.rules[0].http.paths");
}

#[test]
fn the_old_class_annotation_agrees_with_the_new_field() {
    let classes = |annotation: &str| {
        let mut object = host("a.example.com");
        object["metadata"] = json!({"name": "x", "annotations": {"kubernetes.io/ingress.class": annotation}});
        object["spec"]["ingressClassName"] = json!("nginx");
        object
    };
    fine(Kind::Ingress, classes("nginx"));
    wrong(Kind::Ingress, classes("traefik"), r#"metadata.annotations["kubernetes.io/ingress.class"]"#);
}

#[test]
fn a_class_names_its_controller() {
    fine(Kind::IngressClass, json!({"spec": {"controller": "k8s.io/ingress-nginx"}}));
    wrong(Kind::IngressClass, json!({}), "controller");
    wrong(Kind::IngressClass, json!({"spec": {"controller": "nginx"}}), "spec.controller");
}

#[test]
fn secrets_hold_what_their_type_needs_in_base64_or_as_text() {
    let tls = |data: Value, text: Value| json!({"type": "kubernetes.io/tls", "data": data, "stringData": text});
    fine(Kind::Secret, tls(json!({"tls.crt": "", "tls.key": "AA==\n"}), json!(null)));
    fine(Kind::Secret, tls(json!({"tls.crt": ""}), json!({"tls.key": "x"})));
    fine(Kind::Secret, json!({"data": {"_A.b-c": "AAAA", ".dot": null}}));
    wrong(Kind::Secret, tls(json!({"tls.crt": ""}), json!({})), "data[\"tls.key\"]");
    wrong(Kind::Secret, json!({"type": "kubernetes.io/ssh-auth"}), "data.ssh-privatekey");
    for bad in ["A", "A===", "&&&&", "AA==AAAA", "AAAA AAAA"] {
        wrong(Kind::Secret, json!({"data": {"a": bad}}), "data.a");
    }
    for bad in ["a b", "..a", ".", "", "a/b"] {
        wrong(Kind::Secret, json!({"data": {bad: ""}}), "data");
        wrong(Kind::Secret, json!({"stringData": {bad: ""}}), "stringData");
    }
    wrong(Kind::Secret, json!({"data": {"a": 1}}), "data.a");
    wrong(Kind::Secret, json!({"stringData": ["a"]}), "stringData");
    fine(Kind::Secret, json!({"stringData": {"a": "x".repeat(1024 * 1024)}}));
    let large = json!({"stringData": {"a": "x".repeat(1024 * 1024 + 1)}});
    assert_eq!(faults(Kind::Secret, large), [": must hold no more than 1 MiB"]);
}
