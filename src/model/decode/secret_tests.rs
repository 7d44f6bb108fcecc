//! What is read of Secrets: every way of getting one right or wrong, and that nothing of a key comes out.

use std::net::IpAddr;

use proptest::{prelude::*, sample::Index};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair};
use serde_json::{Value, json};

use super::{
    object,
    test_certificates::{
        Authority, Made, der_of, good, older_form, p_192, patched, pem, rsa_1024, rsa_2048, secret, sha_1, wanted,
    },
    value,
};
use crate::model::{
    Bundle, Kind, Name, Object, Secret, TlsFacts,
    certificate::{Curve, IssuedBy, MAX_CERTIFICATES, MAX_NAMES, PublicKey, ServerUse, SignatureHash},
    secret::{Block, Instead, KeyMatch, Unreadable},
};

const HOST: &str = "shop.example.com";

fn decoded(json: &Value) -> Secret {
    let from_value = value(Kind::Secret, json).unwrap();
    assert_eq!(object(Kind::Secret, json.to_string().as_bytes()).unwrap(), from_value, "both ways are one");
    match from_value {
        Object::Secret(secret) => (*secret).clone(),
        other => panic!("{other:?}"),
    }
}

fn facts(certificate: &str, key: &str) -> TlsFacts {
    decoded(&secret("cert", certificate, key)).tls.unwrap()
}

fn bundle(certificate: &str, key: &str) -> Bundle {
    facts(certificate, key).certificates.unwrap()
}

fn of(made: &Made) -> Bundle {
    let facts = facts(&made.certificate, &made.key);
    assert_eq!(facts.key, KeyMatch::Matches);
    facts.certificates.unwrap()
}

fn why_not(certificate: &str) -> Unreadable {
    facts(certificate, &good(&[HOST]).key).certificates.unwrap_err()
}

fn key_of(key: &str) -> KeyMatch {
    facts(&good(&[HOST]).certificate, key).key
}

#[test]
fn a_good_certificate_is_read_whole() {
    let root = Authority::root("Shop Root");
    let made = wanted(&["Shop.Example.com", "*.shop.example.com", "10.1.2.3", "2001:db8::1"]).called("Shop").by(&root);
    let leaf = of(&made).leaf;
    assert_eq!(*leaf.names, ["shop.example.com", "*.shop.example.com"].map(Name::from));
    assert_eq!(*leaf.addresses, ["10.1.2.3".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()]);
    assert_eq!((leaf.common_name.as_deref(), &*leaf.subject, &*leaf.issuer), (Some("Shop"), "Shop", "Shop Root"));
    assert_eq!(leaf.not_before, "2026-10-01T00:00:00Z".parse().unwrap());
    assert_eq!(leaf.not_after, "2026-12-30T00:00:00Z".parse().unwrap());
    assert_eq!((&leaf.key, &leaf.signature), (&PublicKey::Ecdsa(Curve::P256), &SignatureHash::Strong));
    assert!(!leaf.is_authority && !leaf.may_sign && leaf.has_names() && leaf.names_left_out == 0);
    assert_eq!((leaf.serves, leaf.issued_by), (ServerUse::Named, IssuedBy::Elsewhere));
}

#[test]
fn a_self_signed_certificate_and_one_in_its_own_name_that_somebody_else_signed_are_told_apart() {
    assert!(of(&wanted(&[HOST]).called("x").self_signed()).leaf.is_self_signed());
    let namesake = Authority::root("Shop");
    let made = wanted(&[HOST]).called("Shop").by(&namesake);
    assert_eq!(of(&made).leaf.issued_by, IssuedBy::Elsewhere);
}

#[test]
fn a_certificate_for_a_common_name_alone_has_no_names() {
    let leaf = of(&wanted(&[]).called(HOST).self_signed()).leaf;
    assert!(!leaf.has_names());
    assert_eq!(leaf.common_name.as_deref(), Some(HOST));
}

#[test]
fn an_authority_is_known_as_one() {
    let leaf = of(&wanted(&[HOST]).authority().self_signed()).leaf;
    assert!(leaf.is_authority && leaf.may_sign);
}

#[test]
fn what_a_certificate_may_be_used_for_is_read() {
    let serves = |usages: &[ExtendedKeyUsagePurpose]| of(&wanted(&[HOST]).usages(usages).self_signed()).leaf.serves;
    assert_eq!(serves(&[]), ServerUse::Unrestricted);
    assert_eq!(serves(&[ExtendedKeyUsagePurpose::Any]), ServerUse::Unrestricted);
    assert_eq!(serves(&[ExtendedKeyUsagePurpose::ClientAuth]), ServerUse::Excluded);
    assert_eq!(serves(&[ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth]), ServerUse::Named);
}

#[test]
fn weak_keys_and_signatures_are_named() {
    assert_eq!(of(&rsa_1024(&[HOST])).leaf.key, PublicKey::Rsa { bits: 1024 });
    let weak = sha_1(&[HOST]);
    let leaf = of(&weak).leaf;
    assert_eq!((leaf.key, leaf.signature), (PublicKey::Rsa { bits: 2048 }, SignatureHash::Sha1));
    let md5 = patched(&weak.certificate, &[0xf7, 0x0d, 1, 1, 5], &[0xf7, 0x0d, 1, 1, 4]);
    assert_eq!(bundle(&md5, &weak.key).leaf.signature, SignatureHash::Md5);
    let odd = p_192(&[HOST]);
    let facts = facts(&odd.certificate, &odd.key);
    assert_eq!(facts.certificates.unwrap().leaf.key, PublicKey::Ecdsa(Curve::P192));
    assert!(matches!(facts.key, KeyMatch::Unknown(_)), "what cannot be computed is no mismatch");
}

#[test]
fn every_kind_of_key_that_servers_take_is_matched() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
    ] {
        let made = wanted(&[HOST]).key(KeyPair::generate_for(algorithm).unwrap()).self_signed();
        assert!(of(&made).leaf.is_self_signed(), "{algorithm:?}");
        assert_eq!(key_of(&made.key), KeyMatch::Differs(Instead::Nothing), "{algorithm:?}");
    }
    for made in [good(&[HOST]), rsa_2048(&[HOST])] {
        let older = older_form(&made.key);
        assert_eq!(facts(&made.certificate, &older).key, KeyMatch::Matches, "PKCS#1 and SEC1 are as good as PKCS#8");
        assert_eq!(key_of(&older), KeyMatch::Differs(Instead::Nothing));
    }
    assert_eq!(key_of(&rsa_1024(&[HOST]).key), KeyMatch::Differs(Instead::Nothing));
    assert_eq!(key_of(&p_192(&[HOST]).key), KeyMatch::Differs(Instead::Nothing), "another curve is another key");
}

#[test]
fn a_key_that_belongs_elsewhere_says_where() {
    let root = Authority::root("Root");
    let (one, other) = (wanted(&[HOST]).by(&root), wanted(&["other.example.com"]).by(&root));
    let reversed = format!("{}{}", root.certificate, one.certificate);
    assert_eq!(facts(&reversed, &one.key).key, KeyMatch::Differs(Instead::Certificate(1)), "the server's is not first");
    assert_eq!(facts(&one.certificate, &other.key).key, KeyMatch::Differs(Instead::Nothing));
    let both = facts(&one.certificate, &format!("{}{}", other.key, one.key));
    assert_eq!((both.key, both.has_several_keys), (KeyMatch::Differs(Instead::LaterKey), true));
    let both = facts(&one.certificate, &format!("{}{}", one.key, other.key));
    assert_eq!((both.key, both.has_several_keys), (KeyMatch::Matches, true), "servers take the first");
}

#[test]
fn whoever_issued_a_certificate_of_the_list_is_found_wherever_it_stands() {
    let root = Authority::root("Root");
    let above = Authority::under(&root, "Above");
    let near = Authority::under(&above, "Near");
    let made = wanted(&[HOST]).by(&near);

    let right = bundle(&made.with(&[&near, &above]), &made.key);
    assert!(right.is_in_order() && !right.lacks_issuer());
    assert_eq!(right.leaf.issued_by, IssuedBy::Listed(1));
    assert_eq!(right.path().iter().map(|found| &*found.subject).collect::<Vec<_>>(), ["Near", "Above"]);
    assert_eq!(right.at(2).unwrap().issued_by, IssuedBy::Elsewhere);
    assert!(right.rest.iter().all(|found| found.is_authority && found.key == PublicKey::Ecdsa(Curve::P256)));

    let with_root = bundle(&made.with(&[&near, &above, &root]), &made.key);
    assert!(with_root.is_in_order());
    assert_eq!(with_root.at(3).unwrap().issued_by, IssuedBy::Itself);

    let swapped = bundle(&made.with(&[&above, &near]), &made.key);
    assert!(!swapped.is_in_order() && !swapped.lacks_issuer());
    assert_eq!((swapped.leaf.issued_by, swapped.path().len()), (IssuedBy::Listed(2), 2));

    let gap = bundle(&made.with(&[&above]), &made.key);
    assert!(gap.lacks_issuer() && !gap.is_in_order());
    assert!(bundle(&made.certificate, &made.key).lacks_issuer());

    let twice = bundle(&made.with(&[&near, &near]), &made.key);
    assert!(twice.has_duplicates && !twice.is_in_order());
    assert!(!right.has_duplicates);
}

#[test]
fn an_authority_of_the_same_name_with_another_key_issued_nothing() {
    let (real, false_one) = (Authority::root("Root"), Authority::root("Root"));
    let made = wanted(&[HOST]).by(&real);
    assert_eq!(bundle(&made.with(&[&false_one]), &made.key).leaf.issued_by, IssuedBy::Elsewhere);
    assert_eq!(bundle(&made.with(&[&false_one, &real]), &made.key).leaf.issued_by, IssuedBy::Listed(2));
    // Neither the name nor the identifier of the key gives it away, only the signature.
    let mut unsaid = wanted(&[HOST]);
    unsaid.params.use_authority_key_identifier_extension = false;
    let made = unsaid.by(&real);
    assert_eq!(bundle(&made.with(&[&false_one]), &made.key).leaf.issued_by, IssuedBy::Elsewhere);
}

#[test]
fn every_way_of_getting_a_value_wrong_is_told_apart() {
    let Made { certificate, key } = good(&[HOST]);
    assert_eq!(why_not(""), Unreadable::Empty);
    assert_eq!(why_not(" \n"), Unreadable::Empty);
    assert_eq!(why_not("changeme"), Unreadable::NotPem);
    assert_eq!(why_not(&key), Unreadable::WrongBlock(Block::PrivateKey));
    assert_eq!(why_not(&pem("CERTIFICATE REQUEST", b"x")), Unreadable::WrongBlock(Block::Request));
    assert_eq!(why_not(&pem("PUBLIC KEY", b"x")), Unreadable::WrongBlock(Block::PublicKey));
    assert_eq!(why_not(&pem("X509 CRL", b"x")), Unreadable::WrongBlock(Block::Other));
    assert_eq!(why_not(&pem("CERTIFICATE", b"garbage")), Unreadable::Malformed);
    assert_eq!(why_not(&certificate.replace("MII", "M*I")), Unreadable::BrokenPem);
    assert_eq!(why_not(certificate.trim_end().trim_end_matches('-')), Unreadable::BrokenPem);
    assert_eq!(why_not(&certificate.replace('\n', "\\n")), Unreadable::BrokenPem);
    assert_eq!(why_not(&data_encoding::BASE64.encode(certificate.as_bytes())), Unreadable::EncodedTwice);

    let key_why = |text: &str| match key_of(text) {
        KeyMatch::Unreadable(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(key_why(""), Unreadable::Empty);
    assert_eq!(key_why(&certificate), Unreadable::WrongBlock(Block::Certificate));
    assert_eq!(key_why(&pem("ENCRYPTED PRIVATE KEY", b"x")), Unreadable::Encrypted);
    assert_eq!(key_why(&key.replace("-\nM", "-\nProc-Type: 4,ENCRYPTED\n\nM")), Unreadable::Encrypted);
    assert_eq!(key_why(&pem("PRIVATE KEY", b"garbage")), Unreadable::Malformed);
    assert_eq!(key_why(&pem("OPENSSH PRIVATE KEY", b"openssh-key-v1")), Unreadable::Malformed);
    assert_eq!(key_why(key.trim_end().trim_end_matches('-')), Unreadable::BrokenPem);
    assert_eq!(key_why("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----"), Unreadable::BrokenPem);
    let mut raw = secret("cert", "", "");
    raw["data"]["tls.crt"] = json!(data_encoding::BASE64.encode(&der_of(&certificate)));
    raw["data"]["tls.key"] = json!(data_encoding::BASE64.encode(&der_of(&key)));
    let raw = decoded(&raw).tls.unwrap();
    assert_eq!((raw.certificates, raw.key), (Err(Unreadable::Der), KeyMatch::Unreadable(Unreadable::Der)));

    let mut bare = secret("cert", &certificate, &key);
    bare["data"] = json!({});
    let bare = decoded(&bare).tls.unwrap();
    assert_eq!((bare.certificates, bare.key), (Err(Unreadable::Missing), KeyMatch::Unreadable(Unreadable::Missing)));
    assert!(matches!(facts("changeme", &key).key, KeyMatch::Unknown(_)));
}

#[test]
fn what_servers_pass_over_is_passed_over_and_noted() {
    let Made { certificate, key } = good(&[HOST]);
    let facts = |certificate: &str| facts(certificate, &format!("\r\n{}\n\n", key.replace('\n', "\r\n")));
    let plain = facts(&certificate);
    assert_eq!(plain.key, KeyMatch::Matches, "line ends of either kind, and empty lines");
    assert_eq!(facts(&certificate.replace('\n', "\r\n")).certificates, plain.certificates);
    let key_first = facts(&format!("{key}{certificate}")).certificates.unwrap();
    assert!(key_first.has_private_key && !key_first.has_other_blocks);
    assert_eq!(key_first.leaf, plain.certificates.clone().unwrap().leaf);
    let parameters = format!("{}{certificate}", pem("DH PARAMETERS", b"x"));
    assert!(facts(&parameters).certificates.unwrap().has_other_blocks);
    let torn = facts(&format!("{certificate}{}-----BEGIN CERTIFICATE-----\nMIIB", pem("CERTIFICATE", b"garbage")));
    assert_eq!(torn.certificates.unwrap().unreadable, 2);
    let behind = patched(&certificate, &der_of(&certificate)[..1], &[0x31]);
    assert_eq!(facts(&behind).certificates, Err(Unreadable::Malformed));
}

#[test]
fn a_value_as_text_counts_before_one_in_base64() {
    let (old, new) = (good(&["old.example.com"]), good(&["new.example.com"]));
    let mut json = old.secret("cert");
    json["stringData"] = json!({"tls.crt": new.certificate, "tls.key": new.key, "ca.crt": "x"});
    let facts = decoded(&json).tls.unwrap();
    assert!(facts.has_authority);
    assert_eq!(facts.key, KeyMatch::Matches);
    assert_eq!(*facts.certificates.unwrap().leaf.names, ["new.example.com"].map(Name::from));
    json["stringData"] = json!({"tls.key": null});
    assert_eq!(decoded(&json).tls.unwrap().key, KeyMatch::Unreadable(Unreadable::Empty));
    json["stringData"] = Value::Null;
    assert_eq!(decoded(&json).tls.unwrap().key, KeyMatch::Matches);
}

#[test]
fn nothing_is_read_of_a_secret_of_another_type() {
    let mut json = good(&[HOST]).secret("cert");
    json["type"] = json!("Opaque");
    let secret = decoded(&json);
    assert!(secret.has_pair && secret.tls.is_none() && !secret.is_tls());
    json.as_object_mut().unwrap().remove("type");
    json["data"] = json!({"tls.crt": "&&&", "password": "&&&"});
    let secret = decoded(&json);
    assert_eq!((&*secret.secret_type, secret.has_pair), ("Opaque", false));
}

#[test]
fn what_the_api_server_would_not_store_names_the_field_and_never_the_value() {
    let fault = |json: Value| {
        let error = object(Kind::Secret, json.to_string().as_bytes()).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error.path.to_string()
    };
    let mut json = good(&[HOST]).secret("cert");
    json["data"]["tls.key"] = json!("hunter2!");
    assert_eq!(fault(json.clone()), "data[\"tls.key\"]");
    json["data"]["tls.key"] = json!(["hunter2"]);
    assert_eq!(fault(json.clone()), "data[\"tls.key\"]");
    json["data"] = json!("hunter2");
    assert_eq!(fault(json.clone()), "data");
    json["data"] = json!({});
    json["type"] = json!({"hunter2": 1});
    assert_eq!(fault(json), "type");
}

#[test]
fn a_large_bundle_is_read_as_far_as_servers_need_it() {
    let Made { certificate, key } = good(&[HOST]);
    let many = certificate.repeat(1024 * 1024 / certificate.len());
    let count = many.matches("BEGIN CERT").count();
    let bundle = bundle(&many, &key);
    assert_eq!((bundle.count(), bundle.unread), (MAX_CERTIFICATES, count - MAX_CERTIFICATES));
    let names: Vec<String> = (0..=MAX_NAMES).map(|index| format!("n{index}.example.com")).collect();
    let leaf = of(&good(&names.iter().map(String::as_str).collect::<Vec<_>>())).leaf;
    assert_eq!((leaf.names.len(), leaf.names_left_out), (MAX_NAMES, 1));
}

#[test]
fn names_are_cut_and_cannot_end_a_line() {
    let name = format!("a\nb\u{1b}[31m{}", "x".repeat(300));
    let leaf = of(&wanted(&[HOST]).called(&name).self_signed()).leaf;
    assert!(leaf.subject.chars().count() <= 300 && !leaf.subject.contains(['\n', '\u{1b}']));
}

#[test]
fn nothing_of_a_key_is_in_what_is_decoded() {
    for made in [good(&[HOST]), rsa_2048(&[HOST]), rsa_1024(&[HOST])] {
        let other = good(&[HOST]);
        for (certificate, key) in
            [(&made.certificate, &made.key), (&other.certificate, &made.key), (&made.key, &made.key)]
        {
            let shown = format!("{:?}", value(Kind::Secret, &secret("cert", certificate, key)));
            for piece in made.key.as_bytes().windows(24) {
                assert!(!shown.contains(std::str::from_utf8(piece).unwrap()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_decoded_the_same_way_twice(certificate in any::<Vec<u8>>(), key in any::<Vec<u8>>()) {
        twice(&certificate, &key)?;
        twice(pem("CERTIFICATE", &certificate).as_bytes(), pem("PRIVATE KEY", &key).as_bytes())?;
    }

    #[test]
    fn changed_pem_is_decoded_the_same_way_twice(changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8)) {
        let made = good(&[HOST]);
        twice(&changed(made.certificate.as_bytes(), &changes), &changed(made.key.as_bytes(), &changes))?;
    }

    #[test]
    fn changed_der_is_decoded_the_same_way_twice(
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        is_rsa in any::<bool>(),
    ) {
        let made = if is_rsa { rsa_1024(&[HOST]) } else { good(&[HOST]) };
        let certificate = pem("CERTIFICATE", &changed(&der_of(&made.certificate), &changes));
        let key = pem("PRIVATE KEY", &changed(&der_of(&made.key), &changes));
        twice(certificate.as_bytes(), made.key.as_bytes())?;
        twice(made.certificate.as_bytes(), key.as_bytes())?;
        twice(certificate.as_bytes(), key.as_bytes())?;
    }
}

fn changed(bytes: &[u8], changes: &[(Index, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (index, byte) in changes {
        let at = index.index(bytes.len());
        bytes[at] = *byte;
    }
    bytes
}

fn twice(certificate: &[u8], key: &[u8]) -> Result<(), TestCaseError> {
    let encode = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
    let mut json = secret("cert", "", "");
    json["data"] = json!({"tls.crt": encode(certificate), "tls.key": encode(key)});
    let first = value(Kind::Secret, &json);
    prop_assert!(first.is_ok());
    prop_assert_eq!(first, value(Kind::Secret, &json));
    Ok(())
}
