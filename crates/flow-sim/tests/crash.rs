//! Seeds of the simulator in which everything that was promised holds, and mutations of its engine, each of which it finds.
//!
//! A seed that fails prints what happened, made small, and the line that plays it again.

use flow_sim::crash::{ALL_KINDS, Mutation, Played, check, simulate, sweep};

fn play(seeds: std::ops::Range<u64>) -> Played {
    let (mut all, mut compared) = (Played::default(), 0);
    for seed in seeds {
        let played = simulate(seed).unwrap_or_else(|finding| panic!("\n{finding}"));
        compared += u64::from(played.compared);
        all = all.and(played);
    }
    assert!(all.cuts > all.runs / 2 && compared > 50, "cuts and comparisons are there: {all:?}, {compared}");
    all
}

#[test]
fn what_was_promised_holds_in_seeds_from_1() {
    let kinds = play(1..1001).kinds;
    let missing: Vec<_> = ALL_KINDS.iter().filter(|kind| !kinds.contains(*kind)).collect();
    assert!(missing.is_empty(), "nothing of this has happened: {missing:?}");
}

#[test]
fn what_was_promised_holds_in_seeds_from_1001() {
    play(1001..2001);
}

#[test]
fn what_was_promised_holds_with_a_cut_at_every_transaction() {
    let plays: u64 = (1..11).map(|seed| sweep(seed).unwrap_or_else(|finding| panic!("\n{finding}"))).sum();
    assert!(plays > 300, "{plays}");
}

/// An answer that did not fit was refused several times before it was gone, and took the next answer with it.
#[test]
fn what_a_search_found_holds() {
    for seed in [4_432_273, 10_459_731] {
        drop(simulate(seed).unwrap_or_else(|finding| panic!("\n{finding}")));
    }
}

/// The first seed in which a broken rule is found, and what is said of it.
fn found(mutation: Mutation, words: &str) {
    let said: Vec<String> = (1..401).filter_map(|seed| check(seed, Some(mutation)).err()).take(3).collect();
    assert!(said.iter().any(|said| said.contains(words)), "{mutation:?} in 400 seeds: {said:#?}");
}

#[test]
fn an_effect_that_does_not_wait_for_the_disk_is_found() {
    found(Mutation::NothingWaits, "");
}

#[test]
fn a_doubt_that_is_done_again_unasked_is_found() {
    found(Mutation::DoubtIsAgain, "a person has said so 0 times");
}

#[test]
fn an_ask_that_is_sent_again_is_found() {
    found(Mutation::AskedAgain, "a person has said so 0 times");
}

#[test]
fn another_key_is_found() {
    found(Mutation::OtherKey, "has the key");
}

#[test]
fn a_version_that_is_published_again_is_found() {
    found(Mutation::PublishedTwice, "done again though it had ended");
}

#[test]
fn a_lost_end_of_the_journal_is_found() {
    found(Mutation::LostSuffix, "were durable");
}

#[test]
fn timers_that_begin_again_are_found() {
    found(Mutation::TimersBegin, "a timer that was set for");
}

#[test]
fn forgotten_timers_are_found() {
    found(Mutation::TimersForgotten, "it waits for ever");
}

#[test]
fn a_catalogue_that_lags_behind_the_journal_is_found() {
    found(Mutation::NotesApart, "and the catalogue has 0 such versions");
}

#[test]
fn a_clock_that_goes_back_between_processes_is_found() {
    found(Mutation::ClockBegins, "the time of the journal goes back");
}

#[test]
fn a_clock_that_stands_is_found() {
    found(Mutation::ClockStands, "the clock tells");
}
