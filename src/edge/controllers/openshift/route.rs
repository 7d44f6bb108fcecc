//! What a Route opens.

use crate::{
    edge::{
        By, Cause, CausePlace, CertificateUse, Hop, HopProtection, Listener, Mend, Serving, Surface, TlsSettings,
        Verified, Vouched,
        hosts::{Wanted, wildcard_above},
    },
    model::{
        EdgeResource, FieldPath, Ingress, IngressBackend, Kind, Name, Object, ObjectKey, Place,
        openshift::{Insecure, OpenShiftRoute, RouteTls, Termination},
    },
    snapshot::{Lookup, Need, Snapshot},
};

use super::{
    super::values::key, BY_DEFAULT, IDENTITY, NAME, OLDEST, OpenShift, Plaintext, Tls, ingress::has_tls, secrets,
};

static NO_TLS: Cause = Cause {
    fact: "it has no spec.tls",
    places: &[CausePlace::Field("spec.host")],
    mends: &[Mend::Words("set spec.tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}")],
};
static ALLOWED: Cause = Cause {
    fact: "insecureEdgeTerminationPolicy lets it be served beside TLS",
    places: &[CausePlace::Field("spec.tls.insecureEdgeTerminationPolicy")],
    mends: &[Mend::Words("set spec.tls.insecureEdgeTerminationPolicy: Redirect")],
};

/// What a Route opens. One that an Ingress made, and that is as the Ingress says, opens what the Ingress opens, and is judged there.
pub(in super::super) fn surface<'a>(
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    route: &'a OpenShiftRoute,
) -> Option<Box<dyn Surface + 'a>> {
    if is_as_its_ingress_says(snapshot, resource, route) {
        return None;
    }
    let serving = Serving::Known { name: NAME.into(), controller: &OpenShift };
    Some(Box::new(RouteSurface { vouched, resource, route, serving }))
}

struct RouteSurface<'a> {
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    route: &'a OpenShiftRoute,
    serving: Serving,
}

impl RouteSurface<'_> {
    /// The host: with a wildcard policy all hosts beside it.
    fn host(&self) -> Option<Name> {
        let host = self.route.host.clone()?;
        if self.route.is_wildcard { wildcard_above(&host).map(Name::from) } else { Some(host) }
    }

    fn at(&self) -> FieldPath {
        FieldPath::new(if self.route.host.is_some() {
            "spec.host"
        } else if self.route.subdomain.is_some() {
            "spec.subdomain"
        } else {
            "spec"
        })
    }

    fn by(&self, path: &str) -> By {
        By::Field(Place { object: key(self.resource.kind, &self.resource.meta), path: FieldPath::new(path) })
    }

    /// TLS that ends at the router.
    fn terminated(&self) -> Option<&RouteTls> {
        self.route.tls.as_ref().filter(|tls| tls.termination != Termination::Passthrough)
    }

    fn plaintext(&self) -> Plaintext {
        if self.vouched.refuses_plaintext.contains(NAME) {
            return Plaintext::Redirected;
        }
        match &self.route.tls {
            None => Plaintext::Served(&NO_TLS),
            Some(RouteTls { insecure: Insecure::Allow, .. }) => Plaintext::Served(&ALLOWED),
            Some(RouteTls { insecure: Insecure::Redirect, .. }) => Plaintext::Redirected,
            Some(RouteTls { insecure: Insecure::None, .. }) => Plaintext::Closed,
        }
    }

    /// Without a certificate of its own it is served with the router's, which names what is one label below the router's domain.
    fn tls(&self) -> Tls {
        if self.route.tls.is_none() {
            return Tls::None;
        }
        let Some(tls) = self.terminated() else { return Tls::Covered };
        let Some(host) = &self.route.host else { return Tls::Covered };
        let domain_above = wildcard_above(host);
        let is_below_router = |router: &Name| wildcard_above(router).is_some_and(|above| Some(above) == domain_above);
        let is_named = !self.route.is_wildcard && self.route.routers.iter().any(is_below_router);
        if tls.has_certificate || tls.external_certificate.is_some() || is_named {
            return Tls::Covered;
        }
        Tls::Unknown(super::doubt(
            "the router serves it with its default certificate, which names hosts of the cluster's own domain",
            "name a Secret with its certificate in spec.tls.externalCertificate",
        ))
    }
}

impl Surface for RouteSurface<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let host = self.host();
        if !wanted.includes(host.as_ref()) {
            return Vec::new();
        }
        vec![Listener { name: None, host, at: self.at(), plaintext: self.plaintext(), tls: self.tls() }]
    }

    fn settings(&self) -> Vec<TlsSettings> {
        let oldest = super::super::vouched_oldest(self.vouched, NAME, OLDEST, BY_DEFAULT);
        self.terminated().map(|_| super::settings(oldest)).into_iter().collect()
    }

    fn certificates(&self) -> Vec<CertificateUse> {
        let name = self.terminated().and_then(|tls| tls.external_certificate.clone());
        let used = |name| CertificateUse {
            secret: ObjectKey { kind: Kind::Secret, namespace: self.resource.meta.namespace.clone(), name },
            hosts: self.host().into_iter().collect(),
            at: FieldPath::new("spec.tls.externalCertificate.name"),
            missing: IDENTITY.missing_secret,
            is_issued: secrets::asks_for_certificates(&self.resource.meta),
        };
        name.map(used).into_iter().collect()
    }

    fn hops(&self) -> Vec<Hop> {
        let by = || self.by("spec.tls.termination");
        let protection = match self.route.tls.as_ref().map(|tls| tls.termination) {
            None => HopProtection::Plaintext(self.by("spec")),
            Some(Termination::Edge) => HopProtection::Plaintext(by()),
            // Without a CA of its own it is checked against that of the service-serving certificates.
            Some(Termination::Reencrypt) => HopProtection::Tls(by(), Verified::Yes),
            Some(Termination::Passthrough) => HopProtection::PassedThrough,
        };
        let hop = |target: &crate::model::openshift::RouteTarget| {
            let at = FieldPath::new(target.at);
            let at = target.index.map_or(at.clone(), |index| at.index(index));
            let (namespace, name) = (self.resource.meta.namespace.clone(), target.service.clone());
            Hop {
                service: Some(ObjectKey { kind: Kind::Service, namespace, name }),
                port: self.route.port.clone(),
                hosts: self.host().into_iter().collect(),
                at: at.field("name"),
                protection: protection.clone(),
            }
        };
        self.route.backends.iter().map(hop).collect()
    }

    fn rests_on(&self) -> Vec<Need> {
        Vec::new()
    }
}

/// Whether a Route was made of an Ingress that is there, and serves no more in plaintext than that does: host, path and Service are
/// the Ingress's, and TLS is as the Ingress asks.
fn is_as_its_ingress_says(snapshot: &Snapshot, resource: &EdgeResource, route: &OpenShiftRoute) -> bool {
    let Some(ingress) = maker(snapshot, resource) else { return false };
    let Some(host) = &route.host else { return false };
    let asked: Name = match host.strip_prefix("wildcard.").filter(|_| route.is_wildcard) {
        Some(rest) => format!("*.{rest}").into(),
        None => host.clone(),
    };
    let is_its_backend = |backend: &IngressBackend| match (backend, route.backends.as_slice()) {
        (IngressBackend::Service { name, .. }, [target]) => *name == target.service,
        _ => false,
    };
    let rules = ingress.rules.iter().filter(|rule| rule.host.as_ref() == Some(&asked));
    let mut paths = rules.flat_map(|rule| &rule.paths);
    paths.any(|path| path.path == route.path && is_its_backend(&path.backend))
        && match &route.tls {
            None => !has_tls(&ingress, &asked),
            Some(tls) => tls.insecure != Insecure::Allow,
        }
}

/// The Ingress that a Route was made of.
fn maker(snapshot: &Snapshot, resource: &EdgeResource) -> Option<std::sync::Arc<Ingress>> {
    let owner = resource.meta.controller()?;
    let is_ingress = owner.kind == "Ingress" && owner.api_version.starts_with("networking.k8s.io/");
    let namespace = resource.meta.namespace.clone();
    let key = ObjectKey { kind: Kind::Ingress, namespace, name: owner.name.clone() };
    match snapshot.object(&key) {
        Lookup::Found(Object::Ingress(ingress)) if is_ingress => Some(ingress),
        _ => None,
    }
}
