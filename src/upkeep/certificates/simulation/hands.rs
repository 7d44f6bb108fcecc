//! Whatever hands do, in any order, and whoever leads.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Hand {
    Lead(Option<usize>),
    Restart(usize),
    Delete,
    Garble(usize, bool),
    EmptyBundle,
    Clock(usize, i64),
    PutBack,
}

fn hand() -> impl Strategy<Value = Hand> {
    prop_oneof![
        4 => proptest::option::of(0..3usize).prop_map(Hand::Lead),
        3 => (0..3usize).prop_map(Hand::Restart),
        1 => Just(Hand::Delete),
        3 => (0..7usize, any::<bool>()).prop_map(|(part, empty)| Hand::Garble(part, empty)),
        1 => Just(Hand::EmptyBundle),
        1 => (0..3usize, prop_oneof![Just(0), Just(365), Just(-365)]).prop_map(|(replica, days)| Hand::Clock(replica, days)),
        1 => Just(Hand::PutBack),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: (ProptestConfig::default().cases / 80).max(24), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_hands_do_and_whoever_leads_what_is_served_is_trusted(
        hands in proptest::collection::vec((prop_oneof![0..90u64, 90..4000u64, Just(3 * DAY), Just(12 * DAY)], hand()), 1..14)
    ) {
        let day = Duration::from_secs(DAY);
        let terms = Terms { leaf: day * 6, authority: day * 60, ..Terms::default() };
        let mut world = World::new(terms, 3).settled();
        let backup = world.secret.clone();
        for (pause, hand) in hands {
            world.run(pause);
            match hand {
                // Nobody for a while: an end of the certificate without anybody to renew it would excuse everything.
                Hand::Lead(None) => {
                    let former = world.leader.take();
                    world.run(1800);
                    world.leader = former;
                }
                Hand::Lead(who) => world.leader = who,
                Hand::Restart(who) => world.replicas[who] = Replica { off: world.replicas[who].off, ..world.started() },
                Hand::Delete => world.secret = None,
                Hand::Garble(part, empty) => {
                    let parts = ["ca.crt", "ca.key", "tls.crt", "tls.key", "next-ca.crt", "next-ca.key", "previous-ca.crt"];
                    world.garble(parts[part], if empty { "" } else { "Z2FyYmFnZQ==" });
                }
                Hand::EmptyBundle => {
                    world.excused = world.excused.max(world.time + POLL + 60);
                    world.set_bundles(vec![String::new(); ENTRIES]);
                    world.run(POLL + 60);
                }
                Hand::Clock(who, days) => world.replicas[who].off = SignedDuration::from_hours(days * 24),
                Hand::PutBack => {
                    world.secret = backup.clone();
                    // A replica that starts before its authority is known again has nothing else to serve.
                    world.run(2 * 60);
                }
            }
        }
        world.leader = Some(1);
        world.run(3 * DAY);
        // A renewal may fall on the last moment; every replica looks within this time.
        if world.is_taking() {
            world.run(2 * POLL);
        }
        world.assert_in_order();
    }
}
