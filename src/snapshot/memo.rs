//! What is worked out of a snapshot once and asked for many times.

use std::{
    any::Any,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Tables that follow from a snapshot, one of each type. They belong to one state: an altered or copied snapshot begins with none.
#[derive(Default)]
pub struct Memo(Mutex<Vec<Arc<dyn Any + Send + Sync>>>);

impl Memo {
    /// The table of that type, empty at first.
    pub fn table<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tables.iter().find_map(|table| Arc::clone(table).downcast::<T>().ok());
        known.unwrap_or_else(|| {
            let table = Arc::<T>::default();
            tables.push(Arc::clone(&table) as Arc<dyn Any + Send + Sync>);
            table
        })
    }

    /// Forgets all tables.
    pub(super) fn forget(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}
