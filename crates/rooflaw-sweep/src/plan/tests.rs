use super::*;
use rooflaw::models;

fn trainings(names: &[&str]) -> Vec<Training> {
    let recipe = Recipe {
        name: "paper".to_owned(),
        text: "tokens = 10".to_owned(),
        tokens: 1_000_000,
        sequence_length: 256,
        sequences: 4,
    };
    let training = |name: &&str| Training {
        candidate: Candidate::from_config(name, models::find(name).unwrap().config.as_bytes()).unwrap(),
        recipe: recipe.clone(),
    };
    names.iter().map(training).collect()
}

fn data() -> Data {
    Data {
        path: PathBuf::from("/data"),
        hash: "abc".to_owned(),
    }
}

#[test]
fn a_plan_is_read_as_it_was_written_and_not_when_it_was_edited() {
    let basis = Basis::of_device(
        rooflaw::device::find("h200").unwrap(),
        0.4,
        TrainingPrecision::Bf16,
    );
    let plan = Plan::of(
        &trainings(&["qwen3-0.6b", "olmoe-1b-7b-0125-instruct"]),
        &[1, 2],
        data(),
        Engine::Cuda,
        Some(basis.unwrap()),
    )
    .unwrap();
    assert_eq!(plan.runs.len(), 4);
    assert_eq!(plan.runs[1].name, "qwen3-0.6b-seed2");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    plan.write(&path).unwrap();
    assert_eq!(Plan::read(&path).unwrap(), plan);
    let edited = std::fs::read_to_string(&path)
        .unwrap()
        .replace("tokens = 10", "tokens = 11");
    std::fs::write(&path, edited).unwrap();
    let error = Plan::read(&path).unwrap_err().to_string();
    assert!(error.contains("plan again instead of editing"), "{error}");
}

#[test]
fn runs_that_are_the_same_are_refused() {
    let none = Plan::of(&[], &[1], data(), Engine::Cpu, None);
    assert!(none.is_err());
    let twice = trainings(&["qwen3-0.6b", "qwen3-0.6b"]);
    let error = Plan::of(&twice, &[1], data(), Engine::Cpu, None).unwrap_err();
    assert!(
        error.to_string().contains("two runs are called `qwen3-0.6b`"),
        "{error}"
    );
    let mut renamed = trainings(&["qwen3-0.6b", "qwen3-0.6b"]);
    renamed[1].candidate.name = "other".to_owned();
    let error = Plan::of(&renamed, &[1], data(), Engine::Cpu, None).unwrap_err();
    assert!(
        error.to_string().contains("other: another run has the same"),
        "{error}"
    );
    let mut recipes = trainings(&["qwen3-0.6b", "qwen3-1.7b"]);
    recipes[1].recipe.text.push('1');
    let error = Plan::of(&recipes, &[1], data(), Engine::Cpu, None).unwrap_err();
    assert!(error.to_string().contains("two recipes are called"), "{error}");
}
