//! The oldest version that is accepted.

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
