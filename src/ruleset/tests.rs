//! What a ruleset may say, and what is said of one that says something else.

use jiff::civil::date;

use super::*;
use crate::{
    model::{Kind, Labels, Name},
    source::Source,
};

const HEAD: &str = "apiVersion: ringwall.dev/v1alpha1\nkind: Ruleset\nmetadata: {name: default}\n";

fn parse(spec: &str) -> Result<Ruleset, Vec<String>> {
    parse_whole(&format!("{HEAD}{spec}"))
}

fn parse_whole(text: &str) -> Result<Ruleset, Vec<String>> {
    let told = |errors: Vec<crate::source::SourceError>| {
        let told = |error: &crate::source::SourceError| {
            let suggestion = error.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default();
            format!("{error}{suggestion}")
        };
        errors.iter().map(told).collect()
    };
    Ruleset::parse_text(&Source::new("rules.yaml", text)).map_err(told)
}

fn complaints(spec: &str) -> Vec<String> {
    parse(spec).expect_err("the ruleset has a mistake")
}

#[test]
fn what_is_left_out_is_as_built_in() {
    for spec in ["", "spec: {}", "spec:\n  defaults: {}\n  rules: {}\n  exemptions: []\n", "spec: {floor: null}"] {
        assert_eq!(parse(spec), Ok(Ruleset::default()), "{spec}");
    }
}

#[test]
fn everything_that_can_be_said_is_read() {
    let ruleset = parse(
        "spec:
  defaults: {enforce: baseline, warn: restricted}
  floor: baseline
  rules:
    plaintext-ingress: {mode: warn}
  environment:
    networkPlugin: cilium
    networkOptions: {ipblock-matches-nodes: yes, pod-networks: '10.0.0.0/8'}
    sensitive: {ringwall.dev/data: sensitive}
    ingressControllers:
      traefik.io/ingress-controller: {plaintext: refused}
      k8s.io/ingress-nginx: {plaintext: served, namespace: ingress-nginx}
    ingressClasses: {public: k8s.io/ingress-nginx}
    unknownController: refuse
  exemptions:
    - name: legacy-ftp
      rules: [plaintext-ingress, uncovered-host]
      match: {namespaces: [legacy], kinds: [Ingress], labels: {app: ftp}, names: [ftp]}
      reason: it goes next year
      owner: storage-team@example.com
      expires: 2027-03-31
    - {name: forever, rules: [uncovered-host], reason: because, owner: me}
",
    )
    .unwrap();
    assert_eq!(
        ruleset.defaults,
        Modes { enforce: Profile::Baseline, warn: Profile::Restricted, audit: Profile::Baseline }
    );
    assert_eq!(ruleset.floor, Profile::Baseline);
    let rule = |name: &str| crate::rules::rule(name).unwrap().info().id;
    assert_eq!(ruleset.modes, [(rule("plaintext-ingress"), Mode::Warn)].into());
    let environment = &ruleset.environment;
    assert_eq!(environment.plugin.name, crate::network::PluginName::Cilium);
    assert!(environment.plugin.declared && environment.plugin.blocks_match_nodes);
    assert_eq!(*environment.plugin.pod_networks, ["10.0.0.0/8".parse().unwrap()]);
    assert_eq!(environment.sensitive, [("ringwall.dev/data".into(), "sensitive".into())].into_iter().collect());
    assert_eq!(environment.refuses_plaintext, ["traefik.io/ingress-controller".into()].into());
    assert_eq!(environment.controller_namespaces, [("k8s.io/ingress-nginx".into(), "ingress-nginx".into())].into());
    assert_eq!(environment.controllers_of_classes, [("public".into(), "k8s.io/ingress-nginx".into())].into());
    assert!(environment.refuses_unknown_controllers);
    let [first, second] = ruleset.exemptions.as_slice() else { panic!("there are two") };
    assert_eq!((&first.name, first.expires), (&Name::from("legacy-ftp"), Some(date(2027, 3, 31))));
    assert_eq!(first.rules, [rule("plaintext-ingress"), rule("uncovered-host")]);
    let expected = ExemptionMatch {
        namespaces: vec!["legacy".into()],
        kinds: vec![Kind::Ingress],
        labels: [("app", "ftp")].into_iter().collect::<Labels>(),
        names: vec!["ftp".into()],
    };
    assert_eq!(first.matches, expected);
    assert_eq!((second.expires, &second.matches), (None, &ExemptionMatch::default()));
}

#[test]
fn every_mistake_is_told_with_its_line_and_what_was_meant() {
    let told = complaints(
        "spec:
  default: {enforce: baseline}
  floor: baselin
  rules:
    plaintext-ingres: {mode: warn}
    uncovered-host: {mode: off, minDays: 3}
",
    );
    assert_eq!(
        told,
        [
            "rules.yaml:5:3: spec.default: unknown field default; did you mean defaults?",
            "rules.yaml:6:3: spec.floor: baselin is none of privileged, baseline, restricted; did you mean baseline?",
            "rules.yaml:8:5: spec.rules.plaintext-ingres: there is no rule plaintext-ingres; did you mean \
             plaintext-ingress?",
            "rules.yaml:9:22: spec.rules.uncovered-host.mode: must be a text, not true or false",
            "rules.yaml:9:33: spec.rules.uncovered-host.minDays: the rule uncovered-host has no parameter minDays",
        ]
    );
}

#[test]
fn network_options_need_no_named_plugin_and_are_told_apart_from_slips() {
    let plugin = parse("spec: {environment: {networkOptions: {end-port: no}}}").unwrap().environment.plugin;
    assert!(!plugin.declared && !plugin.end_port);
    let told = complaints(
        "spec:
  environment:
    networkPlugin: cillium
    networkOptions:
      end-prot: no
      host-network: nodes
      enforces: [Cilium]
",
    );
    assert_eq!(
        told,
        [
            "rules.yaml:6:5: spec.environment.networkPlugin: cillium is none of reference, calico, cilium, antrea, \
             ovn-kubernetes, kindnet, none; did you mean cilium?",
            "rules.yaml:8:7: spec.environment.networkOptions.end-prot: there is no network option end-prot; did you mean \
             end-port?",
            "rules.yaml:9:7: spec.environment.networkOptions.host-network: host-network: nodes is not node or pod; did you \
             mean node?",
            "rules.yaml:10:7: spec.environment.networkOptions.enforces: must be a text, not a list",
        ]
    );
}

#[test]
fn an_exemption_says_what_where_why_and_who() {
    let told = complaints(
        "spec:
  exemptions:
    - rules: []
      match: {labels: {app: ftp}, kinds: [Ingres], everywhere: true}
      reason: ''
      expires: 2027-02-30
    - {name: a, rules: [plaintext-ingress], reason: r, owner: o, expires: 2027-03-31T00:00:00}
    - {name: a, rules: plaintext-ingress, reason: r, owner: o, expires: 2027}
    - {name: b, rules: [plaintext-ingress], match: {kinds: [Pod], names: [ftp]}, reason: r, owner: o}
",
    );
    let expected = [
        "spec.exemptions[0].name: is missing",
        "spec.exemptions[0].rules: must name at least one rule",
        "spec.exemptions[0].match.everywhere: unknown field everywhere",
        "spec.exemptions[0].match.labels: labels are self-service",
        "spec.exemptions[0].match.kinds[0]: Ingres is none of",
        "spec.exemptions[0].reason: must not be empty",
        "spec.exemptions[0].owner: is missing",
        "spec.exemptions[0].expires: 2027-02-30 is no date",
        "spec.exemptions[1].expires: 2027-03-31T00:00:00 is no date",
        "spec.exemptions[2].name: a is taken by an exemption above",
        "spec.exemptions[2].rules: must be a list, not a text",
        "spec.exemptions[2].expires: must be a text, not a number",
        "spec.exemptions[3].match.names: names are self-service",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for expected in expected {
        assert!(told.iter().any(|line| line.contains(expected)), "{expected} is not in {told:#?}");
    }
    assert!(told.iter().any(|line| line.ends_with("did you mean Ingress?")), "{told:#?}");
}

#[test]
fn an_expired_exemption_is_no_mistake_in_the_ruleset() {
    let spec = "spec: {exemptions: [{name: a, rules: [uncovered-host], reason: r, owner: o, expires: 1999-12-31}]}";
    assert_eq!(parse(spec).unwrap().exemptions.len(), 1);
}

#[test]
fn only_one_ruleset_named_default_is_in_force() {
    let told = |text: &str| parse_whole(text).expect_err("it is none").join("\n");
    assert!(told("").contains("there is no ruleset in it"));
    assert!(told(&format!("{HEAD}---\n{HEAD}")).contains("more than one document"));
    assert!(told(&HEAD.replace("default", "mine")).contains("rules.yaml:3:12: metadata.name: is mine"));
    assert!(told(&HEAD.replace("v1alpha1", "v1")).contains("apiVersion: ringwall.dev/v1 is not ringwall.dev/v1alpha1"));
    assert!(told(&HEAD.replace("Ruleset", "Rules")).contains("kind: Rules is not Ruleset"));
    assert!(told("spec: {}").contains("apiVersion: is missing"));
    assert!(told("- 1").contains("an object is expected here"));
    assert!(told("spec: [\n").starts_with("rules.yaml:"));
}

#[test]
fn fields_that_the_api_server_adds_are_no_mistake() {
    let metadata = "{name: default, uid: u, generation: 1, managedFields: []}";
    let text = format!("apiVersion: ringwall.dev/v1alpha1\nkind: Ruleset\nmetadata: {metadata}\nstatus: {{}}\n");
    assert_eq!(parse_whole(&text), Ok(Ruleset::default()));
}

#[test]
fn cert_manager_asks_as_the_service_account_that_the_ruleset_names() {
    assert_eq!(
        Ruleset::default().environment.cert_manager(),
        "system:serviceaccount:cert-manager:cert-manager",
        "as its manifests and its chart have it"
    );
    let named = parse("spec: {environment: {certManager: {serviceAccount: certs/issuer}}}").unwrap();
    assert_eq!(named.environment.cert_manager(), "system:serviceaccount:certs:issuer");
    let wrong = complaints("spec: {environment: {certManager: {serviceAccount: issuer}}}");
    assert!(wrong[0].contains("write NAMESPACE/NAME"), "{wrong:?}");
}
