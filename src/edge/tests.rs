//! How a controller is found, and what is said of one that is not known; what each controller does is tested beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    test_world::{World, check, ingress},
    *,
};
use crate::{model::Kind, snapshot::Blind};

const NGINX: &str = "k8s.io/ingress-nginx";
const TRAEFIK: &str = "traefik.io/ingress-controller";

#[test]
fn traefik_ignores_spec_tls() {
    const TLS: &str = "traefik.ingress.kubernetes.io/router.tls";
    const RESOLVER: &str = "traefik.ingress.kubernetes.io/router.tls.certresolver";
    const ENTRY: &str = "traefik.ingress.kubernetes.io/router.entrypoints";
    const MIDDLEWARES: &str = "traefik.ingress.kubernetes.io/router.middlewares";
    const A: &[&str] = &["a.example.com"];
    check(
        TRAEFIK,
        &[
            (&[], A, A, &["a.example.com: served, covered"]),
            (&[], &[], A, &["a.example.com: served, none"]),
            (&[(TLS, "true")], A, A, &["a.example.com: closed, covered"]),
            (&[(TLS, "True")], A, A, &["a.example.com: closed, covered"]),
            (&[(TLS, "")], A, A, &["a.example.com: closed, covered"]),
            (&[(TLS, "false")], A, A, &["a.example.com: served, covered"]),
            (&[(TLS, "1")], A, A, &["a.example.com: served, covered"]),
            (&[(TLS, "true")], &[], A, &["a.example.com: closed, unknown"]),
            (&[(TLS, "true")], &["*.example.com"], A, &["a.example.com: closed, covered"]),
            (&[(TLS, "true")], &["b.example.com"], A, &["a.example.com: closed, unknown"]),
            (&[(RESOLVER, "letsencrypt")], &[], A, &["a.example.com: closed, covered"]),
            (&[(TLS, "false"), (RESOLVER, "letsencrypt")], &[], A, &["a.example.com: served, none"]),
            (&[("traefik.ingress.kubernetes.io/Router.TLS", "true")], A, A, &["a.example.com: closed, covered"]),
            (&[(ENTRY, "websecure")], A, A, &["a.example.com: closed, covered"]),
            (&[(ENTRY, "web")], A, A, &["a.example.com: served, covered"]),
            (&[(ENTRY, "web, websecure")], A, A, &["a.example.com: served, covered"]),
            (&[(ENTRY, "web"), (TLS, "true")], A, A, &["a.example.com: closed, covered"]),
            (&[(ENTRY, "traefik")], A, A, &["a.example.com: served, covered"]),
            (&[(ENTRY, "metrics, websecure")], A, A, &["a.example.com: served, covered"]),
            (&[(ENTRY, "internal")], A, A, &["a.example.com: unknown, covered"]),
            (&[(ENTRY, "")], A, A, &["a.example.com: served, covered"]),
            (&[(MIDDLEWARES, "shop-https@kubernetescrd")], A, A, &["a.example.com: unknown, covered"]),
            (&[(TLS, "true")], A, &[""], &["*: closed, unknown"]),
            (&[], &[], &[], &["*: served, none"]),
            (&[("nginx.ingress.kubernetes.io/force-ssl-redirect", "true")], A, A, &["a.example.com: served, covered"]),
        ],
    );
}

#[test]
fn traefik_serves_a_default_backend_only_without_rules_and_no_rule_without_paths() {
    let world = World::new(&[("edge", TRAEFIK)]);
    let mut both = ingress(Some("edge"), &[], &[], &["a.example.com"]);
    both["spec"]["defaultBackend"] = json!({"service": {"name": "web", "port": {"number": 80}}});
    assert_eq!(world.told(&both), ["a.example.com: served, none"]);
    both["spec"]["rules"][0]["http"] = json!(null);
    assert!(world.told(&both).is_empty());
}

#[test]
fn of_other_controllers_nothing_is_claimed() {
    check(
        "example.com/edge",
        &[
            (&[], &["a.example.com"], &["a.example.com"], &["a.example.com: unknown, covered"]),
            (&[], &["a.example.com"], &["b.example.com"], &["b.example.com: unknown, unknown"]),
            (&[], &[], &["a.example.com"], &["a.example.com: unknown, none"]),
            (&[], &[], &[], &["*: unknown, none"]),
        ],
    );
}

#[test]
fn the_operator_can_vouch_for_a_controller() {
    for controller in [NGINX, TRAEFIK, "example.com/edge"] {
        let mut world = World::new(&[("edge", controller)]);
        let plain = ingress(Some("edge"), &[], &["a.example.com"], &["a.example.com"]);
        world.refuses.insert(controller.into());
        assert_eq!(world.told(&plain), ["a.example.com: redirected, covered"]);
        world.refuses = BTreeSet::from(["another.example.com/edge".into()]);
        let told = world.told(&ingress(Some("edge"), &[], &[], &["a.example.com"]));
        assert!(!told[0].contains("redirected"), "{told:?}");
    }
}

#[test]
fn the_controller_is_found_by_class_then_annotation_then_default() {
    const ANNOTATION: &str = "kubernetes.io/ingress.class";
    let name = |world: &World, class: Option<&str>, annotations: &[(&str, &str)]| {
        let serving = world.serving(&ingress(class, annotations, &[], &["a.example.com"]));
        serving.name().map_or_else(|| serving.doubt().blind.to_string(), ToString::to_string)
    };
    let mut world = World::new(&[("a", NGINX), ("b", "example.com/edge"), ("nginx", "nginx.org/ingress-controller")]);
    assert_eq!(name(&world, Some("a"), &[]), NGINX);
    assert_eq!(name(&world, Some("a"), &[(ANNOTATION, "b")]), NGINX);
    assert_eq!(name(&world, None, &[(ANNOTATION, "b")]), "example.com/edge");
    // An IngressClass of that name goes before what controllers have built in.
    assert_eq!(name(&world, None, &[(ANNOTATION, "nginx")]), "nginx.org/ingress-controller");
    assert_eq!(name(&world, None, &[(ANNOTATION, "traefik")]), TRAEFIK);
    assert_eq!(name(&world, None, &[(ANNOTATION, "haproxy")]), "there is no IngressClass haproxy");
    // The field is the name of an IngressClass and nothing else.
    assert_eq!(name(&world, Some("traefik"), &[]), "there is no IngressClass traefik");
    assert_eq!(name(&world, None, &[]), "it names no class, and no IngressClass is the default");
    world.class("c", TRAEFIK, true);
    assert_eq!(name(&world, None, &[]), TRAEFIK);
    world.class("d", NGINX, true);
    assert!(name(&world, None, &[]).contains("the IngressClasses c and d are both marked as the default"));
}

#[test]
fn classes_that_are_not_in_the_files_can_be_told_by_the_operator() {
    let mut world = World::new(&[]).blind(Kind::IngressClass, Blind::NotInFiles(Kind::IngressClass));
    let with_class = ingress(Some("public"), &[], &[], &["a.example.com"]);
    assert!(matches!(world.serving(&with_class), Serving::Unseen(_)));
    world.classes.insert("public".into(), NGINX.into());
    assert_eq!(world.told(&with_class), ["a.example.com: served, none"]);
    let forbidden = World::new(&[]).blind(Kind::IngressClass, Blind::Forbidden(Kind::IngressClass));
    let Serving::Unseen(doubt) = forbidden.serving(&with_class) else { panic!("it is not seen") };
    assert_eq!(doubt.blind, Blind::Forbidden(Kind::IngressClass));
}

#[test]
fn the_reads_behind_an_answer_are_named() {
    let world = World::new(&[("edge", NGINX)]);
    let reads = |ingress: &Value| world.rests_on(Kind::Ingress, ingress);
    let hosts = ["a.example.com"];
    assert_eq!(reads(&ingress(Some("edge"), &[], &hosts, &hosts)), ["get IngressClass edge"]);
    assert_eq!(reads(&ingress(Some("edge"), &[], &[], &hosts)), ["list ingresses in shop", "get IngressClass edge"]);
    assert_eq!(reads(&ingress(None, &[], &[], &hosts)), ["list ingressclasses"]);
}

#[test]
fn of_an_unknown_controller_only_the_secrets_are_told() {
    let world = World::new(&[("edge", "example.com/edge")]);
    let covered = ingress(Some("edge"), &[], &["a.example.com"], &["a.example.com"]);
    assert!(world.settings(Kind::Ingress, &covered).is_empty());
    assert!(world.hops(Kind::Ingress, &covered).is_empty());
    let secret = "shop/web-tls for a.example.com at spec.tls[0].secretName, missing: Unknown";
    assert_eq!(world.certificates(Kind::Ingress, &covered), [secret]);
}
