//! What each controller does, row by row, and how it is found.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::{
    model::{Kind, Name, decode},
    snapshot::{Blind, Edit, Need, Scope, Snapshot},
};

const NGINX: &str = "k8s.io/ingress-nginx";
const TRAEFIK: &str = "traefik.io/ingress-controller";

/// A world in which `IngressClasses` and Ingresses have been seen whole.
struct World {
    snapshot: Snapshot,
    classes: BTreeMap<Name, Name>,
    refuses: BTreeSet<Name>,
    settings: EdgeSettings,
}

impl World {
    fn new(classes: &[(&str, &str)]) -> Self {
        let mut snapshot = Snapshot::new();
        for kind in [Kind::Ingress, Kind::IngressClass] {
            snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, Ok(())));
        }
        let mut world =
            Self { snapshot, classes: BTreeMap::new(), refuses: BTreeSet::new(), settings: EdgeSettings::default() };
        for (name, controller) in classes {
            world.class(name, controller, false);
        }
        world
    }

    fn class(&mut self, name: &str, controller: &str, default: bool) {
        let annotations = json!({"ingressclass.kubernetes.io/is-default-class": default.to_string()});
        let class = json!({"metadata": {"name": name, "annotations": annotations}, "spec": {"controller": controller}});
        self.put(Kind::IngressClass, &class);
    }

    fn put(&mut self, kind: Kind, value: &Value) {
        self.snapshot.apply(Edit::Put(decode::value(kind, value).unwrap()));
    }

    fn blind(mut self, kind: Kind, blind: Blind) -> Self {
        self.snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, Err(blind)));
        self
    }

    fn ask<T>(&self, ingress: &Value, ask: impl Fn(&dyn Surface) -> T) -> T {
        let object = decode::value(Kind::Ingress, ingress).unwrap();
        let vouched = Vouched {
            controllers_of_classes: &self.classes,
            refuses_plaintext: &self.refuses,
            settings: &self.settings,
        };
        ask(surface(&self.snapshot, vouched, &object).unwrap().as_ref())
    }

    fn serving(&self, ingress: &Value) -> Serving {
        self.ask(ingress, |surface| surface.serving().clone())
    }

    fn rests_on(&self, ingress: &Value) -> Vec<Need> {
        self.ask(ingress, |surface| surface.rests_on())
    }

    /// `host: plaintext, TLS` of every listener.
    fn told(&self, ingress: &Value) -> Vec<String> {
        let told = |listener: &Listener| {
            let host = listener.host.as_ref().map_or("*", |host| host.as_str());
            let plaintext = match &listener.plaintext {
                Plaintext::Served(_) => "served",
                Plaintext::Redirected => "redirected",
                Plaintext::Closed => "closed",
                Plaintext::Unknown(_) => "unknown",
            };
            let tls = match &listener.tls {
                Tls::Covered => "covered",
                Tls::Uncovered => "uncovered",
                Tls::None => "none",
                Tls::Unknown(_) => "unknown",
            };
            format!("{host}: {plaintext}, {tls}")
        };
        self.ask(ingress, |surface| surface.listeners(Wanted::All).iter().map(told).collect())
    }
}

/// An Ingress `shop/web` of a class, with annotations, entries of `spec.tls` (hosts by comma) and hosts of rules; an empty
/// host is a rule without one.
fn ingress(class: Option<&str>, annotations: &[(&str, &str)], tls: &[&str], hosts: &[&str]) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let rule = |host: &&str| {
        let mut rule = json!({"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}});
        if !host.is_empty() {
            rule["host"] = json!(host);
        }
        rule
    };
    let entry = |listed: &&str| {
        let hosts: Vec<&str> = listed.split(',').filter(|host| !host.is_empty()).collect();
        json!({"hosts": hosts, "secretName": "web-tls"})
    };
    let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
    let mut ingress = json!({
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {
            "tls": tls.iter().map(entry).collect::<Vec<_>>(),
            "rules": hosts.iter().map(rule).collect::<Vec<_>>(),
        },
    });
    if let Some(class) = class {
        ingress["spec"]["ingressClassName"] = json!(class);
    }
    if hosts.is_empty() {
        ingress["spec"]["defaultBackend"] = backend;
    }
    ingress
}

type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str], &'a [&'a str]);

fn check(controller: &str, rows: &[Row<'_>]) {
    let world = World::new(&[("edge", controller)]);
    for (annotations, tls, hosts, expected) in rows {
        let told = world.told(&ingress(Some("edge"), annotations, tls, hosts));
        assert_eq!(told, *expected, "{annotations:?} tls {tls:?} hosts {hosts:?}");
    }
}

#[test]
fn ingress_nginx_redirects_where_it_has_a_certificate() {
    const OFF: (&str, &str) = ("nginx.ingress.kubernetes.io/ssl-redirect", "false");
    const FORCE: (&str, &str) = ("nginx.ingress.kubernetes.io/force-ssl-redirect", "true");
    check(
        NGINX,
        &[
            (&[], &["a.example.com"], &["a.example.com"], &["a.example.com: redirected, covered"]),
            (&[], &["*.example.com"], &["a.example.com"], &["a.example.com: redirected, covered"]),
            (&[], &[], &["a.example.com"], &["a.example.com: served, none"]),
            // Any entry of spec.tls configures a certificate for every host of the Ingress: the default one for those left out.
            (
                &[],
                &["a.example.com"],
                &["a.example.com", "b.example.com"],
                &["a.example.com: redirected, covered", "b.example.com: redirected, uncovered"],
            ),
            (&[], &["*.example.com"], &["a.b.example.com"], &["a.b.example.com: redirected, uncovered"]),
            (&[], &[""], &["a.example.com"], &["a.example.com: redirected, unknown"]),
            (&[OFF], &["a.example.com"], &["a.example.com"], &["a.example.com: served, covered"]),
            (&[OFF], &["a.example.com"], &["b.example.com"], &["b.example.com: served, uncovered"]),
            (&[OFF], &[], &["a.example.com"], &["a.example.com: served, none"]),
            (&[FORCE], &[], &["a.example.com"], &["a.example.com: redirected, unknown"]),
            (&[OFF, FORCE], &["a.example.com"], &["a.example.com"], &["a.example.com: redirected, covered"]),
            // Requests of hosts that nothing names have no certificate of their own.
            (&[], &["a.example.com"], &[""], &["*: served, unknown"]),
            (&[], &[], &[""], &["*: served, none"]),
            (&[FORCE], &[], &[""], &["*: redirected, unknown"]),
            // A default backend ignores even force-ssl-redirect.
            (&[FORCE], &[], &[], &["*: served, none"]),
            (&[], &["a.example.com"], &[], &["*: served, unknown"]),
            (
                &[("nginx.ingress.kubernetes.io/permanent-redirect", "https://b.example.com")],
                &[],
                &["a.example.com"],
                &["a.example.com: redirected, unknown"],
            ),
            (
                &[("nginx.ingress.kubernetes.io/permanent-redirect", "http://b.example.com")],
                &[],
                &["a.example.com"],
                &["a.example.com: served, none"],
            ),
            (
                &[("nginx.ingress.kubernetes.io/server-alias", "b.example.com")],
                &["a.example.com"],
                &["a.example.com"],
                &["a.example.com: redirected, covered", "b.example.com: unknown, unknown"],
            ),
            (
                &[("nginx.ingress.kubernetes.io/server-alias", "b.example.com")],
                &[],
                &["a.example.com"],
                &["a.example.com: served, none", "b.example.com: served, none"],
            ),
            (&[("nginx.ingress.kubernetes.io/canary", "true")], &[], &["a.example.com"], &[]),
            (
                &[("traefik.ingress.kubernetes.io/router.tls", "true")],
                &[],
                &["a.example.com"],
                &["a.example.com: served, none"],
            ),
        ],
    );
}

#[test]
fn ingress_nginx_reads_booleans_as_go_does() {
    let world = World::new(&[("edge", NGINX)]);
    for (text, expected) in [
        ("0", "served"),
        ("f", "served"),
        ("F", "served"),
        ("FALSE", "served"),
        ("False", "served"),
        ("no", "redirected"),
        ("off", "redirected"),
        ("", "redirected"),
        (" false", "redirected"),
        ("fAlse", "redirected"),
    ] {
        let off = [("nginx.ingress.kubernetes.io/ssl-redirect", text)];
        let told = world.told(&ingress(Some("edge"), &off, &["a.example.com"], &["a.example.com"]));
        assert_eq!(told, [format!("a.example.com: {expected}, covered")], "{text:?}");
    }
}

#[test]
fn ingress_nginx_gives_up_on_all_redirects_at_the_first_fault() {
    const TEMPORAL: &str = "nginx.ingress.kubernetes.io/temporal-redirect";
    const PERMANENT: &str = "nginx.ingress.kubernetes.io/permanent-redirect";
    const CODE: &str = "nginx.ingress.kubernetes.io/permanent-redirect-code";
    const TEMPORAL_CODE: &str = "nginx.ingress.kubernetes.io/temporal-redirect-code";
    const WWW: &str = "nginx.ingress.kubernetes.io/from-to-www-redirect";
    const GOOD: &str = "https://b.example.com";
    let world = World::new(&[("edge", NGINX)]);
    let rows: [(&[(&str, &str)], &str); 22] = [
        (&[(TEMPORAL, GOOD)], "redirected, unknown"),
        (&[(PERMANENT, GOOD)], "redirected, unknown"),
        (&[(PERMANENT, "https://b.example.com:8443/a?b=c")], "redirected, unknown"),
        (&[(TEMPORAL, GOOD), (PERMANENT, "http://b.example.com")], "redirected, unknown"),
        (&[(PERMANENT, GOOD), (CODE, "308"), (WWW, "true")], "redirected, unknown"),
        // The temporal one goes first, whatever it is.
        (&[(TEMPORAL, "http://b.example.com"), (PERMANENT, GOOD)], "served, none"),
        (&[(TEMPORAL, "b.example.com"), (PERMANENT, GOOD)], "served, none"),
        (&[(TEMPORAL, ""), (PERMANENT, GOOD)], "served, none"),
        (&[(WWW, "maybe"), (PERMANENT, GOOD)], "served, none"),
        (&[(WWW, ""), (PERMANENT, GOOD)], "served, none"),
        (&[(WWW, "maybe"), (TEMPORAL, GOOD)], "served, none"),
        (&[(CODE, "permanent"), (PERMANENT, GOOD)], "served, none"),
        (&[(CODE, "3e2"), (PERMANENT, GOOD)], "served, none"),
        (&[(TEMPORAL_CODE, ""), (TEMPORAL, GOOD)], "served, none"),
        (&[(PERMANENT, "https://")], "served, none"),
        (&[(PERMANENT, "https:///path")], "served, none"),
        (&[(PERMANENT, "https://:443")], "served, none"),
        (&[(PERMANENT, "https://b.example.com:port")], "served, none"),
        (&[(PERMANENT, "https://b.example.com:")], "served, none"),
        (&[(PERMANENT, "https://%zz")], "served, none"),
        (&[(PERMANENT, "https://b.example.com/%zz")], "served, none"),
        (&[(PERMANENT, "https://b example.com")], "served, none"),
    ];
    for (annotations, expected) in rows {
        let told = world.told(&ingress(Some("edge"), annotations, &[], &["a.example.com"]));
        assert_eq!(told, [format!("a.example.com: {expected}")], "{annotations:?}");
    }
}

#[test]
fn ingress_nginx_takes_the_certificate_of_another_ingress_of_the_host() {
    let other = |class: &str, tls: &[&str], host: &str| {
        let mut other = ingress(Some(class), &[], tls, &[host]);
        other["metadata"]["name"] = json!("other");
        other["metadata"]["namespace"] = json!("elsewhere");
        other
    };
    let plain = ingress(Some("edge"), &[], &[], &["a.example.com"]);
    for (other, expected) in [
        (other("edge", &["a.example.com"], "a.example.com"), "a.example.com: redirected, covered"),
        (other("edge", &["*.example.com"], "*.example.com"), "a.example.com: redirected, unknown"),
        (other("edge", &[], "a.example.com"), "a.example.com: served, none"),
        (other("edge", &["b.example.com"], "b.example.com"), "a.example.com: served, none"),
        (other("another", &["a.example.com"], "a.example.com"), "a.example.com: served, none"),
    ] {
        let mut world = World::new(&[("edge", NGINX), ("another", TRAEFIK)]);
        world.put(Kind::Ingress, &plain);
        world.put(Kind::Ingress, &other);
        assert_eq!(world.told(&plain), [expected], "{other}");
    }
    let blind = World::new(&[("edge", NGINX)]).blind(Kind::Ingress, Blind::Forbidden(Kind::Ingress));
    assert_eq!(blind.told(&plain), ["a.example.com: unknown, none"]);
}

#[test]
fn what_others_bring_follows_the_snapshot_and_the_operators_word() {
    let mut world = World::new(&[("edge", NGINX)]);
    let mut other = ingress(Some("public"), &[], &["a.example.com"], &["a.example.com"]);
    other["metadata"]["name"] = json!("other");
    let plain = ingress(Some("edge"), &[], &[], &["a.example.com"]);
    let (covered, served) = (["a.example.com: redirected, covered"], ["a.example.com: served, none"]);
    world.put(Kind::Ingress, &plain);
    world.put(Kind::Ingress, &other);
    assert_eq!(world.told(&plain), served);
    world.classes.insert("public".into(), NGINX.into());
    assert_eq!(world.told(&plain), covered);
    world.classes.clear();
    assert_eq!(world.told(&plain), served);
    other["spec"]["ingressClassName"] = json!("edge");
    world.put(Kind::Ingress, &other);
    assert_eq!(world.told(&plain), covered);
    // Nobody brings a certificate to itself.
    world.snapshot.apply(Edit::Remove(decode::value(Kind::Ingress, &other).unwrap().key()));
    assert_eq!(world.told(&plain), served);
}

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
        "nginx.org/ingress-controller",
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
    let reads = |ingress: &Value| world.rests_on(ingress).iter().map(ToString::to_string).collect::<Vec<_>>();
    let hosts = ["a.example.com"];
    assert_eq!(reads(&ingress(Some("edge"), &[], &hosts, &hosts)), ["get IngressClass edge"]);
    assert_eq!(reads(&ingress(Some("edge"), &[], &[], &hosts)), ["list ingresses in shop", "get IngressClass edge"]);
    assert_eq!(reads(&ingress(None, &[], &[], &hosts)), ["list ingressclasses"]);
}
