"""The embedded AWS: moto's server, and what of AWS the platform needs beyond it."""
