//! What ingress-nginx does, row by row.

use serde_json::json;

use crate::{
    edge::{
        ControllerSettings,
        test_world::{World, check, ingress},
    },
    model::{Kind, TlsVersion, decode},
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

const A: &[&str] = &["a.example.com"];

/// With the ConfigMap, annotations, `spec.tls`, and what is told of the one host.
type Configured<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a [&'a str], &'a str);

#[test]
fn the_config_map_says_what_annotations_leave_open() {
    const ON: (&str, &str) = ("nginx.ingress.kubernetes.io/ssl-redirect", "true");
    const OFF: (&str, &str) = ("nginx.ingress.kubernetes.io/ssl-redirect", "false");
    const FORCE: (&str, &str) = ("nginx.ingress.kubernetes.io/force-ssl-redirect", "true");
    const NO_FORCE: (&str, &str) = ("nginx.ingress.kubernetes.io/force-ssl-redirect", "false");
    let rows: [Configured<'_>; 17] = [
        (&[], &[], A, "redirected, covered"),
        (&[("ssl-redirect", "false")], &[], A, "served, covered"),
        (&[("ssl-redirect", "f")], &[], A, "served, covered"),
        (&[("ssl-redirect", "no")], &[], A, "redirected, covered"),
        (&[("ssl-redirect", "false")], &[ON], A, "redirected, covered"),
        (&[("ssl-redirect", "false")], &[FORCE], A, "redirected, covered"),
        (&[("ssl-redirect", "true")], &[OFF], A, "served, covered"),
        (&[("ssl-redirect", "false")], &[], &[], "served, none"),
        (&[("force-ssl-redirect", "true")], &[], &[], "redirected, unknown"),
        (&[("force-ssl-redirect", "true")], &[OFF], A, "redirected, covered"),
        (&[("force-ssl-redirect", "true")], &[NO_FORCE], &[], "served, none"),
        (&[("no-tls-redirect-locations", "/")], &[], A, "served, covered"),
        (&[("no-tls-redirect-locations", "/")], &[FORCE], A, "served, covered"),
        (&[("no-tls-redirect-locations", " /api , /")], &[], A, "served, covered"),
        (&[("no-tls-redirect-locations", "/api")], &[], A, "redirected, covered"),
        (&[("no-tls-redirect-locations", "/.well-known/acme-challenge")], &[], A, "redirected, covered"),
        (&[("no-tls-redirect-locations", "")], &[], A, "redirected, covered"),
    ];
    for (data, annotations, tls, expected) in rows {
        let world = World::new(&[("edge", NGINX)]).configured(NGINX, data);
        let told = world.told(&ingress(Some("edge"), annotations, tls, A));
        assert_eq!(told, [format!("a.example.com: {expected}")], "{data:?} {annotations:?}");
    }
}

#[test]
fn a_config_map_that_is_named_and_cannot_be_read_leaves_open_what_it_may_say() {
    const FORCE: (&str, &str) = ("nginx.ingress.kubernetes.io/force-ssl-redirect", "true");
    const NO_FORCE: (&str, &str) = ("nginx.ingress.kubernetes.io/force-ssl-redirect", "false");
    const ELSEWHERE: (&str, &str) = ("nginx.ingress.kubernetes.io/permanent-redirect", "https://b.example.com");
    let unseen = World::new(&[("edge", NGINX)]).named(NGINX);
    let absent = World::new(&[("edge", NGINX)]).named(NGINX).seen(&[Kind::ConfigMap]);
    for world in [&unseen, &absent] {
        for (annotations, tls, hosts, expected) in [
            (&[][..], A, A, "a.example.com: unknown, covered"),
            (&[FORCE][..], A, A, "a.example.com: unknown, covered"),
            (&[][..], &[][..], A, "a.example.com: unknown, none"),
            // What no ConfigMap can change stays certain.
            (&[NO_FORCE][..], &[][..], A, "a.example.com: served, none"),
            (&[ELSEWHERE][..], &[][..], A, "a.example.com: redirected, unknown"),
            (&[][..], &[][..], &[][..], "*: served, none"),
        ] {
            assert_eq!(world.told(&ingress(Some("edge"), annotations, tls, hosts)), [expected], "{annotations:?}");
        }
        let covered = ingress(Some("edge"), &[], A, A);
        assert_eq!(
            world.settings(Kind::Ingress, &covered),
            ["unknown (default); unknown (default); not asked (default)"]
        );
        let reads = ["get ConfigMap edge-system/settings", "get IngressClass edge"];
        assert_eq!(world.rests_on(Kind::Ingress, &covered), reads);
    }
}

#[test]
fn a_config_map_that_nobody_names_is_found_by_its_usual_name_if_it_is_the_only_one() {
    let config_map = |namespace: &str, name: &str| json!({"metadata": {"name": name, "namespace": namespace}, "data": {"ssl-redirect": "false"}});
    let covered = ingress(Some("edge"), &[], A, A);
    let mut world = World::new(&[("edge", NGINX)]);
    world.put(Kind::ConfigMap, &config_map("ingress", "something-else"));
    assert_eq!(world.told(&covered), ["a.example.com: redirected, covered"]);
    world.put(Kind::ConfigMap, &config_map("ingress", "ingress-nginx-controller"));
    assert_eq!(world.told(&covered), ["a.example.com: served, covered"]);
    world.put(Kind::ConfigMap, &config_map("internal", "ingress-nginx-controller"));
    assert_eq!(world.told(&covered), ["a.example.com: redirected, covered"]);
}

const DEFAULT_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
                               ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                               ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
                               DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384";

fn at(name: &str) -> String {
    format!("metadata.annotations[\"nginx.ingress.kubernetes.io/{name}\"]")
}

#[test]
fn versions_come_from_the_config_map_and_ciphers_from_either() {
    const CIPHERS: (&str, &str) = ("nginx.ingress.kubernetes.io/ssl-ciphers", "ALL:!aNULL:RC4+RSA");
    let place = |key: &str| format!("ConfigMap edge-system/settings data.{key}");
    let protocols = place("ssl-protocols");
    let by_default = (DEFAULT_CIPHERS.to_owned(), "default".to_owned());
    let row = |data: &[(&str, &str)], annotations: &[(&str, &str)], oldest: String, ciphers: &(String, String)| {
        let world = World::new(&[("edge", NGINX)]).configured(NGINX, data);
        let told = world.settings(Kind::Ingress, &ingress(Some("edge"), annotations, A, A));
        let expected = format!("{oldest}; {} ({}); not asked (default)", ciphers.0, ciphers.1);
        assert_eq!(told, [expected], "{data:?} {annotations:?}");
    };
    row(&[], &[], "TLS 1.2 (default)".to_owned(), &by_default);
    for (text, oldest) in [
        ("TLSv1.2 TLSv1.3", "TLS 1.2"),
        ("TLSv1.3", "TLS 1.3"),
        ("TLSv1 TLSv1.1 TLSv1.2", "TLS 1.0"),
        ("TLSv1.2 TLSv1.1", "TLS 1.1"),
        ("SSLv3 TLSv1.2", "SSL 3.0"),
        ("SSLv2", "SSL 2.0"),
        ("TLSv1.2,TLSv1.3", "unknown"),
        ("", "unknown"),
    ] {
        row(&[("ssl-protocols", text)], &[], format!("{oldest} ({protocols})"), &by_default);
    }
    let by_config_map = ("AES128-SHA".to_owned(), place("ssl-ciphers"));
    row(&[("ssl-ciphers", "AES128-SHA")], &[], "TLS 1.2 (default)".to_owned(), &by_config_map);
    let by_annotation = (CIPHERS.1.to_owned(), at("ssl-ciphers"));
    row(&[("ssl-ciphers", "AES128-SHA")], &[CIPHERS], "TLS 1.2 (default)".to_owned(), &by_annotation);

    let mut world = World::new(&[("edge", NGINX)]);
    let settings = ControllerSettings { oldest_tls: Some(TlsVersion::Tls10), ..ControllerSettings::default() };
    world.settings.controllers.insert(NGINX.into(), settings);
    let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &[], A, A));
    assert!(told[0].starts_with("TLS 1.0 (ruleset)"), "{told:?}");
}

#[test]
fn nothing_is_said_of_tls_that_nobody_asks_for() {
    let world = World::new(&[("edge", NGINX)]);
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &[], &[], A)).is_empty());
    let canary = [("nginx.ingress.kubernetes.io/canary", "true")];
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &canary, A, A)).is_empty());
    let forced = [("nginx.ingress.kubernetes.io/force-ssl-redirect", "true")];
    assert_eq!(world.settings(Kind::Ingress, &ingress(Some("edge"), &forced, &[], A)).len(), 1);
}

#[test]
fn client_certificates_need_a_secret_and_a_word() {
    const SECRET: (&str, &str) = ("nginx.ingress.kubernetes.io/auth-tls-secret", "shop/ca");
    let verify = |value| ("nginx.ingress.kubernetes.io/auth-tls-verify-client", value);
    let world = World::new(&[("edge", NGINX)]);
    let off = "optional: are not asked for: auth-tls-verify-client is off";
    let optional = "optional: are not required: auth-tls-verify-client is optional";
    let no_ca = "optional: need not be trusted: auth-tls-verify-client is optional_no_ca";
    let no_secret = "optional: are not asked for: there is no auth-tls-secret with their CA";
    for (annotations, expected, place) in [
        (vec![], "not asked", "default".to_owned()),
        (vec![SECRET], "required", at("auth-tls-secret")),
        (vec![SECRET, verify("on")], "required", at("auth-tls-verify-client")),
        (vec![SECRET, verify("off")], off, at("auth-tls-verify-client")),
        (vec![SECRET, verify("optional")], optional, at("auth-tls-verify-client")),
        (vec![SECRET, verify("optional_no_ca")], no_ca, at("auth-tls-verify-client")),
        (vec![SECRET, verify("maybe")], "required", at("auth-tls-secret")),
        (vec![verify("on")], no_secret, at("auth-tls-verify-client")),
        (vec![verify("off")], "not asked", at("auth-tls-verify-client")),
    ] {
        let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &annotations, A, A));
        assert!(told[0].ends_with(&format!("; {expected} ({place})")), "{annotations:?}: {told:?}");
    }
}

#[test]
fn snippets_leave_open_what_they_set_where_the_controller_takes_them() {
    const REDIRECT: &str = "if ($scheme = http) { return 301 https://$host$request_uri; }";
    let server = |text| ("nginx.ingress.kubernetes.io/server-snippet", text);
    let of_location = |text| ("nginx.ingress.kubernetes.io/configuration-snippet", text);
    let [unnamed, unset] = [World::new(&[("edge", NGINX)]), World::new(&[("edge", NGINX)]).configured(NGINX, &[])];
    let allowed = World::new(&[("edge", NGINX)]).configured(NGINX, &[("allow-snippet-annotations", "true")]);
    let is_known = |world: &World, annotation: (&str, &str)| {
        let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &[annotation], A, A));
        !told[0].starts_with(&format!("unknown ({})", at("server-snippet")))
    };
    for (world, taken) in [(&unnamed, true), (&unset, false), (&allowed, true)] {
        assert_eq!(is_known(world, server("ssl_protocols TLSv1;")), !taken);
        assert!(is_known(world, server("client_max_body_size 1m;")));
        let expected = if taken { "unknown" } else { "served" };
        for snippet in [server(REDIRECT), of_location(REDIRECT)] {
            let told = world.told(&ingress(Some("edge"), &[snippet], &[], A));
            assert_eq!(told, [format!("a.example.com: {expected}, none")]);
        }
        let told = world.told(&ingress(Some("edge"), &[server("return 404;")], &[], A));
        assert_eq!(told, ["a.example.com: served, none"]);
    }
}

#[test]
fn passthrough_rests_on_an_argument_of_the_controller() {
    let world = World::new(&[("edge", NGINX)]);
    let through = [("nginx.ingress.kubernetes.io/ssl-passthrough", "true")];
    let object = ingress(Some("edge"), &through, A, A);
    assert_eq!(
        world.hops(Kind::Ingress, &object),
        ["web:80 for a.example.com at spec.rules[0].http.paths[0].backend: unknown"]
    );
    assert!(world.settings(Kind::Ingress, &object)[0].starts_with("unknown ("));
    let off = ingress(Some("edge"), &[("nginx.ingress.kubernetes.io/ssl-passthrough", "false")], A, A);
    assert!(world.hops(Kind::Ingress, &off)[0].ends_with("plaintext (default)"));
}

#[test]
fn backends_are_encrypted_by_backend_protocol_and_checked_by_proxy_ssl() {
    const SECRET: (&str, &str) = ("nginx.ingress.kubernetes.io/proxy-ssl-secret", "shop/ca");
    let protocol = |value| ("nginx.ingress.kubernetes.io/backend-protocol", value);
    let verify = |value| ("nginx.ingress.kubernetes.io/proxy-ssl-verify", value);
    let world = World::new(&[("edge", NGINX)]);
    let by = at("backend-protocol");
    let plain = format!("plaintext ({by})");
    let unverified = format!("TLS ({by}), not verified (default)");
    let turned_off = format!("TLS ({by}), not verified ({})", at("proxy-ssl-verify"));
    let verified = format!("TLS ({by}), verified");
    for (annotations, expected) in [
        (vec![], "plaintext (default)"),
        (vec![protocol("HTTP")], &plain),
        (vec![protocol("GRPC")], &plain),
        (vec![protocol("FCGI")], &plain),
        (vec![protocol("SECURE")], &plain),
        (vec![protocol("HTTPS")], &unverified),
        (vec![protocol("https")], &unverified),
        (vec![protocol(" GRPCS ")], &unverified),
        (vec![protocol("AUTO_HTTP")], &unverified),
        (vec![protocol("HTTPS"), SECRET], &unverified),
        (vec![protocol("HTTPS"), verify("on")], &turned_off),
        (vec![protocol("HTTPS"), verify("off"), SECRET], &turned_off),
        (vec![protocol("HTTPS"), verify("On"), SECRET], &turned_off),
        (vec![protocol("HTTPS"), verify("on"), SECRET], &verified),
    ] {
        let told = world.hops(Kind::Ingress, &ingress(Some("edge"), &annotations, A, A));
        let path = "web:80 for a.example.com at spec.rules[0].http.paths[0].backend";
        assert_eq!(told, [format!("{path}: {expected}")], "{annotations:?}");
    }
}

#[test]
fn hops_are_one_for_each_service_and_port_with_their_hosts() {
    let world = World::new(&[("edge", NGINX)]);
    let mut object = ingress(Some("edge"), &[], A, &["a.example.com", "b.example.com"]);
    let hop = "web:80 for a.example.com,b.example.com at spec.rules[0].http.paths[0].backend: plaintext (default)";
    assert_eq!(world.hops(Kind::Ingress, &object), [hop]);
    object["spec"]["defaultBackend"] = json!({"service": {"name": "web", "port": {"number": 80}}});
    assert_eq!(world.hops(Kind::Ingress, &object), [hop.replace("a.example.com,b.example.com", "")]);
    object["spec"]["defaultBackend"] = json!({"service": {"name": "other", "port": {"name": "http"}}});
    assert_eq!(
        world.hops(Kind::Ingress, &object),
        [hop, "other:http for  at spec.defaultBackend: plaintext (default)"]
    );
}

#[test]
fn a_missing_secret_means_the_default_certificate() {
    let world = World::new(&[("edge", NGINX)]);
    let issued = [("cert-manager.io/cluster-issuer", "letsencrypt")];
    let told = world.certificates(Kind::Ingress, &ingress(Some("edge"), &issued, A, A));
    let secret = "shop/web-tls for a.example.com at spec.tls[0].secretName, missing: DefaultCertificate";
    assert_eq!(told, [format!("{secret}, issued")]);
    assert_eq!(world.certificates(Kind::Ingress, &ingress(Some("edge"), &[], A, A)), [secret]);
}
