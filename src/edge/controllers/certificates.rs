//! Which Ingresses bring a certificate for a host.
//!
//! Some controllers configure a certificate for the host and not for the Ingress, so that every Ingress of a shared host asks for
//! all the others. What they bring is worked out once for each host and kept with the snapshot.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    edge::{Serving, hosts, resolve},
    model::{Ingress, Name, ObjectKey},
};

use super::{HostMatch, Reading, values::key_of};

/// How a controller shares certificates among the Ingresses of a host.
#[derive(Debug)]
pub(super) struct Sharing {
    /// How it compares hosts.
    pub(super) matching: HostMatch,
    /// Whether it leaves an Ingress aside.
    pub(super) leaves_out: fn(&Ingress) -> bool,
}

/// What is known of one snapshot.
#[derive(Debug, Default)]
pub(super) struct Certificates(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// The operator's word under which the rest was worked out.
    classes: BTreeMap<Name, Name>,
    /// What an Ingress brings; `None` for nothing.
    bringers: HashMap<ObjectKey, Option<Arc<Bringer>>>,
    /// By the controller's name and the host, who brings a certificate for it.
    hosts: HashMap<(Name, Name), Arc<Brought>>,
}

/// An Ingress with entries in `spec.tls` and a known controller.
#[derive(Debug)]
struct Bringer {
    controller: Name,
    listed: BTreeSet<String>,
}

/// The Ingresses that bring a certificate for one host: two of each sort, for whoever asks leaves itself aside.
#[derive(Debug, Default)]
struct Brought {
    any: Vec<ObjectKey>,
    covering: Vec<ObjectKey>,
}

impl Certificates {
    /// Whether another Ingress with a rule for the host makes the same controller configure some certificate for it.
    pub(super) fn another_brings(&self, sharing: &Sharing, reading: &Reading<'_>, host: &Name) -> bool {
        self.of(sharing, reading, host).is_some_and(|brought| has_another(&brought.any, reading.ingress))
    }

    /// Whether another Ingress with a rule for the host asks for its certificate.
    pub(super) fn another_covers(&self, sharing: &Sharing, reading: &Reading<'_>, host: &Name) -> bool {
        self.of(sharing, reading, host).is_some_and(|brought| has_another(&brought.covering, reading.ingress))
    }

    fn of(&self, sharing: &Sharing, reading: &Reading<'_>, host: &Name) -> Option<Arc<Brought>> {
        let controller = reading.controller?;
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.classes != *reading.vouched.controllers_of_classes {
            *table = Table { classes: reading.vouched.controllers_of_classes.clone(), ..Table::default() };
        }
        let key = (controller.clone(), host.clone());
        if let Some(known) = table.hosts.get(&key) {
            return Some(Arc::clone(known));
        }
        let mut brought = Brought::default();
        for other in reading.snapshot.ingresses_of_host(host) {
            if brought.covering.len() > 1 {
                break;
            }
            let Some(bringer) =
                table.bringer(sharing, reading, other).filter(|bringer| bringer.controller == *controller)
            else {
                continue;
            };
            if brought.any.len() < 2 {
                brought.any.push(key_of(other));
            }
            if hosts::covers(&bringer.listed, host, sharing.matching) {
                brought.covering.push(key_of(other));
            }
        }
        let brought = Arc::new(brought);
        table.hosts.insert(key, Arc::clone(&brought));
        Some(brought)
    }
}

impl Table {
    fn bringer(&mut self, sharing: &Sharing, reading: &Reading<'_>, ingress: &Ingress) -> Option<Arc<Bringer>> {
        if ingress.tls.is_empty() {
            return None;
        }
        let work_out = || {
            let serving = resolve(reading.snapshot, reading.vouched, ingress).serving;
            match serving {
                Serving::Known { name, .. } if !(sharing.leaves_out)(ingress) => {
                    Some(Arc::new(Bringer { controller: name, listed: hosts::index(&ingress.tls) }))
                }
                _ => None,
            }
        };
        self.bringers.entry(key_of(ingress)).or_insert_with(work_out).clone()
    }
}

fn has_another(keys: &[ObjectKey], ingress: &Ingress) -> bool {
    keys.iter().any(|key| key.namespace != ingress.meta.namespace || key.name != ingress.meta.name)
}
