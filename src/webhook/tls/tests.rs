use super::*;

fn made() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn load(certificate: &str, key: &str) -> Result<Tls, TlsError> {
    let certificate = Certificate::Made { certificate: certificate.to_owned(), key: key.to_owned() };
    Tls::load(certificate, TlsPolicy::default(), Arc::new(Metrics::new()))
}

#[test]
fn a_pair_is_taken_only_when_it_belongs_together() {
    let ((certificate, key), (other_certificate, other_key)) = (made(), made());
    assert!(load(&certificate, &key).is_ok() && load(&other_certificate, &other_key).is_ok());
    assert!(matches!(load(&certificate, &other_key), Err(TlsError::Pair { .. })));
}

#[test]
fn a_certificate_without_an_end_is_taken() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(9999, 12, 31);
    assert!(load(&params.self_signed(&key).unwrap().pem(), &key.serialize_pem()).is_ok());
}

#[test]
fn what_is_not_a_certificate_or_a_key_is_said_so() {
    let (certificate, key) = made();
    assert!(matches!(load("", &key), Err(TlsError::NoCertificate(_))));
    assert!(matches!(load(&certificate, ""), Err(TlsError::NoKey(_))));
    assert!(matches!(load(&key, &certificate), Err(TlsError::NoCertificate(_))));
}

#[test]
fn a_managed_certificate_is_in_force_once_it_is_put_and_a_broken_one_changes_nothing() {
    let tls = Tls::load(Certificate::Managed, TlsPolicy::default(), Arc::new(Metrics::new())).unwrap();
    assert!(tls.current().is_none() && tls.fingerprint().is_none());
    let ((certificate, key), (_, other_key)) = (made(), made());
    tls.put(certificate.as_bytes(), key.as_bytes()).unwrap();
    let first = tls.fingerprint().unwrap();
    let (before, count) = (tls.current().unwrap(), reloads(&tls));
    assert!(tls.put(certificate.as_bytes(), other_key.as_bytes()).is_err());
    assert_eq!(tls.fingerprint(), Some(first));
    tls.look();
    assert!(Arc::ptr_eq(&before, &tls.current().unwrap()), "what is in force is nothing new");
    assert_eq!(reloads(&tls), count);
}

/// How often something new was put in force.
fn reloads(tls: &Tls) -> Option<String> {
    let text = tls.metrics.encode();
    text.lines().find(|line| line.starts_with("ringwall_certificate_reloads_total{result=\"ok\"")).map(str::to_owned)
}

#[test]
fn client_authorities_are_exchanged_under_a_managed_certificate_and_a_broken_file_keeps_no_certificate_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.crt");
    std::fs::write(&path, made().0).unwrap();
    let policy = TlsPolicy { client_ca: Some(path.clone()), ..TlsPolicy::default() };
    let tls = Tls::load(Certificate::Managed, policy, Arc::new(Metrics::new())).unwrap();
    let (certificate, key) = made();
    tls.put(certificate.as_bytes(), key.as_bytes()).unwrap();
    let before = tls.current().unwrap();
    tls.look();
    assert!(Arc::ptr_eq(&before, &tls.current().unwrap()), "nothing has changed");
    std::fs::write(&path, made().0).unwrap();
    tls.look();
    let after = tls.current().unwrap();
    assert!(!Arc::ptr_eq(&before, &after));
    std::fs::write(&path, "nothing").unwrap();
    tls.look();
    assert!(Arc::ptr_eq(&after, &tls.current().unwrap()), "the old ones stay");
    let (certificate, key) = made();
    tls.put(certificate.as_bytes(), key.as_bytes()).unwrap();
    assert!(!Arc::ptr_eq(&after, &tls.current().unwrap()));
}
