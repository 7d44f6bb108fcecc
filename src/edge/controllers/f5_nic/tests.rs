//! What the controller does, row by row.
