//! A listener whose connections a handler can cut, before a byte of the answer is sent.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    response::Response,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// How many connections the API has at a time: a client has a handful, and the sandbox some dozen clients.
const CONNECTIONS_LIMIT: usize = 256;
/// What one more is told.
const TOO_MANY: &str = "{\"request_id\":\"\",\"code\":\"\",\"message\":\"too many connections: the sandbox takes 256 at a time\"}";

/// Accepts connections that can be cut.
pub(super) struct CuttableListener {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl CuttableListener {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            free: Arc::new(Semaphore::new(CONNECTIONS_LIMIT)),
        }
    }
}

/// Cuts one connection, and knows its ends.
#[derive(Debug, Clone)]
pub(super) struct ConnectionCutter {
    used: Arc<AtomicBool>,
    client: SocketAddr,
    server: Option<SocketAddr>,
}

impl ConnectionCutter {
    /// Cuts the connection, so that the response is never sent.
    pub(super) fn cut(&self, response: Response) -> Response {
        self.used.store(true, Ordering::SeqCst);
        response
    }

    pub(super) fn used(&self) -> bool {
        self.used.load(Ordering::SeqCst)
    }

    /// The sandbox's port.
    pub(super) fn port(&self) -> u16 {
        self.server.map_or(0, |server| server.port())
    }

    /// The client's address, and the one that it has connected to.
    pub(super) fn client(&self) -> Option<(SocketAddr, SocketAddr)> {
        Some((self.client, self.server?))
    }
}

/// A connection that can be cut.
pub(super) struct CuttableStream {
    stream: TcpStream,
    scissors: ConnectionCutter,
    _counted: OwnedSemaphorePermit,
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            let Ok(counted) = Arc::clone(&self.free).try_acquire_owned() else {
                refuse(&stream);
                continue;
            };
            // Answers are small and waited for.
            stream.set_nodelay(true).unwrap_or_default();
            let scissors = ConnectionCutter {
                used: Arc::default(),
                client: address,
                server: stream.local_addr().ok(),
            };
            let stream = CuttableStream {
                stream,
                scissors,
                _counted: counted,
            };
            return (stream, address);
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Tells a client that there are too many, without waiting for it.
fn refuse(stream: &TcpStream) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{TOO_MANY}",
        TOO_MANY.len()
    );
    if let Err(error) = stream.try_write(answer.as_bytes()) {
        tracing::debug!(%error, "couldn't answer a client beyond the connection limit");
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for ConnectionCutter {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().scissors.clone()
    }
}

impl CuttableStream {
    fn checked(&self) -> io::Result<()> {
        if self.scissors.used() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.checked()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.checked()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.checked()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
