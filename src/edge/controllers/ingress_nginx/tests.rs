//! What ingress-nginx does, row by row.

use serde_json::json;

use crate::{
    edge::test_world::{World, check, ingress},
    model::{Kind, decode},
    snapshot::{Blind, Edit},
};

const NGINX: &str = "k8s.io/ingress-nginx";
const TRAEFIK: &str = "traefik.io/ingress-controller";

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
