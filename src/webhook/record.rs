//! What a request leaves behind: metrics and log lines. A dry run leaves none but a metric
//! labelled so.

use crate::{
    decision::{Change, Decision},
    telemetry::Metrics,
};

use super::answer::Doubt;

/// Counts and logs the findings of a decision, one line for each that is explained, one for a refusal, and one for a doubt.
pub(super) fn findings(
    metrics: &Metrics,
    uid: &str,
    change: &Change,
    decision: &Decision,
    doubt: Option<&Doubt>,
    dry_run: bool,
) {
    let user = change.actor.as_ref().map(|actor| actor.user.as_str()).unwrap_or_default();
    if dry_run {
        tracing::debug!(
            target: "ringwall::finding", object = %change.key, user, uid, dry_run,
            findings = decision.findings.len(), allowed = decision.allow, "dry run"
        );
        return;
    }
    for (finding, outcome) in &decision.findings {
        metrics.finding(finding.rule.0, outcome.name(), 1);
        tracing::info!(
            target: "ringwall::finding",
            rule = finding.rule.0,
            mode = outcome.name(),
            reason = outcome.reason().map(crate::decision::Reason::text).unwrap_or_default(),
            subject = %finding.subject,
            object = %change.key,
            operation = change.operation.name(),
            user,
            uid,
            dry_run,
            "{}", finding.message
        );
    }
    for ((rule, outcome), count) in &decision.more {
        metrics.finding(rule.0, outcome, *count);
    }
    if !decision.allow {
        tracing::info!(
            target: "ringwall::refusal", object = %change.key, operation = change.operation.name(), user, uid, dry_run,
            "refused"
        );
    }
    if let Some(doubt) = doubt {
        tracing::info!(
            target: "ringwall::doubt", object = %change.key, operation = change.operation.name(), user, uid, dry_run,
            allowed = decision.allow, age = doubt.age.as_secs_f64(), doubt = doubt.reason, "decided in doubt"
        );
    }
}
