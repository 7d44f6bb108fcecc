//! What stands for the Service and kube-proxy: a TCP balancer on loopback.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Forwards each new connection to the next of the endpoints that it was told last, and never to another when that one
/// does not answer, as kube-proxy does. Connections stay where they are until one side ends them.
#[derive(Clone)]
pub(crate) struct Balancer {
    address: SocketAddr,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    endpoints: Mutex<Vec<SocketAddr>>,
    next: AtomicUsize,
    connections: AtomicUsize,
    failures: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl Balancer {
    /// Listens on a port of the kernel's choice; without endpoints every connection is closed at once.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner::default());
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let inner = Arc::clone(&shared);
                thread::spawn(move || inner.forward(&near));
            }
        });
        Self { address, inner }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What goes into `webhook.url` of the chart's values.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Who gets new connections from now on.
    pub(crate) fn set(&self, endpoints: impl IntoIterator<Item = SocketAddr>) {
        *self.inner.endpoints.lock().unwrap() = endpoints.into_iter().collect();
    }

    /// Who gets new connections.
    pub(crate) fn endpoints(&self) -> Vec<SocketAddr> {
        self.inner.endpoints.lock().unwrap().clone()
    }

    /// How many connections it has taken.
    pub(crate) fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    /// The connections that could not be forwarded, and why.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.inner.failures.lock().unwrap().clone()
    }

    /// Takes no further connection: for the one who started it, when it is needed no more.
    pub(crate) fn stop(&self) {
        self.inner.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Inner {
    fn forward(&self, near: &TcpStream) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let endpoint = {
            let endpoints = self.endpoints.lock().unwrap();
            let turn = self.next.fetch_add(1, Ordering::SeqCst);
            turn.checked_rem(endpoints.len()).map(|index| endpoints[index])
        };
        let Some(endpoint) = endpoint else { return self.fail("no endpoint is ready".to_owned()) };
        let far = match TcpStream::connect_timeout(&endpoint, Duration::from_secs(5)) {
            Ok(far) => far,
            Err(error) => return self.fail(format!("{endpoint}: {error}")),
        };
        // An error means that one side is gone already, which the copying then meets as well.
        let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
        let (Ok(from_near), Ok(to_near)) = (near.try_clone(), near.try_clone()) else { return };
        let (Ok(from_far), Ok(to_far)) = (far.try_clone(), far.try_clone()) else { return };
        let back = thread::spawn(move || carry(from_far, to_near));
        carry(from_near, to_far);
        let _ = back.join();
    }

    fn fail(&self, reason: String) {
        self.failures.lock().unwrap().push(reason);
    }
}

/// Copies until one side ends, and tells the other side how: an end of data closes one direction, an error both.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    let how = if io::copy(&mut from, &mut to).is_ok() { Shutdown::Write } else { Shutdown::Both };
    let _ = to.shutdown(how);
    if how == Shutdown::Both {
        let _ = from.shutdown(how);
    }
}
