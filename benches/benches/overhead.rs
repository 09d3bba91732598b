//! What a call of an annotated function costs beyond the plain one: with caching compiled out, off, and at a hit.
//!
//! The features of a dependency are one set per build, so the part with caching compiled out is this program again,
//! built without the feature `enabled`: it prints its costs as lines of numbers, which the other one reads. Each build
//! compares with its own plain function.

use std::env;
use std::process::{Command, Stdio};

use cachefn_benches::allocations;
use cachefn_benches::cases::{ALL, Case};
use cachefn_benches::cost::{Cost, Variant};
use cachefn_benches::instructions;
use cachefn_benches::measure::{median, nanoseconds};

const ROUNDS: usize = 25;
const CALLS: u32 = 20_000;

/// The first argument of a run that only calls, for callgrind to count.
const REPEAT: &str = "repeat";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [REPEAT, case, variant, calls] => repeat(case, variant, calls),
        _ if cfg!(feature = "enabled") => print_tables(),
        _ => ALL.iter().flat_map(costs).for_each(|cost| println!("{cost}")),
    }
}

fn repeat(case: &str, variant: &str, calls: &str) {
    let case = ALL.iter().find(|known| known.name == case).expect("a case's name");
    let variant = Variant::ALL.iter().find(|known| known.name() == variant).expect("a variant's name");
    let call = variant.prepared(case);
    (0..calls.parse::<u64>().expect("a number of calls")).for_each(|_| call());
}

/// The costs of all variants of this build, in their order.
fn costs(case: &Case) -> Vec<Cost> {
    let mut times = vec![Vec::new(); Variant::ALL.len()];
    for _ in 0..ROUNDS {
        for (variant, times) in Variant::ALL.iter().zip(&mut times) {
            times.push(nanoseconds(CALLS, variant.prepared(case)));
        }
    }
    let measured = Variant::ALL.iter().zip(&mut times);
    measured
        .map(|(variant, times)| Cost {
            time: median(times),
            instructions: instructions::per_call(&[REPEAT, case.name, variant.name()]),
            allocations: allocations::during(variant.prepared(case)),
            size: variant.size(case),
        })
        .collect()
}

/// The costs of the plain function and the annotated one, for each case, in a build without caching.
fn compiled_out() -> Vec<[Cost; 2]> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["bench", "--quiet", "-p", "cachefn-benches", "--no-default-features", "--bench", "overhead"]);
    let output = cargo.stderr(Stdio::inherit()).output().expect("cargo has started this very program");
    let lines = String::from_utf8_lossy(&output.stdout);
    let costs: Vec<Cost> = lines.lines().filter_map(Cost::read).collect();
    costs.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn print_tables() {
    println!(
        "one call; medians of {ROUNDS} rounds of {CALLS} calls; in brackets the cost beyond the plain function"
    );
    let without = compiled_out();
    for (at, case) in ALL.iter().enumerate() {
        println!(
            "\n{:<30}{:>18}{:>20}{:>13}{:>16}",
            case.name, "ns", "instructions", "allocations", "future"
        );
        let with = costs(case);
        print_row(Variant::Plain, &with[0], &with[0]);
        match without.get(at) {
            Some([plain, out]) => print_row(Variant::CompiledOut, out, plain),
            None => println!("  compiled-out: the build failed"),
        }
        for (variant, cost) in Variant::ALL.iter().zip(&with).skip(1) {
            print_row(*variant, cost, &with[0]);
        }
    }
    println!(
        "\ngoals: off, at most 10 instructions and no allocation more; future, on or off, at most 48 B more"
    );
}

fn print_row(variant: Variant, cost: &Cost, plain: &Cost) {
    let time = format!("{:.1} ({:.2}x)", cost.time, cost.time / plain.time);
    let instructions = match (cost.instructions, plain.instructions) {
        (Some(count), Some(plain)) => format!("{count} ({:+})", count.cast_signed() - plain.cast_signed()),
        _ => "no valgrind".to_owned(),
    };
    let size = format!("{} B ({:+})", cost.size, cost.size.cast_signed() - plain.size.cast_signed());
    println!("  {:<28}{time:>18}{instructions:>20}{:>13}{size:>16}", variant.name(), cost.allocations);
}
