//! The commands that are sent to a server, in one table: what a user has to be permitted, what is tried when connecting, what
//! is named in the log, and what the documentation lists.

use redis::{Arg, Cmd};

/// A command that is sent to a server, by a call or from a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Command {
    /// As it is sent, with its subcommand.
    pub name: &'static str,
    /// The rule of an ACL that permits it.
    pub rule: &'static str,
    /// What it is needed for.
    pub need: Need,
}

/// What a command is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Need {
    /// Without it the server is not used.
    Always,
    /// The same, with a password.
    Password,
    /// The same, with a database other than 0.
    Database,
    /// The same, in a cluster.
    Cluster,
    /// Something that the server is used without: what.
    Not(&'static str),
}

/// All of them.
pub const COMMANDS: &[Command] = &[
    command("PING", "+ping", Need::Always),
    command("TIME", "+time", Need::Not("one fill at a time in all processes, with `lease`")),
    command("SELECT", "+select", Need::Database),
    command("MGET", "+mget", Need::Always),
    command("SET", "+set", Need::Always),
    command("UNLINK", "+unlink", Need::Always),
    command("TTL", "+ttl", Need::Always),
    command("PTTL", "+pttl", Need::Always),
    command("EXPIRE", "+expire", Need::Always),
    command("EVALSHA", "+evalsha", Need::Always),
    command("SCRIPT LOAD", "+script|load", Need::Always),
    command("ASKING", "+asking", Need::Cluster),
    command("CLUSTER SLOTS", "+cluster|slots", Need::Cluster),
    command("AUTH", "+auth", Need::Password),
    command("HELLO", "+hello", Need::Not("RESP3, and with it the near cache")),
    command("INFO", "+info", Need::Not("telling one incarnation of the server from another")),
    command("CLIENT TRACKING", "+client|tracking", Need::Not("the near cache")),
    command(
        "CLIENT CACHING",
        "+client|caching",
        Need::Not("generations that are known, without a near cache"),
    ),
    command(
        "APPEND",
        "+append",
        Need::Not("storing values with `tags_with` while other tags are invalidated"),
    ),
    command("SCAN", "+scan", Need::Not("a list of the keys")),
];

const fn command(name: &'static str, rule: &'static str, need: Need) -> Command {
    Command { name, rule, need }
}

/// Which of the commands of the table it is.
pub(super) fn place(name: &str) -> Option<usize> {
    COMMANDS.iter().position(|known| known.name == name)
}

/// What a command is called; nothing, if it is not in the table.
pub(super) fn name(command: &Cmd) -> &'static str {
    let mut words = command.args_iter().map(|word| match word {
        Arg::Simple(word) => std::str::from_utf8(word).unwrap_or_default(),
        _ => "",
    });
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_it = |known: &&Command| match known.name.split_once(' ') {
        Some(both) => both == (first, second),
        None => known.name == first,
    };
    COMMANDS.iter().find(is_it).map_or("", |known| known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_called_by_its_name_and_subcommand_and_never_by_an_argument() {
        for known in COMMANDS {
            let mut command = Cmd::new();
            command.arg(known.name.split(' ').collect::<Vec<_>>()).arg("secret");
            assert_eq!(name(&command), known.name);
        }
        assert_eq!(name(redis::cmd("CLIENT").arg("ID")), "");
        assert_eq!(name(&redis::cmd("GET")), "");
    }

    #[test]
    fn the_page_of_the_backend_lists_every_rule_that_has_to_be_given() {
        for known in COMMANDS.iter().filter(|known| known.need != Need::Password) {
            assert!(include_str!("mod.rs").contains(known.rule), "{known:?}");
        }
    }

    #[test]
    fn a_rule_of_an_acl_permits_its_command() {
        for known in COMMANDS {
            let rule = format!("+{}", known.name.to_lowercase().replace(' ', "|"));
            assert_eq!(known.rule, rule);
        }
    }
}
