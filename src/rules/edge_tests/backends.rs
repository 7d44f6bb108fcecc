//! What becomes of traffic behind the edge.

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

fn plaintext(objects: &[(Kind, Value)], surface: &Made, protection: HopProtection) -> Option<(String, Option<Blind>)> {
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
    let fact =
        "speaks TLS to Service shop/web port 80 and does not check its certificate, by the default of the controller";
    assert_eq!(judge(HopProtection::Tls(by_annotation(), Verified::No(DEFAULT))), Some((fact.to_owned(), true)));
    let unknown = Verified::Unknown(Doubt::new("nobody knows", "say it"));
    assert!(judge(HopProtection::Tls(by_annotation(), unknown)).is_some_and(|(_, is_proved)| !is_proved));
}
