//! Expansions of many kinds of functions compile, warn of nothing, run their bodies and make their keys, with
//! and without the feature `enabled`, against a runtime that only remembers.

#![deny(warnings, clippy::all, clippy::pedantic)]
// Without the feature the functions are as written here, and some use an argument in their key alone.
#![cfg_attr(not(feature = "enabled"), allow(unused_variables, dead_code, clippy::unused_async))]

mod runtime;

use std::error::Error;
use std::fmt::{Debug, Display};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cachefn_macros::cached;

/// The body of no function here waits for anything.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a body waits"),
    }
}

#[track_caller]
fn keys(expected: &[&str]) {
    let taken = runtime::taken();
    if cfg!(feature = "enabled") {
        assert_eq!(taken, expected);
    } else {
        assert!(taken.is_empty());
    }
}

struct Db;
struct Path<T>(T);
#[derive(Clone)]
struct User {
    org: u32,
    r#type: &'static str,
}

/// Fetches.
#[cached(expire = 300, namespace = "users", key = id, crate = "crate::runtime")]
async fn get_user(id: u64, _db: &Db) -> Result<Option<u64>, Box<dyn Error>> {
    if id == 0 {
        return Err(Box::new(std::fmt::Error));
    }
    Ok(Some("7".parse::<u64>()? + id))
}

#[test]
fn a_function_its_key_and_its_companions() {
    assert_eq!(now(get_user(1, &Db)).unwrap(), Some(8));
    assert!(now(get_user(0, &Db)).is_err());
    let begun = "begin users get_user false 300000 :1<:>";
    keys(&[begun, "begin users get_user false 300000 :0<:>"]);
    let _ = (invalidate_get_user(1), invalidate_all_get_user());
    keys(&["invalidate users get_user false 300000 :1<:>", "invalidate_all users get_user false 300000 "]);
    assert_eq!(now(refresh_get_user(1, &Db)).unwrap(), Some(8));
    keys(&[begun]);
}

#[cached(
    namespace = "orgs:{user.org}",
    key = "{namespace}-{fn}-{user.type}/{page.0}",
    crate = "crate::runtime"
)]
async fn members(page: (u8, u8), user: &User) -> Vec<u8> {
    vec![page.0, page.1]
}

#[cached(skip(_unused), crate = "crate::runtime")]
async fn patterns(Path(id): Path<u64>, [a, mut b]: [u8; 2], _unused: &mut Db) -> u64 {
    b += 1;
    id + u64::from(a + b)
}

#[test]
fn templates_and_patterns() {
    let user = User { org: 3, r#type: "admin" };
    assert_eq!(now(members((1, 2), &user)), [1, 2]);
    keys(&["begin orgs:3<:> members true 0 orgs:3<:>-members-admin</>/1<:>"]);
    let _ = invalidate_members((1, 2), &user);
    keys(&["invalidate orgs:3<:> members true 0 orgs:3<:>-members-admin</>/1<:>"]);
    assert_eq!(now(patterns(Path(1), [2, 3], &mut Db)), 7);
    assert_eq!(now(refresh_patterns(Path(1), [2, 3], &mut Db)), 7);
    keys(&["begin module patterns false 0 :1<:>:2<:>:3<:>"; 2]);
    let _ = invalidate_patterns(Path(1), [2, 3]);
    keys(&["invalidate module patterns false 0 :1<:>:2<:>:3<:>"]);
}

struct Repo<S> {
    region: S,
}

impl<S: Display> Repo<S> {
    const LIMIT: u64 = 9;

    #[cached(key = (self.region, id), crate = "crate::runtime")]
    pub(crate) async fn get(&self, id: u64) -> Option<u64> {
        Some(id.min(Self::LIMIT))
    }

    #[cached(skip(self), companions = true, crate = "crate::runtime")]
    async fn bump(&mut self, r#type: u8) -> u8 {
        r#type
    }

    #[cached(key = self.region.to_string(), crate = "crate::runtime")]
    pub(self) async fn shared(self: Arc<Self>, mut names: Vec<String>) -> Arc<[String]> {
        names.push(self.region.to_string());
        names.into()
    }

    #[cached(key = id, crate = "crate::runtime")]
    async fn limited(id: u64) -> u64 {
        id.min(Self::LIMIT)
    }
}

trait Names {
    async fn name(&self, id: u8) -> String;
}

impl Names for Db {
    #[cached(key = id, crate = "crate::runtime")]
    async fn name(&self, id: u8) -> String {
        id.to_string()
    }
}

#[test]
fn methods() {
    let mut repo = Repo { region: "eu" };
    assert_eq!(now(repo.get(11)), Some(9));
    assert_eq!(now(repo.refresh_get(11)), Some(9));
    keys(&["begin module get false 0 :eu<:>:11<:>"; 2]);
    let _ = (repo.invalidate_get(11), Repo::<&str>::invalidate_all_get());
    keys(&["invalidate module get false 0 :eu<:>:11<:>", "invalidate_all module get false 0 "]);
    assert_eq!(now(repo.bump(4)) + now(repo.refresh_bump(4)), 8);
    let _ = (Repo::<&str>::invalidate_bump(4), Repo::<&str>::invalidate_all_bump());
    let repo = Arc::new(repo);
    assert_eq!(now(Arc::clone(&repo).shared(vec![])).len(), 1);
    let _ = (repo.invalidate_shared(), Repo::<&str>::invalidate_all_shared());
    assert_eq!(now(repo.refresh_shared(vec![])).len(), 1);
    assert_eq!(now(Repo::<u8>::limited(11)), now(Repo::<u8>::refresh_limited(10)));
    let _ = (Repo::<u8>::invalidate_limited(11), Repo::<u8>::invalidate_all_limited());
    assert_eq!(now(Db.name(1)), "1");
    assert!(runtime::taken().iter().all(|line| !line.is_empty()));
}

#[cached(key = (ids.len(), N), crate = "crate::runtime")]
async fn generic<'a, D, I, T, const N: usize>(_db: &D, ids: I) -> Option<&'a str>
where
    D: Sync,
    I: ExactSizeIterator<Item = T> + Clone,
    T: Debug + 'a,
{
    ids.clone().next().map(|_| "first")
}

#[cached(key = format!("{name}{}", SITE), crate = "crate::runtime")]
async fn opaque<E: From<std::num::ParseIntError>>(name: impl Display, _db: &impl Sync) -> Result<u64, E> {
    #![allow(clippy::items_after_statements)]
    let local = Rc::new(SITE);
    std::future::ready(()).await;
    const SITE: u64 = 40;
    Ok(name.to_string().parse::<u64>()? + *local + SITE)
}

const SITE: &str = "!";

#[cached(crate = "crate::runtime")]
async fn fibonacci(n: u32) -> u32 {
    if n < 2 { n } else { Box::pin(fibonacci(n - 1)).await + fibonacci_boxed(n - 2).await }
}

fn fibonacci_boxed(n: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(fibonacci(n))
}

#[cfg(any())]
#[cached(crate = "crate::runtime")]
async fn left_out(n: Missing) -> Missing {
    n
}

macro_rules! wrapped {
    ($name:ident, $id:ident, $key:expr, $expire:literal, $body:block) => {
        #[cached(key = $key, expire = $expire, crate = "crate::runtime")]
        async fn $name($id: u64) -> u64 $body
    };
}
wrapped!(by_macro, id, id + 1, "1s 500ms", { id * 2 });

#[test]
fn generics_recursion_and_macros() {
    assert_eq!(now(generic::<_, _, _, 3>(&Db, [1, 2].iter())), Some("first"));
    assert_eq!(now(refresh_generic::<_, _, _, 3>(&Db, [1, 2].iter())), Some("first"));
    keys(&["begin module generic false 0 :2<:>:3<:>"; 2]);
    let _ = (invalidate_generic::<_, _, 3>([1, 2].iter()), invalidate_all_generic());
    runtime::taken();
    let total = now(opaque::<Box<dyn Error>>("1", &Db));
    assert_eq!(total.unwrap(), 81);
    keys(&["begin module opaque false 0 :1!<:>"]);
    let _ = (invalidate_opaque("1"), invalidate_all_opaque());
    let _ = now(refresh_opaque::<Box<dyn Error>>("1", &Db));
    assert_eq!(now(fibonacci(5)), 5);
    runtime::taken();
    assert_eq!(now(by_macro(4)), 8);
    keys(&["begin module by_macro false 1500 :5<:>"]);
    let _ = (invalidate_by_macro(4), invalidate_all_by_macro(), now(refresh_by_macro(4)));
    let _ = (invalidate_fibonacci(4), invalidate_all_fibonacci(), now(refresh_fibonacci(4)));
}

#[test]
fn a_future_is_send_where_its_body_is() {
    fn send<T: Send>(_: T) {}
    send(members((1, 2), &User { org: 1, r#type: "a" }));
    send(refresh_members((1, 2), &User { org: 1, r#type: "a" }));
    send(fibonacci(1));
}
