//! The effective mode of a workload (istio/pilot/pkg/security/authn, `ComposePeerAuthentication`).

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    encryption::mesh::{Accepts, Because, Inbound, Mesh, MeshSettings, Reading},
    model::{
        FieldPath, Kind, MeshPolicy, Name, ObjectKey, Place, PodFacts,
        mesh::{IstioSpec, MeshSpec, MtlsMode, PeerAuthentication},
    },
    snapshot::Blind,
};

/// The modes that came of all levels.
pub(super) enum Composed {
    Known { mode: Decided, ports: BTreeMap<u16, Decided> },
    Unknown(Blind),
}

/// A mode, and who said it.
#[derive(Clone)]
pub(super) struct Decided {
    mode: MtlsMode,
    by: Option<Place>,
}

/// The mesh's mode gives way to the namespace's, that to the workload's, and that to its ports'; what is `UNSET` inherits. On each
/// level the oldest object alone counts.
pub(super) fn compose(reading: &Reading<'_>, facts: &PodFacts) -> Composed {
    let (root, namespace) = (&reading.settings.istio_root, reading.namespace);
    for scope in [root, namespace] {
        if let Err(blind) = reading.coverage(Kind::PeerAuthentication, scope) {
            return Composed::Unknown(blind);
        }
    }
    let whole = |_: &PeerAuthentication| true;
    let mesh = oldest(reading, root, |peers| peers.selector.is_none() && whole(peers));
    let is_root = namespace == root;
    let own = |fits: &dyn Fn(&PeerAuthentication) -> bool| {
        if is_root { None } else { oldest(reading, namespace, fits) }
    };
    let of_namespace = own(&|peers| peers.selector.is_none());
    let of_workload = own(&|peers| peers.selector.as_ref().is_some_and(|selector| selector.matches(&facts.labels)));
    let mut mode = Decided { mode: MtlsMode::Permissive, by: None };
    for (policy, peers) in [&mesh, &of_namespace, &of_workload].into_iter().flatten() {
        if let Some(said) = peers.mode {
            mode = Decided { mode: said, by: Some(place(policy, FieldPath::new("spec.mtls.mode"))) };
        }
    }
    let ports = of_workload.iter().flat_map(|(policy, peers)| {
        peers.ports.iter().map(|(port, said)| {
            let decided = said.map(|said| Decided { mode: said, by: Some(place(policy, port_path(*port))) });
            (*port, decided.unwrap_or_else(|| mode.clone()))
        })
    });
    Composed::Known { ports: ports.collect(), mode: mode.clone() }
}

impl Composed {
    /// What is accepted with these modes. Ambient has no `DISABLE`; whatever is not `STRICT` accepts plaintext.
    pub(super) fn into_inbound(self, mesh: Mesh) -> Inbound {
        match self {
            Self::Unknown(blind) => Inbound::everywhere(Some(mesh), Accepts::Unknown(blind)),
            Self::Known { mode, ports } => Inbound {
                mesh: Some(mesh),
                default: mode.accepts(),
                ports: ports.iter().map(|(port, decided)| (*port..=*port, decided.accepts())).collect(),
            },
        }
    }
}

impl Decided {
    fn accepts(&self) -> Accepts {
        match (self.mode, &self.by) {
            (MtlsMode::Strict, _) => Accepts::MutualTls,
            (mode, Some(place)) => {
                let fact = format!("{} says {}", place.object, mode.name());
                Accepts::Plaintext(Because::said(fact, place.clone()))
            }
            (_, None) => Accepts::Plaintext(Because::nobody("no PeerAuthentication says STRICT")),
        }
    }
}

/// The oldest of the policies that fit (creation time, then name; istio/pilot/pkg/model, `sortConfigByCreationTime`). What has no time
/// yet is the youngest.
fn oldest<'a>(
    reading: &Reading<'a>,
    namespace: &'a Name,
    fits: impl Fn(&PeerAuthentication) -> bool,
) -> Option<(&'a Arc<MeshPolicy>, &'a PeerAuthentication)> {
    let policies = reading.policies(Kind::PeerAuthentication, namespace);
    let peers = policies.filter_map(|policy| Some((policy, peers_of(policy)?)));
    peers
        .filter(|(_, peers)| fits(peers))
        .min_by_key(|(policy, _)| (policy.meta.created.is_none(), policy.meta.created, &policy.meta.name))
}

fn peers_of(policy: &MeshPolicy) -> Option<&PeerAuthentication> {
    match &policy.spec {
        MeshSpec::Istio(IstioSpec::PeerAuthentication(peers)) => Some(peers),
        _ => None,
    }
}

fn place(policy: &MeshPolicy, path: FieldPath) -> Place {
    let object =
        ObjectKey { kind: policy.kind, namespace: policy.meta.namespace.clone(), name: policy.meta.name.clone() };
    Place { object, path }
}

fn port_path(port: u16) -> FieldPath {
    FieldPath::new("spec.portLevelMtls").field(&port.to_string()).field("mode")
}

/// Where a policy says `DISABLE`; nowhere in one that is ignored. Ports count only beside a selector.
pub fn turned_off(settings: &MeshSettings, policy: &MeshPolicy) -> Vec<FieldPath> {
    let Some(peers) = peers_of(policy) else { return Vec::new() };
    let is_root = policy.meta.namespace.as_ref() == Some(&settings.istio_root);
    if is_root && peers.selector.is_some() {
        return Vec::new();
    }
    let whole = (peers.mode == Some(MtlsMode::Disable)).then(|| FieldPath::new("spec.mtls.mode"));
    let ports = peers.ports.iter().filter(|(_, mode)| peers.selector.is_some() && **mode == Some(MtlsMode::Disable));
    whole.into_iter().chain(ports.map(|(port, _)| port_path(*port))).collect()
}
