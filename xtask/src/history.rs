//! The history checker, and whether it finds what it is for: the flaws.
//!
//! A flaw is a mechanism taken out of a copy of the sources, in `target/flaws/NAME`, by replacing text. The checker must
//! find each of them; a text that is no longer in the sources is a failure too.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use crate::run::{Job, REDIS_SERVER, root};

/// The checker on the sources as they are.
pub(crate) const CHECK: &str = "cargo run --quiet -p cachefn-tests --features history --bin history --";
/// How long a flaw may go unnoticed, unless it is said.
const PATIENCE: &str = "300";
/// Runs of so many seconds are built with optimizations.
const OPTIMIZED: u64 = 300;
/// Where flaws are sought from, unless it is said: a failure can be looked at again.
const SEED: &str = "1";

/// A mechanism taken out.
pub(crate) struct Flaw {
    pub(crate) name: &'static str,
    /// What is missing then.
    about: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

pub(crate) const FLAWS: &[Flaw] = &[
    Flaw {
        name: "guard",
        about: "what is put into memory was begun there only after Redis had answered",
        file: "cachefn/src/call/first.rs",
        from: "            return Err(Stage::Bare);\n        };",
        to: "            return Err(Stage::Bare);\n        };\n        \
             let ticket = ticket.map(|_| Box::new(self.cache.memory.begin_reading(&self.place)));",
    },
    Flaw {
        name: "void",
        about: "what was struck while it was read gets into memory",
        file: "cachefn-backends/src/memory/mod.rs",
        from: "        if !self.is_current() {\n            return Filled::Refused;",
        to: "        if false {\n            return Filled::Refused;",
    },
    Flaw {
        name: "tokens",
        about: "a lookup does not compare generations",
        file: "cachefn-backends/src/redis/reading.rs",
        from: "tokens == Some(Envelope::lineage_of(bytes)),",
        to: "tokens == Some(Envelope::lineage_of(bytes)) || true,",
    },
    Flaw {
        name: "gate",
        about: "a fill is stored whatever became of its lease",
        file: "cachefn-backends/src/redis/settle.lua",
        from: "string.sub(lease, 1, 8) ~= ARGV[1] then\n  return 0\nend",
        to: "string.sub(lease, 1, 8) ~= ARGV[1] then\n  \
             lease = ARGV[1] .. struct.pack('>I4I4I4I4I8', tonumber(ARGV[2]), 0, 1, 0, 0) .. ARGV[3]\nend",
    },
    Flaw {
        name: "log",
        about: "a fill does not look at the log of invalidated tags",
        file: "cachefn-backends/src/redis/settle.lua",
        from: "is_struck = is_struck or (ARGV[12] ~= '' and is_logged(found[#KEYS]))",
        to: "is_struck = is_struck or (ARGV[12] ~= '' and is_logged(found[#KEYS]) and false)",
    },
    Flaw {
        name: "journal",
        about: "invalidations while Redis is away are forgotten",
        file: "cachefn-backends/src/redis/journal.rs",
        from: "if !self.covers_all() && self.targets.insert(target) {",
        to: "if self.covers_all() && self.targets.insert(target) {",
    },
    Flaw {
        name: "recovery",
        about: "Redis is trusted again without what waited having been struck",
        file: "cachefn-backends/src/redis/supervisor.rs",
        from: "line.strike(&targets)",
        to: "line.strike(&targets[..0])",
    },
    Flaw {
        name: "forget",
        about: "memory is kept when Redis is lost",
        file: "cachefn-backends/src/redis/shared.rs",
        from: "            self.near.end();\n            self.listener.forget();",
        to: "            self.near.end();",
    },
    Flaw {
        name: "return",
        about: "memory is kept when Redis is back",
        file: "cachefn-backends/src/redis/shared.rs",
        from: "            self.listener.forget();\n            trust.publish();",
        to: "            trust.publish();",
    },
    Flaw {
        name: "push",
        about: "what Redis says to have changed is not struck in memory",
        file: "cachefn-backends/src/redis/node.rs",
        from: "                            self.listener.strike(&target);",
        to: "                            let _ = (&self.listener, &target);",
    },
    Flaw {
        name: "known",
        about: "generations are known though Redis has said that they changed",
        file: "cachefn-backends/src/redis/node.rs",
        from: "                        self.known.strike(&target);",
        to: "                        let _ = &self.known;",
    },
    Flaw {
        name: "again",
        about: "a value is compared with what was known before it was asked for",
        file: "cachefn-backends/src/redis/question.rs",
        from: "    if known.map(Known::moment) != moment {",
        to: "    if false && known.map(Known::moment) != moment {",
    },
    Flaw {
        name: "moment",
        about: "generations are learned though they may have changed since they were read",
        file: "cachefn-backends/src/redis/known.rs",
        from: "        if table.strikes != moment.0 {",
        to: "        if false && table.strikes != moment.0 {",
    },
    Flaw {
        name: "levels",
        about: "an entry does not hang on the levels of its key that have arguments in them",
        file: "cachefn/src/site/instance.rs",
        from: "            own.push(Group::namespace(levels.name()));",
        to: "            let _: &mut SmallVec<[Group; 4]> = &mut own;",
    },
    Flaw {
        name: "late",
        about: "an invalidation that has no answer in time is taken for applied, whatever becomes of it",
        file: "cachefn-backends/src/redis/shared.rs",
        from: "errand.line.hear_out(limit, sent).await.unwrap_or(Err(Fault::Timeout))",
        to: "{\n                    let _ = sent;\n                    Ok(())\n                }",
    },
    Flaw {
        name: "run",
        about: "one incarnation of the server is taken for another",
        file: "cachefn-backends/src/redis/node.rs",
        from: "let run = keys::run(&about).map(str::to_owned);",
        to: "let run = keys::run(&about).map(|_| \"0\".to_owned());",
    },
    Flaw {
        name: "older",
        about: "a fill replaces one that was begun later",
        file: "cachefn-backends/src/redis/settle.lua",
        from: "local current = stored <= mine",
        to: "local current = true",
    },
    Flaw {
        name: "set",
        about: "what was to replace a value and could not be stored leaves the older one in Redis",
        file: "cachefn/src/call/search.rs",
        from: "self.supersedes() || self.spare.is_some() || self.lacked != Lacked::Nothing",
        to: "false && self.supersedes()",
    },
    Flaw {
        name: "when",
        about: "a value that is not to be stored is stored",
        file: "cachefn/src/call/fill.rs",
        from: "        if self.terms.stores() {\n",
        to: "        if self.terms.stores() || true {\n",
    },
    Flaw {
        name: "bound",
        about: "an expired value is served for longer than the attribute says",
        file: "cachefn/src/freshness.rs",
        from: "stale: self.stale, error: self.stale_if_error,",
        to: "stale: self.stale * 10, error: self.stale_if_error * 10,",
    },
    Flaw {
        name: "writer",
        about: "a writer's invalidation is not begun in the poll in which its body ended",
        file: "cachefn/src/strike.rs",
        from: "            let invalidation = plan.strike();",
        to: "            std::thread::spawn(move || {\n                \
             std::thread::sleep(std::time::Duration::from_millis(20));\n                \
             drop(plan.strike());\n            });\n            let invalidation = Invalidation::off();",
    },
];

/// The checker on the sources as they are, with arguments of its own.
pub(crate) fn check(redis: &Path, arguments: &[&str]) -> Result<(), String> {
    let line = if is_long(arguments) { CHECK.replacen("run", "run --release", 1) } else { CHECK.to_owned() };
    Job::new(&line).args(arguments).env(REDIS_SERVER, redis).stream()
}

/// Whether it runs for so long that it pays to build it with optimizations: it does twenty times as much then.
fn is_long(arguments: &[&str]) -> bool {
    let seconds =
        arguments.windows(2).find(|pair| pair[0] == "--seconds").and_then(|pair| pair[1].parse().ok());
    seconds.is_some_and(|seconds: u64| seconds >= OPTIMIZED)
}

/// The flaws of these names, or all: the checker must find each.
pub(crate) fn seek(redis: &Path, name: Option<&str>, arguments: &[&str]) -> Result<(), String> {
    let chosen: Vec<_> = FLAWS.iter().filter(|flaw| name.is_none_or(|name| flaw.name == name)).collect();
    if chosen.is_empty() {
        let known: Vec<_> = FLAWS.iter().map(|flaw| flaw.name).collect();
        return Err(format!("there is no such flaw; the flaws are {}", known.join(", ")));
    }
    let mut rows = Vec::new();
    for flaw in chosen {
        let begun = Instant::now();
        let found = flaw.is_found(redis, arguments)?;
        rows.push((flaw, found, begun.elapsed().as_secs()));
    }
    println!("\n{:<10}{:<11}{:>8}  what is missing", "flaw", "", "seconds");
    for (flaw, found, took) in &rows {
        let found = if *found { "found" } else { "NOT FOUND" };
        println!("{:<10}{found:<11}{took:>8}  {}", flaw.name, flaw.about);
    }
    match rows.iter().filter(|(_, found, _)| !found).count() {
        0 => Ok(()),
        missed => Err(format!("{missed} of {} flaws not found", rows.len())),
    }
}

impl Flaw {
    fn is_found(&self, redis: &Path, arguments: &[&str]) -> Result<bool, String> {
        let copy = root().join("target/flaws").join(self.name);
        self.plant(&root(), &copy)?;
        // What flawed copies have in common is built once.
        let target = root().join("target/flaws/target");
        let build =
            Job::new("cargo build --quiet -p cachefn-tests --features history --bin history").inside(&copy);
        // A tenth of the space: there is one program for each flaw.
        let small = build.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
        small.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", "-Awarnings").stream()?;
        let program = target.join("debug/history");
        let seconds = if arguments.contains(&"--seconds") { &[][..] } else { &["--seconds", PATIENCE] };
        let seed = if arguments.contains(&"--seed") { &[][..] } else { &["--seed", SEED] };
        // A call that a busy machine delays must not pass for the flaw.
        let arguments = [seconds, seed, &["--slow", "false"], arguments].concat();
        let job = Job::new(&program.to_string_lossy()).args(&arguments).env(REDIS_SERVER, redis);
        // One that cannot run has found nothing.
        match job.code()? {
            0 => Ok(false),
            1 => Ok(true),
            code => Err(format!("the checker ended with {code}")),
        }
    }

    /// Copies the sources and takes the mechanism out.
    fn plant(&self, from: &Path, to: &Path) -> Result<(), String> {
        let fault = |fault: io::Error| format!("{}: {fault}", to.display());
        if to.exists() {
            fs::remove_dir_all(to).map_err(fault)?;
        }
        copy(from, to).map_err(fault)?;
        let file = to.join(self.file);
        let text = fs::read_to_string(&file).map_err(fault)?;
        fs::write(&file, self.replace(&text)?).map_err(fault)
    }

    fn replace(&self, text: &str) -> Result<String, String> {
        match text.matches(self.from).count() {
            1 => Ok(text.replacen(self.from, self.to, 1)),
            count => Err(format!(
                "the flaw `{}` is to replace what stands {count} times in {}",
                self.name, self.file
            )),
        }
    }
}

/// Without what is built, and what is hidden.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name.to_string_lossy().starts_with(".git") {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if entry.file_type()?.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_runs_are_built_with_optimizations() {
        assert!(is_long(&["--seed", "1", "--seconds", "3600"]));
        assert!(!is_long(&["--seconds", "30"]) && !is_long(&["--seed", "3600"]) && !is_long(&[]));
    }

    #[test]
    fn every_flaw_is_still_one_place_of_the_sources() {
        for flaw in FLAWS {
            let text = fs::read_to_string(root().join(flaw.file)).unwrap();
            let flawed = flaw.replace(&text).unwrap();
            assert_ne!(flawed, text, "{}", flaw.name);
        }
    }
}
