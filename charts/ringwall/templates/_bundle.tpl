{{/*
The running webhook configuration is the server's (or cert-manager's) to write caBundle into, and templates leave it out, so that no
upgrade wipes it. Two cases remain: an entry that is new would be without one until somebody notices; and an entry that had it from
an upgrade would lose it with the next one, because what Helm owns and renders no more it removes.
*/}}

{{/* The bundle of the running configuration; empty if there is none. */}}
{{- define "ringwall.liveBundle" -}}
{{- $bundle := "" }}
{{- range (dig "webhooks" (list) .) }}
{{- if not $bundle }}
{{- $bundle = dig "clientConfig" "caBundle" "" . }}
{{- end }}
{{- end }}
{{- $bundle }}
{{- end }}

{{/* "true" for an entry that the running configuration does not have, or whose bundle is Helm's own. Takes live and name. */}}
{{- define "ringwall.needsBundle" -}}
{{- $known := false }}
{{- $name := .name }}
{{- range (dig "webhooks" (list) .live) }}
{{- if eq .name $name }}
{{- $known = true }}
{{- end }}
{{- end }}
{{- $owned := false }}
{{- range (dig "metadata" "managedFields" (list) .live) }}
{{- if hasPrefix "helm" .manager }}
{{- $fields := dig "f:webhooks" (printf "k:{\"name\":%q}" $name) "f:clientConfig" (dict) .fieldsV1 }}
{{- $owned = or $owned (hasKey $fields "f:caBundle") }}
{{- end }}
{{- end }}
{{- if or (not $known) $owned }}true{{ end }}
{{- end }}
