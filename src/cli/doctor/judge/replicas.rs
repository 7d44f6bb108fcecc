//! What every replica says of itself: whether it is ready, what its watches see, what is in force in it, which version it is; and who
//! leads.

use std::collections::{BTreeMap, BTreeSet};

use crate::{cluster::Reply, report::Check};

use super::{
    super::{
        facts::{Facts, Lease, Read, Replica},
        metrics::{label, samples},
    },
    some, unread,
};

const READY: &str = "replicas";
const WATCHES: &str = "watches";
const RULESET: &str = "ruleset-in-force";
const VERSION: &str = "versions";
const LEADER: &str = "leader";

/// As the alert has it (docs/alerts.md).
const OLDEST: f64 = 120.0;
/// A Lease that nobody renewed for so many of its own lengths is nobody's.
const TERMS: i64 = 2;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = match &facts.replicas {
        Err(fault) => {
            vec![unread(READY, "the replicas", fault, "grant list of pods in Ringwall's namespace to who asks")]
        }
        Ok(replicas) if replicas.is_empty() => vec![none(facts)],
        Ok(replicas) => {
            let read = Metrics::of(replicas);
            let mut checks = vec![ready(facts, replicas)];
            if !read.is_empty() {
                checks.extend([watches(&read), versions(facts, &read)]);
                checks.extend(ruleset(&read));
            } else if replicas.iter().any(|replica| replica.waits.is_none()) {
                checks.push(Check::cannot_say(WATCHES, "no replica let us read its metrics").fix(ask(facts)));
            }
            checks
        }
    };
    checks.extend(leader(facts));
    checks
}

/// How a replica may be asked.
fn ask(facts: &Facts) -> String {
    let namespace = &facts.names.namespace;
    let deployment = match &facts.deployment {
        Ok(Some(deployment)) => deployment.name.as_str(),
        _ => "ringwall",
    };
    format!(
        "grant get of pods/proxy in {namespace} to who asks (docs/threat-model.md says what else that allows), or forward the port: kubectl \
         port-forward -n {namespace} deployment/{deployment} 8080, and then ringwall doctor --probes http://127.0.0.1:8080"
    )
}

fn none(facts: &Facts) -> Check {
    let namespace = &facts.names.namespace;
    match &facts.deployment {
        Ok(Some(deployment)) => {
            Check::problem(READY, format!("the Deployment {} has no Pod that runs or starts", deployment.name))
                .why("Nobody answers the API server.")
                .fix(format!(
                    "kubectl describe deployment {0} -n {namespace}; kubectl get events -n {namespace}",
                    deployment.name
                ))
        }
        Ok(None) => Check::cannot_say(READY, format!("there is no Deployment of Ringwall in {namespace}"))
            .fix("where replicas run outside of the cluster: ringwall doctor --probes http://HOST:8080, once for each of them"),
        Err(fault) => {
            unread(READY, "Deployments", fault, &format!("grant list of deployments in {namespace} to who asks"))
        }
    }
}

fn ready(facts: &Facts, replicas: &[Replica]) -> Check {
    let (mut unready, mut unsaid) = (Vec::new(), Vec::new());
    for Replica { name, waits, readyz, metrics: _ } in replicas {
        match (waits, readyz) {
            (Some(reason), _) => unready.push(format!("{name}: {reason}")),
            (None, Ok(reply)) if reply.is_success() => {}
            // The answer of the replica, and not of a proxy before it.
            (None, Ok(reply)) if reply.status == 503 && !is_status(reply) => {
                unready.push(format!("{name}: {}", reply.body.lines().collect::<Vec<_>>().join("; ")));
            }
            (None, Ok(reply)) => unsaid.push(format!("{name}: {}", reply.message())),
            (None, Err(fault)) => unsaid.push(format!("{name}: {fault}")),
        }
    }
    let total = replicas.len();
    let aside = facts.unasked.iter().map(|name| format!("{name}: may not be asked, and --probes stands for it"));
    if !unready.is_empty() {
        let mut fix = "its reasons say what to do: what RBAC forbids stands under rights".to_owned();
        if replicas.iter().any(|replica| replica.waits.is_some()) {
            let namespace = &facts.names.namespace;
            fix = format!("{fix}; kubectl describe pods -n {namespace} says why a Pod does not run");
        }
        return Check::problem(READY, format!("{} of {total} replicas are not ready", unready.len()))
            .details(unready)
            .details(unsaid)
            .details(aside)
            .why("A replica that is not ready is not called.")
            .fix(fix);
    }
    if !unsaid.is_empty() {
        return Check::cannot_say(READY, format!("{} of {total} replicas cannot be asked", unsaid.len()))
            .details(unsaid)
            .details(aside)
            .fix(ask(facts));
    }
    let who = if total == 1 { "the replica is".to_owned() } else { format!("all {total} replicas are") };
    Check::ok(READY, format!("{who} ready")).details(aside)
}

/// Whether the API server itself answers, in place of the replica.
fn is_status(reply: &Reply) -> bool {
    reply.body.trim_start().starts_with('{')
}

/// The metrics of the replicas that told them, by their name.
struct Metrics<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Metrics<'a> {
    fn of(replicas: &'a [Replica]) -> Self {
        let text = |replica: &'a Replica| match &replica.metrics {
            Ok(reply) if reply.is_success() => Some((replica.name.as_str(), reply.body.as_str())),
            _ => None,
        };
        Self(replicas.iter().filter_map(text).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels that stand for something in force, by replica: of series that are 1.
    fn named(&self, series: &str, name: &str) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let values = |text: &'a str| {
            text.lines().filter(|line| line.starts_with(series)).filter_map(|line| label(line, name)).collect()
        };
        self.0.iter().map(|(replica, text)| (*replica, values(text))).collect()
    }
}

/// Whether everything is followed that is there.
fn watches(read: &Metrics<'_>) -> Check {
    let mut faults = Vec::new();
    for (replica, text) in &read.0 {
        for (labels, value) in samples(text, "ringwall_watch_state") {
            let (Some(kind), Some(state)) = (label(labels, "kind"), label(labels, "state")) else { continue };
            if value > 0.0 && matches!(state, "syncing" | "broken" | "forbidden") {
                faults.push(format!("{replica}: the watch of {kind} is {state}"));
            }
        }
        for (_, age) in samples(text, "ringwall_snapshot_age_seconds") {
            if age < 0.0 {
                faults.push(format!("{replica}: no snapshot has been published yet"));
            } else if age > OLDEST {
                faults.push(format!("{replica}: its snapshot is {age:.0} s old"));
            }
        }
    }
    let count = read.0.len();
    if faults.is_empty() {
        let plural = if count == 1 { "replica" } else { "replicas" };
        return Check::ok(
            WATCHES,
            format!("{count} {plural} follow every kind that the cluster serves, and are current"),
        );
    }
    Check::problem(WATCHES, "not everything is followed")
        .details(faults)
        .why("What is not seen is \"cannot prove\"; what is old is confirmed by live reads, which are slower.")
        .fix("forbidden: see rights; broken or syncing: the replica's log says what the API server answers (docs/alerts.md)")
}

fn versions(facts: &Facts, read: &Metrics<'_>) -> Check {
    let by_replica = read.named("ringwall_build_info{", "version");
    let versions: BTreeSet<&str> = by_replica.values().flatten().copied().collect();
    if versions.is_empty() {
        return Check::cannot_say(VERSION, "no replica says which version it is")
            .fix("compare the image with ringwall --version");
    }
    if versions.len() == 1 && versions.contains(facts.version) {
        return Check::ok(VERSION, format!("replicas and this program are version {}", facts.version));
    }
    let lines = by_replica.iter().map(|(replica, versions)| format!("{replica}: {}", some(versions.iter().copied())));
    Check::problem(VERSION, format!("this program is version {}, and not every replica is", facts.version))
        .details(lines.collect::<Vec<_>>())
        .why("Replicas of two versions judge differently, and this program looks for what its own version needs.")
        .fix("let the rollout end, and use the ringwall of the version that is installed")
}

/// Whether all have the same ruleset: the series of what is in force is one, and its labels say which.
fn ruleset(read: &Metrics<'_>) -> Option<Check> {
    let in_force = |text: &'_ str| {
        samples(text, "ringwall_ruleset_info").find(|(_, value)| *value > 0.0).map(|(labels, _)| labels.to_owned())
    };
    let by_replica: Vec<(&str, String)> =
        read.0.iter().filter_map(|(replica, text)| Some((*replica, in_force(text)?))).collect();
    let different: BTreeSet<&str> = by_replica.iter().map(|(_, labels)| labels.as_str()).collect();
    let first = different.first()?;
    if different.len() == 1 {
        let who = if by_replica.len() == 1 { "the replica has a" } else { "every replica has the same" };
        return Some(Check::ok(RULESET, format!("{who} ruleset in force: {}", first.replace('"', ""))));
    }
    Some(
        Check::problem(RULESET, "replicas have different rulesets in force")
            .details(by_replica.iter().map(|(replica, labels)| format!("{replica}: {}", labels.replace('"', ""))))
            .why("The same request gets different answers.")
            .fix("within seconds of a change that is so; later: look at the watches of Ruleset and Exemption, and at the replicas' logs"),
    )
}

fn leader(facts: &Facts) -> Option<Check> {
    let name = facts.names.lease.as_deref()?;
    let fix = format!("kubectl get lease {name} -n {} -o yaml, and the replicas' logs", facts.names.namespace);
    let why = "Nobody writes status or renews the certificate; requests are answered all the same.";
    let lease: &Read<Option<Lease>> = &facts.lease;
    Some(match lease {
        Err(fault) => unread(LEADER, "the Lease", fault, "grant get of leases in Ringwall's namespace to who asks"),
        Ok(None) => Check::problem(LEADER, format!("there is no Lease {name}")).why(why).fix(fix),
        Ok(Some(Lease { holder: None, .. })) => Check::problem(LEADER, "no replica leads").why(why).fix(fix),
        Ok(Some(Lease { holder: Some(holder), renewed, seconds })) => {
            let silent = renewed.map(|renewed| facts.now.duration_since(renewed).as_secs());
            match silent {
                Some(silent) if silent <= TERMS * (*seconds).max(1) => Check::ok(LEADER, format!("{holder} leads")),
                Some(silent) => {
                    Check::problem(LEADER, format!("{holder} led, and has not renewed its Lease for {silent} s"))
                        .why(why)
                        .fix(fix)
                }
                None => Check::problem(LEADER, format!("{holder} holds the Lease, which was never renewed"))
                    .why(why)
                    .fix(fix),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::world::{self, refusal, reply, told};
    use super::*;
    use crate::{cluster::Fault, report::Answer};

    fn replica(facts: &mut Facts) -> &mut Replica {
        &mut facts.replicas.as_mut().unwrap()[0]
    }

    #[test]
    fn replicas_that_are_ready_see_everything_and_agree_are_well() {
        let found = checks(&world::healthy());
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found.iter().all(|check| check.answer == Answer::Ok), "{found:?}");
    }

    #[test]
    fn a_replica_that_is_not_ready_gives_its_reasons() {
        let check = told(checks, READY, |facts| {
            replica(facts).readyz = Ok(reply(503, "pods have not been read yet\nthe API server cannot be read\n"));
        });
        assert_eq!(check.answer, Answer::Problem);
        assert!(check.details[0].ends_with("pods have not been read yet; the API server cannot be read"), "{check:?}");
    }

    #[test]
    fn a_proxy_that_does_not_reach_a_replica_is_no_verdict_of_its() {
        for answer in [Ok(refusal(503, "error trying to reach service")), Err(Fault::Forbidden("no".to_owned()))] {
            let check = told(checks, READY, |facts| replica(facts).readyz = answer);
            assert_eq!(check.answer, Answer::CannotSay, "{check:?}");
        }
    }

    #[test]
    fn a_pod_that_does_not_run_is_not_ready_and_says_why() {
        let check = told(checks, READY, |facts| {
            let replica = replica(facts);
            replica.waits = Some("Unschedulable: 0/3 nodes are available".to_owned());
            replica.readyz = Err(Fault::Failed("it does not run".to_owned()));
        });
        assert_eq!(check.answer, Answer::Problem, "{check:?}");
        assert_eq!(check.details, ["Pod one: Unschedulable: 0/3 nodes are available"]);
        assert!(check.fix.contains("kubectl describe pods -n ringwall"), "{check:?}");
    }

    #[test]
    fn pods_for_which_probes_stand_are_told_and_settle_nothing_more() {
        let check = told(checks, READY, |facts| facts.unasked.push("Pod three".to_owned()));
        assert_eq!(check.answer, Answer::Ok);
        assert_eq!(check.details, ["Pod three: may not be asked, and --probes stands for it"]);
    }

    #[test]
    fn whether_there_is_a_deployment_is_not_said_by_who_may_not_look() {
        let check = told(checks, READY, |facts| {
            facts.replicas = Ok(Vec::new());
            facts.deployment = Err(Fault::Forbidden("deployments.apps is forbidden".to_owned()));
        });
        assert_eq!(check.message, "Deployments cannot be read: deployments.apps is forbidden");
        assert!(check.fix.contains("grant list of deployments in ringwall"), "{check:?}");
        let check = told(checks, READY, |facts| {
            facts.replicas = Ok(Vec::new());
            facts.deployment = Ok(None);
        });
        assert_eq!(check.message, "there is no Deployment of Ringwall in ringwall");
    }

    #[test]
    fn a_watch_that_is_not_whole_is_named_by_kind_and_replica() {
        let check = told(checks, WATCHES, |facts| {
            let metrics =
                "ringwall_watch_state{kind=\"Pod\",state=\"broken\"} 1\nringwall_snapshot_age_seconds 300.5\n";
            replica(facts).metrics = Ok(reply(200, metrics));
        });
        assert_eq!(check.answer, Answer::Problem);
        let text = check.details.join("; ");
        assert!(text.contains("the watch of Pod is broken") && text.contains("300 s old"), "{check:?}");
    }

    #[test]
    fn different_rulesets_and_versions_are_told_replica_by_replica() {
        let metrics = "ringwall_build_info{version=\"9.9.9\"} 1\nringwall_ruleset_info{source=\"cluster\",fingerprint=\"other\"} 1\n";
        for check in [VERSION, RULESET] {
            let check = told(checks, check, |facts| replica(facts).metrics = Ok(reply(200, metrics)));
            assert_eq!((check.answer, check.details.len()), (Answer::Problem, 2), "{check:?}");
        }
    }

    #[test]
    fn a_lease_that_nobody_renews_is_a_problem() {
        let check = told(checks, LEADER, |facts| {
            let lease = facts.lease.as_mut().unwrap().as_mut().unwrap();
            lease.renewed = Some("2026-05-31T23:00:00Z".parse().unwrap());
        });
        assert_eq!(check.answer, Answer::Problem);
        assert!(check.message.contains("3600 s"), "{check:?}");
    }
}
