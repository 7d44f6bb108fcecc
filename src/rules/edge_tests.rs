//! What the rules about versions, suites, client certificates and hops make of settings, whichever controller they come from: on a
//! surface that is made up, and on Services whose load balancers end TLS.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Context, Environment, Finding, Given, Parameters, Subject,
    at_the_edge::AtTheEdge,
    hops, optional_client_certificate, plaintext_backend, rule,
    tls_settings::{Fault, Judging},
    unverified_backend, weak_cipher, weak_tls_version,
};
use crate::{
    edge::{
        By, CertificateUse, Ciphers, ClientCertificates, ControllerSettings, Doubt, Hop, HopProtection, Listener,
        Notation, Oldest, Serving, Setting, Surface, TlsSettings, Verified, Wanted,
    },
    model::{FieldPath, Kind, ObjectKey, Place, TlsVersion, decode},
    snapshot::{Blind, Edit, Need, Scope, Snapshot},
};

/// A surface that is made up.
struct Made {
    serving: Serving,
    settings: Vec<TlsSettings>,
}

impl Made {
    fn new() -> Self {
        Self { serving: Serving::Unknown { name: CONTROLLER.into() }, settings: vec![settings()] }
    }
}

impl Surface for Made {
    fn serving(&self) -> &Serving {
        &self.serving
    }
    fn listeners(&self, _: Wanted<'_>) -> Vec<Listener> {
        Vec::new()
    }
    fn settings(&self) -> Vec<TlsSettings> {
        self.settings.clone()
    }
    fn certificates(&self) -> Vec<CertificateUse> {
        Vec::new()
    }
    fn hops(&self) -> Vec<Hop> {
        Vec::new()
    }
    fn rests_on(&self) -> Vec<Need> {
        Vec::new()
    }
}

const CONTROLLER: &str = "example.com/edge";
const DEFAULT: By = By::Default("the default of the controller");

/// Sound settings, all by default.
fn settings() -> TlsSettings {
    TlsSettings {
        part: None,
        oldest: Setting { value: Oldest::Version(TlsVersion::Tls12), by: DEFAULT },
        ciphers: Setting { value: Ciphers::Sound, by: DEFAULT },
        client: Setting { value: ClientCertificates::NotAsked, by: DEFAULT },
    }
}

fn web() -> ObjectKey {
    ObjectKey::namespaced(Kind::Ingress, "shop", "web")
}

fn by_annotation() -> By {
    By::Field(Place { object: web(), path: FieldPath::new("metadata.annotations").field("tls") })
}

fn by_config_map() -> By {
    By::Field(Place {
        object: ObjectKey::namespaced(Kind::ConfigMap, "edge", "controller"),
        path: FieldPath::new("data").field("ssl-protocols"),
    })
}

/// The world in which `shop/web` is, with other objects.
fn world(objects: &[(Kind, Value)]) -> Snapshot {
    let mut snapshot = Snapshot::new();
    for kind in [Kind::Ingress, Kind::IngressClass, Kind::Service, Kind::Pod, Kind::Namespace] {
        snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, Ok(())));
    }
    let ingress = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {}});
    for (kind, value) in objects.iter().chain([&(Kind::Ingress, ingress)]) {
        snapshot.apply(Edit::Put(decode::value(*kind, value).unwrap()));
    }
    snapshot
}

/// Judges with an environment and parameters.
#[derive(Default)]
struct Court {
    environment: Environment,
    parameters: Parameters,
}

impl Court {
    fn context<'a>(&'a self, snapshot: &'a Snapshot) -> Context<'a> {
        let Self { environment, parameters } = self;
        Context { snapshot, environment, parameters, now: Timestamp::UNIX_EPOCH, shared: None }
    }

    #[allow(clippy::needless_pass_by_value, reason = "it is made for the call")]
    fn of_settings(&self, judging: Judging, settings: TlsSettings) -> Option<Fault> {
        let snapshot = world(&[]);
        let context = self.context(&snapshot);
        let at = AtTheEdge::of(&context, &Subject::Object(web())).unwrap();
        judging(&at, &Made { settings: vec![settings.clone()], ..Made::new() }, &settings)
    }

    fn of_hop(&self, judging: hops::Judging, snapshot: &Snapshot, surface: &Made, hop: &Hop) -> Option<hops::Fault> {
        let context = self.context(snapshot);
        let at = AtTheEdge::of(&context, &Subject::Object(web())).unwrap();
        judging(&at, surface, hop, !surface.settings.is_empty())
    }

    fn findings(&self, name: &str, kind: Kind, object: &Value, others: &[(Kind, Value)]) -> Vec<(Finding, bool, u64)> {
        let objects: Vec<_> = others.iter().cloned().chain([(kind, object.clone())]).collect();
        let snapshot = world(&objects);
        let context = self.context(&snapshot);
        let key = decode::value(kind, object).unwrap().key();
        let rule = rule(name).unwrap();
        let mut breaches = Vec::new();
        rule.judge(&context, &Subject::Object(key), &mut breaches);
        let told = |breach: &super::Breach| {
            let super::Extent::Count(extent) = breach.extent else { panic!("a count") };
            (rule.explain(&context, breach), breach.certain.is_ok(), extent)
        };
        breaches.iter().map(told).collect()
    }
}

mod versions {
    use super::*;

    fn fault(court: &Court, value: Oldest, by: By) -> Option<Fault> {
        court.of_settings(weak_tls_version::fault, TlsSettings { oldest: Setting { value, by }, ..settings() })
    }

    #[test]
    fn below_the_floor_is_told_with_who_says_so() {
        let court = Court::default();
        for (version, by, expected) in [
            (TlsVersion::Tls13, DEFAULT, None),
            (TlsVersion::Tls12, DEFAULT, None),
            (
                TlsVersion::Tls11,
                DEFAULT,
                Some((1, "accepts TLS 1.1, older than TLS 1.2, by the default of the controller")),
            ),
            (
                TlsVersion::Tls10,
                by_annotation(),
                Some((2, "accepts TLS 1.0, older than TLS 1.2, by metadata.annotations.tls")),
            ),
            (
                TlsVersion::Ssl3,
                by_config_map(),
                Some((3, "accepts SSL 3.0, older than TLS 1.2, by data.ssl-protocols of ConfigMap edge/controller")),
            ),
        ] {
            let fault = fault(&court, Oldest::Version(version), by);
            let told = fault.as_ref().map(|fault| (fault.extent, fault.fact.as_str()));
            assert_eq!(told, expected, "{version}");
            assert!(fault.is_none_or(|fault| fault.certain.is_ok() && !fault.fix.is_empty()));
        }
    }

    #[test]
    fn the_floor_is_a_parameter() {
        let mut court = Court::default();
        let info = rule("weak-tls-version").unwrap().info();
        court.parameters.set(info, "minimum", &Given::Text("1.3")).unwrap();
        assert!(fault(&court, Oldest::Version(TlsVersion::Tls12), DEFAULT).is_some());
        court.parameters.set(info, "minimum", &Given::Text("1.0")).unwrap();
        assert!(fault(&court, Oldest::Version(TlsVersion::Tls10), DEFAULT).is_none());
        for given in [Given::Number(1), Given::Text("2"), Given::Other, Given::Texts(vec!["1.2"])] {
            assert!(court.parameters.set(info, "minimum", &given).is_err(), "{given:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_a_doubt_that_the_environment_settles() {
        let unknown = || Oldest::Policy("gke-modern".into());
        let mut court = Court::default();
        let doubt = fault(&court, unknown(), by_annotation()).unwrap();
        assert!(doubt.certain.is_err());
        assert!(doubt.fix.contains("environment.tlsPolicies: {gke-modern: \"1.2\"}"), "{}", doubt.fix);
        court.environment.edge.tls_policies.insert("gke-modern".into(), TlsVersion::Tls10);
        assert_eq!(fault(&court, unknown(), by_annotation()).map(|fault| fault.extent), Some(2));
        court.environment.edge.tls_policies.insert("gke-modern".into(), TlsVersion::Tls12);
        assert!(fault(&court, unknown(), by_annotation()).is_none());
        let settings = ControllerSettings { oldest_tls: Some(TlsVersion::Tls12), ..ControllerSettings::default() };
        court.environment.edge.controllers.insert(CONTROLLER.into(), settings);
        assert!(fault(&court, Oldest::Unknown(Doubt::new("nobody knows", "say it")), DEFAULT).is_none());
        assert!(fault(&court, Oldest::Version(TlsVersion::Tls10), by_annotation()).is_some(), "what is set holds");
    }

    #[test]
    fn each_listener_is_judged_by_itself() {
        let listener = |name: &str, version| TlsSettings {
            part: Some(name.into()),
            oldest: Setting { value: Oldest::Version(version), by: DEFAULT },
            ..settings()
        };
        let court = Court::default();
        assert!(court.of_settings(weak_tls_version::fault, listener("new", TlsVersion::Tls12)).is_none());
        assert!(court.of_settings(weak_tls_version::fault, listener("old", TlsVersion::Tls10)).is_some());
    }
}

mod suites {
    use super::*;

    fn fault(court: &Court, value: Ciphers, by: By) -> Option<Fault> {
        court.of_settings(weak_cipher::fault, TlsSettings { ciphers: Setting { value, by }, ..settings() })
    }

    fn written(text: &str) -> Ciphers {
        Ciphers::Written(Notation::OpenSsl, text.into())
    }

    #[test]
    fn the_worst_suites_are_named_with_their_reasons() {
        let list = "AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:RC4-SHA:DES-CBC3-SHA";
        let fault = fault(&Court::default(), written(list), by_annotation()).unwrap();
        assert_eq!(
            fault.fact,
            "offers the weak cipher suites RC4-SHA (RC4), DES-CBC3-SHA (64-bit blocks), AES128-SHA (no forward secrecy) and \
             1 more, by metadata.annotations.tls"
        );
        assert_eq!(fault.extent, 64 + 16 + 4 + 2);
        let fault = self::fault(&Court::default(), written("AES128-SHA"), by_annotation()).unwrap();
        assert_eq!(
            (fault.fact.as_str(), fault.fix.as_str()),
            (
                "offers the weak cipher suite AES128-SHA (no forward secrecy) by metadata.annotations.tls",
                "take AES128-SHA away in metadata.annotations.tls"
            )
        );
    }

    #[test]
    fn a_default_that_nobody_set_is_reported_only_where_it_is_broken() {
        let court = Court::default();
        for (list, by_default) in
            [("AES128-SHA", false), ("ECDHE-RSA-AES128-SHA", false), ("DES-CBC3-SHA", true), ("RC4-SHA", true)]
        {
            assert_eq!(fault(&court, written(list), DEFAULT).is_some(), by_default, "{list}");
            assert!(fault(&court, written(list), by_config_map()).is_some(), "{list}");
        }
        // nginx's own default, which the F5 controller leaves in place.
        assert!(fault(&court, written("HIGH:!aNULL:!MD5"), DEFAULT).is_none());
        assert!(fault(&court, written("HIGH:!aNULL:!MD5"), by_config_map()).is_some());
    }

    #[test]
    fn suites_do_not_matter_where_tls_1_3_alone_is_spoken() {
        let modern = TlsSettings {
            oldest: Setting { value: Oldest::Version(TlsVersion::Tls13), by: DEFAULT },
            ciphers: Setting { value: written("RC4-SHA"), by: by_annotation() },
            ..settings()
        };
        assert!(Court::default().of_settings(weak_cipher::fault, modern).is_none());
    }

    #[test]
    fn the_ruleset_may_allow_more_suites() {
        let mut court = Court::default();
        let info = rule("weak-cipher").unwrap().info();
        let given = Given::Texts(vec!["TLS_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA256"]);
        court.parameters.set(info, "allow", &given).unwrap();
        assert!(fault(&court, written("AES128-SHA:ECDHE-RSA-AES128-SHA256"), by_annotation()).is_none());
        assert!(fault(&court, written("AES256-SHA"), by_annotation()).is_some());
        let error = court.parameters.set(info, "allow", &Given::Texts(vec!["AES-128"])).unwrap_err();
        assert_eq!(error.to_string(), "allow of weak-cipher: there is no cipher suite AES-128");
        assert!(court.parameters.set(info, "allow", &Given::Text("AES128-SHA")).is_err());
    }

    #[test]
    fn unknown_words_are_a_doubt_unless_something_weak_is_sure() {
        let court = Court::default();
        let doubt = fault(&court, written("SUITEB128:ECDHE-RSA-AES128-GCM-SHA256"), by_annotation()).unwrap();
        assert!(doubt.certain.is_err());
        assert_eq!(doubt.fix, "list the suites by their names instead of SUITEB128");
        assert!(fault(&court, written("SUITEB128:RC4-SHA"), by_annotation()).unwrap().certain.is_ok());
        assert!(fault(&court, Ciphers::Policy("gke-modern".into()), by_annotation()).unwrap().certain.is_err());
    }

    #[test]
    fn what_is_not_known_is_a_doubt_whether_or_not_the_versions_are_known() {
        let doubt = || Doubt::new("nobody knows", "say it");
        let unknown = Setting { value: Ciphers::Unknown(doubt()), by: DEFAULT };
        for oldest in [Oldest::Unknown(doubt()), Oldest::Version(TlsVersion::Tls12)] {
            let oldest = Setting { value: oldest, by: DEFAULT };
            let settings = TlsSettings { oldest, ciphers: unknown.clone(), ..settings() };
            let fault = Court::default().of_settings(weak_cipher::fault, settings).unwrap();
            assert_eq!(fault.certain, Err(doubt().blind));
        }
    }

    #[test]
    fn a_policy_that_the_environment_names_is_judged_as_one_that_an_object_names() {
        let mut court = Court::default();
        let mut by_default = |policy: &str, value: Ciphers| {
            let settings = ControllerSettings { tls_policy: Some(policy.into()), ..ControllerSettings::default() };
            court.environment.edge.controllers.insert(CONTROLLER.into(), settings);
            fault(&court, value, DEFAULT)
        };
        for value in [written("RC4-SHA"), Ciphers::Unknown(Doubt::new("nobody knows", "say it"))] {
            // CBC with SHA-256, which nobody can take out of it.
            assert!(by_default("ELBSecurityPolicy-TLS13-1-2-2021-06", value.clone()).is_none());
            let weak = by_default("ELBSecurityPolicy-TLS-1-2-2017-01", value).unwrap();
            assert!(weak.fact.contains("AES128-GCM-SHA256 (no forward secrecy)"), "{}", weak.fact);
            assert_eq!(weak.fix, "name the policy ELBSecurityPolicy-TLS13-1-2-Res-2021-06");
        }
    }
}

mod clients {
    use super::*;

    #[test]
    fn client_certificates_that_are_optional_are_told() {
        let judge = |value: ClientCertificates| {
            let client = Setting { value, by: by_annotation() };
            let fault =
                Court::default().of_settings(optional_client_certificate::fault, TlsSettings { client, ..settings() });
            fault.map(|fault| (fault.fact, fault.certain.is_ok()))
        };
        assert_eq!(judge(ClientCertificates::NotAsked), None);
        assert_eq!(judge(ClientCertificates::Required), None);
        let optional = judge(ClientCertificates::Optional("are optional".into()));
        let fact = "lets clients in without a certificate: client certificates are optional";
        assert_eq!(optional, Some((fact.to_owned(), true)));
        let unknown = judge(ClientCertificates::Unknown(Doubt::new("nobody knows", "say it")));
        assert!(unknown.is_some_and(|(_, is_proved)| !is_proved));
    }
}

mod backends {
    use super::*;

    fn hop(protection: HopProtection) -> Hop {
        Hop {
            service: Some(ObjectKey::namespaced(Kind::Service, "shop", "web")),
            port: Some("80".into()),
            hosts: Vec::new(),
            at: FieldPath::new("spec.rules"),
            protection,
        }
    }

    fn service() -> (Kind, Value) {
        let spec = json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]});
        (Kind::Service, json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec}))
    }

    fn pod() -> (Kind, Value) {
        let spec = json!({"containers": [{"name": "web", "image": "example.com/web:1"}]});
        let meta = json!({"name": "web", "namespace": "shop", "labels": {"app": "web"}});
        (Kind::Pod, json!({"metadata": meta, "spec": spec}))
    }

    fn plaintext(
        objects: &[(Kind, Value)],
        surface: &Made,
        protection: HopProtection,
    ) -> Option<(String, Option<Blind>)> {
        let fault = Court::default().of_hop(plaintext_backend::fault, &world(objects), surface, &hop(protection));
        fault.map(|fault| (fault.fact, fault.certain.err()))
    }

    #[test]
    fn plaintext_behind_tls_is_told_where_the_pods_accept_it() {
        let found = plaintext(&[service(), pod()], &Made::new(), HopProtection::Plaintext(DEFAULT)).unwrap();
        let start = "ends TLS and passes on to Service shop/web port 80 in plaintext, by the default of the controller, and the \
                     Pods accept that: ";
        assert!(found.0.starts_with(start), "{}", found.0);
        assert_eq!(found.1, None);
    }

    #[test]
    fn tls_and_what_is_passed_through_are_no_plaintext() {
        let objects = [service(), pod()];
        for protection in [
            HopProtection::Tls(DEFAULT, Verified::Yes),
            HopProtection::Tls(DEFAULT, Verified::No(DEFAULT)),
            HopProtection::PassedThrough,
        ] {
            assert_eq!(plaintext(&objects, &Made::new(), protection), None);
        }
        let doubt = HopProtection::Unknown(Doubt::new("nobody knows", "say it"));
        assert!(plaintext(&objects, &Made::new(), doubt).is_some_and(|(_, blind)| blind.is_some()));
    }

    #[test]
    fn where_the_edge_itself_is_plaintext_another_rule_says_so() {
        let none = Made { settings: Vec::new(), ..Made::new() };
        assert_eq!(plaintext(&[service(), pod()], &none, HopProtection::Plaintext(DEFAULT)), None);
    }

    #[test]
    fn as_long_as_no_pod_is_seen_behind_it_a_mesh_may_take_it() {
        for objects in [vec![], vec![service()], vec![pod()]] {
            let found = plaintext(&objects, &Made::new(), HopProtection::Plaintext(DEFAULT)).unwrap();
            assert!(matches!(found.1, Some(Blind::Unknowable(_))), "{found:?}");
        }
    }

    #[test]
    fn a_backend_whose_certificate_is_not_checked_is_told() {
        let judge = |protection| {
            let snapshot = world(&[service(), pod()]);
            let fault = Court::default().of_hop(unverified_backend::fault, &snapshot, &Made::new(), &hop(protection));
            fault.map(|fault| (fault.fact, fault.certain.is_ok()))
        };
        assert_eq!(judge(HopProtection::Plaintext(DEFAULT)), None);
        assert_eq!(judge(HopProtection::PassedThrough), None);
        assert_eq!(judge(HopProtection::Tls(by_annotation(), Verified::Yes)), None);
        let fact = "speaks TLS to Service shop/web port 80 and does not check its certificate, by the default of the controller";
        assert_eq!(judge(HopProtection::Tls(by_annotation(), Verified::No(DEFAULT))), Some((fact.to_owned(), true)));
        let unknown = Verified::Unknown(Doubt::new("nobody knows", "say it"));
        assert!(judge(HopProtection::Tls(by_annotation(), unknown)).is_some_and(|(_, is_proved)| !is_proved));
    }
}

mod services {
    use super::*;

    const ANNOTATION: &str = "service.beta.kubernetes.io/aws-load-balancer-";

    fn service(kind: &str, annotations: &[(&str, &str)], ports: &Value) -> Value {
        let annotations: serde_json::Map<_, _> =
            annotations.iter().map(|(key, value)| (format!("{ANNOTATION}{key}"), json!(value))).collect();
        json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": {"type": kind, "selector": {"app": "web"}, "ports": ports},
        })
    }

    fn lines(name: &str, service: &Value) -> Vec<String> {
        let found = Court::default().findings(name, Kind::Service, service, &[]);
        found.into_iter().map(|(finding, ..)| finding.line()).collect()
    }

    #[test]
    fn a_load_balancer_of_aws_speaks_tls_1_0_unless_it_is_told_not_to() {
        let https = json!([{"name": "https", "port": 443}]);
        let default = service("LoadBalancer", &[("ssl-cert", "arn")], &https);
        assert_eq!(
            lines("weak-tls-version", &default),
            [
                "weak-tls-version: Service shop/web accepts TLS 1.0, older than TLS 1.2, by the default of AWS load balancers \
              (ELBSecurityPolicy-2016-08); fix: set the annotation \
              service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
            ]
        );
        assert_eq!(lines("weak-cipher", &default), [""; 0], "what nobody chose is told once");
        let named =
            |policy: &str| service("LoadBalancer", &[("ssl-cert", "arn"), ("ssl-negotiation-policy", policy)], &https);
        let strong = named("ELBSecurityPolicy-TLS13-1-2-Res-2021-06");
        assert!(lines("weak-tls-version", &strong).is_empty() && lines("weak-cipher", &strong).is_empty());
        let [line] = lines("weak-cipher", &named("ELBSecurityPolicy-TLS-1-2-2017-01")).try_into().unwrap();
        assert!(line.contains("AES128-GCM-SHA256 (no forward secrecy)"), "{line}");
        assert!(line.contains("name the policy ELBSecurityPolicy-TLS13-1-2-Res-2021-06"), "{line}");
        for rule in ["weak-tls-version", "weak-cipher", "plaintext-backend", "unverified-backend"] {
            assert_eq!(lines(rule, &service("LoadBalancer", &[], &https)), [""; 0], "{rule}: nobody ends TLS");
        }
    }

    #[test]
    fn a_load_balancer_of_aws_that_speaks_tls_to_its_targets_checks_nothing() {
        let https = json!([{"name": "https", "port": 443}]);
        let ssl = service("LoadBalancer", &[("ssl-cert", "arn"), ("backend-protocol", "ssl")], &https);
        assert_eq!(lines("unverified-backend", &ssl).len(), 1);
        assert!(lines("plaintext-backend", &ssl).is_empty());
        let tcp = service("LoadBalancer", &[("ssl-cert", "arn"), ("backend-protocol", "tcp")], &https);
        assert_eq!(lines("plaintext-backend", &tcp).len(), 1);
        assert!(lines("unverified-backend", &tcp).is_empty());
    }

    #[test]
    fn ports_that_are_known_to_be_plaintext_are_told() {
        for (ports, expected) in [
            (json!([{"port": 80}]), vec![80]),
            (json!([{"name": "http", "port": 9000}]), vec![9000]),
            (json!([{"name": "http-admin", "port": 9000}]), vec![9000]),
            (json!([{"name": "admin-http", "port": 9000}]), vec![9000]),
            (json!([{"port": 9000, "appProtocol": "http"}]), vec![9000]),
            (json!([{"port": 9000, "appProtocol": "kubernetes.io/h2c"}]), vec![9000]),
            (json!([{"port": 9000, "appProtocol": "kubernetes.io/ws"}]), vec![9000]),
            (json!([{"port": 23}]), vec![23]),
            (json!([{"port": 1883, "name": "mqtt"}, {"port": 8883, "name": "mqtts"}]), vec![1883]),
            // What says otherwise, says nothing, or may turn TLS on by itself.
            (json!([{"port": 80, "appProtocol": "https"}]), vec![]),
            (json!([{"port": 80, "name": "web"}]), vec![]),
            (json!([{"port": 443}]), vec![]),
            (json!([{"port": 9000}]), vec![]),
            (json!([{"port": 9000, "name": "grpc"}]), vec![]),
            (json!([{"port": 5432, "name": "postgres"}]), vec![]),
            (json!([{"port": 6379, "name": "redis"}]), vec![]),
            (json!([{"port": 25}]), vec![]),
            (json!([{"port": 80, "protocol": "UDP"}]), vec![]),
            // A redirect beside HTTPS.
            (json!([{"name": "http", "port": 80}, {"name": "https", "port": 443}]), vec![]),
            (json!([{"name": "http", "port": 80}, {"name": "x", "port": 443}]), vec![]),
            (json!([{"name": "telnet", "port": 23}, {"name": "https", "port": 443}]), vec![23]),
        ] {
            for kind in ["LoadBalancer", "NodePort", "ClusterIP"] {
                let found = lines("plaintext-service", &service(kind, &[], &ports));
                let told: Vec<u16> = if kind == "ClusterIP" { vec![] } else { expected.clone() };
                assert_eq!(found.len(), told.len(), "{kind} {ports}: {found:?}");
                for (line, port) in found.iter().zip(told) {
                    assert!(line.contains(&format!(" port {port} of ")), "{line}");
                }
            }
        }
    }

    #[test]
    fn a_port_on_which_the_load_balancer_ends_tls_is_none() {
        let http = json!([{"name": "http", "port": 80}, {"name": "http-alt", "port": 8080}]);
        let told =
            |annotations: &[(&str, &str)]| lines("plaintext-service", &service("LoadBalancer", annotations, &http));
        assert_eq!(told(&[]).len(), 2);
        assert_eq!(told(&[("ssl-cert", "arn")]).len(), 0);
        assert_eq!(told(&[("ssl-cert", "arn"), ("ssl-ports", "80")]).len(), 0, "the other is taken for the redirect");
    }

    #[test]
    fn how_far_it_is_open_is_told_and_counts() {
        let http = json!([{"name": "http", "port": 80}]);
        let found = |kind: &str, annotations: &[(&str, &str)]| {
            let found =
                Court::default().findings("plaintext-service", Kind::Service, &service(kind, annotations, &http), &[]);
            let [(finding, true, extent)] = found.as_slice() else { panic!("one, and proved") };
            (finding.message.clone(), *extent)
        };
        let message = |at: &str| format!("Service shop/web opens port 80 of {at} in plaintext: its name is http");
        assert_eq!(found("LoadBalancer", &[]), (message("a load balancer"), 2));
        assert_eq!(found("LoadBalancer", &[("scheme", "internal")]), (message("an internal load balancer"), 1));
        assert_eq!(found("NodePort", &[]), (message("every node"), 1));
    }

    #[test]
    fn what_another_cloud_makes_of_it_is_a_doubt() {
        let mut service = service("LoadBalancer", &[], &json!([{"name": "http", "port": 80}]));
        service["metadata"]["annotations"] = json!({"service.beta.kubernetes.io/do-loadbalancer-certificate-id": "x"});
        let found = Court::default().findings("plaintext-service", Kind::Service, &service, &[]);
        let [(finding, false, _)] = found.as_slice() else { panic!("one, and in doubt") };
        assert!(finding.message.contains("may open port 80"), "{}", finding.message);
    }

    #[test]
    fn services_of_gateways_and_of_solvers_are_judged_elsewhere() {
        let http = json!([{"name": "http", "port": 80}]);
        let owned = |name: &str, api_version: &str, kind: &str, labels: &Value| {
            let mut service = service("NodePort", &[], &http);
            service["metadata"]["name"] = json!(name);
            service["metadata"]["labels"] = labels.clone();
            service["metadata"]["ownerReferences"] =
                json!([{"apiVersion": api_version, "kind": kind, "name": "x", "uid": "x", "controller": true}]);
            lines("plaintext-service", &service).len()
        };
        let marks = json!({
            "acme.cert-manager.io/http01-solver": "true",
            "acme.cert-manager.io/http-domain": "1",
            "acme.cert-manager.io/http-token": "2",
        });
        let nothing = json!({});
        assert_eq!(owned("gw-istio", "gateway.networking.k8s.io/v1", "Gateway", &nothing), 0);
        assert_eq!(owned("gw-istio", "example.com/v1", "Gateway", &nothing), 1);
        assert_eq!(owned("cm-acme-http-solver-x", "acme.cert-manager.io/v1", "Challenge", &marks), 0);
        assert_eq!(owned("cm-acme-http-solver-x", "acme.cert-manager.io/v1", "Challenge", &nothing), 1);
        assert_eq!(owned("web", "acme.cert-manager.io/v1", "Challenge", &marks), 1);
    }

    #[test]
    fn a_name_is_read_by_its_first_and_last_word() {
        let name = |name: &str| {
            let ports = json!([{"name": name, "port": 9000}]);
            lines("plaintext-service", &service("NodePort", &[], &ports)).len()
        };
        for (text, expected) in
            [("http", 1), ("http-web", 1), ("web-http", 1), ("https-http", 0), ("httpx", 0), ("a-http-b", 0)]
        {
            assert_eq!(name(text), expected, "{text}");
        }
    }
}
