//! What the rules about versions, cipher suites and client certificates share: each judges how an object does TLS, part by part.

use std::collections::BTreeMap;

use crate::{
    edge::{By, Doubt, Surface, TlsSettings},
    snapshot::Blind,
};

use super::{Aspect, Breach, Context, Extent, Finding, Fix, RuleId, RuleInfo, Subject, at_the_edge::AtTheEdge};

/// The rules that are in doubt together where nothing is known of how TLS is done. Each says so, for each may be in force without the
/// other; of two that say the same, the first is enough.
pub const TLS_SETTINGS_RULES: [RuleId; 2] = [RuleId("weak-tls-version"), RuleId("weak-cipher")];

/// What is wrong with the settings of one part.
pub(super) struct Fault {
    /// How bad it is.
    pub(super) extent: u64,
    /// Whether it is proved.
    pub(super) certain: Result<(), Blind>,
    /// Who says so.
    pub(super) by: By,
    /// The fact, to follow the object and its part in a sentence.
    pub(super) fact: String,
    /// What mends it.
    pub(super) fix: String,
}

impl Fault {
    /// What cannot be said. `fact` is what may be the case.
    pub(super) fn doubt(at: &AtTheEdge<'_>, surface: &dyn Surface, by: By, fact: &str, doubt: &Doubt) -> Self {
        let certain = at.certainty(surface.serving(), doubt);
        let reason = if certain.is_ok() { format!(": {}", doubt.blind) } else { String::new() };
        Self { extent: 1, certain, by, fact: format!("{fact}{reason}"), fix: doubt.settle.to_string() }
    }
}

/// How a rule judges settings.
pub(super) type Judging = fn(&AtTheEdge<'_>, &dyn Surface, &TlsSettings) -> Option<Fault>;

/// Adds the breaches of an object.
pub(super) fn judge(
    info: &'static RuleInfo,
    judging: Judging,
    context: &Context<'_>,
    subject: &Subject,
    out: &mut Vec<Breach>,
) {
    let Some(at) = AtTheEdge::of(context, subject) else { return };
    for (aspect, fault) in faults(&at, judging) {
        out.push(Breach {
            rule: info.id,
            family: info.family,
            subject: subject.clone(),
            aspect,
            extent: Extent::Count(fault.extent),
            certain: fault.certain,
        });
    }
}

/// The text of a breach.
pub(super) fn explain(info: &'static RuleInfo, judging: Judging, context: &Context<'_>, breach: &Breach) -> Finding {
    let subject = breach.subject.reference(context.snapshot);
    let mut finding = Finding {
        rule: info.id,
        aspect: breach.aspect.to_string(),
        message: format!("{subject} breaks {}", info.id),
        why: info.why.to_owned(),
        fix: Fix::Words(info.mend.to_owned()),
        places: Vec::new(),
        subject,
    };
    let Some(at) = AtTheEdge::of(context, &breach.subject) else { return finding };
    let Some(fault) = faults(&at, judging).remove(&breach.aspect) else { return finding };
    let part = match &breach.aspect {
        Aspect::Listener(name) => format!(" listener {name}"),
        _ => String::new(),
    };
    finding.message = format!("{}{part} {}", finding.subject, fault.fact);
    finding.fix = Fix::Words(fault.fix);
    finding.places = vec![at.said_at(&fault.by, at.spec_tls())];
    finding
}

/// The worst fault of each part.
fn faults(at: &AtTheEdge<'_>, judging: Judging) -> BTreeMap<Aspect, Fault> {
    let mut faults: BTreeMap<Aspect, Fault> = BTreeMap::new();
    let Some(surface) = at.surface() else { return faults };
    for settings in surface.settings() {
        let Some(fault) = judging(at, surface.as_ref(), &settings) else { continue };
        let aspect = settings.part.map_or(Aspect::Whole, Aspect::Listener);
        // What is proved goes before what is not.
        let rank = |fault: &Fault| (fault.certain.is_ok(), fault.extent);
        if faults.get(&aspect).is_none_or(|known| rank(known) < rank(&fault)) {
            faults.insert(aspect, fault);
        }
    }
    faults
}
