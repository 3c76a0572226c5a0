"""Cloudflare Access for one machine: a team's keys, and tokens that they sign."""
