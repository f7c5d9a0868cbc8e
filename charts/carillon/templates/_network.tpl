{{- define "carillon.egressDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dnsTo | nindent 4 }}
  ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end -}}

{{- define "carillon.egressDatabase" -}}
- ports:
    - { protocol: TCP, port: {{ .Values.evaluation.postgresql.enabled | ternary 5432 (int .Values.networkPolicy.databasePort) }} }
  {{- if .Values.evaluation.postgresql.enabled }}
  to:
    - podSelector:
        matchLabels:
          {{- include "carillon.selectorLabels" . | nindent 10 }}
          app.kubernetes.io/component: postgresql
  {{- else if .Values.networkPolicy.databaseTo }}
  to:
    {{- toYaml .Values.networkPolicy.databaseTo | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "carillon.egressRedis" -}}
{{- if .Values.evaluation.valkey.enabled -}}
- ports:
    - { protocol: TCP, port: 6379 }
  to:
    - podSelector:
        matchLabels:
          {{- include "carillon.selectorLabels" . | nindent 10 }}
          app.kubernetes.io/component: valkey
{{- else if include "carillon.hasRedis" . -}}
- ports:
    {{- range .Values.networkPolicy.redisPorts }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
  {{- with .Values.networkPolicy.redisTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* The internet without any range that is private, shared, local to a link or a host, reserved, or a way into one of those. */}}
{{- define "carillon.internet" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except:
      - 0.0.0.0/8
      - 10.0.0.0/8
      - 100.64.0.0/10
      - 127.0.0.0/8
      - 168.63.129.16/32
      - 169.254.0.0/16
      - 172.16.0.0/12
      - 192.0.0.0/24
      - 192.168.0.0/16
      - 198.18.0.0/15
      - 224.0.0.0/3
- ipBlock:
    cidr: 2000::/3
    except:
      - 2001::/32
      - 2002::/16
{{- end -}}
