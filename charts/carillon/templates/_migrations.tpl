{{/* With a Postgres of the release there is no database before it is installed, so no hook could migrate it: the first
     replicas do, and the hook does from the first upgrade on. */}}
{{- define "carillon.migratesInPods" -}}
{{- if eq .Values.migrations.mode "initContainer" -}}
true
{{- else if and (eq .Values.migrations.mode "job") .Values.evaluation.postgresql.enabled .Release.IsInstall -}}
true
{{- end -}}
{{- end -}}

{{/* A container beside the service's own: the same image, no ports. */}}
{{- define "carillon.container" -}}
image: {{ include "carillon.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "carillon.containerSecurityContext" (dict "uid" 10001) | nindent 2 }}
resources:
  {{- toYaml .Values.migrations.resources | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- end -}}

{{/* Takes nothing but the database: a migration lets nobody in and opens no secret. */}}
{{- define "carillon.migrationEnv" -}}
{{ include "carillon.databaseEnv" . }}
- name: LOG_FORMAT
  value: json
{{- end -}}

{{/* Postgres listens on TCP only once its first start is over. As PID 1 node must be told to heed SIGTERM. */}}
{{- define "carillon.waitScript" -}}
process.on('SIGTERM', () => process.exit(1));
const look = () => require('node:net').connect(5432, '{{ include "carillon.fullname" . }}-postgresql')
  .on('connect', () => process.exit(0)).on('error', () => setTimeout(look, 1000));
look();
{{- end -}}
