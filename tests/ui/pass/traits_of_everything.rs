//! A trait of every type hides none of the names that generated code looks up.
#![deny(warnings)]
use cachefn::{cached, invalidates};

trait Everything {
    fn write(&self) -> u8 {
        1
    }
    fn argument(&self) -> u8 {
        1
    }
    fn named(&self) -> u8 {
        1
    }
    fn shape(&self) -> u8 {
        1
    }
    fn leaf(&self) -> u8 {
        1
    }
    fn verdict(&self) -> u8 {
        1
    }
    fn codec(&self) -> u8 {
        1
    }
    fn end(&self) -> u8 {
        1
    }
    fn with(&self) -> u8 {
        1
    }
}

impl<T: ?Sized> Everything for T {}

#[cached(namespace = "all:{id}", key = "{id}:x", codec = Json, tags = ["user:{id}"], none = 30)]
async fn get(id: u64) -> Option<String> {
    Some(id.to_string())
}

#[cached(expire = std::time::Duration::from_secs(id))]
async fn list(id: u64) -> Result<u8, String> {
    let sum = id.write() + id.argument() + id.named() + id.shape() + id.leaf() + id.verdict();
    Ok(sum + id.codec() + id.end() + id.with())
}

#[invalidates(get(id), list(*), tag("user:{id}"))]
async fn update(id: u64) -> Result<(), String> {
    Ok(())
}

fn main() {
    let _ = (get(1), list(1), update(1));
}
