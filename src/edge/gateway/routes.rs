//! What a route opens: one entry for each listener that it attaches to.
//!
//! A route is unencrypted where a listener in plaintext takes it and some rule of it does more than redirect to `https`. A
//! listener of protocol TCP or UDP passes bytes on: whether they are TLS is for the application to say, and it can, by
//! `appProtocol` of the Service's port. Where it does not, it "cannot be proved": databases and brokers do TLS themselves as a
//! rule, and a refusal would stop them.

use std::collections::BTreeSet;

use crate::{
    edge::{
        Cause, CausePlace, CertificateUse, Doubt, Hop, Listener, Mend, Plaintext, Serving, Surface, Tls, TlsSettings,
        Told, Vouched, Wanted,
    },
    model::{AllowedNamespaces, FieldPath, GatewayListener, Kind, ObjectKey, Place, Route},
    snapshot::{Need, Snapshot},
};

use super::{
    attachments::{Attachment, Holder, Target, admits, attachments, takes},
    backends::{self, Application},
    hostnames,
};

static HTTP_LISTENER: Cause = Cause {
    fact: "a listener of protocol HTTP takes it",
    places: &[CausePlace::Point],
    mends: &[Mend::Words(
        "set sectionName to the name of an HTTPS listener, and leave the HTTP listener to a route that only redirects",
    )],
};
static CLEAR_BYTES: Cause = Cause {
    fact: "its listener passes bytes on as they are, and appProtocol of the Service's port says that they are no TLS",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("attach it to a listener of protocol TLS")],
};

/// What a route opens.
pub(super) struct RouteSurface<'a> {
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    route: &'a Route,
    attachments: Vec<Attachment>,
    serving: Serving,
}

impl<'a> RouteSurface<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, vouched: Vouched<'a>, route: &'a Route) -> Self {
        let attachments = attachments(snapshot, route);
        let serving = serving(snapshot, &attachments);
        Self { snapshot, vouched, route, attachments, serving }
    }

    fn listener(&self, attachment: &Attachment) -> Listener {
        let (host, plaintext, tls) = match &attachment.target {
            Target::Unknown(_) if self.route.only_redirects() => (None, Plaintext::Redirected, Tls::None),
            Target::Unknown(doubt) => (None, Plaintext::Unknown(doubt.clone()), Tls::None),
            Target::Listener(holder, index, certain) => match holder.listeners().get(*index) {
                Some(listener) => {
                    let plaintext = match (self.plaintext(holder, listener), certain) {
                        (Plaintext::Served(_), Err(doubt)) => Plaintext::Unknown(doubt.clone()),
                        (plaintext, _) => plaintext,
                    };
                    let tls = if plaintext == Plaintext::Closed { Tls::Covered } else { Tls::None };
                    (hostnames::only_host(listener, self.route), plaintext, tls)
                }
                None => (None, Plaintext::Closed, Tls::None),
            },
        };
        Listener { name: Some(attachment.name.clone()), host, at: attachment.at.clone(), plaintext, tls }
    }

    /// What becomes of plaintext at a listener.
    fn plaintext(&self, holder: &Holder, listener: &GatewayListener) -> Plaintext {
        match listener.protocol.as_str() {
            // HBONE is the mutual TLS of Istio's ambient mode.
            "HTTPS" | "TLS" | "HBONE" => Plaintext::Closed,
            "HTTP" if self.route.only_redirects() || self.is_vouched_for(holder) => Plaintext::Redirected,
            "HTTP" => Plaintext::Served(&HTTP_LISTENER),
            "TCP" | "UDP" => match backends::application(self.snapshot, self.route) {
                Application::Encrypted => Plaintext::Closed,
                Application::Clear => Plaintext::Served(&CLEAR_BYTES),
                Application::Unknown(doubt) => Plaintext::Unknown(doubt),
            },
            other => Plaintext::Unknown(Doubt::new(
                format!("{other} is a protocol of an implementation's own"),
                "attach it to a listener of protocol HTTPS or TLS",
            )),
        }
    }

    /// Whether the operator says that whoever serves the Gateway redirects or refuses plaintext everywhere.
    fn is_vouched_for(&self, holder: &Holder) -> bool {
        let refusing = self.vouched.refuses_plaintext;
        !refusing.is_empty() && holder.serving(self.snapshot).name().is_some_and(|name| refusing.contains(name))
    }

    fn attached(&self, listener: &Listener) -> Option<&Attachment> {
        self.attachments.iter().find(|attachment| Some(&attachment.name) == listener.name.as_ref())
    }

    /// What mends plaintext at an HTTP listener: the listeners of the same object that would take the route over TLS.
    fn fix(&self, holder: &Holder, plain: &GatewayListener, at: &FieldPath) -> String {
        let takes_it = |listener: &&GatewayListener| {
            let namespaces = (holder.meta().namespace.as_ref(), self.route.meta.namespace.as_ref());
            listener.protocol == "HTTPS"
                && takes(listener, self.route.kind)
                && hostnames::intersect(listener, self.route)
                && admits(self.snapshot, &listener.namespaces, namespaces.0, namespaces.1) == Ok(true)
        };
        let rest = format!("leave {} to a route that only redirects to https", plain.name);
        match holder.listeners().iter().find(takes_it) {
            Some(secure) => format!("set {at}.sectionName: {}, and {rest}", secure.name),
            None => format!(
                "give {} an HTTPS listener that takes it, set {at}.sectionName to its name, and {rest}",
                holder.key()
            ),
        }
    }
}

impl Surface for RouteSurface<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let listeners = self.attachments.iter().map(|attachment| self.listener(attachment));
        listeners.filter(|listener| wanted.includes(listener.host.as_ref())).collect()
    }

    /// TLS is the Gateway's.
    fn settings(&self) -> Vec<TlsSettings> {
        Vec::new()
    }

    fn certificates(&self) -> Vec<CertificateUse> {
        Vec::new()
    }

    fn hops(&self) -> Vec<Hop> {
        backends::hops(self.snapshot, self.route, &self.attachments)
    }

    fn rests_on(&self) -> Vec<Need> {
        // The route itself too: its Gateway may be refused for what a route says no more.
        let (namespace, name) = (self.route.meta.namespace.clone(), self.route.meta.name.clone());
        let mut needs = BTreeSet::from([Need::Get(ObjectKey { kind: self.route.kind, namespace, name })]);
        for parent in &self.route.parents {
            needs.insert(Need::Get(parent.object.clone()));
        }
        for attachment in &self.attachments {
            let Target::Listener(holder, index, _) = &attachment.target else { continue };
            if let Holder::Set(set) = holder {
                needs.insert(Need::Get(set.gateway.clone()));
            }
            let by_labels = holder.listeners().get(*index).map(|listener| &listener.namespaces);
            if let (Some(AllowedNamespaces::Selector(_)), Some(namespace)) = (by_labels, &self.route.meta.namespace) {
                needs.insert(Need::Get(ObjectKey::cluster(Kind::Namespace, namespace.clone())));
            }
        }
        backends::rests_on(self.snapshot, self.route, &mut needs);
        needs.into_iter().collect()
    }

    fn told(&self, listener: &Listener) -> Option<Told> {
        let attachment = self.attached(listener)?;
        let Target::Listener(holder, index, _) = &attachment.target else { return None };
        let plain = holder.listeners().get(*index)?;
        let Plaintext::Served(cause) = &listener.plaintext else { return None };
        let path = FieldPath::new("spec.listeners").index(*index).field("protocol");
        let places = vec![Place { object: holder.key(), path }];
        if !std::ptr::eq(*cause, &raw const HTTP_LISTENER) {
            return Some(Told { fact: cause.fact.into(), fix: None, places });
        }
        let how = if attachment.by_section {
            format!("{}.sectionName attaches it to", attachment.at)
        } else {
            format!("{} names no sectionName, and so attaches it also to", attachment.at)
        };
        Some(Told {
            fact: format!("{how} {} of {}, whose protocol is HTTP", plain.name, holder.key()).into(),
            fix: Some(self.fix(holder, plain, &attachment.at).into()),
            places,
        })
    }
}

/// Who serves a route: whoever serves the first Gateway. What a parent that is not there would say stays in doubt whatever a
/// ruleset makes of controllers that it does not know.
fn serving(snapshot: &Snapshot, attachments: &[Attachment]) -> Serving {
    let mut serving = None;
    for attachment in attachments {
        match &attachment.target {
            Target::Unknown(doubt) | Target::Listener(_, _, Err(doubt)) => return Serving::Unseen(doubt.clone()),
            Target::Listener(holder, ..) if serving.is_none() => serving = Some(holder.serving(snapshot)),
            Target::Listener(..) => {}
        }
    }
    serving.unwrap_or_else(|| Serving::Nobody(Doubt::new("no Gateway takes it", "name a Gateway in spec.parentRefs")))
}
