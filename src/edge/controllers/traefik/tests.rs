//! Traefik's rows of the facts, sections 1.2 to 1.5, and their neighbours.

use serde_json::{Value, json};

use crate::{
    edge::{
        alters,
        test_world::{World, ingress},
    },
    model::{Kind, ObjectKey, TlsVersion},
    snapshot::Blind,
};

const TRAEFIK: &str = "traefik.io/ingress-controller";
const ENTRY_POINTS: &str = "traefik.ingress.kubernetes.io/router.entrypoints";
const ROUTER_TLS: &str = "traefik.ingress.kubernetes.io/router.tls";
const MIDDLEWARES: &str = "traefik.ingress.kubernetes.io/router.middlewares";
const OPTIONS: &str = "traefik.ingress.kubernetes.io/router.tls.options";
const OWN: [Kind; 5] =
    [Kind::IngressRoute, Kind::IngressRouteTCP, Kind::TLSOption, Kind::ServersTransport, Kind::Middleware];

fn world() -> World {
    World::new(&[("edge", TRAEFIK)]).seen(&OWN).seen(&[Kind::Service])
}

fn object(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

fn middleware(name: &str, spec: &Value) -> Value {
    object("shop", name, spec)
}

/// An `IngressRoute` `shop/web` with these routes, each a rule and its middlewares by comma.
fn route(entry_points: &[&str], tls: Option<Value>, routes: &[(&str, &str)]) -> Value {
    let route = |(rule, middlewares): &(&str, &str)| {
        let named: Vec<Value> =
            middlewares.split(',').filter(|name| !name.is_empty()).map(|name| json!({"name": name})).collect();
        json!({"kind": "Rule", "match": rule, "middlewares": named, "services": [{"name": "web", "port": 80}]})
    };
    let mut spec = json!({"entryPoints": entry_points, "routes": routes.iter().map(route).collect::<Vec<_>>()});
    if let Some(tls) = tls {
        spec["tls"] = tls;
    }
    object("shop", "web", &spec)
}

const HOST: &str = "Host(`shop.example.com`)";

#[test]
fn an_ingress_is_redirected_by_a_middleware_that_is_there_and_redirects() {
    let world = world().with([
        (Kind::Middleware, &middleware("https", &json!({"redirectScheme": {"scheme": "https", "permanent": true}}))),
        (Kind::Middleware, &middleware("up", &json!({"redirectScheme": {"scheme": "http"}}))),
        (Kind::Middleware, &middleware("headers", &json!({"headers": {"stsSeconds": 1}}))),
        (
            Kind::Middleware,
            &middleware("regex", &json!({"redirectRegex": {"regex": "^http://(.*)", "replacement": "https://${1}"}})),
        ),
        (
            Kind::Middleware,
            &middleware(
                "www",
                &json!({"redirectRegex": {"regex": "^https?://www\\.a/(.*)", "replacement": "https://a/${1}"}}),
            ),
        ),
        (
            Kind::Middleware,
            &middleware("chain", &json!({"chain": {"middlewares": [{"name": "headers"}, {"name": "https"}]}})),
        ),
        (Kind::Middleware, &middleware("loop", &json!({"chain": {"middlewares": [{"name": "loop"}]}}))),
        (Kind::Middleware, &middleware("plugin", &json!({"plugin": {"mine": {}}}))),
    ]);
    for (named, expected) in [
        ("shop-https@kubernetescrd", "redirected"),
        ("shop-headers@kubernetescrd, shop-https@kubernetescrd", "redirected"),
        ("shop-regex@kubernetescrd", "redirected"),
        ("shop-chain@kubernetescrd", "redirected"),
        ("shop-headers@kubernetescrd", "served"),
        ("shop-up@kubernetescrd", "served"),
        ("shop-www@kubernetescrd", "unknown"),
        ("shop-plugin@kubernetescrd", "unknown"),
        ("shop-loop@kubernetescrd", "unknown"),
        ("shop-absent@kubernetescrd", "unknown"),
        // The name of an Ingress's own provider, which has no middlewares.
        ("https", "unknown"),
        ("https@file", "unknown"),
    ] {
        let plain = ingress(Some("edge"), &[(MIDDLEWARES, named)], &[], &["shop.example.com"]);
        let told = world.told(&plain);
        assert!(told[0].starts_with(&format!("shop.example.com: {expected}")), "{named}: {told:?}");
    }
    let plain = ingress(Some("edge"), &[(MIDDLEWARES, "shop-https@kubernetescrd")], &[], &["shop.example.com"]);
    let needs = world.rests_on(Kind::Ingress, &plain);
    assert!(needs.contains(&"get Middleware shop/https".to_owned()), "{needs:?}");
    let blind = world.blind(Kind::Middleware, Blind::Stale(Kind::Middleware));
    let other = ingress(Some("edge"), &[(MIDDLEWARES, "shop-absent@kubernetescrd")], &[], &["shop.example.com"]);
    assert_eq!(blind.told(&other), ["shop.example.com: unknown, none"]);
}

#[test]
fn an_ingress_route_without_tls_is_plaintext_where_its_entry_point_is() {
    let secret = || Some(json!({"secretName": "web-tls"}));
    let both = "Host(`a.example.com`) || Host(`b.example.com`)";
    for (entry_points, tls, rule, expected) in [
        (&[][..], None, HOST, &["shop.example.com: served, none"][..]),
        (&["web"], None, HOST, &["shop.example.com: served, none"]),
        (&["web", "websecure"], None, HOST, &["shop.example.com: served, none"]),
        (&["websecure"], None, HOST, &["shop.example.com: closed, unknown"]),
        (&["mine"], None, HOST, &["shop.example.com: unknown, none"]),
        (&["websecure"], secret(), HOST, &["shop.example.com: closed, covered"]),
        (&[], secret(), HOST, &["shop.example.com: closed, covered"]),
        (&["web"], secret(), HOST, &["shop.example.com: closed, covered"]),
        (&["websecure"], Some(json!({})), HOST, &["shop.example.com: closed, unknown"]),
        (&["websecure"], Some(json!({"certResolver": "le"})), HOST, &["shop.example.com: closed, covered"]),
        (&["websecure"], secret(), both, &["a.example.com: closed, covered", "b.example.com: closed, covered"]),
        (&["web"], None, "PathPrefix(`/`)", &["*: served, none"]),
        (&["websecure"], secret(), "PathPrefix(`/`)", &["*: closed, unknown"]),
    ] {
        let told = world().listeners(Kind::IngressRoute, &route(entry_points, tls.clone(), &[(rule, "")]));
        assert_eq!(told, expected, "{entry_points:?} {tls:?} {rule}");
    }
    let mut vouched = world();
    vouched.refuses.insert(TRAEFIK.into());
    let plain = route(&["web"], None, &[(HOST, "")]);
    assert_eq!(vouched.listeners(Kind::IngressRoute, &plain), ["shop.example.com: redirected, none"]);
}

#[test]
fn the_usual_twin_on_the_plain_entry_point_only_redirects() {
    let redirect = middleware("https", &json!({"redirectScheme": {"scheme": "https"}}));
    let world = world().with([(Kind::Middleware, &redirect)]);
    let twin = route(&["web"], None, &[(HOST, "https")]);
    assert_eq!(world.listeners(Kind::IngressRoute, &twin), ["shop.example.com: redirected, none"]);
    // One route without the Middleware is enough to be served in plaintext.
    let half = route(&["web"], None, &[(HOST, "https"), ("Host(`shop.example.com`) && Path(`/x`)", "")]);
    assert_eq!(world.listeners(Kind::IngressRoute, &half), ["shop.example.com: served, none"]);
    let mut elsewhere = route(&["web"], None, &[(HOST, "https")]);
    elsewhere["metadata"]["namespace"] = json!("pay");
    assert_eq!(world.listeners(Kind::IngressRoute, &elsewhere), ["shop.example.com: unknown, none"]);
    elsewhere["spec"]["routes"][0]["middlewares"][0]["namespace"] = json!("shop");
    assert_eq!(world.listeners(Kind::IngressRoute, &elsewhere), ["shop.example.com: redirected, none"]);
}

#[test]
fn connections_without_tls_are_passed_on_as_they_come() {
    for (tls, rule, expected, protection) in [
        (None, "HostSNI(`*`)", "*: served, none", "plaintext (default)"),
        (None, "HostSNI(`db.example.com`)", "db.example.com: closed, none", "plaintext (default)"),
        (
            Some(json!({"secretName": "db-tls"})),
            "HostSNI(`db.example.com`)",
            "db.example.com: closed, covered",
            "plaintext (default)",
        ),
        (
            Some(json!({"passthrough": true})),
            "HostSNI(`db.example.com`)",
            "db.example.com: closed, covered",
            "passed through",
        ),
        (Some(json!({})), "HostSNI(`*`)", "*: closed, unknown", "plaintext (default)"),
    ] {
        let route = route(&["db"], tls.clone(), &[(rule, "")]);
        assert_eq!(world().listeners(Kind::IngressRouteTCP, &route), [expected], "{tls:?} {rule}");
        let hops = world().hops(Kind::IngressRouteTCP, &route);
        assert!(hops[0].ends_with(protection), "{hops:?}");
    }
    let mut encrypted = route(&["db"], Some(json!({})), &[("HostSNI(`*`)", "")]);
    encrypted["spec"]["routes"][0]["services"][0]["tls"] = json!(true);
    let at = "spec.routes[0].services[0]";
    let expected = format!("web:80 for  at {at}: TLS ({at}.tls), verified");
    assert_eq!(world().hops(Kind::IngressRouteTCP, &encrypted), [expected]);
}

#[test]
fn a_secret_of_routes_is_for_their_hosts() {
    let route = route(&["websecure"], Some(json!({"secretName": "web-tls"})), &[(HOST, ""), ("Path(`/x`)", "")]);
    let told = world().certificates(Kind::IngressRoute, &route);
    assert_eq!(told, ["shop/web-tls for shop.example.com at spec.tls.secretName, missing: DefaultCertificate"]);
    let strict = object("shop", "default", &json!({"sniStrict": true}));
    let told = world().with([(Kind::TLSOption, &strict)]).certificates(Kind::IngressRoute, &route);
    assert_eq!(told, ["shop/web-tls for shop.example.com at spec.tls.secretName, missing: RejectsHandshake"]);
}

/// The settings of an Ingress with `router.tls` and this option, with these `TLSOption`s `shop/NAME`.
fn settings(options: &[(&str, Value)], named: Option<&str>) -> String {
    let options: Vec<Value> = options.iter().map(|(name, spec)| object("shop", name, spec)).collect();
    let world = world().with(options.iter().map(|option| (Kind::TLSOption, option)));
    let mut annotations = vec![(ROUTER_TLS, "true")];
    annotations.extend(named.map(|named| (OPTIONS, named)));
    let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &annotations, &[], &["shop.example.com"]));
    assert_eq!(told.len(), 1, "{told:?}");
    // Go's own list is long.
    told[0].replace(super::options::SUITES, "Go's")
}

#[test]
fn options_are_taken_from_the_tls_option_that_holds() {
    const DEFAULT: &str = "TLS 1.2 (default); Go's (default); not asked (default)";
    let strict = || json!({"minVersion": "VersionTLS13"});
    let old = || json!({"minVersion": "VersionTLS10"});
    let field = |namespace: &str, name: &str, path: &str| format!("TLSOption {namespace}/{name} {path}");
    assert_eq!(settings(&[], None), DEFAULT);
    let by = field("shop", "old", "spec.minVersion");
    let expected = format!("TLS 1.0 ({by}); Go's (default); not asked (default)");
    assert_eq!(settings(&[("old", old())], Some("shop-old@kubernetescrd")), expected);
    assert_eq!(settings(&[("old", old())], None), DEFAULT);
    let by = field("shop", "default", "spec.minVersion");
    let expected = format!("TLS 1.3 ({by}); sound ({by}); not asked (default)");
    assert_eq!(settings(&[("default", strict())], None), expected);
    assert_eq!(settings(&[("default", strict())], Some("default")), expected);
    assert_eq!(
        settings(&[], Some("shop-gone@kubernetescrd")),
        "unknown (default); unknown (default); unknown (default)"
    );
    assert_eq!(settings(&[], Some("mine@file")), "unknown (default); unknown (default); unknown (default)");
}

#[test]
fn two_options_named_default_drop_each_other() {
    let old = |namespace: &str| object(namespace, "default", &json!({"minVersion": "VersionTLS10"}));
    let one = world().with([(Kind::TLSOption, &old("shop"))]);
    let two = world().with([(Kind::TLSOption, &old("shop")), (Kind::TLSOption, &old("pay"))]);
    let route = route(&["websecure"], Some(json!({})), &[(HOST, "")]);
    assert!(
        one.settings(Kind::IngressRoute, &route)[0].starts_with("TLS 1.0 (TLSOption shop/default spec.minVersion)")
    );
    assert!(two.settings(Kind::IngressRoute, &route)[0].starts_with("TLS 1.2 (default)"));
}

#[test]
fn versions_suites_and_client_certificates_are_reported_as_they_are_set() {
    let told = |spec: Value| {
        let told = settings(&[("mine", spec)], Some("shop-mine@kubernetescrd"));
        told.replace("TLSOption shop/mine spec.", "")
    };
    for (spec, expected) in [
        (json!({"minVersion": "VersionTLS11"}), "TLS 1.1 (minVersion); Go's (default); not asked (default)"),
        (json!({"minVersion": "VersionTLS12"}), "TLS 1.2 (minVersion); Go's (default); not asked (default)"),
        (json!({"minVersion": "nonsense"}), "TLS 1.2 (default); Go's (default); not asked (default)"),
        (json!({"maxVersion": "VersionTLS11"}), "TLS 1.1 (maxVersion); Go's (default); not asked (default)"),
        (json!({"maxVersion": "VersionTLS12"}), "TLS 1.2 (default); Go's (default); not asked (default)"),
        (
            json!({"cipherSuites": ["TLS_RSA_WITH_RC4_128_SHA", "TLS_AES_128_GCM_SHA256"]}),
            "TLS 1.2 (default); TLS_RSA_WITH_RC4_128_SHA,TLS_AES_128_GCM_SHA256 (cipherSuites); not asked (default)",
        ),
        (json!({"cipherSuites": []}), "TLS 1.2 (default); sound (cipherSuites); not asked (default)"),
        (
            json!({"clientAuth": {"secretNames": ["ca"]}}),
            "TLS 1.2 (default); Go's (default); required (clientAuth.secretNames)",
        ),
    ] {
        assert_eq!(told(spec.clone()), expected, "{spec}");
    }
    for (kind, expected) in [
        ("NoClientCert", "not asked"),
        ("RequestClientCert", "optional: are asked for, and neither required nor checked"),
        ("RequireAnyClientCert", "optional: are required, and not checked"),
        ("VerifyClientCertIfGiven", "optional: are checked only where they are shown"),
        ("RequireAndVerifyClientCert", "required"),
        ("Nonsense", "unknown"),
    ] {
        let told = told(json!({"clientAuth": {"clientAuthType": kind, "secretNames": ["ca"]}}));
        assert_eq!(told, format!("TLS 1.2 (default); Go's (default); {expected} (clientAuth.clientAuthType)"));
    }
}

#[test]
fn two_options_for_one_host_leave_it_to_the_default() {
    let mine = object("shop", "mine", &json!({"minVersion": "VersionTLS13"}));
    let world = world().with([(Kind::TLSOption, &mine)]);
    let own = route(&["websecure"], Some(json!({"options": {"name": "mine"}})), &[(HOST, "")]);
    assert!(world.settings(Kind::IngressRoute, &own)[0].starts_with("TLS 1.3"));
    let mut other = route(&["websecure"], Some(json!({})), &[(HOST, "")]);
    other["metadata"]["name"] = json!("other");
    let shared = world.with([(Kind::IngressRoute, &other)]);
    assert!(shared.settings(Kind::IngressRoute, &own)[0].starts_with("TLS 1.2 (default)"));
    // A second host of its own keeps the option.
    let two = route(
        &["websecure"],
        Some(json!({"options": {"name": "mine"}})),
        &[(HOST, ""), ("Host(`pay.example.com`)", "")],
    );
    let told = shared.settings(Kind::IngressRoute, &two);
    assert!(told[0].starts_with("TLS 1.3") && told[1].starts_with("shop.example.com: TLS 1.2 (default)"), "{told:?}");
    // And requests of any host have no option.
    let any = route(&["websecure"], Some(json!({"options": {"name": "mine"}})), &[("Path(`/x`)", "")]);
    assert!(shared.settings(Kind::IngressRoute, &any)[0].starts_with("TLS 1.2 (default)"));
}

#[test]
fn plain_routers_have_no_tls_to_set() {
    let plain = ingress(Some("edge"), &[(ENTRY_POINTS, "web")], &[], &["shop.example.com"]);
    assert!(world().settings(Kind::Ingress, &plain).is_empty());
    assert!(world().settings(Kind::IngressRoute, &route(&["web"], None, &[(HOST, "")])).is_empty());
    let passed = route(&[], Some(json!({"passthrough": true})), &[("HostSNI(`a.example.com`)", "")]);
    assert!(world().settings(Kind::IngressRouteTCP, &passed).is_empty());
}

#[test]
fn the_operators_word_on_versions_goes_before_the_default() {
    let mut world = world();
    let said = crate::edge::ControllerSettings { oldest_tls: Some(TlsVersion::Tls13), ..Default::default() };
    world.settings.controllers.insert(TRAEFIK.into(), said);
    let route = route(&["websecure"], Some(json!({})), &[(HOST, "")]);
    assert!(world.settings(Kind::IngressRoute, &route)[0].starts_with("TLS 1.3 (ruleset)"));
}

#[test]
fn backends_are_spoken_to_in_tls_by_order_or_by_their_port() {
    let service = |name: &str, annotations: Value, port: Value| {
        json!({
            "metadata": {"name": name, "namespace": "shop", "annotations": annotations},
            "spec": {"ports": [port]},
        })
    };
    let prefix = "traefik.ingress.kubernetes.io/service";
    let scheme = |scheme: &str| json!({format!("{prefix}.serversscheme"): scheme});
    let lax = json!({
        format!("{prefix}.serversscheme"): "https",
        format!("{prefix}.serverstransport"): "shop-lax@kubernetescrd",
    });
    let plain = || json!({"port": 80});
    let annotation = |name: &str| format!("metadata.annotations[\"{prefix}.{name}\"]");
    let skips = object("shop", "lax", &json!({"insecureSkipVerify": true}));
    for (annotations, port, expected) in [
        (json!({}), plain(), "plaintext (default)".to_owned()),
        (scheme("http"), json!({"port": 443}), format!("plaintext (Service shop/web {})", annotation("serversscheme"))),
        (scheme("h2c"), plain(), format!("plaintext (Service shop/web {})", annotation("serversscheme"))),
        (scheme("https"), plain(), format!("TLS (Service shop/web {}), verified", annotation("serversscheme"))),
        (json!({}), json!({"port": 443}), "TLS (Service shop/web spec.ports[0]), verified".to_owned()),
        (
            json!({}),
            json!({"port": 8443, "name": "https-web"}),
            "TLS (Service shop/web spec.ports[0]), verified".to_owned(),
        ),
        (
            lax,
            plain(),
            format!(
                "TLS (Service shop/web {}), not verified (ServersTransport shop/lax spec.insecureSkipVerify)",
                annotation("serversscheme")
            ),
        ),
    ] {
        let service = service("web", annotations, port.clone());
        let world = world().with([(Kind::Service, &service), (Kind::ServersTransport, &skips)]);
        let mut plain = ingress(Some("edge"), &[], &[], &["shop.example.com"]);
        let number = port["port"].clone();
        plain["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"]["number"] = number.clone();
        let at = "spec.rules[0].http.paths[0].backend";
        let expected = format!("web:{number} for shop.example.com at {at}: {expected}");
        assert_eq!(world.hops(Kind::Ingress, &plain), [expected]);
    }
    let absent = ingress(Some("edge"), &[], &[], &["shop.example.com"]);
    assert!(world().hops(Kind::Ingress, &absent)[0].ends_with("unknown"));
}

#[test]
fn backends_of_routes_say_themselves_how_they_are_spoken_to() {
    let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"ports": [{"port": 80}, {"port": 443, "name": "s"}]}});
    let skips = object("shop", "lax", &json!({"insecureSkipVerify": true}));
    let world = world().with([(Kind::Service, &service), (Kind::ServersTransport, &skips)]);
    let at = "spec.routes[0].services[0]";
    for (backend, expected) in [
        (json!({"name": "web", "port": 80}), "web:80|plaintext (default)".to_owned()),
        (json!({"name": "web", "port": 443}), "web:443|TLS (Service shop/web spec.ports[1]), verified".to_owned()),
        (json!({"name": "web", "port": "s"}), "web:s|TLS (Service shop/web spec.ports[1]), verified".to_owned()),
        (json!({"name": "web", "port": 80, "scheme": "https"}), format!("web:80|TLS ({at}.scheme), verified")),
        (json!({"name": "web", "port": 443, "scheme": "http"}), format!("web:443|plaintext ({at}.scheme)")),
        (
            json!({"name": "web", "port": 80, "scheme": "https", "serversTransport": "lax"}),
            format!("web:80|TLS ({at}.scheme), not verified (ServersTransport shop/lax spec.insecureSkipVerify)"),
        ),
        (
            json!({"name": "web", "port": 80, "scheme": "https", "serversTransport": "gone"}),
            format!("web:80|TLS ({at}.scheme), perhaps verified"),
        ),
        (json!({"name": "web", "kind": "TraefikService"}), "none:none|unknown".to_owned()),
        (json!({"name": "gone", "port": 80}), "gone:80|unknown".to_owned()),
        (json!({"name": "web", "port": 81}), "web:81|unknown".to_owned()),
    ] {
        let mut route = route(&["websecure"], Some(json!({})), &[(HOST, "")]);
        route["spec"]["routes"][0]["services"][0] = backend.clone();
        let (target, protection) = expected.split_once('|').unwrap();
        let expected = format!("{target} for shop.example.com at {at}: {protection}");
        assert_eq!(world.hops(Kind::IngressRoute, &route), [expected], "{backend}");
    }
}

#[test]
fn a_change_of_an_option_or_a_middleware_concerns_whoever_uses_it() {
    let redirect = middleware("https", &json!({"redirectScheme": {"scheme": "https"}}));
    let chain = middleware("chain", &json!({"chain": {"middlewares": [{"name": "https"}]}}));
    let mine = object("shop", "mine", &json!({}));
    let annotations = [(MIDDLEWARES, "shop-chain@kubernetescrd"), (OPTIONS, "shop-mine@kubernetescrd")];
    let web = ingress(Some("edge"), &annotations, &[], &["shop.example.com"]);
    let own = route(&["web"], Some(json!({"options": {"name": "mine"}})), &[(HOST, "https")]);
    let service = json!({
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "annotations": {"traefik.ingress.kubernetes.io/service.serverstransport": "shop-lax@kubernetescrd"},
        },
        "spec": {"ports": [{"port": 80}]},
    });
    let world = world().with([
        (Kind::Middleware, &redirect),
        (Kind::Middleware, &chain),
        (Kind::TLSOption, &mine),
        (Kind::Ingress, &web),
        (Kind::IngressRoute, &own),
        (Kind::Service, &service),
    ]);
    let altered = |kind, name: &str| {
        let keys = alters(&world.snapshot, &ObjectKey::namespaced(kind, "shop", name));
        let names: std::collections::BTreeSet<String> = keys.iter().map(ToString::to_string).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    assert_eq!(altered(Kind::Middleware, "https"), "Ingress shop/web, IngressRoute shop/web");
    assert_eq!(altered(Kind::Middleware, "chain"), "Ingress shop/web");
    assert_eq!(altered(Kind::Middleware, "other"), "");
    assert_eq!(altered(Kind::TLSOption, "mine"), "Ingress shop/web, IngressRoute shop/web");
    assert_eq!(altered(Kind::TLSOption, "default"), "Ingress shop/web, IngressRoute shop/web");
    assert_eq!(altered(Kind::TLSOption, "other"), "");
    assert_eq!(altered(Kind::ServersTransport, "lax"), "Ingress shop/web");
    assert_eq!(altered(Kind::Ingress, "web"), "IngressRoute shop/web");
    // An Ingress that is known to be another controller's has no default option of Traefik's.
    let others = World::new(&[("edge", "k8s.io/ingress-nginx")]).with([(Kind::Ingress, &web)]);
    assert!(alters(&others.snapshot, &ObjectKey::namespaced(Kind::TLSOption, "shop", "default")).is_empty());
}
