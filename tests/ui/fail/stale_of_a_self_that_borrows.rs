//! In the words of the compiler: what `Self` hides, the attribute does not see.
use cachefn::cached;

pub struct Name<'a>(&'a str);

impl<'a> Name<'a> {
    #[cached(expire = 5, stale = 60, key = self.0)]
    pub async fn length(self) -> usize {
        self.0.len()
    }
}

fn main() {}
