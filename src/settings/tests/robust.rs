//! Whatever is read, loading ends in settings or in a message.

use proptest::prelude::*;

use super::*;

/// Nothing to say of the result but that there is one, and that errors are told.
fn survives(loaded: Result<Settings, ConfigErrors>) {
    if let Err(errors) = loaded {
        assert!(!errors.0.is_empty());
        assert!(!errors.to_string().contains('\u{1b}'));
    }
}

proptest! {
    #[test]
    fn any_text(text in "\\PC*") {
        survives(load_file(&text));
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        survives(load_with(&[], &[("pinflight.toml", &bytes)], &[]));
    }

    #[test]
    fn any_words_of_toml(words in proptest::collection::vec("[a-z_]{1,12}|[\\[\\]{}=,.\"'#\n -]|\\[\\[accept\\]\\]\n|[0-9:T-]{1,12}|\\[network\\]\n", 0..64)) {
        survives(load_file(&words.concat()));
    }

    #[test]
    fn a_mutated_sample(at in 0..SAMPLE.len(), length in 0..40usize, put in "\\PC{0,12}|[\"\\[\\]=\n#]{0,4}", all in any::<bool>()) {
        let text = if all { SAMPLE.replace("\n#", "\n") } else { SAMPLE.to_owned() };
        let (start, end) = (text.floor_char_boundary(at), text.floor_char_boundary(at + length));
        survives(load_file(&format!("{}{put}{}", &text[..start], &text[end..])));
    }

    #[test]
    fn any_value_of_any_key(key in 0..keys::KEYS.len(), value in "\\PC{0,40}|[0-9a-z:/.,@\\[\\]#%*?-]{0,40}") {
        let key = &keys::KEYS[key];
        let quoted = toml::Value::from(value.as_str()).to_string();
        let value = if key.kind == keys::Kind::Texts { format!("[{quoted}]") } else { quoted };
        survives(load_file(&format!("{} = {value}\n", key.name)));
        if let Some(variable) = key.variable() {
            survives(load_variables(&[(&variable, &value)]));
        }
    }

    #[test]
    fn any_flag(value in "[^-]\\PC{0,40}|[0-9a-z:/.,@\\[\\]#%*?]{0,40}") {
        for flag in ["--discovery", "--resolve", "--connect-to", "-x", "--no-proxy", "--only", "-m", "--pin", "--backend", "--dns-server"] {
            survives(load_flags(&[&format!("{flag}={value}")]));
        }
    }
}

#[test]
fn a_megabyte_of_mistakes_takes_no_more_than_a_moment() {
    let mistakes: Vec<String> = (0..60_000).map(|n| format!("mistake_{n} = 1\n")).collect();
    survives(load_file(&mistakes.concat()));
    survives(load_file(&format!("[network]\ndns_servers = [{}]", "\"10.1.0.53\",".repeat(80_000))));
    survives(load_file(&"=\n".repeat(500_000)));
    survives(load_file(&"[".repeat(1_000_000)));
    survives(load_file(&format!("{} = 1", "a.".repeat(500_000))));
}
