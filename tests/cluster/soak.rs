//! Hours of work in minutes.
