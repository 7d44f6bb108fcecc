{{/* The name of the chart, or what replaces it. */}}
{{- define "ringwall.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of all objects. A release that bears the chart's name gives it alone. It stays short enough for what is appended. */}}
{{- define "ringwall.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What Services and policies select Pods by; it never changes. */}}
{{- define "ringwall.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ringwall.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ringwall.ownLabels" -}}
{{ include "ringwall.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "ringwall.labels" -}}
{{- include "ringwall.labelsAnd" (dict "root" .) }}
{{- end }}

{{/*
The labels of an object that bears more. Of those of one name the chart's own counts, by which Services, policies and Helm know what is
theirs, then one of the object's, then one of `commonLabels`. Takes root and more.
*/}}
{{- define "ringwall.labelsAnd" -}}
{{- merge (include "ringwall.ownLabels" .root | fromYaml) (.more | default dict) (.root.Values.commonLabels | default dict) | toYaml }}
{{- end }}

{{- define "ringwall.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "ringwall.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "ringwall.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* "true" when Ringwall makes its certificate itself. */}}
{{- define "ringwall.selfManaged" -}}
{{- if eq .Values.certificates.mode "self-managed" }}true{{ end }}
{{- end }}

{{/*
The Secret with the serving certificate. cert-manager's bears a name of its own: it outlives the release, and Helm would not take it for the
Secret that the chart makes where Ringwall manages its certificate itself.
*/}}
{{- define "ringwall.certificateSecret" -}}
{{- if eq .Values.certificates.mode "files" }}
{{- required "certificates.files.secretName: the Secret with tls.crt and tls.key" .Values.certificates.files.secretName }}
{{- else if eq .Values.certificates.mode "cert-manager" }}
{{- printf "%s-cert-manager" (include "ringwall.fullname" .) }}
{{- else }}
{{- printf "%s-certificate" (include "ringwall.fullname" .) }}
{{- end }}
{{- end }}

{{/* Names of the certificate beside those of the Service, as a JSON list in a map: the host of webhook.url comes first. */}}
{{- define "ringwall.extraNames" -}}
{{- $names := list }}
{{- with .Values.webhook.url }}
{{- $host := (urlParse .).host }}
{{- $names = append $names (regexReplaceAll "^\\[?(.*?)\\]?(:[0-9]+)?$" $host "${1}") }}
{{- end }}
{{- dict "names" (concat $names .Values.certificates.extraNames | uniq) | toJson }}
{{- end }}
