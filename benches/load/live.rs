//! The world in an API server.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream};
use hyper::http;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use ringwall::model::Kind;
use serde_json::{Value, json};

use crate::world;

/// Requests under way at the same time.
const AT_ONCE: usize = 32;

/// Creates the world; yields the number of its objects and the time that it took.
pub(crate) fn create_world(kubeconfig: &Path) -> (usize, Duration) {
    let began = Instant::now();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let objects = runtime.block_on(create_all(kubeconfig));
    (objects, began.elapsed())
}

async fn create_all(kubeconfig: &Path) -> usize {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let client = Client::try_from(config).unwrap();
    create(&client, world::ingress_class()).await;
    // Namespaces first, with the ServiceAccount without which no Pod is admitted.
    let namespaces = stream::iter((0..world::NAMESPACES).map(world::objects)).map(|objects| async {
        let mut objects = objects.into_iter();
        let namespace = objects.next().unwrap();
        let name = namespace["metadata"]["name"].clone();
        create(&client, namespace).await;
        let account = json!({"metadata": {"name": "default"}});
        post(&client, &format!("/api/v1/namespaces/{}/serviceaccounts", name.as_str().unwrap()), &account).await;
        objects
    });
    let others: Vec<_> = namespaces.buffer_unordered(AT_ONCE).flat_map(stream::iter).collect().await;
    let count = 1 + world::NAMESPACES + others.len();
    // Owners have the UIDs that the API server gave them: Deployments come before ReplicaSets, and those before Pods.
    let mut uids: HashMap<Value, Value> = HashMap::new();
    let rank = |object: &Value| match object["kind"].as_str().unwrap() {
        "Deployment" => 0,
        "ReplicaSet" => 1,
        _ => 2,
    };
    for turn in 0..3 {
        let mut objects: Vec<Value> = others.iter().filter(|object| rank(object) == turn).cloned().collect();
        for owner in objects.iter_mut().filter_map(|object| object.pointer_mut("/metadata/ownerReferences/0/uid")) {
            *owner = uids.get(&*owner).expect("an owner that was created").clone();
        }
        let made: Vec<(Value, Value)> =
            stream::iter(objects).map(|object| create(&client, object)).buffer_unordered(AT_ONCE).collect().await;
        uids.extend(made);
    }
    count
}

/// Creates an object. Yields the UID that the world gives it, and the one that it got.
async fn create(client: &Client, mut object: Value) -> (Value, Value) {
    let text = |field: &str| object[field].as_str().unwrap().to_owned();
    let kind = Kind::of(&text("apiVersion"), &text("kind")).unwrap().info();
    let root = if kind.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", kind.group) };
    let namespace = object["metadata"]["namespace"].as_str();
    let namespace = namespace.map(|name| format!("/namespaces/{name}")).unwrap_or_default();
    let path = format!("{root}/{}{namespace}/{}", kind.version, kind.plural);
    if kind.kind == Kind::Pod {
        // The API server mounts the token of the namespace's own ServiceAccount itself.
        object["spec"].as_object_mut().unwrap().remove("serviceAccountName");
        object["spec"]["containers"][0].as_object_mut().unwrap().remove("volumeMounts");
    }
    let made = post(client, &path, &object).await;
    (object["metadata"]["uid"].clone(), made["metadata"]["uid"].clone())
}

async fn post(client: &Client, path: &str, object: &Value) -> Value {
    let request = http::Request::post(path).header(http::header::CONTENT_TYPE, "application/json");
    let request = request.body(object.to_string().into_bytes()).unwrap();
    client.request(request).await.unwrap_or_else(|error| panic!("{path}: {error}"))
}
