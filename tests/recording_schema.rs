//! docs/schema/recording-1.json speaks of the same fields and variants as the types behind it: serde itself tells which it knows.

#![expect(clippy::unwrap_used, clippy::too_many_lines, reason = "a test, and a list")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use pinflight_checks::{
    deployment::{self as d, Endpoint},
    recording::{self as r, Recording},
    x509 as x,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

type Names = BTreeSet<String>;

/// The names that serde expects in place of one that it does not know.
fn known<T: DeserializeOwned>(unknown: &Value) -> Names {
    let error = serde_json::from_value::<T>(unknown.clone()).err().unwrap().to_string();
    let Some((_, expected)) = error.split_once("`, ") else { unreachable!("{error}") };
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn fields<T: DeserializeOwned>() -> Names {
    known::<T>(&json!({"?": 1}))
}

/// The variants of an enum whose tag is in a field, each with its fields.
fn variants<T: DeserializeOwned>(tag: &str) -> BTreeMap<String, Names> {
    let names = known::<T>(&json!({tag: "?"}));
    names.into_iter().map(|name| (name.clone(), known::<T>(&json!({tag: name, "?": 1})))).collect()
}

fn words<T: DeserializeOwned>() -> Names {
    known::<T>(&json!("?"))
}

fn keys(schema: &Value) -> Names {
    assert_eq!(schema["additionalProperties"], false, "{schema}");
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_field_and_every_variant_is_in_the_schema_and_none_else() {
    let text = std::fs::read(common::project("docs/schema/recording-1.json")).unwrap();
    let schema: Value = serde_json::from_slice(&text).unwrap();
    let defs = schema["$defs"].as_object().unwrap();
    assert_eq!(keys(&schema), fields::<Recording>(), "the recording");

    let structs = [
        ("accept", fields::<d::Accept>()),
        ("body", fields::<r::Body>()),
        ("bundled_roots", fields::<r::BundledRoots>()),
        ("certificate", fields::<x::CertificateFacts>()),
        ("chain", fields::<x::ChainFacts>()),
        ("chosen", fields::<r::Chosen>()),
        ("confirmed", fields::<d::Confirmed>()),
        ("connect_to", fields::<d::ConnectTo>()),
        ("connection_fact", fields::<r::ConnectionFact>()),
        ("csr_facts", fields::<x::CsrFacts>()),
        ("curve", fields::<r::Curve>()),
        ("deployment", fields::<d::Deployment>()),
        ("device_services", fields::<d::DeviceServices>()),
        ("discovery", fields::<d::Discovery>()),
        ("dns_query", fields::<r::DnsQuery>()),
        ("dns_server", fields::<d::DnsServer>()),
        ("endpoint", fields::<Endpoint>()),
        ("facts", fields::<r::Facts>()),
        ("handshake", fields::<r::Handshake>()),
        ("http_answer", fields::<r::HttpAnswer>()),
        ("http_fact", fields::<r::HttpFact>()),
        ("key", fields::<x::KeyFacts>()),
        ("legacy", fields::<r::Legacy>()),
        ("name_answer", fields::<r::NameAnswer>()),
        ("name_fact", fields::<r::NameFact>()),
        ("network", fields::<d::Network>()),
        ("path", fields::<x::PathFacts>()),
        ("policy", fields::<d::Policy>()),
        ("proxy", fields::<d::Proxy>()),
        ("refused", fields::<r::Refused>()),
        ("resolve", fields::<d::ResolveOverride>()),
        ("roots", fields::<r::Roots>()),
        ("supplied_file", fields::<r::SuppliedFile>()),
        ("tls12_fact", fields::<r::Tls12Fact>()),
        ("trust", fields::<d::Trust>()),
        ("trust_service", fields::<d::TrustService>()),
        ("unreadable", fields::<x::Unreadable>()),
    ];
    for (name, fields) in &structs {
        assert_eq!(keys(&defs[*name]), *fields, "{name}");
    }

    let tagged = [
        ("connect_failure", "kind", variants::<r::ConnectFailure>("kind")),
        ("conversation_failure", "step", variants::<r::ConversationFailure>("step")),
        ("http_failure", "kind", variants::<r::HttpFailure>("kind")),
        ("key_kind", "type", variants::<x::KeyKind>("type")),
        ("link_fault", "kind", variants::<x::LinkFault>("kind")),
        ("name_failure", "kind", variants::<r::NameFailure>("kind")),
        ("path_end", "kind", variants::<x::PathEnd>("kind")),
        ("proxy_failure", "kind", variants::<r::ProxyFailure>("kind")),
        ("request", "kind", variants::<r::Request>("kind")),
        ("signature", "kind", variants::<r::HandshakeSignature>("kind")),
        ("tls_failure", "kind", variants::<r::TlsFailure>("kind")),
    ];
    for (name, tag, variants) in &tagged {
        let told: BTreeMap<String, Names> = defs[*name]["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variant| {
                let mut fields = keys(variant);
                assert!(fields.remove(*tag), "{name}: {variant}");
                (variant["properties"][*tag]["const"].as_str().unwrap().to_owned(), fields)
            })
            .collect();
        assert_eq!(told, *variants, "{name}");
    }

    let enums = [
        ("address_family", words::<d::AddressFamily>()),
        ("body_end", words::<r::BodyEnd>()),
        ("dns_transport", words::<d::DnsTransport>()),
        ("fail_on", words::<d::FailOn>()),
        ("file_content", words::<r::FileContent>()),
        ("file_use", words::<r::FileUse>()),
        ("offered", words::<r::Offered>()),
        ("place", words::<x::Place>()),
        ("proxy_scheme", words::<d::ProxyScheme>()),
        ("resolver", words::<r::Resolver>()),
        ("role", words::<d::Role>()),
        ("root_store", words::<d::RootStore>()),
        ("scope", words::<d::Scope>()),
        ("severity", words::<d::Severity>()),
        ("spelling", words::<r::Spelling>()),
        ("trust_service_mode", words::<d::TrustServiceMode>()),
        ("vantage", words::<d::Vantage>()),
    ];
    for (name, words) in &enums {
        let def = &defs[*name];
        let branches = def["oneOf"].as_array().cloned().unwrap_or_else(|| vec![def.clone()]);
        let told = |branch: &Value| match branch["enum"].as_array() {
            Some(words) => words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
            None => keys(branch),
        };
        assert_eq!(branches.iter().flat_map(told).collect::<Names>(), *words, "{name}");
    }

    // Whatever else is defined is a text of some form.
    let checked = structs.iter().map(|(name, _)| name).chain(tagged.iter().map(|(name, ..)| name));
    let checked: BTreeSet<&str> = checked.chain(enums.iter().map(|(name, _)| name)).copied().collect();
    for (name, def) in defs.iter().filter(|(name, _)| !checked.contains(name.as_str())) {
        assert_eq!(def["type"], "string", "{name} is not held to a type");
    }
}
