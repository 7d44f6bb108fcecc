//! An installation that is well, for tests to break in one place.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    cluster::Reply,
    model::kinds::asked::{self, SETTINGS},
    report::Check,
    upkeep::IS_IN_FORCE,
};

use super::super::{
    super::crd,
    facts::{Calls, Deployment, DryRun, Facts, Lease, Names, Replica, Rights, Served, Survey},
    gather::DEFINITIONS,
    trust::{
        self,
        tests::{at, pair},
    },
};

pub(super) fn reply(status: u16, body: &str) -> Reply {
    Reply { status, warnings: Vec::new(), body: body.to_owned() }
}

/// An answer of the API server itself.
pub(super) fn refusal(status: u16, message: &str) -> Reply {
    reply(status, &json!({"kind": "Status", "message": message}).to_string())
}

/// A certificate in DER as `caBundle` has it.
pub(super) fn bundle_of(certificate: &[u8]) -> String {
    let encoded = data_encoding::BASE64.encode(certificate);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
    data_encoding::BASE64.encode(pem.as_bytes())
}

pub(super) fn healthy() -> Facts {
    let (authority, leaf) = pair(&["ringwall.ringwall.svc"]);
    let bundle = bundle_of(&authority);
    let metrics = format!(
        "ringwall_watch_state{{kind=\"Pod\",state=\"synced\"}} 1\nringwall_watch_state{{kind=\"Pod\",state=\"broken\"}} 0\n\
         ringwall_snapshot_age_seconds 0.5\nringwall_build_info{{version=\"{}\"}} 1\n\
         ringwall_ruleset_info{{source=\"cluster\",fingerprint=\"abc\"}} 1\n",
        env!("CARGO_PKG_VERSION")
    );
    let replica = |name: &str| Replica {
        name: format!("Pod {name}"),
        waits: None,
        readyz: Ok(reply(200, "ok\n")),
        metrics: Ok(reply(200, &metrics)),
    };
    let named = Reply {
        warnings: vec![format!("ringwall: served with certificate {}", trust::fingerprint(&leaf))],
        ..reply(201, "{}")
    };
    let denied = "admission webhook \"namespaces.ringwall.dev\" denied the request: unknown-profile: ...";
    let in_force = json!({
        "metadata": {"generation": 1},
        "status": {"observedGeneration": 1, "conditions": [{"type": IS_IN_FORCE, "status": "True"}]},
    });
    Facts {
        now: at("2026-06-01T00:00:00Z"),
        version: env!("CARGO_PKG_VERSION"),
        names: Names {
            namespace: "ringwall".into(),
            configuration: "ringwall".into(),
            account: Some("ringwall".into()),
            secret: "ringwall-certificate".into(),
            lease: Some("ringwall".into()),
        },
        validating: Ok(vec![serde_json::from_value(configuration(&bundle)).unwrap()]),
        mutating: Ok(Vec::new()),
        service: Some(Ok(true)),
        ready_endpoints: Ok(2),
        deployment: Ok(Some(Deployment { name: "ringwall".to_owned(), wanted: 2, ready: 2, ..Deployment::default() })),
        namespace: Ok(true),
        calls: Calls { refused: DryRun::Sent(Ok(refusal(403, denied))), named: Some(Ok(named)) },
        served: Served::Chain { from: "of Secret ringwall/ringwall-certificate".to_owned(), chain: vec![leaf] },
        rights: Ok(Rights { account: "ringwall".into(), asked: 100, missing: Vec::new() }),
        replicas: Ok(vec![replica("one"), replica("two")]),
        unasked: Vec::new(),
        lease: Ok(Some(Lease {
            holder: Some("one".to_owned()),
            renewed: Some(at("2026-05-31T23:59:55Z")),
            seconds: 15,
        })),
        definitions: DEFINITIONS.into_iter().zip(crd::definitions().map(Some).map(Ok)).collect(),
        wanted: crd::definitions(),
        ruleset: Ok(Some(in_force)),
        exemptions: Ok(Vec::new()),
        survey: Ok(Survey { namespaces: BTreeMap::new(), ..Survey::default() }),
    }
}

/// What a judge says of one matter in a healthy installation after a change.
#[track_caller]
pub(super) fn told(checks: fn(&Facts) -> Vec<Check>, check: &str, change: impl FnOnce(&mut Facts)) -> Check {
    let mut facts = healthy();
    change(&mut facts);
    checks(&facts).into_iter().find(|it| it.check == check).unwrap()
}

/// As the chart has it.
fn configuration(bundle: &str) -> Value {
    let webhook = |entry: &asked::Entry| {
        let rules: Vec<Value> = entry
            .rules()
            .iter()
            .map(|rule| {
                let operations: Vec<_> = rule.operations.iter().map(|operation| operation.name()).collect();
                json!({
                    "apiGroups": [rule.group],
                    "apiVersions": [rule.version],
                    "resources": rule.resources,
                    "operations": operations,
                })
            })
            .collect();
        let conditions: Vec<Value> =
            entry.conditions().iter().map(|it| json!({"name": it.name, "expression": it.expression})).collect();
        let spared = ["kube-system", "kube-node-lease", "ringwall"];
        let policy = if entry.entry == SETTINGS { "Ignore" } else { "Fail" };
        json!({
            "name": entry.name(),
            "clientConfig": {"service": {"name": "ringwall", "namespace": "ringwall"}, "caBundle": bundle},
            "rules": rules,
            "failurePolicy": policy,
            "matchPolicy": "Equivalent",
            "timeoutSeconds": 5,
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": spared},
            ]},
            "objectSelector": {},
            "matchConditions": conditions,
        })
    };
    let webhooks: Vec<Value> = asked::entries().iter().map(webhook).collect();
    json!({"metadata": {"name": "ringwall"}, "webhooks": webhooks})
}
