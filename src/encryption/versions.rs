//! The oldest version of TLS that is accepted, by what objects and the ruleset's environment say together.

use crate::{
    edge::{By, Doubt, EdgeSettings, Oldest, Setting},
    model::{Name, TlsVersion},
};

use super::policies;

/// The oldest version that is accepted, and who says so. What the environment says of the controller (`oldestTls`, `tlsPolicy`) takes the
/// place of its built-in default, and of nothing that an object sets.
pub fn oldest(
    setting: &Setting<Oldest>,
    controller: Option<&Name>,
    edge: &EdgeSettings,
) -> (Result<TlsVersion, Doubt>, By) {
    if let (By::Default(_), Some(said)) = (&setting.by, controller.and_then(|name| edge.of(name))) {
        if let Some(version) = said.oldest_tls {
            return (Ok(version), By::Environment);
        }
        if let Some(policy) = &said.tls_policy {
            return (policies::oldest(policy, edge), By::Environment);
        }
    }
    let answer = match &setting.value {
        Oldest::Version(version) => Ok(*version),
        Oldest::Policy(name) => policies::oldest(name, edge),
        Oldest::Unknown(doubt) => Err(doubt.clone()),
    };
    (answer, setting.by.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        edge::ControllerSettings,
        model::{FieldPath, Kind, ObjectKey, Place},
    };

    const ALB: &str = "ingress.k8s.aws/alb";

    fn said(settings: ControllerSettings) -> EdgeSettings {
        EdgeSettings { controllers: [(ALB.into(), settings)].into(), ..EdgeSettings::default() }
    }

    #[test]
    fn the_environment_takes_the_place_of_a_default_and_of_nothing_that_is_set() {
        let policy = |by: By| Setting { value: Oldest::Policy("ELBSecurityPolicy-2016-08".into()), by };
        let default = policy(By::Default("the default of AWS"));
        let object = ObjectKey::namespaced(Kind::Ingress, "shop", "web");
        let set = policy(By::Field(Place { object, path: FieldPath::new("metadata.annotations") }));
        let alb = Name::from(ALB);
        let nothing = EdgeSettings::default();
        let by_policy = said(ControllerSettings {
            tls_policy: Some("ELBSecurityPolicy-TLS13-1-2-Res-2021-06".into()),
            ..ControllerSettings::default()
        });
        let by_version =
            said(ControllerSettings { oldest_tls: Some(TlsVersion::Tls13), ..ControllerSettings::default() });
        assert_eq!(oldest(&default, Some(&alb), &nothing), (Ok(TlsVersion::Tls10), default.by.clone()));
        assert_eq!(oldest(&default, Some(&alb), &by_policy), (Ok(TlsVersion::Tls12), By::Environment));
        assert_eq!(oldest(&default, Some(&alb), &by_version), (Ok(TlsVersion::Tls13), By::Environment));
        assert_eq!(oldest(&default, Some(&"other".into()), &by_version), (Ok(TlsVersion::Tls10), default.by.clone()));
        assert_eq!(oldest(&set, Some(&alb), &by_version), (Ok(TlsVersion::Tls10), set.by.clone()));
    }

    #[test]
    fn an_unknown_default_is_settled_by_the_environment() {
        let unknown = Setting {
            value: Oldest::Unknown(Doubt::new("nobody knows", "say it")),
            by: By::Default("the default of GKE"),
        };
        let name = Name::from(ALB);
        assert!(oldest(&unknown, Some(&name), &EdgeSettings::default()).0.is_err());
        let said = said(ControllerSettings { oldest_tls: Some(TlsVersion::Tls12), ..ControllerSettings::default() });
        assert_eq!(oldest(&unknown, Some(&name), &said).0, Ok(TlsVersion::Tls12));
    }
}
