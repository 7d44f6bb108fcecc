//! Cipher suites.

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
