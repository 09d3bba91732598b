//! The page on troubleshooting has every log line.

const PAGE: &str = include_str!("../../cachefn/docs/guide/troubleshooting.md");

/// Where lines are written at INFO, WARN and ERROR.
const SOURCES: [&str; 4] = [
    include_str!("../../cachefn/src/event.rs"),
    include_str!("../../cachefn-backends/src/redis/supervisor.rs"),
    include_str!("../../cachefn-backends/src/redis/node.rs"),
    include_str!("../../cachefn-backends/src/redis/shared.rs"),
];

/// The messages of a source: the last text in each call of one of the macros.
fn messages(source: &str) -> Vec<String> {
    let calls = ["info!(", "warn!(", "error!("].into_iter().flat_map(|call| source.split(call).skip(1));
    let last_text = |call: &str| {
        let arguments = call.split(");").next().and_then(|call| call.trim_end().rsplit_once('"'));
        arguments.and_then(|(before, _)| before.rsplit_once('"')).map(|(_, text)| text.to_owned())
    };
    calls.filter_map(last_text).collect()
}

/// In one line, without marks of code.
fn plain(text: &str) -> String {
    let text = text.replace(['`', '\\'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_log_line_is_explained() {
    let page = plain(PAGE);
    let messages: Vec<_> = SOURCES.into_iter().flat_map(messages).collect();
    assert!(messages.len() >= 20, "{messages:?}");
    for message in messages {
        let fixed = plain(message.split('{').next().unwrap_or_default());
        // Up to a name that is set as code.
        let fixed = fixed.strip_suffix("tags_with names more than").unwrap_or(&fixed).trim_end();
        assert!(page.contains(fixed), "`{message}` is not explained in troubleshooting.md");
    }
}

#[test]
fn every_kind_of_advice_is_explained() {
    use cachefn::AdviceKind::{
        CachingOff, ExposedSecret, KeptOutOfRedis, LowHitRate, NeverAskedAgain, RedisAway, SharedPrefix,
        ShortLife,
    };

    for kind in [
        CachingOff,
        RedisAway,
        LowHitRate,
        ShortLife,
        NeverAskedAgain,
        ExposedSecret,
        SharedPrefix,
        KeptOutOfRedis,
    ] {
        assert!(PAGE.contains(&format!("| `{}` |", kind.as_str())), "{kind:?}");
    }
}
