//! `IngressRoute` and `IngressRouteTCP`: Traefik's own routers.
//!
//! Each entry of `spec.routes` is a router. `spec.tls` makes routers of TLS of all of them, `{}` with whichever certificate
//! names the host, else the default one; without it they answer plaintext. A pair of objects is usual: one with TLS, and one
//! on the plain entry point with a Middleware that redirects and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    edge::{
        Cause, CausePlace, CertificateUse, Doubt, Hop, Listener, Mend, Plaintext, Serving, Surface, Tls, TlsSettings,
        Vouched, Wanted,
    },
    model::{
        EdgeResource, FieldPath, Kind, Name, ObjectKey,
        traefik::{RuleHosts, TraefikReference, TraefikRoute, TraefikRoutes},
    },
    snapshot::{Need, Snapshot},
};

use super::{
    IDENTITY, Traefik, backends, by_host,
    entry_points::{self, Attached},
    lookup,
    middlewares::{self, Redirects},
    missing_secret, options,
};

const SET_TLS: &str = "set spec.tls with a secretName, and spec.entryPoints: [websecure]";
const NAME_HOST: &str = "match it with Host(`...`)";

static EVERY_ENTRY_POINT: Cause = Cause {
    fact: "Traefik attaches it to every entry point, the plain one included, and there is no spec.tls",
    places: &[CausePlace::Point, CausePlace::Field("spec")],
    mends: &[Mend::Words(SET_TLS)],
};
static PLAIN_ENTRY_POINT: Cause = Cause {
    fact: "spec.entryPoints attaches it to a plain entry point, and there is no spec.tls",
    places: &[CausePlace::Field("spec.entryPoints"), CausePlace::Point],
    mends: &[Mend::Words(
        "set spec.tls with a secretName, and spec.entryPoints: [websecure]; where another IngressRoute does so, give this \
         one a Middleware with redirectScheme: {scheme: https}",
    )],
};
static RAW: Cause = Cause {
    fact: "without spec.tls Traefik passes connections on as they come",
    places: &[CausePlace::Point, CausePlace::Field("spec")],
    mends: &[Mend::Words(
        "set spec.tls with a secretName, or spec.tls: {passthrough: true} where the backend has TLS of its own",
    )],
};

/// What routes open.
pub(in crate::edge) fn surface<'a>(
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    spec: &'a TraefikRoutes,
) -> Box<dyn Surface + 'a> {
    let name = Name::from(IDENTITY.controllers.first().copied().unwrap_or_default());
    let serving = Serving::Known { name, controller: &Traefik };
    Box::new(Routes { snapshot, vouched, resource, spec, serving })
}

struct Routes<'a> {
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    spec: &'a TraefikRoutes,
    serving: Serving,
}

impl Surface for Routes<'_> {
    fn serving(&self) -> &Serving {
        &self.serving
    }

    fn listeners(&self, wanted: Wanted<'_>) -> Vec<Listener> {
        let refuses = self.serving.name().is_some_and(|name| self.vouched.refuses_plaintext.contains(name));
        let mut listeners: Vec<Listener> = Vec::new();
        let mut known: BTreeMap<Option<Name>, usize> = BTreeMap::new();
        for (index, route) in self.spec.routes.iter().enumerate() {
            let redirects = self.redirects(route);
            for host in hosts(route).filter(|host| wanted.includes(host.as_ref())) {
                let plaintext = if refuses && self.resource.kind == Kind::IngressRoute {
                    Plaintext::Redirected
                } else {
                    self.plaintext(host.as_ref(), &redirects)
                };
                let tls = self.tls(host.as_ref(), &plaintext);
                let at = FieldPath::new(format!("spec.routes[{index}].match"));
                let listener = Listener { name: None, host: host.clone(), at, plaintext, tls };
                // Several routes of one host are one listener; the worst of them is told.
                match known.get(&host).and_then(|at| listeners.get_mut(*at)) {
                    Some(other) if openness(&other.plaintext) >= openness(&listener.plaintext) => {}
                    Some(other) => *other = listener,
                    None => {
                        known.insert(host, listeners.len());
                        listeners.push(listener);
                    }
                }
            }
        }
        listeners
    }

    fn settings(&self) -> Vec<TlsSettings> {
        let Some(Named(options)) = self.options() else { return Vec::new() };
        let own = self.resource.meta.namespace.as_ref();
        let controller = self.serving.name();
        if self.resource.kind == Kind::IngressRouteTCP {
            let chosen = options::choose(self.snapshot, options, own);
            return vec![chosen.settings(None, self.vouched, controller)];
        }
        let all: BTreeSet<Option<Name>> = self.spec.routes.iter().flat_map(hosts).collect();
        let all: Vec<Option<Name>> = all.into_iter().collect();
        by_host::settings(self.snapshot, self.vouched, controller, options, own, &all)
    }

    fn certificates(&self) -> Vec<CertificateUse> {
        let (Some(tls), Some(own)) = (&self.spec.tls, &self.resource.meta.namespace) else { return Vec::new() };
        let Some(name) = tls.secret_name.as_ref().filter(|_| !tls.passthrough) else { return Vec::new() };
        let mut hosts: Vec<Name> = by_host::concrete(self.spec).cloned().collect();
        hosts.sort_unstable();
        hosts.dedup();
        let chosen = options::choose(self.snapshot, tls.options.as_ref(), Some(own));
        vec![CertificateUse {
            secret: ObjectKey::namespaced(Kind::Secret, own.clone(), name.clone()),
            hosts,
            at: FieldPath::new("spec.tls.secretName"),
            missing: missing_secret(chosen.is_strict()),
            // cert-manager's shims read Ingresses and Gateways only.
            is_issued: false,
        }]
    }

    fn hops(&self) -> Vec<Hop> {
        backends::of_routes(self.snapshot, self.resource, self.spec)
    }

    fn rests_on(&self) -> Vec<Need> {
        let Some(own) = &self.resource.meta.namespace else { return Vec::new() };
        let named = self.spec.routes.iter().flat_map(|route| &route.middlewares);
        let middlewares = named.flat_map(|named| lookup::needs(self.snapshot, named.candidates(Kind::Middleware, own)));
        let mut needs: Vec<Need> = middlewares.collect();
        needs.extend(
            self.options().into_iter().flat_map(|Named(named)| options::needs(self.snapshot, named, Some(own))),
        );
        needs.extend(backends::needs(self.snapshot, own, self.spec));
        needs
    }
}

/// The option that routers with TLS name, if they name one.
struct Named<'a>(Option<&'a TraefikReference>);

impl Routes<'_> {
    fn is_http(&self) -> bool {
        self.resource.kind == Kind::IngressRoute
    }

    /// What the routers say of options, where they serve TLS themselves or by their entry point.
    fn options(&self) -> Option<Named<'_>> {
        match &self.spec.tls {
            Some(tls) if tls.passthrough => None,
            Some(tls) => Some(Named(tls.options.as_ref())),
            None => (self.is_http() && self.attached().may_have_tls()).then_some(Named(None)),
        }
    }

    fn attached(&self) -> Attached {
        Attached::of(self.spec.entry_points.iter().map(Name::as_str))
    }

    fn redirects(&self, route: &TraefikRoute) -> Redirects {
        if self.spec.tls.is_some() || !self.is_http() {
            return Redirects::No;
        }
        middlewares::any(self.snapshot, &route.middlewares, self.resource.meta.namespace.as_ref(), SET_TLS)
    }

    fn plaintext(&self, host: Option<&Name>, redirects: &Redirects) -> Plaintext {
        if self.spec.tls.is_some() {
            return Plaintext::Closed;
        }
        if !self.is_http() {
            // A host can be told only by TLS: a router that names one and has no TLS never matches.
            return if host.is_none() { Plaintext::Served(&RAW) } else { Plaintext::Closed };
        }
        let cause = match self.attached() {
            Attached::Everywhere => &EVERY_ENTRY_POINT,
            Attached::Plain => &PLAIN_ENTRY_POINT,
            Attached::Secure => return Plaintext::Closed,
            Attached::Unknown(name) => {
                return Plaintext::Unknown(entry_points::unknown(&name, "set spec.tls with a secretName"));
            }
        };
        match redirects {
            Redirects::Yes => Plaintext::Redirected,
            Redirects::No => Plaintext::Served(cause),
            Redirects::Unknown(doubt) => Plaintext::Unknown(doubt.clone()),
        }
    }

    fn tls(&self, host: Option<&Name>, plaintext: &Plaintext) -> Tls {
        let asks = match &self.spec.tls {
            // What is passed on unopened is for the backend to answer.
            Some(tls) if tls.passthrough => return Tls::Covered,
            Some(tls) => tls.secret_name.is_some() || tls.resolver.is_some(),
            // On an entry point with TLS the certificate is found by its name.
            None if self.is_http() && *plaintext == Plaintext::Closed => false,
            None => return Tls::None,
        };
        match host {
            Some(_) if asks => Tls::Covered,
            Some(_) => Tls::Unknown(Doubt::new(
                "Traefik serves whichever of its certificates names it, else its default one",
                "name its Secret in spec.tls.secretName, or a resolver in spec.tls.certResolver",
            )),
            None => {
                Tls::Unknown(Doubt::new("requests of any host may get Traefik's default certificate", NAME_HOST)) //
            }
        }
    }
}

/// The hosts of a route; `None` for any.
fn hosts(route: &TraefikRoute) -> impl Iterator<Item = Option<Name>> + use<> {
    let hosts: Vec<Option<Name>> = match &route.hosts {
        RuleHosts::Any => vec![None],
        RuleHosts::These(hosts) => hosts.iter().cloned().map(Some).collect(),
    };
    hosts.into_iter()
}

fn openness(plaintext: &Plaintext) -> u8 {
    match plaintext {
        Plaintext::Served(_) => 3,
        Plaintext::Unknown(_) => 2,
        Plaintext::Redirected => 1,
        Plaintext::Closed => 0,
    }
}
