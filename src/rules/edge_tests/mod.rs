//! What the rules about versions, suites, client certificates and hops make of settings, whichever controller they come from: on a
//! surface that is made up, and on Services whose load balancers end TLS.

mod backends;
mod clients;
mod services;
mod suites;
mod versions;

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
