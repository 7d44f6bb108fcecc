//! `disabled-mtls`: what turns mutual TLS off where there would be some.

use crate::{
    encryption::mesh::{Accepts, bypasses, inbound, istio_turned_off, lowers_access, reaches_meshed},
    model::{FieldPath, MeshPolicy, Name, Object, Place, PodFacts},
    snapshot::{Coverage, Need, Snapshot},
};

use super::{
    Aspect, Breach, Context, Environment, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    Workload, inside,
};

/// The rule.
pub(super) struct DisabledMtls;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("disabled-mtls"),
    family: Family("disabled-mtls"),
    level: Level::Baseline,
    what: "Something that turns mutual TLS off for workloads that would have it: a PeerAuthentication that says DISABLE, a DestinationRule whose \
           `tls` is DISABLE or has no mode, for a host with workloads in the mesh, a Linkerd Server whose accessPolicy lets in what the \
           namespace's default does not, and annotations by which a workload leads inbound packets past its proxy.",
    why: "The mesh goes on to show the workload as one of its own, and what is turned off is plaintext. A DestinationRule without `tls` leaves \
          mutual TLS to the mesh; `tls: {}` means DISABLE, which is the opposite. Ports that are skipped are free of every policy of the mesh.",
    sources: &[
        "https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings-TLSmode",
        "https://istio.io/latest/docs/reference/config/annotations/",
        "https://linkerd.io/2/reference/proxy-configuration/",
        "linkerd2/policy-controller/k8s/index/src/inbound/index.rs",
    ],
    parameters: &[],
    aspect: "the field",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  trafficPolicy: {tls: {}}
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}}
",
    mend: "Remove what turns it off: the mode DISABLE, the `tls` of the DestinationRule (or write mode: ISTIO_MUTUAL), the accessPolicy, the \
           annotation.",
};

/// Where a policy turns mutual TLS off, how sure that is, and the fact.
fn of_policy(
    snapshot: &Snapshot,
    environment: &Environment,
    policy: &MeshPolicy,
) -> Vec<(FieldPath, Coverage, &'static str)> {
    let mut found = Vec::new();
    for path in istio_turned_off(&environment.mesh, policy) {
        found.push((path, Ok(()), "turns mutual TLS off (DISABLE)"));
    }
    if lowers_access(snapshot, &environment.mesh, policy).is_some() {
        let fact = "lets in unauthenticated clients, where the default of its namespace demands an identity";
        found.push((FieldPath::new("spec.accessPolicy"), Ok(()), fact));
    }
    let certain = match reaches_meshed(snapshot, policy) {
        Some(Ok(true)) => Ok(()),
        Some(Err(blind)) => Err(blind),
        Some(Ok(false)) | None => return found,
    };
    let crate::model::mesh::MeshSpec::Istio(crate::model::mesh::IstioSpec::DestinationRule(rule)) = &policy.spec else {
        return found;
    };
    let fact = "makes clients connect in plaintext to workloads of the mesh (DISABLE, which a tls without a mode means as well)";
    found.extend(rule.plaintext.iter().map(|path| (path.clone(), certain.clone(), fact)));
    found
}

impl Rule for DisabledMtls {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let snapshot = context.snapshot;
        let found: Vec<(FieldPath, Coverage)> = if let Some(policy) = policy_of(snapshot, subject) {
            let found = of_policy(snapshot, context.environment, &policy);
            found.into_iter().map(|(path, certain, _)| (path, certain)).collect()
        } else {
            let Some(workload) = context.workload(subject) else { return };
            let found = opening(context, &workload);
            found.into_iter().map(|key| (inside::annotation(&workload, key).path, Ok(()))).collect()
        };
        out.extend(found.into_iter().map(|(path, certain)| Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: Aspect::Place(path),
            extent: Extent::Count(1),
            certain,
        }));
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        if policy_of(context.snapshot, &breach.subject).is_some() { Vec::new() } else { inside::needs(context, breach) }
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let snapshot = context.snapshot;
        let mut finding = Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} turns mutual TLS off"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject: reference,
        };
        let Aspect::Place(path) = &breach.aspect else { return finding };
        let reference = &finding.subject;
        if let Some(policy) = policy_of(snapshot, &breach.subject) {
            let found = of_policy(snapshot, context.environment, &policy);
            let fact = found.iter().find(|(at, _, _)| at == path).map_or("turns mutual TLS off", |(_, _, fact)| *fact);
            finding.message = format!("{reference} {fact}, by {path}");
            finding.fix = Fix::Words(if path.as_str().ends_with("tls") {
                format!("remove {path}, or set its mode to ISTIO_MUTUAL")
            } else if path.as_str() == "spec.accessPolicy" {
                "remove accessPolicy, and authorize who is meant".to_owned()
            } else {
                format!("set {path} to STRICT, or remove it")
            });
            finding.places = vec![Place { object: policy.key(), path: path.clone() }];
        } else if let Some(workload) = context.workload(&breach.subject) {
            let found = bypasses(snapshot, &workload.namespace, &workload.facts);
            let found = found.into_iter().map(|(key, fact)| (key, fact, inside::annotation(&workload, key)));
            let here: Option<(&str, Name, Place)> = found.into_iter().find(|(_, _, at)| at.path == *path);
            if let Some((key, fact, place)) = here {
                finding.message = format!("{reference} turns mutual TLS off: its annotation {key} {fact}");
                finding.fix = Fix::Words(format!("remove the annotation {key} from the Pod template"));
                finding.places = vec![place];
            }
        }
        finding
    }
}

/// The annotations that open a port which would not accept plaintext if there were none of them. Each is held against the workload by
/// itself: two that open the same ports must not hide each other. Where a port would be open anyway, there is nothing to turn off.
fn opening(context: &Context<'_>, workload: &Workload) -> Vec<&'static str> {
    let keys: Vec<&'static str> =
        bypasses(context.snapshot, &workload.namespace, &workload.facts).into_iter().map(|(key, _)| key).collect();
    if keys.is_empty() {
        return keys;
    }
    let with = |kept: Option<&str>| {
        let mut facts = PodFacts::clone(&workload.facts);
        let stays = |key: &str| kept == Some(key) || !keys.contains(&key);
        let staying = facts.mesh.annotations.iter().filter(|(key, _)| stays(key));
        facts.mesh.annotations = staying.map(|(key, value)| (key.clone(), value.clone())).collect();
        inbound(context.snapshot, &context.environment.mesh, &workload.namespace, &facts)
    };
    let sealed = with(None).ports_where(|accepts| !matches!(accepts, Accepts::Plaintext(_))).0;
    let is_open = |accepts: &Accepts| matches!(accepts, Accepts::Plaintext(_) | Accepts::Unknown(_));
    keys.iter().copied().filter(|key| !with(Some(key)).ports_where(is_open).0.is_disjoint(&sealed)).collect()
}

/// The policy of a mesh that the subject is.
pub(super) fn policy_of(snapshot: &Snapshot, subject: &Subject) -> Option<std::sync::Arc<MeshPolicy>> {
    let Subject::Object(key) = subject else { return None };
    if !key.kind.is_mesh_policy() {
        return None;
    }
    match snapshot.object(key).found()? {
        Object::MeshPolicy(policy) => Some(policy),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::{Kind, decode},
        rules::{Parameters, rule},
        snapshot::Edit,
    };

    const INTERCEPTION: &str = "sidecar.istio.io/interceptionMode";
    const INTERFACES: &str = "traffic.sidecar.istio.io/excludeInterfaces";
    const EXCLUDED: &str = "traffic.sidecar.istio.io/excludeInboundPorts";

    /// The annotations of a Pod with a sidecar by which mutual TLS is turned off, under a `PeerAuthentication` with this spec.
    fn told(peers: &Value, annotations: &Value) -> Vec<String> {
        let meta = |name: &str| json!({"name": name, "namespace": "shop", "labels": {"app": "web"}});
        let mut pod = json!({
            "metadata": meta("web"),
            "spec": {"containers": [{"name": "web", "ports": [{"containerPort": 9090}]}, {"name": "istio-proxy"}]},
        });
        pod["metadata"]["annotations"] = annotations.clone();
        let home = json!({"metadata": {"name": "shop"}});
        let peers = json!({"metadata": meta("web"), "spec": peers});
        let cover = Kind::all().map(|kind| Edit::Replace { scope: Need::List(kind, None), objects: Vec::new() });
        let objects = [(Kind::Namespace, &home), (Kind::Pod, &pod), (Kind::PeerAuthentication, &peers)];
        let put = objects.map(|(kind, value)| Edit::Put(decode::value(kind, value).unwrap()));
        let snapshot = Snapshot::new().with(cover.chain(put)).0;
        let (environment, parameters) = (Environment::default(), Parameters::default());
        let now = Timestamp::UNIX_EPOCH;
        let context =
            Context { snapshot: &snapshot, environment: &environment, parameters: &parameters, now, shared: None };
        let (class, _) = snapshot.classes(None).next().expect("the class of the Pod");
        let rule = rule("disabled-mtls").unwrap();
        let mut breaches = Vec::new();
        rule.judge(&context, &Subject::Class(class.clone()), &mut breaches);
        let message = |breach: &Breach| rule.explain(&context, breach).message;
        let mut found: Vec<_> = breaches.iter().map(message).collect();
        found.sort();
        found
    }

    #[test]
    fn two_annotations_that_open_the_same_ports_do_not_hide_each_other() {
        let strict = json!({"mtls": {"mode": "STRICT"}});
        let both = told(&strict, &json!({INTERCEPTION: "NONE", INTERFACES: "eth0"}));
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(both[0].contains(INTERCEPTION) && both[1].contains(INTERFACES), "{both:?}");
        for (key, value) in [(INTERCEPTION, "NONE"), (INTERFACES, "eth0"), (EXCLUDED, "9090")] {
            let alone = told(&strict, &json!({key: value}));
            assert_eq!(alone.len(), 1, "{alone:?}");
        }
        assert!(told(&strict, &json!({})).is_empty());
    }

    #[test]
    fn to_lead_a_port_past_the_proxy_that_takes_plaintext_anyway_turns_nothing_off() {
        let mode = |mode: &str| {
            json!({
                "selector": {"matchLabels": {"app": "web"}}, "mtls": {"mode": "STRICT"},
                "portLevelMtls": {"9090": {"mode": mode}},
            })
        };
        assert_eq!(told(&mode("PERMISSIVE"), &json!({EXCLUDED: "9090"})), [""; 0]);
        assert_eq!(told(&mode("STRICT"), &json!({EXCLUDED: "9090"})).len(), 1);
        let further = told(&mode("PERMISSIVE"), &json!({EXCLUDED: "9090,8080"}));
        assert_eq!(further.len(), 1, "{further:?}");
        assert!(told(&json!({"mtls": {"mode": "PERMISSIVE"}}), &json!({INTERCEPTION: "NONE"})).is_empty());
    }
}
