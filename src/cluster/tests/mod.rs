//! What a real API server cannot be made to show.
