//! A proxy on the loopback that can be made a bad network.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A proxy in front of a port. Dropping it cuts what it holds.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: Arc<Network>,
}

#[derive(Debug, Default)]
struct Network {
    weather: Mutex<Weather>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Weather {
    /// What goes to the target, and what comes from it.
    held: [bool; 2],
    refusing: bool,
    target: u16,
    delay: Duration,
    streams: Vec<TcpStream>,
}

impl Proxy {
    /// A proxy in front of `target`.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let network = Arc::new(Network::default());
        network.change(|weather| weather.target = target);
        let shared = Arc::clone(&network);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.accept(stream);
            }
        });
        Self { port, network }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets connections that are made from now on go to another port.
    pub fn turn_to(&self, target: u16) {
        self.network.change(|weather| weather.target = target);
    }

    /// Holds all bytes back, in both directions.
    pub fn hold(&self) {
        self.network.change(|weather| weather.held = [true; 2]);
    }

    /// Holds back what is asked.
    pub fn hold_questions(&self) {
        self.network.change(|weather| weather.held[0] = true);
    }

    /// Holds back what is answered.
    pub fn hold_answers(&self) {
        self.network.change(|weather| weather.held[1] = true);
    }

    /// Delivers what was held back, and everything after it.
    pub fn release(&self) {
        self.network.change(|weather| weather.held = [false; 2]);
    }

    /// Delivers everything later by this.
    pub fn delay(&self, delay: Duration) {
        self.network.change(|weather| weather.delay = delay);
    }

    /// Cuts all connections; until [`heal`](Self::heal) new ones are cut at once.
    pub fn cut(&self) {
        self.network.change(|weather| {
            weather.refusing = true;
            for stream in weather.streams.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }

    /// Lets connections through again.
    pub fn heal(&self) {
        self.network.change(|weather| weather.refusing = false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.release();
    }
}

impl Network {
    fn change(&self, change: impl FnOnce(&mut Weather)) {
        change(&mut self.weather.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn accept(self: &Arc<Self>, near: TcpStream) {
        let target = self.weather.lock().unwrap_or_else(PoisonError::into_inner).target;
        let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { return };
        let mut weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        if weather.refusing {
            return;
        }
        for (way, from, to) in [(0, &near, &far), (1, &far, &near)] {
            let _ = from.set_nodelay(true);
            let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
            let network = Arc::clone(self);
            thread::spawn(move || network.carry(way, from, to));
        }
        weather.streams.extend([near, far]);
    }

    fn carry(&self, way: usize, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16_384];
        while let Ok(size) = from.read(&mut buffer) {
            if size == 0 {
                break;
            }
            self.wait(way);
            if to.write_all(&buffer[..size]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }

    fn wait(&self, way: usize) {
        let weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let weather = self.changed.wait_while(weather, |weather| weather.held[way]);
        let delay = weather.unwrap_or_else(PoisonError::into_inner).delay;
        thread::sleep(delay);
    }
}
