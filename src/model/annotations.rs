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

/// Asks cert-manager for certificates, by the default issuer.
pub const TLS_ACME: &str = "kubernetes.io/tls-acme";

/// The `IngressGroup` of an Ingress that the AWS Load Balancer Controller serves.
pub const ALB_GROUP: &str = "alb.ingress.kubernetes.io/group.name";
/// The namespace in which Contour looks for the Secrets of an Ingress, where that is not its own.
pub const CONTOUR_CERTIFICATE_NAMESPACE: &str = "projectcontour.io/tls-cert-namespace";
/// The `FrontendConfig` of an Ingress that GKE serves.
pub const GKE_FRONTEND_CONFIG: &str = "networking.gke.io/v1beta1.FrontendConfig";

const EXACT: [&str; 8] = [
    INGRESS_CLASS,
    DEFAULT_CLASS,
    MIRROR_POD,
    HELM_HOOK,
    ARGO_HOOK,
    LINKERD_INJECT,
    TLS_ACME,
    "service.alpha.kubernetes.io/app-protocols",
];

const PREFIXES: [&str; 25] = [
    "alb.ingress.kubernetes.io/",
    "appgw.ingress.kubernetes.io/",
    "cloud.google.com/",
    "config.linkerd.io/",
    "haproxy-ingress.github.io/",
    "haproxy.com/",
    "haproxy.org/",
    "haproxy.router.openshift.io/",
    "ingress.gcp.kubernetes.io/",
    "ingress.openshift.io/",
    "konghq.com/",
    "networking.gke.io/",
    "networking.istio.io/",
    "nginx.org/",
    "projectcontour.io/",
    "route.openshift.io/",
    "service.beta.kubernetes.io/",
    "load-balancer.hetzner.cloud/",
    "loadbalancer.openstack.org/",
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
