use super::*;
use crate::place::Group;

fn key(id: usize) -> Target {
    Target::Key(format!("key{id}").into())
}

fn connected() -> Trust<&'static str> {
    let mut trust = Trust::new();
    let epoch = trust.recover("line").unwrap();
    assert_eq!(trust.next(epoch, 10), Next::Publish);
    trust.publish();
    trust
}

#[test]
fn only_a_connected_server_is_linked() {
    let mut trust = Trust::new();
    assert_eq!(trust.link(), None);
    trust.recover("line").unwrap();
    assert_eq!((trust.state(), trust.link()), (State::Recovering, None));
    trust.publish();
    assert_eq!(trust.link(), Some(("line", 1)));
    assert!(trust.lose(1, Fault::Timeout));
    assert_eq!((trust.state(), trust.link()), (State::Suspect, None));
}

#[test]
fn trust_is_lost_once_and_not_by_failures_of_the_time_before() {
    let mut trust = connected();
    assert!(trust.lose(1, Fault::Timeout));
    assert!(!trust.lose(1, Fault::Broken));
    let epoch = trust.recover("line").unwrap();
    trust.next(epoch, 10);
    trust.publish();
    assert!(!trust.lose(1, Fault::Broken), "an old failure");
    assert_eq!(trust.state(), State::Connected);
    assert!(trust.lose(epoch, Fault::Broken));
    assert_eq!(trust.state(), State::Degraded);
}

#[test]
fn what_is_on_its_way_when_trust_is_lost_is_struck_again_before_it_returns() {
    let mut trust = connected();
    let errand = trust.invalidate(vec![key(1)]).unwrap();
    trust.lose(1, Fault::Broken);
    assert_eq!(trust.waiting(), 1);
    let epoch = trust.recover("line2").unwrap();
    assert_eq!(trust.next(epoch, 10), Next::Strike(vec![key(1)]));
    assert_eq!(trust.next(epoch, 10), Next::Publish);
    trust.publish();
    assert!(!trust.done(errand.number, Some(Fault::Timeout)), "it has been struck already");
    assert_eq!((trust.state(), trust.waiting()), (State::Connected, 0));
}

#[test]
fn an_invalidation_that_fails_costs_trust_and_is_journalled() {
    let mut trust = connected();
    let errand = trust.invalidate(vec![key(1)]).unwrap();
    assert!(trust.done(errand.number, Some(Fault::Timeout)));
    assert_eq!((trust.state(), trust.waiting(), trust.is_idle()), (State::Suspect, 1, true));
}

#[test]
fn while_recovering_invalidations_are_sent_so_that_the_journal_comes_to_an_end() {
    let mut trust = connected();
    trust.lose(1, Fault::Broken);
    assert!(trust.invalidate(vec![key(1), Target::Group(Group::root())]).is_none());
    let epoch = trust.recover("line2").unwrap();
    assert!(matches!(trust.next(epoch, 10), Next::Strike(targets) if targets.len() == 2));
    assert!(trust.invalidate(vec![key(2)]).is_some());
    assert_eq!(trust.next(epoch, 10), Next::Publish);
}

#[test]
fn an_invalidation_that_fails_while_recovering_ends_the_recovery() {
    let mut trust = Trust::new();
    let epoch = trust.recover("line").unwrap();
    let errand = trust.invalidate(vec![key(1)]).unwrap();
    assert!(!trust.done(errand.number, Some(Fault::Timeout)), "there was no trust to lose");
    assert_eq!(trust.next(epoch, 10), Next::GiveUp);
    assert_eq!((trust.state(), trust.waiting()), (State::Degraded, 1));
}

#[test]
fn after_the_end_nothing_is_sent_or_trusted() {
    let mut trust = connected();
    assert!(trust.close());
    assert!(trust.invalidate(vec![key(1)]).is_none());
    assert!(trust.recover("line").is_none());
    assert_eq!(trust.link(), None);
}

#[test]
fn what_its_caller_was_told_to_be_late_waits_until_it_is_applied() {
    let mut trust = connected();
    let errand = trust.invalidate(vec![key(1), key(2)]).unwrap();
    assert_eq!(trust.waiting(), 0, "its caller waits");
    trust.is_late(errand.number);
    assert_eq!((trust.state(), trust.waiting()), (State::Connected, 2));
    assert!(!trust.done(errand.number, None));
    assert_eq!(trust.waiting(), 0);
    let errand = trust.invalidate(vec![key(3)]).unwrap();
    trust.is_late(errand.number);
    trust.lose(1, Fault::Broken);
    assert_eq!(trust.waiting(), 1, "it stands in the journal, and only there");
}
