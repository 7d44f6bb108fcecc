//! Elections, story by story.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_told_to_stop_gives_the_lease_back_and_the_next_one_takes_it_when_it_looks() {
    let server = Server::with(empty());
    let terms = Terms::default();
    let one = Replica::start(&Way::new(&server), "one", &terms);
    seconds(10).await;
    let two = Replica::start(&Way::new(&server), "two", &terms);
    seconds(10).await;
    assert!(one.leadership.leads() && !two.leadership.leads());
    assert!(one.shows("ringwall_leader 1") && two.shows("ringwall_leader 0"));

    one.stop.cancel();
    one.task.await.unwrap();
    assert!(!one.leadership.leads());
    assert_eq!(server.holder(), "");
    seconds(DURATION * 2 / 15 + 10).await;
    assert!(two.leadership.leads());
    assert_eq!(server.holder(), "two");
    assert!(two.shows("ringwall_leader_transitions_total 1"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_given_back_though_the_answer_to_the_last_renewal_was_lost() {
    let server = Server::with(empty());
    let way = Way::new(&server);
    let one = Replica::start(&way, "one", &Terms::default());
    seconds(10).await;
    way.fates.lock().unwrap().push_back(Fate { there: Some(1), back: None });
    seconds(DURATION / 3).await;
    one.stop.cancel();
    one.task.await.unwrap();
    assert_eq!(server.holder(), "");
}

/// Whether it leads all the time for so many seconds.
async fn leads_for(replica: &Replica, count: u64) -> bool {
    for _ in 0..count {
        if !replica.leadership.leads() {
            return false;
        }
        seconds(1).await;
    }
    true
}

#[tokio::test(start_paused = true)]
async fn one_renewal_that_is_lost_ends_no_term() {
    // What was written without an answer takes three calls to be made sure of.
    let cases = [(Fate { there: None, back: None }, 200), (Fate { there: Some(1), back: None }, 90)];
    for (lost, slow) in cases {
        let slow = Fate { there: Some(slow / 2), back: Some(slow / 2) };
        let server = Server::with(empty());
        let way = Way::new(&server);
        let one = Replica::start(&way, "one", &Terms::default());
        seconds(10).await;
        way.fates.lock().unwrap().extend([lost, slow, slow, slow]);
        assert!(leads_for(&one, 3 * DURATION).await, "{lost:?}");
        assert!(way.fates.lock().unwrap().is_empty());
        assert!(one.metrics.encode().contains(r#"ringwall_lease_failures_total{reason="timeout"}"#));
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_slow_to_answer_ends_no_term() {
    let server = Server::with(empty());
    let way = Way::new(&server);
    let slow = DURATION / 5 - 5;
    let fate = Fate { there: Some(slow / 2), back: Some(slow / 2) };
    *way.fates.lock().unwrap() = std::iter::repeat_n(fate, 1000).collect();
    let one = Replica::start(&way, "one", &Terms::default());
    seconds(2 * slow + 1).await;
    assert!(leads_for(&one, 10 * DURATION).await);
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_renewals_are_lost_stops_before_another_begins() {
    let server = Server::with(empty());
    let (terms, way) = (Terms::default(), Way::new(&server));
    let mut one = Replica::start(&way, "one", &terms);
    seconds(10).await;
    let two = Replica::start(&Way::new(&server), "two", &terms);
    let lost = Fate { there: None, back: None };
    *way.fates.lock().unwrap() = std::iter::repeat_n(lost, 1000).collect();
    while one.leadership.leads() {
        one.leadership.changed().await;
    }
    assert!(!two.leadership.leads());
    assert!(one.shows("ringwall_leader 0"));
    seconds(DURATION).await;
    assert!(two.leadership.leads());
    assert!(one.metrics.encode().contains(r#"ringwall_lease_failures_total{reason="timeout"}"#));
}

#[tokio::test(start_paused = true)]
async fn a_leader_stops_as_soon_as_it_sees_that_another_holds_the_lease() {
    let server = Server::with(empty());
    let one = Replica::start(&Way::new(&server), "one", &Terms::default());
    seconds(10).await;
    assert!(one.leadership.leads());
    let mut lease = server.lock().0.clone().unwrap();
    lease["spec"]["holderIdentity"] = "somebody".into();
    server.put(lease, false);
    seconds(DURATION / 3 + 10).await;
    assert!(!one.leadership.leads());
}

#[tokio::test(start_paused = true)]
async fn without_rights_nobody_leads_and_a_metric_says_so_until_they_are_granted() {
    let server = Server::with(empty());
    let refusal = Some(Fault::Forbidden("leases is forbidden".to_owned()));
    let one = Replica::start(&Way { refusal, ..Way::new(&server) }, "one", &Terms::default());
    seconds(3 * DURATION).await;
    assert!(!one.leadership.leads());
    assert!(one.metrics.encode().contains(r#"ringwall_lease_failures_total{reason="forbidden"}"#));
}
