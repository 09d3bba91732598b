//! What a response costs up to the moment at which it is handed to the server: instructions and allocations, by what
//! makes it. Nothing else on the machine changes these numbers.

use std::env;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use cachefn::Config;
use cachefn_benches::{allocations, instructions};
use cachefn_benches_http::{VARIANTS, app};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use tower::Service as _;

/// The first argument of a run that only asks, for callgrind to count.
const REPEAT: &str = "repeat";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [REPEAT, path, requests] => repeat(path, requests.parse().expect("a number of requests")),
        _ => print_table(),
    }
}

/// A server without a network.
struct Server {
    runtime: Runtime,
    app: Router,
}

impl Server {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        let app = runtime.block_on(async {
            let config = Config::builder().enabled(true).build().expect("nothing else is set");
            cachefn::init_with(config).await.expect("it is off");
            app()
        });
        Self { runtime, app }
    }

    /// Asks for `path` so often.
    fn answer(&mut self, path: &str, requests: u64) {
        self.runtime.block_on(async {
            for _ in 0..requests {
                let request = Request::get(path).header("host", "here").body(Body::empty());
                let response = self.app.call(request.expect("it is a path")).await.expect("it cannot fail");
                assert_eq!(response.status(), StatusCode::OK);
                response.into_body().frame().await.expect("it is not empty").expect("it cannot fail");
            }
        });
    }
}

fn repeat(path: &str, requests: u64) {
    Server::start().answer(path, requests);
}

/// Of one request, once others have been answered.
fn allocated(path: &str) -> u64 {
    const REQUESTS: u64 = 100;
    let mut server = Server::start();
    server.answer(path, REQUESTS);
    let counted = allocations::during(|| server.answer(path, REQUESTS)) / REQUESTS;
    server.runtime.block_on(cachefn::shutdown());
    counted
}

fn print_table() {
    println!("{:<20}{:>20}{:>24}", "one request", "instructions", "allocations");
    let mut limit = None;
    for (name, path) in VARIANTS {
        let cost = (instructions::per_call(&[REPEAT, path]), allocated(path));
        let (least, few) = *limit.get_or_insert(cost);
        let counted = match (cost.0, least) {
            (Some(count), Some(least)) => {
                format!("{count} ({:+})", count.cast_signed() - least.cast_signed())
            }
            _ => "no valgrind".to_owned(),
        };
        let allocated = format!("{} ({:+})", cost.1, cost.1.cast_signed() - few.cast_signed());
        println!("{name:<20}{counted:>20}{allocated:>24}");
    }
}
