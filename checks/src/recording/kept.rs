//! A recording as its file gives it back.

use serde::{Serialize, de::DeserializeOwned};

use super::{HttpFact, Recording};

impl Recording {
    /// The recording just as its file gives it back, so that what is judged today is what will be judged from the file: times
    /// are kept in whole milliseconds.
    #[must_use]
    pub fn as_kept(mut self) -> Self {
        // Bytes come back as they were, and there may be many of them; facts one by one, so that no second recording is held.
        let certificates = std::mem::take(&mut self.certificates);
        let names = each_as_kept(std::mem::take(&mut self.names));
        let connections = each_as_kept(std::mem::take(&mut self.connections));
        let under_other_name = each_as_kept(std::mem::take(&mut self.under_other_name));
        let tls12 = each_as_kept(std::mem::take(&mut self.tls12));
        let answers = std::mem::take(&mut self.answers).into_iter().map(answer_as_kept).collect();
        Self { certificates, names, connections, under_other_name, tls12, answers, ..as_kept(self) }
    }
}

/// What was observed can always be written and read.
fn as_kept<T: Serialize + DeserializeOwned>(fact: T) -> T {
    serde_json::to_vec(&fact).and_then(|json| serde_json::from_slice(&json)).unwrap_or(fact)
}

fn each_as_kept<T: Serialize + DeserializeOwned>(facts: Vec<T>) -> Vec<T> {
    facts.into_iter().map(as_kept).collect()
}

fn answer_as_kept(mut fact: HttpFact) -> HttpFact {
    let body = body(&mut fact).map(std::mem::take);
    let mut kept = as_kept(fact);
    if let (Some(place), Some(body)) = (self::body(&mut kept), body) {
        *place = body;
    }
    kept
}

fn body(fact: &mut HttpFact) -> Option<&mut Vec<u8>> {
    fact.outcome.as_mut().ok().map(|answer| &mut answer.body.bytes.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::testing::{registry, without_network};

    #[test]
    fn it_is_as_its_file_gives_it_back() {
        let mut seen = without_network();
        seen.answers = vec![registry("{}")];
        let between = Duration::from_micros(1500);
        seen.names[0].took = between;
        seen.connections[0].connected_after = Some(between);
        seen.answers[0].took = between;
        seen.took = between;
        let file = serde_json::to_vec(&seen).unwrap();
        let kept = seen.as_kept();
        assert_eq!(kept, serde_json::from_slice(&file).unwrap());
        assert_eq!((kept.took, kept.answers[0].took), (Duration::from_millis(1), Duration::from_millis(1)));
    }
}
