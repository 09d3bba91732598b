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
    /// How many connections there were: each has a number.
    connections: u64,
    /// Connections with lower numbers are held back, newer ones are not.
    stranded: u64,
    /// Of connections with lower numbers nothing is delivered any more.
    lost: u64,
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

    /// Holds back the bytes of the present connections, in both directions; new connections are not affected. What is
    /// held is delivered by [`release`](Self::release), also if its sender has closed the connection by then.
    pub fn strand(&self) {
        self.network.change(|weather| weather.stranded = weather.connections);
    }

    /// Drops the bytes of the present connections from now on without closing them, as a network does that has
    /// forgotten them: half-open connections. New connections are not affected.
    pub fn lose(&self) {
        self.network.change(|weather| weather.lost = weather.connections);
    }

    /// Delivers what was held back, and everything after it.
    pub fn release(&self) {
        self.network.change(|weather| (weather.held, weather.stranded) = ([false; 2], 0));
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
        let number = weather.connections;
        weather.connections += 1;
        for (way, from, to) in [(0, &near, &far), (1, &far, &near)] {
            let _ = from.set_nodelay(true);
            let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
            let network = Arc::clone(self);
            thread::spawn(move || network.carry(way, number, from, to));
        }
        weather.streams.extend([near, far]);
    }

    fn carry(&self, way: usize, number: u64, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16_384];
        while let Ok(size) = from.read(&mut buffer) {
            if size == 0 {
                break;
            }
            let lost = self.wait(way, number);
            if !lost && to.write_all(&buffer[..size]).is_err() {
                break;
            }
        }
        if number < self.weather.lock().unwrap_or_else(PoisonError::into_inner).lost {
            // The other end is not told that the connection is gone.
            return;
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }

    /// Waits until bytes of this connection may be delivered; returns whether they are lost.
    fn wait(&self, way: usize, number: u64) -> bool {
        let weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let is_held = |weather: &mut Weather| {
            number >= weather.lost && (weather.held[way] || number < weather.stranded)
        };
        let weather = self.changed.wait_while(weather, is_held).unwrap_or_else(PoisonError::into_inner);
        let (delay, lost) = (weather.delay, number < weather.lost);
        drop(weather);
        thread::sleep(delay);
        lost
    }
}
