//! Filters: what they keep, and what is said of those that cannot be read.

use super::*;

const TABLE: &str = "\
group,n_layers,tokens,loss
a,4,1e9,3.5
a,4,2e9,3.3
\"b, c\",8,1e9,3.4
d,16,4e10,2.9
e,16,4e10,2.9
";

fn table() -> RunTable {
    RunTable::from_csv(TABLE.as_bytes()).unwrap()
}

fn kept(filter: &str) -> Vec<f64> {
    table().filter(&filter.parse().unwrap()).unwrap().loss
}

fn refused(filter: &str) -> String {
    match filter.parse::<Filter>() {
        Ok(filter) => table().filter(&filter).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn comparisons_keep_what_they_say() {
    assert_eq!(kept("tokens>=2e9"), [3.3, 2.9, 2.9]);
    assert_eq!(kept(" tokens > 2e9 "), [2.9, 2.9]);
    assert_eq!(kept("n_layers<8"), [3.5, 3.3]);
    assert_eq!(kept("n_layers<=8,tokens=1e9"), [3.5, 3.4]);
    assert_eq!(kept("n_layers==8"), [3.4]);
    assert_eq!(kept("loss != 2.9, loss<3.45"), [3.3, 3.4]);
    assert_eq!(kept("group=a"), [3.5, 3.3]);
    assert_eq!(kept("group!=a,group!=\"b, c\""), [2.9, 2.9]);
    assert_eq!(kept("group = \"b, c\""), [3.4]);
    let kept = table().filter(&"group=a".parse().unwrap()).unwrap();
    assert_eq!((kept.n_rows(), kept.n_runs()), (2, 1));
    assert_eq!(kept.variables[1], ("tokens".to_owned(), vec![1e9, 2e9]));
}

#[test]
fn a_filter_is_written_as_it_is_read() {
    for text in [
        "tokens>=1000000000,n_layers<8",
        "group=a",
        "group=\"=a b\"",
        "group!=\"b, c\",loss=2.5",
        "x_lr>-1e-300",
        "tokens<0",
    ] {
        assert_eq!(text.parse::<Filter>().unwrap().to_string(), text);
    }
}

#[test]
fn mistakes_in_filters_are_named() {
    let syntax = "expected comparisons joined by commas, such as tokens>=1e9 or group=NAME";
    for text in [
        "",
        "tokens",
        "tokens>=",
        ">=1",
        "tokens>1,",
        "group=\"\"",
        "group=a\"b",
        "tokens!1",
    ] {
        assert!(refused(text).ends_with(syntax), "{text}");
    }
    assert!(refused(&"x".repeat(20_000)).len() < 200);
    assert_eq!(
        refused("tokens>=many"),
        "`tokens>=many`: expected a number, not `many`"
    );
    assert_eq!(
        refused("tokens>=NaN"),
        "`tokens>=NaN`: expected a number, not `NaN`"
    );
    assert_eq!(refused("tokens=>1"), "`tokens=>1`: expected a number, not `>1`");
    assert_eq!(
        refused("group>a"),
        "`group>a`: expected group=NAME or group!=NAME"
    );
    assert_eq!(
        refused("token>1"),
        "`token>1`: no column `token` (did you mean `tokens`?)"
    );
    assert_eq!(
        refused("hidden_size>1"),
        "`hidden_size>1`: these runs have no column `hidden_size`: expected one of n_layers, tokens, loss, group"
    );
    assert_eq!(
        refused("loss>4,tokens>1"),
        "`loss>4,tokens>1` keeps none of 5 rows"
    );
    let none = table().drop_largest(5).unwrap_err().to_string();
    assert_eq!(none, "dropping the 5 largest losses of 5 leaves none");
}

#[test]
fn the_largest_losses_are_dropped_the_later_of_equals_first() {
    assert_eq!(table().drop_largest(0).unwrap(), table());
    assert_eq!(table().drop_largest(2).unwrap().loss, [3.3, 2.9, 2.9]);
    let last = table().drop_largest(4).unwrap();
    assert_eq!(last.group.unwrap(), ["d"]);
}
