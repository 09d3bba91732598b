//! What the levels of keys cost in Redis.

use cachefn::cached;

use super::redis;

#[tokio::test]
async fn a_level_with_an_argument_in_it_is_kept_for_as_long_as_what_is_below_it() {
    #[cached(namespace = "kept", key = "{id}:{fn}", expire = 100)]
    async fn short(id: u8) -> u8 {
        id
    }
    #[cached(namespace = "kept", key = "{id}:{fn}", expire = 7_200)]
    async fn long(id: u8) -> u8 {
        id
    }

    let server = redis().await;
    let life = |level: &str| -> i64 {
        let names = server.keys(&format!(":g:n:{level}"));
        let name = names.iter().find(|name| name.ends_with(level)).expect("the level has a generation");
        server.ask(&["TTL", name])
    };
    short(1).await;
    assert!(life("kept") > 80_000, "what many entries share is seldom prolonged: {}", life("kept"));
    assert!((1_190..=1_200).contains(&life("kept:1")), "{}", life("kept:1"));
    assert_eq!(server.keys(":g:n:kept:1:").len(), 0, "a whole key is no level of its own");

    let name = server.keys(":g:n:kept:1").pop().expect("the level has a generation");
    for (left, kept) in [(900, 890..=900), (500, 1_190..=1_200)] {
        let _: i64 = server.ask(&["EXPIRE", &name, &left.to_string()]);
        invalidate_short(1).await;
        short(1).await;
        assert!(kept.contains(&life("kept:1")), "{left} were left, now {}", life("kept:1"));
    }
    long(1).await;
    assert!((14_390..=14_402).contains(&life("kept:1")), "{}", life("kept:1"));
    short(1).await;
    short(2).await;
    assert!(life("kept:1") > 14_380 && life("kept:2") <= 1_200);
}
