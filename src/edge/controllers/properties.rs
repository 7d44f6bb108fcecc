//! Whatever annotations say, no controller panics over them, and what is said of an Ingress is said again.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    edge::{
        Controller,
        test_world::{World, ingress},
    },
    model::Kind,
};

use super::KNOWN;

/// The annotations of all controllers that are read as more than a word.
const KEYS: [&str; 14] = [
    "alb.ingress.kubernetes.io/listen-ports",
    "alb.ingress.kubernetes.io/certificate-arn",
    "alb.ingress.kubernetes.io/ssl-redirect",
    "alb.ingress.kubernetes.io/mutual-authentication",
    "alb.ingress.kubernetes.io/group.name",
    "alb.ingress.kubernetes.io/actions.web",
    "appgw.ingress.kubernetes.io/ssl-redirect",
    "appgw.ingress.kubernetes.io/backend-protocol",
    "kubernetes.io/ingress.allow-http",
    "networking.gke.io/v1beta1.FrontendConfig",
    "nginx.ingress.kubernetes.io/permanent-redirect",
    "nginx.ingress.kubernetes.io/server-alias",
    "route.openshift.io/termination",
    "traefik.ingress.kubernetes.io/router.entrypoints",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("true".to_owned()),
        Just("443".to_owned()),
        Just(r#"[{"HTTP": 80}, {"HTTPS": 443}]"#.to_owned()),
        Just(r#"[{"HTTPS": 99999}]"#.to_owned()),
        Just(r#"[{"port": 443, "mode": "verify"}]"#.to_owned()),
        Just(r#"{"type": "redirect"}"#.to_owned()),
        "[\\PC]{0,12}",
    ]
}

fn all(world: &World, object: &Value) -> Vec<Vec<String>> {
    vec![
        world.told(object),
        world.settings(Kind::Ingress, object),
        world.certificates(Kind::Ingress, object),
        world.hops(Kind::Ingress, object),
        world.rests_on(Kind::Ingress, object),
    ]
}

proptest! {
    #[test]
    fn no_annotation_makes_a_controller_panic_or_change_its_mind(
        which in 0..KNOWN.len(),
        annotations in prop::collection::btree_map(prop::sample::select(&KEYS[..]), value(), 0..5),
        tls in prop::collection::vec(prop::sample::select(&["", "a.example.com", "*.example.com", "*."][..]), 0..3),
        hosts in prop::collection::vec(prop::sample::select(&["", "a.example.com", "*.example.com"][..]), 0..3),
    ) {
        let controller: &dyn Controller = KNOWN[which];
        let world = World::new(&[("edge", controller.identity().controllers[0])]);
        let annotations: Vec<_> = annotations.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let mut object = ingress(Some("edge"), &annotations, &tls, &hosts);
        if let Some(rules) = object["spec"]["rules"].as_array_mut() {
            let action = json!({"service": {"name": "web", "port": {"name": "use-annotation"}}});
            rules.iter_mut().take(1).for_each(|rule| rule["http"]["paths"][0]["backend"] = action.clone());
        }
        prop_assert_eq!(all(&world, &object), all(&world, &object));
    }
}
