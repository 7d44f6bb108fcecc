//! A cluster on a table: replicas, two API servers that hear late, hands that delete and garble. The time is a number.

mod hands;
mod stories;

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    crypto::aws_lc_rs::default_provider,
};
use rustls_pki_types::{ServerName, UnixTime};
use serde_json::{Value, json};

use crate::cluster::wipe;

use super::{
    Terms,
    bundles::Bundles,
    cert::Cert,
    clock::Clock,
    memory::Memory,
    plan::{Outcome, Probe, Scene, Step, plan, written},
    stored::Stored,
};

const NAME: &str = "ringwall.ringwall.svc";
const ENTRIES: usize = 2;
const DAY: u64 = 86_400;
/// How late the API servers hear of bundles, in seconds: less than the wait.
const LAGS: [u64; 2] = [1, 45];
const POLL: u64 = 10;

struct Replica {
    began: u64,
    memory: Memory,
    in_force: Option<Cert>,
    probe: Option<Probe>,
    keeps_fields: bool,
    /// How far its clock is off.
    off: SignedDuration,
    looks_at: u64,
    /// When it has something to do, as far as it knows.
    wakes_at: u64,
}

/// Bundles, and whether Ringwall owns fields of their entries.
type Owned = (Vec<String>, bool);

struct World {
    start: Timestamp,
    /// Seconds since the start.
    time: u64,
    secret: Option<Value>,
    version: u64,
    /// The bundles of all entries, each time that they changed.
    bundles: Vec<(u64, Vec<String>)>,
    replicas: Vec<Replica>,
    leader: Option<usize>,
    terms: Terms,
    names: Vec<String>,
    /// Whether API servers say what time it is.
    tells_time: bool,
    /// Until when calls may fail, for a hand has emptied the bundles.
    excused: u64,
    /// How often what was served verified, and how many steps of each sort were done.
    verified: u64,
    done: HashMap<&'static str, u64>,
    trusts: RefCell<HashMap<(String, String), bool>>,
    /// What was read last: reading keys takes longest.
    read: RefCell<Option<(Option<Value>, Rc<Stored>)>>,
    parsed: RefCell<HashMap<String, Rc<Vec<Cert>>>>,
    known: RefCell<Option<(Owned, Rc<Bundles>)>>,
    /// Whether Ringwall owns fields of the entries, and whether it may give them up.
    is_owner: bool,
    may_disown: bool,
}

impl World {
    fn new(terms: Terms, replicas: usize) -> Self {
        let mut world = Self {
            start: "2026-11-22T10:00:00Z".parse().unwrap(),
            time: 0,
            secret: Some(
                json!({"metadata": {"name": "ringwall-certificate", "resourceVersion": "0"}, "type": "Opaque"}),
            ),
            version: 0,
            bundles: vec![(0, vec![String::new(); ENTRIES])],
            replicas: Vec::new(),
            leader: Some(0),
            terms,
            names: vec![NAME.to_owned()],
            tells_time: true,
            excused: 0,
            verified: 0,
            done: HashMap::new(),
            trusts: RefCell::default(),
            read: RefCell::default(),
            parsed: RefCell::default(),
            known: RefCell::default(),
            is_owner: false,
            may_disown: true,
        };
        world.replicas = (0..replicas).map(|_| world.started()).collect();
        world
    }

    fn started(&self) -> Replica {
        Replica {
            began: self.time,
            memory: Memory::default(),
            in_force: None,
            probe: None,
            keeps_fields: false,
            off: SignedDuration::ZERO,
            looks_at: self.time,
            wakes_at: self.time,
        }
    }

    fn stored(&self) -> Rc<Stored> {
        let mut read = self.read.borrow_mut();
        if let Some((secret, stored)) = &*read
            && *secret == self.secret
        {
            return Rc::clone(stored);
        }
        let stored = Rc::new(Stored::read(self.secret.clone()));
        *read = Some((self.secret.clone(), Rc::clone(&stored)));
        stored
    }

    fn trusted(&self) -> Rc<Bundles> {
        let texts = &self.bundles.last().unwrap().1;
        let mut known = self.known.borrow_mut();
        if let Some(((read, was_owner), bundles)) = &*known
            && (read, *was_owner) == (texts, self.is_owner)
        {
            return Rc::clone(bundles);
        }
        let bundles = Bundles::of(texts);
        let bundles = Rc::new(if self.is_owner { bundles.owned() } else { bundles });
        *known = Some(((texts.clone(), self.is_owner), Rc::clone(&bundles)));
        bundles
    }

    fn authorities(&self, text: &str) -> Rc<Vec<Cert>> {
        let mut parsed = self.parsed.borrow_mut();
        Rc::clone(parsed.entry(text.to_owned()).or_insert_with(|| Rc::new(Cert::authorities(text.as_bytes()))))
    }

    fn now(&self) -> Timestamp {
        self.start + Duration::from_secs(self.time)
    }

    /// What an API server that hears so late has heard.
    fn heard(&self, lag: u64) -> &[String] {
        let known = self.bundles.iter().rev().find(|(at, _)| at + lag <= self.time);
        &known.unwrap_or(&self.bundles[0]).1
    }

    fn set_bundles(&mut self, texts: Vec<String>) {
        // Several changes within a second: the last counts.
        self.bundles.retain(|(at, _)| *at != self.time || *at == 0);
        self.bundles.push((self.time, texts));
        let old = self.bundles.len().saturating_sub(8);
        self.bundles.drain(..old);
    }

    /// Lets all replicas look whose time has come.
    fn look(&mut self) {
        for index in 0..self.replicas.len() {
            if self.replicas[index].looks_at > self.time {
                continue;
            }
            let mut pause = None;
            for _ in 0..6 {
                let again;
                (again, pause) = self.look_at(index);
                if !again {
                    break;
                }
            }
            self.replicas[index].looks_at = self.time + POLL;
            self.replicas[index].wakes_at = self.time + pause.unwrap_or(DAY).max(POLL);
        }
    }

    /// One look of one replica: whether it did something, and how long it would wait.
    fn look_at(&mut self, index: usize) -> (bool, Option<u64>) {
        let stored = self.stored();
        let bundles = self.trusted();
        let (now, time) = (self.now(), self.time);
        let (terms, names, tells_time) = (self.terms, self.names.clone(), self.tells_time);
        let leads = self.leader == Some(index);
        let replica = &mut self.replicas[index];
        let uptime = Duration::from_secs(time - replica.began);
        let clock = Clock::of(now + replica.off, tells_time.then_some(now));
        let leaf = stored.contents.leaf.as_ref().map(|leaf| leaf.certificate.clone());
        replica.memory.observe(Some(&bundles), stored.contents.signing(), uptime);
        let in_force = replica.in_force.as_ref();
        if let Some(leaf) = leaf.filter(|leaf| in_force != Some(leaf))
            && replica.memory.may_take(&leaf, in_force, Some(&bundles), &terms, clock, uptime)
        {
            replica.in_force = Some(leaf);
        }
        let scene = Scene {
            stored: &stored,
            bundles: Some(&bundles),
            in_force: replica.in_force.as_ref(),
            memory: &replica.memory,
            probe: replica.probe.as_ref(),
            keeps_fields: replica.keeps_fields,
            clock,
            uptime,
            terms: &terms,
            names: &names,
        };
        let step = plan(&scene);
        if !(leads || step == Step::Begin && replica.in_force.is_none()) {
            return (false, None);
        }
        let new = written(&step, &scene).unwrap();
        let name = match step {
            Step::Wait(time) => return (false, Some(time.as_secs())),
            Step::Rest(_) => return (false, None),
            Step::Begin => "begin",
            Step::Mend => "mend",
            Step::MakeAuthority(_) => "make",
            Step::IssueLeaf(..) => "issue",
            Step::DropPrevious => "drop",
            Step::PutInBundle => "bundle",
            Step::Disown => {
                self.is_owner = !self.may_disown;
                let failed = std::mem::replace(&mut self.replicas[index].keeps_fields, self.is_owner);
                // What fails again fails when nothing else is to be done.
                return (self.may_disown || !failed, Some(3600));
            }
            Step::Probe(about) => {
                let outcome = self.probe();
                let replica = &mut self.replicas[index];
                let first = replica.probe.as_ref().filter(|probe| probe.about == about).map_or(uptime, |it| it.first);
                replica.probe = Some(Probe { about, outcome, first, last: uptime });
                return (true, None);
            }
        };
        *self.done.entry(name).or_default() += 1;
        if let Some(new) = new {
            let mut object = new.object(&stored, "ringwall", "ringwall-certificate", None);
            self.version += 1;
            object["metadata"]["resourceVersion"] = self.version.to_string().into();
            let old = self.secret.replace(object);
            if let Some(mut old) = old {
                wipe(&mut old);
            }
        } else {
            self.set_bundles(vec![stored.contents.bundle(); ENTRIES]);
            self.is_owner = true;
        }
        (true, None)
    }

    /// A request through the slowest API server, which any replica answers.
    fn probe(&self) -> Outcome {
        let served = self.replicas.iter().find_map(|replica| replica.in_force.as_ref());
        match served {
            Some(served) if self.is_trusted(served, LAGS[1]) => Outcome::Answered(served.fingerprint.clone()),
            _ => Outcome::Silent("x509: certificate signed by unknown authority".to_owned()),
        }
    }

    /// Whether an API server that hears so late verifies a certificate, by each entry. Go looks at the authority's validity, too.
    fn is_trusted(&self, leaf: &Cert, lag: u64) -> bool {
        let now = self.now();
        self.heard(lag).iter().all(|text| {
            let authorities = self.authorities(text);
            let mut valid = authorities.iter().filter(|it| it.not_before <= now && now <= it.not_after).peekable();
            valid.peek().is_some()
                && leaf.not_before <= now
                && now <= leaf.not_after
                && *self
                    .trusts
                    .borrow_mut()
                    .entry((leaf.fingerprint.clone(), text.clone()))
                    .or_insert_with(|| verifies(leaf, valid, now))
        })
    }

    /// Everything that is served verifies, at every API server.
    fn check(&mut self) {
        if self.time < self.excused {
            return;
        }
        for (index, replica) in self.replicas.iter().enumerate() {
            let Some(served) = &replica.in_force else { continue };
            for lag in LAGS {
                assert!(
                    self.is_trusted(served, lag),
                    "after {} s replica {index} serves {}, and an API server that is {lag} s late does not trust it; done: {:?}",
                    self.time,
                    served.short(),
                    self.done
                );
                self.verified += 1;
            }
        }
    }

    /// Goes on for so many seconds: in small steps where something is under way.
    fn run(&mut self, seconds: u64) {
        let end = self.time + seconds;
        while self.time < end {
            let before: u64 = self.done.values().sum();
            self.look();
            self.check();
            let wakes_at = self.replicas.iter().map(|replica| replica.wakes_at).min().unwrap();
            let mut pause = wakes_at.saturating_sub(self.time).max(1);
            let is_busy = before != self.done.values().sum::<u64>();
            let has_lag = self.bundles.last().unwrap().0 + 60 > self.time;
            if is_busy || has_lag {
                pause = 5;
            }
            if self.replicas.iter().any(|replica| replica.in_force.is_none()) {
                pause = pause.min(POLL);
            }
            if self.is_taking() {
                pause = pause.min(5);
            }
            self.time = (self.time + pause).min(end);
        }
    }

    fn kept(&self) -> Option<String> {
        self.stored().contents.leaf.as_ref().map(|leaf| leaf.certificate.fingerprint.clone())
    }

    /// Whether a replica serves something else than what is kept.
    fn is_taking(&self) -> bool {
        let kept = self.kept();
        self.replicas.iter().any(|it| it.in_force.as_ref().map(|it| &it.fingerprint) != kept.as_ref())
    }

    /// Starts, and returns when everything is served and trusted.
    fn settled(mut self) -> Self {
        self.excused = 120;
        self.run(120);
        assert!(self.replicas.iter().all(|replica| replica.in_force.is_some()));
        self
    }

    fn garble(&mut self, part: &str, with: &str) {
        if let Some(secret) = &mut self.secret {
            secret["data"][part] = with.into();
        }
    }

    /// All is whole and in order.
    fn assert_in_order(&self) {
        let stored = Stored::read(self.secret.clone());
        assert_eq!(stored.faults, Vec::<String>::new());
        assert!(!self.is_owner, "an upgrade that drops an entry would fail");
        let contents = &stored.contents;
        assert!(contents.next.is_none() && contents.previous.is_empty(), "done: {:?}", self.done);
        let leaf = &contents.leaf.as_ref().unwrap().certificate;
        assert!(leaf.is_signed_by(&contents.authority.as_ref().unwrap().certificate));
        assert!(Bundles::of(&self.bundles.last().unwrap().1).are(&contents.trusted()));
        for replica in &self.replicas {
            assert_eq!(replica.in_force.as_ref().unwrap().fingerprint, leaf.fingerprint);
        }
    }
}

fn verifies<'a>(leaf: &Cert, authorities: impl Iterator<Item = &'a Cert>, now: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.der().into_owned()).unwrap();
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider())).build();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now.as_second().try_into().unwrap()));
    let name = ServerName::try_from(NAME).unwrap();
    verifier.unwrap().verify_server_cert(&leaf.der(), &[], &name, &[], time).is_ok()
}
