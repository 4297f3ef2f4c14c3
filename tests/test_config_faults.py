"""One valid file, one field broken: what is said of it, whole."""

# ruff: noqa: E501 - messages stand whole, in one line

from __future__ import annotations

from pathlib import Path

import pytest

from configurations import EXAMPLE, Edit, edit, faults_of

POLICY = [
    edit(
        "objective-out-of-range",
        "objective: 99.5",
        "objective: 100",
        "2: policy.objective: out of range: 100; expected a number of percent between 0 and 100, such as 99.5",
    ),
    edit(
        "objective-zero",
        "objective: 99.5",
        "objective: 0",
        "2: policy.objective: out of range: 0; expected a number of percent between 0 and 100, such as 99.5",
    ),
    edit(
        "objective-infinite",
        "objective: 99.5",
        "objective: .inf",
        "2: policy.objective: not a finite number; expected a finite one",
    ),
    edit(
        "objective-boolean",
        "objective: 99.5",
        "objective: true",
        "2: policy.objective: is a boolean; expected a number of percent between 0 and 100, such as 99.5",
    ),
    edit(
        "objective-percent-sign",
        "objective: 99.5",
        "objective: 99.5%",
        "2: policy.objective: is text; expected a number of percent between 0 and 100, such as 99.5, without quotes or a % sign",
    ),
    edit(
        "objective-no-value",
        "objective: 99.5",
        "objective: ",
        "2: policy.objective: has no value; expected one, otherwise leave it out",
    ),
    edit(
        "objective-huge",
        "objective: 99.5",
        "objective: 999999999999999999999999999999",
        "2: policy.objective: a number of more than 64 bits; expected a smaller one, or text in quotes",
    ),
    edit(
        "duration-bare-number",
        "downtime_after: 10m",
        "downtime_after: 600",
        "4: policy.downtime_after: has no unit: 600; expected a duration with its unit, such as 600s or 600m",
    ),
    edit(
        "duration-decimals",
        "downtime_after: 10m",
        "downtime_after: 1.5h",
        '4: policy.downtime_after: not a duration: "1.5h"; expected a duration such as 500ms, 30s, 10m, 48h, 2d or 1h30m',
    ),
    edit(
        "duration-zero",
        "downtime_after: 10m",
        "downtime_after: 0s",
        "4: policy.downtime_after: no time at all: 0s; expected a duration longer than 0s",
    ),
    edit(
        "duration-negative",
        "downtime_after: 10m",
        "downtime_after: -5m",
        '4: policy.downtime_after: not a duration: "-5m"; expected a duration such as 500ms, 30s, 10m, 48h, 2d or 1h30m',
    ),
    edit(
        "duration-list",
        "downtime_after: 10m",
        "downtime_after: [10m]",
        "4: policy.downtime_after: is a list; expected a duration such as 30s",
    ),
    edit(
        "duration-boolean",
        "downtime_after: 10m",
        "downtime_after: yes",
        "4: policy.downtime_after: YAML reads it as a boolean; expected a duration such as 30s, in quotes",
    ),
    edit(
        "duration-negative-notice",
        "notice: 48h",
        "notice: 48",
        "7: policy.maintenance.notice: has no unit: 48; expected a duration with its unit, such as 48s or 48m",
    ),
    edit(
        "timezone-typo",
        "timezone: Europe/Oslo",
        "timezone: Europe/Olso",
        '3: policy.timezone: unknown time zone: "Europe/Olso"; expected a name of the time zone database such as Europe/Oslo (did you mean Europe/Oslo?)',
    ),
    edit(
        "timezone-path",
        "timezone: Europe/Oslo",
        "timezone: /etc/localtime",
        '3: policy.timezone: unknown time zone: "/etc/localtime"; expected a name of the time zone database such as Europe/Oslo',
    ),
    edit(
        "timezone-number",
        "timezone: Europe/Oslo",
        "timezone: 2",
        "3: policy.timezone: YAML reads it as a number; expected a name of the time zone database such as Europe/Oslo, in quotes",
    ),
    edit(
        "early-page-0s",
        "early_page: 5m",
        "early_page: 0s",
        "32: policy.alerts.early_page: no time at all: 0s; expected a duration longer than 0s",
    ),
    edit(
        "early-page-true",
        "early_page: 5m",
        "early_page: true",
        "32: policy.alerts.early_page: YAML reads it as a boolean; expected a duration such as 30s, in quotes",
    ),
    edit(
        "count-0",
        "flapping_changes: 8",
        "flapping_changes: 0",
        "33: policy.alerts.flapping_changes: out of range: 0; expected a whole number from 1 to 1000",
    ),
    edit(
        "count-8.5",
        "flapping_changes: 8",
        "flapping_changes: 8.5",
        "33: policy.alerts.flapping_changes: is a number; expected a whole number from 1 to 1000",
    ),
    edit(
        "share-75",
        "flapping_changes: 8",
        "case_due_at: 75",
        "33: policy.alerts.case_due_at: out of range: 75; expected a number above 0 and at most 1, such as 0.75",
    ),
    edit(
        "share-percent",
        "flapping_changes: 8",
        "case_due_at: 75%",
        "33: policy.alerts.case_due_at: is text; expected a number above 0 and at most 1, such as 0.75, without quotes or a % sign",
    ),
    edit(
        "business-hours-end-first",
        'end: "15:30"',
        'end: "08:30"',
        "27: policy.support.business_hours.end: not after the start (09:00): 08:30; expected a later time of the same day",
    ),
    edit(
        "business-hours-start-last",
        '      start: "09:00"\n      end: "15:30"\n',
        '      start: "16:00"\n',
        "26: policy.support.business_hours.start: not before the end (16:00): 16:00; expected an earlier time of the same day",
    ),
    edit(
        "business-day-unknown",
        "days: [mon, tue, wed, thu]",
        "days: [Monday, tues, 3]",
        '25: policy.support.business_hours.days[0]: unknown: "Monday"; expected one of mon, tue, wed, thu, fri, sat, sun (did you mean mon?)',
        '25: policy.support.business_hours.days[1]: unknown: "tues"; expected one of mon, tue, wed, thu, fri, sat, sun (did you mean tue?)',
        "25: policy.support.business_hours.days[2]: YAML reads it as a number; expected one of mon, tue, wed, thu, fri, sat, sun, in quotes",
    ),
    edit(
        "country-unknown",
        "country: NO",
        "country: Norge",
        '29: policy.support.holidays.country: holidays of "Norge" are not known; expected a country\'s two letters such as NO, or none',
    ),
    edit(
        "holiday-no-such-day",
        "2027-05-18",
        "02-30",
        '30: policy.support.holidays.extra[1]: not a day: "02-30"; expected a day of every year such as "12-24", or one date such as 2027-05-18',
    ),
    edit(
        "levels-are-a-list",
        "  support:\n",
        "  support:\n    levels: {}\n",
        "24: policy.support.levels: is a mapping; expected a list of levels, the gravest first",
    ),
]

WINDOWS = [
    edit(
        "time-bare",
        'start: "22:00"',
        "start: 22:00",
        '13: policy.maintenance.recurring[1].start: YAML reads a bare 22:00 as the number 1320; expected it in quotes: "22:00"',
    ),
    edit(
        "time-no-such",
        'start: "22:00"',
        "start: '25:00'",
        '13: policy.maintenance.recurring[1].start: not a time of day: "25:00"; expected a quoted time of day such as "22:00", from 00:00 to 24:00',
    ),
    edit(
        "time-one-digit",
        'start: "22:00"',
        "start: '9:00'",
        '13: policy.maintenance.recurring[1].start: not a time of day: "9:00"; expected a quoted time of day such as "22:00", from 00:00 to 24:00',
    ),
    edit(
        "time-24-as-start",
        'start: "22:00"',
        "start: '24:00'",
        '13: policy.maintenance.recurring[1].start: 24:00 is an end only; expected "00:00" for midnight as a start',
    ),
    edit(
        "time-boolean",
        'start: "22:00"',
        "start: yes",
        '13: policy.maintenance.recurring[1].start: YAML reads it as a boolean; expected a quoted time of day such as "22:00", in quotes',
    ),
    edit(
        "recurring-start-and-end-alike",
        'end: "24:00"',
        'end: "22:00"',
        '14: policy.maintenance.recurring[1].end: the same as the start: "22:00"; expected another time of day',
    ),
    edit(
        "days-empty",
        "days: [sat, sun]",
        "days: []",
        "15: policy.maintenance.recurring[1].days: is empty; expected at least one, otherwise leave it out",
    ),
    edit(
        "days-no-list",
        "days: [sat, sun]",
        "days: sat",
        "15: policy.maintenance.recurring[1].days: is text; expected a list",
    ),
    edit(
        "service-unknown",
        "services: [datahub-prod]",
        "services: [datahub-prod, datahub-porod]",
        '16: policy.maintenance.recurring[1].services[1]: no such service: "datahub-porod"; expected one of datahub-prod, datahub-test',
    ),
    edit(
        "services-empty",
        "services: [datahub-prod]",
        "services: []",
        "16: policy.maintenance.recurring[1].services: is empty; expected at least one, otherwise leave it out",
    ),
    edit(
        "recurring-name-twice",
        "name: weekly",
        "name: nightly",
        '12: policy.maintenance.recurring[1].name: the name of policy.maintenance.recurring[0] too: "nightly"; expected a name of its own',
    ),
    edit(
        "announced-name-twice",
        "    announced:\n",
        "    announced:\n      - {name: database upgrade, start: 2026-01-01T00:00:00Z, end: 2026-01-01T01:00:00Z, announced_at: 2025-01-01T00:00:00Z}\n",
        '19: policy.maintenance.announced[1].name: the name of policy.maintenance.announced[0] too: "database upgrade"; expected a name of its own',
    ),
    edit(
        "announced-no-later",
        "end: 2026-12-05T22:00:00+01:00",
        "end: 2026-12-05T20:00:00+01:00",
        "21: policy.maintenance.announced[0].end: not after the start (2026-12-05T20:00:00+01:00): 2026-12-05T20:00:00+01:00; expected a later instant",
    ),
    edit(
        "announced-no-offset",
        "end: 2026-12-05T22:00:00+01:00",
        "end: 2026-12-05T22:00:00",
        '21: policy.maintenance.announced[0].end: has no offset: "2026-12-05T22:00:00"; expected an instant with an offset, such as 2026-12-05T20:00:00+01:00',
    ),
    edit(
        "announced-a-day",
        "end: 2026-12-05T22:00:00+01:00",
        "end: 2026-12-05",
        '21: policy.maintenance.announced[0].end: has no offset: "2026-12-05"; expected an instant with an offset, such as 2026-12-05T20:00:00+01:00',
    ),
    edit(
        "announced-words",
        "end: 2026-12-05T22:00:00+01:00",
        "end: tomorrow",
        '21: policy.maintenance.announced[0].end: not an instant: "tomorrow"; expected an instant with an offset, such as 2026-12-05T20:00:00+01:00',
    ),
    edit(
        "announced-far",
        "end: 2026-12-05T22:00:00+01:00",
        "end: 0001-01-01T00:00:00+14:00",
        '21: policy.maintenance.announced[0].end: too far from today: "0001-01-01T00:00:00+14:00"; expected a year from 1971 to 2999',
    ),
    edit(
        "announced-at-missing",
        "        announced_at: 2026-12-01T09:00:00+01:00\n",
        "",
        "18: policy.maintenance.announced[0].announced_at: is missing; expected when it was announced, an instant with an offset",
    ),
]

PACE = [
    edit(
        "probe-timeout",
        "timeout: 10s",
        "timeout: 45s",
        "36: probe.timeout: longer than the interval (30s): 45s; expected at most 30s",
    ),
    edit(
        "endpoint-timeout",
        "timeout: 5s",
        "timeout: 25s",
        "47: services[0].endpoints[0].timeout: longer than the interval (20s): 25s; expected at most 20s",
    ),
    edit(
        "inherited-timeout-is-blamed-where-it-is-written",
        "        interval: 20s\n        timeout: 5s\n",
        "        interval: 9s\n",
        "36: probe.timeout: longer than the interval of services[0].endpoints[0] (9s): 10s; expected at most 9s",
    ),
    edit(
        "inherited-interval",
        "        interval: 20s\n        timeout: 5s\n",
        "        timeout: 45s\n",
        "46: services[0].endpoints[0].timeout: longer than the interval (30s): 45s; expected at most 30s",
    ),
    edit(
        "written-intervals-against-downtime-after",
        "downtime_after: 10m",
        "downtime_after: 30s",
        "35: probe.interval: longer than half of policy.downtime_after (30s): 30s; expected at most 15s",
        "46: services[0].endpoints[0].interval: longer than half of policy.downtime_after (30s): 20s; expected at most 15s",
    ),
    edit(
        "probe-interval",
        "interval: 30s",
        "interval: 301s",
        "35: probe.interval: longer than half of policy.downtime_after (10m): 5m1s; expected at most 5m",
    ),
]

SERVICES = [
    edit(
        "service-name-twice",
        "  - name: datahub-test\n",
        "  - {name: datahub-prod, endpoints: [{name: api, kind: api, url: https://x.example}]}\n  - name: datahub-test\n",
        '65: services[1].name: the name of services[0] too: "datahub-prod"; expected a name of its own',
    ),
    edit(
        "endpoint-name-twice",
        "name: ui",
        "name: api",
        '56: services[0].endpoints[1].name: the name of services[0].endpoints[0] too: "api"; expected a name of its own',
    ),
    edit(
        "name-upper-case",
        "name: ui",
        "name: UI",
        '56: services[0].endpoints[1].name: not a name: "UI"; expected lower-case letters, digits and hyphens, a letter or digit first',
    ),
    edit(
        "name-number",
        "name: ui",
        "name: 5",
        "56: services[0].endpoints[1].name: YAML reads it as a number; expected lower-case letters, digits and hyphens, a letter or digit first, in quotes",
    ),
    edit(
        "name-boolean",
        "name: ui",
        "name: no",
        "56: services[0].endpoints[1].name: YAML reads it as a boolean; expected lower-case letters, digits and hyphens, a letter or digit first, in quotes",
    ),
    edit(
        "name-hyphen-first",
        "name: ui",
        "name: -ui",
        '56: services[0].endpoints[1].name: not a name: "-ui"; expected lower-case letters, digits and hyphens, a letter or digit first',
    ),
    edit(
        "kind-missing",
        "        kind: ui\n",
        "",
        "56: services[0].endpoints[1].kind: is missing; expected one of api, ui",
    ),
    edit(
        "kind-unknown",
        "kind: ui",
        "kind: web",
        '57: services[0].endpoints[1].kind: unknown: "web"; expected one of api, ui',
    ),
    edit(
        "labels",
        "{customer: acme}",
        "{service: x, 1a: y, __x: z, a-b: q, ok: 5, state: a, yes: b, team: ''}",
        '41: services[0].labels: the key "yes" is not text to YAML; expected text, if need be in quotes',
        "41: services[0].labels.__x: not a label name; expected letters, digits and underscores, no digit and no __ first",
        "41: services[0].labels.a-b: not a label name; expected letters, digits and underscores, no digit and no __ first",
        "41: services[0].labels.ok: YAML reads it as a number; expected text, in quotes",
        "41: services[0].labels.service: a label that the metrics use themselves; expected another name",
        "41: services[0].labels.state: a label that the metrics use themselves; expected another name",
        "41: services[0].labels.team: empty; expected text",
        '41: services[0].labels["1a"]: not a label name; expected letters, digits and underscores, no digit and no __ first',
    ),
    edit(
        "no-endpoints",
        "    endpoints:\n      - name: api\n        kind: api\n        url: http://[2001:db8::1]:8080/api/ping\n        basic_auth:\n          username: probe\n          password_file: password\n",
        "    endpoints: []\n",
        "66: services[1].endpoints: is empty; expected a list of at least one endpoint",
    ),
    edit(
        "endpoints-missing",
        "    endpoints:\n      - name: api\n        kind: api\n        url: http://[2001:db8::1]:8080/api/ping\n        basic_auth:\n          username: probe\n          password_file: password\n",
        "    labels: {}\n",
        "65: services[1].endpoints: is missing; expected a list of at least one endpoint",
    ),
]

URLS = [
    edit(
        "url-scheme",
        "url: https://portal.sesam.io/",
        "url: ftp://x.example/",
        "58: services[0].endpoints[1].url: not an http or https URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-no-scheme",
        "url: https://portal.sesam.io/",
        "url: portal.sesam.io",
        "58: services[0].endpoints[1].url: not an http or https URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-no-host",
        "url: https://portal.sesam.io/",
        "url: https:///x",
        "58: services[0].endpoints[1].url: has no host; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-port",
        "url: https://portal.sesam.io/",
        "url: http://x.example:99999/",
        "58: services[0].endpoints[1].url: not a URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-port-0",
        "url: https://portal.sesam.io/",
        "url: http://x.example:0/",
        "58: services[0].endpoints[1].url: not a URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-space",
        "url: https://portal.sesam.io/",
        "url: http://x y/",
        "58: services[0].endpoints[1].url: not a URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-backslash",
        "url: https://portal.sesam.io/",
        "url: http://x\\y",
        "58: services[0].endpoints[1].url: not a URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-open-bracket",
        "url: https://portal.sesam.io/",
        "url: http://[::1",
        "58: services[0].endpoints[1].url: not a URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "url-number",
        "url: https://portal.sesam.io/",
        "url: 5",
        "58: services[0].endpoints[1].url: YAML reads it as a number; expected an http or https URL such as https://example.org/path, in quotes",
    ),
    edit(
        "proxy-scheme",
        "proxy_url: http://",
        "proxy_url: socks5://",
        "61: services[0].endpoints[1].proxy_url: not an http or https URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "control-target",
        "https://one.example, ",
        "one.example, ",
        "38: control_targets[0]: not an http or https URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "ledger-memory",
        "sqlite:///sesam-slo.db",
        "sqlite://",
        "73: ledger: names no file; expected sqlite:///FILE, or sqlite:////FILE for an absolute path",
    ),
    edit(
        "ledger-no-file",
        "sqlite:///sesam-slo.db",
        "sqlite:///",
        "73: ledger: names no file; expected sqlite:///FILE, or sqlite:////FILE for an absolute path",
    ),
    edit(
        "ledger-scheme",
        "sqlite:///sesam-slo.db",
        "mysql://h/d",
        "73: ledger: not a URL of a ledger; expected sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE",
    ),
    edit(
        "ledger-driver",
        "sqlite:///sesam-slo.db",
        "postgresql://u@h/d",
        "73: ledger: not a URL of a ledger; expected sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE",
    ),
    edit(
        "ledger-no-host",
        "sqlite:///sesam-slo.db",
        "postgresql+psycopg:///d",
        "73: ledger: names no host or no database; expected postgresql+psycopg://USER@HOST/DATABASE",
    ),
    edit(
        "ledger-no-database",
        "sqlite:///sesam-slo.db",
        "postgresql+psycopg://u@h/",
        "73: ledger: names no host or no database; expected postgresql+psycopg://USER@HOST/DATABASE",
    ),
    edit(
        "listen-port-only",
        "listen: 127.0.0.1:9808",
        "listen: 9808",
        "75: web.listen: YAML reads it as a number; expected HOST:PORT such as 127.0.0.1:9808 or [::]:9808, in quotes",
    ),
    edit(
        "listen-no-host",
        "listen: 127.0.0.1:9808",
        "listen: :9808",
        '75: web.listen: not an address to listen on: ":9808"; expected HOST:PORT such as 127.0.0.1:9808 or [::]:9808',
    ),
    edit(
        "listen-no-port",
        "listen: 127.0.0.1:9808",
        "listen: 127.0.0.1",
        '75: web.listen: not an address to listen on: "127.0.0.1"; expected HOST:PORT such as 127.0.0.1:9808 or [::]:9808',
    ),
    edit(
        "listen-no-brackets",
        "listen: 127.0.0.1:9808",
        "listen: ::1:80",
        '75: web.listen: not an address to listen on: "::1:80"; expected HOST:PORT such as 127.0.0.1:9808 or [::]:9808',
    ),
    edit(
        "listen-port-out-of-range",
        "listen: 127.0.0.1:9808",
        "listen: 127.0.0.1:70000",
        '75: web.listen: not an address to listen on: "127.0.0.1:70000"; expected HOST:PORT such as 127.0.0.1:9808 or [::]:9808',
    ),
    edit(
        "listen-no-address",
        "listen: 127.0.0.1:9808",
        "listen: '[x]:1'",
        '75: web.listen: not an address to listen on: "[x]:1"; expected HOST:PORT such as 127.0.0.1:9808 or [::]:9808',
    ),
    edit(
        "external-url",
        "external_url: https://slo.example/",
        "external_url: slo.example",
        "78: web.external_url: not an http or https URL; expected an http or https URL such as https://example.org/path",
    ),
    edit(
        "prometheus-url",
        "url: http://prometheus.example:9090",
        "url: http://prometheus.example:9090/?a=b",
        "82: prometheus.url: has a query or a fragment; expected a URL that a path can follow",
    ),
]

EXCHANGE = [
    edit(
        "status-codes",
        "status: [200, 204]",
        "status: [99, 600, '200', 1.5, true]",
        "52: services[0].endpoints[0].expect.status[0]: out of range: 99; expected a whole number from 100 to 599",
        "52: services[0].endpoints[0].expect.status[1]: out of range: 600; expected a whole number from 100 to 599",
        "52: services[0].endpoints[0].expect.status[2]: is text; expected a whole number from 100 to 599",
        "52: services[0].endpoints[0].expect.status[3]: is a number; expected a whole number from 100 to 599",
        "52: services[0].endpoints[0].expect.status[4]: is a boolean; expected a whole number from 100 to 599",
    ),
    edit(
        "status-single",
        "status: [200, 204]",
        "status: ok",
        "52: services[0].endpoints[0].expect.status: is text; expected a whole number from 100 to 599",
    ),
    edit(
        "status-empty",
        "status: [200, 204]",
        "status: []",
        "52: services[0].endpoints[0].expect.status: is empty; expected a status code or a list of them",
    ),
    edit(
        "json-values",
        "{status: ok, status.",
        "{a..b: 1, c: [1], '[key]': {}, status.",
        "53: services[0].endpoints[0].expect.json.c: is a list; expected text, a number, true, false or null",
        '53: services[0].endpoints[0].expect.json["[key]"]: is a mapping; expected text, a number, true, false or null',
        '53: services[0].endpoints[0].expect.json["a..b"]: has an empty part; expected keys joined by dots, such as status.health_status.status',
    ),
    edit(
        "json-list",
        "{status: ok, status.health_status.status: ok}",
        "[]",
        "53: services[0].endpoints[0].expect.json: is a list; expected a mapping",
    ),
    edit(
        "regex",
        '"o+k"',
        "'['",
        "54: services[0].endpoints[0].expect.body_regex: not a regular expression: unterminated character set; expected one in Python's syntax",
    ),
    edit(
        "regex-number",
        '"o+k"',
        "5",
        "54: services[0].endpoints[0].expect.body_regex: YAML reads it as a number; expected a regular expression, in quotes",
    ),
    edit(
        "redirects",
        "max_redirects: 3",
        "max_redirects: 21",
        "55: services[0].endpoints[0].expect.max_redirects: out of range: 21; expected a whole number from 0 to 20",
    ),
    edit(
        "redirects-boolean",
        "max_redirects: 3",
        "max_redirects: true",
        "55: services[0].endpoints[0].expect.max_redirects: is a boolean; expected a whole number from 0 to 20",
    ),
    edit(
        "method",
        "method: HEAD",
        "method: get",
        '59: services[0].endpoints[1].method: unknown: "get"; expected one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE (did you mean GET?)',
    ),
    edit(
        "ip-protocol",
        "ip4",
        "ipv4",
        '60: services[0].endpoints[1].preferred_ip_protocol: unknown: "ipv4"; expected one of ip4, ip6 (did you mean ip4?)',
    ),
    edit(
        "insecure",
        "server_name: portal.sesam.io",
        "insecure_skip_verify: 1",
        "64: services[0].endpoints[1].tls_config.insecure_skip_verify: is a number; expected true or false",
    ),
    edit(
        "certificate-without-key",
        "ca_file: ca.pem",
        "cert_file: ca.pem",
        "63: services[0].endpoints[1].tls_config.cert_file: written without key_file; expected both or neither",
    ),
    edit(
        "two-ways-to-log-in",
        "        basic_auth:",
        "        authorization: {credentials_file: jwt}\n        basic_auth:",
        "71: services[1].endpoints[0].basic_auth: written beside authorization; expected one of the two",
    ),
    edit(
        "username-number",
        "username: probe",
        "username: 12345",
        "71: services[1].endpoints[0].basic_auth.username: YAML reads it as a number; expected text, in quotes",
    ),
    edit(
        "header-line-break",
        "{User-Agent: sesam-slo}",
        '{X-A: "a\\r\\nb"}',
        "37: probe.headers.X-A: has a control character or a line break; expected text in one line",
    ),
    edit(
        "header-name",
        "{User-Agent: sesam-slo}",
        '{"a b": c}',
        '37: probe.headers["a b"]: not a header name; expected letters, digits and hyphens',
    ),
    edit(
        "header-twice",
        "{User-Agent: sesam-slo}",
        "{X-A: a, x-a: b}",
        "37: probe.headers.x-a: the header X-A once more; expected each header once",
    ),
    edit(
        "reading-by-nothing",
        "  read_token_file: read-token\n",
        "",
        "79: web.reading: token, without read_token_file; expected the path of a file that holds the token there",
    ),
    edit(
        "reading-open-and-not",
        "  reading: token\n",
        "",
        "79: web.read_token_file: written while reading is open; expected reading: token beside it",
    ),
    edit(
        "reading",
        "reading: token",
        "reading: closed",
        '79: web.reading: unknown: "closed"; expected one of open, token',
    ),
]

FILES = [
    edit(
        "credentials-missing",
        "credentials_file: jwt",
        "credentials_file: nope",
        "50: services[0].endpoints[0].authorization.credentials_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "credentials-directory",
        "credentials_file: jwt",
        "credentials_file: .",
        "50: services[0].endpoints[0].authorization.credentials_file: is a directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "password",
        "password_file: password",
        "password_file: nope",
        "72: services[1].endpoints[0].basic_auth.password_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "ca",
        "ca_file: ca.pem",
        "ca_file: nope",
        "63: services[0].endpoints[1].tls_config.ca_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "web-config",
        "config_file: web.yml",
        "config_file: nope",
        "76: web.config_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "write-token",
        "token_file: token",
        "token_file: nope",
        "77: web.write_token_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
    edit(
        "read-token",
        "read_token_file: read-token",
        "read_token_file: nope",
        "80: web.read_token_file: no such file or directory; expected a readable file (a relative path starts at this file's folder)",
    ),
]


def test_the_example_is_valid(tmp_path: Path):
    assert faults_of(tmp_path, EXAMPLE) == ()


@pytest.mark.parametrize("broken", POLICY)
def test_policy(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults


@pytest.mark.parametrize("broken", WINDOWS)
def test_maintenance_windows(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults


@pytest.mark.parametrize("broken", PACE)
def test_a_timeout_fits_into_its_interval_and_an_interval_twice_into_downtime_after(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults


@pytest.mark.parametrize("broken", SERVICES)
def test_services_and_endpoints(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults


@pytest.mark.parametrize("broken", URLS)
def test_addresses(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults


@pytest.mark.parametrize("broken", EXCHANGE)
def test_what_is_asked_and_expected(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults


@pytest.mark.parametrize("broken", FILES)
def test_named_files_must_be_readable_unless_only_the_syntax_is_asked_for(tmp_path: Path, broken: Edit):
    assert faults_of(tmp_path, broken.text) == broken.faults
    assert faults_of(tmp_path, broken.text, syntax_only=True) == ()


def test_a_default_interval_is_not_blamed_for_a_short_downtime_after(tmp_path: Path):
    text = "policy: {downtime_after: 40s}\nservices:\n  - {name: a, endpoints: [{name: b, kind: ui, url: https://x.example}]}\n"
    assert faults_of(tmp_path, text) == (
        "1: policy.downtime_after: shorter than twice the probe interval (30s): 40s; expected at least 1m",
    )


def test_an_inherited_timeout_is_blamed_once_for_the_shortest_interval(tmp_path: Path):
    text = """probe: {interval: 1m, timeout: 50s}
services:
  - name: a
    endpoints:
      - {name: b, kind: ui, url: https://x.example, interval: 40s}
      - {name: c, kind: ui, url: https://x.example, interval: 20s}
      - {name: d, kind: ui, url: https://x.example, interval: 30s}
"""
    assert faults_of(tmp_path, text) == (
        "1: probe.timeout: longer than the interval of services[0].endpoints[1] (20s): 50s; expected at most 20s",
    )


def test_all_faults_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path):
    text = """policy:
  objective: 999
  objektive: 99
  maintenance:
    recurring:
      - {name: nightly, start: 22:00, end: "03:00", services: [nobody]}
      - {name: nightly, start: "05:00", end: "05:00"}
probe: 30s
services:
  - name: one
    endpoints:
      - {name: api, kind: api, url: 5, interval: 20, timeout: 45s}
  - name: one
    labels: [a]
    endpoints:
      - {name: api, kind: api, url: https://x.example, interval: 20s, timeout: 45s}
      - {name: api, kind: Api, url: https://x.example, interval: 10m}
      - nothing
ledger: sqlite://
"""
    assert faults_of(tmp_path, text) == (
        "2: policy.objective: out of range: 999; expected a number of percent between 0 and 100, such as 99.5",
        "3: policy.objektive: unknown key; did you mean objective?",
        '6: policy.maintenance.recurring[0].services[0]: no such service: "nobody"; expected one of one',
        '6: policy.maintenance.recurring[0].start: YAML reads a bare 22:00 as the number 1320; expected it in quotes: "22:00"',
        '7: policy.maintenance.recurring[1].end: the same as the start: "05:00"; expected another time of day',
        '7: policy.maintenance.recurring[1].name: the name of policy.maintenance.recurring[0] too: "nightly"; expected a name of its own',
        "8: probe: is text; expected a mapping with the keys interval, timeout, method, headers, body, authorization, basic_auth, tls_config, expect, preferred_ip_protocol, proxy_url",
        "12: services[0].endpoints[0].interval: has no unit: 20; expected a duration with its unit, such as 20s or 20m",
        "12: services[0].endpoints[0].url: YAML reads it as a number; expected an http or https URL such as https://example.org/path, in quotes",
        '13: services[1].name: the name of services[0] too: "one"; expected a name of its own',
        "14: services[1].labels: is a list; expected a mapping",
        "16: services[1].endpoints[0].timeout: longer than the interval (20s): 45s; expected at most 20s",
        "17: services[1].endpoints[1].interval: longer than half of policy.downtime_after (10m): 10m; expected at most 5m",
        '17: services[1].endpoints[1].kind: unknown: "Api"; expected one of api, ui (did you mean api?)',
        '17: services[1].endpoints[1].name: the name of services[1].endpoints[0] too: "api"; expected a name of its own',
        "18: services[1].endpoints[2]: is text; expected a mapping with the keys interval, timeout, method, headers, body, authorization, basic_auth, tls_config, expect, preferred_ip_protocol, proxy_url, name, kind, url",
        "19: ledger: names no file; expected sqlite:///FILE, or sqlite:////FILE for an absolute path",
    )
