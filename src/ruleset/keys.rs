//! The keys that a ruleset and an exemption know, in one place: the parser refuses all others, and a test holds the schema of the custom
//! resources against them. Rules are keys by their names, with `mode` and their parameters; network options by theirs.

/// Of a document.
pub const DOCUMENT: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];
/// Of `spec`.
pub const SPEC: &[&str] = &["defaults", "floor", "rules", "environment", "exemptions"];
/// Of `spec.defaults`.
pub const DEFAULTS: &[&str] = &["audit", "warn", "enforce"];
/// The key of a rule below `spec.rules` that sets its mode; all others are its parameters.
pub const MODE: &str = "mode";
/// Of `spec.environment`.
pub const ENVIRONMENT: &[&str] = &[
    "networkPlugin",
    "networkOptions",
    "sensitive",
    "ingressControllers",
    "ingressClasses",
    "unknownController",
    "tlsPolicies",
    "mesh",
    "certManager",
];
/// Of an entry of `spec.environment.ingressControllers`.
pub const CONTROLLER: &[&str] = &["plaintext", "namespace", "configMap", "oldestTls", "tlsPolicy"];
/// Of `spec.environment.mesh`.
pub const MESH: &[&str] = &["istio", "linkerd"];
/// Of `spec.environment.mesh.istio`.
pub const ISTIO: &[&str] = &["rootNamespace"];
/// Of `spec.environment.mesh.linkerd`.
pub const LINKERD: &[&str] = &["defaultInboundPolicy"];
/// Of `spec.environment.certManager`.
pub const CERT_MANAGER: &[&str] = &["serviceAccount"];
/// Of an `Exemption`'s `spec`; an entry of a ruleset's `spec.exemptions` has a `name` as well.
pub const EXEMPTION: &[&str] = &["rules", "match", "reason", "owner", "expires"];
/// Of an exemption's `match`.
pub const MATCH: &[&str] = &["namespaces", "kinds", "labels", "names"];
