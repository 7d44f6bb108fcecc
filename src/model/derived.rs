//! A place on an object for what a later layer computes from it.

use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
};

/// One fact that a later layer derives from an object alone, computed once and kept as long as the object. It is no part of
/// the object's value: all are equal, and a copy starts without it.
#[derive(Default)]
pub struct Derived(OnceLock<Arc<dyn Any + Send + Sync>>);

impl Derived {
    /// The fact, computed by `make` the first time. One object holds facts of one type; another type is computed each time.
    pub fn fact<T: Any + Send + Sync>(&self, make: impl Fn() -> T) -> Arc<T> {
        let kept = Arc::clone(self.0.get_or_init(|| Arc::new(make())));
        kept.downcast().unwrap_or_else(|_| Arc::new(make()))
    }
}

impl Clone for Derived {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Derived {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived")
    }
}
