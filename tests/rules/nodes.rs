//! `host-network` and `host-port`.

use ringwall::{model::Protocol, rules::Aspect};

use crate::world::{Court, WEB, broken, finding, policy, snapshot};

#[test]
fn of_a_pod_on_its_nodes_network_only_that_is_said() {
    let world = WEB.replace("spec:\n", "spec:\n  hostNetwork: true\n");
    assert_eq!(
        broken(&world).into_iter().filter(|rule| *rule != "no-default-deny").collect::<Vec<_>>(),
        ["host-network"]
    );
    // Neither does a policy help it, nor is a policy for it a policy for nobody.
    let with_policy = format!("{world}{}", policy("web", "policyTypes: [Ingress, Egress]"));
    assert!(broken(&with_policy).contains("host-network") && !broken(&with_policy).contains("policy-selects-nothing"));
    assert_eq!(finding("host-network", &world).places[0].path.as_str(), "spec.hostNetwork");
}

#[test]
fn each_port_of_the_node_is_a_breach_of_its_own() {
    let ports = "ports: [{containerPort: 53, hostPort: 53, protocol: UDP}, {containerPort: 53, hostPort: 53}, \
                 {containerPort: 9153, hostPort: 9153, hostIP: 127.0.0.1}, {containerPort: 80}]";
    let world = WEB.replace("ports: [{name: http, containerPort: 8080}]", ports);
    let aspects: Vec<Aspect> =
        Court::of(snapshot(&world)).of_rule("host-port").into_iter().map(|breach| breach.aspect).collect();
    assert_eq!(
        aspects,
        [Aspect::Port(Protocol::Tcp, 53), Aspect::Port(Protocol::Tcp, 9153), Aspect::Port(Protocol::Udp, 53)]
    );
}

#[test]
fn the_place_is_the_field_in_the_template() {
    let world = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 80, hostPort: 8080}]}]
";
    let finding = finding("host-port", world);
    assert_eq!(finding.places[0].path.as_str(), "spec.template.spec.containers[0].ports[0].hostPort");
    assert!(finding.message.contains("TCP 8080"), "{}", finding.message);
}
