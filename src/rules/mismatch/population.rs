//! The workloads that a peer or a policy means.

use crate::{
    model::{Kind, Labels, METADATA_NAME, Name, Object, PodFacts, Selector},
    network::{Direction, Fit, Peer, Plugin, PodView, Policy, PolicySubject, Rule, namespace_labels, unplaced},
    rules::{Context, Subject},
    snapshot::{Coverage, Snapshot},
};

/// A workload where it lives: a class of Pods, or a template.
pub(in crate::rules) struct Resident<'a> {
    /// Its namespace.
    pub(in crate::rules) namespace: &'a Name,
    /// The labels of the namespace.
    pub(in crate::rules) namespace_labels: Labels,
    /// What policies read of it.
    pub(in crate::rules) facts: &'a PodFacts,
    /// Itself.
    pub(in crate::rules) subject: Subject,
}

impl Resident<'_> {
    /// It as selectors see it.
    pub(in crate::rules) fn view(&self) -> PodView<'_> {
        PodView { namespace: self.namespace, namespace_labels: &self.namespace_labels, facts: self.facts }
    }
}

type Namespaces<'a> = Box<dyn Iterator<Item = (&'a Name, Labels)> + 'a>;
type Residents<'a> = Box<dyn Iterator<Item = Resident<'a>> + 'a>;

/// The namespaces that a selector means, or the one that is named.
pub(in crate::rules) fn meant_namespaces<'a>(
    snapshot: &'a Snapshot,
    own: Option<&'a Name>,
    selector: &'a Selector,
) -> Namespaces<'a> {
    if let Some(own) = own {
        let labels = namespace_labels(snapshot, own);
        return Box::new(std::iter::once((own, labels)).filter(|(_, labels)| selector.matches(labels)));
    }
    if let Some(names) = named(selector) {
        let found = names.iter().filter_map(|name| Some((name, snapshot.namespace(name).found()?.meta.labels.clone())));
        return Box::new(found.filter(|(_, labels)| selector.matches(labels)));
    }
    let all = snapshot.list(Kind::Namespace, None).filter_map(|object| match object {
        Object::Namespace(namespace) => Some((&namespace.meta.name, namespace.meta.labels.clone())),
        _ => None,
    });
    Box::new(all.filter(|(_, labels)| selector.is_everything() || selector.matches(labels)))
}

/// The names that a selector of namespaces lists, where it lists them.
pub(in crate::rules) fn named(selector: &Selector) -> Option<&[Name]> {
    match selector {
        Selector::In(key, values) if key == METADATA_NAME => Some(values),
        Selector::All(conditions) => conditions.iter().find_map(named),
        _ => None,
    }
}

/// The workloads of a namespace: classes, and templates without a controller.
pub(in crate::rules) fn residents<'a>(
    snapshot: &'a Snapshot,
    (namespace, labels): (&'a Name, Labels),
) -> impl Iterator<Item = Resident<'a>> + 'a {
    let classes = snapshot.classes(Some(namespace)).map(|(key, class)| (&*class.facts, Subject::Class(key.clone())));
    let templates = snapshot.templates(Some(namespace));
    let templates = templates.filter_map(|object| Some((&**object.pod_facts()?, Subject::Object(object.key()))));
    classes.chain(templates).map(move |(facts, subject)| Resident {
        namespace,
        namespace_labels: labels.clone(),
        facts,
        subject,
    })
}

/// The workloads that a peer means by their labels; none for peers of another form.
pub(in crate::rules) fn meant_by<'a>(snapshot: &'a Snapshot, plugin: &'a Plugin, peer: &'a Peer) -> Residents<'a> {
    let Peer::Pods { namespace, namespaces, .. } = peer else { return Box::new(std::iter::empty()) };
    let all = meant_namespaces(snapshot, namespace.as_ref(), namespaces);
    let all = all.flat_map(|namespace| residents(snapshot, namespace));
    Box::new(all.filter(move |resident| unplaced(resident.view()).is(plugin, peer) == Fit::Yes))
}

/// The workloads that a policy selects.
pub(in crate::rules) fn selected_by<'a>(
    snapshot: &'a Snapshot,
    plugin: &'a Plugin,
    subject: &'a PolicySubject,
) -> Residents<'a> {
    let all = meant_namespaces(snapshot, subject.namespace.as_ref(), &subject.namespaces);
    let all = all.flat_map(|namespace| residents(snapshot, namespace));
    Box::new(all.filter(move |resident| subject.selects(plugin, resident.view())))
}

/// Whether the snapshot is of a whole cluster: every cluster has this namespace, and only clusters give identities.
pub(in crate::rules) fn is_whole_cluster(snapshot: &Snapshot) -> bool {
    snapshot.namespace(&Name::from("kube-system")).found().is_some_and(|namespace| !namespace.meta.uid.is_empty())
}

/// Whether all workloads of a namespace have been seen, or of all namespaces.
pub(in crate::rules) fn seen_whole(snapshot: &Snapshot, namespace: Option<&Name>) -> Coverage {
    if namespace.is_none() {
        snapshot.coverage(Kind::Namespace, None)?;
    }
    let kinds = Kind::all().filter(|kind| *kind == Kind::Pod || kind.is_workload());
    kinds.into_iter().try_for_each(|kind| snapshot.coverage(kind, namespace))
}

/// The workloads on which a rule's ports are found: those that the policy selects for ingress, for egress its peers. `None` where
/// they are not known to be all: a rule for peers of another form, or one for namespaces that may be in other files.
pub(in crate::rules) fn destinations<'a>(
    context: &Context<'a>,
    policy: &'a Policy,
    direction: Direction,
    rule: &'a Rule,
) -> Option<Vec<Resident<'a>>> {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    match direction {
        Direction::Ingress => Some(selected_by(snapshot, plugin, &policy.subject).collect()),
        Direction::Egress => {
            let is_whole = is_whole_cluster(snapshot);
            let mut found = Vec::new();
            for (peer, _) in &rule.peers {
                let Peer::Pods { namespace, namespaces, pods } = peer else { return None };
                let is_named = namespace.is_some() || named(namespaces).is_some();
                if pods.is_everything() || (!is_named && !is_whole) {
                    return None;
                }
                let before = found.len();
                found.extend(meant_by(snapshot, plugin, peer));
                // Whoever is not there yet may have the port.
                if found.len() == before {
                    return None;
                }
            }
            Some(found)
        }
    }
}
