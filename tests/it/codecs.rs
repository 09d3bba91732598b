//! What one process writes down, another one reads: by each codec.

use super::processes::Stage;

#[tokio::test]
async fn what_one_process_has_stored_another_one_reads_with_every_codec() {
    let stage = Stage::new();
    for near in ["true", "false"] {
        let (one, two) = (
            stage.worker_with(&[("CACHE_NEAR", near)]).await,
            stage.worker_with(&[("CACHE_NEAR", near)]).await,
        );
        for (done, codec) in ["postcard", "json", "messagepack", "own"].into_iter().enumerate() {
            let mut runs = done * 2;
            for id in [format!("{}", u8::from(near == "true")), format!("long-{near}")] {
                runs += 1;
                let ask = format!("coded {codec} {id}");
                let stored = one.ask(&ask).await;
                assert!(stored.contains(&format!("\"id\":\"{id}\"")), "{stored}");
                assert!(stored.ends_with(&format!("runs={runs}")), "{codec} {id}: {stored}");
                assert_eq!(one.ask(&ask).await, stored);
                let read = stored.replace(&format!("runs={runs}"), "runs=0");
                for _ in 0..2 {
                    assert_eq!(two.ask(&ask).await, read, "{codec}");
                }
            }
        }
    }
}
