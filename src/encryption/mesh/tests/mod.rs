//! The truth tables of mutual TLS: every combination of levels, against evaluators written from the facts alone
//! (encryption: section 3.1, 3.2 and 3.4), and what leads packets past a proxy.

mod linkerd;

use crate::{
    encryption::mesh::{Accepts, Inbound, Mesh, MeshSettings, inbound, mesh_of},
    model::{Kind, Name, Object, PodFacts, decode, mesh::InboundPolicy},
    snapshot::{Blind, Edit, Need, Scope, Snapshot},
};
use serde_json::{Value, json};

fn object(value: &Value) -> Object {
    let text = |field: &str| value[field].as_str().unwrap_or_default();
    let kind = Kind::of(text("apiVersion"), text("kind")).expect("a kind of the table");
    decode::value(kind, value).unwrap_or_else(|error| panic!("{error}: {value}"))
}

fn snapshot(values: &[Value]) -> Snapshot {
    let cover = Kind::all().map(|kind| Edit::Replace { scope: Need::List(kind, None), objects: Vec::new() });
    Snapshot::new().with(cover.chain(values.iter().map(|value| Edit::Put(object(value))))).0
}

fn namespace(labels: &Value, annotations: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels, "annotations": annotations}})
}

/// A Pod as the API server has it, with a container of that name beside its own.
fn pod(proxy: &str, annotations: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "uid": "1", "labels": {"app": "web"}, "annotations": annotations},
        "spec": {"containers": [{"name": "web", "ports": [{"name": "http", "containerPort": 8080}]}, {"name": proxy}]},
    })
}

fn facts(pod: &Value) -> PodFacts {
    object(pod).pod_facts().expect("a Pod").as_ref().clone()
}

fn judged(world: &[Value], pod: &Value) -> Inbound {
    inbound(&snapshot(world), &MeshSettings::default(), &Name::from("shop"), &facts(pod))
}

fn peers(namespace: &str, name: &str, created: Option<&str>, spec: &Value) -> Value {
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": created}, "spec": spec,
    })
}

/// What a level says: nothing is there, or it is there with that mode.
const LEVELS: [Option<&str>; 5] = [None, Some("UNSET"), Some("DISABLE"), Some("PERMISSIVE"), Some("STRICT")];

/// Whether plaintext is accepted on a port that nothing is said of, and on port 9090: the levels in order, each of which goes before
/// those before it unless it is absent or UNSET.
fn naive(mesh: Option<&str>, namespace: Option<&str>, workload: Option<&str>, port: Option<&str>) -> (bool, bool) {
    let mut mode = "PERMISSIVE";
    for level in [mesh, namespace, workload] {
        match level {
            None | Some("UNSET") => {}
            Some(said) => mode = said,
        }
    }
    let of_port = match port {
        // Ports are the workload's policy's.
        Some(said) if workload.is_some() && said != "UNSET" => said,
        _ => mode,
    };
    (mode != "STRICT", of_port != "STRICT")
}

#[test]
fn every_combination_of_istios_levels_comes_to_what_the_facts_say() {
    let ambient = namespace(&json!({"istio.io/dataplane-mode": "ambient"}), &json!({}));
    let mut seen = 0;
    for mesh in LEVELS {
        for level in LEVELS {
            for workload in LEVELS {
                for port in LEVELS {
                    let mode = |mode: Option<&str>| json!({"mode": mode});
                    let mut world = Vec::new();
                    world.extend(
                        mesh.map(|said| peers("istio-system", "mesh", None, &json!({"mtls": mode(Some(said))}))),
                    );
                    world.extend(level.map(|said| peers("shop", "all", None, &json!({"mtls": mode(Some(said))}))));
                    world.extend(workload.map(|said| {
                        let ports = port.map(|said| json!({"9090": mode(Some(said))}));
                        let selector = json!({"matchLabels": {"app": "web"}});
                        peers(
                            "shop",
                            "web",
                            None,
                            &json!({"selector": selector, "mtls": mode(Some(said)), "portLevelMtls": ports}),
                        )
                    }));
                    let expected = naive(mesh, level, workload, port);
                    let case = format!("mesh {mesh:?}, namespace {level:?}, workload {workload:?}, port {port:?}");
                    for (home, proxy, is) in [
                        (namespace(&json!({}), &json!({})), "istio-proxy", Mesh::IstioSidecar),
                        (ambient.clone(), "other", Mesh::IstioAmbient),
                    ] {
                        let world: Vec<Value> = world.iter().cloned().chain([home]).collect();
                        let judged = judged(&world, &pod(proxy, &json!({})));
                        assert_eq!(judged.mesh, Some(is), "{case}");
                        let plain = |port| matches!(judged.on(port), Accepts::Plaintext(_));
                        assert_eq!((plain(8080), plain(9090)), expected, "{case}");
                        assert!(!matches!(judged.on(8080), Accepts::Unknown(_)), "{case}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen, 2 * 5 * 5 * 5 * 5);
}

#[test]
fn the_oldest_object_of_a_level_counts_and_a_new_one_is_the_youngest() {
    let strict = json!({"mtls": {"mode": "STRICT"}});
    let permissive = json!({"mtls": {"mode": "PERMISSIVE"}});
    let (early, late) = (Some("2026-01-01T00:00:00Z"), Some("2026-02-01T00:00:00Z"));
    let accepts = |policies: &[Value]| judged(policies, &pod("istio-proxy", &json!({}))).default;
    let both = |strict_at, permissive_at, names: [&str; 2]| {
        accepts(&[peers("shop", names[0], strict_at, &strict), peers("shop", names[1], permissive_at, &permissive)])
    };
    assert_eq!(both(early, late, ["b", "a"]), Accepts::MutualTls);
    assert!(matches!(both(late, early, ["a", "b"]), Accepts::Plaintext(_)));
    assert!(matches!(both(None, late, ["a", "b"]), Accepts::Plaintext(_)), "without a time it is the youngest");
    assert_eq!(both(early, early, ["a", "b"]), Accepts::MutualTls, "of one moment, the first by name");
    assert!(matches!(both(early, early, ["b", "a"]), Accepts::Plaintext(_)));
    // An older one that says UNSET still is the one that counts.
    let unset = accepts(&[peers("shop", "a", early, &json!({})), peers("shop", "b", late, &strict)]);
    assert!(matches!(unset, Accepts::Plaintext(_)));
}

#[test]
fn what_the_root_namespace_says_of_single_workloads_is_ignored_and_the_root_can_be_named() {
    let selecting = json!({"selector": {"matchLabels": {"app": "web"}}, "mtls": {"mode": "STRICT"}});
    let sidecar = pod("istio-proxy", &json!({}));
    let ignored = judged(&[peers("istio-system", "web", None, &selecting)], &sidecar);
    assert!(matches!(ignored.default, Accepts::Plaintext(_)));
    let empty = json!({"selector": {"matchLabels": {}}, "mtls": {"mode": "STRICT"}});
    assert_eq!(judged(&[peers("istio-system", "all", None, &empty)], &sidecar).default, Accepts::MutualTls);
    let settings = MeshSettings { istio_root: "mesh".into(), ..MeshSettings::default() };
    let world = snapshot(&[peers("mesh", "all", None, &json!({"mtls": {"mode": "STRICT"}}))]);
    assert_eq!(inbound(&world, &settings, &"shop".into(), &facts(&sidecar)).default, Accepts::MutualTls);
    // In the root namespace itself there is the mesh's level alone.
    let home = inbound(&world, &settings, &"mesh".into(), &facts(&sidecar));
    assert_eq!(home.default, Accepts::MutualTls);
}

#[test]
fn a_policy_that_is_about_to_go_protects_nobody_and_still_harms() {
    let going = |name: &str, mode: &str| {
        let mut policy = peers("shop", name, Some("2026-01-01T00:00:00Z"), &json!({"mtls": {"mode": mode}}));
        policy["metadata"]["deletionTimestamp"] = json!("2026-03-01T00:00:00Z");
        policy["metadata"]["finalizers"] = json!(["example.com/held"]);
        policy
    };
    let sidecar = pod("istio-proxy", &json!({}));
    assert!(matches!(judged(&[going("a", "STRICT")], &sidecar).default, Accepts::Plaintext(_)));
    let mesh = peers("istio-system", "mesh", None, &json!({"mtls": {"mode": "STRICT"}}));
    assert_eq!(judged(&[going("a", "STRICT"), mesh.clone()], &sidecar).default, Accepts::MutualTls);
    assert!(matches!(judged(&[going("a", "PERMISSIVE"), mesh], &sidecar).default, Accepts::Plaintext(_)));
}

#[test]
fn a_policy_without_a_proxy_proves_nothing() {
    let strict = peers("shop", "all", None, &json!({"mtls": {"mode": "STRICT"}}));
    let home = namespace(&json!({"istio-injection": "enabled"}), &json!({}));
    let world = [strict, home];
    let without = judged(&world, &pod("other", &json!({})));
    assert_eq!(without.mesh, None);
    assert!(matches!(without.default, Accepts::Plaintext(_)));
    let native = {
        let mut pod = pod("other", &json!({}));
        pod["spec"]["initContainers"] = json!([{"name": "istio-proxy", "restartPolicy": "Always"}]);
        pod
    };
    assert_eq!(judged(&world, &native).default, Accepts::MutualTls);
    let mut over = native.clone();
    over["spec"]["initContainers"][0]["restartPolicy"] = Value::Null;
    assert_eq!(judged(&world, &over).mesh, None, "an init container that ends is no proxy");
    let mut on_node = pod("istio-proxy", &json!({}));
    on_node["spec"]["hostNetwork"] = json!(true);
    assert_eq!(judged(&world, &on_node).mesh, None);
    // Of a Pod in a file, what would be injected counts.
    let mut in_file = pod("other", &json!({}));
    in_file["metadata"]["uid"] = Value::Null;
    assert_eq!(judged(&world, &in_file).default, Accepts::MutualTls);
}

/// Whether Istio injects a Pod that is to be made (3.1, "Sidecar injection decision").
fn naive_injection(
    injection: Option<&str>,
    revision: bool,
    label: Option<&str>,
    annotation: Option<&str>,
    pod_revision: bool,
) -> bool {
    let fires = match injection {
        Some("enabled") => label != Some("false"),
        Some(_) => false,
        None if revision => label != Some("false"),
        None => (label == Some("true") || pod_revision) && label != Some("false"),
    };
    let said = label.or(annotation);
    fires && said != Some("false")
}

#[test]
fn every_combination_of_labels_injects_as_the_facts_say() {
    let words = [None, Some("true"), Some("false")];
    for injection in [None, Some("enabled"), Some("disabled")] {
        for revision in [false, true] {
            for label in words {
                for annotation in words {
                    for pod_revision in [false, true] {
                        let mut home = namespace(&json!({}), &json!({}));
                        let mut made = pod("other", &json!({}));
                        made["metadata"]["uid"] = Value::Null;
                        if let Some(value) = injection {
                            home["metadata"]["labels"]["istio-injection"] = json!(value);
                        }
                        if revision {
                            home["metadata"]["labels"]["istio.io/rev"] = json!("canary");
                        }
                        if pod_revision {
                            made["metadata"]["labels"]["istio.io/rev"] = json!("canary");
                        }
                        if let Some(value) = label {
                            made["metadata"]["labels"]["sidecar.istio.io/inject"] = json!(value);
                        }
                        if let Some(value) = annotation {
                            made["metadata"]["annotations"]["sidecar.istio.io/inject"] = json!(value);
                        }
                        let expected = naive_injection(injection, revision, label, annotation, pod_revision);
                        let mesh = mesh_of(&snapshot(&[home]), &"shop".into(), &facts(&made)).unwrap();
                        let case = format!("{injection:?} {revision} {label:?} {annotation:?} {pod_revision}");
                        assert_eq!(mesh == Some(Mesh::IstioSidecar), expected, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_combination_of_labels_enrols_in_ambient_as_the_facts_say() {
    for home in [None, Some("ambient"), Some("none")] {
        for own in [None, Some("ambient"), Some("none")] {
            for host_network in [false, true] {
                for status in [false, true] {
                    let mut made = pod("other", &json!({}));
                    if let Some(mode) = own {
                        made["metadata"]["labels"]["istio.io/dataplane-mode"] = json!(mode);
                    }
                    if status {
                        made["metadata"]["annotations"]["sidecar.istio.io/status"] = json!("{}");
                    }
                    made["spec"]["hostNetwork"] = json!(host_network);
                    let labels = home.map_or(json!({}), |mode| json!({"istio.io/dataplane-mode": mode}));
                    let world = snapshot(&[namespace(&labels, &json!({}))]);
                    let enrolled = own == Some("ambient") || (home == Some("ambient") && own != Some("none"));
                    let expected = enrolled && !host_network && !status;
                    let mesh = mesh_of(&world, &"shop".into(), &facts(&made)).unwrap();
                    assert_eq!(mesh == Some(Mesh::IstioAmbient), expected, "{home:?} {own:?} {host_network} {status}");
                }
            }
        }
    }
}

#[test]
fn what_leads_packets_past_a_sidecar_is_seen_port_by_port() {
    let strict = [peers("shop", "all", None, &json!({"mtls": {"mode": "STRICT"}}))];
    let with = |annotations: Value| judged(&strict, &pod("istio-proxy", &annotations));
    let plain = |inbound: &Inbound, port: u16| matches!(inbound.on(port), Accepts::Plaintext(_));
    let excluded = with(json!({"traffic.sidecar.istio.io/excludeInboundPorts": "9090, 9100"}));
    assert!(plain(&excluded, 9090) && plain(&excluded, 9100) && !plain(&excluded, 8080));
    let included = with(json!({"traffic.sidecar.istio.io/includeInboundPorts": "8080"}));
    assert!(!plain(&included, 8080) && plain(&included, 9090));
    assert_eq!(with(json!({"traffic.sidecar.istio.io/includeInboundPorts": "*"})).default, Accepts::MutualTls);
    for whole in [
        json!({"sidecar.istio.io/interceptionMode": "NONE"}),
        json!({"traffic.sidecar.istio.io/excludeInterfaces": "eth1"}),
        json!({"traffic.sidecar.istio.io/includeInboundPorts": ""}),
    ] {
        assert!(plain(&with(whole.clone()), 8080), "{whole}");
    }
    assert_eq!(with(json!({"sidecar.istio.io/interceptionMode": "TPROXY"})).default, Accepts::MutualTls);
    let gateway = with(json!({"inject.istio.io/templates": "gateway"}));
    assert!(matches!(gateway.default, Accepts::Unknown(Blind::Unknowable(_))));
    for security in
        [json!({"capabilities": {"add": ["NET_ADMIN"]}}), json!({"privileged": true}), json!({"runAsUser": 1337})]
    {
        let mut admin = pod("istio-proxy", &json!({}));
        admin["spec"]["containers"][0]["securityContext"] = security.clone();
        assert!(matches!(judged(&strict, &admin).default, Accepts::Unknown(Blind::Unknowable(_))), "{security}");
        let mut own = pod("istio-proxy", &json!({}));
        own["spec"]["containers"][1]["securityContext"] = security.clone();
        assert_eq!(judged(&strict, &own).default, Accepts::MutualTls, "the proxy's own: {security}");
    }
    let mut world = strict.to_vec();
    world.push(namespace(&json!({"istio.io/dataplane-mode": "ambient"}), &json!({})));
    let bypass = json!({"ambient.istio.io/bypass-inbound-capture": "true"});
    assert!(plain(&judged(&world, &pod("other", &bypass)), 8080));
    assert_eq!(judged(&world, &pod("other", &json!({}))).default, Accepts::MutualTls);
}

#[test]
fn what_was_not_seen_is_doubt_and_what_is_not_served_is_absent() {
    let blind = |why: Blind, scope: Option<&str>| {
        let kind = Kind::PeerAuthentication;
        let strict = peers("shop", "all", None, &json!({"mtls": {"mode": "STRICT"}}));
        let cover = Edit::Cover(Scope { kind, namespace: scope.map(Name::from) }, Err(why));
        let (world, _) = snapshot(&[strict]).with([cover]);
        inbound(&world, &MeshSettings::default(), &"shop".into(), &facts(&pod("istio-proxy", &json!({})))).default
    };
    for why in [Blind::Stale(Kind::PeerAuthentication), Blind::Forbidden(Kind::PeerAuthentication)] {
        assert_eq!(blind(why.clone(), None), Accepts::Unknown(why.clone()));
        assert_eq!(blind(why.clone(), Some("istio-system")), Accepts::Unknown(why));
    }
    assert_eq!(blind(Blind::NotServed(Kind::PeerAuthentication), Some("istio-system")), Accepts::MutualTls);
}

#[test]
fn meshes_that_are_not_read_are_named_and_nothing_is_claimed() {
    for (home, proxy) in [
        (json!({"io.cilium/mtls-enabled": "true"}), "other"),
        (json!({}), "kuma-sidecar"),
        (json!({}), "consul-dataplane"),
    ] {
        let judged = judged(&[namespace(&home, &json!({}))], &pod(proxy, &json!({})));
        assert!(matches!(judged.mesh, Some(Mesh::Other(_))), "{home} {proxy}");
        assert!(matches!(judged.default, Accepts::Unknown(Blind::Unknowable(_))), "{home} {proxy}");
    }
}
