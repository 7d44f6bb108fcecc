//! What the rules about certificates share: where a certificate is judged, and how it is told.
//!
//! A certificate is judged in the Secret that holds it, at each object at the edge that uses that Secret, and in the Certificate
//! of cert-manager that asks for it. What is wrong with a certificate whoever uses it, the Secret says itself; what depends on the
//! use (hosts, an authority as a server, the Secret being there at all) its users say. The decision drops what users would repeat.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    edge::{MissingSecret, Serving},
    encryption::{
        certificates::{Names, never_trusted},
        issuance::{Maker, maker},
    },
    model::{Bundle, CertificateFacts, FieldPath, Issuance, Kind, Name, Object, ObjectKey, Secret},
    snapshot::{Lookup, Need},
};

use super::{
    Aspect, Breach, Context, Extent, Finding, Fix, Place, RuleId, RuleInfo, Subject, SubjectReference,
    at_the_edge::{self, AtTheEdge},
};

/// The rules that can refuse for what is in a Secret that an object at the edge uses.
pub const CERTIFICATE_RULES: [RuleId; 5] = [
    RuleId("missing-certificate"),
    RuleId("mismatched-key"),
    RuleId("expired-certificate"),
    RuleId("uncovered-name"),
    RuleId("weak-certificate"),
];

/// By Secret, how an object at the edge uses its certificate.
pub(super) type Uses = BTreeMap<ObjectKey, Use>;

/// How an object at the edge uses the certificate of one Secret.
#[derive(Debug)]
pub(super) struct Use {
    /// The hosts that it must name.
    pub(super) hosts: BTreeSet<Name>,
    /// Those of them for which annotations of the object ask cert-manager.
    pub(super) issued: BTreeSet<Name>,
    /// Whether all places that name it ask cert-manager.
    pub(super) is_issued: bool,
    /// Where the object names it.
    pub(super) at: Vec<FieldPath>,
    /// What the controller does without it.
    pub(super) missing: MissingSecret,
    /// The controller's name among people.
    pub(super) title: &'static str,
}

/// A certificate as one subject has it: in it, used by it, or asked for by it.
pub(super) struct Held {
    /// The Secret.
    pub(super) key: ObjectKey,
    /// What tells its breaches apart from those of others.
    pub(super) aspect: Aspect,
    /// The Secret, where it is seen; `None` at a Certificate.
    pub(super) secret: Option<Arc<Secret>>,
    /// What asks for its certificate.
    pub(super) asked: Option<Arc<Issuance>>,
    /// How the subject uses it; `None` in the Secret and at a Certificate.
    pub(super) used: bool,
    uses: Arc<Uses>,
}

impl Held {
    /// How the subject uses it.
    pub(super) fn usage(&self) -> Option<&Use> {
        self.uses.get(&self.key).filter(|_| self.used)
    }

    /// The certificates, where they can be read.
    pub(super) fn bundle(&self) -> Option<&Bundle> {
        self.secret.as_ref()?.tls.as_ref()?.certificates.as_ref().ok()
    }

    /// Whether cert-manager will make the Secret anew: what is wrong in it is then mended by itself.
    pub(super) fn is_renewed(&self) -> bool {
        let by_certificate = self.asked.as_ref().is_some_and(|issuance| issuance.asks.is_some());
        self.used && (by_certificate || self.usage().is_some_and(|usage| usage.is_issued))
    }

    /// How a sentence about something in the Secret begins: `Secret shop/web-tls: its` in it, `Ingress shop/web uses Secret
    /// shop/web-tls, whose` at its users.
    pub(super) fn whose(&self, subject: &SubjectReference) -> String {
        if self.used { format!("{subject} uses {}, whose", self.key) } else { format!("{subject}: its") }
    }

    /// The fields at fault: where the subject names the Secret, and the field of the Secret.
    pub(super) fn places(&self, subject: &Subject, key: &str) -> Vec<Place> {
        let path = FieldPath::new("data").field(key);
        let within = self.secret.iter().map(|_| Place { object: self.key.clone(), path: path.clone() });
        self.named_at(subject).into_iter().chain(within).collect()
    }

    /// The fields at fault: where the subject names the Secret, and the field of what asks for it.
    pub(super) fn places_asked(&self, subject: &Subject, field: &'static str) -> Vec<Place> {
        let asked = self.asked.iter().map(|issuance| Object::Issuance(Arc::clone(issuance)).key());
        let within = asked.map(|object| Place { object, path: FieldPath::new(field) });
        self.named_at(subject).into_iter().chain(within).collect()
    }

    fn named_at(&self, subject: &Subject) -> Vec<Place> {
        let Subject::Object(own) = subject else { return Vec::new() };
        let at = self.usage().into_iter().flat_map(|usage| &usage.at);
        at.map(|path| Place { object: own.clone(), path: path.clone() }).collect()
    }

    /// What asks for it, as sentences name it.
    pub(super) fn maker(&self) -> String {
        self.asked.as_ref().map(|issuance| Object::Issuance(Arc::clone(issuance)).key().to_string()).unwrap_or_default()
    }
}

/// The certificates that a subject holds, uses or asks for.
pub(super) fn held(context: &Context<'_>, subject: &Subject) -> Vec<Held> {
    let Subject::Object(key) = subject else { return Vec::new() };
    if key.kind == Kind::Secret {
        let secret = secret(context, key).filter(|secret| secret.is_tls());
        let held = |secret| Held {
            key: key.clone(),
            aspect: Aspect::Whole,
            secret: Some(secret),
            asked: None,
            used: false,
            uses: Arc::default(),
        };
        return secret.map(held).into_iter().collect();
    }
    if key.kind == Kind::Certificate {
        let Some(Object::Issuance(issuance)) = context.snapshot.object(key).found() else { return Vec::new() };
        let key = issuance.secret();
        let asked = Some(issuance);
        return vec![Held { key, aspect: Aspect::Whole, secret: None, asked, used: false, uses: Arc::default() }];
    }
    if !key.kind.opens_edge() {
        return Vec::new();
    }
    let uses = context.uses(subject);
    let held = |key: &ObjectKey| Held {
        key: key.clone(),
        aspect: Aspect::Secret(key.clone()),
        secret: secret(context, key),
        asked: maker(context.snapshot, key).known().cloned(),
        used: true,
        uses: Arc::clone(&uses),
    };
    uses.keys().map(held).collect()
}

/// The one that a breach is about.
pub(super) fn of_breach(context: &Context<'_>, breach: &Breach) -> Option<Held> {
    held(context, &breach.subject).into_iter().find(|held| held.aspect == breach.aspect)
}

/// The certificates that an object at the edge uses, by Secret.
pub(super) fn uses(context: &Context<'_>, subject: &Subject) -> Uses {
    let mut uses = Uses::new();
    let Some(at) = AtTheEdge::of(context, subject) else { return uses };
    let Some(surface) = at.surface() else { return uses };
    let title = title(surface.serving());
    for found in surface.certificates() {
        let known = uses.entry(found.secret).or_insert_with(|| Use {
            hosts: BTreeSet::new(),
            issued: BTreeSet::new(),
            is_issued: true,
            at: Vec::new(),
            missing: found.missing,
            title,
        });
        if found.is_issued {
            known.issued.extend(found.hosts.iter().cloned());
        }
        known.hosts.extend(found.hosts);
        known.is_issued &= found.is_issued;
        known.at.push(found.at);
        if found.missing == MissingSecret::Plaintext {
            known.missing = found.missing;
        }
    }
    uses
}

fn title(serving: &Serving) -> &'static str {
    match serving {
        Serving::Known { controller, .. } => controller.identity().title,
        Serving::Unknown { .. } | Serving::Nobody(_) | Serving::Unseen(_) => "its controller",
    }
}

/// A Secret that is seen.
pub(super) fn secret(context: &Context<'_>, key: &ObjectKey) -> Option<Arc<Secret>> {
    match context.snapshot.object(key) {
        Lookup::Found(Object::Secret(secret)) => Some(secret),
        _ => None,
    }
}

/// The breach of a rule by a certificate in the way that a subject has it.
pub(super) fn breach(info: &'static RuleInfo, subject: &Subject, held: &Held, extent: Extent) -> Breach {
    Breach {
        rule: info.id,
        family: info.family,
        subject: subject.clone(),
        aspect: held.aspect.clone(),
        extent,
        certain: Ok(()),
    }
}

/// The reads that a breach rests on: the Secret, who uses it and why, and what makes it.
pub(super) fn rests_on(context: &Context<'_>, breach: &Breach) -> Vec<Need> {
    let Subject::Object(key) = &breach.subject else { return Vec::new() };
    let mut needs = vec![Need::Get(key.clone())];
    if let Aspect::Secret(secret) = &breach.aspect {
        needs.push(Need::Get(secret.clone()));
        if let Maker::Known(issuance) = maker(context.snapshot, secret) {
            needs.push(Need::Get(Object::Issuance(issuance).key()));
        }
        needs.extend(at_the_edge::rests_on(context, breach));
    }
    needs
}

/// The Secrets without a read of which nothing can be said of the certificates that a subject at the edge uses. What cert-manager
/// makes is judged when it comes.
pub fn unseen_certificates(context: &Context<'_>, subject: &Subject) -> Vec<ObjectKey> {
    let uses = context.uses(subject);
    let unseen = uses
        .iter()
        .filter(|(key, usage)| !usage.is_issued && matches!(context.snapshot.object(key), Lookup::Unseen(_)));
    unseen.map(|(key, _)| key.clone()).collect()
}

/// What is wrong and how it is mended, before a rule fills it in.
pub(super) fn finding(context: &Context<'_>, info: &'static RuleInfo, breach: &Breach) -> Finding {
    let subject = breach.subject.reference(context.snapshot);
    Finding {
        rule: info.id,
        aspect: breach.aspect.to_string(),
        message: format!("{subject}: {}", info.what),
        why: info.why.to_owned(),
        fix: Fix::Words(info.mend.to_owned()),
        places: Vec::new(),
        subject,
    }
}

/// What gives a certificate away that no client trusts, for the end of a sentence.
pub(super) fn origin(leaf: &CertificateFacts) -> String {
    never_trusted(leaf).map(|what| format!(" (it is {what})")).unwrap_or_default()
}

/// The names of a certificate as sentences have them.
pub(super) fn named(leaf: &CertificateFacts) -> String {
    let addresses = leaf.addresses.iter().map(ToString::to_string);
    let all: Vec<String> = leaf.names.iter().map(ToString::to_string).chain(addresses).collect();
    match (all.is_empty(), &leaf.common_name) {
        (false, _) => listed(&all),
        (true, Some(name)) => format!("nothing (its common name {name} does not count)"),
        (true, None) => "nothing".to_owned(),
    }
}

/// The day of a time.
pub(super) fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// The first few of a list.
pub(super) fn listed<T: AsRef<str>>(all: &[T]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = all.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = all.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// The hosts of a use that will have no name in the certificate, in the Secret as it is or as it is asked for.
pub(super) struct Uncovered {
    /// Not named in the certificate that is there.
    pub(super) there: BTreeSet<Name>,
    /// Not named in the one that is asked for.
    pub(super) asked: BTreeSet<Name>,
    /// Whether more names are in the certificate than are kept.
    pub(super) is_partial: bool,
    /// Whether a certificate that covers all of them will come by itself.
    pub(super) is_coming: bool,
}

impl Held {
    /// The hosts of the use that no certificate covers.
    pub(super) fn uncovered(&self) -> Option<Uncovered> {
        let usage = self.usage()?;
        let names = self.bundle().map(|bundle| Names::of(&bundle.leaf));
        let there = names.as_ref().map(|names| names.uncovered(&usage.hosts)).unwrap_or_default();
        let asks = self.asked.as_ref().and_then(|issuance| issuance.asks.as_ref());
        // What annotations ask for, cert-manager writes into a Certificate of its own.
        let hosts = usage.hosts.difference(&usage.issued);
        let asked = asks.map(|asked| Names::asked(asked).uncovered(hosts)).unwrap_or_default();
        let is_partial = names.is_some_and(|names| names.is_partial());
        let is_coming = asked.is_empty() && (asks.is_some() || there.is_subset(&usage.issued));
        Some(Uncovered { there, asked, is_partial, is_coming })
    }
}
