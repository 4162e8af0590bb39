use super::*;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

fn elsewhere(name: &str) -> Owner {
    Owner {
        host: name.to_owned(),
        realm: name.to_owned(),
        pid: 1,
        started: 1,
        job: None,
    }
}

fn claims(folder: &tempfile::TempDir) -> Claims {
    Claims::in_folder(folder.path().join("run"))
}

const LEASE: Lease = Lease {
    beat: Duration::from_secs(10),
    patience: Duration::from_secs(60),
};

fn take(claims: &Claims, owner: &Owner, watch: &mut Watch, now: Instant) -> Option<Held> {
    claims.take(owner, &LEASE, watch, now).unwrap()
}

#[test]
fn of_many_that_want_a_run_one_gets_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let claims = claims(&folder);
        let barrier = Barrier::new(8);
        let winners: usize = thread::scope(|scope| {
            let taker = |name: String| {
                let (claims, barrier) = (&claims, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    usize::from(
                        take(claims, &elsewhere(&name), &mut Watch::default(), Instant::now()).is_some(),
                    )
                })
            };
            let takers: Vec<_> = (0..8).map(|index| taker(format!("host{index}"))).collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        assert_eq!(winners, 1);
    }
}

#[test]
fn a_stale_claim_is_taken_over_once() {
    let folder = tempfile::tempdir().unwrap();
    let claims = claims(&folder);
    let start = Instant::now();
    let _dead = take(&claims, &elsewhere("dead"), &mut Watch::default(), start).unwrap();
    let (mut a, mut b) = (Watch::default(), Watch::default());
    let (one, two) = (elsewhere("one"), elsewhere("two"));
    assert!(take(&claims, &one, &mut a, start).is_none());
    assert!(take(&claims, &two, &mut b, start).is_none());
    let soon = start + Duration::from_secs(59);
    assert!(take(&claims, &one, &mut a, soon).is_none());
    let late = start + Duration::from_secs(61);
    let held = take(&claims, &one, &mut a, late).unwrap();
    assert_eq!(held.number(), 2);
    // The second watcher's patience was with the dead one's claim, not with this.
    assert!(take(&claims, &two, &mut b, late).is_none());
    assert!(held.is_ours().unwrap() && !_dead.is_ours().unwrap());
}

#[test]
fn signs_of_life_keep_a_claim() {
    let folder = tempfile::tempdir().unwrap();
    let claims = claims(&folder);
    let held = take(
        &claims,
        &elsewhere("alive"),
        &mut Watch::default(),
        Instant::now(),
    )
    .unwrap();
    let quick = Lease::of(Duration::from_millis(240));
    let heart = Heart::start(&held, &quick).unwrap();
    let (other, mut watch) = (elsewhere("other"), Watch::default());
    for _ in 0..20 {
        let taken = claims.take(&other, &quick, &mut watch, Instant::now()).unwrap();
        assert!(taken.is_none());
        thread::sleep(Duration::from_millis(40));
    }
    assert!(!heart.is_lost());
    // Another one, against the rules: the owner notices.
    claims.create(2, &other).unwrap().unwrap();
    thread::sleep(Duration::from_millis(120));
    assert!(heart.is_lost());
}

#[test]
fn a_process_of_this_machine_that_is_gone_is_seen_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let claims = claims(&folder);
    let here = Owner::this_process();
    assert!(!here.is_gone(&here));
    let mut sleeper = Command::new("sleep")
        .arg("60")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let worker = Owner {
        pid: sleeper.id(),
        started: owner::started(sleeper.id()).unwrap(),
        ..here.clone()
    };
    let _dead = take(&claims, &worker, &mut Watch::default(), Instant::now()).unwrap();
    assert!(take(&claims, &here, &mut Watch::default(), Instant::now()).is_none());
    sleeper.kill().unwrap();
    // A zombie, before anybody has waited for it, is gone as well.
    for _ in 0..100 {
        if worker.is_gone(&here) {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert!(take(&claims, &here, &mut Watch::default(), Instant::now()).is_some());
    sleeper.wait().unwrap();
}

#[test]
fn attempts_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let claims = claims(&folder);
    let failed = Outcome::Failed {
        why: "no space left".to_owned(),
        may_pass: true,
    };
    let mut watch = Watch::default();
    for outcome in [failed.clone(), Outcome::Interrupted] {
        let held = take(&claims, &elsewhere("one"), &mut watch, Instant::now()).unwrap();
        held.release(outcome).unwrap();
    }
    let running = take(&claims, &elsewhere("two"), &mut watch, Instant::now()).unwrap();
    let outcomes = claims.outcomes().unwrap();
    assert_eq!(outcomes, [Some(failed), Some(Outcome::Interrupted), None]);
    assert_eq!(claims.latest().unwrap().owner.unwrap().host, "two");
    running.release(Outcome::Done).unwrap();
    assert_eq!(claims.latest().unwrap().outcome, Some(Outcome::Done));
}

/// Power failed between the creation of a claim and its contents.
#[test]
fn an_empty_claim_lapses_too() {
    let folder = tempfile::tempdir().unwrap();
    let claims = claims(&folder);
    fs::create_dir_all(claims.as_ref()).unwrap();
    fs::write(claims.path(1, "json"), "").unwrap();
    let (start, mut watch) = (Instant::now(), Watch::default());
    assert!(take(&claims, &elsewhere("one"), &mut watch, start).is_none());
    assert!(take(&claims, &elsewhere("one"), &mut watch, start + LEASE.patience).is_some());
}
