//! `unenforced-policy`: a policy that nobody enforces.

use crate::{
    model::{FieldPath, Kind},
    network::{Enforcement, Family as PolicyFamily, Plugin},
    snapshot::{Blind, Coverage, Need},
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    mismatch::{breach, places},
};

/// The rule.
pub(super) struct UnenforcedPolicy;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unenforced-policy"),
    family: Family("unenforced-policy"),
    level: Level::Hint,
    what: "A policy of a kind that the cluster's network plugin does not enforce, one in a cluster that enforces none, or a staged one.",
    why: "The API server stores every policy, whoever is there to enforce it: what nobody enforces isolates nobody, and nothing tells.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites",
        "https://docs.tigera.io/calico/latest/network-policy/staged-network-policies",
    ],
    parameters: &[],
    aspect: "none",
    extent: "1",
    breaks: "\
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress]
",
    keeps: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
",
    mend: "Write a policy of a kind that is enforced; or say in the ruleset which network plugin there is (environment.networkPlugin).",
};

impl Rule for UnenforcedPolicy {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Subject::Object(key) = subject else { return };
        let Some((_, certain)) = fault(&context.environment.plugin, key.kind) else { return };
        let object = context.snapshot.object(key).found();
        if object.is_some_and(|object| !object.meta().is_terminating()) {
            out.push(breach(&INFO, subject, Aspect::Whole, certain));
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let plugin = &context.environment.plugin;
        let (fact, fix) = match fault(plugin, breach.subject.kind()) {
            Some((Fault::Staged, _)) => (
                "is staged: it is tried out and enforced by nobody".to_owned(),
                "write the same policy without Staged when it is tried out".to_owned(),
            ),
            Some((Fault::Nothing, _)) => (
                format!("isolates nobody: the network plugin ({}) enforces no policies", plugin.name),
                "install a network plugin that enforces policies, or correct environment.networkPlugin in the ruleset"
                    .to_owned(),
            ),
            Some((Fault::Unknown, _)) => (
                "may be enforced by nobody: which network plugin there is is not known".to_owned(),
                "set environment.networkPlugin in the ruleset".to_owned(),
            ),
            Some((Fault::Kind, _)) | None => (
                format!(
                    "isolates nobody: the network plugin ({}) does not enforce {}",
                    plugin.name,
                    breach.subject.kind()
                ),
                "write it as a NetworkPolicy, or correct environment.networkPlugin in the ruleset".to_owned(),
            ),
        };
        Finding {
            rule: INFO.id,
            aspect: String::new(),
            message: format!("{reference} {fact}"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(fix),
            places: places(&breach.subject, [FieldPath::new("kind")]),
            subject: reference,
        }
    }
}

/// Why nobody enforces a policy.
enum Fault {
    /// It is only tried out.
    Staged,
    /// No policies are enforced.
    Nothing,
    /// Its kind is not.
    Kind,
    /// Nobody has said.
    Unknown,
}

fn fault(plugin: &Plugin, kind: Kind) -> Option<(Fault, Coverage)> {
    if kind.is_staged_policy() {
        return Some((Fault::Staged, Ok(())));
    }
    if !kind.is_policy() || plugin.enforces(kind) {
        return None;
    }
    if plugin.enforcement == Enforcement::Never {
        return Some((Fault::Nothing, Ok(())));
    }
    if plugin.declared {
        return Some((Fault::Kind, Ok(())));
    }
    let family = PolicyFamily::of(kind)?.name();
    let why = format!("whether {family} policies are enforced here: set environment.networkPlugin in the ruleset");
    Some((Fault::Unknown, Err(Blind::Unknowable(why.into()))))
}
