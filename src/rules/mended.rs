//! What `ringwall fix RULE -f MANIFEST` does: an object as it was written, with a finding mended in the object itself.
//!
//! Only what a controller's own file calls a mend is done, and no more: annotations are set or removed, entries of `spec.tls` added. What
//! must be decided by a person (another kind of route, the controller's configuration) is told and left.

use serde_json::{Map, Value, json};

use crate::{
    edge::{Mend, Plaintext, Surface, Tls, Wanted},
    encryption::policies,
    model::{Kind, Name, ObjectKey},
};

use super::{Context, FixError, Subject, at_the_edge::AtTheEdge};

/// What became of an object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mended {
    /// What was done, as sentences without an end.
    pub done: Vec<String>,
    /// What is left to do by hand.
    pub left: Vec<String>,
}

/// The rules whose findings are mended in the object itself.
const MENDED: [&str; 4] = ["plaintext-ingress", "uncovered-host", "weak-tls-version", "weak-cipher"];

/// Whether findings of a rule are mended in the object itself, which must be given.
pub fn is_mended_in_place(rule: &str) -> bool {
    MENDED.contains(&rule)
}

/// Mends what a rule finds in an object. `value` is the object as it was written, and has been put into the snapshot.
pub fn mend(context: &Context<'_>, rule: &str, key: &ObjectKey, value: &mut Value) -> Result<Mended, FixError> {
    let info = super::rule(rule).map(super::Rule::info).ok_or_else(|| FixError::UnknownRule(rule.to_owned()))?;
    let mut mended = Mended::default();
    let subject = Subject::Object(key.clone());
    let Some(at) = AtTheEdge::of(context, &subject) else { return Ok(mended) };
    let Some(surface) = at.surface() else { return Ok(mended) };
    match rule {
        "plaintext-ingress" => plaintext(key, surface.as_ref(), value, &mut mended),
        "uncovered-host" => uncovered(key, surface.as_ref(), value, &mut mended),
        "weak-tls-version" | "weak-cipher" => {
            let mut breaches = Vec::new();
            if let Some(rule) = super::rule(rule) {
                rule.judge(context, &subject, &mut breaches);
            }
            let is_proved = breaches.iter().any(|breach| breach.certain.is_ok());
            policy(key, surface.as_ref(), is_proved, info.mend, value, &mut mended);
        }
        _ => return Err(FixError::ByHand { rule: rule.to_owned(), words: info.mend }),
    }
    Ok(mended)
}

fn plaintext(key: &ObjectKey, surface: &dyn Surface, value: &mut Value, mended: &mut Mended) {
    for listener in surface.listeners(Wanted::All) {
        match listener.plaintext {
            Plaintext::Served(cause) => {
                for step in cause.mends {
                    apply(key, *step, listener.host.as_ref(), value, mended);
                }
            }
            Plaintext::Unknown(doubt) => mended.left(doubt.settle.to_string()),
            Plaintext::Redirected | Plaintext::Closed => {}
        }
    }
}

fn uncovered(key: &ObjectKey, surface: &dyn Surface, value: &mut Value, mended: &mut Mended) {
    for listener in surface.listeners(Wanted::All) {
        match listener.tls {
            Tls::Uncovered if key.kind == Kind::Ingress => {
                apply(key, Mend::AddTls, listener.host.as_ref(), value, mended);
            }
            Tls::Uncovered => mended.left("name a Secret whose certificate names the host".to_owned()),
            Tls::Unknown(doubt) => mended.left(doubt.settle.to_string()),
            Tls::Covered | Tls::None => {}
        }
    }
}

/// Only AWS lets an object name its policy; whatever else is set is the author's to choose.
fn policy(
    key: &ObjectKey,
    surface: &dyn Surface,
    is_proved: bool,
    words: &str,
    value: &mut Value,
    mended: &mut Mended,
) {
    if !is_proved {
        return;
    }
    let is_of_aws = surface.serving().name().is_some_and(|name| name.as_str() == "ingress.k8s.aws/alb");
    let annotation = match key.kind {
        Kind::Ingress if is_of_aws => "alb.ingress.kubernetes.io/ssl-policy",
        Kind::Service => "service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy",
        _ => return mended.left(words.to_owned()),
    };
    apply(key, Mend::Annotate(annotation, policies::RECOMMENDED_OF_AWS), None, value, mended);
}

/// Does one step.
fn apply(key: &ObjectKey, step: Mend, host: Option<&Name>, value: &mut Value, mended: &mut Mended) {
    match (step, host) {
        (Mend::Annotate(name, text), _) => {
            annotations(value, |annotations| {
                annotations.insert(name.to_owned(), json!(text));
            });
            mended.did(format!("set the annotation {name}: \"{text}\""));
        }
        (Mend::RemoveAnnotation(name), _) => {
            annotations(value, |annotations| {
                annotations.remove(name);
            });
            mended.did(format!("removed the annotation {name}"));
        }
        (Mend::AddTls, Some(host)) => {
            let secret = add_tls(key, host, value);
            mended.did(format!("added {host} to spec.tls, with the Secret {secret}"));
            mended.left(format!("let the Secret {secret} hold a certificate for {host}, or name the one that does"));
        }
        (Mend::AddTls | Mend::NameHost, _) => {
            mended.left("put a rule with a host, covered by spec.tls, in the place of requests of any host".to_owned());
        }
        (Mend::Words(words), _) => mended.left(words.to_owned()),
    }
}

impl Mended {
    fn did(&mut self, what: String) {
        if !self.done.contains(&what) {
            self.done.push(what);
        }
    }

    fn left(&mut self, what: String) {
        if !self.left.contains(&what) {
            self.left.push(what);
        }
    }
}

fn annotations(value: &mut Value, change: impl FnOnce(&mut Map<String, Value>)) {
    edit(value, "metadata", |metadata| {
        edit(metadata, "annotations", |annotations| {
            let mut map = take_map(annotations);
            change(&mut map);
            *annotations = if map.is_empty() { Value::Null } else { Value::Object(map) };
        });
    });
}

/// Adds a host to the entry of the Secret that is new to the Ingress, and says which that is.
fn add_tls(key: &ObjectKey, host: &Name, value: &mut Value) -> String {
    let secret = format!("{}-tls", key.name);
    edit(value, "spec", |spec| {
        edit(spec, "tls", |tls| {
            let mut entries = match tls.take() {
                Value::Array(entries) => entries,
                _ => Vec::new(),
            };
            let is_of_secret = |entry: &&mut Value| entry.get("secretName").and_then(Value::as_str) == Some(&secret);
            match entries.iter_mut().find(is_of_secret) {
                Some(entry) => edit(entry, "hosts", |hosts| match hosts {
                    Value::Array(hosts) => hosts.push(json!(host)),
                    other => *other = json!([host]),
                }),
                None => entries.push(json!({"hosts": [host], "secretName": secret})),
            }
            *tls = Value::Array(entries);
        });
    });
    secret
}

/// Changes a field; a field that is null afterwards is left out.
fn edit(value: &mut Value, name: &str, change: impl FnOnce(&mut Value)) {
    let mut map = take_map(value);
    let mut field = map.remove(name).unwrap_or_default();
    change(&mut field);
    if !field.is_null() {
        map.insert(name.to_owned(), field);
    }
    *value = Value::Object(map);
}

fn take_map(value: &mut Value) -> Map<String, Value> {
    match value.take() {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
