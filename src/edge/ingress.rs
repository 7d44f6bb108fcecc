//! What an Ingress opens.

use crate::{
    model::Ingress,
    snapshot::{Need, Snapshot},
};

use super::{
    CertificateUse, Hop, Listener, Plaintext, Point, Reading, Serving, Surface, TlsSettings, Vouched, hosts::Wanted,
    resolve,
};

/// What an Ingress opens.
pub(super) struct IngressSurface<'a> {
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    ingress: &'a Ingress,
    serving: Serving,
    rests_on: Vec<Need>,
}

impl<'a> IngressSurface<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, vouched: Vouched<'a>, ingress: &'a Ingress) -> Self {
        let resolved = resolve(snapshot, vouched, ingress);
        Self { snapshot, vouched, ingress, serving: resolved.serving, rests_on: resolved.rests_on }
    }

    fn reading(&self) -> Reading<'_> {
        let Self { snapshot, vouched, ingress, serving, .. } = self;
        Reading { ingress, snapshot, vouched: *vouched, controller: serving.name() }
    }
}

impl Surface for IngressSurface<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let (reading, serving) = (self.reading(), &self.serving);
        let controller = serving.controller();
        let redirects = serving.name().is_some_and(|name| reading.vouched.refuses_plaintext.contains(name));
        let opening = controller.open(reading);
        let listener = |point: Point| {
            let plaintext = match (serving, redirects) {
                (_, true) => Plaintext::Redirected,
                (Serving::Known { .. }, false) => opening.plaintext(&point),
                (unknown, false) => Plaintext::Unknown(unknown.doubt()),
            };
            let tls = opening.tls(&point, &plaintext);
            Listener { name: None, host: point.host, at: point.at, plaintext, tls }
        };
        controller.points(reading.ingress, wanted).into_iter().map(listener).collect()
    }

    fn settings(&self) -> Vec<TlsSettings> {
        self.serving.controller().settings(self.reading())
    }

    fn certificates(&self) -> Vec<CertificateUse> {
        self.serving.controller().certificates(self.reading())
    }

    fn hops(&self) -> Vec<Hop> {
        self.serving.controller().hops(self.reading())
    }

    fn rests_on(&self) -> Vec<Need> {
        let mut needs = self.serving.controller().rests_on(self.reading());
        needs.extend(self.rests_on.iter().cloned());
        needs
    }
}
