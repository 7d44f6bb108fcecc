//! What the rules about Ingresses share: the Ingress, what it opens, and how its faults are told.

use std::sync::Arc;

use crate::{
    edge::{self, Doubt, Edge, Listener, Mend, Serving, Vouched},
    model::{FieldPath, Ingress, Name, Object, ObjectKey},
    snapshot::{Blind, Need},
};

use super::{Aspect, Breach, Context, Environment, Place, Subject};

/// An Ingress that rules judge, and what it opens.
pub(super) struct AtTheEdge {
    pub(super) key: ObjectKey,
    pub(super) ingress: Arc<Ingress>,
    pub(super) edge: Edge,
}

impl AtTheEdge {
    /// The subject as an Ingress, if it is one that is judged. The solvers of ACME challenges are not: they must be served in
    /// plaintext.
    pub(super) fn of(context: &Context<'_>, subject: &Subject) -> Option<Self> {
        let Subject::Object(key) = subject else { return None };
        let Some(Object::Ingress(ingress)) = context.snapshot.object(key).found() else { return None };
        if edge::acme::is_solver(&ingress) {
            return None;
        }
        let edge = edge::edge(context.snapshot, vouched(context.environment), &ingress);
        Some(Self { key: key.clone(), ingress, edge })
    }

    /// The listener that a breach is about.
    pub(super) fn listener(&self, breach: &Breach) -> Option<&Listener> {
        let Aspect::Host(host) = &breach.aspect else { return None };
        self.edge.listeners.iter().find(|listener| listener.host == *host)
    }

    /// Whether a doubt is only that: unless the ruleset refuses controllers that Ringwall does not know. What cannot be seen
    /// for the moment stays in doubt even then.
    pub(super) fn certainty(&self, context: &Context<'_>, doubt: &Doubt) -> Result<(), Blind> {
        let refused = context.environment.refuses_unknown_controllers
            && matches!(self.edge.serving, Serving::Unknown { .. } | Serving::Nobody(_));
        if refused { Ok(()) } else { Err(doubt.told()) }
    }

    /// A field of the Ingress.
    pub(super) fn place(&self, path: FieldPath) -> Place {
        Place { object: self.key.clone(), path }
    }

    /// Words that mend a cause, for manifests, and the command for an Ingress that is there already.
    pub(super) fn mend(&self, mends: &[Mend], host: Option<&Name>) -> (String, Option<String>) {
        let mut words = Vec::new();
        let mut changes = Some(String::new());
        for mend in mends {
            let change = match mend {
                Mend::Annotate(key, value) => {
                    words.push(format!("set the annotation {key}: \"{value}\""));
                    Some(format!(" {key}={value}"))
                }
                Mend::RemoveAnnotation(key) => {
                    words.push(format!("remove the annotation {key}"));
                    Some(format!(" {key}-"))
                }
                Mend::AddTls => {
                    let host = host.map_or("...", |host| host.as_str());
                    words.push(format!("add {host} to spec.tls[].hosts, with a secretName"));
                    None
                }
                Mend::NameHost => {
                    words.push("put a rule with a host, covered by spec.tls, in its place".to_owned());
                    None
                }
            };
            changes = changes.zip(change).map(|(changes, change)| changes + &change);
        }
        let namespace = self.key.namespace.clone().unwrap_or_default();
        let name = &self.key.name;
        let command =
            changes.map(|changes| format!("kubectl annotate --overwrite ingress -n {namespace} {name}{changes}"));
        (words.join(", and "), command)
    }
}

/// What the operator vouches for, of the environment.
fn vouched(environment: &Environment) -> Vouched<'_> {
    Vouched {
        controllers_of_classes: &environment.controllers_of_classes,
        refuses_plaintext: &environment.refuses_plaintext,
    }
}

/// The reads that a breach of an Ingress rests on.
pub(super) fn rests_on(context: &Context<'_>, breach: &Breach) -> Vec<Need> {
    AtTheEdge::of(context, &breach.subject).map(|at| at.edge.rests_on).unwrap_or_default()
}

/// A host as sentences name it.
pub(super) fn spoken(host: Option<&Name>) -> String {
    host.map_or_else(|| "requests of any host".to_owned(), ToString::to_string)
}

/// The path of an annotation.
pub(super) fn annotation(key: &str) -> FieldPath {
    FieldPath::new("metadata.annotations").field(key)
}
