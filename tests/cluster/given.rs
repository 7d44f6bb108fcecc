//! What people give to a release: a serving certificate of their own, and the authority of the API servers that alone may ask.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::json;

use crate::harness::{
    self, Authority, Certificate, ControlPlane, Load, NAMESPACE, PATIENCE, Release, eventually, given_certificate,
};
use crate::lifecycle::{enforced, installed};
use crate::straight_client::Connection;

#[test]
fn a_release_serves_with_the_certificate_that_it_is_given_and_with_the_next_one() {
    let Some(cluster) = ControlPlane::private() else { return };
    let namespace = enforced(&cluster);
    let authority = Authority::new("authority that a test gives");
    let release = installed(&cluster, &namespace, &given_certificate(&cluster, &authority));
    release.settle(2);
    let load = Load::start(&cluster, &namespace.name, 20);
    let taken_in = |pod: &String| {
        let logs = release.kubelet.logs().into_iter();
        logs.filter(|(name, line)| name == pod && line.contains("a new serving certificate is in force")).count()
    };
    let before: Vec<_> = release.kubelet.serving().into_iter().map(|pod| (taken_in(&pod), pod)).collect();
    // The kubelet brings it to the Pods.
    given_certificate(&cluster, &authority);
    eventually(PATIENCE, "both replicas serve with the new one", || {
        let are_new = before.iter().all(|(count, pod)| taken_in(pod) > *count);
        if are_new { Ok(()) } else { Err(format!("{:#?}", release.kubelet.logs())) }
    });
    let so_far = load.tally().refused;
    eventually(PATIENCE, "the API server goes on asking", || {
        let tally = load.tally();
        if tally.refused > so_far + 10 { Ok(()) } else { Err(format!("{tally:?}")) }
    });
    let tally = load.finish();
    tally.without_failure();
    assert_eq!(tally.unasked, 0, "each request that should be refused was");
}

#[test]
fn with_client_authentication_only_api_servers_are_answered() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    let namespace = enforced(&cluster);
    let release = Release::prepare(&cluster);
    let authority = Authority::new("authority of API servers");
    let certificate = authority.issue_for("kube-apiserver");
    show_to_webhooks(&cluster, &release.balancer.address().to_string(), &certificate);

    kubectl.ok(&["create", "namespace", NAMESPACE]);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "api-servers", "namespace": NAMESPACE},
        "stringData": {"ca.crt": authority.pem()},
    });
    kubectl.apply(&secret.to_string()).ok();
    release.helm("install", harness::CHART, &json!({"clientAuthentication": {"caSecret": "api-servers"}})).ok();
    release.roll_out();
    Release::wait_until_asked(&namespace);

    let address = release.kubelet.addresses()[0];
    let roots = harness::trust(&cluster);
    let ask = |identity: Option<&Certificate>| -> io::Result<()> {
        let provider = Arc::new(default_provider());
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let client = client.with_root_certificates(roots.clone());
        let client = match identity {
            None => client.with_no_client_auth(),
            Some(Certificate { chain, key }) => {
                let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
                client.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
            }
        };
        Connection::tls(address, &Arc::new(client))?.post(b"{}").map(drop)
    };
    ask(Some(&certificate)).unwrap();
    assert!(ask(None).is_err(), "who shows no certificate gets no answer");
    assert!(ask(Some(&authority.issue_for("kubelet"))).is_err(), "nor does who bears another name");
}

/// Has the API server show a certificate to the webhook at an address, as `docs/install.md` tells it: by a kubeconfig that an
/// `AdmissionConfiguration` names.
#[track_caller]
fn show_to_webhooks(cluster: &ControlPlane, address: &str, certificate: &Certificate) {
    let path = |name: &str| cluster.folder.join(name);
    let (chain, key, kubeconfig) = (path("shown.crt"), path("shown.key"), path("shown.kubeconfig"));
    let identity = json!({"client-certificate": chain, "client-key": key});
    let users = json!({"apiVersion": "v1", "kind": "Config", "users": [{"name": address, "user": identity}]});
    let group = "apiserver.config.k8s.io/v1";
    let webhooks = json!({"apiVersion": group, "kind": "WebhookAdmissionConfiguration", "kubeConfigFile": kubeconfig});
    let plugins = json!([{"name": "ValidatingAdmissionWebhook", "configuration": webhooks}]);
    let admission = json!({"apiVersion": group, "kind": "AdmissionConfiguration", "plugins": plugins});
    std::fs::write(&chain, &certificate.chain).unwrap();
    std::fs::write(&key, &certificate.key).unwrap();
    std::fs::write(&kubeconfig, users.to_string()).unwrap();
    std::fs::write(path("admission.yaml"), admission.to_string()).unwrap();
    cluster.stop("kube-apiserver");
    let flag = format!("--admission-control-config-file={}", path("admission.yaml").display());
    cluster.start_again("kube-apiserver", &[&flag]);
}
