{{/* The official image runs under any uid: its entrypoint makes a name for it. */}}
{{- define "carillon.evaluation.postgresql" -}}
env:
  - name: POSTGRES_USER
    value: carillon
  - name: POSTGRES_DB
    value: carillon
  - name: POSTGRES_PASSWORD
    valueFrom:
      secretKeyRef:
        name: {{ include "carillon.fullname" . }}
        key: POSTGRES_PASSWORD
startupProbe:
  exec: { command: [pg_isready, -h, 127.0.0.1, -U, carillon] }
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
readinessProbe:
  exec: { command: [pg_isready, -h, 127.0.0.1, -U, carillon] }
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  tcpSocket: { port: postgresql }
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 6
volumeMounts:
  - { name: data, mountPath: /var/lib/postgresql }
  - { name: run, mountPath: /var/run/postgresql }
  - { name: tmp, mountPath: /tmp }
{{- end -}}

{{/* The password goes in by standard input, so that no list of processes shows it. */}}
{{- define "carillon.evaluation.valkey" -}}
command: [sh, -c]
args:
  - |
    printf 'requirepass %s\nmaxmemory-policy noeviction\nappendonly yes\nsave ""\ndir /data\n' "$VALKEY_PASSWORD" | exec valkey-server -
env:
  - name: VALKEY_PASSWORD
    valueFrom:
      secretKeyRef:
        name: {{ include "carillon.fullname" . }}
        key: VALKEY_PASSWORD
startupProbe:
  tcpSocket: { port: valkey }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 30
readinessProbe:
  exec: { command: [sh, -c, 'REDISCLI_AUTH="$VALKEY_PASSWORD" valkey-cli ping | grep -q PONG'] }
  periodSeconds: 5
  timeoutSeconds: 3
livenessProbe:
  tcpSocket: { port: valkey }
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 6
volumeMounts:
  - { name: data, mountPath: /data }
  - { name: run, mountPath: /run/valkey }
  - { name: tmp, mountPath: /tmp }
{{- end -}}
