//! The steps of the vendor's guide, in our words, and which of them rest on a person's word.

use crate::{
    check::{Case, GuideStep},
    deployment::{Confirmed, TrustServiceMode},
    time::Timestamp,
};

/// The guide's list.
pub const STEPS: [(GuideStep, &str); 11] = [
    (GuideStep::P1, "Workspace ONE Hub supports pinning"),
    (GuideStep::P2, "every certificate that devices may meet is gathered and sound"),
    (GuideStep::P3, "a Trust Service is there, or a way to the cloud one"),
    (GuideStep::P4, "closed network: exception to discovery"),
    (GuideStep::S1, "Workspace ONE ID chosen, HMAC token generated, firewall open"),
    (GuideStep::S2, "Trust Service installed"),
    (GuideStep::S3, "Trust Service certificate signed in the portal"),
    (GuideStep::S4, "that certificate bound on every Trust Service server"),
    (GuideStep::S5, "Trust Service URL saved in the console"),
    (GuideStep::S6, "settings URL answers, pins cover every server"),
    (GuideStep::N, "Device Services certificates uploaded"),
];

/// Something that only a person can say.
pub struct Confirmation {
    /// Its key under `[confirmed]`.
    pub key: &'static str,
    /// What was done.
    pub title: &'static str,
    /// Where it is done.
    pub place: &'static str,
    /// The step it belongs to.
    pub step: GuideStep,
    /// When somebody said so.
    pub date: Option<Timestamp>,
}

/// All that apply to this deployment.
pub fn confirmations(case: &Case<'_>) -> Vec<Confirmation> {
    let Confirmed {
        workspace_one_id_for_auto_discovery,
        hmac_token_generated,
        hub_supports_pinning,
        trust_service_url_saved,
        certificates_uploaded,
    } = case.deployment.confirmed.clone();
    let mut list = vec![
        Confirmation {
            key: "hub_supports_pinning",
            title: "the Workspace ONE Hub in use supports pinning",
            place: "on the devices, in the Hub's release notes",
            step: GuideStep::P1,
            date: hub_supports_pinning,
        },
        Confirmation {
            key: "workspace_one_id_for_auto_discovery",
            title: "Workspace ONE ID is chosen as auto-discovery mode",
            place: "in the console under Settings › Admin › Cloud Services › Workspace ONE ID",
            step: GuideStep::S1,
            date: workspace_one_id_for_auto_discovery,
        },
        Confirmation {
            key: "hmac_token_generated",
            title: "the HMAC token is generated",
            place: "in the console under Settings › Admin › Cloud Services",
            step: GuideStep::S1,
            date: hmac_token_generated,
        },
    ];
    let mode = case.deployment.trust_service.mode;
    let has_url = case.deployment.trust_service.url.is_some();
    if has_url && matches!(mode, TrustServiceMode::OnPremises | TrustServiceMode::Awcm) {
        list.push(Confirmation {
            key: "trust_service_url_saved",
            title: "the Trust Service URL is saved in the console",
            place: "in the console under Settings › System › Security › Trust Service",
            step: GuideStep::S5,
            date: trust_service_url_saved,
        });
    }
    list.push(Confirmation {
        key: "certificates_uploaded",
        title: "the Device Services certificates are uploaded",
        place: "in the console under SSL Pinning settings",
        step: GuideStep::N,
        date: certificates_uploaded,
    });
    list
}
