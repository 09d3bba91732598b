//! The generations of a place, for whoever compares them with what they were.

use redis::Value;

use super::known::Known;
use super::link::Link;
use super::question::token;
use crate::envelope::Token;
use crate::error::{Error, ErrorKind};
use crate::place::Place;

impl Link {
    /// The generations of the place's lineage as the server has them; `None` where one of them is missing.
    ///
    /// # Errors
    ///
    /// Those of a lookup.
    pub async fn generations(&self, place: &Place) -> Result<Option<Vec<Token>>, Error> {
        let (bucket, lineage) = (self.bucket(place), place.lineage.clone());
        let tokens = self.run(async move {
            let (groups, known) = (lineage.groups(), bucket.known());
            let moment = known.map(Known::moment);
            let mut command = redis::cmd("MGET");
            command.arg(bucket.keys().generations(groups));
            let [answer] = bucket.ask_marked(redis::pipe(), command).await?;
            let tokens = match answer {
                Value::Array(values) if values.len() == groups.len() => {
                    values.into_iter().map(token).collect::<Option<Vec<_>>>()
                }
                _ => return Ok(Err(Error::new(ErrorKind::Protocol))),
            };
            if let (Some(known), Some(moment), Some(tokens)) = (known, moment, &tokens) {
                known.learn(moment, groups, tokens);
            }
            Ok(Ok(tokens))
        });
        tokens.await?
    }

    /// The same, if they are known without asking. To be used once something that was asked for is answered: what the
    /// server has said of changes before that answer is known by then.
    pub fn known_generations(&self, place: &Place) -> Option<Vec<Token>> {
        self.bucket(place).known()?.of(place.lineage.groups()).map(|tokens| tokens.to_vec())
    }
}
