//! From groups to columns: which effects each measurement, or question, depends on.

use super::coefficients::{Coefficient, Logs};
use super::groups::{Groups, Scope};
use super::hierarchy::{Covariate, Hierarchy, Level};
use super::population::Effects;
use super::posterior::{Column, Entry};
use std::collections::BTreeMap;

/// The columns of a problem, and what each group of measurements has of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembly {
    pub(super) columns: Vec<Column>,
    /// Level and group of each column; `None` for what is left open of effects that are known.
    pub(super) names: Vec<Option<(usize, String)>>,
    pub(super) members: Vec<Member>,
    pub(super) n_blocks: usize,
}

/// What a measurement, or a question, depends on.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) start: Logs,
    pub(super) entries: Vec<Entry>,
    pub(super) block: usize,
}

/// Slopes of the shares of peak, before any effect: llama.cpp's products on CUDA reach a share that falls with the
/// ridge point and with the share of vector units (`studies/latency-validation`).
const SLOPES: [(&str, Covariate, f64); 2] = [
    ("llama.cpp", Covariate::Ridge, 0.6),
    ("llama.cpp", Covariate::VectorShare, -0.4),
];

impl Assembly {
    /// Everything open: effects that devices share in block 0, those of each device in its own.
    pub(super) fn open(hierarchy: &Hierarchy, groups: &[Groups]) -> Assembly {
        let mut devices: Vec<&str> = groups.iter().map(|groups| groups.device.as_str()).collect();
        devices.sort_unstable();
        devices.dedup();
        let mut assembly = Assembly {
            n_blocks: devices.len(),
            ..Assembly::default()
        };
        let mut places = BTreeMap::new();
        for groups in groups {
            let block = devices
                .iter()
                .position(|device| *device == groups.device)
                .map_or(0, |place| place + 1);
            let mut member = assembly.member(hierarchy, groups, block);
            for (index, level) in hierarchy.levels.iter().enumerate() {
                let block = if level.scope.is_of_a_device() { block } else { 0 };
                assembly.depend(&mut places, &mut member, groups, (index, level), block);
            }
            assembly.members.push(member);
        }
        assembly
    }

    /// What devices share is known, but for groups never seen: all else is one block.
    pub(super) fn given(hierarchy: &Hierarchy, known: &Effects, groups: &[Groups]) -> Assembly {
        let mut assembly = Assembly::default();
        for &deviation in &known.uncertainty {
            assembly.columns.push(Column {
                deviation: deviation.max(1e-6),
                is_normal: true,
                block: 0,
            });
            assembly.names.push(None);
        }
        let mut places = BTreeMap::new();
        for groups in groups {
            let mut member = assembly.member(hierarchy, groups, 0);
            for coefficient in Coefficient::ALL {
                member.entries.push((coefficient as usize, coefficient, 1.0));
            }
            for (index, level) in hierarchy.levels.iter().enumerate() {
                let seen = known.effect(level, &groups.name(level.scope));
                match seen.filter(|_| !level.scope.is_of_a_device()) {
                    Some(effect) => {
                        member.start[level.coefficient as usize] +=
                            effect * groups.covariate(level.covariate);
                    }
                    None => assembly.depend(&mut places, &mut member, groups, (index, level), 0),
                }
            }
            assembly.members.push(member);
        }
        assembly
    }

    fn member(&self, hierarchy: &Hierarchy, groups: &Groups, block: usize) -> Member {
        let mut start = hierarchy.start;
        if hierarchy.has_slopes() {
            for (program, covariate, slope) in SLOPES {
                if groups.name(Scope::Program) == program {
                    start[Coefficient::Compute as usize] += slope * groups.covariate(covariate);
                }
            }
        }
        Member {
            start,
            entries: Vec::with_capacity(hierarchy.levels.len()),
            block,
        }
    }

    fn depend(
        &mut self,
        places: &mut BTreeMap<(usize, String), usize>,
        member: &mut Member,
        groups: &Groups,
        (index, level): (usize, &Level),
        block: usize,
    ) {
        let factor = groups.covariate(level.covariate);
        let column = *places
            .entry((index, groups.name(level.scope)))
            .or_insert_with_key(|key| {
                self.columns.push(Column {
                    deviation: level.deviation,
                    is_normal: level.scope == Scope::All,
                    block,
                });
                self.names.push(Some(key.clone()));
                self.columns.len() - 1
            });
        member.entries.push((column, level.coefficient, factor));
    }
}
