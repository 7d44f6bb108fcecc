//! Edits in any order make the snapshot that one builds from scratch.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use proptest::{collection::vec, option, prelude::*, sample::select};
use ringwall::{
    model::{
        Derived, Ingress, IngressBackend, IngressPath, IngressRule, Kind, Labels, Meta, Name, NetworkPolicy, Object,
        ObjectKey, OwnerReference, Phase, Pod, PodFacts, Selector,
    },
    snapshot::{Edit, Lookup, Need, Scope, Snapshot},
};

const NAMESPACES: [&str; 2] = ["blue", "red"];
const NAMES: [&str; 4] = ["one", "two", "three", "four"];
const HOSTS: [&str; 2] = ["a.example", "b.example"];
const KINDS: [Kind; 3] = [Kind::Pod, Kind::NetworkPolicy, Kind::Ingress];

fn meta() -> impl Strategy<Value = Meta> {
    let owner = select(vec!["web", "api"]).prop_map(|name| OwnerReference {
        api_version: "apps/v1".into(),
        kind: "ReplicaSet".into(),
        name: name.into(),
        uid: name.into(),
        controller: true,
    });
    (select(NAMES.to_vec()), select(NAMESPACES.to_vec()), option::of(owner), any::<bool>()).prop_map(
        |(name, namespace, owner, terminating)| Meta {
            name: name.into(),
            namespace: Some(namespace.into()),
            owners: owner.into_iter().collect(),
            deletion: terminating.then_some(jiff::Timestamp::UNIX_EPOCH),
            ..Meta::default()
        },
    )
}

fn pod() -> impl Strategy<Value = Object> {
    let labels = vec((select(vec!["app", "tier"]), select(vec!["a", "b"])), 0..2);
    (meta(), labels, any::<bool>()).prop_map(|(meta, labels, host_network)| {
        let facts = PodFacts { labels: labels.into_iter().collect::<Labels>(), host_network, ..PodFacts::default() };
        let meta = Meta { labels: facts.labels.clone(), ..meta };
        Object::Pod(Arc::new(Pod {
            meta,
            facts: Arc::new(facts),
            phase: Phase::Active,
            mirror: false,
            hook: None,
            addresses: Arc::from([]),
        }))
    })
}

fn policy() -> impl Strategy<Value = Object> {
    (meta(), any::<bool>()).prop_map(|(meta, isolates_egress)| {
        Object::NetworkPolicy(Arc::new(NetworkPolicy {
            meta,
            pod_selector: Selector::everything(),
            isolates_ingress: true,
            isolates_egress,
            ingress: Vec::new(),
            egress: Vec::new(),
            empty_egress_ignored: false,
            lowered: Derived::default(),
        }))
    })
}

fn ingress() -> impl Strategy<Value = Object> {
    let backend = || {
        select(NAMES.to_vec()).prop_flat_map(|name| {
            prop_oneof![
                3 => Just(IngressBackend::Service { name: name.into(), port: None }),
                1 => Just(IngressBackend::Resource { kind: "Bucket".into(), name: name.into() }),
            ]
        })
    };
    let class = option::of(select(vec!["nginx", "traefik"]).prop_map(Name::from));
    let host = option::of(select(HOSTS.to_vec()).prop_map(Name::from));
    let backends = vec(backend(), 0..3);
    (meta(), class, option::of(backend()), host, backends).prop_map(|(meta, class_name, default, host, backends)| {
        let paths = backends.into_iter().map(|backend| IngressPath { path: "/".into(), backend }).collect();
        Object::Ingress(Arc::new(Ingress {
            meta,
            class_name,
            default_backend: default,
            tls: Vec::new(),
            rules: vec![IngressRule { host, paths }],
        }))
    })
}

fn object() -> impl Strategy<Value = Object> {
    prop_oneof![3 => pod(), 1 => policy(), 2 => ingress()]
}

fn key() -> impl Strategy<Value = ObjectKey> {
    (select(KINDS.to_vec()), select(NAMESPACES.to_vec()), select(NAMES.to_vec()))
        .prop_map(|(kind, namespace, name)| ObjectKey::namespaced(kind, namespace, name))
}

fn edit() -> impl Strategy<Value = Edit> {
    let list = (select(KINDS.to_vec()), option::of(select(NAMESPACES.to_vec())), vec(object(), 0..12));
    let list = list.prop_map(|(kind, namespace, objects)| {
        let namespace: Option<Name> = namespace.map(Name::from);
        let in_scope =
            |object: &Object| object.kind() == kind && (namespace.is_none() || object.meta().namespace == namespace);
        // A read finds each object once.
        let once: BTreeMap<_, _> = objects.into_iter().filter(in_scope).map(|object| (object.key(), object)).collect();
        let objects = once.into_values().collect();
        Edit::Replace { scope: Need::List(kind, namespace), objects }
    });
    let get = (object(), any::<bool>()).prop_map(|(object, found)| {
        let scope = Need::Get(object.key());
        Edit::Replace { scope, objects: found.then_some(object).into_iter().collect() }
    });
    prop_oneof![
        6 => object().prop_map(Edit::Put),
        2 => key().prop_map(Edit::Remove),
        1 => list,
        1 => get,
        1 => key().prop_map(Edit::Obscure),
    ]
}

/// What the edits mean, in the plainest way.
#[derive(Default)]
struct Plain {
    objects: BTreeMap<ObjectKey, Object>,
    undecodable: BTreeSet<ObjectKey>,
}

impl Plain {
    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Put(object) => self.put(object),
            Edit::Remove(key) => self.remove(key),
            Edit::Obscure(key) => {
                self.remove(key);
                self.undecodable.insert(key.clone());
            }
            Edit::Replace { scope, objects } => {
                let in_scope = |key: &ObjectKey| match scope {
                    Need::Get(one) => key == one,
                    Need::List(kind, namespace) => {
                        key.kind == *kind && (namespace.is_none() || key.namespace == *namespace)
                    }
                };
                let stale = self.objects.keys().chain(&self.undecodable).filter(|key| in_scope(key));
                for key in stale.cloned().collect::<Vec<_>>() {
                    self.remove(&key);
                }
                for object in objects {
                    self.put(object);
                }
            }
            Edit::Cover(..) => {}
        }
    }

    fn put(&mut self, object: &Object) {
        self.remove(&object.key());
        self.objects.insert(object.key(), object.clone());
    }

    fn remove(&mut self, key: &ObjectKey) {
        self.objects.remove(key);
        self.undecodable.remove(key);
    }
}

/// Namespace and controller, facts, and the Pods.
type SeenClass = (String, Arc<PodFacts>, Vec<Name>);

/// All that can be seen of a snapshot.
#[derive(PartialEq, Debug)]
struct Seen {
    lists: Vec<(Kind, Option<Name>, Vec<Object>)>,
    counts: Vec<usize>,
    classes: Vec<(Option<Name>, Vec<SeenClass>)>,
    referrers: Vec<(ObjectKey, Vec<ObjectKey>)>,
    hosts: Vec<Vec<Arc<Ingress>>>,
    policies: Vec<Arc<NetworkPolicy>>,
    undecodable: Vec<ObjectKey>,
}

fn see(snapshot: &Snapshot) -> Seen {
    let namespaces = || [None, Some(NAMESPACES[0]), Some(NAMESPACES[1])].into_iter().map(|name| name.map(Name::from));
    let keys = |kind| {
        NAMESPACES.into_iter().flat_map(move |namespace| NAMES.map(|name| ObjectKey::namespaced(kind, namespace, name)))
    };
    let referred =
        keys(Kind::Service).chain(["nginx", "traefik"].map(|name| ObjectKey::cluster(Kind::IngressClass, name)));
    let classes = |namespace: &Option<Name>| {
        let classes = snapshot.classes(namespace.as_ref());
        classes
            .map(|(key, class)| {
                assert!(Arc::ptr_eq(&key.facts, &class.facts) && snapshot.class(key).is_some());
                let pods = class.pods.iter().cloned().collect();
                (format!("{} {:?}", key.namespace, key.controller), Arc::clone(&class.facts), pods)
            })
            .collect()
    };
    let undecodable = |key: &ObjectKey| matches!(snapshot.object(key), Lookup::Unseen(_));
    Seen {
        lists: KINDS
            .into_iter()
            .flat_map(|kind| namespaces().map(move |namespace| (kind, namespace)))
            .map(|(kind, namespace)| {
                let objects = snapshot.list(kind, namespace.as_ref()).cloned().collect();
                (kind, namespace, objects)
            })
            .collect(),
        counts: KINDS.map(|kind| snapshot.count(kind)).to_vec(),
        classes: namespaces().map(|namespace| (namespace.clone(), classes(&namespace))).collect(),
        referrers: referred.map(|key| (key.clone(), snapshot.referrers(&key).cloned().collect())).collect(),
        hosts: HOSTS.map(|host| snapshot.ingresses_of_host(&host.into()).cloned().collect()).to_vec(),
        policies: NAMESPACES
            .iter()
            .flat_map(|namespace| snapshot.policies(&Name::from(*namespace)).cloned().collect::<Vec<_>>())
            .collect(),
        undecodable: KINDS.into_iter().flat_map(keys).filter(undecodable).collect(),
    }
}

fn empty() -> Snapshot {
    let whole = KINDS.map(|kind| Edit::Cover(Scope { kind, namespace: None }, Ok(())));
    Snapshot::new().with(whole).0
}

proptest! {
    #[test]
    fn edits_in_any_order_equal_a_build_from_scratch(edits in vec(edit(), 0..40), backwards in any::<bool>()) {
        let mut plain = Plain::default();
        for edit in &edits {
            plain.apply(edit);
        }
        let mut puts: Vec<Edit> = plain.objects.values().cloned().map(Edit::Put).collect();
        puts.extend(plain.undecodable.iter().cloned().map(Edit::Obscure));
        if backwards {
            puts.reverse();
        }
        let (edited, _) = empty().with(edits);
        let (built, _) = empty().with(puts);
        prop_assert_eq!(see(&edited), see(&built));
        let listed: Vec<_> = KINDS.into_iter().flat_map(|kind| edited.list(kind, None).cloned()).collect();
        prop_assert_eq!(listed, plain.objects.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn an_altered_copy_leaves_the_original_as_it_was(first in vec(edit(), 0..20), then in vec(edit(), 0..20)) {
        let (original, _) = empty().with(first);
        let before = see(&original);
        let (altered, _) = original.with(then.clone());
        prop_assert_eq!(before, see(&original));
        // Applying in place comes to the same as altering a copy.
        let mut applied = original.clone();
        for edit in then {
            applied.apply(edit);
        }
        prop_assert_eq!(see(&altered), see(&applied));
    }

    /// What an edit says it touched is what differs afterwards.
    #[test]
    fn an_edit_touches_exactly_what_differs(first in vec(edit(), 0..20), edit in edit()) {
        let (before, _) = empty().with(first);
        let (after, touched) = before.with([edit]);
        let objects = |snapshot: &Snapshot| -> BTreeMap<ObjectKey, Object> {
            KINDS.into_iter().flat_map(|kind| snapshot.list(kind, None)).map(|object| (object.key(), object.clone())).collect()
        };
        let (old, new) = (objects(&before), objects(&after));
        let differing = old.keys().chain(new.keys()).filter(|key| old.get(*key) != new.get(*key)).cloned();
        prop_assert_eq!(touched, differing.collect::<BTreeSet<_>>());
    }
}
