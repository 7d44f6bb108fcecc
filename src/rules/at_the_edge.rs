//! What the rules about the edge share: the object, what it opens, and how its faults are told.

use crate::{
    edge::{self, By, Doubt, Listener, Mend, Serving, Surface, Wanted},
    model::{FieldPath, Kind, Name, Object, ObjectKey},
    snapshot::{Blind, Need},
};

use super::{Aspect, Breach, Context, Place, Subject};

/// An object at the edge that rules judge, and what it opens.
pub(super) struct AtTheEdge<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) key: ObjectKey,
    pub(super) object: Object,
}

impl<'a> AtTheEdge<'a> {
    /// The subject as an object at the edge, if it is one that is judged; Services are, for their load balancers may end TLS. The
    /// solvers of ACME challenges are not: they must be served in plaintext.
    pub(super) fn of(context: &'a Context<'a>, subject: &Subject) -> Option<Self> {
        let Subject::Object(key) = subject else { return None };
        if !key.kind.opens_edge() && key.kind != Kind::Service {
            return None;
        }
        let object = context.snapshot.object(key).found()?;
        if edge::acme::solves_challenges(&object) {
            return None;
        }
        Some(Self { context, key: key.clone(), object })
    }

    /// What it opens.
    pub(super) fn surface(&self) -> Option<Box<dyn Surface + '_>> {
        edge::surface(self.context.snapshot, self.context.environment.vouched(), &self.object)
    }

    /// The one listener that a breach is about.
    pub(super) fn listener(surface: &dyn Surface, aspect: &Aspect) -> Option<Listener> {
        match aspect {
            Aspect::Host(host) => surface.listeners(Wanted::One(host.as_ref())).into_iter().next(),
            Aspect::Listener(name) => {
                surface.listeners(Wanted::All).into_iter().find(|listener| listener.name.as_ref() == Some(name))
            }
            _ => None,
        }
    }

    /// What tells the breaches of a listener apart from those of others.
    pub(super) fn aspect(listener: &Listener) -> Aspect {
        match &listener.name {
            Some(name) => Aspect::Listener(name.clone()),
            None => Aspect::Host(listener.host.clone()),
        }
    }

    /// The field `spec.tls` where the object is an Ingress that has it; `spec` where it is missing, and of kinds that have it elsewhere.
    pub(super) fn spec_tls(&self) -> FieldPath {
        match &self.object {
            Object::Ingress(ingress) if !ingress.tls.is_empty() => FieldPath::new("spec.tls"),
            _ => FieldPath::new("spec"),
        }
    }

    /// Whether a doubt is only that. A ruleset may refuse what cannot be proved because of the controller or of what the Ingress
    /// asks of it; what cannot be seen for the moment (or is not among the files) stays in doubt even then.
    pub(super) fn certainty(&self, serving: &Serving, doubt: &Doubt) -> Result<(), Blind> {
        let is_seen = matches!(doubt.blind, Blind::Unknowable(_)) && !matches!(serving, Serving::Unseen(_));
        if is_seen && self.context.environment.refuses_unknown_controllers { Ok(()) } else { Err(doubt.blind.clone()) }
    }

    /// What is in doubt, for messages. That of a breach in doubt is told by whoever says that it cannot be proved.
    pub(super) fn doubt(breach: &Breach, doubt: &Doubt) -> String {
        if breach.certain.is_ok() { format!(": {}", doubt.blind) } else { String::new() }
    }

    /// One of its kind, for sentences: "an Ingress", "a Gateway".
    pub(super) fn one(&self) -> String {
        let kind = self.key.kind.name();
        let article = if kind.starts_with(['A', 'E', 'I', 'O']) || kind.starts_with("HTTP") { "an" } else { "a" };
        format!("{article} {kind}")
    }

    /// Who says what a setting is, for sentences: "by the default of ingress-nginx".
    pub(super) fn said(&self, by: &By) -> String {
        match by {
            By::Default(who) => format!("by {who}"),
            By::Field(place) if place.object == self.key => format!("by {}", place.path),
            By::Field(place) => format!("by {} of {}", place.path, place.object),
            By::Environment => "by what the ruleset's environment says".to_owned(),
        }
    }

    /// Where that is said; `otherwise` where no object says it.
    pub(super) fn said_at(&self, by: &By, otherwise: FieldPath) -> Place {
        match by {
            By::Field(place) => place.clone(),
            By::Default(_) | By::Environment => self.place(otherwise),
        }
    }

    /// A field of the object.
    pub(super) fn place(&self, path: FieldPath) -> Place {
        Place { object: self.key.clone(), path }
    }

    /// Words that mend a cause, for manifests, and the command for an Ingress that is there already.
    pub(super) fn mend(&self, mends: &[Mend], host: Option<&Name>) -> (String, Option<String>) {
        let mut words = Vec::new();
        let mut changes = Some(String::new());
        for mend in mends {
            let change = match mend {
                // In YAML and in a shell alike, single quotes keep JSON as it is.
                Mend::Annotate(key, value) if value.contains('"') => {
                    words.push(format!("set the annotation {key}: '{value}'"));
                    Some(format!(" {key}='{value}'"))
                }
                Mend::Annotate(key, value) => {
                    words.push(format!("set the annotation {key}: \"{value}\""));
                    Some(format!(" {key}={value}"))
                }
                Mend::RemoveAnnotation(key) => {
                    words.push(format!("remove the annotation {key}"));
                    Some(format!(" {key}-"))
                }
                Mend::AddTls => {
                    let host = host.map_or("...", |host| host.as_str());
                    words.push(format!("add {host} to spec.tls[].hosts, with a secretName"));
                    None
                }
                Mend::Words(text) => {
                    words.push((*text).to_owned());
                    None
                }
                Mend::NameHost => {
                    words.push("put a rule with a host, covered by spec.tls, in its place".to_owned());
                    None
                }
            };
            changes = changes.zip(change).map(|(changes, change)| changes + &change);
        }
        let namespace = self.key.namespace.clone().unwrap_or_default();
        let name = &self.key.name;
        let kind = self.key.kind.name().to_lowercase();
        let command =
            changes.map(|changes| format!("kubectl annotate --overwrite {kind} -n {namespace} {name}{changes}"));
        (words.join(", and "), command)
    }
}

/// The reads that a breach of an object at the edge rests on.
pub(super) fn rests_on(context: &Context<'_>, breach: &Breach) -> Vec<Need> {
    let Some(at) = AtTheEdge::of(context, &breach.subject) else { return Vec::new() };
    at.surface().map(|surface| surface.rests_on()).unwrap_or_default()
}

/// A host as sentences name it.
pub(super) fn spoken(host: Option<&Name>) -> String {
    host.map_or_else(|| "requests of any host".to_owned(), ToString::to_string)
}

/// What a listener opens, as sentences name it: its host and its name, as far as it has them.
pub(super) fn told(listener: &Listener) -> String {
    match (&listener.host, &listener.name) {
        (None, Some(name)) => format!("listener {name}"),
        (host, Some(name)) => format!("{} at its listener {name}", spoken(host.as_ref())),
        (host, None) => spoken(host.as_ref()),
    }
}

/// The path of an annotation.
pub(super) fn annotation(key: &str) -> FieldPath {
    FieldPath::new("metadata.annotations").field(key)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::{Kind, decode},
        rules::{Environment, Finding, Parameters, rule},
        snapshot::{Edit, Scope, Snapshot},
    };

    /// What a rule finds in `shop/web`, each with whether it is proved.
    fn findings(name: &str, controller: &str, environment: &Environment, ingress: &Value) -> Vec<(Finding, bool)> {
        found(name, &snapshot(controller, ingress), environment, ingress)
    }

    fn snapshot(controller: &str, ingress: &Value) -> Snapshot {
        let mut snapshot = Snapshot::new();
        for kind in [Kind::Ingress, Kind::IngressClass] {
            snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, Ok(())));
        }
        let class = json!({"metadata": {"name": "edge"}, "spec": {"controller": controller}});
        for (kind, value) in [(Kind::IngressClass, &class), (Kind::Ingress, ingress)] {
            snapshot.apply(Edit::Put(decode::value(kind, value).unwrap()));
        }
        snapshot
    }

    fn found(name: &str, snapshot: &Snapshot, environment: &Environment, ingress: &Value) -> Vec<(Finding, bool)> {
        let parameters = Parameters::default();
        let context =
            Context { snapshot, environment, parameters: &parameters, now: Timestamp::UNIX_EPOCH, shared: None };
        let key = decode::value(Kind::Ingress, ingress).unwrap().key();
        let rule = rule(name).unwrap();
        let mut breaches = Vec::new();
        rule.judge(&context, &Subject::Object(key), &mut breaches);
        breaches.iter().map(|breach| (rule.explain(&context, breach), breach.certain.is_ok())).collect()
    }

    fn ingress(annotations: &Value, tls: &Value, hosts: &[&str]) -> Value {
        let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
        let paths = json!([{"path": "/", "pathType": "Prefix", "backend": backend}]);
        let rules: Vec<_> = hosts.iter().map(|host| json!({"host": host, "http": {"paths": paths}})).collect();
        json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": {"ingressClassName": "edge", "tls": tls, "rules": rules},
        })
    }

    fn shown(findings: &[(Finding, bool)]) -> Vec<(String, Vec<String>, bool)> {
        let paths = |finding: &Finding| finding.places.iter().map(|place| place.path.to_string()).collect();
        findings.iter().map(|(finding, proved)| (finding.line(), paths(finding), *proved)).collect()
    }

    const NGINX: &str = "k8s.io/ingress-nginx";

    #[test]
    fn a_redirect_that_is_turned_off_is_named_with_its_annotation() {
        let off = json!({"nginx.ingress.kubernetes.io/ssl-redirect": "false"});
        let tls = json!([{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]);
        let found =
            findings("plaintext-ingress", NGINX, &Environment::default(), &ingress(&off, &tls, &["shop.example.com"]));
        let line = "plaintext-ingress: Ingress shop/web serves shop.example.com in plaintext: ssl-redirect is turned off; \
                    fix: remove the annotation nginx.ingress.kubernetes.io/ssl-redirect";
        let places = [r#"metadata.annotations["nginx.ingress.kubernetes.io/ssl-redirect"]"#, "spec.rules[0].host"];
        assert_eq!(shown(&found), [(line.to_owned(), places.map(str::to_owned).to_vec(), true)]);
        let command = "kubectl annotate --overwrite ingress -n shop web nginx.ingress.kubernetes.io/ssl-redirect-";
        assert!(found[0].0.why.ends_with(command), "{}", found[0].0.why);
    }

    #[test]
    fn a_host_without_tls_is_told_once_and_how_to_add_it() {
        let plain = ingress(&json!({}), &json!([]), &["shop.example.com"]);
        let found = findings("plaintext-ingress", NGINX, &Environment::default(), &plain);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0.fix.text(), "add shop.example.com to spec.tls[].hosts, with a secretName");
        assert!(findings("uncovered-host", NGINX, &Environment::default(), &plain).is_empty());
    }

    #[test]
    fn a_host_that_was_forgotten_under_tls_is_uncovered_and_not_plaintext() {
        let tls = json!([{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]);
        let forgot = ingress(&json!({}), &tls, &["shop.example.com", "pay.example.com"]);
        let found = findings("uncovered-host", NGINX, &Environment::default(), &forgot);
        let line = "uncovered-host: Ingress shop/web has no entry in spec.tls for pay.example.com: ingress-nginx serves it \
                    with its default certificate, unless another host's happens to name it; fix: add pay.example.com to \
                    spec.tls[].hosts, with its Secret";
        assert_eq!(
            shown(&found),
            [(line.to_owned(), vec!["spec.rules[1].host".to_owned(), "spec.tls".to_owned()], true)]
        );
        assert!(findings("plaintext-ingress", NGINX, &Environment::default(), &forgot).is_empty());
    }

    #[test]
    fn an_unknown_controller_is_in_doubt_unless_the_ruleset_refuses_it() {
        let tls = json!([{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]);
        let covered = ingress(&json!({}), &tls, &["shop.example.com"]);
        let judge =
            |environment: &Environment| findings("plaintext-ingress", "example.com/edge", environment, &covered);
        let found = judge(&Environment::default());
        let line = "plaintext-ingress: Ingress shop/web may serve shop.example.com in plaintext; fix: if it redirects or \
                    refuses plaintext everywhere, say so in the ruleset: environment.ingressControllers: \
                    {example.com/edge: {plaintext: refused}}";
        assert_eq!(shown(&found), [(line.to_owned(), vec!["spec.rules[0].host".to_owned()], false)]);
        let strict = Environment { refuses_unknown_controllers: true, ..Environment::default() };
        let found = judge(&strict);
        let [(finding, true)] = found.as_slice() else { panic!("it is one, and proved") };
        let reason = "Ringwall does not know what the ingress controller example.com/edge does with plaintext";
        assert!(finding.message.ends_with(reason), "{}", finding.message);
        let vouched = Environment { refuses_plaintext: ["example.com/edge".into()].into(), ..strict };
        assert!(judge(&vouched).is_empty());
    }

    #[test]
    fn a_doubt_that_an_ingress_makes_itself_is_refused_with_unknown_controllers() {
        let tls = json!([{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]);
        let strict = Environment { refuses_unknown_controllers: true, ..Environment::default() };
        for (name, value) in [("router.middlewares", "headers@file"), ("router.entrypoints", "mine")] {
            let annotations = json!({format!("traefik.ingress.kubernetes.io/{name}"): value});
            let asking = ingress(&annotations, &tls, &["shop.example.com"]);
            let proved = |environment: &Environment| {
                let found = findings("plaintext-ingress", "traefik.io/ingress-controller", environment, &asking);
                found.into_iter().map(|(_, proved)| proved).collect::<Vec<_>>()
            };
            assert_eq!(proved(&Environment::default()), [false], "{name}");
            assert_eq!(proved(&strict), [true], "{name}");
        }
    }

    #[test]
    fn what_is_not_seen_stays_in_doubt_even_where_unknown_controllers_are_refused() {
        let strict = Environment { refuses_unknown_controllers: true, ..Environment::default() };
        let plain = ingress(&json!({}), &json!([]), &["shop.example.com"]);
        let seen = |kind, blind: Option<Blind>| {
            let mut snapshot = snapshot(NGINX, &plain);
            if kind == Kind::IngressClass {
                snapshot.apply(Edit::Remove(ObjectKey::cluster(kind, "edge")));
            }
            snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, blind.map_or(Ok(()), Err)));
            found("plaintext-ingress", &snapshot, &strict, &plain).iter().map(|(_, proved)| *proved).collect::<Vec<_>>()
        };
        for kind in [Kind::Ingress, Kind::IngressClass] {
            assert_eq!(seen(kind, None), [true], "{kind}");
            for blind in [Blind::Stale(kind), Blind::NotInFiles(kind), Blind::Forbidden(kind)] {
                assert_eq!(seen(kind, Some(blind.clone())), [false], "{blind}");
            }
        }
    }

    #[test]
    fn a_solver_of_acme_challenges_passes_and_its_imitation_does_not() {
        let mut solver = ingress(&json!({}), &json!([]), &["shop.example.com"]);
        solver["metadata"] = json!({
            "generateName": "cm-acme-http-solver-",
            "namespace": "shop",
            "labels": {
                "acme.cert-manager.io/http01-solver": "true",
                "acme.cert-manager.io/http-domain": "1",
                "acme.cert-manager.io/http-token": "2",
            },
            "ownerReferences": [{
                "apiVersion": "acme.cert-manager.io/v1", "kind": "Challenge", "name": "shop", "uid": "u",
                "controller": true,
            }],
        });
        solver["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/.well-known/acme-challenge/token");
        assert!(findings("plaintext-ingress", NGINX, &Environment::default(), &solver).is_empty());
        solver["metadata"]["ownerReferences"] = json!([]);
        assert_eq!(findings("plaintext-ingress", NGINX, &Environment::default(), &solver).len(), 1);
    }

    #[test]
    fn taking_a_certificate_away_affects_the_other_ingresses_of_its_hosts() {
        let named = |name: &str, host: &str| {
            let mut ingress = ingress(&json!({}), &json!([]), &[host]);
            ingress["metadata"]["name"] = json!(name);
            decode::value(Kind::Ingress, &ingress).unwrap()
        };
        let sharing = [("changed", "*.example.com"), ("same", "*.example.com"), ("below", "a.example.com")];
        let others = [("deeper", "a.b.example.com"), ("apex", "example.com")];
        let objects = sharing.iter().chain(&others).map(|(name, host)| Edit::Put(named(name, host)));
        let (snapshot, _) = Snapshot::new().with(objects);
        let touched = [named("changed", "").key()].into();
        let affected = crate::rules::affected(&snapshot, &snapshot, &touched, &crate::rules::Environment::default());
        let expected = sharing.map(|(name, _)| Subject::Object(named(name, "").key()));
        assert_eq!(affected, expected.into());
    }
}
