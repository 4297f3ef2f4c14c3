"""sesam-slo: the service level of SESAM, measured, accounted for and alerted on."""

__version__ = "0.1.0"
