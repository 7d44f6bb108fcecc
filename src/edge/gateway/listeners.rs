//! What a Gateway or a `ListenerSet` opens: its listeners, their certificates, and how TLS is done there.
//!
//! What is served in plaintext is said by the routes; a listener alone serves nothing.

use std::collections::BTreeSet;

use crate::{
    edge::{
        CertificateUse, Ciphers, ClientCertificates, Doubt, Hop, Listener, MissingSecret, Plaintext, Serving, Setting,
        Surface, Tls, TlsSettings, Vouched, Wanted, controllers::asks_for_certificates,
    },
    model::{ClientValidation, FieldPath, GatewayListener, Kind, Name, Object, ObjectKey, Place},
    snapshot::{Lookup, Need, Snapshot},
};

use super::{
    attachments::{Attachment, Holder, Target, attachments},
    grants,
    implementations::{self, Implementation},
};

/// Listeners that gateway-shim of cert-manager leaves alone, with commas between.
const IGNORED_LISTENERS: &str = "cert-manager.io/ignore-tls-listeners";

/// What a Gateway or a `ListenerSet` opens.
pub(super) struct HolderSurface<'a> {
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    holder: Holder,
    key: ObjectKey,
    serving: Serving,
}

impl<'a> HolderSurface<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, vouched: Vouched<'a>, holder: Holder) -> Self {
        let serving = holder.serving(snapshot);
        Self { snapshot, vouched, key: holder.key(), holder, serving }
    }

    /// The listeners that end TLS, each with its place in the list.
    fn ending(&self) -> impl Iterator<Item = (usize, &GatewayListener)> {
        self.holder.listeners().iter().enumerate().filter(|(_, listener)| ends_tls(listener))
    }

    fn implementation(&self) -> Option<&'static Implementation> {
        implementations::named(self.serving.name()?)
    }

    fn tls(&self, listener: &GatewayListener) -> Tls {
        if listener.protocol != "HTTPS" && listener.protocol != "TLS" {
            return Tls::None;
        }
        let Some(tls) = listener.tls.as_ref().filter(|tls| !tls.certificates.is_empty()) else {
            if listener.tls.as_ref().is_some_and(|tls| tls.is_passthrough) {
                // The certificate is the backend's.
                return Tls::Covered;
            }
            let brings = |known: &Implementation| known.brings_certificate(listener, &self.holder.meta().annotations);
            if self.implementation().is_some_and(brings) {
                return Tls::Covered;
            }
            let server = self.serving.name().map_or("its controller", |name| name.as_str());
            return Tls::Unknown(Doubt::new(
                format!(
                    "the listener {} names no certificate: {server} takes one from elsewhere, or does not serve it",
                    listener.name
                ),
                format!("set tls.certificateRefs of the listener {}", listener.name),
            ));
        };
        let namespace = self.holder.meta().namespace.as_ref();
        for secret in tls.certificates.iter().flatten() {
            if let Err(doubt) = grants::permits(self.snapshot, self.key.kind, namespace, secret) {
                return Tls::Unknown(doubt);
            }
        }
        Tls::Covered
    }

    /// Whether clients of a listener show a certificate.
    fn client(&self, index: usize, listener: &GatewayListener) -> Setting<ClientCertificates> {
        if let Some(setting) = self.implementation().and_then(|known| known.client(&self.key, index, listener)) {
            return setting;
        }
        let own = listener.tls.as_ref().and_then(|tls| tls.client);
        let at = FieldPath::new("spec.listeners").index(index).field("tls").field("frontendValidation");
        let (validation, by) = if own.is_some() {
            (own, implementations::by(&self.key, at))
        } else if listener.protocol == "HTTPS" {
            match self.holder.gateway(self.snapshot) {
                Lookup::Found(gateway) => {
                    let key = Object::Gateway(std::sync::Arc::clone(&gateway)).key();
                    (gateway.client_on(listener.port), implementations::by(&key, FieldPath::new("spec.tls.frontend")))
                }
                Lookup::Absent => {
                    let doubt =
                        Doubt::new("its Gateway is not there yet", "apply the Gateway before it, or together with it");
                    return Setting { value: ClientCertificates::Unknown(doubt), by: implementations::DEFAULT };
                }
                Lookup::Unseen(blind) => {
                    return Setting { value: ClientCertificates::Unknown(blind.into()), by: implementations::DEFAULT };
                }
            }
        } else {
            (None, implementations::DEFAULT)
        };
        match validation {
            None => Setting { value: ClientCertificates::NotAsked, by: implementations::DEFAULT },
            Some(ClientValidation::ValidOnly) => Setting { value: ClientCertificates::Required, by },
            Some(ClientValidation::InsecureFallback) => {
                let fact = "are asked for, and whoever has none that is valid is let in (AllowInsecureFallback)";
                Setting { value: ClientCertificates::Optional(fact.into()), by }
            }
        }
    }

    /// The hosts that a certificate of a listener must name: its own, else those of the routes that attach to it.
    fn hosts(&self, index: usize, listener: &GatewayListener) -> Vec<Name> {
        if let Some(host) = &listener.hostname {
            return vec![host.clone()];
        }
        let mut hosts = BTreeSet::new();
        for referrer in self.snapshot.referrers(&self.key).filter(|referrer| referrer.kind.is_route()) {
            let Some(Object::Route(route)) = self.snapshot.object(referrer).found() else { continue };
            let is_here = |attachment: &Attachment| matches!(&attachment.target, Target::Listener(holder, at, _) if *at == index && holder.key() == self.key);
            if !route.hostnames.is_empty() && attachments(self.snapshot, &route).iter().any(is_here) {
                hosts.extend(route.hostnames.iter().cloned());
            }
        }
        hosts.into_iter().collect()
    }

    /// Whether gateway-shim asks cert-manager for the certificate: of listeners with a hostname, in the same namespace, that it is
    /// not told to leave alone. A `ListenerSet` may rely on the annotations of its Gateway.
    fn is_issued(&self, listener: &GatewayListener, secret: &ObjectKey) -> bool {
        let meta = self.holder.meta();
        let gateway = self.holder.gateway(self.snapshot).found();
        let asks = asks_for_certificates(meta) || gateway.is_some_and(|gateway| asks_for_certificates(&gateway.meta));
        let ignored = meta.annotations.value(IGNORED_LISTENERS);
        let is_ignored = ignored.is_some_and(|names| names.split(',').any(|name| *name.trim() == *listener.name));
        asks && !is_ignored && listener.hostname.is_some() && secret.namespace == meta.namespace
    }
}

impl Surface for HolderSurface<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let listeners = self.holder.listeners().iter().enumerate();
        let wanted = listeners.filter(|(_, listener)| wanted.includes(listener.hostname.as_ref()));
        let listener = |(index, listener): (usize, &GatewayListener)| Listener {
            name: Some(listener.name.clone()),
            host: listener.hostname.clone(),
            at: FieldPath::new("spec.listeners").index(index),
            plaintext: Plaintext::Closed,
            tls: self.tls(listener),
        };
        wanted.map(listener).collect()
    }

    fn settings(&self) -> Vec<TlsSettings> {
        let settings = |(index, listener): (usize, &GatewayListener)| {
            let known = self.implementation();
            let by = |option: &str| {
                let path = FieldPath::new("spec.listeners").index(index).field("tls").field("options").field(option);
                implementations::by(&self.key, path)
            };
            let options = listener.tls.as_ref().map(|tls| &tls.options);
            let oldest = implementations::oldest(known, &self.serving, self.vouched, options, by);
            let ciphers = match known {
                Some(known) => known.ciphers(options, by),
                None => Setting { value: Ciphers::Unknown(self.unknown()), by: implementations::DEFAULT },
            };
            TlsSettings { part: Some(listener.name.clone()), oldest, ciphers, client: self.client(index, listener) }
        };
        self.ending().map(settings).collect()
    }

    /// A Secret that is not there leaves its listener unserved (`ResolvedRefs: False`).
    fn certificates(&self) -> Vec<CertificateUse> {
        let mut uses = Vec::new();
        for (index, listener) in self.ending() {
            let secrets = listener.tls.iter().flat_map(|tls| tls.certificates.iter().enumerate());
            let hosts = self.hosts(index, listener);
            for (place, secret) in secrets.filter_map(|(place, secret)| Some((place, secret.clone()?))) {
                let at =
                    FieldPath::new("spec.listeners").index(index).field("tls").field("certificateRefs").index(place);
                uses.push(CertificateUse {
                    is_issued: self.is_issued(listener, &secret),
                    hosts: hosts.clone(),
                    at,
                    missing: MissingSecret::NoRoute,
                    secret,
                });
            }
        }
        uses
    }

    /// Where traffic goes, the routes say.
    fn hops(&self) -> Vec<Hop> {
        Vec::new()
    }

    fn rests_on(&self) -> Vec<Need> {
        let mut needs = BTreeSet::new();
        if let Holder::Set(set) = &self.holder {
            needs.insert(Need::Get(set.gateway.clone()));
        }
        if let Some(gateway) = self.holder.gateway(self.snapshot).found() {
            needs.insert(Need::Get(ObjectKey::cluster(Kind::GatewayClass, gateway.class_name.clone())));
        }
        let secrets =
            self.ending().flat_map(|(_, listener)| &listener.tls).flat_map(|tls| tls.certificates.iter().flatten());
        needs.extend(secrets.filter_map(|secret| grants::need(self.holder.meta().namespace.as_ref(), secret)));
        needs.into_iter().collect()
    }
}

impl HolderSurface<'_> {
    /// What is not known of a controller without a file.
    fn unknown(&self) -> Doubt {
        implementations::unknown(&self.serving)
    }
}

/// Whether a listener ends TLS itself.
fn ends_tls(listener: &GatewayListener) -> bool {
    match listener.protocol.as_str() {
        "HTTPS" => true,
        "TLS" => listener.tls.as_ref().is_none_or(|tls| !tls.is_passthrough),
        _ => false,
    }
}

/// The place of a field.
pub(super) fn place(object: &ObjectKey, path: FieldPath) -> Place {
    Place { object: object.clone(), path }
}
