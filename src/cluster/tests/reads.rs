//! Live reads: whose answer may be shared, and what each answer means.

use std::sync::Arc;

use serde_json::json;

use crate::{
    model::{Kind, ObjectKey},
    snapshot::Need,
    telemetry::Metrics,
};

use super::{
    super::{Live, ReadError, reader::Reader, request::PAGE_BYTES},
    server::{Server, garbage, pod},
};

fn get(name: &str) -> Need {
    Need::Get(ObjectKey::namespaced(Kind::Pod, "shop", name))
}

fn reader() -> (Reader, Server) {
    let (client, server) = Server::start();
    (Reader::new(client, Arc::new(Metrics::new())), server)
}

#[tokio::test(start_paused = true)]
async fn a_read_is_shared_only_with_those_who_asked_before_it_began() {
    let (reader, mut server) = reader();
    let first = reader.read(get("a"));
    let second = reader.read(get("a"));
    let call = server.next().await;
    assert_eq!(call.uri, "/api/v1/namespaces/shop/pods/a");
    // The read has begun: who asks now may not have its answer.
    let third = reader.read(get("a"));
    let fourth = reader.read(get("a"));
    call.json(200, &pod("a", "1"));
    assert_eq!(first.await.unwrap().len(), 1);
    assert_eq!(second.await.unwrap().len(), 1);
    let call = server.next().await;
    call.json(
        404,
        &json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "", "details": {"name": "a"}}),
    );
    assert_eq!(third.await, Ok(vec![]), "the Pod was gone when they asked");
    assert_eq!(fourth.await, Ok(vec![]));
    assert!(server.is_quiet(), "four questions, two reads");
}

#[tokio::test(start_paused = true)]
async fn different_reads_go_side_by_side_up_to_a_limit_that_delays_and_never_skips() {
    let (reader, mut server) = reader();
    let reads: Vec<_> = (0..40).map(|number| reader.read(get(&format!("p{number}")))).collect();
    let mut calls = Vec::new();
    for _ in 0..32 {
        calls.push(server.next().await);
    }
    assert!(server.is_quiet(), "no more than 32 at a time");
    let refuse = |call: super::server::Call| call.refuse(403, "Forbidden");
    calls.into_iter().for_each(refuse);
    for _ in 0..8 {
        refuse(server.next().await);
    }
    assert_eq!(futures::future::join_all(reads).await, vec![Err(ReadError::Forbidden); 40]);
}

#[tokio::test(start_paused = true)]
async fn who_gave_up_costs_no_read() {
    let (reader, mut server) = reader();
    let first = reader.read(get("a"));
    let call = server.next().await;
    drop(reader.read(get("a")));
    call.json(200, &pod("a", "1"));
    assert!(first.await.is_ok());
    let other = reader.read(get("b"));
    let call = server.next().await;
    assert!(call.uri.ends_with("/b"), "{}", call.uri);
    call.json(200, &pod("b", "1"));
    assert!(other.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_page_by_page_and_consistently() {
    let (reader, mut server) = reader();
    let read = reader.read(Need::List(Kind::NetworkPolicy, Some("shop".into())));
    let call = server.list().await;
    assert!(call.uri.starts_with("/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?"), "{}", call.uri);
    assert!(!call.uri.contains("resourceVersion"), "{}", call.uri);
    let policy = |name: &str| json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"podSelector": {}}});
    call.json(200, &json!({"metadata": {"resourceVersion": "5", "continue": "next"}, "items": [policy("a")]}));
    server.list().await.items("5", &[policy("b")]);
    assert_eq!(read.await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_decoded_is_not_called_absent() {
    let (reader, mut server) = reader();
    let one = reader.read(get("b"));
    server.next().await.json(200, &garbage("b", "1"));
    assert!(matches!(one.await, Err(ReadError::Failed(_))));
    let all = reader.read(Need::List(Kind::Pod, None));
    server.next().await.items("1", &[pod("a", "1"), garbage("b", "1")]);
    assert!(matches!(all.await, Err(ReadError::Failed(_))));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_and_one_that_is_gone_are_told_apart() {
    let (reader, mut server) = reader();
    let read = reader.read(get("a"));
    let hanging = server.next().await;
    assert_eq!(read.await, Err(ReadError::Timeout));
    drop(hanging);
    let read = reader.read(get("a"));
    drop(server.next().await);
    assert!(matches!(read.await, Err(ReadError::Failed(_))));
    let read = reader.read(get("a"));
    server.next().await.refuse(404, "the server could not find the requested resource");
    assert_eq!(read.await, Err(ReadError::NotServed));
}

#[tokio::test(start_paused = true)]
async fn a_page_with_too_many_bytes_is_asked_for_in_smaller_parts_down_to_single_objects() {
    let (reader, mut server) = reader();
    let read = reader.read(Need::List(Kind::Pod, None));
    for limit in ["limit=250", "limit=62", "limit=15", "limit=3"] {
        let call = server.list().await;
        assert!(call.uri.ends_with(limit), "{}", call.uri);
        call.bytes(PAGE_BYTES + 1);
    }
    let call = server.list().await;
    assert!(call.uri.ends_with("limit=1"), "{}", call.uri);
    let mut large = pod("a", "1");
    large["metadata"]["annotations"] = json!({"padding": "x".repeat(PAGE_BYTES)});
    call.json(200, &json!({"metadata": {"resourceVersion": "5", "continue": "next"}, "items": [large]}));
    let call = server.list().await;
    assert!(call.uri.contains("limit=2") && call.uri.contains("continue=next"), "{}", call.uri);
    call.items("5", &[pod("b", "2")]);
    assert_eq!(read.await.unwrap().len(), 2);
}
