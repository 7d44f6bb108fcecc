//! What a real API server cannot be made to show: a server that is played by the test, request by request.

mod reads;
mod server;
mod watches;
