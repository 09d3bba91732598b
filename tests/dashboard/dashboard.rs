//! The dashboard, used with a mouse and a keyboard.
#![allow(missing_docs)]

mod browser;

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use cachefn::http::admin;
use cachefn::{Config, cached};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use browser::Browser;

const TOKEN: &str = "0123456789abcdef";

static RUNS: AtomicU32 = AtomicU32::new(0);

#[cached(namespace = "users", key = id, expire = 300)]
async fn get_user(id: u64) -> serde_json::Value {
    RUNS.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(2 + id % 7)).await;
    serde_json::json!({"id": u64::MAX, "name": format!("user {id}"), "roles": ["reader", "writer"]})
}

#[cached(namespace = "search:pages", expire = 60)]
async fn find(text: &str, page: u32) -> Vec<String> {
    tokio::time::sleep(Duration::from_millis(12)).await;
    (0..page).map(|hit| format!("{text} {hit}")).collect()
}

#[cached(namespace = "rates", key = currency, expire = 5)]
async fn exchange_rate(currency: &str) -> Result<f64, String> {
    match currency {
        "none" => Err("no such currency".to_owned()),
        _ => Ok(1.0 / f64::from(u32::try_from(currency.len()).unwrap_or(1))),
    }
}

/// What a key must not be on a page: anything but text.
const EVIL: &str = "<img src=x onerror=document.title='evil'>";

/// A server on a free port of this machine, and calls that go on.
fn serve(runtime: &Runtime) -> String {
    let listener = runtime.block_on(async {
        cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
    });
    let address = listener.local_addr().unwrap();
    let app: Router = Router::new().nest("/admin/cache", admin::router().token(TOKEN).unwrap());
    runtime.spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/admin/cache")
}

/// As a program would call, a little.
async fn call(rounds: u64) {
    for round in 0..rounds {
        for id in 0..8 {
            find(["tea", "coffee", EVIL][(round % 3) as usize], 1 + u32::try_from(id % 3).unwrap()).await;
            let _ = exchange_rate(["EUR", "GBP", "none"][(id % 3) as usize]).await;
            get_user((round * id) % 40).await;
        }
    }
}

fn runs_of(runtime: &Runtime, id: u64) -> u32 {
    let before = RUNS.load(Ordering::SeqCst);
    runtime.block_on(get_user(id));
    RUNS.load(Ordering::SeqCst) - before
}

const SAID: &str = "document.getElementById('said').textContent";

#[test]
fn a_click_on_invalidate_makes_the_next_call_a_miss() {
    let runtime = Runtime::new().unwrap();
    let url = serve(&runtime);
    runtime.block_on(call(20));
    let mut browser = Browser::start();
    browser.looks(1280, 900, "light");
    browser.open(&url);

    // The way in, by keyboard: the field has the focus.
    browser.until("!document.getElementById('enter').hidden && document.activeElement.id === 'token'");
    browser.picture("locked");
    browser.write("not the token");
    browser.press("Enter", 13);
    browser.until("document.getElementById('token-error').textContent.includes('not the token')");
    assert_eq!(browser.eval("document.getElementById('board').hidden"), true);
    browser.write(TOKEN);
    browser.press("Enter", 13);
    browser.until("document.querySelectorAll('#functions tr').length === 3");
    assert_eq!(browser.eval("location.search + location.hash"), "", "the token is in no address");
    assert_eq!(browser.eval("document.cookie"), "");

    let invalidate = |word: &str| {
        format!(
            "[...document.querySelectorAll('#functions button')].find(b => b.ariaLabel.startsWith('Invalidate') && b.ariaLabel.endsWith('{word}'))"
        )
    };
    runtime.block_on(get_user(7));
    assert_eq!(runs_of(&runtime, 7), 0, "a hit");
    browser.click(&invalidate("::get_user"));
    browser.until(&format!("{SAID}.includes('Invalidated')"));
    assert_eq!(runs_of(&runtime, 7), 1, "the next call is a miss");
    assert_eq!(runs_of(&runtime, 7), 0);

    browser.eval("document.getElementById('said').textContent = ''");
    browser.click(&invalidate("namespace users"));
    browser.until(&format!("{SAID}.includes('the namespace users')"));
    assert_eq!(runs_of(&runtime, 7), 1);

    // Everything asks first, and does nothing when it is answered no.
    for (answer, runs) in [("sure-no", 0), ("sure-yes", 1)] {
        browser.eval("document.getElementById('said').textContent = ''");
        browser.click("document.getElementById('everything')");
        browser.until("document.getElementById('sure').open");
        browser.click(&format!("document.getElementById('{answer}')"));
        browser.until("!document.getElementById('sure').open");
        if runs > 0 {
            browser.until(&format!("{SAID}.includes('everything')"));
        }
        assert_eq!(runs_of(&runtime, 7), runs, "{answer}");
    }

    keys(&mut browser, &runtime);
    pictures(&mut browser, &runtime);
    without_redis(&mut browser, &runtime);
    assert_eq!(browser.eval("document.title"), "cachefn");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

/// The browser of keys: pages, a value with all its digits, and its invalidation.
fn keys(browser: &mut Browser, runtime: &Runtime) {
    runtime.block_on(async {
        for id in 0..120 {
            get_user(id).await;
        }
        find(EVIL, 1).await;
    });
    browser.click("document.getElementById('namespace')");
    browser.write("users");
    browser.press("Enter", 13);
    browser.until("document.querySelectorAll('#keys tr').length === 50");
    let first = "document.querySelector('#keys button').textContent";
    let before = browser.eval(first);
    browser.click("document.getElementById('next')");
    browser.until(&format!("{first} !== {before}"));
    browser.click("[...document.querySelectorAll('#keys button')][3]");
    browser.until("!document.getElementById('entry-value').hidden");
    let value = browser.eval("document.getElementById('entry-value').textContent");
    assert!(value.as_str().unwrap().contains(&u64::MAX.to_string()), "{value}");

    let key = browser.eval("document.getElementById('entry-key').textContent");
    let id: u64 = key.as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(runs_of(runtime, id), 0);
    browser.click("document.getElementById('entry-invalidate')");
    browser.until("document.getElementById('entry-value').hidden");
    assert_eq!(runs_of(runtime, id), 1, "{key}");

    // What stands in a key is text.
    browser.eval("document.getElementById('namespace').value = 'search'");
    browser.click("document.querySelector('#keys-form button')");
    browser.until("[...document.querySelectorAll('#keys button')].some(b => b.textContent.includes('<img'))");
    browser.click("[...document.querySelectorAll('#keys button')].find(b => b.textContent.includes('<img'))");
    browser.until("document.getElementById('entry-value').textContent.includes('<img')");
    assert_eq!(browser.eval("document.images.length"), 0);
}

/// For people to look at, while calls go on so that there are curves.
fn pictures(browser: &mut Browser, runtime: &Runtime) {
    for _ in 0..8 {
        runtime.block_on(call(6));
        browser.eval("document.getElementById('pause').click()");
        browser.eval("document.getElementById('pause').click()");
        std::thread::sleep(Duration::from_millis(60));
    }
    for (name, width, height, scheme) in
        [("light", 1280, 900, "light"), ("dark", 1280, 900, "dark"), ("narrow", 390, 844, "light")]
    {
        browser.looks(width, height, scheme);
        browser.eval("scrollTo(0, 0)");
        browser.until("document.querySelectorAll('#functions tr').length === 3");
        let overflow =
            browser.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(overflow, 0, "{name} scrolls sideways");
        let picture = std::fs::read(browser.picture(name)).unwrap();
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{name} shows something");
    }
}

/// Redis is configured, and nobody is there.
fn without_redis(browser: &mut Browser, runtime: &Runtime) {
    runtime.block_on(async {
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
        let config = Config::builder().enabled(true).redis_enabled(true);
        let config = config.redis_host("127.0.0.1").redis_port(nobody.port()).build().unwrap();
        cachefn::shutdown().await;
        cachefn::init_with(config).await.unwrap();
        call(6).await;
    });
    browser.looks(1280, 900, "light");
    browser.until("document.getElementById('redis').textContent === 'Redis away'");
    browser.until("document.querySelector('#advice li').textContent.startsWith('Redis at ')");
    assert_eq!(browser.eval("document.getElementById('advice-card').hidden"), false);
    browser.click("document.getElementById('group')");
    browser.write("org:7");
    browser.click("document.querySelector('#group-form button[value=tag]')");
    browser.until(&format!("{SAID}.includes('waits for it')"));
    browser.until("document.getElementById('journal').textContent === '1 invalidation waits'");
    browser.eval("document.querySelector('#keys-form button').focus()");
    browser.press("Enter", 13);
    browser.until(&format!("{SAID}.includes('Redis is away')"));
    browser.picture("away");
}
