//! What a user of the server has to be permitted and the server has to know, and which of it is missing.
//!
//! It is asked for at each connection, with commands that change nothing: a user who may read and not write, a server that
//! does not let anybody write, or one that lacks a command would otherwise be noticed again and again, each time by a call.

use std::fmt;

use redis::{Cmd, Value};

use super::commands::{self, COMMANDS};
use super::fault::Fault;
use super::keys::Keys;
use super::node::{self, Node};
use super::script;

/// What is missing; nothing if it is not known what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Missing {
    /// What the user may not do: a bit for each of the commands.
    refused: u32,
    /// What the server does not know, or does in another way.
    unknown: u32,
    keys: Option<&'static str>,
}

/// What a server can do that it need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Able {
    /// Whether it tells the time, so that a fill can be alone in all processes.
    pub(super) tells_time: bool,
}

impl Missing {
    /// A command that the user may not give.
    pub(super) fn refused(name: &str) -> Self {
        Self { refused: bit(name), ..Self::default() }
    }

    /// A command that the server does not know.
    pub(super) fn unknown(name: &str) -> Self {
        Self { unknown: bit(name), ..Self::default() }
    }

    fn and(self, other: Self) -> Self {
        Self {
            refused: self.refused | other.refused,
            unknown: self.unknown | other.unknown,
            keys: self.keys.or(other.keys),
        }
    }

    /// Whether it is the server that has to be another.
    pub(super) fn is_of_server(self) -> bool {
        self.unknown != 0
    }

    /// What a refusal says about the command it answers to. Servers word it differently; all end in the word "command" if
    /// it is the command that is refused.
    fn said(name: &str, keys: &'static str, text: &str) -> Self {
        if text.ends_with("command") {
            Self::refused(name)
        } else {
            Self { keys: Some(keys), ..Self::default() }
        }
    }
}

/// As rules of an ACL, and as commands.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let among = |bits: u32| {
            COMMANDS
                .iter()
                .enumerate()
                .filter(move |(place, _)| bits & (1 << place) != 0)
                .map(|(_, known)| known)
        };
        let rules: Vec<_> = among(self.refused).map(|known| known.rule).chain(self.keys).collect();
        if !rules.is_empty() {
            write!(f, "user lacks {}, see REDIS_USERNAME", rules.join(" "))?;
        }
        let names: Vec<_> = among(self.unknown).map(|known| known.name).collect();
        if !names.is_empty() {
            let and = if rules.is_empty() { "" } else { "; " };
            write!(f, "{and}server lacks {}: memory serves until it has that", names.join(", "))?;
        }
        Ok(())
    }
}

fn bit(name: &str) -> u32 {
    commands::place(name).map_or(0, |place| 1 << place)
}

/// Loads the scripts, and finds out whether all that will be needed is there, beside what is `missing` already.
pub(super) async fn check(node: &Node, keys: &Keys, missing: Option<Missing>) -> Result<Able, Fault> {
    let trials = trials(keys);
    let mut commands = script::load_commands();
    let scripts = commands.len();
    for (_, command) in &trials {
        commands.add_command(command.clone());
    }
    let answers = node.send_all(&commands).await?;
    let names = std::iter::repeat_n("SCRIPT LOAD", scripts).chain(trials.iter().map(|(name, _)| *name));
    let lacks = names.zip(&answers).filter_map(|(name, answer)| Some((name, lack(name, keys, answer)?)));
    let (mut able, mut missing) = (Able { tells_time: true }, missing);
    for (name, lack) in lacks {
        if name == "TIME" {
            able.tells_time = false;
        } else {
            missing = Some(missing.map_or(lack, |missing| missing.and(lack)));
        }
    }
    if let Some(missing) = missing {
        return Err(Fault::Permission(missing));
    }
    let mut faults = answers.iter().filter_map(|answer| node::accept(answer.clone()).err());
    // Of the trials it does not matter what else they answered. In a cluster a slot may be on its way.
    let is_unfit = |fault: &Fault| match fault {
        Fault::Cluster => !keys.of_bucket(),
        fault => matches!(fault, Fault::Unready | Fault::Down),
    };
    match faults.find(is_unfit) {
        Some(fault) => Err(fault),
        None => answers.into_iter().take(scripts).try_for_each(|answer| node::accept(answer).map(drop)),
    }?;
    Ok(able)
}

/// One for each command that must be there, on keys that nobody has and nobody gets. They do nothing, and a server that
/// answers with an error that tells of nothing passing does not do what is needed.
fn trials(keys: &Keys) -> Vec<(&'static str, Cmd)> {
    let key = &*keys.nobodys();
    let trial = |name: &'static str, words: &[&str]| {
        let mut command = Cmd::new();
        command.arg(words);
        (name, command)
    };
    // It is about the command that follows: here one that it does not matter to.
    let asking = keys.of_bucket().then(|| trial("ASKING", &["ASKING"]));
    let trials = [
        trial("PING", &["PING"]),
        trial("TIME", &["TIME"]),
        // A cluster refuses two keys that are not neighbours.
        trial("MGET", &["MGET", key, &format!("{key}2")]),
        trial("SET", &["SET", key, "", "XX"]),
        trial("UNLINK", &["UNLINK", key]),
        trial("TTL", &["TTL", key]),
        trial("PTTL", &["PTTL", key]),
        trial("EXPIRE", &["EXPIRE", key, "1"]),
        // What the scripts need of the language, too.
        trial("EVALSHA", &["EVALSHA", script::trial(), "1", key]),
    ];
    asking.into_iter().chain(trials).collect()
}

/// What an answer says to be missing.
fn lack(name: &'static str, keys: &Keys, answer: &Value) -> Option<Missing> {
    let Value::ServerError(error) = answer else { return None };
    if error.code() == "NOPERM" {
        let pattern = if keys.of_bucket() { "~{*}PREFIX@*" } else { "~PREFIX@*" };
        return Some(Missing::said(name, pattern, error.details().unwrap_or_default()));
    }
    match Fault::of(&error.clone().into()) {
        Fault::Answer(_) | Fault::Unknown(_) => Some(Missing::unknown(name)),
        // It was loaded just now, or it is what could not be.
        Fault::NoScript => Some(Missing::unknown("SCRIPT LOAD")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::commands::Need;
    use super::*;

    #[test]
    fn what_is_missing_reads_as_the_rules_that_add_it_and_the_commands() {
        let text = "this user has no permissions to run the 'mget' command";
        let newer = "User command has no permissions to run the 'script|load' command";
        let keys = "this user has no permissions to access one of the keys used as arguments";
        let missing =
            Missing::said("SCRIPT LOAD", "~PREFIX@*", newer).and(Missing::said("MGET", "~PREFIX@*", text));
        assert_eq!(missing.to_string(), "user lacks +mget +script|load, see REDIS_USERNAME");
        assert_eq!(
            missing.and(Missing::said("SET", "~PREFIX@*", keys)).to_string(),
            "user lacks +mget +script|load ~PREFIX@*, see REDIS_USERNAME"
        );
        assert_eq!(
            Missing::said("SET", "~PREFIX@*", "No permissions to access a key").to_string(),
            "user lacks ~PREFIX@*, see REDIS_USERNAME"
        );
        let unknown = Missing::unknown("UNLINK").and(Missing::unknown("PTTL"));
        assert_eq!(unknown.to_string(), "server lacks UNLINK, PTTL: memory serves until it has that");
        assert!(missing.and(unknown).to_string().contains("see REDIS_USERNAME; server lacks UNLINK, PTTL"));
        assert_eq!(Missing::default().to_string(), "");
    }

    #[test]
    fn every_command_that_must_be_there_is_tried() {
        let keys = Keys::new("app", None);
        let tried: Vec<_> = trials(&keys).iter().map(|(name, _)| *name).collect();
        for known in COMMANDS.iter().filter(|known| known.need == Need::Always) {
            assert!(tried.contains(&known.name) || known.name == "SCRIPT LOAD", "{known:?}");
        }
        assert!(tried.iter().all(|name| commands::place(name).is_some()));
    }
}
