//! What a user of the server has to be permitted, and which of it is missing.
//!
//! It is asked for at each connection, with commands that change nothing: a user who may read and not write, or a server
//! that does not let anybody write, would otherwise be noticed again and again, each time by a call.

use std::fmt;

use redis::{Cmd, Value};

use super::fault::Fault;
use super::keys::Keys;
use super::node::{self, Node};
use super::script;

/// The commands, as rules of an ACL; the last two in a cluster. Beside them `+hello` before Redis 6.2, and `+info` to tell incarnations apart.
const RULES: [&str; 13] = [
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
    "+asking",
    "+cluster|slots",
];

/// Rules that a user lacks; none if it is not known which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Missing {
    /// A bit for each of the rules.
    commands: u16,
    keys: Option<&'static str>,
}

impl Missing {
    /// The command of this rule.
    pub(super) fn command(rule: &str) -> Self {
        let place = RULES.iter().position(|known| *known == rule);
        Self { commands: place.map_or(0, |place| 1 << place), keys: None }
    }

    fn and(self, other: Self) -> Self {
        Self { commands: self.commands | other.commands, keys: self.keys.or(other.keys) }
    }

    /// What a refusal says about the command it answers to. Servers word it differently; all end in the word "command" if
    /// it is the command that is refused.
    fn said(rule: &str, keys: &'static str, text: &str) -> Self {
        if text.ends_with("command") { Self::command(rule) } else { Self { commands: 0, keys: Some(keys) } }
    }
}

/// As it stands in an ACL.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commands = RULES.iter().enumerate().filter(|(place, _)| self.commands & (1 << place) != 0);
        let rules: Vec<_> = commands.map(|(_, rule)| *rule).chain(self.keys).collect();
        f.write_str(&rules.join(" "))
    }
}

/// Loads the scripts, and finds out whether all that will be needed is permitted, beside what is `missing` already.
pub(super) async fn check(node: &Node, keys: &Keys, missing: Option<Missing>) -> Result<(), Fault> {
    let trials = trials(keys);
    let mut commands = script::load_commands();
    let scripts = commands.len();
    for (_, command) in &trials {
        commands.add_command(command.clone());
    }
    let answers = node.send_all(&commands).await?;
    let rules = std::iter::repeat_n("+script|load", scripts).chain(trials.iter().map(|(rule, _)| *rule));
    let refusals = rules.zip(&answers).filter_map(|(rule, answer)| refusal(rule, keys, answer));
    if let Some(missing) = missing.into_iter().chain(refusals).reduce(Missing::and) {
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
    }
}

/// One command for each rule, on keys that nobody has and nobody gets.
fn trials(keys: &Keys) -> Vec<(&'static str, Cmd)> {
    let key = &*keys.nobodys();
    let trial = |rule: &'static str, words: &[&str]| {
        let mut command = Cmd::new();
        command.arg(words);
        (rule, command)
    };
    // It is about the command that follows: here one that it does not matter to.
    let asking = keys.of_bucket().then(|| trial("+asking", &["ASKING"]));
    let trials = [
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
    ];
    asking.into_iter().chain(trials).collect()
}

fn refusal(rule: &str, keys: &Keys, answer: &Value) -> Option<Missing> {
    let Value::ServerError(error) = answer else { return None };
    let pattern = if keys.of_bucket() { "~{*}PREFIX@*" } else { "~PREFIX@*" };
    (error.code() == "NOPERM").then(|| Missing::said(rule, pattern, error.details().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_reads_as_the_rules_that_add_it() {
        let text = "this user has no permissions to run the 'mget' command";
        let newer = "User command has no permissions to run the 'script|load' command";
        let keys = "this user has no permissions to access one of the keys used as arguments";
        let missing =
            Missing::said("+script|load", "~PREFIX@*", newer).and(Missing::said("+mget", "~PREFIX@*", text));
        assert_eq!(missing.to_string(), "+mget +script|load");
        assert_eq!(
            missing.and(Missing::said("+set", "~PREFIX@*", keys)).to_string(),
            "+mget +script|load ~PREFIX@*"
        );
        assert_eq!(
            Missing::said("+set", "~PREFIX@*", "No permissions to access a key").to_string(),
            "~PREFIX@*"
        );
        assert_eq!(Missing::default().to_string(), "");
    }
}
