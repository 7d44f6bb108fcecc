//! What cipher lists of every notation come to.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{suites::SUITES, *};

fn worst(notation: Notation, text: &str) -> Option<Weakness> {
    offered(notation, text).weak(&BTreeSet::new()).first().map(|weak| weak.weakness)
}

fn openssl(text: &str) -> Option<Weakness> {
    worst(Notation::OpenSsl, text)
}

/// ingress-nginx's own default (internal/ingress/controller/config/config.go, `sslCiphers`).
const OF_INGRESS_NGINX: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:\
    DHE-RSA-AES256-GCM-SHA384";

#[test]
fn mozillas_six_suites_and_their_dhe_twins_are_sound() {
    let sound: Vec<&str> =
        SUITES.iter().filter(|suite| suite.weakness().is_none()).map(|suite| suite.openssl).collect();
    let expected = [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "DHE-RSA-AES128-GCM-SHA256",
        "DHE-RSA-AES256-GCM-SHA384",
        "DHE-RSA-CHACHA20-POLY1305",
    ];
    assert_eq!(sound, expected);
    assert_eq!(openssl(OF_INGRESS_NGINX), None);
}

#[test]
fn no_two_suites_share_a_name() {
    let openssl: BTreeSet<_> = SUITES.iter().map(|suite| suite.openssl).collect();
    let iana: BTreeSet<_> = SUITES.iter().map(|suite| suite.iana).collect();
    assert_eq!((openssl.len(), iana.len()), (SUITES.len(), SUITES.len()));
}

#[test]
fn every_weakness_has_its_reason() {
    for (name, expected) in [
        ("ECDHE-RSA-AES128-SHA256", Weakness::NotListed),
        ("ECDHE-ECDSA-AES128-CCM8", Weakness::NotListed),
        ("DHE-DSS-AES128-GCM-SHA256", Weakness::NotListed),
        ("ECDHE-RSA-AES128-SHA", Weakness::CbcWithSha1),
        ("DHE-RSA-CAMELLIA128-SHA", Weakness::CbcWithSha1),
        ("AES128-SHA", Weakness::NoForwardSecrecy),
        ("AES256-GCM-SHA384", Weakness::NoForwardSecrecy),
        ("ECDH-RSA-AES256-GCM-SHA384", Weakness::NoForwardSecrecy),
        ("DES-CBC3-SHA", Weakness::SmallBlocks),
        ("EDH-RSA-DES-CBC3-SHA", Weakness::SmallBlocks),
        ("IDEA-CBC-SHA", Weakness::SmallBlocks),
        ("DES-CBC-SHA", Weakness::ShortKey),
        ("RC4-SHA", Weakness::Rc4),
        ("RC4-MD5", Weakness::Md5),
        ("EXP-RC2-CBC-MD5", Weakness::Export),
        ("ADH-AES128-GCM-SHA256", Weakness::Anonymous),
        ("AECDH-NULL-SHA", Weakness::Null),
        ("NULL-SHA256", Weakness::Null),
    ] {
        assert_eq!(openssl(name), Some(expected), "{name}");
    }
}

#[test]
fn operators_of_openssl_do_what_they_do() {
    let names =
        |text: &str| offered(Notation::OpenSsl, text).suites.iter().map(|suite| suite.openssl).collect::<Vec<_>>();
    let one = ["AES128-SHA"];
    assert_eq!(names("AES128-SHA:RC4-SHA:-RC4"), one);
    assert_eq!(names("AES128-SHA:RC4-SHA:-RC4:RC4-SHA"), ["AES128-SHA", "RC4-SHA"]);
    assert_eq!(names("!RC4:AES128-SHA:RC4-SHA"), one, "what is killed stays so");
    assert_eq!(names("AES128-SHA:+AES:@STRENGTH:!PSK:!SRP:-KRB5"), one);
    assert_eq!(names("AES128-SHA AES128-SHA,AES128-SHA;"), one);
    assert_eq!(names("kRSA+AES128+SHA1"), one);
    assert_eq!(names("aes128-sha"), [""; 0], "names are compared exactly");
    assert_eq!(openssl("EECDH+AESGCM:EDH+AESGCM:!DSS"), None);
    assert_eq!(openssl("EECDH+AESGCM:EECDH+CHACHA20"), None);
    assert_eq!(
        openssl("[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:[AES128-SHA]"),
        Some(Weakness::NoForwardSecrecy)
    );
    assert_eq!(openssl("AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=3"), None);
}

#[test]
fn keywords_that_bring_weak_suites_are_told_from_those_that_cannot() {
    for (text, expected) in [
        ("HIGH:!aNULL:!MD5", Some(Weakness::NoForwardSecrecy)),
        ("HIGH:!aNULL:!kRSA:!SHA1:!SHA256:!SHA384:!DSS:!CAMELLIA:!ARIA:!AESCCM:!kECDH:!kDH", None),
        ("HIGH", Some(Weakness::Anonymous)),
        ("ALL", Some(Weakness::Anonymous)),
        ("ALL:!aNULL", Some(Weakness::NoForwardSecrecy)),
        ("COMPLEMENTOFALL", Some(Weakness::Null)),
        ("eNULL", Some(Weakness::Null)),
        ("NULL", Some(Weakness::Null)),
        ("aNULL", Some(Weakness::Anonymous)),
        ("ADH", Some(Weakness::Anonymous)),
        ("EXPORT56:!aNULL", Some(Weakness::Export)),
        ("LOW", Some(Weakness::ShortKey)),
        ("DES", Some(Weakness::ShortKey)),
        ("3DES", Some(Weakness::Anonymous)),
        ("3DES:!aNULL", Some(Weakness::SmallBlocks)),
        ("RC4:!aNULL:!MD5", Some(Weakness::Rc4)),
        ("kRSA+MD5", Some(Weakness::Export)),
        ("DEFAULT", Some(Weakness::NoForwardSecrecy)),
        // The sample of ingress-nginx's own documentation.
        ("ALL:!aNULL:!EXPORT56:RC4+RSA:+HIGH:+MEDIUM:+LOW:+SSLv2:+EXP", Some(Weakness::Md5)),
    ] {
        assert_eq!(openssl(text), expected, "{text}");
    }
    // What is taken away is taken whole, whatever libraries leave out.
    assert_eq!(openssl("RC4-SHA:DES-CBC3-SHA:NULL-SHA:!kRSA"), None);
    assert_eq!(openssl("RC4-SHA:NULL-SHA:-SHA1"), None);
    // `DEFAULT` means something only where it begins the list.
    assert_eq!(offered(Notation::OpenSsl, "AES128-SHA:DEFAULT").suites.len(), 1);
}

#[test]
fn security_level_zero_is_weak_whatever_is_offered() {
    let weak = offered(Notation::OpenSsl, "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0").weak(&BTreeSet::new());
    assert_eq!(weak, [Weak { weakness: Weakness::LevelZero, name: "@SECLEVEL=0" }]);
    for text in ["ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=1", "@SECLEVEL=2:ECDHE-RSA-AES128-GCM-SHA256"] {
        assert_eq!(openssl(text), None, "{text}");
    }
}

#[test]
fn what_is_not_known_is_said_only_where_it_would_enable_something() {
    let unknown = |notation, text: &str| {
        offered(notation, text).unknown.into_iter().map(|name| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        unknown(Notation::OpenSsl, "ECDHE-RSA-AES128-GCM-SHA256:SUITEB128:!GOST:-FIPS:@FANCY"),
        ["@FANCY", "SUITEB128"]
    );
    assert_eq!(unknown(Notation::OpenSsl, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"), [""; 0]);
    assert_eq!(unknown(Notation::Go, "TLS_AES_128_GCM_SHA256, tls_rsa_with_rc4_128_sha"), ["tls_rsa_with_rc4_128_sha"]);
    assert_eq!(unknown(Notation::Go, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,TLS_FALLBACK_SCSV"), [""; 0]);
}

#[test]
fn what_the_ruleset_allows_is_not_weak() {
    let offer = offered(Notation::OpenSsl, "AES128-SHA:ECDHE-RSA-AES128-SHA");
    let allowed = [Suite::named("TLS_RSA_WITH_AES_128_CBC_SHA").unwrap()].into();
    assert_eq!(offer.weak(&allowed).iter().map(|weak| weak.name).collect::<Vec<_>>(), ["ECDHE-RSA-AES128-SHA"]);
}

#[test]
fn a_policy_that_the_operator_names_takes_the_place_of_the_default() {
    let default =
        Setting { value: Ciphers::Policy("ELBSecurityPolicy-2016-08".into()), by: By::Default("the default of AWS") };
    let alb = Name::from("ingress.k8s.aws/alb");
    let mut edge = EdgeSettings::default();
    let found = settled(&default, Some(&alb), &edge);
    assert!(found.offer.is_ok_and(|offer| offer.suites.len() == 18));
    assert_eq!((found.by, found.policy), (default.by.clone(), Some("ELBSecurityPolicy-2016-08".into())));
    edge.controllers = BTreeMap::from([(
        alb.clone(),
        crate::edge::ControllerSettings {
            tls_policy: Some("ELBSecurityPolicy-TLS13-1-2-Res-2021-06".into()),
            ..Default::default()
        },
    )]);
    let by_default = |value: Ciphers| settled(&Setting { value, by: default.by.clone() }, Some(&alb), &edge);
    let written = Ciphers::Written(Notation::OpenSsl, "RC4-SHA".into());
    let unknown = Ciphers::Unknown(Doubt::new("nobody knows", "say it"));
    for value in [default.value.clone(), written.clone(), unknown] {
        let found = by_default(value);
        assert!(found.offer.is_ok_and(|offer| offer.weak(&BTreeSet::new()).is_empty()));
        assert_eq!((found.by, found.policy), (By::Environment, Some("ELBSecurityPolicy-TLS13-1-2-Res-2021-06".into())));
    }
    assert_eq!(by_default(Ciphers::Sound).by, default.by);
    let object = crate::model::ObjectKey::namespaced(crate::model::Kind::Ingress, "shop", "web");
    let place = crate::model::Place { object, path: crate::model::FieldPath::new("metadata.annotations") };
    let set = settled(&Setting { value: written, by: By::Field(place) }, Some(&alb), &edge);
    assert!(set.policy.is_none() && set.offer.is_ok_and(|offer| offer.suites.len() == 1), "what is set holds");
}

#[test]
fn a_policy_that_only_its_cloud_knows_is_vouched_for_or_not_known() {
    let mut edge = EdgeSettings::default();
    let unknown = Setting { value: Ciphers::Policy("gke-modern".into()), by: By::Default("nobody") };
    assert!(settled(&unknown, None, &edge).offer.is_err());
    edge.tls_policies.insert("gke-modern".into(), crate::model::TlsVersion::Tls12);
    assert_eq!(settled(&unknown, None, &edge).offer, Ok(Arc::default()));
}

#[test]
fn the_list_that_a_controller_has_built_in_is_read_once() {
    let built_in = Setting {
        value: Ciphers::Written(Notation::OpenSsl, OF_INGRESS_NGINX.into()),
        by: By::Default("the default of ingress-nginx"),
    };
    let [one, other] = [(); 2].map(|()| settled(&built_in, None, &EdgeSettings::default()).offer.unwrap());
    assert!(Arc::ptr_eq(&one, &other));
}

fn suites() -> impl Strategy<Value = Vec<&'static Suite>> {
    prop::collection::vec(prop::sample::select(SUITES.iter().collect::<Vec<_>>()), 1..12)
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_always_the_same(text in ".{0,200}") {
        for notation in [Notation::OpenSsl, Notation::Go, Notation::Iana] {
            prop_assert_eq!(offered(notation, &text), offered(notation, &text));
        }
    }

    #[test]
    fn any_words_of_the_language_are_read_without_panic(
        words in prop::collection::vec("[!+@-]?(ALL|HIGH|RC4|kRSA|AES\\+SHA1|SECLEVEL=[0-9]{1,4}|AES128-SHA|é|\\[|\\||=)", 0..12),
    ) {
        let text = words.join(":");
        prop_assert_eq!(offered(Notation::OpenSsl, &text), offered(Notation::OpenSsl, &text));
    }

    #[test]
    fn the_same_suites_in_any_notation_get_the_same_verdict(suites in suites()) {
        let joined = |name: fn(&Suite) -> &'static str, between: &str| {
            suites.iter().map(|suite| name(suite)).collect::<Vec<_>>().join(between)
        };
        let openssl = offered(Notation::OpenSsl, &joined(|suite| suite.openssl, ":"));
        prop_assert_eq!(&offered(Notation::Iana, &joined(|suite| suite.iana, ",")), &openssl);
        prop_assert_eq!(&offered(Notation::Go, &joined(|suite| suite.iana, ", ")), &openssl);
        prop_assert_eq!(&offered(Notation::OpenSsl, &format!("[{}]", joined(|suite| suite.openssl, "|"))), &openssl);
        prop_assert_eq!(openssl.suites.len(), suites.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn taking_a_suite_away_never_makes_it_worse(suites in suites(), index in any::<prop::sample::Index>()) {
        let offer = Offer { suites: suites.iter().copied().collect(), ..Offer::default() };
        let mut fewer = offer.clone();
        fewer.suites.remove(suites[index.index(suites.len())]);
        let weak = offer.weak(&BTreeSet::new());
        prop_assert!(fewer.weak(&BTreeSet::new()).iter().all(|it| weak.contains(it)));
    }

    #[test]
    fn excluding_a_keyword_never_makes_it_worse(suites in suites(), keyword in "(kRSA|RC4|3DES|aNULL|SHA1|MD5|AES|ECDHE)") {
        let list = suites.iter().map(|suite| suite.openssl).collect::<Vec<_>>().join(":");
        let weak = offered(Notation::OpenSsl, &list).weak(&BTreeSet::new());
        for excluding in [format!("{list}:!{keyword}"), format!("{list}:-{keyword}"), format!("!{keyword}:{list}")] {
            let fewer = offered(Notation::OpenSsl, &excluding).weak(&BTreeSet::new());
            prop_assert!(fewer.iter().all(|it| weak.contains(it)));
        }
    }

    #[test]
    fn any_name_of_a_policy_is_read_without_panic(name in "(ELBSecurityPolicy-)?(TLS13|TLS|FS)?(-1-)?[-0-9a-zA-Zé]{0,12}") {
        let name = Name::from(name);
        let _ = policies::suites(&name);
        prop_assert_eq!(policies::oldest(&name, &EdgeSettings::default()), policies::oldest(&name, &EdgeSettings::default()));
    }
}
