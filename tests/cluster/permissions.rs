//! What the chart grants is what Ringwall uses: the audit log of the API server is compared with the roles.

use std::collections::BTreeSet;
use std::fmt;

use ringwall::model::Kind;
use serde_json::{Value, json};

use crate::certificates::secret;
use crate::harness::{Client, ControlPlane, PATIENCE, Release, eventually};
use crate::lifecycle::enforced;

const ACCOUNT: &str = "system:serviceaccount:ringwall:ringwall";
/// Why reading one object is granted for kinds that are followed: a refusal that rests on an object is confirmed by reading it. Which kinds
/// that happens to in one run is chance.
const CONFIRMS: &str = "get";

/// One verb on one resource, perhaps of one name only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Permission {
    verb: String,
    group: String,
    /// With the subresource: `pods/status`.
    resource: String,
    /// In Ringwall's own namespace alone.
    own: bool,
    name: Option<String>,
}

#[test]
fn everything_used_is_granted_and_everything_granted_is_used() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    define_all_kinds(&kubectl);
    let namespace = enforced(&cluster);
    // A certificate whose authority changes every half minute, for the probe that goes before.
    let hasty = ["--rotation-wait=1", "--authority-life=45", "--certificate-life=20"];
    let controllers = json!({"k8s.io/ingress-nginx": {"configMap": "ingress/controller"}});
    let everything = json!({
        "watchCertificates": true,
        "extraArgs": hasty,
        "ruleset": {"spec": {"environment": {"ingressControllers": controllers}}},
    });
    let release = Release::install(&cluster, &everything);
    Release::wait_until_asked(&namespace);
    let granted = granted(&release.kubectl());
    assert!(granted.len() > 100, "{granted:#?}");

    // Settings, whose status is written.
    let exemption = json!({
        "apiVersion": "ringwall.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": "legacy"},
        "spec": {
            "rules": ["unisolated-ingress"], "match": {"namespaces": ["legacy"]}, "reason": "a test", "owner": "tests@example.com",
        },
    });
    kubectl.apply(&exemption.to_string()).ok();
    // What an answer at the edge rests on: a controller's ConfigMap and a certificate.
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    });
    kubectl.apply(&class.to_string()).ok();
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["shop.example.org"], "secretName": "web-tls"}],
            "rules": [{
                "host": "shop.example.org",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
            }],
        },
    });
    // A certificate for others: the refusal is confirmed by reading it, though certificates are followed.
    namespace.kubectl().apply(&secret("web-tls", "pay.example.org")).ok();
    eventually(PATIENCE, "it is refused for its certificate", || {
        let outcome = namespace.kubectl().run_with_input(&["create", "--filename=-"], &ingress.to_string());
        if !outcome.success && outcome.stderr.contains("uncovered-name") { Ok(()) } else { Err(outcome.to_string()) }
    });
    // The authority changes, which is tried before it is relied on.
    eventually(PATIENCE, "the API server is tried", || {
        let tried = |used: &Permission| (used.verb.as_str(), used.resource.as_str()) == ("create", "exemptions");
        if used(&cluster).iter().any(tried) { Ok(()) } else { Err("not yet".to_owned()) }
    });
    // Somebody deletes what Ringwall keeps for itself.
    release.kubectl().ok(&["delete", "lease/ringwall", "secret/ringwall-certificate"]);
    // Something slips through while nobody is asked.
    kubectl.ok(&["delete", "validatingwebhookconfiguration", "ringwall"]);
    eventually(PATIENCE, "nobody is asked", || {
        namespace.kubectl().run(&["run", "slipped", "--image=web"]).into_result()
    });

    let mut seen = BTreeSet::new();
    let is_followed = |permission: &Permission| {
        let watch = Permission { verb: "watch".to_owned(), ..permission.clone() };
        permission.verb == CONFIRMS && permission.resource != "secrets" && granted.contains(&watch)
    };
    let wanted: Vec<_> = granted.iter().filter(|permission| !is_followed(permission)).collect();
    assert!(wanted.len() > 140, "{wanted:#?}");
    eventually(PATIENCE, "every permission is used", || {
        seen = used(&cluster).iter().filter_map(|used| needed(&granted, used)).collect();
        let idle: Vec<_> = wanted.iter().filter(|permission| !seen.contains(**permission)).collect();
        if idle.is_empty() {
            Ok(())
        } else {
            Err(format!("\n{}", idle.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
        }
    });
    let forbidden = forbidden(&cluster);
    assert!(forbidden.is_empty(), "{forbidden:#?}");
    let rare = granted.difference(&seen);
    println!("{} permissions are granted; not used in this run:", granted.len());
    for permission in rare {
        println!("  {permission}");
    }
}

/// The grant by which a request was let in: the narrowest one, so that a wide one beside it does not pass for used.
fn needed(granted: &BTreeSet<Permission>, used: &Permission) -> Option<Permission> {
    let covering = granted.iter().filter(|permission| permission.covers(used));
    covering.max_by_key(|permission| (permission.name.is_some(), permission.own)).cloned()
}

impl Permission {
    /// Whether a grant lets a request in.
    fn covers(&self, used: &Self) -> bool {
        (&self.verb, &self.group, &self.resource) == (&used.verb, &used.group, &used.resource)
            && (!self.own || used.own)
            && self.name.as_ref().is_none_or(|name| used.name.as_ref() == Some(name))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, group, resource, own, name } = self;
        let place = if *own { " in its own namespace" } else { "" };
        write!(formatter, "{verb} {resource}.{group} {}{place}", name.as_deref().unwrap_or_default())
    }
}

/// What the roles of the release say, one by one.
fn granted(kubectl: &Client) -> BTreeSet<Permission> {
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let mut granted = BTreeSet::new();
    for (kind, own) in [("clusterroles", false), ("roles", true)] {
        let roles = kubectl.json(&["get", kind, "--selector=app.kubernetes.io/instance=ringwall"]);
        for rule in roles["items"].as_array().unwrap().iter().flat_map(|role| role["rules"].as_array().unwrap()) {
            let names = strings(&rule["resourceNames"]);
            let names = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
            for verb in strings(&rule["verbs"]) {
                for group in strings(&rule["apiGroups"]) {
                    for resource in strings(&rule["resources"]) {
                        let permission = |name: &Option<String>| Permission {
                            verb: verb.clone(),
                            group: group.clone(),
                            resource: resource.clone(),
                            own,
                            name: name.clone(),
                        };
                        granted.extend(names.iter().map(permission));
                    }
                }
            }
        }
    }
    granted
}

/// The requests of Ringwall in the audit log, with the status of the answer.
fn requests(cluster: &ControlPlane) -> impl Iterator<Item = (Permission, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    cluster.audit_log().into_iter().filter(|line| line["user"]["username"] == ACCOUNT).filter_map(move |line| {
        let object = line.get("objectRef")?;
        let resource = match object["subresource"].as_str() {
            Some(subresource) => format!("{}/{subresource}", text(&object["resource"])),
            None => text(&object["resource"]),
        };
        let permission = Permission {
            verb: text(&line["verb"]),
            group: text(&object["apiGroup"]),
            resource,
            own: object["namespace"] == "ringwall",
            name: object["name"].as_str().map(str::to_owned),
        };
        Some((permission, line["responseStatus"]["code"].as_u64().unwrap_or_default()))
    })
}

fn used(cluster: &ControlPlane) -> BTreeSet<Permission> {
    requests(cluster).filter(|(_, status)| *status != 403).map(|(permission, _)| permission).collect()
}

fn forbidden(cluster: &ControlPlane) -> BTreeSet<Permission> {
    requests(cluster).filter(|(_, status)| *status == 403).map(|(permission, _)| permission).collect()
}

/// Makes every kind that Ringwall knows and this API server does not serve.
#[track_caller]
fn define_all_kinds(kubectl: &Client) {
    let served = kubectl.ok(&["api-resources", "--output=name"]);
    let served: BTreeSet<_> = served.lines().collect();
    let definitions: Vec<String> = Kind::all()
        .map(Kind::info)
        // The chart brings these itself.
        .filter(|info| !info.group.is_empty() && info.group != "ringwall.dev")
        .filter(|info| !served.contains(format!("{}.{}", info.plural, info.group).as_str()))
        .map(|info| {
            let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
            let version = json!({"name": info.version, "served": true, "storage": true, "schema": schema});
            let singular = info.name.to_lowercase();
            let names = json!({
                "kind": info.name, "listKind": format!("{}List", info.name), "plural": info.plural, "singular": singular,
            });
            let scope = if info.namespaced { "Namespaced" } else { "Cluster" };
            let spec = json!({"group": info.group, "scope": scope, "names": names, "versions": [version]});
            let approved = json!({"api-approved.kubernetes.io": "unapproved, made by a test"});
            let metadata = json!({"name": format!("{}.{}", info.plural, info.group), "annotations": approved});
            json!({
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": metadata,
                "spec": spec,
            })
            .to_string()
        })
        .collect();
    kubectl.run_with_input(&["create", "--filename=-"], &definitions.join("\n---\n")).ok();
    kubectl.ok(&["wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=60s"]);
}
