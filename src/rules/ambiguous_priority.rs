//! `ambiguous-priority`: two policies of one tier and priority that act differently on the same traffic.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    model::{FieldPath, Kind, Labels, Name, Object, ObjectKey, PodFacts, PortSet},
    network::{
        Action, Direction, Fit, Peer, Plugin, PodView, Policy, Rank, Rule as PolicyRule, each_policy, namespace_labels,
        unplaced,
    },
    snapshot::{Need, Snapshot},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    affected::workloads,
};

/// The rule.
pub(super) struct AmbiguousPriority;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("ambiguous-priority"),
    family: Family("ambiguous-priority"),
    level: Level::Hint,
    what: "Two ClusterNetworkPolicies or AdminNetworkPolicies of equal tier and priority whose rules act differently on the same \
           traffic of the same workload.",
    why: "Which of the two a network plugin asks first is not defined: it may let pass what the other was written to stop.",
    sources: &["network-policy-api, apis/v1alpha2/clusternetworkpolicy_types.go, ClusterNetworkPolicySpec.Priority"],
    parameters: &[],
    aspect: "the direction",
    extent: "the number of the other policies",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: allow-monitoring}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - action: Accept
      from: [{namespaces: {}}]
      protocols: [{tcp: {destinationPort: {number: 9090}}}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: close-shop}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
      from: [{namespaces: {}}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: allow-monitoring}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {}}
  ingress:
    - action: Accept
      from: [{namespaces: {}}]
      protocols: [{tcp: {destinationPort: {number: 9090}}}]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: close-shop}
spec:
  tier: Admin
  priority: 20
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
      from: [{namespaces: {}}]
",
    mend: "Give the two policies different priorities.",
};

impl Rule for AmbiguousPriority {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        for (direction, conflicts) in conflicts(context, subject) {
            if !conflicts.is_empty() {
                out.push(Breach {
                    rule: INFO.id,
                    family: INFO.family,
                    subject: subject.clone(),
                    aspect: Aspect::Direction(direction),
                    extent: Extent::Count(conflicts.len() as u64),
                    certain: Ok(()),
                });
            }
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let direction = breach.aspect.direction().unwrap_or(Direction::Ingress);
        let all = conflicts(context, &breach.subject);
        let found: Vec<Conflict> =
            all.into_iter().filter(|(of, _)| *of == direction).flat_map(|(_, found)| found).collect();
        let mut places = Vec::new();
        let mut message = format!("{reference} shares its priority with a policy that acts differently on {direction}");
        if let (Some(first), Subject::Object(key)) = (found.first(), &breach.subject) {
            let others = match found.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            message = format!(
                "{reference} and {}{others} have one tier and priority, and of the same {direction} traffic of {} one says {} and the \
                 other {}",
                first.other,
                first.workload,
                word(first.mine.0),
                word(first.theirs.0)
            );
            places.push(Place { object: key.clone(), path: first.mine.1.clone() });
            places.push(Place { object: first.other.clone(), path: first.theirs.1.clone() });
        }
        Finding {
            rule: INFO.id,
            subject: reference,
            aspect: breach.aspect.to_string(),
            message,
            why: INFO.why.to_owned(),
            fix: Fix::Words("change spec.priority of the one that is to come later to a higher number".to_owned()),
            places,
        }
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Accept => "Accept",
        Action::Deny => "Deny",
        Action::Pass => "Pass",
    }
}

/// Two rules that contradict each other.
struct Conflict {
    mine: (Action, FieldPath),
    other: ObjectKey,
    theirs: (Action, FieldPath),
    /// A workload that both apply to.
    workload: String,
}

/// By direction, the policies of the same tier and priority that contradict the subject, each by the first rules that do.
fn conflicts(context: &Context<'_>, subject: &Subject) -> Vec<(Direction, Vec<Conflict>)> {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    let Subject::Object(key) = subject else { return Vec::new() };
    if !is_prioritised(key.kind) {
        return Vec::new();
    }
    let Some(object) = snapshot.object(key).found() else { return Vec::new() };
    let Some(mine) = lowered(snapshot, &object) else { return Vec::new() };
    let tied: Vec<Arc<Policy>> = prioritised(snapshot)
        .filter(|other| !plugin.declared || plugin.enforces(other.kind()))
        .filter_map(|other| lowered(snapshot, other))
        .filter(|other| other.source != mine.source && place(other) == place(&mine))
        .collect();
    if tied.is_empty() || (plugin.declared && !plugin.enforces(key.kind)) {
        return Vec::new();
    }
    let world = World::of(snapshot, plugin);
    let of = |direction| tied.iter().filter_map(|other| world.conflict(&mine, other, direction)).collect();
    Direction::BOTH.into_iter().map(|direction| (direction, of(direction))).collect()
}

/// Whether policies of the kind have a priority by which alone they are ordered.
fn is_prioritised(kind: Kind) -> bool {
    matches!(kind, Kind::ClusterNetworkPolicy | Kind::AdminNetworkPolicy)
}

fn prioritised(snapshot: &Snapshot) -> impl Iterator<Item = &Object> {
    Kind::all().filter(|kind| is_prioritised(*kind)).flat_map(|kind| snapshot.list(kind, None))
}

/// The policies that share tier and priority with another: those whose verdict others can alter.
pub(super) fn tied(snapshot: &Snapshot) -> Vec<ObjectKey> {
    let mut by_place: BTreeMap<_, Vec<ObjectKey>> = BTreeMap::new();
    for policy in prioritised(snapshot).filter_map(|object| lowered(snapshot, object)) {
        let (tier, priority) = place(&policy);
        by_place.entry((tier.clone(), priority)).or_default().push(policy.source.clone());
    }
    by_place.into_values().filter(|keys| keys.len() > 1).flatten().collect()
}

fn place(policy: &Policy) -> (&crate::network::Tier, Rank) {
    (&policy.order.tier, policy.order.priority)
}

fn lowered(snapshot: &Snapshot, object: &Object) -> Option<Arc<Policy>> {
    let mut found = None;
    each_policy(snapshot, object, |policy| found = Some(Arc::clone(policy)));
    found
}

/// The workloads on which overlap is judged.
struct World<'a> {
    plugin: &'a Plugin,
    namespaces: BTreeMap<Name, Labels>,
    workloads: Vec<(Name, Arc<PodFacts>, ObjectKey)>,
}

impl<'a> World<'a> {
    fn of(snapshot: &Snapshot, plugin: &'a Plugin) -> Self {
        let classes = snapshot.classes(None).filter_map(|(key, class)| {
            let name = class.pods.first()?.clone();
            let object = ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), name);
            Some((key.namespace.clone(), Arc::clone(&class.facts), object))
        });
        let templates = workloads(snapshot, None).filter_map(|object| {
            Some((object.meta().namespace.clone()?, Arc::clone(object.pod_facts()?), object.key()))
        });
        let workloads: Vec<_> = classes.chain(templates).collect();
        let mut namespaces = BTreeMap::new();
        for (namespace, ..) in &workloads {
            if !namespaces.contains_key(namespace) {
                namespaces.insert(namespace.clone(), namespace_labels(snapshot, namespace));
            }
        }
        Self { plugin, namespaces, workloads }
    }

    fn views(&self) -> impl Iterator<Item = (PodView<'_>, &ObjectKey)> {
        self.workloads.iter().filter_map(|(namespace, facts, key)| {
            let namespace_labels = self.namespaces.get(namespace)?;
            Some((PodView { namespace, namespace_labels, facts }, key))
        })
    }

    fn conflict(&self, mine: &Policy, other: &Policy, direction: Direction) -> Option<Conflict> {
        let (rules, others) = (mine.rules(direction)?, other.rules(direction)?);
        let mut pairs = rules.iter().flat_map(|rule| others.iter().map(move |other| (rule, other)));
        let contradicts = |pair: &(&PolicyRule, &PolicyRule)| pair.0.action != pair.1.action && may_share_ports(pair);
        let pairs: Vec<_> = pairs.by_ref().filter(contradicts).collect();
        if pairs.is_empty() {
            return None;
        }
        let selected = |(pod, _): &(PodView<'_>, &ObjectKey)| {
            mine.subject.selects(self.plugin, *pod) && other.subject.selects(self.plugin, *pod)
        };
        let shared: Vec<_> = self.views().filter(selected).collect();
        pairs.into_iter().find_map(|(rule, theirs)| {
            let workload = self.overlap(rule, theirs, direction, &shared)?;
            Some(Conflict {
                mine: (rule.action, rule.at.clone()),
                other: other.source.clone(),
                theirs: (theirs.action, theirs.at.clone()),
                workload: workload.to_string(),
            })
        })
    }

    /// A workload of whose traffic both rules match some.
    fn overlap<'b>(
        &'b self,
        a: &PolicyRule,
        b: &PolicyRule,
        direction: Direction,
        shared: &[(PodView<'b>, &'b ObjectKey)],
    ) -> Option<&'b ObjectKey> {
        let first = *shared.first()?;
        let on = |pod: PodView<'_>| {
            let ports = |rule: &PolicyRule| rule.ports.on(self.plugin, pod.facts).into_owned();
            !ports(a).is_disjoint(&ports(b))
        };
        let numbers = |rule: &PolicyRule| -> PortSet { rule.ports.numbers(self.plugin).clone() };
        let by_number = !numbers(a).is_disjoint(&numbers(b));
        let is_both = |pod: PodView<'_>| [a, b].map(|rule| unplaced(pod).fits(self.plugin, rule)) == [Fit::Yes; 2];
        let anywhere = shares_addresses(a, b) || peers(a).eq(peers(b));
        match direction {
            // Names are those of the subject.
            Direction::Ingress => {
                let (_, key) = shared.iter().find(|(pod, _)| on(*pod))?;
                (anywhere || self.views().any(|(pod, _)| is_both(pod))).then_some(*key)
            }
            // Names are those of each peer.
            Direction::Egress => {
                let is_met = (anywhere && by_number) || self.views().any(|(pod, _)| is_both(pod) && on(pod));
                is_met.then_some(first.1)
            }
        }
    }
}

fn may_share_ports((a, b): &(&PolicyRule, &PolicyRule)) -> bool {
    let has_names = |rule: &PolicyRule| !rule.ports.names.is_empty();
    has_names(a) || has_names(b) || !a.ports.numbers.is_disjoint(&b.ports.numbers)
}

fn peers(rule: &PolicyRule) -> impl Iterator<Item = &Peer> {
    rule.peers.iter().map(|(peer, _)| peer)
}

fn shares_addresses(a: &PolicyRule, b: &PolicyRule) -> bool {
    !a.addresses().intersection(b.addresses()).is_empty()
}
