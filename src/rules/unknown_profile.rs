//! `unknown-profile`: a namespace label that chooses a profile that does not exist.

use crate::{
    model::{FieldPath, Kind, Object},
    snapshot::Need,
    source::nearest::nearest,
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    SubjectReference,
};

/// The rule.
pub(super) struct UnknownProfile;

const PREFIX: &str = "ringwall.dev/";
const PROFILES: [&str; 3] = ["privileged", "baseline", "restricted"];
const LABELS: [&str; 3] = ["ringwall.dev/audit", "ringwall.dev/enforce", "ringwall.dev/warn"];

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unknown-profile"),
    family: Family("unknown-profile"),
    level: Level::Always,
    what: "A Namespace label ringwall.dev/enforce, /warn or /audit whose value is no profile.",
    why: "A typing error in the label that switches enforcement on would leave everybody believing that it is on; it is refused \
          whatever the mode, and where it is found in place it counts as the strictest profile.",
    sources: &["Pod Security Admission: k8s.io/pod-security-admission/api, PolicyToEvaluate"],
    parameters: &[],
    aspect: "the label",
    extent: "1",
    breaks: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels: {ringwall.dev/enforce: strict}\n",
    keeps: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels: {ringwall.dev/enforce: restricted}\n",
    mend: "Use privileged, baseline or restricted.",
};

impl Rule for UnknownProfile {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Subject::Object(key) = subject else { return };
        if key.kind != Kind::Namespace {
            return;
        }
        let Some(Object::Namespace(namespace)) = context.snapshot.object(key).found() else { return };
        for label in LABELS {
            let value = namespace.meta.labels.value(label);
            if value.is_some_and(|value| !PROFILES.contains(&value.as_str())) {
                out.push(Breach {
                    rule: INFO.id,
                    family: INFO.family,
                    subject: subject.clone(),
                    aspect: Aspect::Label(label.into()),
                    extent: Extent::Count(1),
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
        let label = match &breach.aspect {
            Aspect::Label(label) => label.clone(),
            _ => PREFIX.into(),
        };
        let value = match &breach.subject {
            Subject::Object(key) => context.snapshot.object(key).found(),
            Subject::Class(_) => None,
        };
        let value = value.and_then(|object| object.meta().labels.value(&label).cloned()).unwrap_or_default();
        let name = reference.name.clone();
        let places = match &breach.subject {
            Subject::Object(key) => {
                let path = FieldPath::root().field("metadata").field("labels").field(&label);
                vec![Place { object: key.clone(), path }]
            }
            Subject::Class(_) => Vec::new(),
        };
        let meant = match nearest(&value, PROFILES) {
            Some(profile) => profile.to_owned(),
            None => alternatives(),
        };
        Finding {
            rule: INFO.id,
            subject: SubjectReference { pods: None, ..reference },
            aspect: breach.aspect.to_string(),
            message: format!("Namespace {name} has {label}={value}, which is no profile: use {}", alternatives()),
            why: INFO.why.to_owned(),
            fix: Fix::Words(format!("write {label}: {meant}")),
            places,
        }
    }
}

/// `privileged, baseline or restricted`.
fn alternatives() -> String {
    let [first, second, third] = PROFILES;
    format!("{first}, {second} or {third}")
}
