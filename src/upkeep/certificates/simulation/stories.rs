//! What happens to a certificate, story by story.

use super::*;

#[test]
fn three_years_pass_without_a_moment_in_which_what_is_served_is_not_trusted() {
    let mut world = World::new(Terms::default(), 2).settled();
    world.run(3 * 365 * DAY);
    world.assert_in_order();
    assert_eq!(world.done["begin"], 1);
    // The authority every 243 days, the certificate every 20.
    assert_eq!((world.done["make"], world.done["drop"]), (4, 4), "{:?}", world.done);
    assert!((53..=60).contains(&world.done["issue"]), "{:?}", world.done);
    assert!(world.verified > 4_000, "{}", world.verified);
}

#[test]
fn a_secret_that_is_deleted_is_made_anew_while_the_old_certificate_is_served_and_trusted() {
    let mut world = World::new(Terms::default(), 2).settled();
    let served = world.replicas[1].in_force.clone().unwrap();
    world.secret = None;
    world.run(50);
    assert!(world.secret.is_some() && world.replicas[1].in_force.as_ref() == Some(&served));
    world.run(2 * 3600);
    assert!(world.replicas[1].in_force.as_ref() != Some(&served));
    world.assert_in_order();
}

#[test]
fn each_part_that_is_garbled_mends() {
    for part in ["ca.crt", "ca.key", "tls.crt", "tls.key", "next-ca.crt", "next-ca.key", "previous-ca.crt"] {
        for with in ["", "Z2FyYmFnZQ==", "not base64"] {
            let mut world = World::new(Terms::default(), 2).settled();
            // During an overlap, so that every part is there.
            world.garble("ca.key", "");
            world.run(30);
            world.garble(part, with);
            world.run(5 * 3600);
            world.assert_in_order();
        }
    }
}

#[test]
fn a_secret_put_back_from_long_ago_breaks_nothing() {
    let mut world = World::new(Terms::default(), 2).settled();
    let backup = world.secret.clone();
    world.run(250 * DAY);
    assert_eq!(world.done["make"], 1);
    world.secret = backup;
    world.run(3 * 3600);
    world.assert_in_order();
}

#[test]
fn a_bundle_that_a_hand_empties_is_put_right_at_the_next_look() {
    let mut world = World::new(Terms::default(), 2).settled();
    world.excused = world.time + POLL + 60;
    world.set_bundles(vec![String::new(); ENTRIES]);
    world.run(300);
    world.assert_in_order();
    assert_eq!((world.done["begin"], world.done["bundle"]), (1, 2));
}

#[test]
fn a_stranger_in_the_bundle_is_put_out_at_the_next_look() {
    let mut world = World::new(Terms::default(), 2).settled();
    let other = World::new(Terms::default(), 1).settled();
    let texts = &world.bundles.last().unwrap().1;
    let texts = texts.iter().map(|text| text.clone() + &other.bundles.last().unwrap().1[0]).collect();
    world.set_bundles(texts);
    world.run(POLL + 5);
    world.assert_in_order();
}

#[test]
fn fields_that_could_not_be_given_up_are_given_up_later_and_meanwhile_certificates_are_renewed() {
    let mut world = World::new(Terms::default(), 2);
    world.may_disown = false;
    let mut world = world.settled();
    world.run(25 * DAY);
    assert!(world.is_owner && world.done["issue"] == 1, "{:?}", world.done);
    world.may_disown = true;
    world.run(3600 + POLL);
    world.assert_in_order();
}

#[test]
fn with_the_clock_of_the_leader_a_year_ahead_nothing_is_renewed_by_it() {
    let mut world = World::new(Terms::default(), 2).settled();
    world.replicas[0].off = SignedDuration::from_hours(365 * 24);
    world.run(10 * DAY);
    assert_eq!(world.done.get("make"), None);
    world.replicas[0].off = SignedDuration::from_hours(-365 * 24);
    world.run(5 * DAY);
    assert_eq!(world.done.get("make"), None);
    world.assert_in_order();
}

#[test]
fn what_was_made_by_a_clock_that_was_a_year_ahead_is_valid_and_is_renewed_once_clocks_agree() {
    let mut world = World::new(Terms::default(), 2);
    world.tells_time = false;
    for replica in &mut world.replicas {
        replica.off = SignedDuration::from_hours(365 * 24);
    }
    let mut world = world.settled();
    world.run(DAY);
    assert_eq!(world.done.get("make"), None);
    world.tells_time = true;
    for replica in &mut world.replicas {
        replica.off = SignedDuration::ZERO;
    }
    world.run(DAY);
    world.assert_in_order();
    assert_eq!((world.done["make"], world.done["drop"]), (1, 1));
    let end = world.replicas[0].in_force.as_ref().unwrap().not_after;
    assert!(end < world.now() + Duration::from_secs(31 * DAY));
}
