//! What HTTP responses cost, by the way they are made: see `benches/`.
