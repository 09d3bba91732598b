//! Programs that the tests start: where they are, and who may install them.

use std::env;
use std::path::{Path, PathBuf};

use crate::run::Job;

/// The first of `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let directories = env::var_os("PATH")?;
    env::split_paths(&directories).map(|directory| directory.join(program)).find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Whether packages are installed with `apt-get` here.
pub(crate) fn has_apt() -> bool {
    cfg!(target_os = "linux") && on_path("apt-get").is_some()
}

/// A shell of root's, if we may have one.
pub(crate) fn root_shell() -> Option<Job> {
    let is_root = Job::new("id -u").output().is_ok_and(|user| user.trim() == "0");
    match (is_root, on_path("sudo")) {
        (true, _) => Some(Job::new("sh -c")),
        (false, Some(_)) => Some(Job::new("sudo sh -c")),
        (false, None) => None,
    }
}
