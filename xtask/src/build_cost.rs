//! What an attribute costs the build: one crate of 200 async functions, written four times, compiled in turns.
//!
//! ```text
//! plain              the functions as they are
//! cachefn            #[cached(expire = 300, namespace = "users", key = id)]
//! cached             #[cached(ttl_secs = 300, key = "u64", convert = { id })]        cached 4.1
//! concurrent_cached  #[concurrent_cached(ttl_secs = 300, key = "u64", convert = { id })]
//! ```
//!
//! Dependencies are built beforehand; only the crate itself is timed. Each round touches and compiles every
//! variant once, so that whatever else the machine does falls on all of them; the fastest round counts. Lines
//! are those of the compiler's own expansion, behind `rustc -Zunpretty=expanded`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FUNCTIONS: usize = 200;
const ROUNDS: usize = 3;

struct Variant {
    name: &'static str,
    dependencies: &'static str,
    attribute: &'static str,
}

const VARIANTS: [Variant; 4] = [
    Variant { name: "plain", dependencies: "", attribute: "" },
    Variant {
        name: "cachefn",
        dependencies: "cachefn = { path = \"ROOT/cachefn\" }",
        attribute: "#[cachefn::cached(expire = 300, namespace = \"users\", key = id)]",
    },
    Variant {
        name: "cached",
        dependencies: "cached = { version = \"4.1\", features = [\"async\"] }",
        attribute: "#[cached::macros::cached(ttl_secs = 300, key = \"u64\", convert = { id })]",
    },
    Variant {
        name: "concurrent_cached",
        dependencies: "cached = { version = \"4.1\", features = [\"async\"] }",
        attribute: "#[cached::macros::concurrent_cached(ttl_secs = 300, key = \"u64\", convert = { id })]",
    },
];

/// How the crate is compiled, and what for.
const WAYS: [(&str, &[&str]); 3] =
    [("check", &["check"]), ("build", &["build"]), ("release", &["build", "--release"])];

/// Prints the table; what failed otherwise.
pub(crate) fn table(root: &Path) -> Result<(), String> {
    let home = root.join("target/build-cost");
    let crates: Vec<PathBuf> =
        VARIANTS.iter().map(|variant| write(root, &home, variant)).collect::<Result<_, _>>()?;
    println!("{FUNCTIONS} functions, the fastest of {ROUNDS} rounds\n");
    println!("{:<18}{:>10}{:>22}{:>22}{:>22}", "", "lines/fn", "check", "build", "release");
    let lines: Vec<usize> = crates.iter().map(|one| expanded(one)).collect::<Result<_, _>>()?;
    let mut times = [[Duration::MAX; WAYS.len()]; VARIANTS.len()];
    for (way, (_, arguments)) in WAYS.iter().enumerate() {
        for round in 0..=ROUNDS {
            for (variant, one) in crates.iter().enumerate() {
                let time = compile(one, arguments)?;
                // The first one builds the dependencies too.
                if round > 0 {
                    times[variant][way] = times[variant][way].min(time);
                }
            }
        }
    }
    let plain = lines[0] / FUNCTIONS;
    for (variant, times_of_it) in VARIANTS.iter().zip(&times) {
        let at = VARIANTS.iter().position(|one| one.name == variant.name).unwrap_or(0);
        let mut row =
            format!("{:<18}{:>10}", variant.name, lines[at] / FUNCTIONS - if at == 0 { 0 } else { plain });
        for (way, time) in times_of_it.iter().enumerate() {
            let ratio = time.as_secs_f64() / times[2][way].as_secs_f64();
            let _ = write!(row, "{:>10.2} s ({ratio:>4.2} x)", time.as_secs_f64());
        }
        println!("{row}");
    }
    println!("\n(… x): the time of `cached`. Lines of an attribute are those beyond the plain function's.");
    Ok(())
}

/// Writes the crate of a variant.
fn write(root: &Path, home: &Path, variant: &Variant) -> Result<PathBuf, String> {
    let at = home.join(variant.name);
    let dependencies = variant.dependencies.replace("ROOT", &root.display().to_string());
    let manifest = format!(
        "[package]\nname = \"cost-{}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
         [dependencies]\nserde = {{ version = \"1\", features = [\"derive\"] }}\n{dependencies}\n",
        variant.name.replace('_', "-"),
    );
    let put = |path: &str, text: &str| {
        let path = at.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&at))
            .and_then(|()| fs::write(&path, text))
            .map_err(|fault| format!("{}: {fault}", path.display()))
    };
    put("Cargo.toml", &manifest)?;
    put("src/lib.rs", &source(variant.attribute))?;
    Ok(at)
}

fn source(attribute: &str) -> String {
    let mut source = String::from(HEAD);
    for number in 0..FUNCTIONS {
        let _ = write!(
            source,
            "
{attribute}
pub async fn get_user_{number}(id: u64, db: &Db) -> Result<User, DbError> {{
    let row = db.row(id, {number}).await?;
    let mut name = row.first.clone();
    if !row.last.is_empty() {{
        name.push(' ');
        name.push_str(&row.last);
    }}
    Ok(User {{ id, name, org: row.org }})
}}
"
        );
    }
    source.push_str(USES);
    for number in 0..FUNCTIONS {
        let _ = writeln!(source, "        Box::pin(get_user_{number}(1, db)),");
    }
    source + "    ]\n}\n"
}

/// A function that nobody polls costs no code.
const USES: &str = "
pub type Calls<'a> = Vec<std::pin::Pin<Box<dyn Future<Output = Result<User, DbError>> + Send + 'a>>>;

pub fn calls(db: &Db) -> Calls<'_> {
    vec![
";

const HEAD: &str = "
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct User { pub id: u64, pub name: String, pub org: u32 }
pub struct Row { first: String, last: String, org: u32 }
#[derive(Clone, Debug)]
pub struct DbError;
pub struct Db;
impl Db {
    async fn row(&self, id: u64, salt: u32) -> Result<Row, DbError> {
        if id == 0 { return Err(DbError) }
        Ok(Row { first: id.to_string(), last: String::new(), org: salt })
    }
}
";

/// The lines of a crate after expansion.
fn expanded(at: &Path) -> Result<usize, String> {
    let output = cargo(at)
        .args(["rustc", "--quiet", "--", "-Zunpretty=expanded"])
        .env("RUSTC_BOOTSTRAP", "1")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|fault| format!("cargo rustc: {fault}"))?;
    if !output.status.success() {
        return Err(format!("{} does not expand", at.display()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}

fn compile(at: &Path, arguments: &[&str]) -> Result<Duration, String> {
    let source = at.join("src/lib.rs");
    let text = fs::read(&source).map_err(|fault| fault.to_string())?;
    fs::write(&source, text).map_err(|fault| fault.to_string())?;
    let begun = Instant::now();
    let status = cargo(at).args(arguments).arg("--quiet").env("CARGO_INCREMENTAL", "0").status();
    let time = begun.elapsed();
    match status {
        Ok(status) if status.success() => Ok(time),
        Ok(status) => Err(format!("{}: {status}", at.display())),
        Err(fault) => Err(format!("cargo: {fault}")),
    }
}

fn cargo(at: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(at).env("CARGO_TARGET_DIR", at.parent().unwrap_or(at).join("target"));
    command
}
