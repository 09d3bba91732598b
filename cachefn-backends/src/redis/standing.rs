//! Whether anything stands that an invalidation would strike, for whoever must say whether there was anything.

use redis::{Pipeline, Value};
use tokio::task::JoinSet;

use super::connect::Bucket;
use super::fault::Fault;
use super::link::Link;
use crate::error::Error;
use crate::place::Target;

impl Link {
    /// Whether there is anything that an invalidation of `targets` would remove: a value, a fill that is under way, a
    /// generation. It may be of what is dead already. A group in a cluster costs a question for each bucket.
    ///
    /// # Errors
    ///
    /// As for a lookup.
    pub async fn stands(&self, targets: &[Target]) -> Result<bool, Error> {
        let struck = self.line.struck(targets);
        self.run(async move {
            let mut asked: JoinSet<_> =
                struck.into_iter().map(|(bucket, strike)| any(bucket, strike.names)).collect();
            while let Some(answer) = asked.join_next().await {
                if answer.unwrap_or(Err(Fault::Broken))? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }
}

/// Whether one of the names is there. They are asked how long they live, for that is permitted wherever scripts are, and a
/// value need not be sent for it.
async fn any(bucket: Bucket, names: Vec<String>) -> Result<bool, Fault> {
    let mut commands = Pipeline::with_capacity(names.len());
    for name in names {
        commands.cmd("PTTL").arg(name);
    }
    let answers = bucket.ask_all(&commands).await?;
    Ok(answers.iter().any(|left| matches!(left, Value::Int(-1..))))
}
