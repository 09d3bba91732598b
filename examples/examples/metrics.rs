//! What Prometheus is told of the cache: `cargo run -p cachefn-examples --example metrics`.
//!
//! The text is what a handler of `/metrics` would answer.

use cachefn::{Config, cached};
use metrics_exporter_prometheus::PrometheusBuilder;

#[cached(expire = 300, namespace = "squares", key = number)]
async fn square(number: u64) -> u64 {
    number * number
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prometheus = PrometheusBuilder::new().install_recorder()?;
    cachefn::init_with(Config::builder().enabled(true).build()?).await?;
    for number in [1, 2, 3, 1, 2, 1] {
        square(number).await;
    }
    invalidate_square(1).await;
    square(1).await;

    cachefn::metrics::publish();
    let text = prometheus.render();
    println!("{text}");
    let labels = r#"function="metrics::square",namespace="squares""#;
    let hits = format!("cache_hit{{{labels},from=\"memory\"}} 3");
    assert!(text.contains(&hits), "three calls found what another had left");
    assert!(text.contains(&format!("cache_miss{{{labels}}} 4")), "four ran the body");
    assert!(text.contains(&format!("cache_origin_time_count{{{labels}}} 4")), "which was measured each time");
    assert!(text.contains("cache_entries 3"), "three entries are left");
    assert!(text.contains("# HELP cache_hit Calls answered from the cache"), "and each name says what it is");
    Ok(())
}
