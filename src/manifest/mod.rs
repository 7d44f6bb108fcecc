//! Files to a snapshot.
