"""`alertmanager/templates/sesam-slo.tmpl`: title and text of a notification, for the receivers a site adds.

Alertmanager escapes templates for HTML where a receiver is HTML (e-mail) and nowhere else; Slack's three characters
are escaped here. Before 0.28 Alertmanager's templates know no time zones, so the policy's offsets from UTC are written
out for the years whose holidays are; an instant outside them is shown in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sesam_slo.core.local_time import offsets
from sesam_slo.generate.calendar import years_from
from sesam_slo.generate.document import MARK

_FORMAT = '"2006-01-02 15:04:05"'

_TEMPLATE = """\
{{ define "sesam.title" -}}
[{{ if eq .Status "firing" }}{{ .CommonLabels.severity | toUpper }}{{ else }}RESOLVED{{ end }}] {{ with \
.CommonAnnotations.summary }}{{ . }}{{ else }}{{ .CommonLabels.alertname }}{{ end }}
{{- end }}

{{ define "sesam.text" -}}
{{ range .Alerts }}{{ .Annotations.description }}
{{ template "__sesam.when" . }}
{{ with .Annotations.log_url }}Log: {{ . }}
{{ end }}{{ with .Annotations.dashboard_url }}Dashboard: {{ . }}
{{ end }}{{ with .Annotations.runbook_url }}What to do: {{ . }}
{{ end }}{{ end }}
{{- end }}

{{ define "__sesam.when" }}{{ if eq .Status "firing" }}Firing since {{ template "__sesam.local" .StartsAt }}\
{{ else }}Fired from {{ template "__sesam.local" .StartsAt }} to {{ template "__sesam.local" .EndsAt }}{{ end }}{{ end }}

{{ define "__sesam.escaped" }}{{ reReplaceAll ">" "&gt;" (reReplaceAll "<" "&lt;" (reReplaceAll "&" "&amp;" .)) \
}}{{ end }}

{{ define "sesam.slack.title" }}{{ template "__sesam.escaped" (printf "[%s] %s" (.Status | toUpper) \
.CommonAnnotations.summary) }}{{ end }}

{{ define "sesam.slack.text" -}}
{{ range .Alerts }}{{ template "__sesam.escaped" .Annotations.description }}
{{ template "__sesam.when" . }}
{{ with .Annotations.log_url }}Log: {{ template "__sesam.escaped" . }}
{{ end }}{{ with .Annotations.dashboard_url }}Dashboard: {{ template "__sesam.escaped" . }}
{{ end }}{{ with .Annotations.runbook_url }}What to do: {{ template "__sesam.escaped" . }}
{{ end }}{{ end }}
{{- end }}
"""


def notification_template(zone: ZoneInfo, first_year: int) -> str:
    return f"{{{{/* {MARK} */}}}}\n{_TEMPLATE}\n{''.join(_local_time(zone, first_year))}"


def _local_time(zone: ZoneInfo, first_year: int) -> Iterator[str]:
    """An instant in the policy's zone, as `__sesam.local`."""
    years = years_from(first_year)
    start, end = (datetime(year, 1, 1, tzinfo=UTC) for year in (years[0], years[-1] + 1))
    yield '{{ define "__sesam.local" -}}\n'
    yield f"{{{{ if ge .Unix {end.timestamp():.0f} }}}}{{{{ .UTC.Format {_FORMAT} }}}} UTC\n"
    for offset in reversed(list(offsets(zone, start, end))):
        ahead = offset.ahead // timedelta(microseconds=1) * 1000  # nanoseconds, as Go's durations are
        yield f"{{{{- else if ge .Unix {offset.since.timestamp():.0f} }}}}"
        yield f"{{{{ (.UTC.Add {ahead}).Format {_FORMAT} }}}} {offset.abbreviation}\n"
    yield f"{{{{- else }}}}{{{{ .UTC.Format {_FORMAT} }}}} UTC\n"
    yield "{{- end }}\n{{- end }}\n"
