//! What holds of every controller and of every kind that opens something, whatever is written: it is read without a panic, and
//! twice the same.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::{
    controllers::KNOWN,
    test_world::{World, ingress},
    *,
};
use crate::model::{Kind, decode};

/// The prefixes of controllers' annotations.
const PREFIXES: [&str; 16] = [
    "alb.ingress.kubernetes.io/",
    "appgw.ingress.kubernetes.io/",
    "cert-manager.io/",
    "haproxy-ingress.github.io/",
    "haproxy.com/",
    "haproxy.org/",
    "ingress.gcp.kubernetes.io/",
    "ingress.kubernetes.io/",
    "konghq.com/",
    "kubernetes.io/ingress.",
    "networking.gke.io/",
    "nginx.ingress.kubernetes.io/",
    "nginx.org/",
    "projectcontour.io/",
    "route.openshift.io/",
    "traefik.ingress.kubernetes.io/",
];

/// What follows them, of whichever controller.
const NAMES: [&str; 52] = [
    "allow-http",
    "auth-tls-secret",
    "auth-tls-verify-client",
    "backend-protocol",
    "canary",
    "certificate-arn",
    "cluster-issuer",
    "configuration-snippet",
    "force-ssl-redirect",
    "https-redirect-status-code",
    "insecureEdgeTerminationPolicy",
    "listen-ports",
    "managed-certificates",
    "mergeable-ingress-type",
    "mutual-authentication",
    "permanent-redirect",
    "policies",
    "pre-shared-cert",
    "protocols",
    "proxy-ssl-secret",
    "proxy-ssl-verify",
    "redirect-to-https",
    "router.entrypoints",
    "router.middlewares",
    "router.tls",
    "router.tls.certresolver",
    "router.tls.options",
    "secure-backends",
    "secure-verify-ca-secret",
    "server-alias",
    "server-ca",
    "server-crt",
    "server-snippet",
    "server-snippets",
    "server-ssl",
    "ssl-always-add-https",
    "ssl-always-follow-redirect",
    "ssl-certificate",
    "ssl-cipher-suites",
    "ssl-ciphers",
    "ssl-options-host",
    "ssl-passthrough",
    "ssl-policy",
    "ssl-profile",
    "ssl-redirect",
    "ssl-services",
    "temporal-redirect",
    "termination",
    "tls-cert-namespace",
    "tls-minimum-protocol-version",
    "upstream-protocol.tls",
    "v1beta1.FrontendConfig",
];

/// Values that mean something to somebody.
const VALUES: [&str; 26] = [
    "",
    " ",
    "0",
    "1",
    "1.3",
    "301",
    "443",
    "false",
    "true",
    "True",
    "on",
    "off",
    "optional",
    "edge",
    "reencrypt",
    "passthrough",
    "http,https",
    "web, websecure",
    "HTTPS",
    "h1-ssl",
    "shop/ca",
    "https://a.example.com",
    "ssl_protocols TLSv1; return 301 https://$host;",
    "ssl-min-ver TLSv1.0",
    r#"[{"HTTP": 80}, {"HTTPS": 443}]"#,
    "ELBSecurityPolicy-2016-08",
];

const HOSTS: [&str; 7] =
    ["", "a.example.com", "*.example.com", "b.a.example.com", "localhost", "*", "xn--bcher-kva.example"];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(&VALUES[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

fn annotations() -> impl Strategy<Value = BTreeMap<String, String>> {
    let key = (select(&PREFIXES[..]), select(&NAMES[..])).prop_map(|(prefix, name)| format!("{prefix}{name}"));
    vec((key, value()), 0..6).prop_map(|entries| entries.into_iter().collect())
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![6 => select(&HOSTS[..]).prop_map(str::to_owned), 1 => "[a-zA-Z*.-]{0,12}"]
}

/// A specification, of words that fields of some kind have.
fn specification() -> impl Strategy<Value = Value> {
    let words = include_str!("../manifest/fields.txt").split([' ', ',', '\n']).filter(|word| !word.is_empty());
    let lower: Vec<&'static str> =
        words.filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase())).collect();
    let leaf = prop_oneof![
        2 => value().prop_map(Value::from),
        2 => host().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<u16>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let fields = vec((select(lower.clone()), inner.clone()), 0..6);
        let fields = fields.prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        prop_oneof![3 => fields.prop_map(|fields| Value::Object(fields.collect::<Map<_, _>>())),
            1 => vec(inner, 0..3).prop_map(Value::from)]
    })
}

/// All that is said of an object.
fn all(world: &World, kind: Kind, object: &Value) -> String {
    world.ask(kind, object, |surface| {
        let told = (surface.listeners(Wanted::All), surface.settings(), surface.certificates());
        let one = Some("a.example.com".into());
        let rest = (surface.hops(), surface.rests_on(), surface.listeners(Wanted::One(one.as_ref())));
        format!("{told:?} {rest:?} {:?}", surface.serving().name())
    })
}

/// An Ingress with these annotations, entries of `spec.tls` and hosts.
fn written(annotations: &BTreeMap<String, String>, tls: &[String], hosts: &[String]) -> Value {
    let listed: Vec<&str> = tls.iter().map(String::as_str).collect();
    let of_rules: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let mut object = ingress(Some("edge"), &[], &listed, &of_rules);
    object["metadata"]["annotations"] = json!(annotations);
    object
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_controller_reads_every_ingress_and_twice_the_same(
        annotations in annotations(),
        of_service in annotations(),
        settings in proptest::option::of(vec((select(&NAMES[..]), value()), 0..5)),
        tls in vec(host(), 0..3),
        hosts in vec(host(), 0..4),
    ) {
        let object = written(&annotations, &tls, &hosts);
        let service = json!({"metadata": {"name": "web", "namespace": "shop", "annotations": of_service}});
        for controller in KNOWN {
            let name = controller.identity().controllers[0];
            let mut world = World::new(&[("edge", name)]).with([(Kind::Service, &service)]);
            if let Some(settings) = &settings {
                let data: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
                world = world.configured(name, &data);
            }
            let first = all(&world, Kind::Ingress, &object);
            prop_assert_eq!(&first, &all(&world, Kind::Ingress, &object));
            world.put(Kind::Ingress, &object);
            prop_assert_eq!(&first, &all(&world, Kind::Ingress, &object), "it brings itself nothing");
        }
    }

    #[test]
    fn every_kind_of_the_edge_is_read_and_twice_the_same(annotations in annotations(), specification in specification()) {
        let object = json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": specification,
        });
        for kind in Kind::all().filter(|kind| kind.opens_edge()) {
            let Ok(decoded) = decode::value(kind, &object) else { continue };
            let world = World::new(&[]);
            let vouched = Vouched {
                controllers_of_classes: &world.classes,
                refuses_plaintext: &world.refuses,
                settings: &world.settings,
            };
            if surface(&world.snapshot, vouched, &decoded).is_some() {
                prop_assert_eq!(all(&world, kind, &object), all(&world, kind, &object));
            }
        }
    }
}
