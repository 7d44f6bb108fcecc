//! Client certificates.

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
