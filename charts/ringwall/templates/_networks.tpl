{{/*
Where API servers and nodes are, as a JSON list of CIDRs in a map: as the values say, else as the cluster says. API servers call from an
address of a node, or from a tunnel's address out of a node's Pod range; the kubelet's probes come from there as well. IPv4 addresses
stand for their /16, so that a new node is not left out. Without a cluster to ask the list is empty.
*/}}
{{- define "ringwall.networks" -}}
{{- $cidrs := .Values.networkPolicy.apiServer.cidrs }}
{{- if not $cidrs }}
{{- $addresses := list }}
{{- range (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "").items }}
{{- if eq (dig "metadata" "labels" "kubernetes.io/service-name" "" .) "kubernetes" }}
{{- range .endpoints }}
{{- $addresses = concat $addresses .addresses }}
{{- end }}
{{- end }}
{{- end }}
{{- range (lookup "v1" "Node" "" "").items }}
{{- range (dig "status" "addresses" (list) .) }}
{{- if eq .type "InternalIP" }}
{{- $addresses = append $addresses .address }}
{{- end }}
{{- end }}
{{- $addresses = concat $addresses (dig "spec" "podCIDRs" (list) .) }}
{{- end }}
{{- range $addresses }}
{{- if contains ":" . }}
{{- $cidrs = append $cidrs (ternary . (printf "%s/128" .) (contains "/" .)) }}
{{- else if regexMatch "/([0-9]|1[0-5])$" . }}
{{- $cidrs = append $cidrs . }}
{{- else }}
{{- $octets := splitList "." . }}
{{- $cidrs = append $cidrs (printf "%s.%s.0.0/16" (index $octets 0) (index $octets 1)) }}
{{- end }}
{{- end }}
{{- end }}
{{- dict "cidrs" ($cidrs | uniq | sortAlpha) | toJson }}
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
