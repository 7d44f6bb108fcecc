//! Laws that hold between worlds.

use proptest::prelude::*;
use ringwall::{
    model::Name,
    network::{Admission, Direction, Exposure, Plugin, Reading, evaluate, exposure},
};

use crate::{
    evaluator::isolating,
    strategies::{rule, subject, world},
    world::{Pod, World},
};

fn expose(world: &World, pod: &Pod, direction: Direction) -> Exposure {
    exposure(&world.snapshot(), &Plugin::default(), &Name::from(pod.namespace.as_str()), &pod.facts(), direction)
}

proptest! {
    #[test]
    fn adding_a_rule_to_a_policy_that_speaks_takes_nothing_away(world in world(), pod in subject(), rule in rule()) {
        for direction in Direction::BOTH {
            let before = expose(&world, &pod, direction);
            for policy in isolating(&world, &pod, direction) {
                let mut more = world.clone();
                let policy = more.policies.iter_mut().find(|other| other.name == policy.name).expect("it was there");
                let rules = match direction {
                    Direction::Ingress => &mut policy.ingress,
                    Direction::Egress => &mut policy.egress,
                };
                rules.get_or_insert_default().push(rule.clone());
                let after = expose(&more, &pod, direction);
                prop_assert!(before.admission.is_within(&after.admission));
                prop_assert_eq!(before.isolated_by.len(), after.isolated_by.len());
            }
        }
    }

    #[test]
    fn without_the_last_policy_that_selects_it_a_pod_is_open(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            let selecting: Vec<_> = isolating(&world, &pod, direction).iter().map(|policy| policy.name.clone()).collect();
            let mut open = world.clone();
            open.policies.retain(|policy| !selecting.contains(&policy.name));
            let after = expose(&open, &pod, direction);
            prop_assert!(after.isolated_by.is_empty() && after.wide.is_empty());
            prop_assert_eq!(&*after.admission, &Admission::everything());
        }
    }

    #[test]
    fn the_order_of_policies_does_not_matter(world in world(), pod in subject(), shift in 0usize..6) {
        for direction in Direction::BOTH {
            let before = expose(&world, &pod, direction);
            let mut turned = before.isolated_by.clone();
            if !turned.is_empty() {
                let by = shift % turned.len();
                turned.rotate_left(by);
            }
            let after = evaluate(turned, &Plugin::default(), &pod.facts(), direction, Reading::Most);
            prop_assert_eq!(&before.admission, &after.admission);
            prop_assert_eq!(&before.isolated_by, &after.isolated_by);
            prop_assert_eq!(&before.wide, &after.wide);
        }
    }

    /// A policy that selects a Pod can only close it, where nothing else isolates it, and only open it, where something does.
    #[test]
    fn a_policy_more_admits_no_less_to_what_is_isolated_already(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            let all = isolating(&world, &pod, direction);
            let Some(last) = all.last().map(|policy| policy.name.clone()) else { continue };
            let mut fewer = world.clone();
            fewer.policies.retain(|policy| policy.name != last);
            let (before, after) = (expose(&fewer, &pod, direction), expose(&world, &pod, direction));
            if all.len() == 1 {
                prop_assert!(after.admission.is_within(&before.admission));
            } else {
                prop_assert!(before.admission.is_within(&after.admission));
            }
        }
    }
}
