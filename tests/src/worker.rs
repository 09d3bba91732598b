//! A process of its own with cached functions in it, set up by its environment.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc};

type Answers = Arc<Mutex<HashMap<u32, mpsc::UnboundedSender<String>>>>;

/// The process; dropping it kills it.
pub struct Worker {
    child: Child,
    input: AsyncMutex<ChildStdin>,
    answers: Answers,
    tags: AtomicU32,
}

/// A command that was given.
pub struct Asked(mpsc::UnboundedReceiver<String>);

/// What a call of the cached function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The value.
    pub value: String,
    /// How many bodies the process has run by then.
    pub runs: u32,
    /// How long the call took.
    pub took: Duration,
}

impl Worker {
    /// Starts `program` on the database in `directory`. Of the environment it sees what is given.
    ///
    /// # Panics
    ///
    /// If it does not get ready.
    pub async fn start(program: &str, directory: &Path, environment: &[(&str, &str)]) -> Self {
        let (worker, ready) = Self::try_start(program, directory, environment).await;
        assert_eq!(ready, "ready");
        worker
    }

    /// The same, with what it says when it is ready, or why it is not.
    ///
    /// # Panics
    ///
    /// If it says nothing.
    pub async fn try_start(program: &str, directory: &Path, environment: &[(&str, &str)]) -> (Self, String) {
        let mut command = Command::new(program);
        let inherited = ["PATH", "LD_LIBRARY_PATH", "RUST_BACKTRACE"];
        let inherited = inherited.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        command.env_clear().envs(inherited).envs(environment.iter().copied()).env("DATABASE", directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the worker is built with the tests");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (first, ready) = mpsc::unbounded_channel();
        let answers: Answers = Arc::new(Mutex::new(HashMap::from([(0, first)])));
        let listening = Arc::clone(&answers);
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                deliver(&listening, &line);
            }
            listening.lock().unwrap_or_else(PoisonError::into_inner).clear();
        });
        let worker = Self { child, input: AsyncMutex::new(input), answers, tags: AtomicU32::new(1) };
        let ready = Asked(ready).answer().await;
        (worker, ready)
    }

    /// Gives a command.
    ///
    /// # Panics
    ///
    /// If the process is gone.
    pub async fn begin(&self, command: &str) -> Asked {
        let tag = self.tags.fetch_add(1, Ordering::Relaxed);
        let (sender, answers) = mpsc::unbounded_channel();
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(tag, sender);
        let line = format!("{tag} {command}\n");
        self.input.lock().await.write_all(line.as_bytes()).await.expect("the worker reads");
        Asked(answers)
    }

    /// Gives a command and waits for its answer.
    pub async fn ask(&self, command: &str) -> String {
        self.begin(command).await.answer().await
    }

    /// Calls the cached function.
    pub async fn get(&self, id: &str) -> Answer {
        self.begin(&format!("get {id}")).await.value().await
    }

    /// Ends the process at once, wherever it is.
    ///
    /// # Panics
    ///
    /// If the system does not allow that.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it is our child");
    }

    /// Stops the process where it is, with all its threads.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets a stopped process go on.
    pub fn cont(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let status = std::process::Command::new("kill").args([signal, &id]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill {signal}");
    }

    /// Ends the process as a program ends itself.
    ///
    /// # Panics
    ///
    /// If it does not end well.
    pub async fn quit(mut self) {
        let _ = self.begin("quit").await;
        let status = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        assert!(status.expect("it ends").is_ok_and(|status| status.success()));
    }
}

impl Asked {
    /// The next answer.
    ///
    /// # Panics
    ///
    /// If there is none within twenty seconds.
    pub async fn answer(&mut self) -> String {
        let answer = tokio::time::timeout(Duration::from_secs(20), self.0.recv()).await;
        answer.expect("an answer in time").expect("the worker lives")
    }

    /// The next answer, of a call.
    ///
    /// # Panics
    ///
    /// If it is none of a call.
    pub async fn value(&mut self) -> Answer {
        let answer = self.answer().await;
        let fields: HashMap<_, _> = answer.split(' ').filter_map(|field| field.split_once('=')).collect();
        let number = |name: &str| fields[name].parse::<u32>().expect("a number");
        Answer {
            value: fields["value"].to_owned(),
            runs: number("runs"),
            took: Duration::from_millis(number("millis").into()),
        }
    }
}

fn deliver(answers: &Answers, line: &str) {
    let Some((tag, text)) = line.split_once(' ') else { return };
    let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = tag.parse().ok().and_then(|tag: u32| answers.get(&tag)) {
        let _ = sender.send(text.to_owned());
    }
}
