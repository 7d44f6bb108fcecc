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
    Controller, Doubt, EdgeSettings,
    controllers::{self, UNKNOWN},
};

/// What the operator vouches for, because no object says it.
#[derive(Clone, Copy, Debug)]
pub struct Vouched<'a> {
    /// By class, the controller that serves it: for classes whose IngressClass cannot be read.
    pub controllers_of_classes: &'a BTreeMap<Name, Name>,
    /// The controllers that redirect or refuse plaintext everywhere, whatever an Ingress says.
    pub refuses_plaintext: &'a BTreeSet<Name>,
    /// What else it says of controllers.
    pub settings: &'a EdgeSettings,
}

/// Who serves an Ingress.
#[derive(Clone, Debug)]
pub enum Serving {
    /// A controller whose behaviour Ringwall knows.
    Known {
        /// Its name, as `IngressClasses` have it.
        name: Name,
        /// What it does.
        controller: &'static dyn Controller,
    },
    /// A controller whose behaviour Ringwall does not know.
    Unknown {
        /// Its name, as `IngressClasses` have it.
        name: Name,
    },
    /// Nobody is known to serve it.
    Nobody(Doubt),
    /// Its IngressClass cannot be seen.
    Unseen(Doubt),
}

/// [`Serving`], and the reads that it rests on.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Who serves it.
    pub serving: Serving,
    /// The reads of `IngressClasses`.
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

    /// What is not known about plaintext, and what would settle it.
    pub fn doubt(&self) -> Doubt {
        match self {
            Self::Known { name, .. } | Self::Unknown { name } => Doubt::new(
                format!("Ringwall does not know what the ingress controller {name} does with plaintext"),
                format!(
                    "if it redirects or refuses plaintext everywhere, say so in the ruleset: \
                     environment.ingressControllers: {{{name}: {{plaintext: refused}}}}"
                ),
            ),
            Self::Nobody(doubt) | Self::Unseen(doubt) => doubt.clone(),
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
        Lookup::Unseen(Blind::NotInFiles(_)) => Serving::Unseen(Doubt::new(
            format!("the files do not say which controller serves the class {class}"),
            format!(
                "add the IngressClass {class} to what is checked, or name its controller in the ruleset's \
                 environment.ingressClasses"
            ),
        )),
        Lookup::Unseen(blind) => Serving::Unseen(blind.into()),
        Lookup::Found(_) | Lookup::Absent => Serving::Nobody(Doubt::new(
            format!("there is no IngressClass {class}"),
            format!(
                "create the IngressClass {class}, or name its controller in the ruleset's environment.ingressClasses"
            ),
        )),
    }
}

/// The controller of an Ingress without any class. The API server fills in the one default class when an Ingress is created
/// and refuses it when there are several (plugin/pkg/admission/network/defaultingressclass); without one, some controllers
/// serve such Ingresses and some do not, by their own options.
fn by_default(snapshot: &Snapshot) -> Serving {
    const NAME_IT: &str = "set spec.ingressClassName";
    let mut defaults = snapshot.list(Kind::IngressClass, None).filter_map(|object| match object {
        Object::IngressClass(class) if class.is_default => Some(class),
        _ => None,
    });
    match (defaults.next(), defaults.next()) {
        (Some(class), None) => Serving::of(class.controller.clone()),
        (Some(first), Some(second)) => Serving::Nobody(Doubt::new(
            format!(
                "it names no class, and the IngressClasses {} and {} are both marked as the default",
                first.meta.name, second.meta.name
            ),
            NAME_IT,
        )),
        (None, _) => match snapshot.coverage(Kind::IngressClass, None) {
            Ok(()) | Err(Blind::NotInFiles(_)) => {
                Serving::Nobody(Doubt::new("it names no class, and no IngressClass is the default", NAME_IT))
            }
            Err(blind) => Serving::Unseen(blind.into()),
        },
    }
}
