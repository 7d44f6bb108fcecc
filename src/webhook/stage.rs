//! The stages of the server's life.

/// What the server is doing. Stages only follow one another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stage {
    /// It serves.
    Serving,
    /// It was told to stop: it says so, serves on until everybody has heard, and asks for every connection to be closed.
    Leaving,
    /// It takes no more connections and ends those that are idle.
    Closing,
}
