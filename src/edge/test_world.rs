//! A small world for tests of what controllers do: classes, objects, and answers as short texts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::{
    model::{Kind, Name, ObjectKey, decode},
    snapshot::{Blind, Edit, Need, Scope, Snapshot},
};

/// A world in which `IngressClasses` and Ingresses have been seen whole.
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    /// By class, the controller that the operator names.
    pub(crate) classes: BTreeMap<Name, Name>,
    /// The controllers of which the operator says that they refuse plaintext.
    pub(crate) refuses: BTreeSet<Name>,
    pub(crate) settings: EdgeSettings,
}

impl World {
    /// With these classes, each with its controller.
    pub(crate) fn new(classes: &[(&str, &str)]) -> Self {
        let mut world = Self {
            snapshot: Snapshot::new(),
            classes: BTreeMap::new(),
            refuses: BTreeSet::new(),
            settings: EdgeSettings::default(),
        };
        world = world.seen(&[Kind::Ingress, Kind::IngressClass]);
        for (name, controller) in classes {
            world.class(name, controller, false);
        }
        world
    }

    pub(crate) fn class(&mut self, name: &str, controller: &str, default: bool) {
        let annotations = json!({"ingressclass.kubernetes.io/is-default-class": default.to_string()});
        let class = json!({"metadata": {"name": name, "annotations": annotations}, "spec": {"controller": controller}});
        self.put(Kind::IngressClass, &class);
    }

    pub(crate) fn put(&mut self, kind: Kind, value: &Value) {
        self.snapshot.apply(Edit::Put(decode::value(kind, value).unwrap()));
    }

    /// With these objects.
    #[allow(dead_code, reason = "for whoever tests with more than one object")]
    pub(crate) fn with<'a>(mut self, objects: impl IntoIterator<Item = (Kind, &'a Value)>) -> Self {
        objects.into_iter().for_each(|(kind, value)| self.put(kind, value));
        self
    }

    /// With these kinds seen whole.
    pub(crate) fn seen(mut self, kinds: &[Kind]) -> Self {
        for kind in kinds {
            self.snapshot.apply(Edit::Cover(Scope { kind: *kind, namespace: None }, Ok(())));
        }
        self
    }

    /// With a kind that cannot be seen.
    pub(crate) fn blind(mut self, kind: Kind, blind: Blind) -> Self {
        self.snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, Err(blind)));
        self
    }

    /// Asks what an object opens.
    pub(crate) fn ask<T>(&self, kind: Kind, object: &Value, ask: impl Fn(&dyn Surface) -> T) -> T {
        let object = decode::value(kind, object).unwrap();
        let vouched = Vouched {
            controllers_of_classes: &self.classes,
            refuses_plaintext: &self.refuses,
            settings: &self.settings,
        };
        ask(surface(&self.snapshot, vouched, &object).expect("it opens something").as_ref())
    }

    /// Who serves an Ingress.
    pub(crate) fn serving(&self, ingress: &Value) -> Serving {
        self.ask(Kind::Ingress, ingress, |surface| surface.serving().clone())
    }

    /// The reads that what is said of an object rests on.
    pub(crate) fn rests_on(&self, kind: Kind, object: &Value) -> Vec<String> {
        self.ask(kind, object, |surface| surface.rests_on().iter().map(Need::to_string).collect())
    }

    /// `host: plaintext, TLS` of every listener of an Ingress.
    pub(crate) fn told(&self, ingress: &Value) -> Vec<String> {
        self.listeners(Kind::Ingress, ingress)
    }

    /// `host: plaintext, TLS` of every listener; before it `name/` where it has one.
    pub(crate) fn listeners(&self, kind: Kind, object: &Value) -> Vec<String> {
        let told = |listener: &Listener| {
            let name = listener.name.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
            let host = listener.host.as_ref().map_or("*", |host| host.as_str());
            let plaintext = match &listener.plaintext {
                Plaintext::Served(_) => "served",
                Plaintext::Redirected => "redirected",
                Plaintext::Closed => "closed",
                Plaintext::Unknown(_) => "unknown",
            };
            let tls = match &listener.tls {
                Tls::Covered => "covered",
                Tls::Uncovered => "uncovered",
                Tls::None => "none",
                Tls::Unknown(_) => "unknown",
            };
            format!("{name}{host}: {plaintext}, {tls}")
        };
        self.ask(kind, object, |surface| surface.listeners(Wanted::All).iter().map(told).collect())
    }

    /// `part: oldest version (who says so); ciphers (..); clients (..)` of every part; `part: ` only where parts differ.
    pub(crate) fn settings(&self, kind: Kind, object: &Value) -> Vec<String> {
        let own = decode::value(kind, object).unwrap().key();
        let told = |settings: &TlsSettings| {
            let part = settings.part.as_ref().map(|part| format!("{part}: ")).unwrap_or_default();
            let oldest = match &settings.oldest.value {
                Oldest::Version(version) => version.name().to_owned(),
                Oldest::Policy(policy) => format!("policy {policy}"),
                Oldest::Unknown(_) => "unknown".to_owned(),
            };
            let ciphers = match &settings.ciphers.value {
                Ciphers::Written(_, text) => text.to_string(),
                Ciphers::Policy(policy) => format!("policy {policy}"),
                Ciphers::Sound => "sound".to_owned(),
                Ciphers::Unknown(_) => "unknown".to_owned(),
            };
            let client = match &settings.client.value {
                ClientCertificates::NotAsked => "not asked".to_owned(),
                ClientCertificates::Required => "required".to_owned(),
                ClientCertificates::Optional(fact) => format!("optional: {fact}"),
                ClientCertificates::Unknown(_) => "unknown".to_owned(),
            };
            let [first, second, third] =
                [&settings.oldest.by, &settings.ciphers.by, &settings.client.by].map(|by| by_text(by, &own));
            format!("{part}{oldest} ({first}); {ciphers} ({second}); {client} ({third})")
        };
        self.ask(kind, object, |surface| surface.settings().iter().map(told).collect())
    }

    /// `secret for hosts at field, missing: what then, issued` of every certificate.
    pub(crate) fn certificates(&self, kind: Kind, object: &Value) -> Vec<String> {
        let told = |used: &CertificateUse| {
            let namespace = used.secret.namespace.clone().unwrap_or_default();
            let issued = if used.is_issued { ", issued" } else { "" };
            let (name, hosts, at, missing) = (&used.secret.name, used.hosts.join(","), &used.at, used.missing);
            format!("{namespace}/{name} for {hosts} at {at}, missing: {missing:?}{issued}")
        };
        self.ask(kind, object, |surface| surface.certificates().iter().map(told).collect())
    }

    /// `service:port for hosts at field: protection` of every hop.
    pub(crate) fn hops(&self, kind: Kind, object: &Value) -> Vec<String> {
        let own = decode::value(kind, object).unwrap().key();
        let told = |hop: &Hop| {
            let service = hop.service.as_ref().map_or("none", |service| service.name.as_str());
            let port = hop.port.as_ref().map_or("none", |port| port.as_str());
            let protection = match &hop.protection {
                HopProtection::Plaintext(by) => format!("plaintext ({})", by_text(by, &own)),
                HopProtection::Tls(by, Verified::Yes) => format!("TLS ({}), verified", by_text(by, &own)),
                HopProtection::Tls(by, Verified::No(why)) => {
                    format!("TLS ({}), not verified ({})", by_text(by, &own), by_text(why, &own))
                }
                HopProtection::Tls(by, Verified::Unknown(_)) => {
                    format!("TLS ({}), perhaps verified", by_text(by, &own))
                }
                HopProtection::PassedThrough => "passed through".to_owned(),
                HopProtection::Unknown(_) => "unknown".to_owned(),
            };
            format!("{service}:{port} for {} at {}: {protection}", hop.hosts.join(","), hop.at)
        };
        self.ask(kind, object, |surface| surface.hops().iter().map(told).collect())
    }
}

/// `default`, `ruleset`, or the field, with its object before it where that is another one.
fn by_text(by: &By, own: &ObjectKey) -> String {
    match by {
        By::Default(_) => "default".to_owned(),
        By::Environment => "ruleset".to_owned(),
        By::Field(place) if place.object == *own => place.path.to_string(),
        By::Field(place) => format!("{} {}", place.object, place.path),
    }
}

/// An Ingress `shop/web` of a class, with annotations, entries of `spec.tls` (hosts by comma) and hosts of rules; an empty
/// host is a rule without one.
pub(crate) fn ingress(class: Option<&str>, annotations: &[(&str, &str)], tls: &[&str], hosts: &[&str]) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let rule = |host: &&str| {
        let mut rule = json!({"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}});
        if !host.is_empty() {
            rule["host"] = json!(host);
        }
        rule
    };
    let entry = |listed: &&str| {
        let hosts: Vec<&str> = listed.split(',').filter(|host| !host.is_empty()).collect();
        json!({"hosts": hosts, "secretName": "web-tls"})
    };
    let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
    let mut ingress = json!({
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {
            "tls": tls.iter().map(entry).collect::<Vec<_>>(),
            "rules": hosts.iter().map(rule).collect::<Vec<_>>(),
        },
    });
    if let Some(class) = class {
        ingress["spec"]["ingressClassName"] = json!(class);
    }
    if hosts.is_empty() {
        ingress["spec"]["defaultBackend"] = backend;
    }
    ingress
}

/// Annotations, `spec.tls`, hosts, and what is told of them.
pub(crate) type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str], &'a [&'a str]);

/// Each row: what is told of an Ingress that is served by this controller.
pub(crate) fn check(controller: &str, rows: &[Row<'_>]) {
    let world = World::new(&[("edge", controller)]);
    for (annotations, tls, hosts, expected) in rows {
        let told = world.told(&ingress(Some("edge"), annotations, tls, hosts));
        assert_eq!(told, *expected, "{annotations:?} tls {tls:?} hosts {hosts:?}");
    }
}
