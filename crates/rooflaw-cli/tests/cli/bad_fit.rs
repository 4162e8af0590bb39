//! What cannot be fitted: refused with the file, the name, and what there is; nothing is written.

use crate::fit::table;
use crate::tool::{folder_with, refusal_in, words};
use std::fs;

/// A refusal beside a good table of runs, `runs.csv`.
fn refused(line: &str, parts: &[&str]) {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    refusal_in(folder.path(), &words(line), parts);
    let with_out = format!("{line} --out new/folder");
    refusal_in(folder.path(), &words(&with_out), parts);
}

#[test]
fn laws_that_are_not_there_or_do_not_suit() {
    refused(
        "fit runs.csv --law chinchila",
        &["unknown law `chinchila` (did you mean `chinchilla`?)"],
    );
    refused("fit runs.csv --law no.toml", &["no.toml", "No such file"]);
    refused(
        "fit runs.csv --law chinchilla",
        &["runs.csv: the law chinchilla needs parameters, but the table has n_layers, hidden_size, tokens"],
    );
    refused(
        "fit runs.csv --law width-depth --law routed",
        &["runs.csv: the law routed needs active_parameters, n_experts, but"],
    );
    refused(
        "fit runs.csv --law width-depth --law Width-Depth",
        &["--law Width-Depth: there is a law width-depth before it already"],
    );
    refused("fit runs.csv --all --law width-depth", &["cannot be used with"]);
}

#[test]
fn numbers_that_cannot_be_held() {
    for (line, parts) in [
        ("--fix alpha", &["expected NAME=VALUE, such as alpha=0.34"][..]),
        ("--fix beta=x", &["`x` is not a number"]),
        ("--fix beta=nan", &["`nan` is not a number"]),
        (
            "--fix nope=3",
            &[
                "--fix nope: no law fitted has a number of this name: expected one of alpha_depth, alpha_width, beta, depth",
            ],
        ),
        (
            "--fix beta=1 --fix beta=2",
            &["--fix beta: it is given in --fix already"],
        ),
        (
            "--fix beta=1 --bound beta=0:2",
            &["--bound beta: it is given in --fix already"],
        ),
        (
            "--fix width=-3",
            &["--fix width=-3: expected a number that is not negative"],
        ),
        ("--fix width=0", &["--fix width=0: expected a positive number"]),
        ("--bound beta=2:1", &["2 is not below 1"]),
        ("--bound beta", &["expected NAME=LOW:HIGH"]),
        (
            "--bound width=1:2",
            &["--bound width: only exponents can be bounded"],
        ),
    ] {
        refused(&format!("fit runs.csv --law width-depth-tokens {line}"), parts);
    }
}

#[test]
fn settings_that_are_none() {
    for (line, parts) in [
        ("--objective lad", &["expected log, loss or huber:DELTA"][..]),
        ("--objective huber:3", &["DELTA from 1e-9 to 1"]),
        (
            "--size nope",
            &["--size nope: expected a variable of the table: n_layers, hidden_size, tokens"],
        ),
        (
            "--confidence 95",
            &["expected a number between 0 and 1, such as 0.95"],
        ),
        ("--refits 1", &["--refits", "2..=10000"]),
        ("--starts 0", &["--starts", "1..=100000"]),
        (
            "--where tokens>1e30",
            &["--where: `tokens>1e30` keeps none of 80 rows"],
        ),
        ("--where nope>3", &["no column `nope`"]),
        ("--drop-largest 80", &["--drop-largest", "leaves none"]),
    ] {
        refused(&format!("fit runs.csv {line}"), parts);
    }
    refused(
        "fit runs.csv --where tokens>1e9,tokens<4e9,n_layers=4 --law width-depth-tokens",
        &["runs.csv: law width-depth-tokens: too few runs, 4, for the law's 7 numbers"],
    );
    refused(
        "fit runs.csv --where hidden_size=512 --law width-depth-tokens",
        &[
            "runs.csv: law width-depth-tokens: ",
            "the same value in every run",
            "alpha_width",
        ],
    );
}

/// A table that is refused, whatever the law.
fn table_refused(name: &str, table: &str, parts: &[&str]) {
    let folder = folder_with(name, table);
    refusal_in(folder.path(), &["fit", name, "--out", "new"], parts);
    refusal_in(
        folder.path(),
        &[
            "plan-runs",
            "--existing",
            name,
            "--law",
            "width-depth",
            "--out",
            "new",
        ],
        &parts[..1],
    );
}

#[test]
fn tables_that_cannot_be_fitted() {
    let good = table(1.0, &[]);
    let one: Vec<&str> = good.lines().take(2).collect();
    let folder = folder_with("one.csv", one.join("\n"));
    refusal_in(
        folder.path(),
        &["fit", "one.csv"],
        &[
            "one.csv: no law suits this table (active-tokens: no active_parameters; ",
            "width-depth: n_layers, hidden_size never varies",
            "add columns, or give a law of your own with --law",
        ],
    );
    let equal: String = good
        .lines()
        .take(23)
        .map(|line| match line.rsplit_once(',') {
            Some((row, "loss")) => format!("{row},loss\n"),
            Some((row, _)) => format!("{row},3.25\n"),
            None => String::new(),
        })
        .collect();
    let folder = folder_with("equal.csv", equal);
    refusal_in(
        folder.path(),
        &["fit", "equal.csv"],
        &["equal.csv: every run has the loss 3.25: no law can be told from that"],
    );
    table_refused(
        "runs.csv",
        "hidden_size,n_layers,tokens,loss\n512,8,1e9,3\n512,8,1e9,3\n",
        &["runs.csv: line 3", "the run of line 2 again"],
    );
    table_refused(
        "runs.csv",
        "hidden_size,n_layers,tokens,loss\n512,8,0,3\n",
        &["runs.csv: line 2", "tokens is `0`, expected a positive number"],
    );
    table_refused(
        "runs.csv",
        "hidden_size,n_layers,loss,unit\n512,8,3,nats/token\n512,9,3,bits/byte\n",
        &["runs.csv: line 3", "unit is `bits/byte`, but `nats/token` above"],
    );
    let folder = folder_with("runs.csv", good);
    refusal_in(folder.path(), &["fit", "absent.csv"], &["cannot open absent.csv"]);
    refusal_in(
        folder.path(),
        &["fit", "."],
        &[". holds no training: expected a folder of `rooflaw train`"],
    );
    refusal_in(
        folder.path(),
        &["fit", "runs.csv", "--out", "runs.csv"],
        &["--out runs.csv is a file: expected a folder"],
    );
}

/// The search for laws is over before the folder is known to be in the way: it is left as it was.
#[test]
fn a_folder_that_cannot_be_filled_stays_as_it_was() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let here = folder.path();
    fs::create_dir_all(here.join("out/report.html/page")).unwrap();
    fs::write(here.join("out/fit.json"), "old").unwrap();
    let line = "fit runs.csv --law width-depth --refits 5 --starts 8 --out out";
    refusal_in(here, &words(line), &["report.html is a folder"]);
}
