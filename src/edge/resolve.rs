//! Which controller serves an Ingress.
//!
//! In this order: `spec.ingressClassName`, the older annotation, the default IngressClass. Where no IngressClass answers, the
//! operator may have named the controller; last, the values of the annotation that controllers have built in.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{Ingress, Kind, Name, Object, ObjectKey, annotations},
    snapshot::{Blind, Lookup, Need, Snapshot},
};

use super::{
    Controller,
    controllers::{self, UNKNOWN},
};

/// What the operator vouches for, because no object says it.
#[derive(Clone, Copy, Debug)]
pub struct Vouched<'a> {
    /// By class, the controller that serves it: for classes whose IngressClass cannot be read.
    pub controllers_of_classes: &'a BTreeMap<Name, Name>,
    /// The controllers that redirect or refuse plaintext everywhere, whatever an Ingress says.
    pub refuses_plaintext: &'a BTreeSet<Name>,
}

/// Who serves an Ingress.
#[derive(Clone, Debug)]
pub enum Serving {
    /// A controller whose behaviour Ringwall knows.
    Known {
        /// Its name, as IngressClasses have it.
        name: Name,
        /// What it does.
        controller: &'static dyn Controller,
    },
    /// A controller whose behaviour Ringwall does not know.
    Unknown {
        /// Its name, as IngressClasses have it.
        name: Name,
    },
    /// Nobody is known to serve it; the text says what would settle it.
    Nobody(Name),
    /// Its IngressClass cannot be seen.
    Unseen(Blind),
}

/// [`Serving`], and the reads that it rests on.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Who serves it.
    pub serving: Serving,
    /// The reads of IngressClasses.
    pub rests_on: Vec<Need>,
}

impl Serving {
    /// The controller's name, where it is known.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Known { name, .. } | Self::Unknown { name } => Some(name),
            Self::Nobody(_) | Self::Unseen(_) => None,
        }
    }

    /// The controller's behaviour: where it is not known, that of one of which nothing is known.
    pub fn controller(&self) -> &'static dyn Controller {
        match self {
            Self::Known { controller, .. } => *controller,
            _ => UNKNOWN,
        }
    }

    /// What is not known, and what would settle it.
    pub fn blind(&self) -> Blind {
        match self {
            Self::Known { name, .. } => Blind::Unknowable(format!("what {name} does here").into()),
            Self::Unknown { name } => Blind::Unknowable(
                format!(
                    "Ringwall does not know what the ingress controller {name} does with plaintext: if it redirects or \
                     refuses plaintext everywhere, say so in the ruleset: environment.ingressControllers[\"{name}\"]: \
                     {{plaintext: refused}}"
                )
                .into(),
            ),
            Self::Nobody(text) => Blind::Unknowable(text.clone()),
            Self::Unseen(blind) => blind.clone(),
        }
    }

    fn of(name: Name) -> Self {
        match controllers::named(&name) {
            Some(controller) => Self::Known { name, controller },
            None => Self::Unknown { name },
        }
    }
}

/// Finds out who serves an Ingress.
pub fn resolve(snapshot: &Snapshot, vouched: Vouched<'_>, ingress: &Ingress) -> Resolved {
    // The field goes first: the API server refuses new Ingresses that have both.
    if let Some(class) = &ingress.class_name {
        let rests_on = vec![Need::Get(ObjectKey::cluster(Kind::IngressClass, class.clone()))];
        return Resolved { serving: by_class(snapshot, vouched, class, None), rests_on };
    }
    if let Some(class) = ingress.meta.annotations.value(annotations::INGRESS_CLASS).filter(|class| !class.is_empty()) {
        let rests_on = vec![Need::Get(ObjectKey::cluster(Kind::IngressClass, class.clone()))];
        return Resolved { serving: by_class(snapshot, vouched, class, controllers::of_annotation(class)), rests_on };
    }
    Resolved { serving: by_default(snapshot), rests_on: vec![Need::List(Kind::IngressClass, None)] }
}

/// The controller of a class. `built_in` is the one that takes that value of the annotation without any IngressClass.
fn by_class(
    snapshot: &Snapshot,
    vouched: Vouched<'_>,
    class: &Name,
    built_in: Option<(&'static str, &'static dyn Controller)>,
) -> Serving {
    let lookup = snapshot.object(&ObjectKey::cluster(Kind::IngressClass, class.clone()));
    if let Lookup::Found(Object::IngressClass(found)) = &lookup {
        return Serving::of(found.controller.clone());
    }
    if let Some(controller) = vouched.controllers_of_classes.get(class) {
        return Serving::of(controller.clone());
    }
    if let Some((name, controller)) = built_in {
        return Serving::Known { name: name.into(), controller };
    }
    match lookup {
        Lookup::Unseen(Blind::NotInFiles(_)) => Serving::Unseen(Blind::Unknowable(
            format!(
                "which controller serves the class {class}: add the IngressClass {class} to what is checked, or name its \
                 controller in the ruleset's environment.ingressClasses"
            )
            .into(),
        )),
        Lookup::Unseen(blind) => Serving::Unseen(blind),
        Lookup::Found(_) | Lookup::Absent => Serving::Nobody(
            format!(
                "there is no IngressClass {class}: create it, or name the class's controller in the ruleset's \
                 environment.ingressClasses"
            )
            .into(),
        ),
    }
}

/// The controller of an Ingress without any class. The API server fills in the one default class when an Ingress is created
/// and refuses it when there are several (plugin/pkg/admission/network/defaultingressclass); without one, some controllers
/// serve such Ingresses and some do not, by their own options.
fn by_default(snapshot: &Snapshot) -> Serving {
    let mut defaults = snapshot.list(Kind::IngressClass, None).filter_map(|object| match object {
        Object::IngressClass(class) if class.is_default => Some(class),
        _ => None,
    });
    match (defaults.next(), defaults.next()) {
        (Some(class), None) => Serving::of(class.controller.clone()),
        (Some(first), Some(second)) => Serving::Nobody(
            format!(
                "the IngressClasses {} and {} are both marked as the default, so that the API server refuses Ingresses \
                 without a class: set spec.ingressClassName",
                first.meta.name, second.meta.name
            )
            .into(),
        ),
        (None, _) => match snapshot.coverage(Kind::IngressClass, None) {
            Ok(()) | Err(Blind::NotInFiles(_)) => Serving::Nobody(
                "which controller serves an Ingress that names no class and finds no default IngressClass: set \
                 spec.ingressClassName"
                    .into(),
            ),
            Err(blind) => Serving::Unseen(blind),
        },
    }
}
