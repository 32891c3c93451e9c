//! Where Device Services send devices for the Trust Service, for whoever does not know it yet: the run's own request, outside a
//! run, to one address after another until one answers.

use pinflight_checks::{
    deployment::Deployment,
    recording::{HttpFact, Recording},
};
use tokio::sync::mpsc;

use super::{
    Event, Job, begun,
    plan::{self, ADDRESSES, Get, Question, Target},
    run::{Observer, Position},
};

/// What [`ask`] asks.
pub fn plan(deployment: &Deployment) -> Vec<Question> {
    plan::of_handed_out(deployment)
}

/// Asks Device Services for the Trust Service's URL. The recording's last answer is the one that came, if one did; those before
/// it are the addresses that did not answer. It takes as long as two questions at most.
///
/// As with [`super::observe`], end the runtime without waiting.
pub async fn ask(job: Job, on_event: impl Fn(Event) + Send + Sync + 'static) -> Recording {
    let (setting, frame) = begun(job);
    let limit = setting.deployment.network.question_timeout.saturating_mul(2);
    let questions = plan(&setting.deployment).len();
    let asked = plan::handed_out(&setting.deployment);
    // Nothing that is asked here leads to another question.
    let (follow_up, _) = mpsc::unbounded_channel();
    let observer = Observer::new(setting, follow_up, Box::new(on_event));
    observer.tell(Event::Planned { questions });
    let mut answers = Vec::new();
    if let Some((target, get)) = &asked {
        // What was answered by then is kept.
        let _ = tokio::time::timeout(limit, one_after_another(&observer, target, get, &mut answers)).await;
    }
    observer.tell(Event::Finished);
    let found = std::mem::take(&mut *observer.board()).into_found();
    Recording { answers, ..frame.around(found) }
}

async fn one_after_another(observer: &Observer, target: &Target, get: &Get, answers: &mut Vec<HttpFact>) {
    let leaf = plan::Leaf::Get { get: get.clone() };
    for route in observer.routes(&Position::declared(1), target).await.into_iter().take(ADDRESSES) {
        let words = leaf.words(&route.words());
        let got = observer.timed(&words, Some(&route), |deadline| observer.get(&route, target, get, deadline)).await;
        let is_answer = got.outcome.is_ok();
        answers.push(observer.answer_of(target, &route, get, got));
        if is_answer {
            break;
        }
    }
}
