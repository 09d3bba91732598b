//! The Chromium in which the dashboard is tested: named, found on PATH, or installed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::tools::{has_apt, on_path, root_shell};

/// Names the browser: by the developer to us, and by us to the tests.
pub(crate) const CHROMIUM: &str = "CHROMIUM";

/// Runs as root. A foreign source that cannot be read fails the update, and need not concern this package. The fonts are for
/// the pictures: without any, letters are boxes.
const INSTALL: &str = "apt-get update || echo 'apt-get update failed, trying with the lists at hand' >&2; \
                       DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium \
                       fonts-dejavu-core";

/// What it is called on one system or another.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The path of a browser that runs.
pub(crate) fn program() -> Result<PathBuf, String> {
    let named = env::var_os(CHROMIUM).filter(|value| !value.is_empty()).map(PathBuf::from);
    let found = match named.or_else(find) {
        Some(found) => found,
        None => install()?,
    };
    let output = Command::new(&found).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match version {
        Ok(version) if version.contains("Chrom") => {
            println!("{}: {version}", found.display());
            Ok(found)
        }
        _ => Err(format!("{} is no Chromium: set {CHROMIUM} to the path of one", found.display())),
    }
}

fn find() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| on_path(name))
}

fn install() -> Result<PathBuf, String> {
    let missing = |what: &str| format!("Chromium is not on PATH: {what}, or set {CHROMIUM} to its path");
    if !has_apt() {
        return Err(missing("install it with the package manager of this system"));
    }
    let shell = root_shell().ok_or_else(|| missing("run `apt-get install chromium` as root"))?;
    shell.args(&[INSTALL]).stream().map_err(|_| missing("installing it with apt-get failed, see above"))?;
    find().ok_or_else(|| missing("its package is installed, but the program is elsewhere"))
}
