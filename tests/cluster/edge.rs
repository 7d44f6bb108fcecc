//! Ingresses, judged by what the controller of their class really does.

use serde_json::json;

use crate::harness::{self, ControlPlane, unique};
use crate::manifests::{BASELINE, service};

#[test]
fn a_plaintext_ingress_is_refused_and_one_with_tls_accepted() {
    let Some(ringwall) = harness::ringwall() else { return };
    // For Traefik, spec.tls names certificates and no more.
    let annotated = "annotations: {traefik.ingress.kubernetes.io/router.tls: \"true\"}";
    for (controller, annotations) in [("k8s.io/ingress-nginx", ""), ("traefik.io/ingress-controller", annotated)] {
        let class = Class::of(ringwall.cluster(), controller);
        let kubectl = ringwall.namespace("edge", &[BASELINE]).kubectl();
        kubectl.apply(&service("web")).ok();

        let refusal = kubectl.apply(&ingress(&class.name, "")).fails().stderr;
        assert!(refusal.contains("(Forbidden)"), "{controller}: {refusal}");
        assert!(refusal.contains("plaintext-ingress"), "{controller}: {refusal}");
        assert!(refusal.contains("shop.example.com"), "{controller}: {refusal}");
        if !annotations.is_empty() {
            assert!(refusal.contains("router.tls"), "the fix: {refusal}");
        }

        let tls = "tls: [{hosts: [shop.example.com], secretName: shop}]";
        let encrypted = ingress(&class.name, tls).replace("name: shop}", &format!("name: shop, {annotations}}}"));
        kubectl.apply(&encrypted).ok();
        // Traefik takes whichever certificate names the host, listed or not.
        let elsewhere = kubectl.apply(&encrypted.replacen("[shop.example.com]", "[other.example.com]", 1));
        assert!(elsewhere.stderr.contains("uncovered-host"), "{controller}: {elsewhere}");
        assert_eq!(elsewhere.success, !annotations.is_empty(), "{controller}: {elsewhere}");
    }
}

#[test]
fn what_an_unknown_controller_does_cannot_be_proved_and_warns() {
    let Some(ringwall) = harness::ringwall() else { return };
    let class = Class::of(ringwall.cluster(), "example.com/controller");
    let kubectl = ringwall.namespace("unknown", &[BASELINE]).kubectl();
    let outcome = kubectl.apply(&ingress(&class.name, "")).ok();
    assert!(outcome.warnings().iter().any(|line| line.contains("cannot prove")), "{outcome}");
}

/// An IngressClass for one test; it has no namespace that would take it along.
struct Class<'a> {
    name: String,
    cluster: &'a ControlPlane,
}

impl<'a> Class<'a> {
    #[track_caller]
    fn of(cluster: &'a ControlPlane, controller: &str) -> Self {
        let name = unique("class");
        let class = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": name},
            "spec": {"controller": controller},
        });
        cluster.kubectl().apply(&class.to_string()).ok();
        Self { name, cluster }
    }
}

impl Drop for Class<'_> {
    fn drop(&mut self) {
        self.cluster.kubectl().run(&["delete", "ingressclass", &self.name, "--wait=false"]);
    }
}

fn ingress(class: &str, tls: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: shop}}
spec:
  ingressClassName: {class}
  {tls}
  rules:
    - host: shop.example.com
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
"
    )
}
