//! What is promised about the cost of a call and is no matter of time.
#![cfg(feature = "enabled")]

use cachefn_benches::allocations;
use cachefn_benches::cases::ALL;
use cachefn_benches::cost::Variant;

/// Also where the key borrows arguments that own memory.
#[test]
fn a_future_is_at_most_48_bytes_larger_than_the_plain_one() {
    for case in ALL {
        let (plain, annotated) = ((case.bare_size)(), (case.annotated_size)());
        assert!(annotated <= plain + 48, "{}: {annotated} B beside {plain} B", case.name);
    }
}

#[test]
fn a_hit_allocates_nothing_but_what_the_value_is_cloned_into() {
    for case in ALL {
        let [plain, hit] = [Variant::Plain, Variant::Hit].map(|way| allocations::during(way.prepared(&case)));
        assert_eq!(hit, plain, "{}", case.name);
    }
}

#[test]
fn a_call_allocates_nothing_while_caching_is_off() {
    for case in ALL {
        let [plain, off] = [Variant::Plain, Variant::Off].map(|way| allocations::during(way.prepared(&case)));
        assert_eq!(off, plain, "{}", case.name);
    }
}
