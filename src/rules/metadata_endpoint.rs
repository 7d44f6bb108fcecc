//! `metadata-endpoint`: egress that reaches the cloud's metadata addresses.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use crate::{
    model::{AddressSet, Protocol},
    network::{Admission, Direction, Exposure, WidePeer, WideReach, exposure},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Extent, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    isolation::{FAMILY, broken, governed, known, narrow_by_hand, needs, place, retry},
};

/// The rule.
pub(super) struct MetadataEndpoint;

/// Where every large cloud serves a node's metadata, and where EC2 does over IPv6.
const ADDRESSES: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254))];

/// The one port that they answer on. Egress by HTTPS to everywhere does not reach them.
const PORT: u16 = 80;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("metadata-endpoint"),
    family: FAMILY,
    level: Level::Restricted,
    what: "A workload whose policies admit egress to 169.254.169.254 or fd00:ec2::254 on TCP 80.",
    why: "Whoever reaches the cloud's metadata can take the node's credentials; a rule for the whole internet includes it unless it is \
          excepted.",
    sources: &[
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html",
        "https://cloud.google.com/compute/docs/metadata/overview",
    ],
    parameters: &[],
    aspect: "the direction",
    extent: "the metadata addresses that are reached, on TCP 80",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: internet, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 0.0.0.0/0}}]
      ports: [{port: 80}, {port: 443}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: internet, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]
      ports: [{port: 80}, {port: 443}]
",
    mend: "Except 169.254.169.254/32 and fd00:ec2::254/128 from the network that includes them, or name the networks that are needed.",
};

impl Rule for MetadataEndpoint {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(workload) = governed(context, subject) else { return };
        let exposure = context.exposure(subject, &workload, Direction::Egress);
        // Where nothing isolates it, `unisolated-egress` has said so.
        if !exposure.is_isolated() {
            return;
        }
        let breaks = |reading: &Exposure| reading.is_isolated() && reached(&reading.admission).next().is_some();
        let Some((admitted, certain)) = broken(&exposure, breaks) else { return };
        let addresses = AddressSet::union_of(&reached(&admitted).map(AddressSet::of_address).collect::<Vec<_>>());
        if addresses.is_empty() {
            return;
        }
        // On the scale of its direction: what was unisolated reached them before.
        let mut admission = Admission::nothing();
        admission.add(&[(Protocol::Tcp, PORT..=PORT)].into_iter().collect(), &addresses);
        out.push(Breach {
            rule: INFO.id,
            family: FAMILY,
            subject: subject.clone(),
            aspect: Aspect::Direction(Direction::Egress),
            extent: Extent::Admission(Arc::new(admission)),
            certain: certain.and_then(|()| known(context, &workload.namespace)),
        });
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        needs(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let snapshot = context.snapshot;
        let reference = breach.subject.reference(snapshot);
        let workload = breach.subject.workload(snapshot);
        let exposure = workload.as_ref().map(|workload| {
            exposure(snapshot, &context.environment.plugin, &workload.namespace, &workload.facts, Direction::Egress)
        });
        let addresses: Vec<IpAddr> = match &breach.extent {
            Extent::Admission(admission) => reached(admission).collect(),
            Extent::Count(_) | Extent::Names(_) => Vec::new(),
        };
        let admits = |reach: &WideReach| match reach {
            WideReach::Everyone => true,
            WideReach::Namespaces { .. } => false,
            WideReach::Addresses(set) => addresses.iter().any(|address| set.contains(*address)),
        };
        let entries = exposure.iter().flat_map(Exposure::readings).flat_map(|reading| &reading.wide);
        let mut guilty: Vec<&WidePeer> = Vec::new();
        for peer in entries.filter(|peer| peer.ports.contains(Protocol::Tcp, PORT) && admits(&peer.reach)) {
            if !guilty.iter().any(|other| (&other.policy, &other.at) == (&peer.policy, &peer.at)) {
                guilty.push(peer);
            }
        }
        let listed: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let by = guilty.first().map(|peer| format!(": policy {} admits it", peer.policy.name)).unwrap_or_default();
        let fixes: Vec<String> = guilty.iter().map(|peer| without_metadata(peer)).collect();
        let fix = if fixes.is_empty() { INFO.mend.to_owned() } else { fixes.join("; ") };
        let mut places: Vec<Place> =
            guilty.iter().map(|peer| Place { object: peer.policy.clone(), path: peer.at.clone() }).collect();
        places.extend(workload.iter().map(|workload| place(workload, "metadata.labels")));
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} reaches the cloud's metadata at {}{by}", listed.join(" and ")),
            why: format!("{}{}", INFO.why, retry(&reference)),
            fix: Fix::Words(fix),
            places,
            subject: reference,
        }
    }
}

/// The metadata addresses that are admitted.
fn reached(admission: &Admission) -> impl Iterator<Item = IpAddr> + '_ {
    ADDRESSES
        .into_iter()
        .filter(|address| admission.ports_where(|set| set.contains(*address)).contains(Protocol::Tcp, PORT))
}

/// How an entry is to be written so that it holds none of them. No policy is printed in its place: it would have to guess what else
/// the entry is for.
fn without_metadata(peer: &WidePeer) -> String {
    let WideReach::Addresses(set) = &peer.reach else { return narrow_by_hand(&peer.policy, &peer.at) };
    let held: Vec<IpAddr> = ADDRESSES.into_iter().filter(|address| set.contains(*address)).collect();
    let theirs = AddressSet::union_of(&held.iter().copied().map(AddressSet::of_address).collect::<Vec<_>>());
    if set.is_within(&theirs) {
        return format!("in {} remove {}", peer.policy, peer.at);
    }
    let except: Vec<String> = held
        .iter()
        .map(|address| match address {
            IpAddr::V4(address) => format!("{address}/32"),
            // Colons need their quotes in a list of this form.
            IpAddr::V6(address) => format!("\"{address}/128\""),
        })
        .collect();
    format!("in {} add except: [{}] to {}.ipBlock", peer.policy, except.join(", "), peer.at)
}
