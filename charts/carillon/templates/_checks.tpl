{{/* What the schema can't say. Each failure says what to set. */}}
{{- define "carillon.checks" -}}
{{- $databases := list .Values.database.url .Values.database.existingSecret (.Values.evaluation.postgresql.enabled | ternary "yes" "") | compact -}}
{{- if ne (len $databases) 1 -}}
{{- fail "set one of database.url, database.existingSecret and evaluation.postgresql.enabled: Carillon needs one Postgres" -}}
{{- end -}}
{{- $redises := list .Values.redis.url .Values.redis.existingSecret (.Values.evaluation.valkey.enabled | ternary "yes" "") | compact -}}
{{- if gt (len $redises) 1 -}}
{{- fail "set at most one of redis.url, redis.existingSecret and evaluation.valkey.enabled" -}}
{{- end -}}
{{- if and .Values.auth.existingSecret (or .Values.auth.rootApiKey .Values.auth.encryptionKeys) -}}
{{- fail "auth.existingSecret has the keys: leave auth.rootApiKey and auth.encryptionKeys empty, or auth.existingSecret" -}}
{{- end -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.name must be set when serviceAccount.create is false: pods don't use the namespace's default account" -}}
{{- end -}}
{{- $shutdown := .Values.shutdown -}}
{{- $needed := add $shutdown.preStopSeconds $shutdown.delaySeconds $shutdown.timeoutSeconds 2 -}}
{{- if lt (int $shutdown.gracePeriodSeconds) (int $needed) -}}
{{- fail (printf "shutdown.gracePeriodSeconds is %d, and must be at least %d: preStopSeconds (%d) + delaySeconds (%d) + timeoutSeconds (%d) + 2, or a replica is killed while it hands over" (int $shutdown.gracePeriodSeconds) (int $needed) (int $shutdown.preStopSeconds) (int $shutdown.delaySeconds) (int $shutdown.timeoutSeconds)) -}}
{{- end -}}
{{- range $role := include "carillon.roles" . | fromJsonArray -}}
{{- $scaling := (get $.Values $role).autoscaling -}}
{{- if and (eq $scaling.type "keda") (not $.Values.keda.prometheusAddress) -}}
{{- fail (printf "keda.prometheusAddress must be set for %s.autoscaling.type keda: the backlog is asked there" $role) -}}
{{- end -}}
{{- if lt (int $scaling.maxReplicas) (int $scaling.minReplicas) -}}
{{- fail (printf "%s.autoscaling.maxReplicas is less than minReplicas" $role) -}}
{{- end -}}
{{- $names := concat (include "carillon.settings" (dict "root" $ "role" $role) | fromJson | keys) (list "DATABASE_URL" "REDIS_URL" "ROOT_API_KEY" "ENCRYPTION_KEYS") -}}
{{- range $entry := $.Values.extraEnv -}}
{{- if has $entry.name $names -}}
{{- fail (printf "extraEnv names %s, which is set already: use settings (or database, redis, auth, shutdown), and each name once" $entry.name) -}}
{{- end -}}
{{- $names = append $names $entry.name -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts must name a host" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs must name a gateway" -}}
{{- end -}}
{{- end -}}
