//! A small blocking HTTP client, over TLS or not, that can also do what no client should.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// When a peer that should answer or close does neither, the test fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a connection goes over.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// One connection, kept alive for as long as the server does.
pub(crate) struct Connection {
    pub(crate) stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn closes(&self) -> bool {
        self.headers.to_lowercase().contains("connection: close")
    }
}

/// A plain connection.
pub(crate) fn tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Connection {
    pub(crate) fn plain(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { stream: Box::new(tcp(address)?), buffer: Vec::new() })
    }

    /// A TLS connection whose handshake is complete.
    pub(crate) fn tls(address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Self> {
        Ok(Self { stream: Box::new(handshake(address, config)?), buffer: Vec::new() })
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Response> {
        self.send("GET", path, b"")
    }

    pub(crate) fn post(&mut self, body: &[u8]) -> io::Result<Response> {
        self.send("POST", "/validate", body)
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Response> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: ringwall\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        self.stream.flush()?;
        self.response()
    }

    /// Reads an answer.
    pub(crate) fn response(&mut self) -> io::Result<Response> {
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break self.buffer.drain(..end + 4).collect::<Vec<u8>>();
            }
            self.fill()?;
        };
        let headers = String::from_utf8_lossy(&head).into_owned();
        let status =
            headers.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let length = headers
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse::<usize>().ok())
            .unwrap_or(0);
        while self.buffer.len() < length {
            self.fill()?;
        }
        let body = self.buffer.drain(..length).collect();
        Ok(Response { status, headers, body })
    }

    /// Reads until the server closes, in whichever way; fails when it does not.
    pub(crate) fn until_closed(&mut self) {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    panic!("the server keeps the connection open")
                }
                Err(_) => return,
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16384];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.buffer.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

/// A TLS stream whose handshake is complete.
pub(crate) fn handshake(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = rustls_pki_types::ServerName::from(address.ip());
    let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, tcp(address)?);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}
