//! What the Application Gateway Ingress Controller does, row by row.

use crate::{
    edge::test_world::{World, check, ingress},
    model::{Kind, TlsVersion},
};

use super::{BACKEND_PROTOCOL, CERTIFICATE, PROFILE, REDIRECT};

const AGIC: &str = "azure/application-gateway";
const A: &[&str] = &["a.example.com"];

#[test]
fn a_host_with_a_certificate_is_https_alone() {
    check(
        AGIC,
        &[
            (&[], A, A, &["a.example.com: closed, covered"]),
            (&[], &[], A, &["a.example.com: served, none"]),
            (&[], &["*.example.com"], A, &["a.example.com: served, none"]),
            (&[], &[""], A, &["a.example.com: closed, covered"]),
            (&[(REDIRECT, "true")], A, A, &["a.example.com: redirected, covered"]),
            (&[(REDIRECT, "yes")], A, A, &["a.example.com: closed, covered"]),
            (&[(REDIRECT, "true")], &[], A, &["a.example.com: served, none"]),
            (&[(CERTIFICATE, "shop")], &[], A, &["a.example.com: closed, covered"]),
            // spec.tls goes before it.
            (&[(CERTIFICATE, "shop")], &["b.example.com"], A, &["a.example.com: served, none"]),
            (&[], A, &[""], &["*: served, none"]),
        ],
    );
}

#[test]
fn a_missing_secret_is_plaintext() {
    let told = World::new(&[("edge", AGIC)]).certificates(Kind::Ingress, &ingress(Some("edge"), &[], A, A));
    assert_eq!(told, ["shop/web-tls for a.example.com at spec.tls[0].secretName, missing: Plaintext"]);
}

#[test]
fn what_the_gateway_is_set_to_is_unseen_but_for_the_versions_that_azure_retired() {
    let mut world = World::new(&[("edge", AGIC)]);
    let plain = ingress(Some("edge"), &[], A, A);
    assert_eq!(world.settings(Kind::Ingress, &plain), ["TLS 1.2 (default); unknown (default); not asked (default)"]);
    let profile = ingress(Some("edge"), &[(PROFILE, "mutual")], A, A);
    assert_eq!(world.settings(Kind::Ingress, &profile), ["TLS 1.2 (default); unknown (default); unknown (default)"]);
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &[], &[], A)).is_empty());
    world.settings.controllers.entry(AGIC.into()).or_default().oldest_tls = Some(TlsVersion::Tls13);
    assert!(world.settings(Kind::Ingress, &plain)[0].starts_with("TLS 1.3 (ruleset)"));
}

#[test]
fn backends_are_verified_where_they_are_https() {
    let world = World::new(&[("edge", AGIC)]);
    let hop =
        |annotations: &[(&str, &str)]| world.hops(Kind::Ingress, &ingress(Some("edge"), annotations, A, A)).remove(0);
    let at = format!(r#"metadata.annotations["{BACKEND_PROTOCOL}"]"#);
    assert!(hop(&[]).ends_with("plaintext (default)"));
    assert!(hop(&[(BACKEND_PROTOCOL, "https")]).ends_with(&format!("TLS ({at}), verified")));
    assert!(hop(&[(BACKEND_PROTOCOL, "http")]).ends_with(&format!("plaintext ({at})")));
}
