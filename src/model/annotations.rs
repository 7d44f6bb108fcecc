//! The annotations that decisions read. The decoder keeps these and drops all others, so that what tools store there
//! (whole manifests, among other things) costs no memory.

/// The class of an Ingress before `spec.ingressClassName` existed; still honoured by controllers.
pub const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";
/// Marks the IngressClass of Ingresses that name none.
pub const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
/// The kubelet's mark of a Pod that it made from a file.
pub const MIRROR_POD: &str = "kubernetes.io/config.mirror";
/// Helm's hook mark.
pub const HELM_HOOK: &str = "helm.sh/hook";
/// Argo CD's hook mark.
pub const ARGO_HOOK: &str = "argocd.argoproj.io/hook";
/// Linkerd's order to inject its proxy, on a Namespace or a Pod.
pub const LINKERD_INJECT: &str = "linkerd.io/inject";
/// Whether Prometheus is to scrape the Pod, by the convention of its example configuration. Read into a Pod's facts, and not kept.
pub const SCRAPE: &str = "prometheus.io/scrape";
/// On which port it is to do so. Read into a Pod's facts, and not kept.
pub const SCRAPE_PORT: &str = "prometheus.io/port";

const EXACT: [&str; 6] = [INGRESS_CLASS, DEFAULT_CLASS, MIRROR_POD, HELM_HOOK, ARGO_HOOK, LINKERD_INJECT];

const PREFIXES: [&str; 6] = [
    "nginx.ingress.kubernetes.io/",
    "traefik.ingress.kubernetes.io/",
    "ingress.kubernetes.io/",
    "kubernetes.io/ingress.",
    "acme.cert-manager.io/",
    "cert-manager.io/",
];

/// Whether some decision reads the annotation.
pub fn is_read(key: &str) -> bool {
    EXACT.contains(&key) || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}
