//! The replicas: those that are Pods, each asked through the API server, and those outside of the cluster.

use serde_json::Value;

use crate::{
    cluster::{Fault, Inspector, Resource},
    model::{Kind, Name},
};

use super::facts::{Read, Replica};

/// The name of the port of the probes, and its number where a Pod names none.
const PORT: (&str, i64) = ("probes", 8080);

/// All of them, and the names of Pods that may not be asked: where probes are given, these stand for them.
pub(super) async fn replicas(
    inspector: &Inspector,
    namespace: &Name,
    labels: Option<&str>,
    probes: &[String],
) -> (Read<Vec<Replica>>, Vec<String>) {
    let pods = pods(inspector, namespace, labels).await;
    if probes.is_empty() {
        return (pods, Vec::new());
    }
    let (mut replicas, unasked) = set_aside(pods.unwrap_or_default());
    for url in probes {
        replicas.push(outside(url).await);
    }
    (Ok(replicas), unasked)
}

/// Those that may be asked, and the names of the others.
fn set_aside(replicas: Vec<Replica>) -> (Vec<Replica>, Vec<String>) {
    let may_be_asked = |replica: &Replica| match &replica.readyz {
        Ok(reply) => reply.status != 403,
        Err(fault) => !matches!(fault, Fault::Forbidden(_)),
    };
    let (asked, unasked): (Vec<Replica>, Vec<Replica>) = replicas.into_iter().partition(may_be_asked);
    (asked, unasked.into_iter().map(|replica| replica.name).collect())
}

async fn pods(inspector: &Inspector, namespace: &Name, labels: Option<&str>) -> Read<Vec<Replica>> {
    let Some(labels) = labels else { return Ok(Vec::new()) };
    let path = Resource::of(Kind::Pod).path(Some(namespace));
    let mut replicas = Vec::new();
    for pod in inspector.list(&format!("{path}?labelSelector={labels}")).await? {
        if is_over(&pod) {
            continue;
        }
        let plain = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let name = format!("Pod {plain}");
        let waits = waits(&pod);
        let (readyz, metrics) = if waits.is_some() {
            let fault = Fault::Failed("it does not run".to_owned());
            (Err(fault.clone()), Err(fault))
        } else {
            let proxied = format!("{path}/http:{plain}:{}/proxy", port(&pod));
            (inspector.get(&format!("{proxied}/readyz")).await, inspector.get(&format!("{proxied}/metrics")).await)
        };
        replicas.push(Replica { name, waits, readyz, metrics });
    }
    Ok(replicas)
}

/// Whether a Pod has come to its end, or is about to: it is no replica any more.
fn is_over(pod: &Value) -> bool {
    let phase = pod.pointer("/status/phase").and_then(Value::as_str);
    matches!(phase, Some("Failed" | "Succeeded"))
        || pod.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// What a Pod waits for: a container that does not start, a node that takes it (`PodStatus`).
fn waits(pod: &Value) -> Option<String> {
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let statuses = list("/status/initContainerStatuses").chain(list("/status/containerStatuses"));
    let container = statuses.filter_map(|status| status.pointer("/state/waiting")).map(reason).next();
    let node = || {
        let mut conditions = list("/status/conditions");
        conditions.find(|it| it["type"] == "PodScheduled" && it["status"] == "False").map(reason)
    };
    let is_pending = pod.pointer("/status/phase").and_then(Value::as_str) == Some("Pending");
    container.or_else(node).or_else(|| is_pending.then(|| "its Pod is pending".to_owned()))
}

/// `CrashLoopBackOff: back-off 5m0s restarting failed container`.
fn reason(said: &Value) -> String {
    let text = |field: &str| said[field].as_str().and_then(|text| text.lines().next());
    let parts: Vec<&str> = [text("reason"), text("message")].into_iter().flatten().collect();
    if parts.is_empty() { "a container waits".to_owned() } else { parts.join(": ") }
}

/// The port of the probes, whichever container has it.
fn port(pod: &Value) -> i64 {
    let (wanted, usual) = PORT;
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let containers = list("/spec/containers").chain(list("/spec/initContainers"));
    let mut ports = containers.filter_map(|container| container["ports"].as_array()).flatten();
    ports.find(|port| port["name"] == wanted).and_then(|port| port["containerPort"].as_i64()).unwrap_or(usual)
}

/// A replica that runs outside of the cluster.
async fn outside(url: &str) -> Replica {
    let (name, waits) = (url.to_owned(), None);
    match Inspector::of_probes(url) {
        Ok(probes) => {
            Replica { name, waits, readyz: probes.get("/readyz").await, metrics: probes.get("/metrics").await }
        }
        Err(error) => {
            let fault = Fault::Failed(error.to_string());
            Replica { name, waits, readyz: Err(fault.clone()), metrics: Err(fault) }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::Reply;

    #[test]
    fn a_pod_that_has_ended_or_is_about_to_is_no_replica() {
        for pod in [
            json!({"status": {"phase": "Failed"}}),
            json!({"status": {"phase": "Succeeded"}}),
            json!({"metadata": {"deletionTimestamp": "2026-06-01T00:00:00Z"}, "status": {"phase": "Running"}}),
        ] {
            assert!(is_over(&pod), "{pod}");
        }
        assert!(!is_over(&json!({"metadata": {"deletionTimestamp": null}, "status": {"phase": "Running"}})));
    }

    #[test]
    fn a_pod_that_does_not_run_says_what_it_waits_for() {
        let unscheduled =
            json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no nodes"});
        let crashing = json!({"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}});
        let running = json!({"state": {"running": {}}});
        for (status, said) in [
            (json!({"phase": "Pending"}), Some("its Pod is pending")),
            (json!({"phase": "Pending", "conditions": [unscheduled]}), Some("Unschedulable: no nodes")),
            (json!({"phase": "Running", "containerStatuses": [crashing]}), Some("CrashLoopBackOff: back-off 5m0s")),
            (json!({"phase": "Running", "containerStatuses": [running]}), None),
        ] {
            assert_eq!(waits(&json!({"status": status})).as_deref(), said, "{status}");
        }
    }

    #[test]
    fn the_port_of_the_probes_is_found_behind_an_injected_container() {
        let proxy = json!({"name": "proxy", "ports": [{"name": "inbound", "containerPort": 15001}]});
        let own = json!({"name": "ringwall", "ports": [{"name": "probes", "containerPort": 9090}]});
        assert_eq!(port(&json!({"spec": {"containers": [proxy, own]}})), 9090);
        assert_eq!(port(&json!({"spec": {"containers": [proxy]}})), 8080);
    }

    #[test]
    fn pods_that_may_not_be_asked_are_set_aside_for_the_probes_that_are_given() {
        let replica = |name: &str, status: u16| {
            let reply = Reply { status, warnings: Vec::new(), body: String::new() };
            Replica { name: name.to_owned(), waits: None, readyz: Ok(reply.clone()), metrics: Ok(reply) }
        };
        let (asked, unasked) = set_aside(vec![replica("one", 403), replica("two", 503)]);
        assert_eq!((asked.len(), asked[0].name.as_str()), (1, "two"));
        assert_eq!(unasked, ["one"]);
    }
}
