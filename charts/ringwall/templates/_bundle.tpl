{{/*
The running webhook configuration is the server's (or cert-manager's) to write caBundle into, and templates leave it out, so that no
upgrade wipes it. Two cases remain: an entry that is new would be without one until somebody notices; and an entry that had it from
an upgrade would lose it with the next one, because what Helm owns and renders no more it removes. Server-side apply tells who owns what. Where
Helm applies on the client's side (releases of Helm 3), nothing does, and Helm would remove it for certain: there it is never rendered, and
the new entry waits for the replica that leads.
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

{{/* "true" for an entry that the running configuration does not have, or whose bundle is Helm's own, by server-side apply. Takes live and name. */}}
{{- define "ringwall.needsBundle" -}}
{{- $known := false }}
{{- $name := .name }}
{{- range (dig "webhooks" (list) .live) }}
{{- if eq .name $name }}
{{- $known = true }}
{{- end }}
{{- end }}
{{- $applied := false }}
{{- $owned := false }}
{{- range (dig "metadata" "managedFields" (list) .live) }}
{{- if and (eq .manager "helm") (eq .operation "Apply") }}
{{- $applied = true }}
{{- $fields := dig "f:webhooks" (printf "k:{\"name\":%q}" $name) "f:clientConfig" (dict) .fieldsV1 }}
{{- $owned = or $owned (hasKey $fields "f:caBundle") }}
{{- end }}
{{- end }}
{{- if and $applied (or (not $known) $owned) }}true{{ end }}
{{- end }}
