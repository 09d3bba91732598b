//! Which server is the master, by those who watch it.
//!
//! They are asked at each connection, and what they say is checked: after a failover some may not know yet. They are asked
//! again every few seconds, for a master that was replaced ends its connections late, and until it does takes what nobody
//! else sees.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connect::CONNECT_TIMEOUT;
use super::fault::Fault;
use super::node::Driver;
use super::settings::{Sentinel, Settings};
use super::wire;

/// How long one sentinel is waited for: a part of the attempt to connect, for the master needs time too.
const LIMIT: Duration = CONNECT_TIMEOUT.checked_div(4).expect("four is not zero");

/// Where sentinels say the master is, first what most of them say.
pub(super) async fn masters(settings: &Settings, sentinel: &Sentinel) -> Result<Vec<(String, u16)>, Fault> {
    let first = (settings.host.clone(), settings.port);
    let nodes = [first].into_iter().chain(sentinel.others.iter().cloned());
    let mut answers: JoinSet<_> =
        nodes.map(|node| asked(settings.clone(), node, sentinel.service.clone())).collect();
    let (mut votes, mut fault): (Vec<(usize, _)>, _) = (Vec::new(), Fault::Sentinels);
    while let Some(answer) = answers.join_next().await {
        match answer.unwrap_or(Err(Fault::Broken)) {
            Ok(master) => match votes.iter_mut().find(|(_, other)| *other == master) {
                Some((count, _)) => *count += 1,
                None => votes.push((1, master)),
            },
            Err(other) if other.needs_a_human() => fault = other,
            Err(_) => {}
        }
    }
    votes.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    if votes.is_empty() { Err(fault) } else { Ok(votes.into_iter().map(|(_, master)| master).collect()) }
}

async fn asked(settings: Settings, node: (String, u16), service: String) -> Result<(String, u16), Fault> {
    let answer = timeout(LIMIT, async {
        let mut answer = Err(Fault::Login);
        for login in logins(&settings) {
            answer = ask(&settings, &node, &service, &login).await;
            if answer != Err(Fault::Login) {
                break;
            }
        }
        answer
    });
    match answer.await.unwrap_or(Err(Fault::Timeout)) {
        Err(Fault::Login) => Err(Fault::SentinelLogin),
        answer => answer,
    }
}

/// Sentinels that want a password are given the server's; those that know no users, without a name.
fn logins(settings: &Settings) -> Vec<RedisConnectionInfo> {
    let nobody = RedisConnectionInfo::default().set_skip_set_lib_name();
    let full = settings.login(ProtocolVersion::RESP2);
    let nameless = Settings { username: None, ..settings.clone() }.login(ProtocolVersion::RESP2);
    let wanted = [Some(nobody), full.password().map(|_| full.clone()), full.username().map(|_| nameless)];
    wanted.into_iter().flatten().collect()
}

async fn ask(
    settings: &Settings,
    (host, port): &(String, u16),
    service: &str,
    login: &RedisConnectionInfo,
) -> Result<(String, u16), Fault> {
    let wire = wire::open(host, *port, settings.tls.as_ref()).await?;
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let opened = MultiplexedConnection::new_with_config(login, wire, config).await;
    let (mut mux, driver) = opened.map_err(|error| Fault::of(&error))?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("get-master-addr-by-name").arg(service);
    let _driver = Driver::start(driver);
    let master = question.query_async::<Option<(String, u16)>>(&mut mux).await;
    master.map_err(|error| Fault::of(&error))?.ok_or(Fault::Service)
}
