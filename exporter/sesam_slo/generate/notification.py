"""`alertmanager/templates/sesam-slo.tmpl`: title and text of a notification, for the receivers a site adds.

Alertmanager escapes templates for HTML where a receiver is HTML (e-mail) and nowhere else; Slack's three characters
are escaped here.
"""

from __future__ import annotations

from sesam_slo.generate.document import MARK

_TEMPLATE = """\
{{ define "sesam.title" -}}
[{{ if eq .Status "firing" }}{{ .CommonLabels.severity | toUpper }}{{ else }}RESOLVED{{ end }}] {{ with \
.CommonAnnotations.summary }}{{ . }}{{ else }}{{ .CommonLabels.alertname }}{{ end }}
{{- end }}

{{ define "sesam.text" -}}
{{ range .Alerts }}{{ .Annotations.description }}
{{ if eq .Status "firing" }}Firing since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} UTC{{ else }}Fired from \
{{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} to {{ .EndsAt.UTC.Format "2006-01-02 15:04:05" }} UTC{{ end }}
What to do: {{ .Annotations.runbook_url }}
{{ with .Annotations.log_url }}Log: {{ . }}
{{ end }}{{ end }}
{{- end }}

{{ define "__sesam.escaped" }}{{ reReplaceAll ">" "&gt;" (reReplaceAll "<" "&lt;" (reReplaceAll "&" "&amp;" .)) \
}}{{ end }}

{{ define "sesam.slack.title" }}{{ template "__sesam.escaped" (printf "[%s] %s" (.Status | toUpper) \
.CommonAnnotations.summary) }}{{ end }}

{{ define "sesam.slack.text" -}}
{{ range .Alerts }}{{ template "__sesam.escaped" .Annotations.description }}
What to do: {{ .Annotations.runbook_url }}
{{ end }}
{{- end }}
"""


def notification_template() -> str:
    return f"{{{{/* {MARK} */}}}}\n{_TEMPLATE}"
