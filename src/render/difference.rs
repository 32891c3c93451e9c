//! A difference for a terminal: the answer, what is worse, what is better, what is neither, and what changed behind it.

use std::{collections::BTreeSet, io};

use pinflight_checks::{
    diff::{
        Answer, Apart, Change, CheckChange, Difference, Effect, FactChange, Head, NotCompared, NotJudged, Standing,
        TargetChange, Told, What, Which,
    },
    outcome::State,
};

use super::{
    Style, escape, table,
    text::{Sheet, Text, Tone},
};

/// Targets, places and values shown of one thing, unless all are asked for.
const SHOWN: usize = 3;
const LABEL: usize = 6;
const FACT: usize = 16;

/// Writes a difference as a table.
pub fn difference(difference: &Difference, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    let sheet = &mut sheet;
    let (tone, words) = match difference.outcome {
        Answer::Worse => (Tone::Bad, "SOMETHING IS WORSE"),
        Answer::NothingWorse => (Tone::Good, "NOTHING IS WORSE"),
        Answer::NothingDifferent => (Tone::Good, "NOTHING IS DIFFERENT"),
    };
    sheet.prose(0, &Text::of(tone, words).and(Tone::Strong, format!(" {}", difference.host)))?;
    sheet.prose(0, &Text::plain(counts(difference)))?;
    head("old", &difference.old, sheet)?;
    head("new", &difference.new, sheet)?;
    if !difference.apart.is_empty() {
        sheet.heading("Not alike")?;
    }
    for apart in &difference.apart {
        let mark = if style.unicode { "·" } else { "-" };
        sheet.listed(2, mark, &Text::sentence(unlike(apart, difference)))?;
    }
    let hidden = hidden(difference);
    for (effect, title) in
        [(Effect::Worse, "Worse"), (Effect::Better, "Better"), (Effect::Neither, "Neither better nor worse")]
    {
        let checks = difference.checks.iter().filter(|check| check.effect == effect && !hidden.contains(&*check.id));
        checks.enumerate().try_for_each(|(at, check)| {
            if at == 0 {
                sheet.heading(title)?;
            }
            changed(check, difference, &hidden, sheet)
        })?;
    }
    not_compared(difference, sheet)?;
    if !difference.facts.is_empty() {
        sheet.heading("Changed, whatever the outcomes")?;
    }
    difference.facts.iter().try_for_each(|change| fact(change, sheet))?;
    sheet.gap()?;
    sheet.prose(0, &Text::of(Tone::Dim, format!("pinflight {}: no question asked", difference.version)))
}

/// The same for whoever watches: a line for each check and each fact that changed, safe to print.
pub fn difference_lines(difference: &Difference) -> Vec<String> {
    let checks = difference.checks.iter().map(|check| {
        let places = check.targets.iter().filter(|target| target.effect == check.effect);
        let places: Vec<&str> = places.map(|target| target.target.as_str()).collect();
        let at = if places.is_empty() { String::new() } else { format!(" at {}", few(&places)) };
        let why = reasons(check).into_iter().next().map(|why| match why.strip_prefix("was: ") {
            Some(why) => format!(" ({why})"),
            None => format!(": {why}"),
        });
        let why = why.unwrap_or_default();
        let (was, is) = (word(check.was.outcome), word(check.is.outcome));
        let outcome = if was == is { format!("{is} as before") } else { format!("{is}, was {was}") };
        format!("{}: {}{at}: {outcome}{why}", effect(check.effect), check.id)
    });
    let facts = difference.facts.iter().map(|change| {
        let at: Vec<&str> = change.at.iter().map(String::as_str).collect();
        let values = |values: Option<&Vec<String>>| {
            let texts: Vec<&str> = values.into_iter().flatten().map(String::as_str).collect();
            if values.is_some() && !texts.is_empty() { few(&texts) } else { nothing(change.what, values).to_owned() }
        };
        let (was, is) = (values(change.was.as_ref()), values(change.is.as_ref()));
        format!("changed: {} of {}: {is}, was {was}", change.what.words(), few(&at))
    });
    checks.chain(facts).map(|line| escape::for_terminal(&line)).collect()
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Better => "better",
        Effect::Neither => "otherwise",
        Effect::Worse => "worse",
    }
}

fn few(texts: &[&str]) -> String {
    let shown: Vec<&str> = texts.iter().copied().take(SHOWN).collect();
    match texts.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn counts(difference: &Difference) -> String {
    let counts = &difference.counts;
    let told = [(counts.worse, "worse"), (counts.better, "better"), (counts.neither, "otherwise")];
    let told: Vec<String> =
        told.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let told = if told.is_empty() { String::new() } else { format!("{}, ", told.join(", ")) };
    let facts = match difference.facts.len() {
        0 => String::new(),
        count => format!("; {} behind them", table::counted(count, "change")),
    };
    let all = counts.worse + counts.better + counts.neither + counts.unchanged;
    format!("{} compared: {told}{} as before{facts}", table::counted(all, "check"), counts.unchanged)
}

fn head(label: &'static str, head: &Head, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let vantages: Vec<&str> = head.vantages.iter().map(|vantage| vantage.id()).collect();
    let text = Text::of(Tone::Strong, head.file.as_str())
        .and(table::verdict_tone(head.verdict), format!(" {}", head.headline))
        .and(Tone::Plain, format!(" from {}", vantages.join(", ")))
        .and(Tone::Dim, format!(" taken {}", head.taken_at));
    sheet.labelled(0, label, LABEL, &text)
}

fn which(which: Which) -> &'static str {
    match which {
        Which::Old => "old",
        Which::New => "new",
    }
}

fn unlike(apart: &Apart, difference: &Difference) -> String {
    let (old, new) = (&difference.old, &difference.new);
    let side = |of: Which| if of == Which::Old { old } else { new };
    let ids = |vantages: &[pinflight_checks::deployment::Vantage]| {
        let ids: Vec<&str> = vantages.iter().map(|vantage| vantage.id()).collect();
        if ids.is_empty() { "nowhere else".to_owned() } else { ids.join(", ") }
    };
    match apart {
        Apart::Reversed => "new was taken before old: are they the wrong way round?".to_owned(),
        Apart::Versions => {
            format!("pinflight {} saw the one, {} the other: rules may have changed", old.version, new.version)
        }
        Apart::Scopes => "the verdicts speak of different things (scope), and are not compared".to_owned(),
        Apart::Vantages { only_old, only_new } => {
            let (only_old, only_new) = (ids(only_old), ids(only_new));
            format!("not taken from the same places: old alone from {only_old}, new alone from {only_new}")
        }
        Apart::Selections { only_old, only_new } => format!(
            "--only or --skip left out: {} that old judged, {} that new judged; they are not compared",
            table::counted(*only_old, "check"),
            table::counted(*only_new, "check"),
        ),
        Apart::JudgedAt { which: of } => {
            let head = side(*of);
            format!("{} is judged for {}, and was taken {}", which(*of), head.judged_at, head.taken_at)
        }
        Apart::CutShort { which: of, unasked } => {
            format!("{} was cut short: {} not asked", which(*of), table::counted(*unasked, "question"))
        }
        Apart::NotHeld { which: of } => format!(
            "{} is a report, which holds neither the configuration nor the pins themselves: they are not compared",
            which(*of)
        ),
    }
}

/// Checks that are no longer seen because another one broke: they are told with that one.
fn hidden(difference: &Difference) -> BTreeSet<&str> {
    let broken: BTreeSet<&str> = difference
        .checks
        .iter()
        .filter(|check| check.effect == Effect::Worse && check.is.outcome == Standing::Fail)
        .map(|check| check.id.as_str())
        .collect();
    let hidden = difference.checks.iter().filter(|check| {
        let because = check.is.because.as_deref();
        check.change == Some(Change::NoLongerSeen) && because.is_some_and(|because| broken.contains(because))
    });
    hidden.map(|check| check.id.as_str()).collect()
}

fn changed(
    check: &CheckChange,
    difference: &Difference,
    hidden: &BTreeSet<&str>,
    sheet: &mut Sheet<'_>,
) -> io::Result<()> {
    let mut line = marker(check.is.outcome, sheet.style).and(Tone::Strong, gapped(&check.id));
    if let Some(change) = check.change {
        line = line.and(Tone::Plain, gapped(&format!("was {}", word(check.was.outcome))));
        let words = if change == Change::Gone { "one that was wrong is not asked any more" } else { words(change) };
        line = line.and(Tone::Dim, format!("– {words}"));
    }
    sheet.prose(2, &line)?;
    let shown = if sheet.style.detailed() { usize::MAX } else { SHOWN };
    // What made it what it is comes first.
    let (first, rest): (Vec<&TargetChange>, Vec<&TargetChange>) =
        check.targets.iter().partition(|target| target.effect == check.effect);
    for target in first.iter().chain(&rest).take(shown) {
        place(target, check, sheet)?;
    }
    if check.targets.len() > shown {
        let more = table::counted(check.targets.len() - shown, "more target");
        sheet.prose(6, &Text::of(Tone::Dim, format!("and {more} (-v shows each)")))?;
    }
    if check.targets.is_empty() {
        for why in reasons(check).into_iter().take(1) {
            sheet.prose(6, &Text::sentence(why))?;
        }
    }
    let hides = difference
        .checks
        .iter()
        .filter(|other| hidden.contains(other.id.as_str()) && other.is.because.as_deref() == Some(check.id.as_str()));
    let hides: Vec<&str> = hides.map(|other| other.id.as_str()).collect();
    if !hides.is_empty() {
        let text = Text::default().and_list(Tone::Plain, hides.iter().copied());
        sheet.labelled(6, "hides", 7, &text.and(Tone::Dim, "(seen before: worse, too)"))?;
    }
    Ok(())
}

fn place(target: &TargetChange, check: &CheckChange, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let outcome = |told: Option<&Told>| told.map(|told| word(told.outcome));
    let mut line = Text::plain(target.target.as_str());
    // What the line above has said is not said again.
    let same = check.change == Some(target.change)
        && outcome(target.was.as_ref()) == Some(word(check.was.outcome))
        && outcome(target.is.as_ref()) == Some(word(check.is.outcome));
    if !same {
        let was = outcome(target.was.as_ref()).map(|was| format!("was {was}"));
        let is = outcome(target.is.as_ref()).map(str::to_owned);
        let both: Vec<String> = is.into_iter().chain(was).collect();
        line = line.and(tone(target.effect), gapped(&both.join(", ")));
        line = line.and(Tone::Dim, format!("– {}", words(target.change)));
    }
    sheet.prose(6, &line)?;
    for why in because(target.was.as_ref(), target.is.as_ref()).into_iter().take(SHOWN) {
        sheet.prose(8, &Text::default().and_sentence(Tone::Dim, why))?;
    }
    Ok(())
}

/// What is wrong, or hides it; where nothing is, what was wrong.
fn because(was: Option<&Told>, is: Option<&Told>) -> Vec<String> {
    let told = |told: &Told| -> Vec<String> {
        let hidden = told.because.as_ref().map(|because| format!(" (because of {because})")).unwrap_or_default();
        let reason = told.reason.iter().map(|reason| format!("{reason}{hidden}"));
        reason.chain(told.findings.iter().map(|wrong| wrong.message.clone())).collect()
    };
    let now = is.map(told).unwrap_or_default();
    if !now.is_empty() {
        return now;
    }
    was.map(told).unwrap_or_default().into_iter().map(|why| format!("was: {why}")).collect()
}

fn reasons(check: &CheckChange) -> Vec<String> {
    let targets = check.targets.iter().filter(|target| target.effect == check.effect);
    let told: Vec<String> =
        targets.flat_map(|target| because(target.was.as_ref(), target.is.as_ref())).take(SHOWN).collect();
    if told.is_empty() { because(Some(&check.was), Some(&check.is)) } else { told }
}

fn not_compared(difference: &Difference, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if difference.not_compared.is_empty() {
        return Ok(());
    }
    sheet.heading("Judged on one side only, not compared")?;
    for (only, other) in [(Which::Old, "new"), (Which::New, "old")] {
        for (why, words) in [(NotJudged::NotSelected, "left out of"), (NotJudged::Unknown, "unknown to")] {
            let wanted = |one: &&NotCompared| one.only == only && one.why == why;
            let ids: Vec<String> = difference
                .not_compared
                .iter()
                .filter(wanted)
                .map(|one| format!("{} ({})", one.id, word(one.outcome)))
                .collect();
            if !ids.is_empty() {
                let text = Text::of(Tone::Dim, format!("{words} {other}:")).and_list(Tone::Plain, ids);
                sheet.prose(2, &text)?;
            }
        }
    }
    Ok(())
}

fn fact(change: &FactChange, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let shown = if sheet.style.detailed() { usize::MAX } else { SHOWN };
    let list = |tone, texts: &[String]| {
        let more = match texts.len().saturating_sub(shown) {
            0 => String::new(),
            more => format!("and {more} more"),
        };
        Text::default().and_list(tone, texts.iter().take(shown).map(String::as_str)).and(Tone::Dim, more)
    };
    // Digests are for programs; serial numbers and dates tell people the same.
    if matches!(change.what, What::Certificate | What::Intermediates) && !sheet.style.detailed() {
        return Ok(());
    }
    let at = list(Tone::Plain, &change.at);
    sheet.labelled(2, change.what.words(), FACT, &at)?;
    for (label, values) in [("was", &change.was), ("is", &change.is)] {
        let text = match values {
            Some(values) if !values.is_empty() => list(Tone::Plain, values),
            values => Text::of(Tone::Dim, nothing(change.what, values.as_ref())),
        };
        let text = Text::of(Tone::Dim, label).and_text(text);
        sheet.prose(FACT + 2, &text)?;
    }
    Ok(())
}

/// The words for a value that is not there.
fn nothing(what: What, values: Option<&Vec<String>>) -> &'static str {
    let declared = matches!(what, What::Deployment | What::Policy | What::File | What::Roots);
    match (values, declared) {
        (Some(_), _) => "none",
        (None, true) => "not set",
        (None, false) => "not seen",
    }
}

fn gapped(text: &str) -> String {
    table::gapped(text)
}

fn state(standing: Standing) -> State {
    match standing {
        Standing::Skipped => State::Skipped,
        Standing::Pass | Standing::Accepted => State::Pass,
        Standing::Warn => State::Warn,
        Standing::NotObserved => State::NotObserved,
        Standing::Fail => State::Fail,
    }
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Accepted => "accepted",
        other => table::word(state(other)),
    }
}

fn marker(standing: Standing, style: &Style) -> Text {
    match standing {
        Standing::Accepted => Text::of(Tone::Warn, word(standing)),
        other => table::marker(state(other), style),
    }
}

fn tone(effect: Effect) -> Tone {
    match effect {
        Effect::Better => Tone::Good,
        Effect::Neither => Tone::Plain,
        Effect::Worse => Tone::Bad,
    }
}

fn words(change: Change) -> &'static str {
    match change {
        Change::Mended => "mended",
        Change::Broken => "broken",
        Change::NowSeen => "not seen before",
        Change::NoLongerSeen => "no longer seen",
        Change::NowApplies => "did not apply before",
        Change::NoLongerApplies => "does not apply any more",
        Change::NowAccepted => "accepted now, not mended",
        Change::NoLongerAccepted => "no longer accepted",
        Change::Gone => "not asked any more, not mended",
        Change::New => "not asked before",
        Change::OtherCause => "for another reason",
    }
}
