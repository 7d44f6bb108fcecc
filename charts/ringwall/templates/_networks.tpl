{{/*
Where API servers are, as two JSON lists of CIDRs in a map: "servers", whom Ringwall calls, and "callers", from where it is called. As the values
say, else as the cluster says. An API server calls from its own address or, through a tunnel, from one in the Pod range of its node. IPv4
addresses stand for their /16, so that one that moves is not left out. Without a cluster to ask the lists are empty. (The kubelet of
a Pod's own node, which probes it, gets through whatever policies say.)
*/}}
{{- define "ringwall.networks" -}}
{{- if .Values.networkPolicy.apiServer.cidrs }}
{{- dict "servers" .Values.networkPolicy.apiServer.cidrs "callers" .Values.networkPolicy.apiServer.cidrs | toJson }}
{{- else }}
{{- $servers := list }}
{{- range (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "").items }}
{{- if eq (dig "metadata" "labels" "kubernetes.io/service-name" "" .) "kubernetes" }}
{{- range .endpoints }}
{{- range .addresses }}
{{- $servers = append $servers (include "ringwall.network" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $tunnels := list }}
{{- if $servers }}
{{- range (lookup "v1" "Node" "" "").items }}
{{- range (dig "spec" "podCIDRs" (list) .) }}
{{- $tunnels = append $tunnels (include "ringwall.network" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- dict "servers" ($servers | uniq | sortAlpha) "callers" (concat $servers $tunnels | uniq | sortAlpha) | toJson }}
{{- end }}
{{- end }}

{{/* The network of an address or a range: IPv4 as /16, unless it is wider. */}}
{{- define "ringwall.network" -}}
{{- if contains ":" . }}
{{- ternary . (printf "%s/128" .) (contains "/" .) }}
{{- else if regexMatch "/([0-9]|1[0-5])$" . }}
{{- . }}
{{- else }}
{{- $octets := splitList "." . }}
{{- printf "%s.%s.0.0/16" (index $octets 0) (index $octets 1) }}
{{- end }}
{{- end }}

{{/* The ports on which API servers listen, as a JSON list in a map. */}}
{{- define "ringwall.apiServerPorts" -}}
{{- $ports := list }}
{{- range .Values.networkPolicy.apiServer.ports }}
{{- $ports = append $ports (int .) }}
{{- end }}
{{- range (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "").items }}
{{- if eq (dig "metadata" "labels" "kubernetes.io/service-name" "" .) "kubernetes" }}
{{- range .ports }}
{{- $ports = append $ports (int .port) }}
{{- end }}
{{- end }}
{{- end }}
{{- dict "ports" ($ports | uniq) | toJson }}
{{- end }}
