//! Who has a connection, and who must give one up when there are too many.
//!
//! Whoever does not get on goes first: a handshake or a head that takes long, then the connection that has been idle longest.
//! A request that is being served is never cut. No peer can have more than half of all connections, and beyond that
//! makes room for itself: clients that hold connections must not lock out the API server.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::pace::{Pace, Phase};

/// How long a handshake or a head may take when there are too many connections, and how long one that was asked to leave.
const SLOW: Duration = Duration::from_secs(1);
/// How often it is looked again for somebody who can go.
const AGAIN: Duration = Duration::from_millis(200);

/// The connections.
pub(super) struct Crowd {
    most: usize,
    seats: Mutex<Seats>,
    left: Notify,
}

#[derive(Default)]
struct Seats {
    next: u64,
    taken: HashMap<u64, Occupant>,
    /// How many each peer has, without those that were told to go.
    peers: HashMap<IpAddr, usize>,
}

struct Occupant {
    peer: IpAddr,
    ties: Ties,
    /// When it was told to go.
    told: Option<Instant>,
}

/// What a connection and the crowd know of each other.
#[derive(Clone)]
pub(super) struct Ties {
    /// What the connection is doing.
    pub(super) pace: Arc<Pace>,
    /// Says that it must end as soon as it is idle.
    pub(super) leave: CancellationToken,
    /// Says that it must end at once.
    pub(super) cut: CancellationToken,
}

/// The right to a connection.
pub(super) struct Seat {
    pub(super) ties: Ties,
    crowd: Arc<Crowd>,
    number: u64,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, seats: Mutex::default(), left: Notify::new() })
    }

    /// The right to one more connection, as soon as there is one. None for a peer that has its half and uses all of it.
    pub(super) async fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let peer = peer.to_canonical();
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable();
            {
                let mut seats = self.seats();
                let has = seats.peers.get(&peer).copied().unwrap_or_default();
                if has >= self.most.div_ceil(2) && !seats.make_room(Some(peer)) {
                    return None;
                }
                if seats.taken.len() < self.most {
                    return Some(self.seat(&mut seats, peer));
                }
                seats.make_room(None);
            }
            let _ = timeout(AGAIN, left).await;
        }
    }

    /// Ends a connection that can be spared, if there is one.
    pub(super) fn make_room(&self) {
        self.seats().make_room(None);
    }

    fn seat(self: &Arc<Self>, seats: &mut Seats, peer: IpAddr) -> Seat {
        let (leave, cut) = (CancellationToken::new(), CancellationToken::new());
        let ties = Ties { pace: Arc::new(Pace::new(Phase::Handshake)), leave, cut };
        let number = seats.next;
        seats.next += 1;
        seats.taken.insert(number, Occupant { peer, ties: ties.clone(), told: None });
        *seats.peers.entry(peer).or_default() += 1;
        Seat { ties, crowd: Arc::clone(self), number }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.crowd.seats();
        if let Some(occupant) = seats.taken.remove(&self.number)
            && occupant.told.is_none()
        {
            seats.uncount(occupant.peer);
        }
        drop(seats);
        self.crowd.left.notify_waiters();
    }
}

impl Seats {
    /// Ends the connection that can best be spared, of one peer or of all. Says whether there was one.
    fn make_room(&mut self, of: Option<IpAddr>) -> bool {
        let now = Instant::now();
        // Those of a peer that were told to go count as gone.
        let concerned =
            |occupant: &&mut Occupant| of.is_none_or(|peer| occupant.peer == peer && occupant.told.is_none());
        let spared = self.taken.values_mut().filter(concerned);
        let spared =
            spared.filter_map(|occupant| Some((occupant.order(now)?, occupant))).min_by_key(|(order, _)| *order);
        let Some((_, occupant)) = spared else { return false };
        if occupant.told.is_none() && occupant.ties.pace.phase() == Phase::Idle {
            occupant.ties.leave.cancel();
        } else {
            occupant.ties.cut.cancel();
        }
        let peer = occupant.peer;
        if occupant.told.replace(now).is_none() {
            self.uncount(peer);
        }
        true
    }

    fn uncount(&mut self, peer: IpAddr) {
        if let Some(count) = self.peers.get_mut(&peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.peers.remove(&peer);
            }
        }
    }
}

/// In which order connections are given up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It does not get on.
    Slow,
    Idle,
    /// It has just begun.
    Fresh,
}

impl Occupant {
    /// Its place among those that can be spared: by rank, and then the oldest first.
    fn order(&self, now: Instant) -> Option<(Rank, Instant)> {
        let (phase, since) = (self.ties.pace.phase(), self.ties.pace.since());
        let slow = |since| now.saturating_duration_since(since) > SLOW;
        match self.told {
            _ if phase == Phase::Serving || self.ties.cut.is_cancelled() => None,
            Some(told) => slow(told).then_some((Rank::Slow, told)),
            None if phase == Phase::Idle => Some((Rank::Idle, since)),
            None => Some((if slow(since) { Rank::Slow } else { Rank::Fresh }, since)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    /// One more connection, which there must be without waiting.
    fn enter(crowd: &Arc<Crowd>, number: u8) -> Seat {
        crowd.enter(peer(number)).now_or_never().expect("nobody waits").expect("nobody is sent away")
    }

    fn waits(crowd: &Arc<Crowd>, number: u8) -> bool {
        crowd.enter(peer(number)).now_or_never().is_none()
    }

    fn is_told(seat: &Seat) -> (bool, bool) {
        (seat.ties.leave.is_cancelled(), seat.ties.cut.is_cancelled())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_slow_is_cut_before_idle_connections_and_what_is_served_stays() {
        let crowd = Crowd::new(4);
        let seats = [enter(&crowd, 1), enter(&crowd, 1), enter(&crowd, 2), enter(&crowd, 2)];
        let [served, idle, slow, fresh] = &seats;
        served.ties.pace.serve();
        idle.ties.pace.rest();
        tokio::time::advance(SLOW * 2).await;
        fresh.ties.pace.rest();
        fresh.ties.pace.head();
        assert!(waits(&crowd, 3));
        assert_eq!(seats.each_ref().map(is_told), [(false, false), (false, false), (false, true), (false, false)]);
        assert!(waits(&crowd, 3));
        assert_eq!(is_told(idle), (true, false));
        assert!(waits(&crowd, 3));
        assert_eq!((is_told(fresh), is_told(served)), ((false, true), (false, false)));
        let _ = slow;
        drop(seats);
        let _next = enter(&crowd, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_was_asked_to_leave_and_does_not_is_cut() {
        let crowd = Crowd::new(2);
        let seats = [enter(&crowd, 1), enter(&crowd, 2)];
        seats[0].ties.pace.rest();
        seats[1].ties.pace.serve();
        assert!(waits(&crowd, 3));
        assert_eq!(is_told(&seats[0]), (true, false));
        tokio::time::advance(SLOW * 2).await;
        assert!(waits(&crowd, 3));
        assert_eq!(is_told(&seats[0]), (true, true));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_heads_never_keep_another_peer_waiting_for_long() {
        let crowd = Crowd::new(8);
        let slow: Vec<Seat> = (0..8).map(|number| enter(&crowd, number)).collect();
        let connections = slow.into_iter().map(|seat| tokio::spawn(async move { seat.ties.cut.cancelled().await }));
        let connections: Vec<_> = connections.collect();
        assert!(crowd.enter(peer(9)).await.is_some());
        drop(connections);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_makes_room_for_itself_once_it_has_half_of_all_connections() {
        let crowd = Crowd::new(8);
        let others: Vec<Seat> = (0..3).map(|_| enter(&crowd, 1)).collect();
        let mut own: Vec<Seat> = (0..4).map(|_| enter(&crowd, 2)).collect();
        own.iter().skip(1).for_each(|seat| seat.ties.pace.serve());
        own.push(enter(&crowd, 2));
        assert_eq!(is_told(&own[0]), (false, true), "its own, though there is room");
        assert!(others.iter().all(|seat| is_told(seat) == (false, false)));
        own.remove(0);
        own.iter().for_each(|seat| seat.ties.pace.serve());
        assert!(matches!(crowd.enter(peer(2)).now_or_never(), Some(None)), "all of them are served");
        let _other = enter(&crowd, 1);
        drop(own);
        assert!(crowd.seats().peers.get(&peer(2)).is_none());
        let _again = enter(&crowd, 2);
    }
}
