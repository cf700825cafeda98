"""Speech to text: one protocol, a provider each for local weights and a hosted service."""
