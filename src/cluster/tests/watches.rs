//! A watch against a server that errs. Time is stopped: it moves on only when everybody waits.

use std::sync::Arc;

use kube::Client;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{Kind, Object, ObjectKey},
    snapshot::{Blind, Edit, Lookup, Need, Snapshot},
    telemetry::Metrics,
};

use super::{
    super::{
        State, WatchStatus, load,
        probe::{self, Contact},
        watch::Watch,
        writer::Message,
    },
    server::{Server, garbage, pod},
};

/// A watch of Pods, and what it tells.
struct Followed {
    messages: mpsc::Receiver<Message>,
    snapshot: Snapshot,
    contact: watch::Sender<Contact>,
}

impl Followed {
    fn start(client: Client) -> Self {
        let (sender, messages) = mpsc::channel(64);
        let (contact, receiver) = watch::channel(Contact::default());
        let watch = Watch::new(Kind::Pod, client, Arc::new(Metrics::new()), sender, receiver);
        tokio::spawn(watch.run(CancellationToken::new()));
        Self { messages, snapshot: Snapshot::new(), contact }
    }

    /// Takes in what the watch tells next.
    async fn next(&mut self) -> Option<WatchStatus> {
        let message = self.messages.recv().await.expect("the watch runs");
        for edit in message.edits {
            self.snapshot.apply(edit);
        }
        message.status
    }

    fn pods(&self) -> Vec<String> {
        self.snapshot.list(Kind::Pod, None).map(|object| object.meta().name.to_string()).collect()
    }

    fn blind(&self) -> Option<Blind> {
        self.snapshot.coverage(Kind::Pod, None).err()
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::namespaced(Kind::Pod, "shop", name)
}

fn bookmark(version: &str) -> Value {
    json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": version}})
}

#[tokio::test(start_paused = true)]
async fn objects_with_fields_of_wrong_types_stop_neither_a_list_nor_a_watch() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    let items = [pod("a", "1"), garbage("b", "2"), json!({"metadata": 5}), json!("text"), pod("c", "3")];
    server.list().await.items("10", &items);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!(followed.pods(), ["a", "c"]);
    assert_eq!(followed.snapshot.object(&key("b")), Lookup::Unseen(Blind::Undecodable(key("b"))));
    assert_eq!(followed.snapshot.object(&key("z")), Lookup::Absent);

    let stream = server.watch("10").await.open();
    stream.event("ADDED", &garbage("d", "11"));
    stream.event("MODIFIED", &garbage("a", "12"));
    stream.event("ADDED", &pod("e", "13"));
    stream.event("DELETED", &garbage("b", "14"));
    for _ in 0..4 {
        assert_eq!(followed.next().await, None);
    }
    assert_eq!(followed.pods(), ["c", "e"]);
    assert_eq!(followed.snapshot.object(&key("a")), Lookup::Unseen(Blind::Undecodable(key("a"))));
    assert_eq!(followed.snapshot.object(&key("b")), Lookup::Absent);

    stream.event("MODIFIED", &pod("a", "15"));
    assert_eq!(followed.next().await, None);
    assert_eq!(followed.pods(), ["a", "c", "e"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_goes_on_from_the_version_it_reached() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[]);
    followed.next().await;
    let stream = server.watch("10").await.open();
    stream.event("ADDED", &pod("a", "11"));
    stream.event("BOOKMARK", &bookmark("90"));
    followed.next().await;
    // Silence: time moves on until the check of the running watch.
    server.list().await.items("95", &[]);
    drop(stream);
    server.watch("90").await.open();
    assert_eq!(followed.pods(), ["a"]);
    assert!(followed.messages.is_empty(), "nothing was broken");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_is_listed_anew_wherever_the_server_says_so() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1"), pod("b", "2")]);
    followed.next().await;
    // As the status of the watch's start, which an aggregated API server may answer.
    server.watch("10").await.refuse(410, "Expired");
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { reads_fail: false, .. })));
    assert_eq!(followed.blind(), Some(Blind::Stale(Kind::Pod)));
    assert_eq!(followed.pods(), ["a", "b"], "what was known stays until the list is whole");
    server.list().await.items("20", &[pod("b", "2")]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!((followed.pods(), followed.blind()), (vec!["b".to_owned()], None));
    // And as an event.
    let stream = server.watch("20").await.open();
    stream.event(
        "ERROR",
        &json!({"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": ""}),
    );
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { .. })));
    server.list().await.items("30", &[]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert!(followed.pods().is_empty());
    server.watch("30").await.open();
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_pages_expire_begins_anew() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    let first = json!({"metadata": {"resourceVersion": "10", "continue": "more"}, "items": [pod("a", "1")]});
    server.list().await.json(200, &first);
    let second = server.list().await;
    assert!(second.uri.contains("continue=more"), "{}", second.uri);
    second.refuse(410, "Expired");
    assert!(matches!(followed.next().await, Some(WatchStatus::Syncing(Some(_)))));
    assert!(followed.pods().is_empty(), "half a list is not taken in");
    let first = json!({"metadata": {"resourceVersion": "20", "continue": "more"}, "items": [pod("b", "1")]});
    server.list().await.json(200, &first);
    server.list().await.items("20", &[pod("c", "2")]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!(followed.pods(), ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_rbac_forbids_is_blind_until_it_is_granted() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.refuse(403, "Forbidden");
    assert_eq!(followed.next().await, Some(WatchStatus::Forbidden));
    assert_eq!(followed.blind(), Some(Blind::Forbidden(Kind::Pod)));
    server.list().await.items("10", &[pod("a", "1")]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!((followed.pods(), followed.blind()), (vec!["a".to_owned()], None));
}

#[tokio::test(start_paused = true)]
async fn rbac_that_is_withdrawn_while_a_watch_runs_is_noticed() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1")]);
    followed.next().await;
    let _stream = server.watch("10").await.open();
    server.list().await.refuse(403, "Forbidden");
    assert_eq!(followed.next().await, Some(WatchStatus::Forbidden));
    assert_eq!(followed.blind(), Some(Blind::Forbidden(Kind::Pod)));
}

#[tokio::test(start_paused = true)]
async fn where_only_the_watch_is_forbidden_nothing_is_listed_again_and_again() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1")]);
    followed.next().await;
    for _ in 0..3 {
        server.watch("10").await.refuse(403, "Forbidden");
        assert_eq!(followed.next().await, Some(WatchStatus::Forbidden));
        let check = server.list().await;
        assert!(check.uri.contains("limit=1&") || check.uri.ends_with("limit=1"), "{}", check.uri);
        check.items("10", &[]);
    }
    server.watch("10").await.open();
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!((followed.pods(), followed.blind()), (vec!["a".to_owned()], None));
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_served_any_more_has_no_objects() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1")]);
    followed.next().await;
    server.watch("10").await.refuse(404, "the server could not find the requested resource");
    assert_eq!(followed.next().await, Some(WatchStatus::NotServed));
    assert_eq!((followed.pods(), followed.blind()), (vec![], Some(Blind::NotServed(Kind::Pod))));
    server.list().await.items("20", &[pod("b", "2")]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!(followed.pods(), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_breaks_the_watch_and_then_the_reads_and_heals() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1"), pod("b", "2")]);
    followed.next().await;
    drop(server.watch("10").await);
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { reads_fail: false, .. })));
    assert_eq!(followed.blind(), Some(Blind::Stale(Kind::Pod)));
    drop(server.list().await);
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { reads_fail: false, .. })));
    drop(server.list().await);
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { reads_fail: true, .. })));
    // Back: nothing waits for the back-off.
    followed.contact.send_modify(|contact| contact.revivals += 1);
    server.list().await.items("12", &[]);
    let stream = server.watch("10").await.open();
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { reads_fail: false, .. })), "reads succeed");
    stream.event("DELETED", &pod("b", "11"));
    assert_eq!(followed.next().await, None);
    assert_eq!(followed.blind(), Some(Blind::Stale(Kind::Pod)), "there is more to come");
    stream.event("BOOKMARK", &bookmark("12"));
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!((followed.pods(), followed.blind()), (vec!["a".to_owned()], None));
}

#[tokio::test(start_paused = true)]
async fn a_history_that_went_back_is_listed_anew() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("1000", &[pod("a", "1")]);
    followed.next().await;
    let _stream = server.watch("1000").await.open();
    server.list().await.items("400", &[]);
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { .. })));
    server.list().await.items("401", &[pod("b", "1")]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!(followed.pods(), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_list_is_an_error_that_does_not_tell_its_content() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.json(200, &json!({"items": "hunter2"}));
    let Some(WatchStatus::Syncing(Some(error))) = followed.next().await else { panic!("it is not synced") };
    assert!(error.contains("no list") && !error.contains("hunter2"), "{error}");
    server.list().await.items("10", &[]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
}

#[tokio::test(start_paused = true)]
async fn what_was_there_first_is_a_baseline_and_what_a_later_list_shows_is_not() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1")]);
    assert!(followed.messages.recv().await.unwrap().baseline);
    server.watch("10").await.refuse(410, "Expired");
    assert!(!followed.messages.recv().await.unwrap().baseline);
    server.list().await.items("20", &[pod("a", "1"), pod("b", "2")]);
    let message = followed.messages.recv().await.unwrap();
    assert!(!message.baseline);
    assert!(
        matches!(&message.edits[..], [Edit::Replace { scope: Need::List(Kind::Pod, None), objects }] if objects.len() == 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_read_is_unready_after_two_misses_and_wakes_the_watches_when_it_is_back() {
    let (client, mut server) = Server::start();
    let state = Arc::new(State::unsynced(jiff::Timestamp::now()));
    for kind in Kind::all() {
        state.set_watch(kind, WatchStatus::Synced);
    }
    let (contact, mut woken) = watch::channel(Contact::default());
    tokio::spawn(probe::run(client, Arc::clone(&state), Arc::new(Metrics::new()), contact));
    server.list().await.items("1", &[]);
    drop(server.list().await);
    // A server that hangs is one that is gone.
    let hanging = server.list().await;
    assert_eq!(state.readiness(), Ok(()), "one miss may be chance");
    let next = server.list().await;
    let reasons = state.readiness().unwrap_err();
    assert!(reasons[0].starts_with("the API server cannot be read since"), "{reasons:?}");
    assert_eq!(*woken.borrow_and_update(), Contact { losses: 1, revivals: 0 });
    next.items("2", &[]);
    woken.changed().await.unwrap();
    assert_eq!(*woken.borrow(), Contact { losses: 1, revivals: 1 });
    assert_eq!(state.readiness(), Ok(()));
    drop(hanging);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_read_once_says_what_it_could_not_see() {
    let (client, mut server) = Server::start();
    let load = tokio::spawn(async move { load::load(&client).await });
    let read = |kind: &Kind| *kind != Kind::ConfigMap;
    for _ in Kind::all().filter(read) {
        let call = server.list().await;
        assert!(!call.uri.contains("/configmaps"), "{}", call.uri);
        match call.uri.clone() {
            uri if uri.contains("/secrets") => {
                assert!(uri.contains("fieldSelector=type%3Dkubernetes.io%2Ftls"), "{uri}");
                call.refuse(403, "Forbidden");
            }
            uri if uri.contains("/ingressclasses") => call.refuse(404, "the server could not find it"),
            uri if uri.contains("/ingresses") => call.refuse(403, "Forbidden"),
            uri if uri.contains("/pods") => call.items("1", &[pod("a", "1"), garbage("b", "1")]),
            _ => call.items("1", &[]),
        }
    }
    let snapshot = load.await.unwrap().unwrap();
    assert!(matches!(snapshot.object(&key("a")), Lookup::Found(Object::Pod(_))));
    assert!(matches!(snapshot.object(&key("b")), Lookup::Unseen(Blind::Undecodable(_))));
    assert_eq!(snapshot.coverage(Kind::Ingress, None), Err(Blind::Forbidden(Kind::Ingress)));
    assert_eq!(snapshot.coverage(Kind::IngressClass, None), Err(Blind::NotServed(Kind::IngressClass)));
    assert_eq!(snapshot.coverage(Kind::Secret, None), Err(Blind::Forbidden(Kind::Secret)));
    assert_eq!(snapshot.coverage(Kind::ConfigMap, None), Err(Blind::NotWatched(Kind::ConfigMap)));
    assert_eq!(snapshot.coverage(Kind::NetworkPolicy, None), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_has_just_begun_when_the_server_is_back_is_begun_again_and_is_not_called_broken() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[]);
    followed.next().await;
    let _old = server.watch("10").await.open();
    followed.contact.send_modify(|contact| contact.revivals += 1);
    let _new = server.watch("10").await.open();
    assert!(followed.messages.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hung_leaves_a_kind_stale_until_all_that_came_meanwhile_has_been_seen() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1")]);
    followed.next().await;
    let _hanging = server.watch("10").await.open();
    followed.contact.send_modify(|contact| contact.losses += 1);
    assert!(matches!(followed.next().await, Some(WatchStatus::Broken { .. })));
    assert_eq!(followed.blind(), Some(Blind::Stale(Kind::Pod)));
    followed.contact.send_modify(|contact| contact.revivals += 1);
    server.list().await.items("20", &[]);
    let stream = server.watch("10").await.open();
    stream.event("ADDED", &pod("b", "19"));
    assert_eq!(followed.next().await, None);
    assert_eq!(followed.blind(), Some(Blind::Stale(Kind::Pod)));
    stream.event("ADDED", &pod("c", "21"));
    assert_eq!(followed.next().await, None);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!((followed.pods().len(), followed.blind()), (3, None));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_kind_is_listed_anew_rather_than_stale_until_the_next_bookmark() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1")]);
    followed.next().await;
    drop(server.watch("10").await);
    followed.next().await;
    server.list().await.items("20", &[]);
    let _quiet = server.watch("10").await.open();
    let call = server.list().await;
    assert!(call.uri.ends_with("limit=250"), "{}", call.uri);
    assert_eq!(followed.blind(), Some(Blind::Stale(Kind::Pod)));
    call.items("21", &[pod("a", "1")]);
    assert_eq!(followed.next().await, Some(WatchStatus::Synced));
    assert_eq!(followed.blind(), None);
    server.watch("21").await.open();
}

#[tokio::test(start_paused = true)]
async fn a_list_after_a_refusal_is_no_baseline() {
    let (client, mut server) = Server::start();
    let mut followed = Followed::start(client);
    server.list().await.items("10", &[pod("a", "1")]);
    assert!(followed.messages.recv().await.unwrap().baseline);
    let _stream = server.watch("10").await.open();
    server.list().await.refuse(403, "Forbidden");
    assert!(!followed.messages.recv().await.unwrap().baseline);
    server.list().await.items("20", &[pod("b", "2")]);
    assert!(!followed.messages.recv().await.unwrap().baseline);
}
