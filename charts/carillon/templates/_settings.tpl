{{/* What the release's own Secret holds, decided once in a rendering: generated values are drawn anew each time otherwise, and
     would differ from their checksum. What is in the cluster already stays. JSON. */}}
{{- define "carillon.secretData" -}}
{{- if not (hasKey .Values "_secretData") -}}
{{- $name := include "carillon.fullname" . -}}
{{- $kept := (lookup "v1" "Secret" .Release.Namespace $name).data | default dict -}}
{{- $data := dict -}}
{{- if not .Values.auth.existingSecret -}}
{{- $_ := set $data "ROOT_API_KEY" (.Values.auth.rootApiKey | default (get $kept "ROOT_API_KEY" | b64dec) | default (randAlphaNum 48)) -}}
{{- $_ := set $data "ENCRYPTION_KEYS" (.Values.auth.encryptionKeys | default (get $kept "ENCRYPTION_KEYS" | b64dec) | default (printf "k1:%s" (randBytes 32))) -}}
{{- end -}}
{{- if .Values.evaluation.postgresql.enabled -}}
{{- $password := get $kept "POSTGRES_PASSWORD" | b64dec | default (randAlphaNum 32) -}}
{{- $_ := set $data "POSTGRES_PASSWORD" $password -}}
{{- $_ := set $data "DATABASE_URL" (printf "postgres://carillon:%s@%s-postgresql:5432/carillon" $password $name) -}}
{{- else if .Values.database.url -}}
{{- $_ := set $data "DATABASE_URL" .Values.database.url -}}
{{- end -}}
{{- if .Values.evaluation.valkey.enabled -}}
{{- $password := get $kept "VALKEY_PASSWORD" | b64dec | default (randAlphaNum 32) -}}
{{- $_ := set $data "VALKEY_PASSWORD" $password -}}
{{- $_ := set $data "REDIS_URL" (printf "redis://:%s@%s-valkey:6379/0" $password $name) -}}
{{- else if .Values.redis.url -}}
{{- $_ := set $data "REDIS_URL" .Values.redis.url -}}
{{- end -}}
{{- $_ := set .Values "_secretData" $data -}}
{{- end -}}
{{- .Values._secretData | toJson -}}
{{- end -}}

{{/* Of all secrets that pods read, so that they start anew when one changes. Secrets of others count as far as the cluster
     shows them: not in `helm template`. */}}
{{- define "carillon.secretChecksum" -}}
{{- $parts := list (include "carillon.secretData" .) -}}
{{- range list .Values.auth.existingSecret .Values.database.existingSecret .Values.redis.existingSecret -}}
{{- if . -}}
{{- $parts = append $parts ((lookup "v1" "Secret" $.Release.Namespace .).data | toJson) -}}
{{- end -}}
{{- end -}}
{{- $parts | join "\n" | sha256sum -}}
{{- end -}}

{{- define "carillon.hasRedis" -}}
{{- if or .Values.redis.url .Values.redis.existingSecret .Values.evaluation.valkey.enabled }}true{{ end -}}
{{- end -}}

{{/* Where DATABASE_URL comes from. */}}
{{- define "carillon.databaseEnv" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      {{- if .Values.database.existingSecret }}
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.existingSecretKey }}
      {{- else }}
      name: {{ include "carillon.fullname" . }}
      key: DATABASE_URL
      {{- end }}
{{- end -}}

{{/* Secrets of a role: the root key goes only to who asks for keys. */}}
{{- define "carillon.secretEnv" -}}
{{- $root := .root -}}
{{- $auth := $root.Values.auth.existingSecret | default (include "carillon.fullname" $root) -}}
{{ include "carillon.databaseEnv" $root }}
{{- if include "carillon.hasRedis" $root }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      {{- if $root.Values.redis.existingSecret }}
      name: {{ $root.Values.redis.existingSecret }}
      key: {{ $root.Values.redis.existingSecretKey }}
      {{- else }}
      name: {{ include "carillon.fullname" $root }}
      key: REDIS_URL
      {{- end }}
{{- end }}
{{- if has .role (list "all" "api") }}
- name: ROOT_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $auth }}
      key: ROOT_API_KEY
{{- end }}
- name: ENCRYPTION_KEYS
  valueFrom:
    secretKeyRef:
      name: {{ $auth }}
      key: ENCRYPTION_KEYS
{{- with $root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A role's settings that are no secrets, as JSON: the chart's own, then those of everyone, then the role's. */}}
{{- define "carillon.settings" -}}
{{- $shutdown := .root.Values.shutdown -}}
{{- $servesApi := has .role (list "all" "api") -}}
{{- $own := dict
  "HOST" "0.0.0.0"
  "PORT" "3000"
  "ROLE" .role
  "MIGRATE_ON_START" "off"
  "LOG_FORMAT" "json"
  "SHUTDOWN_DELAY" (printf "%ds" ($servesApi | ternary (int $shutdown.delaySeconds) 0))
  "SHUTDOWN_TIMEOUT" (printf "%ds" (int $shutdown.timeoutSeconds)) -}}
{{- $all := dict -}}
{{- range $given := list .root.Values.settings (get .root.Values .role).settings -}}
{{- range $name, $value := $given -}}
{{- $_ := set $all $name (kindIs "float64" $value | ternary (printf "%v" ($value | int64)) (toString $value)) -}}
{{- end -}}
{{- end -}}
{{- merge $own $all | toJson -}}
{{- end -}}
