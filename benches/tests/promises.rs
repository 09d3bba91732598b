//! What is promised about the cost of a call and is no matter of time.
#![cfg(feature = "enabled")]

use cachefn_benches::allocations;
use cachefn_benches::cases::ALL;
use cachefn_benches::cost::Variant;

/// An argument that the key uses is in the future once more: the compiler keeps a borrowed local until the function
/// ends, also when it was moved away long before.
#[test]
fn a_future_is_at_most_48_bytes_and_the_arguments_of_the_key_larger_than_the_plain_one() {
    for case in ALL {
        let (plain, annotated) = ((case.bare_size)(), (case.annotated_size)());
        assert!(annotated <= plain + 48 + case.in_key, "{}: {annotated} B beside {plain} B", case.name);
    }
}

#[test]
fn a_call_allocates_nothing_while_caching_is_off() {
    for case in ALL {
        let [plain, off] = [Variant::Plain, Variant::Off].map(|way| allocations::during(way.prepared(&case)));
        assert_eq!(off, plain, "{}", case.name);
    }
}
