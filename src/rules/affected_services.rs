//! Which Services, and what leads to them, a change affects.
//!
//! What rules say of Services are hints about how objects fit together. They are judged when a Service, what leads to it, or a policy of
//! its Pods changes, and by surveys; not with every Pod, for a Pod that comes must not cost a look at all Services of its namespace.
//! Nor with the labels of namespaces and with cluster-wide policies, which would mean every Service there is.

use std::collections::BTreeSet;

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey, Selector, Service},
    snapshot::Snapshot,
};

use super::Subject;

/// The Services whose Pods a policy may select, with what leads to them. `selector` is the policy's.
pub(super) fn behind_policy(snapshot: &Snapshot, namespace: &Name, selector: &Selector, out: &mut BTreeSet<Subject>) {
    for object in snapshot.list(Kind::Service, Some(namespace)) {
        let Object::Service(service) = object else { continue };
        if service.selector.as_ref().is_some_and(|labels| may_share(selector, labels)) {
            let key = object.key();
            out.extend(snapshot.referrers(&key).cloned().map(Subject::Object));
            out.insert(Subject::Object(key));
        }
    }
}

/// The NetworkPolicies of its namespace that may select Pods of a Service: where it leads tells where these listen.
pub(super) fn policies_behind(snapshot: &Snapshot, namespace: &Name, service: &Service, out: &mut BTreeSet<Subject>) {
    let Some(labels) = &service.selector else { return };
    for object in snapshot.list(Kind::NetworkPolicy, Some(namespace)) {
        if matches!(object, Object::NetworkPolicy(policy) if may_share(&policy.pod_selector, labels)) {
            out.insert(Subject::Object(object.key()));
        }
    }
}

/// What leads to a Gateway or, through Gateways, to a class of them.
pub(super) fn behind_gateways(snapshot: &Snapshot, key: &ObjectKey, out: &mut BTreeSet<Subject>) {
    for referrer in snapshot.referrers(key) {
        out.insert(Subject::Object(referrer.clone()));
        if referrer.kind == Kind::Gateway {
            out.extend(snapshot.referrers(referrer).cloned().map(Subject::Object));
        }
    }
}

/// Whether a Pod that has these labels, and any others besides, may satisfy a selector.
fn may_share(selector: &Selector, labels: &Labels) -> bool {
    match selector {
        Selector::All(conditions) => conditions.iter().all(|condition| may_share(condition, labels)),
        Selector::In(key, values) => labels.value(key).is_none_or(|value| values.contains(value)),
        Selector::Not(condition) => match &**condition {
            Selector::Has(key) => !labels.has(key),
            Selector::In(key, values) => labels.value(key).is_none_or(|value| !values.contains(value)),
            _ => true,
        },
        Selector::Any(_) | Selector::Has(_) | Selector::Like(..) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_and_a_service_share_no_pod_where_one_label_contradicts() {
        let labels: Labels = [("app", "web")].into_iter().collect();
        let app = |value: &str| Selector::In("app".into(), vec![value.into()]);
        let not = |selector| Selector::Not(Box::new(selector));
        let tier = Selector::In("tier".into(), vec!["front".into()]);
        for selector in [
            Selector::everything(),
            app("web"),
            tier.clone(),
            not(tier.clone()),
            not(app("api")),
            Selector::Any(vec![]),
        ] {
            assert!(may_share(&selector, &labels), "{selector}");
        }
        for selector in
            [app("api"), Selector::All(vec![tier, app("api")]), not(app("web")), not(Selector::Has("app".into()))]
        {
            assert!(!may_share(&selector, &labels), "{selector}");
        }
    }
}
