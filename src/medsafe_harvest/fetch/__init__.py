"""The network side: one client, one pace a service, retries, the raw store, completeness."""
