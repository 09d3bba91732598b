//! What is wrong or wasteful about the cache of this process, in sentences.
//!
//! All of it follows from what is counted anyway and from what misses [note](crate::evidence): calls pay nothing for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cachefn_backends::clock::Tick;

use crate::global;
use crate::identity::Identity;
use crate::log_limit::Reason;
use crate::stats::{self, FunctionStats};
use crate::status::{Mode, Status};

/// Fewer calls, or entries, say nothing about a function.
const ENOUGH: u64 = 100;

/// Fewer bodies say nothing about how long they take.
const ENOUGH_BODIES: u64 = 5;

/// A function that answers a smaller part of its calls from the cache is worth a look.
const FAIR_HIT_RATE: f64 = 0.8;

/// Something about the cache of this process that is wrong or wasteful, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advice {
    /// The kind of finding.
    pub kind: AdviceKind,
    /// The path of the function that it is about; nothing if it is about the process.
    pub function: Option<String>,
    /// What is wrong, and what to do, in a sentence or two. No argument of a call is in it.
    pub message: String,
}

/// The kind of a piece of [`Advice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AdviceKind {
    /// Nothing is cached.
    CachingOff,
    /// Redis is asked for and cannot be used at the moment.
    RedisAway,
    /// Fewer than 80 of 100 calls of a function are hits, of a hundred calls or more.
    LowHitRate,
    /// Entries of a function live for a shorter time than its body takes.
    ShortLife,
    /// Of a hundred entries of a function or more, none was asked for again.
    NeverAskedAgain,
    /// An argument that is a secret by its name is part of a key, and the function is not `sensitive`.
    ExposedSecret,
    /// Another program, or another version of this one, stores under the same keys in Redis.
    SharedPrefix,
    /// Values of a function are not stored in Redis.
    KeptOutOfRedis,
}

impl AdviceKind {
    /// Its name, as the admin router writes it: `caching_off`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CachingOff => "caching_off",
            Self::RedisAway => "redis_away",
            Self::LowHitRate => "low_hit_rate",
            Self::ShortLife => "short_life",
            Self::NeverAskedAgain => "never_asked_again",
            Self::ExposedSecret => "exposed_secret",
            Self::SharedPrefix => "shared_prefix",
            Self::KeptOutOfRedis => "kept_out_of_redis",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(function) => write!(f, "`{function}`: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Status {
    /// Lists what is wrong or wasteful, the process first and then its functions; nothing if all is well.
    ///
    /// Functions are judged by what they have done since the process started, at the price of a walk over them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), cachefn::Error> {
    /// use cachefn::AdviceKind;
    ///
    /// let advice = cachefn::status().advice(); // before anything is set up
    /// assert_eq!(advice[0].kind, AdviceKind::CachingOff);
    ///
    /// cachefn::init_with(cachefn::Config::builder().enabled(true).build()?).await?;
    /// for advice in cachefn::status().advice() {
    ///     println!("{advice}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn advice(&self) -> Vec<Advice> {
        if self.mode == Mode::Disabled {
            return vec![about_process(AdviceKind::CachingOff, off())];
        }
        let mut advice = Vec::new();
        if let Some(redis) = self.redis.as_ref().filter(|redis| !redis.connected) {
            let waiting = match redis.journal {
                1 => "1 invalidation waits".to_owned(),
                journal => format!("{journal} invalidations wait"),
            };
            let message = format!(
                "Redis at {} is asked for and cannot be used (it is {}): each process serves from its own memory, and {waiting}. \
                 Look for the last warning of the target `cachefn`, which has the reason.",
                redis.address, redis.state
            );
            advice.push(about_process(AdviceKind::RedisAway, message));
        }
        let facts = Facts::now();
        for one in stats::stats().functions {
            facts.judge(&one, self.mode, &mut advice);
        }
        advice
    }
}

fn about_process(kind: AdviceKind, message: String) -> Advice {
    Advice { kind, function: None, message }
}

fn off() -> String {
    if cfg!(feature = "enabled") {
        "Caching is off: every call runs its body. Set CACHE_ENABLED=true, or `enabled(true)` in the configuration that \
         `init_with` is given."
            .to_owned()
    } else {
        "Caching is off: `cachefn` is built without its feature `enabled`.".to_owned()
    }
}

/// What is known of the functions that were called, beside their figures.
struct Facts {
    /// By path: one may be called at several sites.
    functions: BTreeMap<&'static str, Vec<&'static Identity>>,
    /// The numbers under which these store in Redis.
    sites: BTreeSet<u64>,
    now: Option<Tick>,
}

impl Facts {
    fn now() -> Self {
        let mut functions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for identity in stats::identities() {
            functions.entry(identity.path.as_str()).or_default().push(identity);
        }
        let sites = functions.values().flatten().copied().filter_map(site_of).collect();
        let now = global::in_place().map(|cache| cache.memory.clock().now());
        Self { functions, sites, now }
    }

    fn judge(&self, one: &FunctionStats, mode: Mode, advice: &mut Vec<Advice>) {
        let identities = self.functions.get(one.function.as_str()).map_or(&[][..], Vec::as_slice);
        let mut add = |kind, message: Option<String>| {
            advice.extend(message.map(|message| Advice {
                kind,
                function: Some(one.function.clone()),
                message,
            }));
        };
        let never = never_asked_again(one);
        add(AdviceKind::LowHitRate, low_hit_rate(one).filter(|_| never.is_none()));
        add(AdviceKind::NeverAskedAgain, never);
        add(AdviceKind::ShortLife, short_life(one, identities));
        add(AdviceKind::ExposedSecret, exposed_secret(identities));
        if mode == Mode::Redis {
            add(AdviceKind::SharedPrefix, self.shared_prefix(identities));
            add(AdviceKind::KeptOutOfRedis, kept_out(identities));
        }
    }

    /// An entry of a function that is not this program's, or of another version of the function itself.
    fn shared_prefix(&self, identities: &[&Identity]) -> Option<String> {
        let is_foreign = |one: &&Identity| {
            let foreign = self.now.and_then(|now| one.evidence.foreign(now));
            foreign.is_some_and(|site| Some(site) == site_of(one) || !self.sites.contains(&site))
        };
        identities.iter().any(is_foreign).then(|| {
            "in the last ten minutes another program, or another version of this one, has stored under its keys, and each \
             makes the other miss. Unless a deployment is under way, give each deployment a CACHE_PREFIX of its own."
                .to_owned()
        })
    }
}

/// The number under which the first of its instances stores.
fn site_of(identity: &Identity) -> Option<u64> {
    identity.first_instance.get()?.1
}

fn low_hit_rate(one: &FunctionStats) -> Option<String> {
    let calls = one.hits + one.misses;
    let rate = one.hit_rate();
    (calls >= ENOUGH && rate < FAIR_HIT_RATE).then(|| {
        format!(
            "{:.0} % of {calls} calls are hits. Let entries live longer (`expire`), leave out of the key what does not \
             change the value, invalidate less at a time, or do not cache it.",
            (rate * 100.0).floor()
        )
    })
}

fn never_asked_again(one: &FunctionStats) -> Option<String> {
    (one.fills >= ENOUGH && one.hits + one.collapsed == 0).then(|| {
        format!(
            "none of {} entries was asked for again. Is something in the key that is new in each call, such as the time or a \
             request's number? Otherwise entries expire or are invalidated before they are of use.",
            one.fills
        )
    })
}

fn short_life(one: &FunctionStats, identities: &[&Identity]) -> Option<String> {
    let life = identities.iter().filter_map(|one| one.evidence.longest_life()).max()?;
    // That a quantile may be too large by a quarter is not held against the function.
    let body = one.body.p50().filter(|_| one.body.count() >= ENOUGH_BODIES)?.mul_f64(0.8);
    (life < body).then(|| {
        format!(
            "its body takes {body:.0?} and longer, and what it returns lives for {life:.0?}: it is fetched more often than \
             it is of use. Write a longer `expire`, or `stale`."
        )
    })
}

fn exposed_secret(identities: &[&Identity]) -> Option<String> {
    let name = identities.iter().find_map(|one| one.exposed)?;
    Some(format!(
        "`{name}` is part of the key as it is, and so of logs and of Redis. Write `sensitive` if it is a secret."
    ))
}

/// All reasons that were met, in one sentence each.
fn kept_out(identities: &[&Identity]) -> Option<String> {
    let met = |reason| identities.iter().any(|one| one.log_limits.has_met(reason));
    let full: u64 = identities.iter().map(|one| one.evidence.full()).sum();
    let is_nameless = |one: &&Identity| one.first_instance.get().is_some_and(|(_, site)| site.is_none());
    let reasons = [
        (met(Reason::NoSecret), "it is `sensitive`, and CACHE_SECRET is not set: nothing of it is cached."),
        (met(Reason::TooLarge), "values are over 1 MiB: memory keeps them for a short time."),
        (met(Reason::Unfit), "its codec cannot carry values: write `codec = Json`, or derive other forms."),
        (met(Reason::Serialize), "the `Serialize` of its values fails."),
        (full > 0, "Redis had no room: look at its `maxmemory` and `maxmemory-policy`."),
        (
            identities.iter().any(is_nameless),
            "it cannot be told from another function, having a closure among its types.",
        ),
    ];
    let reasons: Vec<_> = reasons.into_iter().filter_map(|(met, reason)| met.then_some(reason)).collect();
    (!reasons.is_empty()).then(|| format!("some of its values are kept out of Redis: {}", reasons.join(" ")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::latency::Histogram;

    fn figures(hits: u64, misses: u64, fills: u64) -> FunctionStats {
        FunctionStats { hits, misses, fills, ..FunctionStats::default() }
    }

    #[test]
    fn a_hit_rate_is_judged_from_a_hundred_calls_on_and_fair_at_four_of_five() {
        assert!(low_hit_rate(&figures(79, 21, 21)).is_some_and(|message| message.starts_with("79 % of 100")));
        assert_eq!(low_hit_rate(&figures(80, 20, 20)), None);
        assert_eq!(low_hit_rate(&figures(0, 99, 99)), None);
    }

    #[test]
    fn entries_are_of_no_use_where_none_of_a_hundred_was_asked_for_again() {
        assert!(never_asked_again(&figures(0, 100, 100)).is_some());
        assert_eq!(never_asked_again(&figures(0, 99, 99)), None);
        assert_eq!(never_asked_again(&figures(1, 100, 100)), None);
        let joined = FunctionStats { collapsed: 1, ..figures(0, 100, 100) };
        assert_eq!(never_asked_again(&joined), None);
    }

    #[test]
    fn a_body_of_which_little_is_known_is_not_judged() {
        let bodies = Histogram::new();
        let body = |bodies: &Histogram| FunctionStats { body: bodies.latency(), ..FunctionStats::default() };
        (1..ENOUGH_BODIES).for_each(|_| bodies.add(Duration::from_secs(9)));
        assert_eq!(short_life(&body(&bodies), &[]), None);
    }
}
