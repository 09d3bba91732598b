//! What Redis mode costs, beside a bare client, and what its faults cost callers: see `benches/`.
