//! What is promised about the cost of a call and is no matter of time.
#![cfg(feature = "enabled")]

use cachefn_benches::allocations;
use cachefn_benches::cases::ALL;
use cachefn_benches::cost::Variant;

#[test]
fn a_future_is_at_most_48_bytes_larger_than_the_plain_one() {
    let sizes = ALL.map(|case| (case.name, (case.bare_size)(), (case.annotated_size)()));
    for (name, plain, annotated) in sizes {
        assert!(annotated <= plain + 48, "{name}: {annotated} B instead of {plain} B");
    }
}

#[test]
fn a_call_allocates_nothing_while_caching_is_off() {
    for case in ALL {
        let [plain, off] = [Variant::Plain, Variant::Off].map(|way| allocations::during(way.prepared(&case)));
        assert_eq!(off, plain, "{}", case.name);
    }
}
