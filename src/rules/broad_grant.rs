//! `broad-grant`: what lets whole namespaces of others use Secrets, or open something at the edge in plaintext.

use crate::{
    model::{AllowedNamespaces, FieldPath, GatewayListener, Kind, Object},
    snapshot::Need,
};

use super::{Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject};

/// The rule.
pub(super) struct BroadGrant;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("broad-grant"),
    family: Family("broad-grant"),
    level: Level::Restricted,
    what: "A ReferenceGrant gives away every Secret of its namespace, or a Gateway lets every namespace attach routes to a \
           plaintext listener or add listeners of its own.",
    why: "Whoever may write objects in the namespaces that are let in decides then which keys are used and what is served in \
          plaintext, though nobody trusted him with either.",
    sources: &[
        "https://gateway-api.sigs.k8s.io/api-types/referencegrant/",
        "https://gateway-api.sigs.k8s.io/guides/multiple-ns/",
        "https://gateway-api.sigs.k8s.io/geps/gep-1713/",
    ],
    parameters: &[],
    aspect: "the entry of the grant, the listener, or the field",
    extent: "1",
    breaks: r"apiVersion: v1
kind: Namespace
metadata: {name: certs}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: gateways, namespace: certs}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: infra}]
  to: [{group: '', kind: Secret}]
",
    keeps: r"apiVersion: v1
kind: Namespace
metadata: {name: certs}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: gateways, namespace: certs}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: infra}]
  to: [{group: '', kind: Secret, name: example-tls}]
",
    mend: "Name the Secret in the grant; let the plaintext listener take routes of its own namespace (from: Same) or of labelled \
           ones (from: Selector), and let only those add listeners.",
};

/// What is too broad, and where.
struct Breadth {
    aspect: Aspect,
    at: FieldPath,
    what: String,
    fix: String,
}

impl Rule for BroadGrant {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn minds_policies(&self) -> bool {
        false
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let breach = |breadth: Breadth| Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: breadth.aspect,
            extent: Extent::Count(1),
            certain: Ok(()),
        };
        out.extend(breadths(context, subject).into_iter().map(breach));
    }

    /// The object itself, which is the request's own, says it all.
    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let subject = breach.subject.reference(context.snapshot);
        let breadth = breadths(context, &breach.subject).into_iter().find(|breadth| breadth.aspect == breach.aspect);
        let (what, fix, at) = match breadth {
            Some(breadth) => (breadth.what, breadth.fix, breadth.at),
            None => ("lets in too much".to_owned(), INFO.mend.to_owned(), FieldPath::root()),
        };
        let places = match &breach.subject {
            Subject::Object(key) => vec![Place { object: key.clone(), path: at }],
            Subject::Class(_) => Vec::new(),
        };
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{subject} {what}"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(fix),
            places,
            subject,
        }
    }
}

fn breadths(context: &Context<'_>, subject: &Subject) -> Vec<Breadth> {
    let Subject::Object(key) = subject else { return Vec::new() };
    if !matches!(key.kind, Kind::ReferenceGrant | Kind::Gateway | Kind::ListenerSet) {
        return Vec::new();
    }
    match context.snapshot.object(key).found() {
        Some(Object::ReferenceGrant(grant)) => {
            let namespace = grant.meta.namespace.clone().unwrap_or_default();
            let is_broad = |index: &usize| {
                grant.to.get(*index).is_some_and(|to| to.group.is_empty() && to.kind == "Secret" && to.name.is_none())
            };
            let breadth = |index: usize| {
                let at = FieldPath::new("spec.to").index(index);
                Breadth {
                    what: format!("permits references to every Secret of {namespace}"),
                    fix: format!("set {at}.name to the one Secret that is meant"),
                    aspect: Aspect::Place(at.clone()),
                    at,
                }
            };
            (0..grant.to.len()).filter(is_broad).map(breadth).collect()
        }
        Some(Object::Gateway(gateway)) => {
            let mut found = plaintext_listeners(&gateway.listeners);
            if gateway.allowed_listeners == AllowedNamespaces::All {
                let at = FieldPath::new("spec.allowedListeners.namespaces.from");
                found.push(Breadth {
                    what: "lets every namespace add listeners to it, in plaintext too".to_owned(),
                    fix: format!("set {at}: Same, or Selector with the labels of those who may"),
                    aspect: Aspect::Place(at.clone()),
                    at,
                });
            }
            found
        }
        Some(Object::ListenerSet(set)) => plaintext_listeners(&set.listeners),
        _ => Vec::new(),
    }
}

fn plaintext_listeners(listeners: &[GatewayListener]) -> Vec<Breadth> {
    let is_broad = |listener: &GatewayListener| {
        matches!(listener.protocol.as_str(), "HTTP" | "TCP" | "UDP") && listener.namespaces == AllowedNamespaces::All
    };
    let breadth = |(index, listener): (usize, &GatewayListener)| {
        let at = FieldPath::new("spec.listeners").index(index).field("allowedRoutes").field("namespaces").field("from");
        Breadth {
            what: format!(
                "lets routes of every namespace attach to its listener {} in plaintext ({})",
                listener.name, listener.protocol
            ),
            fix: format!("set {at}: Same, or Selector with the labels of those who may"),
            aspect: Aspect::Listener(listener.name.clone()),
            at,
        }
    };
    listeners.iter().enumerate().filter(|(_, listener)| is_broad(listener)).map(breadth).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::decode,
        rules::{Environment, Parameters, rule},
        snapshot::{Edit, Snapshot},
    };

    fn found(kind: Kind, spec: &Value) -> Vec<String> {
        let value = json!({"metadata": {"name": "edge", "namespace": "infra"}, "spec": spec});
        let object = decode::value(kind, &value).unwrap();
        let subject = Subject::Object(object.key());
        let (snapshot, _) = Snapshot::new().with([Edit::Put(object)]);
        let (environment, parameters) = (Environment::default(), Parameters::default());
        let context = Context {
            snapshot: &snapshot,
            environment: &environment,
            parameters: &parameters,
            now: Timestamp::UNIX_EPOCH,
            shared: None,
        };
        let rule = rule("broad-grant").unwrap();
        let mut breaches = Vec::new();
        rule.judge(&context, &subject, &mut breaches);
        breaches.iter().map(|breach| rule.explain(&context, breach).line()).collect()
    }

    fn listening(protocol: &str, from: &str) -> Value {
        let namespaces = json!({"from": from, "selector": {"matchLabels": {"team": "shop"}}});
        json!([{"name": "in", "port": 80, "protocol": protocol, "allowedRoutes": {"namespaces": namespaces}}])
    }

    #[test]
    fn a_grant_of_every_secret_is_broad_and_of_one_is_not() {
        let grant = |to: Value| found(Kind::ReferenceGrant, &json!({"from": [], "to": to}));
        let secret = |name: &str| json!([{"group": "", "kind": "Secret", "name": name}]);
        assert_eq!(
            grant(json!([{"group": "", "kind": "Service"}, {"group": "", "kind": "Secret"}])),
            [
                "broad-grant: ReferenceGrant infra/edge permits references to every Secret of infra; fix: set spec.to[1].name to \
              the one Secret that is meant"
            ]
        );
        assert_eq!(grant(secret("")).len(), 1);
        assert!(grant(secret("example-tls")).is_empty());
    }

    #[test]
    fn a_plaintext_listener_for_everybody_is_broad_and_one_with_tls_or_for_some_is_not() {
        for kind in [Kind::Gateway, Kind::ListenerSet] {
            for (protocol, from, count) in [
                ("HTTP", "All", 1),
                ("TCP", "All", 1),
                ("UDP", "All", 1),
                ("HTTPS", "All", 0),
                ("HTTP", "Same", 0),
                ("HTTP", "Selector", 0),
            ] {
                let lines = found(kind, &json!({"listeners": listening(protocol, from)}));
                assert_eq!(lines.len(), count, "{kind} {protocol} {from}: {lines:?}");
            }
        }
        let lines = found(Kind::Gateway, &json!({"listeners": listening("HTTP", "All")}));
        assert!(lines[0].contains("set spec.listeners[0].allowedRoutes.namespaces.from: Same"), "{lines:?}");
    }

    #[test]
    fn listeners_of_every_namespace_are_broad_and_those_of_some_are_not() {
        let gateway = |from: Value| found(Kind::Gateway, &json!({"allowedListeners": {"namespaces": {"from": from}}}));
        assert_eq!(gateway(json!("All")).len(), 1);
        for from in ["Same", "None", "Selector"] {
            assert!(gateway(json!(from)).is_empty(), "{from}");
        }
        assert!(gateway(Value::Null).is_empty());
    }
}
