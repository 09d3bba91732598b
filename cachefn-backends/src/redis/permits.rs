//! What a user of the server has to be permitted, and which of it is missing.
//!
//! It is asked for at each connection, with commands that change nothing: a user who may read and not write, or a server
//! that does not let anybody write, would otherwise be noticed again and again, each time by a call.

use std::fmt;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, Value};

use super::connect;
use super::fault::Fault;
use super::keys::Keys;
use super::script;

/// The commands, as rules of an ACL. Beside them `+hello` before Redis 6.2, and `+info` to tell incarnations apart.
const RULES: [&str; 11] = [
    "+ping",
    "+time",
    "+select",
    "+mget",
    "+set",
    "+unlink",
    "+ttl",
    "+pttl",
    "+expire",
    "+evalsha",
    "+script|load",
];

/// Rules that a user lacks; none if it is not known which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Missing {
    /// A bit for each of the rules.
    commands: u16,
    keys: bool,
}

impl Missing {
    /// The command of this rule.
    pub(super) fn command(rule: &str) -> Self {
        let place = RULES.iter().position(|known| *known == rule);
        Self { commands: place.map_or(0, |place| 1 << place), keys: false }
    }

    fn and(self, other: Self) -> Self {
        Self { commands: self.commands | other.commands, keys: self.keys || other.keys }
    }

    /// What a refusal says about the command it answers to. Servers word it differently; all end in the word "command" if
    /// it is the command that is refused.
    fn said(rule: &str, text: &str) -> Self {
        if text.ends_with("command") { Self::command(rule) } else { Self { commands: 0, keys: true } }
    }
}

/// As it stands in an ACL.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commands = RULES.iter().enumerate().filter(|(place, _)| self.commands & (1 << place) != 0);
        let keys = self.keys.then_some("~PREFIX@*");
        let rules: Vec<_> = commands.map(|(_, rule)| *rule).chain(keys).collect();
        f.write_str(&rules.join(" "))
    }
}

/// Loads the scripts, and finds out whether all that will be needed is permitted, beside what is `missing` already.
pub(super) async fn check(
    mux: &mut MultiplexedConnection,
    keys: &Keys,
    missing: Option<Missing>,
) -> Result<(), Fault> {
    let trials = trials(&keys.nobodys());
    let mut commands = script::load_commands();
    let scripts = commands.len();
    for (_, command) in &trials {
        commands.add_command(command.clone());
    }
    let answers = send(mux, &commands).await?;
    let rules = std::iter::repeat_n("+script|load", scripts).chain(trials.iter().map(|(rule, _)| *rule));
    let refusals = rules.zip(&answers).filter_map(|(rule, answer)| refusal(rule, answer));
    if let Some(missing) = missing.into_iter().chain(refusals).reduce(Missing::and) {
        return Err(Fault::Permission(missing));
    }
    let mut faults = answers.iter().filter_map(|answer| connect::accept(answer.clone()).err());
    // Of the trials it does not matter what else they answered.
    match faults.find(|fault| matches!(fault, Fault::Unready | Fault::Cluster)) {
        Some(fault) => Err(fault),
        None => answers.into_iter().take(scripts).try_for_each(|answer| connect::accept(answer).map(drop)),
    }
}

/// One command for each rule, on keys that nobody has and nobody gets.
fn trials(key: &str) -> Vec<(&'static str, Cmd)> {
    let trial = |rule: &'static str, words: &[&str]| {
        let mut command = Cmd::new();
        command.arg(words);
        (rule, command)
    };
    vec![
        trial("+ping", &["PING"]),
        trial("+time", &["TIME"]),
        // A cluster refuses two keys that are not neighbours.
        trial("+mget", &["MGET", key, &format!("{key}2")]),
        trial("+set", &["SET", key, "", "XX"]),
        trial("+unlink", &["UNLINK", key]),
        trial("+ttl", &["TTL", key]),
        trial("+pttl", &["PTTL", key]),
        trial("+expire", &["EXPIRE", key, "1"]),
        trial("+evalsha", &["EVALSHA", script::NONE, "1", key]),
    ]
}

fn refusal(rule: &str, answer: &Value) -> Option<Missing> {
    let Value::ServerError(error) = answer else { return None };
    (error.code() == "NOPERM").then(|| Missing::said(rule, error.details().unwrap_or_default()))
}

async fn send(mux: &mut MultiplexedConnection, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
    let answers = mux.send_packed_commands(commands, 0, commands.len()).await;
    answers.map_err(|error| Fault::of(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_reads_as_the_rules_that_add_it() {
        let text = "this user has no permissions to run the 'mget' command";
        let newer = "User command has no permissions to run the 'script|load' command";
        let keys = "this user has no permissions to access one of the keys used as arguments";
        let missing = Missing::said("+script|load", newer).and(Missing::said("+mget", text));
        assert_eq!(missing.to_string(), "+mget +script|load");
        assert_eq!(missing.and(Missing::said("+set", keys)).to_string(), "+mget +script|load ~PREFIX@*");
        assert_eq!(Missing::said("+set", "No permissions to access a key").to_string(), "~PREFIX@*");
        assert_eq!(Missing::default().to_string(), "");
    }
}
